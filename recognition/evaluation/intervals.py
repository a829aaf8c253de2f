"""How far a share of counted cases can be trusted. Public surface: ``Share``, ``share_of``.

The interval is Wilson's (1927): right also for 0 of n, where the textbook interval has no width.
It takes the cases for independent; where one person gives many, ``bootstrap`` tells more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

__all__ = ["Share", "share_of"]


@dataclass(frozen=True, slots=True)
class Share:
    """``count`` of ``total`` with the interval of the true share; of 0 cases nothing is known."""

    count: int
    total: int
    low: float
    high: float

    @property
    def value(self) -> float | None:
        return self.count / self.total if self.total else None

    @property
    def text(self) -> str:
        return "–" if not self.total else f"{self.count / self.total:.2%}"


def share_of(count: int, total: int, *, confidence: float = 0.95) -> Share:
    """Wilson's score interval. Raises ``ValueError`` unless 0 <= count <= total."""
    if not 0 <= count <= total:
        raise ValueError(f"{count} of {total}: expected a count between 0 and the total")
    if total == 0:
        return Share(0, 0, 0.0, 1.0)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = count / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    spread = z * math.sqrt(share * (1 - share) / total + (z / (2 * total)) ** 2)
    spread /= 1 + z * z / total
    return Share(
        count,
        total,
        0.0 if count == 0 else max(middle - spread, 0.0),
        1.0 if count == total else min(middle + spread, 1.0),
    )
