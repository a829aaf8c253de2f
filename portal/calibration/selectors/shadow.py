"""Faces of the ledger that the model in shadow has not looked at yet. For workers.

Public surface: the names in ``__all__``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from portal.calibration.models import ModelSwitch, ShadowFace
from portal.sightings.models import RecognisedFace

__all__ = [
    "MOST_FACES",
    "UNREADABLE",
    "Shadowed",
    "Unshadowed",
    "has_unshadowed",
    "shadowed_faces",
    "unshadowed_faces",
]

# The newest of the ledger, those before the shadow began among them: enough to compare two models.
MOST_FACES: Final = 5_000
# The reason of a face whose crop is gone or shows no face to the other model.
UNREADABLE: Final = "crop_unreadable"
_Decision = RecognisedFace.Decision


@dataclass(frozen=True, slots=True)
class Unshadowed:
    """A face that the model in use decided about, and the crop that is left of it."""

    id: int
    camera_id: UUID | None
    aligned_key: str


@dataclass(frozen=True, slots=True)
class Shadowed:
    """A face that the new model has decided about, and whom it resembled in its space."""

    id: int
    camera_id: UUID | None
    candidates: list[tuple[str, float]]


def has_unshadowed(switch: ModelSwitch) -> bool:
    return _waiting(switch).exists()


def unshadowed_faces(switch: ModelSwitch, *, limit: int) -> list[Unshadowed]:
    """The newest first: what is seen live does not wait for what was seen last month."""
    rows = _waiting(switch).order_by("-id")[:limit]
    return [
        Unshadowed(*row) for row in rows.values_list("id", "recognition__camera_id", "aligned_key")
    ]


def shadowed_faces(switch: ModelSwitch) -> list[Shadowed]:
    """What the new model's answers so far were made of."""
    rows = ShadowFace.objects.filter(switch=switch).exclude(reason=UNREADABLE).order_by("face_id")
    return [
        Shadowed(*row)
        for row in rows.values_list("face_id", "face__recognition__camera_id", "candidates")
    ]


def _waiting(switch: ModelSwitch) -> QuerySet[RecognisedFace]:
    # What was too poor to be compared, or no living face, is so for every model.
    kept = RecognisedFace.objects.exclude(aligned_key="").filter(
        recognition__space=switch.from_space_id,
        decision__in=[_Decision.MATCH, _Decision.UNCERTAIN, _Decision.UNKNOWN],
    )
    newest = kept.order_by("-id").values("id")[:MOST_FACES]
    done = ShadowFace.objects.filter(switch=switch, face=OuterRef("pk"))
    return RecognisedFace.objects.filter(~Exists(done), id__in=newest)
