"""When a visit is a stranger's: the bar, and why it is there. Public surface: ``join_bar``."""

from __future__ import annotations

import math
from typing import Final

__all__ = ["join_bar"]

# Centred cosine of a visit's vector with the mean of a stranger's. Measured by
# ``bench/strangers.py`` with one photo a visit, which differ more than the pictures of a camera:
# among 108 people of lfw_small all pairs that were put together are one person's, and 98.5 % of one
# person's pairs were put together (1.04 strangers a person); at 0.36 96 % are right, at 0.52 93 %
# are found. Whoever comes meets everybody who was there before, so the bar rises with their number:
# among 4,281 people of LFW 98.6 % are right and 96.7 % found, at a fixed 0.44 96 % and 98 %.
_BAR: Final = 0.44
_AT_EASE: Final = 200
_A_DECADE: Final = 0.03
_HIGHEST: Final = 0.52


def join_bar(strangers: int) -> float:
    """The score from which a visit is the nearest stranger's, where so many are known."""
    decades = math.log10(max(strangers, _AT_EASE) / _AT_EASE)
    return min(_BAR + _A_DECADE * decades, _HIGHEST)
