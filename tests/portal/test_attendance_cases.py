"""Cases 89 to 104 of the specification: what only a database can show."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.utils import timezone

from portal.attendance.models import (
    Adjustment,
    AttendanceDay,
    DayException,
    DayRevision,
    Punch,
    StaleDays,
)
from portal.attendance.services.collect import collect_visits, tell_moves
from portal.attendance.services.enter import NewPunch, enter_punches
from portal.attendance.services.recompute import (
    has_stale,
    mark_due,
    mark_recent,
    preview_recompute,
    queue,
    recompute_people,
    recompute_stale,
)
from portal.attendance.services.stale import mark_stale
from portal.audit.models import AuditEntry
from portal.cameras.models import CameraHealth
from portal.core.errors import DomainError
from portal.journal.services import undo_act
from portal.people.models import Person
from portal.people.services import (
    PersonDetails,
    create_person,
    erase_person,
    mark_left,
    merge_people,
    place_person,
    remove_person,
    withdraw_consent,
)
from portal.review.services import name_visit
from portal.schedules.changes import PlanChange, counted, tell
from portal.schedules.models import PolicyVersion, ShiftVersion
from tests.factories import CameraFactory, PersonFactory, VisitFactory, enrolled_person
from tests.factories import attendance as of
from tests.factories.visits import visit_with_face

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("administrator")]

MONDAY, TUESDAY = "2026-05-04", "2026-05-05"
CONFIRMED = {"decision": "match", "is_confirmed": True, "score": 0.8, "margin": 0.3}


def worked(person, day=MONDAY):
    return of.seen_at(person, f"in {day} 09:00", f"out {day} 17:00")


def keys_of(person) -> list[str]:
    """Of all punches that the person's days are made of."""
    days = AttendanceDay.objects.filter(person=person).order_by("work_date")
    return [key for day in days for key in day.punch_keys]


def stale(person) -> tuple[date, date, int]:
    row = StaleDays.objects.get(person=person)
    return row.first, row.last, row.generation


def today_of(person) -> date:
    return timezone.now().astimezone(ZoneInfo(person.site.time_zone)).date()


class TestCase89TwoWorkersAtTheSameDays:
    """How they fare with real ones on either database: ``tests/integration``."""

    def test_who_is_at_it_has_it_alone_until_something_changes(self, monkeypatch):
        person = of.worker_on_shift()
        day = {"first": date(2026, 5, 4), "last": date(2026, 5, 4)}
        mark_stale([person.pk], **day, cause="punch")
        compute, is_free = queue.compute, []

        def compute_and_look(spans, **options):
            is_free.append(has_stale())
            if len(is_free) == 1:
                mark_stale([person.pk], **day, cause="punch")
                is_free.append(has_stale())
            return compute(spans, **options)

        monkeypatch.setattr(queue, "compute", compute_and_look)
        recompute_stale()
        assert is_free == [False, True, False]
        assert not StaleDays.objects.exists()

    def test_what_a_dead_worker_was_at_is_anybodys_soon(self):
        person = of.worker_on_shift()
        worked(person)
        mark_stale([person.pk], first=date(2026, 5, 4), last=date(2026, 5, 4), cause="punch")
        now = timezone.now()
        StaleDays.objects.update(claim="dead", claimed_until=now + timedelta(seconds=9))
        recompute_stale()
        assert not AttendanceDay.objects.exists()
        StaleDays.objects.update(claimed_until=now - timedelta(seconds=1))
        recompute_stale()
        assert AttendanceDay.objects.get().status == "present"


class TestCase90APunchWhileTheDayIsComputed:
    def test_the_day_ends_with_it(self, monkeypatch):
        """It comes between reading and storing: the row of stale days stays, and is worked off."""
        person = of.worker_on_shift()
        (came,) = of.seen_at(person, f"in {MONDAY} 09:00")
        mark_stale([person.pk], first=date(2026, 5, 4), last=date(2026, 5, 4), cause="punch")
        compute, rounds = queue.compute, []

        def compute_and_be_late(spans, **options):
            found = compute(spans, **options)
            rounds.append(1)
            if len(rounds) == 1:
                enter_punches(
                    [
                        NewPunch(
                            person_id=person.pk, at=of.at(f"{MONDAY} 17:00"), direction="out",
                            source="camera", idempotency_key="late",
                        )
                    ]
                )  # fmt: skip
            return found

        monkeypatch.setattr(queue, "compute", compute_and_be_late)
        recompute_stale()
        day = AttendanceDay.objects.get(work_date=MONDAY)
        assert (len(rounds), day.status, day.worked_min) == (2, "present", 480)
        assert day.punch_keys[0] == str(came.pk)
        assert not StaleDays.objects.exists()


class TestCase91ASettledPeriod:
    def test_its_day_stays_and_what_it_is_off_by_is_added(self):
        person = of.worker_on_shift()
        worked(person)
        (day,) = of.computed(person, MONDAY)
        of.PeriodFactory(first=date(2026, 5, 1), last=date(2026, 5, 31), state="locked")
        of.seen_at(person, f"out {MONDAY} 18:00")
        (after,) = of.computed(person, MONDAY)
        assert (after.worked_min, after.revision, after.inputs_hash) == (480, 1, day.inputs_hash)
        first = Adjustment.objects.get()
        assert (first.worked_delta_min, first.overtime_delta_min) == (60, 60)
        assert (first.status_before, first.status_after) == ("present", "present")
        of.computed(person, MONDAY)
        assert Adjustment.objects.count() == 1, "the same again is no further row"

    def test_what_is_taken_back_is_taken_back_by_a_further_row(self):
        person = of.worker_on_shift()
        worked(person)
        of.computed(person, MONDAY)
        of.PeriodFactory(first=date(2026, 5, 1), last=date(2026, 5, 31), state="exported")
        (late,) = of.seen_at(person, f"out {MONDAY} 18:00")
        of.computed(person, MONDAY)
        Punch.objects.filter(pk=late.pk).update(voided_at=timezone.now())
        of.computed(person, MONDAY)
        deltas = Adjustment.objects.order_by("id").values_list("worked_delta_min", flat=True)
        assert list(deltas) == [60, -60]
        assert not DayRevision.objects.exists()

    def test_a_settled_day_that_would_go_is_adjusted_to_nothing(self):
        person = of.worker_on_shift()
        worked(person)
        of.computed(person, MONDAY)
        of.PeriodFactory(first=date(2026, 5, 1), last=date(2026, 5, 31), state="locked")
        person.assignments.all().delete()
        Punch.objects.update(voided_at=timezone.now())
        assert [day.worked_min for day in of.computed(person, MONDAY)] == [480]
        row = Adjustment.objects.get()
        assert (row.payable_delta_min, row.status_after) == (-480, "")


class TestCase93AFaceThatWasSomebodyElses:
    @pytest.fixture
    def moved(self, settings):
        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
        ada = of.worker_on_shift(name="Ada", email="ada@example.org")
        eve = of.worker_on_shift(name="Eve", email="eve@example.org", site=ada.site)
        first = timezone.now() - timedelta(days=1)
        visit = visit_with_face(
            person=ada, camera=CameraFactory(site=ada.site, direction="in"), first_at=first,
            candidates=[[str(ada.pk), 0.8]], **CONFIRMED,
        )  # fmt: skip
        collect_visits()
        recompute_stale()
        assert keys_of(ada) == [str(Punch.objects.get().pk)]
        name_visit(visit, eve)
        collect_visits()
        recompute_stale()
        return ada, eve

    def test_both_days_are_computed_anew_and_the_two_punches_know_of_each_other(self, moved):
        ada, eve = moved
        old, new = Punch.objects.get(person=ada), Punch.objects.get(person=eve)
        assert (keys_of(ada), keys_of(eve)) == ([], [str(new.pk)])
        assert (old.superseded_by, old.void_reason) == (new, "It was somebody else")
        assert (new.at, new.camera, new.visit) == (old.at, old.camera, old.visit)
        entry = AuditEntry.objects.get(action="attendance.punch.moved")
        assert entry.before["person"] == str(ada.pk)
        assert entry.after["person"] == str(eve.pk)

    def test_each_is_written_to_once(self, moved):
        assert tell_moves() == 2
        assert tell_moves() == 0
        assert sorted(m.to[0] for m in mail.outbox) == ["ada@example.org", "eve@example.org"]
        taken, added = sorted(mail.outbox, key=lambda m: m.to)
        assert "taken back" in taken.subject
        assert "added" in added.subject
        assert "Eve" not in taken.body
        assert "Ada" not in added.body

    def test_who_has_no_address_is_not_waited_for(self, moved):
        Person.objects.update(email="")
        assert tell_moves() == 0
        assert not Punch.objects.filter(told_at=None).exists()


class TestCase94OnePersonEnteredTwice:
    def test_punches_move_days_are_computed_anew_and_the_undo_brings_all_back(self):
        ada = of.worker_on_shift(name="Ada", code="17")
        twin = PersonFactory(name="Ada again", code="18", site=ada.site, department=ada.department)
        of.seen_at(ada, f"in {MONDAY} 09:00")
        of.seen_at(twin, f"out {MONDAY} 17:00")
        of.computed(ada, MONDAY)
        of.computed(twin, MONDAY)
        assert AttendanceDay.objects.get(person=twin).status == "incomplete"

        act = merge_people(twin, ada)
        assert stale(ada)[0] <= date(2026, 5, 4)
        recompute_stale()
        days = AttendanceDay.objects.filter(work_date=MONDAY)
        assert [(day.person, day.status, day.worked_min) for day in days] == [(ada, "present", 480)]
        assert Punch.objects.filter(person=ada).count() == 2
        with pytest.raises(DomainError, match="18"):
            create_person(PersonDetails(name="Eve", code="18"))

        undo_act(act)
        recompute_stale()
        days = AttendanceDay.objects.filter(work_date=MONDAY).order_by("person")
        assert {day.person: day.status for day in days} == {ada: "incomplete", twin: "incomplete"}
        assert Punch.objects.filter(person=twin).count() == 1


class TestCase95ACodeThatSomebodyHad:
    def test_nobody_sees_the_punches_of_who_had_it(self):
        """BioStar 2.8.9 gave a new user the logs of a deleted one."""
        person = of.worker_on_shift(code="17")
        worked(person)
        of.computed(person, MONDAY)
        erase_person(person)
        with pytest.raises(DomainError, match="never used twice"):
            create_person(PersonDetails(name="Eve", code="17"))
        assert Punch.objects.filter(person=person).count() == 2
        person.refresh_from_db()
        assert person.name == "Erased person"
        recompute_stale()
        day = AttendanceDay.objects.get(work_date=MONDAY)
        assert (day.status, day.worked_min) == ("present", 480), "hours that were worked stay"


class TestCase96ARosterChangedForLastWeek:
    def test_days_are_computed_by_the_new_version_and_revisions_keep_the_old_result(self):
        person = of.worker_on_shift()
        of.seen_at(person, f"in {MONDAY} 09:00", f"out {MONDAY} 17:00")
        of.computed(person, MONDAY)
        shift = person.assignments.get().turns.get().shift
        old = shift.versions.get()
        new = ShiftVersion.objects.create(
            shift=shift, number=2, start="08:00", end="16:00", days=old.days, policy=old.policy,
        )  # fmt: skip
        tell(
            PlanChange(
                person_ids=frozenset([person.pk]), first=date(2026, 5, 4), last=None,
                cause="shift_version",
            )
        )  # fmt: skip
        recompute_stale()
        day = AttendanceDay.objects.get(work_date=MONDAY)
        assert (day.late_min, day.shift, day.revision) == (60, new, 2)
        revision = DayRevision.objects.get(work_date=MONDAY)
        assert (revision.before["late_min"], revision.before["shift"]) == (0, str(old.pk))
        assert (revision.after["late_min"], revision.cause) == (60, "shift_version")


class TestCase97APolicyIsEdited:
    def test_it_is_said_beforehand_how_many_days_would_change_and_none_does_until_asked(self):
        person = of.worker_on_shift()
        for day in (MONDAY, TUESDAY):
            of.seen_at(person, f"in {day} 09:04", f"out {day} 17:00")
        of.seen_at(person, "in 2026-05-06 08:59", "out 2026-05-06 17:00")
        of.computed(person, MONDAY, "2026-05-06")
        policy = person.assignments.get().turns.get().shift.versions.get().policy
        PolicyVersion.objects.create(policy=policy, number=2, grace_late_min=0)
        change = PlanChange(
            person_ids=None, first=date(2026, 5, 1), last=date(2026, 5, 31), cause="policy_version"
        )
        # A day is an other one for the rule it goes by, too.
        assert (counted(change).days, counted(change).people) == (3, 1)
        assert [d.late_min for d in AttendanceDay.objects.order_by("work_date")] == [0, 0, 0]
        recompute_people(
            [person.pk], first=date(2026, 5, 4), last=date(2026, 5, 6), cause="policy_version"
        )
        assert [d.late_min for d in AttendanceDay.objects.order_by("work_date")] == [4, 4, 0]
        assert preview_recompute(None, first=date(2026, 5, 4), last=date(2026, 5, 6)).days == 0


class TestCase98ACameraThatWasAway:
    def test_the_day_is_pending_until_its_queue_arrives_and_correct_then(self):
        person = of.worker_on_shift("07:00", "10:00", shift__policy=_short_windows())
        camera = CameraFactory(site=person.site, kind="rtsp", direction="in", name="Entrance")
        health = CameraHealth.objects.create(
            camera=camera, state="offline", state_since=of.at(f"{MONDAY} 08:30"),
            complete_until=of.at(f"{MONDAY} 08:30"),
        )  # fmt: skip
        (day,) = of.computed(person, MONDAY, now=f"{MONDAY} 10:50")
        assert day.status == "pending", "nobody is absent because a camera was away"
        gap = DayException.objects.get()
        assert (gap.kind, gap.state) == ("camera_gap", "open")
        assert gap.detail == "Entrance has reported up to 08:30"

        of.seen_at(
            person, f"in {MONDAY} 08:45", f"out {MONDAY} 09:58", camera=camera,
            received_at=of.at(f"{MONDAY} 12:00"),
        )  # fmt: skip
        health.complete_until = of.at(f"{MONDAY} 12:00")
        health.save()
        (day,) = of.computed(person, MONDAY, now=f"{MONDAY} 12:00")
        assert (day.status, day.late_min, day.worked_min) == ("present", 105, 73)
        states = dict(DayException.objects.values_list("kind", "state"))
        assert states == {"camera_gap": "resolved", "late": "open", "late_delivery": "open"}

    def test_the_clock_looks_again_when_the_cameras_have_reported(self, time_machine_now):
        person = of.worker_on_shift("07:00", "10:00", shift__policy=_short_windows())
        camera = CameraFactory(site=person.site, kind="rtsp")
        health = CameraHealth.objects.create(
            camera=camera, state="online", state_since=of.at(f"{MONDAY} 05:00"),
            complete_until=of.at(f"{MONDAY} 08:30"),
        )  # fmt: skip
        statuses = []
        for now, mark in (
            ("06:30", "06:29"), ("07:00", "06:59"), ("10:00", "09:59"), ("10:30", "10:29"),
            ("10:40", "10:29"), ("10:46", "10:29"), ("10:47", "10:31"),
        ):  # fmt: skip
            time_machine_now(of.at(f"{MONDAY} {now}"))
            health.complete_until = of.at(f"{MONDAY} {mark}")
            health.save()
            if not statuses:
                Person.objects.update(created_at=of.at("2026-05-04 00:00"))
                mark_recent()
            else:
                mark_due()
            recompute_stale()
            day = AttendanceDay.objects.get(work_date=MONDAY)
            kinds = set(DayException.objects.filter(state="open").values_list("kind", flat=True))
            statuses.append((now, day.status, kinds))
        assert statuses == [
            ("06:30", "expected", set()),
            ("07:00", "not_arrived", set()),
            ("10:00", "pending", set()),
            ("10:30", "pending", set()),
            ("10:40", "pending", set()),
            ("10:46", "pending", {"camera_gap"}),
            ("10:47", "absent", {"absent"}),
        ]
        time_machine_now(of.at(f"{MONDAY} 11:00"))
        assert mark_due() == 0, "what is settled is not looked at again"

    @pytest.mark.parametrize(
        ("camera", "status"),
        [
            ({"kind": "rtsp"}, "pending"),
            ({"kind": "push"}, "absent"),
            ({"kind": "browser"}, "absent"),
            ({"kind": "rtsp", "is_enabled": False}, "absent"),
            ({"kind": "rtsp", "is_for_attendance": False}, "absent"),
            (
                {"kind": "rtsp", "schedule": [{"days": [5], "from": "07:00", "to": "08:00"}]},
                "absent",
            ),
        ],
        ids=["awaited", "sends by itself", "a tab", "off", "of no use here", "outside its hours"],
    )
    def test_who_holds_a_day_up(self, camera, status):
        person = of.worker_on_shift()
        CameraFactory(site=person.site, **camera)
        assert of.computed(person, MONDAY)[0].status == status


class TestCase99AClockThatIsFast:
    def test_seven_minutes_ahead_is_not_believed_and_two_are(self):
        person = of.worker_on_shift()
        now = timezone.now()
        entered = enter_punches(
            [
                NewPunch(
                    person_id=person.pk, at=now + timedelta(minutes=ahead), source="camera",
                    idempotency_key=f"ahead {ahead}",
                )
                for ahead in (7, 2)
            ]
        )  # fmt: skip
        assert [each.punch.state for each in entered] == ["quarantined", "counted"]
        recompute_stale()
        keys = [key for day in AttendanceDay.objects.all() for key in day.punch_keys]
        assert keys == [str(entered[1].punch.pk)]


class TestCase100ConsentIsWithdrawn:
    def test_the_mornings_punch_stays_and_nothing_follows(self):
        ada = enrolled_person(1, site=of.berlin_site(), department=None)
        morning = timezone.now() - timedelta(hours=3)
        visit_with_face(person=ada, camera=CameraFactory(), first_at=morning, **CONFIRMED)
        collect_visits()
        withdraw_consent(ada)
        VisitFactory(decision="unknown", candidates=[])
        collect_visits()
        recompute_stale()
        punch = Punch.objects.get()
        assert (punch.person, punch.at, punch.voided_at) == (ada, morning, None)
        assert AttendanceDay.objects.filter(punch_keys=[str(punch.pk)]).exists()


class TestCase101SomebodyLeaves:
    def test_no_day_after_the_last_and_an_open_one_is_incomplete(self):
        person = of.worker_on_shift(employed_to=date(2026, 5, 5))
        of.seen_at(person, f"in {TUESDAY} 09:00")
        days = of.computed(person, MONDAY, "2026-05-08")
        assert [(str(d.work_date), d.status) for d in days] == [
            (MONDAY, "absent"), (TUESDAY, "incomplete"),
        ]  # fmt: skip

    def test_days_that_were_stored_ahead_go(self):
        person = of.worker_on_shift()
        mark_recent()
        recompute_stale()
        today = today_of(person)
        tomorrow = today + timedelta(days=1)
        assert AttendanceDay.objects.filter(work_date=tomorrow).exists()
        mark_left(person, timezone.localdate())
        recompute_stale()
        assert not AttendanceDay.objects.filter(
            work_date__gt=max(today, timezone.localdate())
        ).exists()

    def test_who_is_removed_is_expected_no_more(self):
        person = of.worker_on_shift()
        mark_recent()
        recompute_stale()
        remove_person(person)
        recompute_stale()
        limit = timezone.now().astimezone(ZoneInfo("Europe/Berlin")).date()
        assert not AttendanceDay.objects.filter(work_date__gt=limit).exists()

    def test_who_is_erased_leaves_nothing_that_is_still_to_come(self):
        person = of.worker_on_shift()
        mark_recent()
        recompute_stale()
        erase_person(person)
        recompute_stale()
        assert not AttendanceDay.objects.filter(status__in=["expected", "not_arrived"]).exists()
        assert not StaleDays.objects.exists()


class TestPeopleChange:
    def test_another_site_has_another_clock(self):
        person = of.worker_on_shift()
        StaleDays.objects.all().delete()
        place_person(person, site=PersonFactory().site, department=None)
        first, last, _ = stale(person)
        assert first <= timezone.localdate() <= last

    def test_a_new_person_has_days_at_once_and_none_before(self):
        of.assigned(of.shift_with_hours())
        person = create_person(PersonDetails(name="Ada"))
        recompute_stale()
        dates = sorted(AttendanceDay.objects.values_list("work_date", flat=True))
        today = today_of(person)
        assert dates == [today, today + timedelta(days=1)]


def _short_windows():
    return of.WorkPolicyFactory(version__late_out_min=30)


@pytest.fixture
def time_machine_now():
    """Put the clock to an instant; it stands there."""
    import time_machine

    travels = []

    def put(instant: datetime) -> None:
        for each in travels:
            each.stop()
        travels[:] = [time_machine.travel(instant, tick=False)]
        travels[0].start()

    yield put
    for each in travels:
        each.stop()
