"""Faces at cameras, as the app above this one knows them: it registers itself as the source.

Public surface: ``FaceSource``, ``register_faces``, ``face_source``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

__all__ = ["FaceSource", "face_source", "register_faces"]


class FaceSource(Protocol):
    def last_faces(self, camera_ids: Collection[UUID]) -> Mapping[UUID, int]:
        """By camera the id of the last face there that the actor may see and that has a crop."""
        ...

    def median_width_px(self, camera_id: UUID, *, since: datetime) -> float | None:
        """How wide faces are at this camera; None where too few were seen to say."""
        ...


_source: FaceSource | None = None


def register_faces(source: FaceSource) -> None:
    global _source  # noqa: PLW0603 - set once, when the apps are loaded
    _source = source


def face_source() -> FaceSource:
    if _source is None:
        raise RuntimeError("No app has registered itself as the source of faces.")
    return _source
