"""A site where strangers get named: a gallery, and strangers whom somebody settled.

``python -m tests.e2e.calibration_seeding PEOPLE STRANGERS``: for the data directory that the
environment names. Faces are vectors alone, made as the default model spreads them; everything goes
through the services that the product itself uses.
"""

from __future__ import annotations

import sys
from dataclasses import asdict

import django

django.setup()

import numpy as np  # noqa: E402 - models need Django to be set up
from numpy.typing import NDArray  # noqa: E402

from portal.core.context import SYSTEM, acting_as  # noqa: E402
from portal.core.vault import vault  # noqa: E402
from portal.engines.models import Space  # noqa: E402
from portal.engines.selectors import active_space  # noqa: E402
from portal.people.services import (  # noqa: E402
    NewFace,
    PersonDetails,
    add_face,
    create_person,
    person_key,
    record_consent,
)
from portal.review.services import ignore_strangers  # noqa: E402
from portal.sightings.services.visits import seal_visit_vector  # noqa: E402
from tests.e2e.cast import STRANGER, VISITOR, photo  # noqa: E402
from tests.factories import (  # noqa: E402
    CameraFactory,
    RecognisedFaceFactory,
    StrangerFactory,
    VisitFactory,
    VisitVectorFactory,
)
from tests.factories.faces import GOOD_QUALITY  # noqa: E402
from tests.factories.people import random_sha256  # noqa: E402

__all__ = ["seed"]

_PHOTOS = 3
_DRAWN = np.random.default_rng(11)


def seed(people: int, strangers: int) -> None:
    space = active_space()
    assert space is not None
    common = _unit(_DRAWN.normal(size=space.dimension))
    for number in range(people):
        _enrol(f"Member {number:03}", _somebody(common), common, space)
    camera = CameraFactory(name="Main gate")
    made = [
        _stranger(number, _somebody(common), common, camera, space) for number in range(strangers)
    ]
    ignore_strangers(made)


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    return vector / np.linalg.norm(vector)


def _somebody(common: NDArray[np.float64]) -> NDArray[np.float64]:
    return _unit(_DRAWN.normal(size=len(common)))


def _look(own: NDArray[np.float64], common: NDArray[np.float64]) -> NDArray[np.float32]:
    """One face of somebody: what all faces have in common, the person's own part, and the day's."""
    day = _unit(_DRAWN.normal(size=len(common)))
    return _unit(0.4 * common + own + 0.6 * day).astype(np.float32)


def _enrol(name: str, own: NDArray[np.float64], common: NDArray[np.float64], space: Space) -> None:
    person = create_person(PersonDetails(name=name, department="Workshop"))
    record_consent(person)
    key = person_key(person)
    for number in range(_PHOTOS):
        add_face(
            person,
            NewFace(
                vector=_look(own, common),
                space=space,
                portrait_key=vault().put("portraits", photo(VISITOR, number), data_key=key),
                aligned_key=vault().put("aligned", photo(VISITOR, number), data_key=key),
                source="folder",
                photo_sha256=random_sha256(),
                file_name=f"{number}.jpg",
                quality=asdict(GOOD_QUALITY),
            ),
        )


def _stranger(
    number: int,
    own: NDArray[np.float64],
    common: NDArray[np.float64],
    camera: object,
    space: Space,
) -> object:
    stranger = StrangerFactory(number=number + 1, visit_count=1)
    visit = VisitFactory(camera=camera, stranger=stranger, space=space, threshold=0.2)
    visit.best_face = RecognisedFaceFactory(
        recognition__camera=camera,
        recognition__source="camera",
        decision="unknown",
        reason="below_grey_band",
        portrait_key=vault().put("crops", photo(STRANGER, 3)),
        visit=visit,
    )
    visit.save(update_fields=["best_face"])
    VisitVectorFactory(visit=visit, sealed_vector=seal_visit_vector(_look(own, common)))
    return stranger


if __name__ == "__main__":
    with acting_as(SYSTEM):
        seed(int(sys.argv[1]), int(sys.argv[2]))
