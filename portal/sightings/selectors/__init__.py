"""Reads of recognitions, faces and visits, with the names joined."""

from portal.sightings.selectors.candidates import Resembled, resembled
from portal.sightings.selectors.faces import (
    FaceView,
    decision_counts_today,
    faces_of,
    faces_of_person,
    faces_within,
    latest_faces,
    latest_uploads,
    own_recognition,
    picture_of,
    reason_text,
    recognitions_within,
    visible_face,
    visible_recognition,
    visible_recognitions,
    with_names,
)
from portal.sightings.selectors.on_site import on_site_count
from portal.sightings.selectors.visits import (
    VisitView,
    view_of,
    visible_visits,
    visit_faces,
    visits_within,
)

__all__ = [
    "FaceView",
    "Resembled",
    "VisitView",
    "decision_counts_today",
    "faces_of",
    "faces_of_person",
    "faces_within",
    "latest_faces",
    "latest_uploads",
    "on_site_count",
    "own_recognition",
    "picture_of",
    "reason_text",
    "recognitions_within",
    "resembled",
    "view_of",
    "visible_face",
    "visible_recognition",
    "visible_recognitions",
    "visible_visits",
    "visit_faces",
    "visits_within",
    "with_names",
]
