"""From visits to punches: each passage once, with whoever it turns out to be."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from portal.attendance.models import (
    AttendanceDay,
    CollectMark,
    DayException,
    Punch,
    StaleDays,
)
from portal.attendance.services.collect import collect_again, collect_visits
from portal.attendance.services.recompute import recompute_stale
from portal.journal.services import undo_act
from portal.people.models import Person
from portal.people.services import erase_person, merge_people, remove_person, restore_person
from portal.people.services.unmerge import undo_merge
from portal.sightings.models import Visit
from portal.sightings.services.visits.absorb import absorb
from tests.factories import CameraFactory, PersonFactory, VisitFactory, VisitLegFactory
from tests.factories import attendance as of
from tests.factories.kiosks import KioskFactory
from tests.factories.visits import visit_with_face

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("administrator")]

CONFIRMED = {"decision": "match", "is_confirmed": True, "score": 0.8, "margin": 0.3}


def passed(person, *, camera=None, **fields) -> Visit:
    """A confirmed passage that is over."""
    camera = camera or CameraFactory(direction="in")
    return visit_with_face(person=person, camera=camera, **{**CONFIRMED, **fields})


def uncertain(*candidates, **fields) -> Visit:
    return visit_with_face(
        camera=CameraFactory(),
        decision="uncertain",
        candidates=[[str(person.pk), 0.47] for person in candidates],
        **fields,
    )


def changed(visit: Visit, **fields) -> None:
    """As whoever writes visits does it."""
    for name, value in fields.items():
        setattr(visit, name, value)
    visit.save()


class TestOnePassage:
    def test_a_confirmed_visit_is_one_punch_with_its_evidence(self):
        person = PersonFactory()
        visit = passed(person)
        assert collect_visits() == 1
        punch = Punch.objects.get()
        assert (punch.person, punch.visit, punch.camera) == (person, visit, visit.camera)
        assert (punch.at, punch.last_at) == (visit.first_at, visit.last_at)
        assert (punch.direction, punch.source, punch.state) == ("in", "camera", "counted")
        assert (punch.face, punch.score) == (visit.best_face, 0.8)
        assert punch.place == visit.camera.name
        assert StaleDays.objects.get().person == person

    def test_looking_again_and_again_changes_nothing(self):
        passed(PersonFactory())
        collect_visits()
        StaleDays.objects.all().delete()
        assert collect_visits() == collect_again(timezone.now() - timedelta(days=2)) == 0
        assert Punch.objects.count() == 1
        assert not StaleDays.objects.exists()

    def test_each_attendance_camera_of_a_visit_makes_its_punch(self):
        visit = passed(PersonFactory(), camera=CameraFactory(direction="in"))
        outside = CameraFactory(direction="out")
        VisitLegFactory(visit=visit, camera=outside)
        VisitLegFactory(visit=visit, camera=CameraFactory(is_for_attendance=False))
        collect_visits()
        assert {p.direction for p in Punch.objects.all()} == {"in", "out"}

    def test_a_name_that_is_only_likely_is_waited_for_and_then_a_human_is_asked(self):
        visit = passed(PersonFactory(), is_confirmed=False, closed_at=None)
        collect_visits()
        assert not Punch.objects.exists()
        changed(visit, closed_at=timezone.now())
        collect_visits()
        assert Punch.objects.get().state == "pending"

    def test_the_end_goes_on_while_somebody_stands_there(self):
        visit = passed(PersonFactory(), closed_at=None)
        collect_visits()
        leg = visit.legs.get()
        for seconds, is_written in ((5, False), (25, True)):
            leg.last_at = visit.last_at + timedelta(seconds=seconds)
            leg.save()
            changed(visit)
            collect_visits()
            assert (Punch.objects.get().last_at == leg.last_at) == is_written
        leg.last_at += timedelta(seconds=1)
        leg.save()
        changed(visit, closed_at=timezone.now())
        collect_visits()
        assert Punch.objects.get().last_at == leg.last_at

    def test_what_lies_in_the_future_is_quarantined(self):
        visit = passed(PersonFactory(), first_at=timezone.now() + timedelta(minutes=7))
        collect_visits()
        punch = Punch.objects.get()
        assert (punch.state, punch.visit) == ("quarantined", visit)
        collect_again(timezone.now() - timedelta(days=1))
        assert Punch.objects.get().state == "quarantined"
        assert not StaleDays.objects.exists()


class TestWhoItIs:
    @pytest.mark.parametrize(
        "fields",
        [
            {"decision": "unknown", "person": None},
            {"decision": "poor", "person": None},
            {"settled_as": "refused", "person": None},
            {"settled_as": "not_a_face", "person": None},
        ],
    )
    def test_nobody_makes_no_punch(self, fields):
        passed(**{"person": PersonFactory(), **fields})
        assert collect_visits() == 0

    def test_an_uncertain_one_waits_for_its_name_and_counts_once_it_is_confirmed(self):
        ada, eve = PersonFactory(), PersonFactory()
        visit = uncertain(ada, eve)
        collect_visits()
        punch = Punch.objects.get()
        assert (punch.person, punch.state) == (ada, "pending")
        changed(visit, settled_as="confirmed", person=ada)
        collect_visits()
        assert Punch.objects.get().state == "counted"

    def test_a_candidate_who_is_gone_is_not_waited_for(self):
        uncertain(PersonFactory(status="erased"))
        assert collect_visits() == 0

    def test_a_merge_takes_along_what_waits_for_its_name_and_gives_it_back(self):
        ada, twice = PersonFactory(), PersonFactory()
        visit = uncertain(ada)
        collect_visits()
        act = merge_people(ada, twice)
        changed(visit, faces_seen=9)
        collect_visits()
        punch = Punch.objects.get()
        assert (punch.person, punch.state, punch.voided_at) == (twice, "pending", None)
        undo_merge(act)
        changed(visit, faces_seen=10)
        collect_visits()
        punch = Punch.objects.get()
        assert (punch.person, punch.state, punch.voided_at) == (ada, "pending", None)

    def test_a_refused_name_strikes_the_punch_and_an_undo_brings_it_back(self):
        ada = PersonFactory()
        visit = passed(ada)
        collect_visits()
        changed(visit, settled_as="refused", settled_by="eve@example.org", person=None)
        collect_visits()
        struck = Punch.objects.get()
        assert struck.voided_at is not None
        assert (struck.voided_by, struck.person) == ("eve@example.org", ada)
        changed(visit, settled_as="", settled_by="", person=ada)
        collect_visits()
        assert Punch.objects.filter(voided_at=None, person=ada).count() == 1
        assert Punch.objects.count() == 2

    def test_what_a_person_struck_stays_struck(self):
        from portal.attendance.services.void import void_punch

        passed(PersonFactory())
        collect_visits()
        void_punch(Punch.objects.get(), reason="Only looked in", by="eve@example.org")
        assert collect_again(timezone.now() - timedelta(days=1)) == 0
        assert not Punch.objects.filter(voided_at=None).exists()

    def test_a_kiosk_makes_its_own_punches_and_they_follow_the_name_too(self):
        from portal.kiosk.models import Kiosk

        ada, eve = PersonFactory(), PersonFactory()
        visit = passed(ada)
        Kiosk.objects.create(camera=visit.camera, key_digest="x", sealed_secret=b"")
        assert collect_visits() == 0
        first = Punch.objects.create(
            person=ada, at=visit.first_at, last_at=visit.first_at, direction="out",
            source="kiosk", camera=visit.camera, visit=visit, idempotency_key="kiosk:1:1",
            received_at=visit.first_at,
        )  # fmt: skip
        changed(visit, settled_as="assigned", person=eve)
        collect_visits()
        first.refresh_from_db()
        new = Punch.objects.get(person=eve)
        assert first.superseded_by == new
        assert (new.source, new.direction, new.at) == ("kiosk", "out", first.at)


class TestANameThatWasClose:
    """It blocks the locking of a period: whoever confirms it must not have to waive it too."""

    @pytest.fixture
    def close(self):
        """A passage on a day of somebody's shift, with the next best hardly behind."""
        person = of.worker_on_shift()
        Person.objects.update(created_at=timezone.now() - timedelta(days=30))
        at = of.at(f"{timezone.now() - timedelta(days=1):%Y-%m-%d} 09:00")
        visit = passed(person, first_at=at, margin=0.06)
        assert self.states() == {"low_margin": "open"}
        return visit

    def states(self):
        collect_visits()
        recompute_stale()
        return dict(DayException.objects.filter(kind="low_margin").values_list("kind", "state"))

    def test_to_confirm_it_closes_the_note_and_to_take_that_back_opens_it(self, close):
        person = close.person
        day = AttendanceDay.objects.get(person=person, first_in=close.first_at)
        changed(close, settled_as="confirmed", person=person)
        assert self.states() == {"low_margin": "resolved"}
        changed(close, settled_as="")
        assert self.states() == {"low_margin": "open"}
        after = AttendanceDay.objects.get(pk=day.pk)
        assert (after.revision, after.inputs_hash) == (day.revision, day.inputs_hash)

    def test_another_that_is_close_on_the_same_day_keeps_it_open(self, close):
        passed(close.person, first_at=close.first_at + timedelta(hours=2), margin=0.07)
        changed(close, settled_as="confirmed", person=close.person)
        assert self.states() == {"low_margin": "open"}
        (row,) = DayException.objects.filter(kind="low_margin")
        assert "0.07" in row.detail

    def test_what_somebody_waived_is_not_opened_again(self, close):
        DayException.objects.update(state="waived", closed_by="eve@example.org")
        changed(close)
        assert self.states() == {"low_margin": "waived"}

    def test_looking_again_computes_nothing_anew(self, close):
        changed(close, settled_as="confirmed", person=close.person)
        self.states()
        collect_again(timezone.now() - timedelta(days=3))
        assert not StaleDays.objects.exists()


def night() -> int:
    return collect_again(timezone.now() - timedelta(days=3))


class TestWhoIsRemoved:
    """A removal can be undone for thirty days, with all that was there before."""

    @pytest.mark.parametrize("is_sure", [True, False])
    def test_what_they_have_stays_whether_or_not_the_name_was_certain(self, is_sure):
        ada = PersonFactory()
        if is_sure:
            passed(ada)
        else:
            uncertain(ada)
        collect_visits()
        remove_person(ada)
        assert night() == 0
        punch = Punch.objects.get()
        assert (punch.person, punch.voided_at) == (ada, None)

    def test_what_they_registered_at_a_kiosk_stays_too(self):
        ada = PersonFactory()
        visit = passed(ada)
        collect_visits()
        Punch.objects.update(source="kiosk")
        KioskFactory(camera=visit.camera)
        remove_person(ada)
        assert night() == 0
        assert Punch.objects.get().voided_at is None

    def test_somebody_else_s_is_struck_where_a_human_named_them(self):
        ada, eve = PersonFactory(), PersonFactory()
        visit = passed(eve)
        collect_visits()
        changed(visit, settled_as="assigned", person=ada)
        remove_person(ada)
        assert collect_visits() == 1
        assert Punch.objects.get().void_reason == "It was not this person"

    @pytest.mark.parametrize("way", ["undo", "restore"])
    def test_back_again_they_have_what_was_not_counted_meanwhile(self, way):
        ada = PersonFactory()
        visit = passed(ada, is_confirmed=False, closed_at=None)
        collect_visits()
        act = remove_person(ada)
        changed(visit, is_confirmed=True, closed_at=timezone.now())
        assert collect_visits() == 0
        CollectMark.objects.update(at=timezone.now() + timedelta(hours=1))
        if way == "undo":
            undo_act(act)
        else:
            restore_person(ada)
        punch = Punch.objects.get()
        assert (punch.person, punch.state) == (ada, "counted")

    def test_who_is_removed_and_erased_keeps_the_hours_and_loses_the_name(self):
        ada = PersonFactory()
        visit = passed(ada, settled_as="confirmed")
        collect_visits()
        erase_person(ada)
        visit.refresh_from_db()
        assert visit.person is None
        assert night() == 0
        assert Punch.objects.get().voided_at is None


class TestVisitsThatGo:
    def test_of_two_visits_that_turn_out_to_be_one_one_punch_counts(self):
        ada, camera = PersonFactory(), CameraFactory(direction="in")
        first = passed(ada, camera=camera)
        second = passed(ada, camera=camera, first_at=first.first_at + timedelta(seconds=15))
        collect_visits()
        assert Punch.objects.count() == 2
        absorb(second, first)
        first.save()
        collect_visits()
        kept = Punch.objects.get(voided_at=None)
        assert (kept.visit, kept.at) == (first, first.first_at)
        assert Punch.objects.get(voided_at__isnull=False).void_reason == "Counted twice"

    def test_a_purged_visit_leaves_its_punch(self):
        visit = passed(PersonFactory())
        collect_visits()
        Visit.objects.filter(pk=visit.pk).delete()
        collect_visits()
        punch = Punch.objects.get()
        assert (punch.visit, punch.voided_at) == (None, None)


class TestTheMark:
    def test_the_mark_only_goes_forward_and_what_came_before_it_is_found_at_night(self):
        visit = passed(PersonFactory())
        Visit.objects.filter(pk=visit.pk).update(changed_at=timezone.now() - timedelta(hours=3))
        collect_mark = CollectMark.objects.create(pk=1, at=timezone.now())
        assert collect_visits() == 0, "nobody told of it"
        collect_mark.refresh_from_db()
        assert collect_again(timezone.now() - timedelta(days=3)) == 1

    def test_more_visits_than_one_batch_are_all_found(self, monkeypatch):
        from portal.attendance.services.collect import visits

        monkeypatch.setattr(visits, "BATCH", 3)
        camera, person = CameraFactory(), PersonFactory()
        moment = timezone.now()
        for n in range(8):
            visit = VisitFactory(
                person=person, camera=camera, first_at=moment - timedelta(minutes=10 * n),
                **CONFIRMED,
            )  # fmt: skip
            VisitLegFactory(visit=visit)
        Visit.objects.update(changed_at=moment)
        assert collect_visits() == 8
