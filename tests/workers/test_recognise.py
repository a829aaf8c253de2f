"""A worker's pass over waiting pictures, with an engine whose answers are known."""

from __future__ import annotations

import pytest

from portal.core.context import SYSTEM, acting_as
from portal.core.keyring import KeyRing
from portal.core.vault import vault
from portal.jobs.models import Job
from portal.people.services import suspend_person, withdraw_consent
from portal.sightings.models import Recognition
from portal.sightings.selectors import faces_of
from portal.sightings.services import claim_waiting
from tests.factories import JobFactory, RecognitionFactory, enrolled_person
from tests.factories.faces import face_of, quality, vector_towards
from tests.factories.pictures import fresh_jpeg
from workers import recognise
from workers.recognise import BATCH, recognise_waiting
from workers.tasks.recognition import drain, sweep

pytestmark = pytest.mark.django_db


@pytest.fixture
def waiting(engine):
    """Hand in a picture that shows these faces."""

    def hand_in(*faces, **fields) -> Recognition:
        data = engine.shows(fresh_jpeg(), *faces)
        return RecognitionFactory(picture_key=vault().put("pictures", data), **fields)

    return hand_in


def run(host) -> bool:
    return recognise_waiting(host, budget_s=5.0)


def decisions(row: Recognition) -> list[tuple[str, str, str | None]]:
    return [
        (face.decision, face.reason, face.person and face.person.name)
        for face in row.faces.select_related("person")
    ]


def test_every_face_is_decided_by_its_own_evidence(host, waiting):
    enrolled_person(1, name="Ada")
    enrolled_person(2, name="Bob")
    threshold = host.policy().threshold
    row = waiting(
        face_of(1),
        face_of(40),
        face_of(vector_towards(2, similarity=threshold - 0.02)),
        face_of(1, measured=quality(sharpness=1.0)),
    )
    assert run(host) is False
    row.refresh_from_db()
    assert (row.state, row.face_count, row.gallery_size) == ("done", 4, 2)
    assert decisions(row) == [
        ("match", "above_threshold", "Ada"),
        ("unknown", "below_grey_band", None),
        ("uncertain", "grey_band", None),
        ("poor", "blurred", None),
    ]
    assert [view.title for view in faces_of(row)][2] == "Perhaps Bob"
    assert set(row.timings_ms) == {"queue", "decode", "detect", "embed", "search"}
    assert row.space_id == host.space.pk
    for face in row.faces.all():
        assert vault().get(face.portrait_key)[:2] == b"\xff\xd8"


def test_with_nobody_enrolled_everybody_is_unknown(host, waiting):
    row = waiting(face_of(1))
    run(host)
    assert decisions(row) == [("unknown", "empty_gallery", None)]


def test_a_picture_without_faces_is_done(host, waiting):
    row = waiting()
    run(host)
    row.refresh_from_db()
    assert (row.state, row.face_count) == ("done", 0)


def test_a_bad_picture_fails_alone_with_its_reason(host, waiting, engine):
    enrolled_person(1, name="Ada")
    job = JobFactory(total=3)
    before = waiting(face_of(1), job=job)
    bad = RecognitionFactory(job=job)
    after = waiting(face_of(1), job=job)
    run(host)
    assert len(engine.batches) == 1, "one pass through the engine for all three"
    bad.refresh_from_db()
    assert (bad.state, bad.error_code) == ("failed", "image.not_an_image")
    assert decisions(before) == decisions(after) == [("match", "above_threshold", "Ada")]
    job.refresh_from_db()
    assert (job.state, job.done, job.failed) == (Job.State.DONE, 2, 1)


@pytest.mark.parametrize("damage", ["gone", "altered", "cut short"])
def test_a_file_that_the_vault_cannot_open_fails_alone(host, waiting, data_dir, damage):
    bad, good = waiting(face_of(1)), waiting(face_of(1))
    path = data_dir / "media" / bad.picture_key
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-1] if damage == "altered" else b"GHV1")
    run(host)
    for row in (bad, good):
        row.refresh_from_db()
    assert (bad.state, bad.error_code) == ("failed", "storage.unreadable")
    assert good.state == "done"


def test_more_than_a_batch_is_worked_off_oldest_first(host, waiting, engine):
    rows = [waiting() for _ in range(BATCH + 3)]
    assert run(host) is False
    assert [len(batch) for batch in engine.batches] == [BATCH, 3]
    assert Recognition.objects.filter(state="done").count() == len(rows)


def test_when_the_time_is_up_the_rest_waits(host, waiting):
    waiting()
    assert recognise_waiting(host, budget_s=0.0) is True
    assert Recognition.objects.get().state == "queued"


def test_who_is_suspended_between_two_passes_is_not_named_in_the_second(host, waiting):
    ada = enrolled_person(1, name="Ada")
    first = waiting(face_of(1))
    run(host)
    suspend_person(ada)
    second = waiting(face_of(1))
    run(host)
    assert decisions(first)[0][0] == "match"
    assert decisions(second) == [("unknown", "empty_gallery", None)]


def test_who_is_suspended_while_the_engine_works_is_not_named_either(host, waiting, monkeypatch):
    ada = enrolled_person(1, name="Ada")
    row = waiting(face_of(1))
    real = recognise.complete_recognitions

    def first_suspend(*args, **kwargs):
        suspend_person(ada)
        return real(*args, **kwargs)

    monkeypatch.setattr(recognise, "complete_recognitions", first_suspend)
    run(host)
    assert decisions(row) == [("unknown", "person_gone", None)]


def test_a_pass_that_lost_its_lease_leaves_neither_result_nor_crops(
    host, waiting, monkeypatch, vault_files
):
    row = waiting(face_of(1), face_of(2))
    before = vault_files.blobs()
    real = recognise.complete_recognitions

    def somebody_else_took_over(*args, **kwargs):
        Recognition.objects.update(lease_owner="recognition@there")
        return real(*args, **kwargs)

    monkeypatch.setattr(recognise, "complete_recognitions", somebody_else_took_over)
    run(host)
    row.refresh_from_db()
    assert (row.state, row.lease_owner, row.faces.count()) == ("running", "recognition@there", 0)
    assert vault_files.blobs() == before


def test_a_crash_of_the_engine_leaves_the_pictures_to_be_tried_again(host, waiting, engine):
    row = waiting(face_of(1))

    class Crash(Exception):
        pass

    def crash(*args: object, **kwargs: object) -> None:
        raise Crash

    engine.analyse = crash
    with pytest.raises(Crash):
        run(host)
    row.refresh_from_db()
    assert (row.state, row.attempts, row.lease_owner) == ("running", 1, host.owner)
    assert claim_waiting("recognition@there", limit=9) == [], "until the lease runs out"


class TestTasks:
    def test_a_drain_answers_the_bell_before_it_looks(self, host, waiting, sent_tasks):
        from portal.jobs.dispatch import ring

        ring("recognition.drain")
        row = waiting(face_of(1))
        drain()
        row.refresh_from_db()
        assert row.state == "done"
        ring("recognition.drain")
        assert [task for task, _, _ in sent_tasks] == ["recognition.drain"] * 2

    def test_a_drain_whose_time_is_up_rings_for_the_next(
        self, host, waiting, sent_tasks, monkeypatch
    ):
        from workers.tasks import recognition

        monkeypatch.setattr(recognition, "DRAIN_BUDGET_S", 0.0)
        waiting(face_of(1))
        drain()
        assert sent_tasks == [("recognition.drain", [], "recognition")]

    @pytest.mark.parametrize(("count", "rings"), [(0, 0), (3, 1)])
    def test_the_sweep_rings_for_pictures_that_were_forgotten(
        self, host, waiting, sent_tasks, count, rings
    ):
        for _ in range(count):
            waiting()
        sweep()
        assert len(sent_tasks) == rings


def test_who_withdraws_is_unknown_in_the_very_next_picture(host, waiting):
    ada = enrolled_person(1, name="Ada")
    first = waiting(face_of(1))
    run(host)
    second = waiting(face_of(1))  # waits already when the consent ends
    with acting_as(SYSTEM):
        withdraw_consent(ada)
    run(host)
    assert decisions(first) == [("match", "above_threshold", "Ada")]
    assert decisions(second) == [("unknown", "empty_gallery", None)]
    assert len(host.gallery) == 0


def test_who_withdraws_while_the_engine_works_is_not_named_either(host, waiting, monkeypatch):
    ada = enrolled_person(1, name="Ada")
    row = waiting(face_of(1))
    real = recognise.complete_recognitions

    def first_withdraw(*args, **kwargs):
        withdraw_consent(ada)
        return real(*args, **kwargs)

    monkeypatch.setattr(recognise, "complete_recognitions", first_withdraw)
    with acting_as(SYSTEM):
        run(host)
    assert decisions(row) == [("unknown", "person_gone", None)]


def test_a_worker_goes_on_while_the_master_key_changes(host, waiting, data_dir):
    """It has read the keys of those enrolled before, and reads those of who comes after."""
    enrolled_person(1, name="Ada")
    first = waiting(face_of(1))
    run(host)
    KeyRing(data_dir / "keys").rotate()  # another process
    enrolled_person(2, name="Bob")
    second = waiting(face_of(1), face_of(2))
    run(host)
    assert decisions(first) == [("match", "above_threshold", "Ada")]
    assert [name for _, _, name in decisions(second)] == ["Ada", "Bob"]
