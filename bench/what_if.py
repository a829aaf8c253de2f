"""How long does it take to decide 100,000 rows of the ledger anew?

    python -m bench.what_if [--rows 100000] [--people 500] [--rounds 3] [--profile]

Half of the rows belong to visits at eight cameras, two to a visit, the others are faces of photos;
all are of the last 30 days. The replay is that of the light worker, from asking to the rows of
changes, in the turns in which the worker takes it. The database is made for the run and deleted
after it.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import random
import tempfile
import time
from datetime import timedelta
from statistics import median
from unittest.mock import patch

__all__ = ["main", "make_ledger"]

DAYS = 30
CAMERAS = 8
THRESHOLD = 0.5
AT_ONCE = 5_000


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="gatehouse-what-if-") as folder:
        os.environ["GATEHOUSE_DATA_DIR"] = folder
        os.environ["GATEHOUSE_TEST_DATA_DIR"] = folder
        os.environ["DJANGO_SETTINGS_MODULE"] = "portal.config.settings.test"
        import django

        django.setup()
        from django.core.management import call_command

        # Only now: it reads the operator's settings.
        from bench.support import describe_machine
        from portal.core.context import SYSTEM, acting_as

        call_command("migrate", verbosity=0)
        # Nobody listens: without a broker every event would wait for one.
        with acting_as(SYSTEM), patch("portal.jobs.dispatch.dispatch"):
            make_ledger(options.rows, people=options.people)
            print(describe_machine())
            print(f"{options.rows:,} ledger rows, {options.people} people, {DAYS} days")
            for threshold in (THRESHOLD, 0.45, 0.6):
                measure(threshold, rounds=options.rounds)
            if options.profile:
                profile()


def measure(threshold: float, *, rounds: int) -> None:
    taken, worked = [], []
    for _ in range(rounds):
        started, before = time.perf_counter(), time.process_time()
        changes = replay(threshold)
        taken.append(time.perf_counter() - started)
        worked.append(time.process_time() - before)
    said = ", ".join(f"{count:,} {name}" for name, count in changes.items())
    print(
        f"threshold {threshold:.2f}: {median(taken):.1f} s (median of {rounds}: "
        f"{', '.join(f'{one:.1f}' for one in sorted(taken))}), of which {median(worked):.1f} s of "
        f"one processor; {said}"
    )


def replay(threshold: float) -> dict[str, int]:
    from django.utils import timezone

    from portal.calibration.services.what_if import ProposedRule, ask_what_if
    from workers.calibration.replay import replay_waiting
    from workers.tasks.calibration import REPLAY_BUDGET_S

    now = timezone.now()
    what_if = ask_what_if(
        ProposedRule(threshold, 0.05, 0.05), from_at=now - timedelta(days=DAYS + 1), to_at=now
    )
    while replay_waiting(budget_s=REPLAY_BUDGET_S):
        pass
    what_if.refresh_from_db()
    assert what_if.state == what_if.State.DONE, what_if.error
    changes: dict[str, int] = what_if.summary["changes"]
    return changes


def profile() -> None:
    profiler = cProfile.Profile()
    profiler.runcall(replay, 0.6)
    pstats.Stats(profiler).sort_stats("cumulative").print_stats(45)


def make_ledger(rows: int, *, people: int) -> None:
    """Decided at ``THRESHOLD`` by the code that decides live; three faces in four are of somebody
    enrolled."""
    from dataclasses import asdict

    from django.utils import timezone

    from portal.core.ids import uuid7
    from portal.engines.selectors import active_space
    from portal.people.models import Person
    from portal.sightings.models import RecognisedFace, Recognition, Visit, VisitLeg
    from recognition.contracts import Candidate
    from recognition.decision import DecisionPolicy, decide
    from tests.factories import CameraFactory, SpaceFactory
    from tests.factories.faces import GOOD_QUALITY
    from tests.factories.people import PersonFactory

    chance = random.Random(7)
    space = active_space() or SpaceFactory()
    names = [PersonFactory(name=f"Person {n}") for n in range(people)]
    ids = [str(one.pk) for one in names]
    assert Person.objects.count() == people
    cameras = [CameraFactory(threshold_offset=0.02 * (n % 2)) for n in range(CAMERAS)]
    policies = [DecisionPolicy(THRESHOLD + one.threshold_offset) for one in cameras]
    plain = DecisionPolicy(THRESHOLD)
    now = timezone.now()
    quality = asdict(GOOD_QUALITY)
    visits: list[Visit] = []
    pictures: list[Recognition] = []
    faces: list[RecognisedFace] = []
    for number in range(rows):
        at = now - timedelta(days=DAYS) * (1 - number / rows)
        place = number % CAMERAS if number % 4 < 2 else None
        policy = plain if place is None else policies[place]
        own = chance.gauss(0.66, 0.09) if chance.random() < 0.75 else chance.gauss(0.36, 0.05)
        scores = sorted((min(chance.gauss(0.3, 0.05), own) for _ in range(4)), reverse=True)
        met = [
            Candidate(who, score)
            for who, score in zip(chance.sample(ids, 5), [own, *scores], strict=True)
        ]
        decision = decide(met, quality=GOOD_QUALITY, policy=policy)
        decided = {
            "decision": decision.kind,
            "reason": decision.reason,
            "person_id": decision.person_id if decision.kind == "match" else None,
            "score": decision.score,
            "margin": decision.margin,
            "candidates": [[one.person_id, one.score] for one in decision.candidates],
        }
        camera = None if place is None else cameras[place]
        if camera is not None and number % 2 == 0:
            visits.append(
                Visit(
                    id=uuid7(),
                    site_id=camera.site_id,
                    camera=camera,
                    last_camera=camera,
                    first_at=at,
                    last_at=at + timedelta(seconds=12),
                    closed_at=at + timedelta(seconds=40),
                    threshold=policy.threshold,
                    space=space,
                    **decided,
                )
            )
        pictures.append(
            Recognition(
                id=uuid7(),
                source="camera" if camera else "upload",
                camera=camera,
                picture_sha256="0" * 64,
                captured_at=at,
                state="done",
                threshold=policy.threshold,
                space=space,
                face_count=1,
            )
        )
        faces.append(
            RecognisedFace(
                recognition=pictures[-1],
                position=0,
                box=[10.0, 12.0, 60.0, 70.0],
                landmarks=[[30, 40], [60, 40], [45, 55], [32, 70], [58, 70]],
                detector_score=0.98,
                quality=quality,
                visit=visits[-1] if camera is not None else None,
                **decided,
            )
        )
        if len(faces) >= AT_ONCE or number == rows - 1:
            Visit.objects.bulk_create(visits)
            VisitLeg.objects.bulk_create(
                VisitLeg(visit=one, camera=one.camera, first_at=one.first_at, last_at=one.last_at)
                for one in visits
            )
            Recognition.objects.bulk_create(pictures)
            RecognisedFace.objects.bulk_create(faces)
            visits, pictures, faces = visits[-1:], [], []
            visits.clear()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--people", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
