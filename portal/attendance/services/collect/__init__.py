"""From what the cameras saw to punches. Public surface: see ``__all__``."""

from portal.attendance.services.collect.tell import tell_moves
from portal.attendance.services.collect.visits import (
    collect_again,
    collect_of,
    collect_visits,
    needs_collecting,
)

__all__ = ["collect_again", "collect_of", "collect_visits", "needs_collecting", "tell_moves"]
