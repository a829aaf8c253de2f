"""Looking after cameras: which fell silent, and up to when all their pictures are worked off."""

from __future__ import annotations

from typing import Final

from portal.cameras.services import check_cameras, raise_watermarks
from portal.sightings.selectors.worked_off import worked_off_until
from workers.streams.clocks import WallClock

__all__ = ["check_all"]

# This process's; it notices when the clock on the wall is moved.
_clock: Final = WallClock()


def check_all() -> None:
    _clock.check()
    # By a clock that was just set, every camera would have been silent for as long as it leapt.
    if _clock.is_settled:
        check_cameras()
    raise_watermarks(worked_off_until())
