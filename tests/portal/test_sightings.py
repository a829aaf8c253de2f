"""Pictures on their way: accepted once, claimed by one worker, written down once, purged in time."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from portal.core.context import Actor, acting_as
from portal.core.errors import DomainError, NotFound, PermissionMissing
from portal.core.policies import permissions_of
from portal.core.vault import vault
from portal.jobs.models import Job
from portal.people.services import erase_person, suspend_person
from portal.sightings.models import Recognition
from portal.sightings.selectors import (
    decision_counts_today,
    faces_of,
    latest_faces,
    own_recognition,
    visible_face,
    visible_recognition,
)
from portal.sightings.services import (
    PictureFailure,
    claim_waiting,
    complete_recognitions,
    release_leases,
    submit,
    submit_picture,
    submit_snapshot,
    waiting_count,
)
from portal.sightings.services.claim import LEASE, MAX_ATTEMPTS
from tests.factories import (
    CameraFactory,
    JobFactory,
    RecognisedFaceFactory,
    RecognitionFactory,
    enrolled_person,
)
from tests.factories.engine import face_result, picture_result
from tests.factories.pictures import REFUSED, fresh_jpeg, jpeg, refused_picture

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("administrator")]


class TestSubmitting:
    def test_a_picture_is_written_down_before_anybody_is_told(
        self, sent_tasks, django_capture_on_commit_callbacks
    ):
        with django_capture_on_commit_callbacks(execute=True):
            row = submit_picture(jpeg(), source="upload", file_name="a.jpg")
            assert sent_tasks == []
        assert sent_tasks == [("recognition.drain", [], "recognition")]
        assert (row.state, row.attempts, row.actor_label) == ("queued", 0, "ada@example.org")
        assert vault().get(row.picture_key) == jpeg()

    def test_a_burst_of_pictures_rings_the_doorbell_once(
        self, sent_tasks, django_capture_on_commit_callbacks
    ):
        with django_capture_on_commit_callbacks(execute=True):
            for _ in range(5):
                submit_picture(fresh_jpeg(), source="upload")
        assert len(sent_tasks) == 1

    def test_a_user_may_send_the_same_picture_as_often_as_they_like(self):
        rows = {submit_picture(jpeg(), source="upload").pk for _ in range(3)}
        assert len(rows) == 3

    @pytest.mark.parametrize("name", REFUSED)
    def test_a_bad_picture_leaves_neither_row_nor_file(self, name, vault_files):
        status, code = REFUSED[name]
        for send in (
            lambda data: submit_picture(data, source="upload"),
            lambda data: submit_snapshot(CameraFactory(), data),
        ):
            with pytest.raises(DomainError) as refused:
                send(refused_picture(name))
            assert (refused.value.http_status, refused.value.code) == (status, code)
        assert not Recognition.objects.exists()
        assert vault_files.blobs() == set()

    def test_an_auditor_uploads_nobodys_face(self):
        with acting_as(Actor(kind="user", permissions=permissions_of("auditor"))):
            with pytest.raises(PermissionMissing):
                submit_picture(jpeg(), source="upload")
            with pytest.raises(PermissionMissing):
                submit_snapshot(CameraFactory(), jpeg())


class TestSnapshots:
    @pytest.mark.parametrize(
        ("first_key", "second_key", "same_bytes", "same_camera", "after_s", "is_new", "why"),
        [
            ("k1", "k1", True, True, 0, False, "the sender repeats its delivery"),
            ("k1", "k1", True, True, 86_400, False, "a key is good for ever"),
            ("k1", "k1", False, True, 0, False, "the key says it is the same snapshot"),
            ("k1", "k2", True, True, 0, True, "the sender says that these are two"),
            ("k1", "k1", True, False, 0, True, "keys of two cameras have nothing in common"),
            ("", "", True, True, 9, False, "equal bytes within the window"),
            ("", "", True, True, 11, True, "equal bytes after the window"),
            ("", "", True, False, 0, True, "two cameras may see the same"),
            ("", "", False, True, 0, True, "another frame"),
        ],
    )
    def test_a_repeated_delivery_is_the_row_it_became_the_first_time(
        self, first_key, second_key, same_bytes, same_camera, after_s, is_new, why, time_machine
    ):
        time_machine.move_to("2026-03-01T10:00:00Z", tick=False)
        camera, data = CameraFactory(), fresh_jpeg()
        first, was_new = submit_snapshot(camera, data, idempotency_key=first_key)
        assert was_new
        time_machine.shift(after_s)
        second, second_is_new = submit_snapshot(
            camera if same_camera else CameraFactory(),
            data if same_bytes else fresh_jpeg(),
            idempotency_key=second_key,
        )
        assert second_is_new is is_new, why
        assert (second != first) is is_new

    def test_two_deliveries_at_the_same_moment_are_one_row(self, monkeypatch, vault_files):
        camera = CameraFactory()
        winner, _ = submit_snapshot(camera, jpeg(), idempotency_key="k")
        before = vault_files.blobs()
        real, calls = submit._earlier, []

        def too_early(*args: object, **kwargs: object) -> Recognition | None:
            calls.append(1)
            return None if len(calls) == 1 else real(*args, **kwargs)

        monkeypatch.setattr(submit, "_earlier", too_early)
        row, is_new = submit_snapshot(camera, jpeg(), idempotency_key="k")
        assert (row, is_new) == (winner, False)
        assert vault_files.blobs() == before, "the loser's picture is not left behind"

    def test_a_conflict_that_is_no_repetition_is_not_hidden(self, monkeypatch, vault_files):
        camera = CameraFactory()
        submit_snapshot(camera, jpeg(), idempotency_key="k")
        monkeypatch.setattr(submit, "_earlier", lambda *args, **kwargs: None)
        before = vault_files.blobs()
        with pytest.raises(IntegrityError), transaction.atomic():
            submit_snapshot(camera, jpeg(), idempotency_key="k")
        assert vault_files.blobs() == before

    def test_a_bad_delivery_does_not_use_its_key_up(self):
        camera = CameraFactory()
        with pytest.raises(DomainError):
            submit_snapshot(camera, b"no picture", idempotency_key="k")
        assert submit_snapshot(camera, jpeg(), idempotency_key="k")[1]

    def test_a_key_that_is_too_long_says_how_long_it_may_be(self):
        submit_snapshot(CameraFactory(), jpeg(), idempotency_key="k" * 100)
        with pytest.raises(DomainError, match="101 characters; at most 100") as refused:
            submit_snapshot(CameraFactory(), jpeg(), idempotency_key="k" * 101)
        assert refused.value.code == "request.idempotency_key"

    def test_the_camera_lives_and_nothing_is_taken_in_the_future(self, time_machine):
        time_machine.move_to("2026-03-01T10:00:00Z", tick=False)
        camera, now = CameraFactory(), timezone.now()
        early, _ = submit_snapshot(camera, fresh_jpeg(), captured_at=now - timedelta(hours=3))
        late, _ = submit_snapshot(camera, fresh_jpeg(), captured_at=now + timedelta(hours=3))
        assert (early.captured_at, late.captured_at) == (now - timedelta(hours=3), now)
        camera.refresh_from_db()
        assert camera.last_seen_at == now
        assert (early.source, early.camera, early.actor_label) == ("camera", camera, camera.name)


class TestClaiming:
    def test_the_oldest_come_first_and_no_more_than_asked_for(self):
        rows = RecognitionFactory.create_batch(3)
        claimed = claim_waiting("a", limit=2)
        assert [item.id for item in claimed] == [row.pk for row in rows[:2]]
        assert [item.picture_key for item in claimed] == [row.picture_key for row in rows[:2]]
        assert all(item.waited_ms >= 0 for item in claimed)
        assert [item.id for item in claim_waiting("b", limit=9)] == [rows[2].pk]
        assert claim_waiting("c", limit=9) == []

    @pytest.mark.parametrize(
        ("state", "lease_s", "attempts", "is_claimed", "why"),
        [
            ("queued", None, 0, True, "nobody has it"),
            ("running", 10, 1, False, "somebody works on it"),
            ("running", -1, 1, True, "whoever had it fell silent"),
            ("done", None, 1, False, "it is finished"),
            ("failed", None, 1, False, "it is finished"),
            ("queued", None, 2, True, "given back, tried before"),
            ("queued", None, MAX_ATTEMPTS, False, "it took three workers down"),
        ],
    )
    def test_what_may_be_claimed(self, state, lease_s, attempts, is_claimed, why):
        until = None if lease_s is None else timezone.now() + timedelta(seconds=lease_s)
        row = RecognitionFactory(
            state=state, lease_owner="other", lease_until=until, attempts=attempts
        )
        claimed = claim_waiting("me", limit=9)
        assert [item.id for item in claimed] == ([row.pk] if is_claimed else []), why
        row.refresh_from_db()
        if is_claimed:
            assert (row.state, row.lease_owner, row.attempts) == ("running", "me", attempts + 1)
            assert timedelta(0) < row.lease_until - timezone.now() <= LEASE

    def test_a_picture_that_was_tried_before_comes_alone(self):
        fresh = RecognitionFactory.create_batch(2)
        suspects = RecognitionFactory.create_batch(2, attempts=1)
        order = [[item.id for item in claim_waiting("me", limit=9)] for _ in range(4)]
        assert order == [[suspects[0].pk], [suspects[1].pk], [row.pk for row in fresh], []]

    def test_a_picture_that_kills_its_worker_is_failed_after_three_attempts(self):
        killer, good = RecognitionFactory(job=JobFactory(total=1)), RecognitionFactory()
        for attempt in range(1, MAX_ATTEMPTS + 1):
            claimed = [item.id for item in claim_waiting("me", limit=9)]
            assert claimed == ([killer.pk, good.pk] if attempt == 1 else [killer.pk])
            complete_recognitions([picture_result(good)], owner="me")
            assert release_leases("me") == 1
        assert claim_waiting("me", limit=9) == []
        killer.refresh_from_db()
        assert (killer.state, killer.error_code) == ("failed", "recognition.crashed")
        assert "3 times" in killer.error_message
        assert Job.objects.get().state == Job.State.DONE
        good.refresh_from_db()
        assert good.state == "done"

    def test_worn_out_pictures_do_not_hide_the_good_ones_behind_them(self):
        RecognitionFactory.create_batch(3, attempts=MAX_ATTEMPTS)
        good = RecognitionFactory()
        assert [item.id for item in claim_waiting("me", limit=3)] == [good.pk]

    def test_a_restart_gives_back_its_own_leases_only(self):
        mine, theirs = RecognitionFactory(), RecognitionFactory()
        assert claim_waiting("me", limit=1)[0].id == mine.pk
        assert claim_waiting("them", limit=1)[0].id == theirs.pk
        assert waiting_count() == 0
        assert release_leases("me") == 1
        for row in (mine, theirs):
            row.refresh_from_db()
        assert (mine.state, mine.lease_owner, mine.lease_until) == ("queued", "", None)
        assert mine.attempts == 1, "it counts as tried"
        assert (theirs.state, theirs.lease_owner) == ("running", "them")
        assert waiting_count() == 1


def leased(owner: str = "me", **fields: object) -> Recognition:
    return RecognitionFactory(
        state="running",
        lease_owner=owner,
        lease_until=timezone.now() + LEASE,
        attempts=1,
        **fields,
    )


class TestCompleting:
    def test_the_ledger_holds_every_number(self):
        person, row = enrolled_person(name="Ada"), leased()
        other = uuid4()
        face = face_result(person.pk, candidates=[(person.pk, 0.834567), (other, 0.2)])
        assert complete_recognitions([picture_result(row, face)], owner="me") == [row]
        row.refresh_from_db()
        assert (row.state, row.lease_owner, row.lease_until) == ("done", "", None)
        assert (row.threshold, row.gallery_size, row.face_count) == (0.5, 1, 1)
        assert (row.width_px, row.height_px, row.timings_ms["detect"]) == (160, 120, 3.0)
        written = row.faces.get()
        assert (written.decision, written.reason, written.person) == (
            "match",
            "above_threshold",
            person,
        )
        assert written.candidates == [[str(person.pk), 0.834567], [str(other), 0.2]]
        view = faces_of(row)[0]
        assert (view.title, [c[0].name for c in view.candidates]) == ("Ada", ["Ada"])

    def test_an_uncertain_face_gets_no_name(self):
        person, row = enrolled_person(name="Ada"), leased()
        face = face_result(
            person.pk,
            kind="uncertain",
            reason="grey_band",
            score=0.47,
            candidates=[(person.pk, 0.47)],
        )
        complete_recognitions([picture_result(row, face)], owner="me")
        written = row.faces.get()
        assert (written.decision, written.person) == ("uncertain", None)
        view = faces_of(row)[0]
        assert (view.person, view.title) == (None, "Perhaps Ada")

    @pytest.mark.parametrize("act", [erase_person, suspend_person])
    def test_nobody_is_named_who_went_while_the_picture_was_in_the_workers_hands(self, act):
        person, row = enrolled_person(), leased()
        act(person)
        complete_recognitions([picture_result(row, face_result(person.pk))], owner="me")
        written = row.faces.get()
        assert (written.decision, written.reason, written.person) == (
            "unknown",
            "person_gone",
            None,
        )
        assert "erased or suspended" in faces_of(row)[0].reason_text

    def test_an_erased_person_does_not_come_back_as_a_candidate(self):
        person, row = enrolled_person(), leased()
        complete_recognitions([picture_result(row, face_result(person.pk))], owner="me")
        erase_person(person)
        view = faces_of(row)[0]
        assert (view.person, view.candidates, view.portrait_id, view.title) == (
            None,
            (),
            None,
            "Unknown face",
        )

    def test_a_second_delivery_changes_nothing(self):
        row = leased(job=JobFactory(total=2))
        complete_recognitions([picture_result(row, face_result())], owner="me")
        again = picture_result(row, face_result(), face_result())
        assert complete_recognitions([again], owner="me") == []
        assert complete_recognitions([again], owner="") == []
        assert (
            complete_recognitions([], failures=[PictureFailure(row.pk, "x", "x")], owner="me") == []
        )
        row.refresh_from_db()
        assert (row.state, row.faces.count(), row.error_code) == ("done", 1, "")
        assert Job.objects.get().done == 1

    def test_a_worker_that_lost_its_lease_changes_nothing(self):
        row = leased("the next worker")
        assert complete_recognitions([picture_result(row, face_result())], owner="me") == []
        row.refresh_from_db()
        assert (row.state, row.lease_owner, row.faces.count()) == ("running", "the next worker", 0)

    def test_a_picture_that_was_deleted_meanwhile_is_no_error(self):
        row = leased()
        result = picture_result(row, face_result())
        Recognition.objects.all().delete()
        assert complete_recognitions([result], owner="me") == []

    def test_a_bad_picture_fails_alone(self):
        job = JobFactory(total=3)
        good, bad, empty = leased(job=job), leased(job=job), leased(job=job)
        complete_recognitions(
            [picture_result(good, face_result()), picture_result(empty)],
            failures=[PictureFailure(bad.pk, "image.truncated", "It is cut short.")],
            owner="me",
        )
        for row in (good, bad, empty):
            row.refresh_from_db()
        assert [row.state for row in (good, bad, empty)] == ["done", "failed", "done"]
        assert (bad.error_code, bad.error_message) == ("image.truncated", "It is cut short.")
        assert empty.face_count == 0
        job.refresh_from_db()
        assert (job.state, job.done, job.failed) == (Job.State.DONE, 2, 1)

    def test_the_event_follows_the_commit_and_names_what_changed(
        self, published, django_capture_on_commit_callbacks
    ):
        camera = CameraFactory()
        first, second = leased(camera=camera), leased()
        with django_capture_on_commit_callbacks(execute=True):
            complete_recognitions(
                [picture_result(first, face_result(), face_result())],
                failures=[PictureFailure(second.pk, "x", "x")],
                owner="me",
            )
            assert published == []
        [(topic, event)] = published
        assert (topic, event["type"], event["faces"]) == ("live", "sightings.finished", 2)
        assert dict(zip(event["ids"], event["camera_ids"], strict=True)) == {
            str(first.pk): str(camera.pk),
            str(second.pk): "",
        }

    def test_an_event_holds_no_face_no_name_and_no_score(
        self, published, django_capture_on_commit_callbacks
    ):
        person, row = enrolled_person(name="Ada Lovelace"), leased()
        with django_capture_on_commit_callbacks(execute=True):
            complete_recognitions([picture_result(row, face_result(person.pk))], owner="me")
        assert "Ada" not in repr(published)
        assert str(person.pk) not in repr(published)
        assert "0.83" not in repr(published)

    def test_nothing_finished_is_nothing_announced(
        self, published, django_capture_on_commit_callbacks
    ):
        row = leased("other")
        with django_capture_on_commit_callbacks(execute=True):
            complete_recognitions([picture_result(row)], owner="me")
        assert published == []


class TestReading:
    def test_a_token_reads_its_own_results_only(self):
        mine = RecognitionFactory(source="api", actor_id="17", actor_label="turnstile")
        foreign = [
            RecognitionFactory(source="api", actor_id="18", actor_label="turnstile"),
            RecognitionFactory(source="api", actor_id="", actor_label="turnstile"),
            RecognitionFactory(source="upload", actor_id="17", actor_label="turnstile"),
        ]
        actor = Actor(
            kind="token",
            id="17",
            label="turnstile",
            permissions=frozenset({"sightings.recognise"}),
        )
        with acting_as(actor):
            assert own_recognition(mine.pk) == mine
            for row in foreign:
                with pytest.raises(NotFound):
                    own_recognition(row.pk)

    def test_who_may_see_results_reads_them_all(self):
        row = RecognitionFactory(source="api", actor_label="door")
        with acting_as(Actor(kind="token", permissions=frozenset({"sightings.view"}))):
            assert own_recognition(row.pk) == row

    def test_without_either_right_nothing_is_read(self):
        row = RecognitionFactory()
        face = RecognisedFaceFactory()
        with acting_as(Actor(kind="token", permissions=frozenset({"people.view"}))):
            for read in (
                lambda: own_recognition(row.pk),
                lambda: visible_recognition(row.pk),
                lambda: visible_face(face.pk),
                latest_faces,
                decision_counts_today,
            ):
                with pytest.raises(PermissionMissing):
                    read()

    def test_the_stream_is_newest_first_and_can_be_narrowed_and_continued(self):
        camera = CameraFactory()
        old = RecognisedFaceFactory()
        mid = RecognisedFaceFactory(recognition__camera=camera, decision="match")
        new = RecognisedFaceFactory()
        assert [v.face for v in latest_faces()] == [new, mid, old]
        assert [v.face for v in latest_faces(limit=1)] == [new]
        assert [v.face for v in latest_faces(after_id=old.pk)] == [new, mid]
        assert [v.face for v in latest_faces(camera_id=camera.pk)] == [mid]
        assert [v.face for v in latest_faces(decision="match")] == [mid]

    def test_todays_faces_are_counted_since_midnight_of_the_site(self, time_machine, settings):
        settings.TIME_ZONE = "Europe/Berlin"
        time_machine.move_to("2026-03-01T22:30:00Z", tick=False)  # 23:30 of 1 March there
        RecognisedFaceFactory(decision="match")
        time_machine.shift(timedelta(hours=1))  # 0:30 of 2 March there
        RecognisedFaceFactory(decision="unknown")
        with timezone.override("Europe/Berlin"):
            assert decision_counts_today() == {"unknown": 1}
        with timezone.override("UTC"):
            assert decision_counts_today() == {"match": 1, "unknown": 1}
