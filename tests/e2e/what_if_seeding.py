"""A month of visits, decided by the rule in force, for the data directory of the environment.

``python -m tests.e2e.what_if_seeding``: four of the cast pass three cameras every day, and so do
strangers; one of the cast is recognised badly.
"""

from __future__ import annotations

import random
from datetime import timedelta

import django

django.setup()

from django.utils import timezone  # noqa: E402 - models need Django to be set up

from portal.core.context import SYSTEM, acting_as  # noqa: E402
from portal.core.vault import vault  # noqa: E402
from portal.engines.selectors import active_space, policy_in_force  # noqa: E402
from portal.people.models import FaceImage  # noqa: E402
from recognition.contracts import Candidate  # noqa: E402
from recognition.decision import decide  # noqa: E402
from tests.e2e.cast import ADA, BRUNO, CHLOE, DAVID, STRANGER, photo  # noqa: E402
from tests.factories import (  # noqa: E402
    CameraFactory,
    ConsentFactory,
    FaceImageFactory,
    PersonFactory,
    visit_with_face,
)
from tests.factories.faces import GOOD_QUALITY  # noqa: E402
from tests.factories.people import key_of  # noqa: E402

__all__ = ["seed"]

DAYS = 29
# How much more than the threshold each is like their photo, on average.
CAST = ((ADA, 0.12), (BRUNO, 0.14), (CHLOE, 0.1), (DAVID, 0.03))


def seed() -> None:
    chance = random.Random(5)
    space, policy = active_space(), policy_in_force(len(CAST))
    people = {member: _enrolled(member) for member, _ in CAST}
    cameras = [CameraFactory(name=name) for name in ("Main entrance", "Canteen", "Yard")]
    crops = {member: photo(member, 3) for member in (*people, STRANGER)}
    ids = [str(person.pk) for person in people.values()]
    now = timezone.now()
    for day in range(DAYS):
        for number, (member, above) in enumerate((*CAST, (STRANGER, -0.12))):
            own = policy.threshold + chance.gauss(above, 0.025)
            others = sorted((chance.uniform(0.0, 0.2) for _ in ids[1:]), reverse=True)
            who = str(people[member].pk) if member in people else chance.choice(ids)
            ranked = [who, *(one for one in ids if one != who)]
            made = decide(
                [Candidate(one, score) for one, score in zip(ranked, [own, *others], strict=True)],
                quality=GOOD_QUALITY,
                policy=policy,
            )
            visit = visit_with_face(
                camera=cameras[(day + number) % len(cameras)],
                space=space,
                first_at=now - timedelta(days=day, hours=1, minutes=11 * number),
                decision=made.kind,
                reason=made.reason,
                person=people[member] if made.kind == "match" and member in people else None,
                score=made.score,
                margin=made.margin,
                threshold=made.threshold,
                candidates=[[one.person_id, one.score] for one in made.candidates],
            )
            face = visit.best_face
            face.portrait_key = vault().put("crops", crops[member])
            face.save(update_fields=["portrait_key"])
            face.recognition.space, face.recognition.threshold = space, made.threshold
            face.recognition.save(update_fields=["space", "threshold"])


def _enrolled(member):  # type: ignore[no-untyped-def]
    person = PersonFactory(name=member.name)
    ConsentFactory(person=person)
    portrait = vault().put("portraits", photo(member, 0), data_key=key_of(person))
    image = FaceImageFactory(person=person)
    FaceImage.objects.filter(pk=image.pk).update(portrait_key=portrait)
    return person


if __name__ == "__main__":
    with acting_as(SYSTEM):
        seed()
