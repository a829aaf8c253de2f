"""Faces of snapshots on their way to the visits. Public surface: ``SnapshotBook``."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from portal.cameras.contracts import CameraSettings
from portal.cameras.services import count_yields
from portal.sightings.services.visits import SnapshotFace, SnapshotFaces
from recognition.contracts import Candidate, Decision, ImageAnalysis
from recognition.visits import Look
from workers.engine_host import EngineHost
from workers.visits.followed import loss_of_place
from workers.visits.funnel import Funnel
from workers.visits.rules import Rules, rules_of

__all__ = ["SnapshotBook"]

# The hours of a busy camera are written this often, not with every picture.
_COUNT_EVERY_S: Final = 2.0


class SnapshotBook:
    """Gathers the faces of a pass over snapshots; one for each engine host, see ``of``."""

    _books: Final[WeakKeyDictionary[EngineHost, SnapshotBook]] = WeakKeyDictionary()

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._funnel = Funnel()
        self._counted_s = float("-inf")
        self._faces: list[SnapshotFace] = []
        self._cameras: dict[UUID, CameraSettings] = {}

    @classmethod
    def of(cls, host: EngineHost) -> SnapshotBook:
        if host not in cls._books:
            cls._books[host] = cls(rules_of(host))
        return cls._books[host]

    def add(
        self,
        recognition_id: UUID,
        camera: CameraSettings,
        captured_at: datetime,
        analysis: ImageAnalysis,
        decided: Sequence[tuple[Decision, tuple[Candidate, ...]]],
    ) -> None:
        """One picture, with the decision about each of its faces and its nearest people."""
        self._cameras[camera.id] = camera
        self._funnel.frame(camera.id, captured_at)
        for position, (face, (decision, people)) in enumerate(
            zip(analysis.faces, decided, strict=True)
        ):
            loss = loss_of_place(face.detection, camera, (analysis.width_px, analysis.height_px))
            if loss is not None:
                self._funnel.face(camera.id, loss=loss)
                continue
            poor = self._rules.loss(face.quality)
            self._funnel.face(camera.id, loss=poor)
            look = None
            if poor is None:
                best = max(people, key=lambda one: one.score, default=None)
                look = Look(
                    vector=face.embedding,
                    quality=float(face.quality.score),
                    at_s=captured_at.timestamp(),
                    nearest=best.person_id if best is not None else None,
                )
            self._faces.append(
                SnapshotFace(
                    recognition_id=recognition_id,
                    position=position,
                    site_id=camera.site_id,
                    camera_id=camera.id,
                    camera_name=camera.name,
                    captured_at=captured_at,
                    quality=face.quality,
                    decision=decision,
                    vector=face.embedding,
                    look=look,
                )
            )

    def take(self) -> SnapshotFaces | None:
        """What was added since the last time; None where no face is to be counted."""
        faces, self._faces = self._faces, []
        if not faces:
            return None
        return SnapshotFaces(faces, self._rules.in_force(), self._decide)

    def count(self) -> None:
        """Add what the cameras yielded to their hours, when it is time again."""
        if time.monotonic() - self._counted_s >= _COUNT_EVERY_S and (found := self._funnel.take()):
            count_yields(found)
            self._counted_s = time.monotonic()

    def _decide(
        self, fused: Sequence[tuple[NDArray[np.float32], SnapshotFace]]
    ) -> Sequence[Decision]:
        found = self._rules.nearest([vector for vector, _ in fused])
        return [
            self._rules.decide(
                people,
                quality=face.quality,
                offset=self._cameras[face.camera_id].threshold_offset,
            )
            for people, (_, face) in zip(found, fused, strict=True)
        ]
