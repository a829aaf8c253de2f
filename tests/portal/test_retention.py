"""Retention: one set of numbers for the purge, its trial and the public page; a legal hold wins."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from portal.audit.models import AuditEntry
from portal.core.errors import DomainError
from portal.core.vault import vault
from portal.enrolment.models import Enrolment
from portal.jobs.models import Job, JobLine
from portal.journal.models import Act
from portal.people.models import Person
from portal.people.services import erase_person, remove_person
from portal.privacy.clocks import clocks, days_in_words
from portal.privacy.models import RetentionRule
from portal.privacy.selectors import days_of, next_purge_at, retention, would_delete
from portal.privacy.services import change_retention, note_interactions, purge_everything
from portal.sightings.models import RecognisedFace, Recognition
from tests.factories import (
    EnrolmentFaceFactory,
    EnrolmentFactory,
    JobFactory,
    PersonFactory,
    RecognisedFaceFactory,
    RecognitionFactory,
    enrolled_person,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("administrator")]

NOW = "2026-03-01T10:00:00Z"


@pytest.fixture
def noon(time_machine):
    time_machine.move_to(NOW, tick=False)


def aged(row, **age: float):
    """The row, made ``age`` ago."""
    type(row).objects.filter(pk=row.pk).update(created_at=timezone.now() - timedelta(**age))
    return row


def sighting(*, known: bool = False, **age: float) -> RecognisedFace:
    person = PersonFactory() if known else None
    face = RecognisedFaceFactory(person=person, decision="match" if known else "unknown")
    aged(face.recognition, **age)
    return face


class TestNumbers:
    def test_the_operators_setting_is_the_default_for_sightings(self, settings):
        settings.PICTURE_RETENTION_DAYS = 7
        assert [days_of(c) for c in ("pictures", "unknown_crops", "results")] == [7, 7, 7]

    def test_what_is_changed_holds_and_is_audited_with_what_was_before(self):
        assert change_retention({"results": 90, "pictures": 3, "left": 30}) == {
            "results": 90,
            "pictures": 3,
        }
        assert (days_of("results"), days_of("pictures"), days_of("left")) == (90, 3, 30)
        entry = AuditEntry.objects.get(action="privacy.retention.changed")
        assert (entry.before, entry.after) == (
            {"results": 30, "pictures": 30},
            {"results": 90, "pictures": 3},
        )
        assert change_retention({"results": 90}) == {}
        assert RetentionRule.objects.count() == 2

    @pytest.mark.parametrize(
        ("days", "code", "why"),
        [
            ({"left": 0}, "retention.days", "not even a day"),
            ({"left": 36_501}, "retention.days", "more than a century"),
            ({"removed": 5}, "retention.fixed", "the journal's own life"),
            ({"audit": 5}, "retention.fixed", "kept for good"),
            ({"coffee": 5}, "retention.fixed", "no such category"),
            ({"pictures": 31}, "retention.order", "longer than its result"),
            ({"results": 29}, "retention.order", "shorter than its crops"),
        ],
    )
    def test_what_cannot_be(self, days, code, why):
        with pytest.raises(DomainError) as refused:
            change_retention(days)
        assert refused.value.code == code, why
        assert not RetentionRule.objects.exists()

    def test_a_row_of_a_fixed_category_changes_nothing(self):
        RetentionRule.objects.create(category="removed", days=1)
        assert days_of("removed") == Act.LIFE.days

    @pytest.mark.parametrize(
        ("days", "words"),
        [(1, "1 day"), (30, "30 days"), (365, "1 year"), (1095, "3 years"), (None, "for good")],
    )
    def test_days_in_words(self, days, words):
        assert days_in_words(days) == words

    @pytest.mark.parametrize(
        ("now", "due"),
        [
            ("2026-03-01T03:14:59Z", "2026-03-01T03:15:00+00:00"),
            ("2026-03-01T03:15:00Z", "2026-03-02T03:15:00+00:00"),
        ],
    )
    def test_when_the_next_purge_is_due(self, time_machine, now, due):
        time_machine.move_to(now, tick=False)
        assert next_purge_at().isoformat() == due

    def test_the_worker_rings_at_the_hour_that_the_page_names(self):
        from portal.privacy.clocks import PURGE_AT
        from workers.schedule import SCHEDULE

        rings = SCHEDULE["purge"]["schedule"]
        assert (rings.hour, rings.minute) == ({PURGE_AT.hour}, {PURGE_AT.minute})


@pytest.mark.usefixtures("noon")
class TestSightings:
    @hypothesis_settings(
        max_examples=12,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        ages_h=st.lists(st.floats(min_value=0, max_value=200), max_size=6),
        pictures=st.integers(1, 3),
        crops=st.integers(1, 3),
    )
    def test_nothing_older_survives_and_nothing_younger_is_deleted(
        self, ages_h, pictures, crops, vault_files
    ):
        days = {"pictures": pictures, "unknown_crops": crops, "results": 4}
        RetentionRule.objects.all().delete()
        Recognition.objects.all().delete()
        change_retention(days)
        faces = [sighting(hours=hours) for hours in ages_h]

        def survives(category: str, hours: float) -> bool:
            return timedelta(hours=hours) <= timedelta(days=days[category])

        promised = would_delete()
        deleted = purge_everything()
        assert {c: deleted[c] for c in days} == {c: promised[c] for c in days}
        for face, hours in zip(faces, ages_h, strict=True):
            row = Recognition.objects.filter(pk=face.recognition_id).first()
            assert (row is not None) is survives("results", hours)
            blobs = vault_files.blobs()
            assert (face.recognition.picture_key in blobs) is survives("pictures", hours)
            assert (face.portrait_key in blobs) is survives("unknown_crops", hours)
            if row:
                crop = row.faces.get().portrait_key
                assert (bool(row.picture_key), bool(crop)) == (
                    survives("pictures", hours),
                    survives("unknown_crops", hours),
                )

    @pytest.mark.parametrize(
        ("age", "survives", "why"),
        [
            ({"days": 30, "seconds": -1}, True, "a second is left"),
            ({"days": 30, "seconds": 1}, False, "a second too old"),
            ({"days": 400}, False, "forgotten for a year"),
        ],
    )
    def test_the_border_of_the_retention(self, age, survives, why, vault_files):
        sighting(**age)
        purge_everything()
        assert Recognition.objects.exists() is survives, why
        assert len(vault_files.blobs()) == (2 if survives else 0)

    def test_a_known_face_keeps_its_crop_as_long_as_its_result(self, vault_files):
        change_retention({"pictures": 1, "unknown_crops": 1})
        known, unknown = sighting(known=True, days=3), sighting(days=3)
        purge_everything()
        assert vault_files.blobs() == {known.portrait_key}
        assert Recognition.objects.count() == 2
        unknown.refresh_from_db()
        assert unknown.decision == "unknown"

    def test_pictures_that_were_never_recognised_go_too(self, vault_files):
        for _ in range(2):
            aged(RecognitionFactory(), days=31)
        assert purge_everything()["results"] == 2
        assert vault_files.blobs() == set()

    def test_a_purge_may_be_repeated_and_is_audited_when_it_did_something(self):
        row = aged(RecognitionFactory(), days=31)
        vault().delete(row.picture_key)  # a crash after the blobs, before the rows
        assert purge_everything()["results"] == 1
        assert not any(purge_everything().values())
        entry = AuditEntry.objects.get(action="privacy.purged")
        assert entry.after["deleted"]["results"] == 1
        assert entry.after["days"]["results"] == 30

    def test_a_legal_hold_keeps_whatever_shows_the_person(self, vault_files):
        held = sighting(known=True, days=90)
        Person.objects.update(legal_hold=True)
        other = sighting(known=True, days=90)
        assert would_delete()["results"] == 1
        purge_everything()
        assert set(RecognisedFace.objects.all()) == {held}
        assert vault_files.blobs() == {held.portrait_key, held.recognition.picture_key}
        assert other.portrait_key not in vault_files.blobs()


@pytest.mark.usefixtures("noon")
def test_enrolments_that_nobody_finished_or_approved_go_each_after_its_time(
    vault_files, django_capture_on_commit_callbacks
):
    def draft(state: str, **age: float) -> Enrolment:
        row = EnrolmentFactory(state=state)
        EnrolmentFaceFactory(photo__enrolment=row)
        return aged(row, **age)

    gone = [draft("draft", hours=24.1), draft("submitted", days=14.1)]
    kept = [draft("draft", hours=23.9), draft("submitted", days=13.9), draft("confirmed", days=90)]
    keys = [one.data_key_id for one in gone]
    assert (would_delete()["drafts"], would_delete()["submissions"]) == (1, 1)
    with django_capture_on_commit_callbacks(execute=True):
        purge_everything()
    assert set(Enrolment.objects.all()) == set(kept)
    assert len(vault_files.blobs()) == 9
    from portal.core.models import DataKey

    assert set(DataKey.objects.exclude(destroyed_at=None).values_list("pk", flat=True)) == set(keys)


@pytest.mark.usefixtures("noon")
def test_logs_of_jobs_go_and_what_they_did_stays():
    def job(**age: float) -> Job:
        row = JobFactory(state=Job.State.DONE, finished_at=timezone.now() - timedelta(**age))
        JobLine.objects.create(job=row, text="1003.jpg: no face found")
        return row

    gone, kept, running = job(days=91), job(days=89), JobFactory(state=Job.State.RUNNING)
    result = sighting(known=False, days=1)
    Recognition.objects.filter(pk=result.recognition_id).update(job=gone)
    assert would_delete()["jobs"] == 1
    purge_everything()
    assert set(Job.objects.all()) == {kept, running}
    assert JobLine.objects.get().job == kept
    assert Recognition.objects.get(pk=result.recognition_id).job is None


@pytest.mark.usefixtures("noon")
class TestPeople:
    @pytest.mark.parametrize(
        ("status", "left_days_ago", "is_kept", "why"),
        [
            ("left", 29, True, "left lately"),
            ("left", 32, False, "left long ago"),
            ("active", 32, True, "came back"),
        ],
    )
    def test_photos_of_who_left_go_and_the_entry_stays(self, status, left_days_ago, is_kept, why):
        day = timezone.localdate() - timedelta(days=left_days_ago)
        person = enrolled_person(1, name="Ada", status=status, employed_to=day)
        purge_everything()
        person.refresh_from_db()
        assert person.images.exists() is is_kept, why
        assert person.consents.filter(withdrawn_at=None).exists() is is_kept
        assert person.name == "Ada"

    @pytest.mark.parametrize(
        ("seen_days_ago", "is_kept"), [(None, False), (1094, True), (1096, False)]
    )
    def test_the_limit_after_the_last_interaction(self, seen_days_ago, is_kept):
        person = aged(enrolled_person(1), days=2000)
        if seen_days_ago is not None:
            seen = timezone.now() - timedelta(days=seen_days_ago)
            Person.objects.filter(pk=person.pk).update(last_interaction_at=seen)
        purge_everything()
        assert person.images.exists() is is_kept

    def test_when_somebody_was_seen_outlives_the_result_that_said_so(self):
        person = aged(enrolled_person(1), days=2000)
        seen_at = timezone.now() - timedelta(days=40)
        for at in (seen_at, seen_at - timedelta(days=1)):
            face = RecognisedFaceFactory(person=person, recognition__captured_at=at)
            aged(face.recognition, days=40)
        purge_everything()
        person.refresh_from_db()
        assert not Recognition.objects.exists()
        assert person.last_interaction_at == seen_at
        assert person.images.exists(), "seen 40 days ago is within three years"

    def test_only_who_was_seen_anew_is_written(self):
        person = enrolled_person(1)
        RecognisedFaceFactory(person=person)
        assert note_interactions() == 1
        assert note_interactions() == 0

    def test_removed_people_are_erased_when_the_journal_forgets_them(self, time_machine):
        ada, bob = enrolled_person(1, name="Ada"), enrolled_person(2)
        remove_person(ada)
        time_machine.shift(Act.LIFE - timedelta(seconds=1))
        purge_everything()
        ada.refresh_from_db()
        assert ada.status == "removed"
        assert Act.objects.exists()
        time_machine.shift(timedelta(seconds=2))
        assert would_delete()["removed"] == 1
        purge_everything()
        ada.refresh_from_db()
        bob.refresh_from_db()
        assert (ada.status, ada.name) == ("erased", "Erased person")
        assert bob.status == "active"
        assert not Act.objects.exists()

    def test_who_is_put_under_a_hold_in_that_moment_stops_nobody_elses_erasure(self, monkeypatch):
        people = [enrolled_person(n, status="removed") for n in range(2)]
        Person.objects.update(updated_at=timezone.now() - timedelta(days=40))
        from portal.privacy.services import purge

        def then_a_hold_comes(person, *, reason):
            Person.objects.filter(pk=people[0].pk).update(legal_hold=True)
            return erase_person(person, reason=reason)

        monkeypatch.setattr(purge, "erase_person", then_a_hold_comes)
        assert purge_everything()["removed"] == 1
        assert {one.status for one in Person.objects.all()} == {"removed", "erased"}

    def test_a_legal_hold_wins_over_every_clock(self):
        day = timezone.localdate() - timedelta(days=400)
        people = [
            enrolled_person(1, status="left", employed_to=day, legal_hold=True),
            aged(enrolled_person(2, legal_hold=True), days=2000),
            enrolled_person(3, status="removed", legal_hold=True),
        ]
        Person.objects.update(updated_at=timezone.now() - timedelta(days=400))
        draft = EnrolmentFactory(person=people[0])
        aged(draft, days=400)
        before = {one.pk: one.images.count() for one in people}
        assert not any(would_delete().values())
        purge_everything()
        assert {one.pk: one.images.count() for one in people} == before
        assert Enrolment.objects.filter(pk=draft.pk).exists()
        assert not Person.objects.filter(status="erased").exists()


def test_every_clock_but_the_endless_one_has_its_rows_and_its_deed():
    from portal.privacy.expired import EXPIRED
    from portal.privacy.services.purge import _EFFECTS

    ending = {clock.category for clock in clocks() if clock.default_days is not None}
    assert ending == set(EXPIRED) == set(_EFFECTS)
    assert {rule.clock.category for rule in retention()} == ending | {"audit"}
