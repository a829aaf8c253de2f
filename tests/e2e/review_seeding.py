"""Names to confirm, as a camera that sees badly would leave them.

``python -m tests.e2e.review_seeding NAME…``: a visit in the grey band for each person of that
name, at a camera of its own, for the data directory that the environment names.
"""

from __future__ import annotations

import sys

import django

django.setup()

from portal.cameras.models import Camera  # noqa: E402 - models need Django to be set up
from portal.core.context import SYSTEM, acting_as  # noqa: E402
from portal.core.events import ReviewChanged, publish_on_commit  # noqa: E402
from portal.core.vault import vault  # noqa: E402
from portal.engines.selectors import active_space  # noqa: E402
from portal.people.models import Person  # noqa: E402
from tests.e2e.cast import VISITOR, photo  # noqa: E402
from tests.factories import CameraFactory, RecognisedFaceFactory, VisitFactory  # noqa: E402

__all__ = ["seed"]


def seed(names: list[str]) -> None:
    camera = Camera.objects.filter(name="Dark corridor").first() or CameraFactory(
        name="Dark corridor"
    )
    for name in names:
        person = Person.objects.get(name=name)
        values = {
            "decision": "uncertain",
            "reason": "grey_band",
            "score": 0.77,
            "candidates": [[str(person.pk), 0.77]],
        }
        visit = VisitFactory(camera=camera, threshold=0.8, space=active_space(), **values)
        visit.best_face = RecognisedFaceFactory(
            recognition__camera=camera,
            recognition__source="camera",
            portrait_key=vault().put("crops", photo(VISITOR, 3)),
            visit=visit,
            **values,
        )
        visit.save(update_fields=["best_face"])
    publish_on_commit("review", ReviewChanged(type="review.changed"))


if __name__ == "__main__":
    with acting_as(SYSTEM):
        seed(sys.argv[1:])
