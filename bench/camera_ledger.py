"""Prints a system's visits as JSON, each ledger face with the number of the frame it was seen in.

Runs with the settings of the system that is measured (its data directory in the environment),
beside it: ``python -m bench.camera_ledger``. The numbers are read from the stored pictures, where
``tests.clips`` wrote them, so that latency is counted from the frame that was really decided on.
"""

from __future__ import annotations

import io
import json
import os
import sys
from typing import Any

import django
import numpy as np
from PIL import Image

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.config.settings")
django.setup()

from portal.core.vault import vault  # noqa: E402
from portal.sightings.models import RecognisedFace, Visit  # noqa: E402
from tests.clips import number_of  # noqa: E402

__all__: list[str] = []


def main() -> None:
    visits = Visit.objects.select_related("camera", "person").prefetch_related(
        "faces__recognition", "alerts"
    )
    json.dump([_visit(visit) for visit in visits.order_by("id")], sys.stdout)


def _visit(visit: Visit) -> dict[str, Any]:
    return {
        "id": str(visit.pk),
        "camera": visit.camera.name,
        "first_s": visit.first_at.timestamp(),
        "last_s": visit.last_at.timestamp(),
        "decision": visit.decision,
        "reason": visit.reason,
        "person": visit.person.name if visit.person else "",
        "named_s": visit.named_at.timestamp() if visit.named_at else None,
        "is_confirmed": visit.is_confirmed,
        "stranger_alerts": visit.alerts.filter(rule__event="stranger").count(),
        "faces": [_face(face) for face in sorted(visit.faces.all(), key=lambda face: face.pk)],
    }


def _face(face: RecognisedFace) -> dict[str, Any]:
    recognition = face.recognition
    frame = None
    if recognition.picture_key:
        with Image.open(io.BytesIO(vault().get(recognition.picture_key))) as picture:
            frame = number_of(np.asarray(picture.convert("RGB")))
    return {
        "decision": face.decision,
        "frame": frame,
        "captured_s": recognition.captured_at.timestamp(),
        "timings_ms": recognition.timings_ms,
    }


if __name__ == "__main__":
    main()
