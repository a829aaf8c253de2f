"""What workers hand in about visits, and what they are answered. Frozen, no ORM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from recognition.visits import Standing, Vote

__all__ = ["KnownFace", "LedgerFace", "RuleInForce", "VisitUpdate", "VisitWritten"]


@dataclass(frozen=True, slots=True, eq=False)
class RuleInForce:
    """What one pass was decided by: the embedding space, the mean that its vectors are compared
    about, the number of people searched, and the saved rule (None: the shipped one)."""

    space_id: str
    mean: NDArray[Any]
    gallery_size: int
    rule_id: UUID | None = None


@dataclass(frozen=True, slots=True, eq=False)
class LedgerFace:
    """A face of a live picture on which the visit's decision was taken; blobs are in the vault.

    ``box`` is [x, y, w, h] and ``landmarks`` five [x, y], in pixels. ``reason`` replaces the
    decision's own where something else is to be said.
    """

    captured_at: datetime
    width_px: int
    height_px: int
    box: list[float]
    landmarks: list[list[float]]
    detector_score: float
    quality: Mapping[str, float]
    portrait_key: str
    aligned_key: str = ""
    picture_key: str = ""
    picture_sha256: str = ""
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""

    @property
    def blobs(self) -> list[str]:
        return [key for key in (self.portrait_key, self.aligned_key, self.picture_key) if key]


@dataclass(frozen=True, slots=True)
class KnownFace:
    """A face of a snapshot: its row of the ledger is being written by whoever recognised it."""

    recognition_id: UUID
    position: int
    quality: float


@dataclass(frozen=True, slots=True, eq=False)
class VisitUpdate:
    """What one camera saw of one visit since the last update of it.

    Without ``visit_id`` the visit that it belongs to is looked for, and made where there is none.
    ``seen`` and ``usable`` are how many faces were added, ``usable_total`` how many ``standing``
    rests on. ``vector`` is the fused one, None where no face was usable. ``apart_from`` are visits
    that it cannot be, because their people are in the same picture; ``apart_from_keys`` are other
    updates of the same call, by their ``key``.
    """

    site_id: UUID
    camera_id: UUID
    camera_name: str
    first_at: datetime
    last_at: datetime
    standing: Standing
    seen: int
    usable: int
    usable_total: int
    vector: NDArray[np.float32] | None
    visit_id: UUID | None = None
    faces: tuple[LedgerFace, ...] = ()
    known_faces: tuple[KnownFace, ...] = ()
    apart_from: frozenset[UUID] = frozenset()
    key: int = 0
    apart_from_keys: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class VisitWritten:
    """The visit that an update became. ``before`` is what others had seen of it, where it was
    there already without the writer knowing; ``is_row_spared`` where the faces then told nothing
    new and were not kept."""

    visit_id: UUID
    was_made: bool = False
    before: Vote | None = None
    is_row_spared: bool = False
