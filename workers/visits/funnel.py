"""What each camera's pictures came to, counted until it is asked for. Public surface: ``Funnel``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from portal.cameras.contracts import CameraYield
from portal.cameras.losses import counts_of_visit, losses_of_visit
from workers.visits.passage import Passage

__all__ = ["Funnel"]


class Funnel:
    """Frames → faces → usable → visits → recognised, by camera, with the reason of each loss."""

    def __init__(self) -> None:
        self._counts: dict[UUID, Counter[str]] = {}
        self._losses: dict[UUID, Counter[str]] = {}
        self._at: dict[UUID, datetime] = {}

    def frame(self, camera_id: UUID, at: datetime) -> None:
        self._count(camera_id, at)["frames"] += 1

    def face(self, camera_id: UUID, *, loss: str | None) -> None:
        """One face that was found; ``loss`` says why it was not of use."""
        self._counts[camera_id]["faces"] += 1
        if loss is None:
            self._counts[camera_id]["usable_faces"] += 1
        else:
            self._losses.setdefault(camera_id, Counter())[loss] += 1

    def visit(self, passage: Passage) -> None:
        """A visit that is over."""
        decision = passage.standing.decision if passage.standing is not None else None
        camera_id, is_usable = passage.camera.id, passage.vote.usable > 0
        self._count(camera_id, passage.last_at).update(
            counts_of_visit(decision.kind if decision else "poor", is_usable=is_usable)
        )
        if decision is not None:
            self._losses.setdefault(camera_id, Counter()).update(losses_of_visit(decision.reason))

    def take(self) -> list[CameraYield]:
        """All that was counted since the last time."""
        taken = list(self._yields(self._counts))
        self._counts, self._losses, self._at = {}, {}, {}
        return taken

    def _yields(self, camera_ids: Iterable[UUID]) -> Iterable[CameraYield]:
        for camera_id in camera_ids:
            yield CameraYield(
                camera_id=camera_id,
                at=self._at[camera_id],
                losses=dict(self._losses.get(camera_id, {})),
                **self._counts[camera_id],
            )

    def _count(self, camera_id: UUID, at: datetime) -> Counter[str]:
        self._at[camera_id] = max(at, self._at.get(camera_id, at))
        return self._counts.setdefault(camera_id, Counter())
