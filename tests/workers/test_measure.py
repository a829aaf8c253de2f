"""Measuring the threshold: what counts as evidence, what does not, and what becomes of a run."""

from __future__ import annotations

import json
import math
from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from portal.calibration.figures import from_json, to_json
from portal.calibration.models import CalibrationRun
from portal.calibration.services.measure import LOST_AFTER, ask_for_run, is_run_waiting, take_run
from portal.jobs.models import Job
from portal.jobs.services import cancel_job
from portal.people.models import FaceImage
from portal.people.services import suspend_person
from portal.people.services.revision import bump_gallery_revision
from portal.people.vectors import seal_vector
from portal.review.models import Stranger
from portal.sightings.services.visits import seal_visit_vector
from recognition.calibration import Wish
from tests.factories import enrolled_person
from tests.factories.faces import SPACE, vector_of
from tests.factories.people import FaceImageFactory, FaceTemplateFactory, SpaceFactory
from tests.factories.sightings import CameraFactory
from tests.factories.visits import StrangerFactory, VisitFactory, VisitVectorFactory
from workers.calibration import measure
from workers.calibration.evidence import gallery_of, gather
from workers.calibration.measure import measure_waiting

pytestmark = pytest.mark.django_db

_DRAWN = np.random.default_rng(7)


def near(identity: int, *, spread: float = 0.6) -> np.ndarray:
    """Another look of somebody: about 1 / (1 + spread²) similar."""
    noise = _DRAWN.normal(size=SPACE.dimension)
    vector = vector_of(identity) + spread * noise / np.linalg.norm(noise)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def gallery(people: int = 40, photos: int = 3):
    found = []
    for identity in range(people):
        person = enrolled_person(identity, photos=1)
        for _ in range(photos - 1):
            sealed = seal_vector(
                near(identity), dimension=SPACE.dimension, data_key=person.data_key_id
            )
            FaceTemplateFactory(image=FaceImageFactory(person=person), sealed_vector=sealed)
        found.append(person)
    bump_gallery_revision()
    return found


def seen(vector, **fields):
    visit = VisitFactory(**fields)
    VisitVectorFactory(visit=visit, sealed_vector=seal_visit_vector(vector))
    return visit


def stranger(identity: int, state: str = Stranger.State.IGNORED, visits: int = 1):
    row = StrangerFactory(state=state)
    for _ in range(visits):
        seen(near(identity, spread=1.2), stranger=row)
    return row


def measured(host, wish: Wish) -> CalibrationRun:
    run = ask_for_run(wish)
    assert measure_waiting(host)
    run.refresh_from_db()
    return run


@pytest.fixture(autouse=True)
def _nothing_known_beforehand(monkeypatch):
    """As of a model that nobody has measured: what a run finds comes from its evidence alone."""
    monkeypatch.setattr(measure, "prior_of", lambda model_id: None)


def test_a_run_says_the_threshold_its_interval_and_what_it_costs(host):
    gallery()
    run = measured(host, Wish.one_in(10))
    assert run.state == CalibrationRun.State.DONE, run.error
    figures = from_json(run.result)
    assert figures.threshold.low <= figures.chosen.threshold <= figures.threshold.high
    assert figures.chosen.strangers.rate.value <= 0.1
    assert 0.0 <= figures.chosen.missed.rate.low <= figures.chosen.missed.rate.high <= 1.0
    assert (figures.gallery_size, run.gallery_size, figures.counts.photos) == (40, 40, 120)
    assert [point.factor for point in figures.growth] == [1, 2, 10]
    assert figures.growth[2].fpir_unchanged > figures.growth[0].fpir_unchanged
    assert len(figures.det) > 10
    assert figures.lacking is None
    assert figures.prior is None, "nothing is known of this model beforehand"
    assert run.job.state == Job.State.DONE


def test_what_is_kept_reads_back_the_same_and_is_plain_json_without_a_vector(host):
    gallery(12)
    stranger(50)
    run = measured(host, Wish.one_in(5))
    assert json.loads(json.dumps(to_json(from_json(run.result)))) == run.result
    text = json.dumps(run.result, allow_nan=False)
    assert "NaN" not in text
    longest = max(len(value) for value in _lists(run.result))
    assert longest <= 130, "nothing of a face, and no list a person long"


def _lists(value):
    if isinstance(value, dict):
        for one in value.values():
            yield from _lists(one)
    elif isinstance(value, list):
        yield value
        for one in value:
            yield from _lists(one)
    else:
        yield []


def test_too_few_strangers_are_refused_with_how_many_more_are_needed(host):
    gallery(30)
    run = measured(host, Wish.one_in(1000))
    assert run.state == CalibrationRun.State.INSUFFICIENT
    figures = from_json(run.result)
    assert figures.chosen is None
    assert figures.lacking.reason == "too_few"
    assert figures.lacking.needed == 1000
    assert figures.lacking.more_needed == math.ceil(1000 - figures.lacking.people)
    assert 0.0 < figures.lacking.claim.fpir_at_most < 1.0
    assert figures.now.missed is not None, "the rule in force is measured nevertheless"


@pytest.mark.parametrize(
    ("state", "counts"),
    [
        (Stranger.State.IGNORED, True),
        (Stranger.State.WATCHED, True),
        (Stranger.State.OPEN, False),
        (Stranger.State.NOT_A_FACE, False),
        (Stranger.State.MERGED, False),
    ],
)
def test_only_strangers_that_somebody_settled_are_strangers(host, state, counts):
    gallery(5)
    stranger(50, state)
    found = gather(host, gallery_of(host)).evidence.counts
    assert found.people_strangers == int(counts)


@pytest.mark.parametrize(
    ("settled", "counts", "why"),
    [
        ("confirmed", True, "somebody confirmed the name"),
        ("assigned", True, "somebody gave the name"),
        ("", False, "the rule that is judged gave the name"),
        ("refused", False, "it is not this person"),
        ("not_a_face", False, "it is nobody"),
    ],
)
def test_only_names_that_a_human_gave_are_evidence_of_the_enrolled(host, settled, counts, why):
    person = gallery(5)[0]
    camera = CameraFactory()
    seen(
        near(0), camera=camera, person=person, decision="match", is_confirmed=True,
        settled_as=settled, settled_at=timezone.now() if settled else None,
    )  # fmt: skip
    mated = gather(host, gallery_of(host)).evidence.mated
    confirmed = mated.only(mated.sources == "confirmed")
    assert len(confirmed) == int(counts), why
    assert confirmed.camera_ids.tolist() == [str(camera.pk)] * counts


def test_each_camera_is_measured_at_its_own_threshold(host):
    """As it decides live: with the offset that somebody gave it, and nothing where there is none."""
    people = gallery(20)
    strict, plain = CameraFactory(threshold_offset=0.2), CameraFactory()
    for identity, person in enumerate(people):
        for camera in (strict, plain):
            seen(
                near(identity), camera=camera, person=person, decision="match",
                settled_as="confirmed", settled_at=timezone.now(),
            )  # fmt: skip
    run = measured(host, Wish.one_in(5))
    found = {one.camera_id: one for one in from_json(run.result).cameras}
    assert (found[str(strict.pk)].offset, found[str(plain.pk)].offset) == (0.2, 0.0)


def test_a_picture_that_may_have_become_a_reference_is_no_evidence_for_itself(host):
    person = gallery(5)[0]
    now = timezone.now()
    face = near(0)
    for days in (3, -1):
        seen(
            face, person=person, decision="match", settled_as="assigned",
            first_at=now - timedelta(days=days), last_at=now, closed_at=now,
        )  # fmt: skip
    assert gather(host, gallery_of(host)).confirmed == 2
    sealed = seal_vector(face, dimension=SPACE.dimension, data_key=person.data_key_id)
    FaceTemplateFactory(
        image=FaceImageFactory(person=person, source=FaceImage.Source.SIGHTING),
        sealed_vector=sealed,
    )
    assert gather(host, gallery_of(host)).confirmed == 1, "the visit after it still counts"


def test_who_is_not_enrolled_any_more_is_no_evidence_and_vectors_of_another_model_never_are(host):
    people = gallery(5)
    seen(near(0), person=people[0], decision="match", settled_as="confirmed")
    other = seen(near(1), person=people[1], decision="match", settled_as="confirmed")
    other.vector.space = SpaceFactory(id="another-space")
    other.vector.save()
    assert gather(host, gallery_of(host)).confirmed == 1
    suspend_person(people[0])
    assert gather(host, gallery_of(host)).confirmed == 0


def test_a_gallery_of_nobody_is_said_and_the_run_fails(host):
    run = measured(host, Wish.one_in(100))
    assert run.state == CalibrationRun.State.FAILED
    assert "Enrol people first" in run.error
    assert run.job.state == Job.State.FAILED


def test_one_person_alone_gives_no_evidence_and_the_run_says_so(host):
    gallery(1)
    run = measured(host, Wish.one_in(100))
    assert run.state == CalibrationRun.State.FAILED
    assert run.error


def test_a_run_that_waits_is_taken_once_and_one_whose_worker_was_lost_again(host):
    gallery(3)
    ask_for_run(Wish.one_in(2))
    run = take_run()
    assert run.state == CalibrationRun.State.RUNNING
    assert not is_run_waiting()
    assert take_run() is None, "another worker has it"
    Job.objects.filter(pk=run.job_id).update(
        changed_at=timezone.now() - LOST_AFTER - timedelta(seconds=1), done=2
    )
    assert is_run_waiting()
    assert measure_waiting(host)
    run.refresh_from_db()
    assert run.state == CalibrationRun.State.DONE, run.error


def test_a_cancelled_run_writes_nothing(host):
    gallery(3)
    run = ask_for_run(Wish.one_in(2))
    cancel_job(run.job)
    assert not measure_waiting(host)
    run.refresh_from_db()
    assert (run.state, run.error, run.result) == (CalibrationRun.State.FAILED, "Cancelled.", {})


def test_the_same_wish_is_not_measured_twice_while_it_waits(host):
    gallery(3)
    first, again, other = (ask_for_run(Wish.one_in(n)) for n in (2, 2, 3))
    assert first == again != other


def test_one_that_cannot_be_measured_is_given_up_and_the_next_is_not_held_up(host, monkeypatch):
    def broken(*_args, **_kwargs):
        raise ZeroDivisionError

    gallery(3)
    run = ask_for_run(Wish.one_in(2))
    with monkeypatch.context() as patched:
        patched.setattr("workers.calibration.measure.summarised", broken)
        assert measure_waiting(host)
    run.refresh_from_db()
    assert run.state == CalibrationRun.State.FAILED
    assert "log" in run.error
    assert measured(host, Wish.one_in(2)).state == CalibrationRun.State.DONE


def test_somebody_who_is_hardly_told_from_another_is_listed(host):
    gallery(10)
    twins = enrolled_person(60), enrolled_person(60)
    for twin in twins:
        sealed = seal_vector(
            near(60, spread=0.3), dimension=SPACE.dimension, data_key=twin.data_key_id
        )
        FaceTemplateFactory(image=FaceImageFactory(person=twin), sealed_vector=sealed)
    bump_gallery_revision()
    found = from_json(measured(host, Wish.one_in(2)).result)
    pairs = {(one.person_id, one.other_id) for one in found.low_margin}
    assert pairs == {(str(a.pk), str(b.pk)) for a, b in (twins, twins[::-1])}
    assert found.nearest_other.score > 0.9
