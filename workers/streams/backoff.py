"""How long to wait before the next attempt. Public surface: ``Backoff``."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

__all__ = ["Backoff"]


@dataclass(slots=True)
class Backoff:
    """Doubles from ``first_s`` to ``longest_s``; each wait is shortened at random by up to a half,
    so that the cameras behind one broken switch do not all come back in the same instant."""

    first_s: float = 0.5
    longest_s: float = 30.0
    chance: random.Random = field(default_factory=random.Random, repr=False)
    _next_s: float = 0.0

    def wait_s(self) -> float:
        """The wait before the attempt that follows; every call is one more failure."""
        present_s = max(self._next_s, self.first_s)
        self._next_s = min(present_s * 2, self.longest_s)
        return present_s * self.chance.uniform(0.5, 1.0)

    def reset(self) -> None:
        self._next_s = 0.0
