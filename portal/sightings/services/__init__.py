"""Writes to sightings: accept a picture, claim it for a worker, write down what was decided."""

from portal.sightings.services.claim import Claimed, claim_waiting, release_leases, waiting_count
from portal.sightings.services.complete import (
    FaceResult,
    PictureFailure,
    PictureResult,
    complete_recognitions,
)
from portal.sightings.services.purge import delete_recognitions, drop_crops, drop_pictures
from portal.sightings.services.submit import submit_picture, submit_snapshot

__all__ = [
    "Claimed",
    "FaceResult",
    "PictureFailure",
    "PictureResult",
    "claim_waiting",
    "complete_recognitions",
    "delete_recognitions",
    "drop_crops",
    "drop_pictures",
    "release_leases",
    "submit_picture",
    "submit_snapshot",
    "waiting_count",
]
