"""What the usable faces of a passage say together. Public surface: ``Look``, ``Vote``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["Look", "Vote"]

# A face that is just good enough still counts for something beside a faultless one.
_LEAST_WEIGHT = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One usable face: ``vector`` is ``(D,) float32`` of unit length, ``quality`` in [0, 1].

    ``nearest`` is the person whom this face alone is most like; ``at_s`` when it was seen.
    """

    vector: NDArray[np.float32]
    quality: float
    at_s: float
    nearest: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Vote:
    """The sum of all looks, weighted by their quality; the order in which they came plays no part.

    ``firsts`` holds, for each person who was nearest to a look: to how many, and the times of the
    first and the last of these.
    """

    total: NDArray[np.float64] | None = None
    usable: int = 0
    firsts: Mapping[str, tuple[int, float, float]] = field(default_factory=dict)

    @classmethod
    def restored(
        cls,
        vector: NDArray[np.float32],
        *,
        usable: int,
        mean_quality: float = 0.5,
        agreeing: Mapping[str, int],
        since_s: float,
        until_s: float,
    ) -> Vote:
        """What is known of a visit that another process, or an earlier one, began."""
        weight = max(usable, 1) * mean_quality
        firsts = {who: (count, since_s, until_s) for who, count in agreeing.items() if count}
        return cls(np.asarray(vector, np.float64) * weight, usable, firsts)

    def with_look(self, look: Look) -> Vote:
        weighted = look.vector.astype(np.float64) * max(look.quality, _LEAST_WEIGHT)
        firsts = self.firsts
        if look.nearest is not None:
            added = {look.nearest: (1, look.at_s, look.at_s)}
            firsts = _joined(self.firsts, added)
        total = weighted if self.total is None else self.total + weighted
        return Vote(total, self.usable + 1, firsts)

    def merged(self, other: Vote) -> Vote:
        """Both together, as if all looks had been of one passage."""
        if other.total is None or self.total is None:
            total = self.total if other.total is None else other.total
        else:
            total = self.total + other.total
        return Vote(total, self.usable + other.usable, _joined(self.firsts, other.firsts))

    @property
    def fused(self) -> NDArray[np.float32] | None:
        """``(D,) float32`` of unit length; None before the first look, or where looks cancel out."""
        if self.total is None:
            return None
        length = float(np.linalg.norm(self.total))
        return None if length < 1e-6 else np.asarray(self.total / length, np.float32)

    def agreeing(self, person_id: str | None) -> int:
        """How many looks are individually most like this person."""
        known = self.firsts.get(person_id) if person_id is not None else None
        return known[0] if known is not None else 0

    def span_s(self, person_id: str) -> float:
        """The time between the first and the last look that agree on this person."""
        if person_id not in self.firsts:
            return 0.0
        _, earliest, latest = self.firsts[person_id]
        return latest - earliest


def _joined(
    one: Mapping[str, tuple[int, float, float]], other: Mapping[str, tuple[int, float, float]]
) -> Mapping[str, tuple[int, float, float]]:
    joined = dict(one)
    for who, (count, earliest, latest) in other.items():
        if who in joined:
            known = joined[who]
            joined[who] = known[0] + count, min(known[1], earliest), max(known[2], latest)
        else:
            joined[who] = count, earliest, latest
    return joined
