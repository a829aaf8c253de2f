"""Which passages are one visit: never by time alone.

Public surface: ``JoinRule``, ``Newcomer``, ``OpenVisit``, ``visit_to_join``, ``visit_to_absorb``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from recognition.visits.likeness import likenesses

__all__ = ["JoinRule", "Newcomer", "OpenVisit", "visit_to_absorb", "visit_to_join"]


@dataclass(frozen=True, slots=True, eq=False)
class JoinRule:
    """``gap_s`` is how long somebody may be out of a camera's sight and come back to it within one
    visit: a turned back, a pillar, a word with the porter. ``crossing_s`` is the same until
    another camera of the site sees them. From ``threshold`` on two fused vectors are taken for one
    person's; ``mean`` is what they are compared about."""

    threshold: float
    mean: NDArray[Any]
    gap_s: float = 20.0
    crossing_s: float = 120.0


@dataclass(frozen=True, slots=True, eq=False)
class Newcomer:
    """A passage that has no visit yet. Times in seconds since the epoch; ``apart_from`` are visits
    that it cannot be, because their people are in the same picture."""

    camera_id: UUID
    first_s: float
    last_s: float
    vector: NDArray[np.float32] | None
    name: str | None = None
    is_confirmed: bool = False
    apart_from: frozenset[UUID] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True, eq=False)
class OpenVisit:
    """A visit that may go on. ``is_sure`` where its name is confirmed, or given by a human."""

    id: UUID
    last_camera_id: UUID
    first_s: float
    last_s: float
    vector: NDArray[np.float32] | None
    name: str | None = None
    is_sure: bool = False


def visit_to_join(new: Newcomer, visits: Iterable[OpenVisit], rule: JoinRule) -> UUID | None:
    """The visit that the passage belongs to, or None where it is one of its own.

    It is the same person's where both names are sure and equal, or where the faces are as alike as
    the threshold asks; two different names are never one visit. The best fitting one is taken.
    """
    possible = [visit for visit in visits if _may_be(new, visit, rule)]
    best: tuple[tuple[bool, float, float], UUID] | None = None
    for visit, alike in zip(possible, _alike(new, possible, rule), strict=True):
        same_name = new.name is not None and new.name == visit.name
        is_sure = same_name and new.is_confirmed and visit.is_sure
        if is_sure or alike >= rule.threshold:
            rank = (same_name, alike, visit.last_s), visit.id
            best = rank if best is None or rank[0] > best[0] else best
    return best[1] if best is not None else None


def _alike(new: Newcomer, visits: Sequence[OpenVisit], rule: JoinRule) -> list[float]:
    """All compared at once: a busy site has hundreds of visits that a passage could belong to."""
    if new.vector is None:
        return [-1.0] * len(visits)
    known = {n: visit.vector for n, visit in enumerate(visits) if visit.vector is not None}
    found = likenesses(new.vector, list(known.values()), mean=rule.mean).tolist()
    by_number = dict(zip(known, found, strict=True))
    return [by_number.get(n, -1.0) for n in range(len(visits))]


def visit_to_absorb(new: Newcomer, visits: Iterable[OpenVisit], rule: JoinRule) -> UUID | None:
    """Another visit that turns out to be the same once the newcomer's name is confirmed."""
    if not new.is_confirmed or new.name is None:
        return None
    same = [
        visit
        for visit in visits
        if visit.is_sure and visit.name == new.name and _may_be(new, visit, rule)
    ]
    return max(same, key=lambda visit: visit.last_s).id if same else None


def _may_be(new: Newcomer, visit: OpenVisit, rule: JoinRule) -> bool:
    if visit.id in new.apart_from:
        return False
    if new.name is not None and visit.name is not None and new.name != visit.name:
        return False
    between_s = max(new.first_s - visit.last_s, visit.first_s - new.last_s, 0.0)
    is_same_camera = visit.last_camera_id == new.camera_id
    return between_s <= (rule.gap_s if is_same_camera else rule.crossing_s)
