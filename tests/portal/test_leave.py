"""Leave: asked for, decided by another, withdrawn; what overlaps is refused and says with what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.core.context import Actor, acting_as
from portal.core.errors import DomainError, PermissionMissing
from portal.core.policies import permissions_of
from portal.organisation.models import Site
from portal.people.models import Person
from portal.schedules import changes
from portal.schedules.changes import PlanChange
from portal.schedules.models import Holiday, Leave, SiteCalendar
from portal.schedules.selectors.leave import (
    own_leaves,
    visible_leaves,
    waiting_count,
    waiting_leaves,
)
from portal.schedules.selectors.leave_length import lengths_of
from portal.schedules.services.leave import (
    LeaveAsked,
    approve_leave,
    refuse_leave,
    request_leave,
    withdraw_leave,
)
from tests.factories import PersonFactory, UserFactory
from tests.factories.attendance import (
    HolidayCalendarFactory,
    LeaveFactory,
    LeaveTypeFactory,
    assigned,
    shift_with_hours,
)

pytestmark = pytest.mark.django_db

TODAY = date(2026, 10, 15)
MONDAY = date(2026, 11, 2)


@pytest.fixture(autouse=True)
def _on_a_day_in_october() -> Iterator[None]:
    with time_machine.travel("2026-10-15T10:00:00Z", tick=False):
        yield


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[PlanChange]:
    heard: list[PlanChange] = []
    monkeypatch.setattr(changes, "_LISTENERS", [heard.append])
    return heard


def actor_of(user: User) -> Actor:
    return Actor(
        kind="user",
        id=str(user.pk),
        label=user.email,
        permissions=permissions_of(user.role),
        scope=user.scope(),
    )


@pytest.fixture
def person() -> Person:
    made: Person = PersonFactory(name="Ada Lovelace")
    return made


@pytest.fixture
def employee(person: Person) -> Actor:
    return actor_of(UserFactory(role="employee", person=person))


@pytest.fixture
def manager(person: Person) -> Actor:
    user = UserFactory(role="manager")
    user.departments.add(person.department)
    return actor_of(user)


@pytest.fixture
def hr() -> Actor:
    return actor_of(UserFactory(role="hr"))


def asked(first: date = MONDAY, last: date | None = None, **fields: Any) -> LeaveAsked:
    fields.setdefault("type_id", LeaveTypeFactory().pk)
    return LeaveAsked(first=first, last=last or first, **fields)


def ask(actor: Actor, person: Person, *args: Any, **fields: Any) -> Leave:
    with acting_as(actor):
        return request_leave(person, asked(*args, **fields))


class TestAsking:
    def test_an_employee_asks_for_their_own_and_it_waits(
        self, person: Person, employee: Actor, told: list[PlanChange]
    ) -> None:
        leave = ask(employee, person, MONDAY, MONDAY + timedelta(days=4), reason="  The sea \n")

        assert (leave.state, leave.requested_by_id) == ("requested", int(employee.id))
        assert leave.reason == "The sea"
        assert told == [], "nothing has changed about anybody's days yet"

    def test_an_employee_asks_for_nobody_else(self, employee: Actor) -> None:
        with pytest.raises(PermissionMissing):
            ask(employee, PersonFactory())

    def test_a_manager_asks_for_people_of_their_departments_only(
        self, person: Person, manager: Actor
    ) -> None:
        assert ask(manager, person).state == "requested"
        with pytest.raises(PermissionMissing):
            ask(manager, PersonFactory(department_path="Elsewhere"))

    def test_a_manager_asks_for_their_own_though_they_manage_other_people(self) -> None:
        me = PersonFactory(department_path="Management")
        user = UserFactory(role="manager", person=me)
        user.departments.add(PersonFactory(department_path="Workshop").department)

        assert ask(actor_of(user), me).person_id == me.pk

    @pytest.mark.parametrize("role", ["officer", "auditor"])
    def test_who_may_not_ask_for_anybody(self, role: str, person: Person) -> None:
        with pytest.raises(PermissionMissing):
            ask(actor_of(UserFactory(role=role)), person)

    @pytest.mark.parametrize(
        ("first", "last", "part", "code"),
        [
            pytest.param(MONDAY, MONDAY - timedelta(1), "full", "leave.dates", id="ends before"),
            pytest.param(MONDAY, MONDAY + timedelta(366), "full", "leave.dates", id="over a year"),
            pytest.param(date(2036, 1, 1), None, "full", "leave.dates", id="a wrong year"),
            pytest.param(date(1926, 1, 1), None, "full", "leave.dates", id="a century ago"),
            pytest.param(MONDAY, MONDAY + timedelta(1), "am", "leave.half", id="half of two dates"),
            pytest.param(MONDAY, None, "hour", "leave.half", id="no such part"),
        ],
    )
    def test_impossible_dates_are_refused(
        self, first: date, last: date | None, part: str, code: str, person: Person, hr: Actor
    ) -> None:
        with pytest.raises(DomainError) as refused:
            ask(hr, person, first, last, part=part)
        assert refused.value.code == code
        assert not Leave.objects.exists()

    def test_a_year_is_not_too_long(self, person: Person, hr: Actor) -> None:
        assert ask(hr, person, MONDAY, MONDAY + timedelta(365)).pk

    def test_a_retired_kind_is_given_no_more(self, person: Person, hr: Actor) -> None:
        kind = LeaveTypeFactory(retired_at=timezone.now())
        with pytest.raises(DomainError, match="not given any more"):
            ask(hr, person, type_id=kind.pk)

    @pytest.mark.parametrize(
        "dates",
        [
            pytest.param({"employed_from": MONDAY + timedelta(1)}, id="before the first day"),
            pytest.param({"employed_to": MONDAY - timedelta(1)}, id="after the last day"),
        ],
    )
    def test_outside_the_employment_nothing_is_asked(self, dates: Any, hr: Actor) -> None:
        with pytest.raises(DomainError) as refused:
            ask(hr, PersonFactory(**dates))
        assert refused.value.code == "leave.not_employed"


WEEK = (MONDAY, MONDAY + timedelta(4), "full")


class TestOverlap:
    @pytest.mark.parametrize(
        ("there", "new", "is_refused"),
        [
            pytest.param(WEEK, WEEK, True, id="the same"),
            pytest.param(WEEK, (MONDAY - timedelta(3), MONDAY, "full"), True, id="the first day"),
            pytest.param(
                WEEK,
                (MONDAY + timedelta(4), MONDAY + timedelta(9), "full"),
                True,
                id="the last day",
            ),
            pytest.param(WEEK, (MONDAY + timedelta(2),) * 2 + ("am",), True, id="half within"),
            pytest.param(
                WEEK, (MONDAY + timedelta(5), MONDAY + timedelta(9), "full"), False, id="next to it"
            ),
            pytest.param((MONDAY, MONDAY, "am"), (MONDAY, MONDAY, "pm"), False, id="other half"),
            pytest.param((MONDAY, MONDAY, "am"), (MONDAY, MONDAY, "am"), True, id="the same half"),
            pytest.param(
                (MONDAY, MONDAY, "am"), (MONDAY, MONDAY, "full"), True, id="whole on half"
            ),
        ],
    )
    @pytest.mark.parametrize("state", ["requested", "approved"])
    def test_is_refused_naming_the_other(
        self, there: Any, new: Any, is_refused: bool, state: str, person: Person, hr: Actor
    ) -> None:
        kind = LeaveTypeFactory(name="Holiday trip")
        first, last, part = there
        LeaveFactory(person=person, type=kind, first=first, last=last, part=part, state=state)

        if not is_refused:
            assert ask(hr, person, new[0], new[1], part=new[2]).pk
            return
        with pytest.raises(DomainError) as refused:
            ask(hr, person, new[0], new[1], part=new[2])
        assert refused.value.code == "leave.overlap"
        for word in ("Ada Lovelace", "Holiday trip", state, "2026"):
            assert word in refused.value.message

    @pytest.mark.parametrize("state", ["refused", "withdrawn"])
    def test_what_came_to_nothing_is_not_in_the_way(
        self, state: str, person: Person, hr: Actor
    ) -> None:
        LeaveFactory(person=person, first=MONDAY, state=state)
        assert ask(hr, person).pk

    def test_leave_of_somebody_else_is_not_either(self, person: Person, hr: Actor) -> None:
        LeaveFactory(first=MONDAY, state="approved")
        assert ask(hr, person).pk


class TestDeciding:
    def test_another_approves_it_and_the_days_are_told_of(
        self, person: Person, employee: Actor, manager: Actor, told: list[PlanChange]
    ) -> None:
        leave = ask(employee, person, MONDAY, MONDAY + timedelta(2))

        with acting_as(manager):
            approve_leave(leave, note="Enjoy it")

        leave.refresh_from_db()
        assert (leave.state, leave.decided_by_id) == ("approved", int(manager.id))
        assert (leave.decision_note, leave.decided_at is not None) == ("Enjoy it", True)
        (change,) = told
        assert change == PlanChange(
            person_ids=frozenset({person.pk}),
            first=MONDAY,
            last=MONDAY + timedelta(2),
            cause="leave",
        )

    # Case 92: neither whoever asked nor whose leave it is decides, whatever their rights.
    @pytest.mark.parametrize("decide", [approve_leave, refuse_leave])
    @pytest.mark.parametrize("role", ["hr", "manager", "administrator"])
    def test_whoever_asked_does_not_decide(
        self, decide: Callable[..., Leave], role: str, person: Person, told: list[PlanChange]
    ) -> None:
        user = UserFactory(role=role)
        user.departments.add(person.department)
        actor = actor_of(user)
        leave = ask(actor, person)

        with acting_as(actor), pytest.raises(DomainError) as refused:
            decide(leave, note="I may")
        assert refused.value.code == "leave.own"
        leave.refresh_from_db()
        assert (leave.state, told) == ("requested", [])

    @pytest.mark.parametrize("role", ["hr", "manager", "administrator"])
    def test_nobody_decides_on_their_own_leave_whoever_asked(
        self, role: str, person: Person, hr: Actor
    ) -> None:
        user = UserFactory(role=role, person=person)
        user.departments.add(person.department)
        leave = ask(hr, person)

        with acting_as(actor_of(user)), pytest.raises(DomainError) as refused:
            approve_leave(leave)
        assert refused.value.code == "leave.own"

    def test_a_program_with_the_right_does_not_decide(self, person: Person, hr: Actor) -> None:
        leave = ask(hr, person)
        token = Actor(kind="token", id="x", permissions=frozenset({"attendance.decide"}))

        with acting_as(token), pytest.raises(DomainError):
            approve_leave(leave)

    def test_the_database_refuses_it_too(self, person: Person) -> None:
        user = UserFactory(role="hr")
        leave = LeaveFactory(person=person, requested_by=user)
        with pytest.raises(IntegrityError), transaction.atomic():
            Leave.objects.filter(pk=leave.pk).update(decided_by=user)

    @pytest.mark.parametrize("role", ["employee", "officer", "auditor"])
    def test_who_may_not_decide(self, role: str, person: Person, hr: Actor) -> None:
        leave = ask(hr, person)
        with acting_as(actor_of(UserFactory(role=role))), pytest.raises(PermissionMissing):
            approve_leave(leave)

    def test_a_manager_decides_on_nobody_of_another_department(
        self, manager: Actor, hr: Actor
    ) -> None:
        leave = ask(hr, PersonFactory(department_path="Elsewhere"))
        with acting_as(manager), pytest.raises(PermissionMissing):
            approve_leave(leave)

    def test_a_refusal_needs_a_word(self, person: Person, employee: Actor, manager: Actor) -> None:
        leave = ask(employee, person)
        with acting_as(manager), pytest.raises(DomainError) as refused:
            refuse_leave(leave, note="  ")
        assert refused.value.code == "leave.note"

        with acting_as(manager):
            refuse_leave(leave, note="Everybody is away that week.")
        leave.refresh_from_db()
        assert leave.decision_note == "Everybody is away that week."

    @pytest.mark.parametrize("state", ["approved", "refused", "withdrawn"])
    def test_it_is_decided_once(self, state: str, person: Person, hr: Actor) -> None:
        leave = LeaveFactory(person=person, first=MONDAY, state=state)
        with acting_as(hr), pytest.raises(DomainError) as refused:
            approve_leave(leave)
        assert refused.value.code == "leave.over"

    def test_the_log_holds_no_reason(self, person: Person, employee: Actor, hr: Actor) -> None:
        leave = ask(employee, person, reason="An operation")
        with acting_as(hr):
            approve_leave(leave, note="Get well")

        entries = AuditEntry.objects.filter(action__startswith="schedules.leave.")
        assert [(e.action, e.after["state"]) for e in entries.order_by("seq")] == [
            ("schedules.leave.requested", "requested"),
            ("schedules.leave.approved", "approved"),
        ]
        whole = str(list(AuditEntry.objects.values()))
        assert "operation" not in whole
        assert "Get well" not in whole


class TestWithdrawing:
    @pytest.mark.parametrize("state", ["requested", "approved"])
    def test_the_person_withdraws_what_has_not_begun(
        self, state: str, person: Person, employee: Actor, told: list[PlanChange]
    ) -> None:
        leave = LeaveFactory(person=person, first=TODAY + timedelta(1), state=state)
        with acting_as(employee):
            withdraw_leave(leave)

        leave.refresh_from_db()
        assert leave.state == "withdrawn"
        assert len(told) == (state == "approved"), "a request that waited changed nothing"

    def test_what_has_begun_only_somebody_else_takes_back(
        self, person: Person, employee: Actor, manager: Actor, told: list[PlanChange]
    ) -> None:
        leave = LeaveFactory(
            person=person, first=TODAY, last=TODAY + timedelta(3), state="approved"
        )
        with acting_as(employee), pytest.raises(DomainError):
            withdraw_leave(leave)
        assert told == []

        with acting_as(manager):
            withdraw_leave(leave)
        assert [change.first for change in told] == [TODAY]

    def test_whether_it_has_begun_is_said_by_the_sites_clock(
        self, person: Person, employee: Actor
    ) -> None:
        # At 10:00 UTC on the 15th it is the 16th already in Kiritimati.
        person.site.time_zone = "Pacific/Kiritimati"
        person.site.save()
        leave = LeaveFactory(person=person, first=TODAY + timedelta(1), state="approved")
        with acting_as(employee), pytest.raises(DomainError):
            withdraw_leave(leave)

    @pytest.mark.parametrize("state", ["refused", "withdrawn"])
    def test_what_is_over_stays_so(self, state: str, person: Person, employee: Actor) -> None:
        leave = LeaveFactory(person=person, first=MONDAY, state=state)
        with acting_as(employee), pytest.raises(DomainError) as refused:
            withdraw_leave(leave)
        assert refused.value.code == "leave.over"

    def test_nobody_withdraws_a_strangers(self, employee: Actor) -> None:
        leave = LeaveFactory(first=MONDAY)
        with acting_as(employee), pytest.raises(PermissionMissing):
            withdraw_leave(leave)


class TestWhatIsSeen:
    def test_an_employee_sees_their_own_alone(self, person: Person, employee: Actor) -> None:
        mine = LeaveFactory(person=person)
        LeaveFactory()
        with acting_as(employee):
            assert [list(visible_leaves()), list(own_leaves())] == [[mine], [mine]]

    def test_an_account_of_nobody_sees_none(self) -> None:
        LeaveFactory()
        with acting_as(actor_of(UserFactory(role="employee"))):
            assert not visible_leaves().exists()

    def test_a_manager_sees_their_departments_and_their_own(self, person: Person) -> None:
        me = PersonFactory(department_path="Management")
        user = UserFactory(role="manager", person=me)
        user.departments.add(person.department)
        seen = {LeaveFactory(person=person).pk, LeaveFactory(person=me).pk}
        LeaveFactory(person__department_path="Elsewhere")
        with acting_as(actor_of(user)):
            assert set(visible_leaves().values_list("pk", flat=True)) == seen

    @pytest.mark.parametrize("role", ["administrator", "hr", "auditor"])
    def test_whoever_is_limited_to_nothing_sees_everybodys(self, role: str) -> None:
        everything = {LeaveFactory().pk for _ in range(3)}
        me = PersonFactory()
        with acting_as(actor_of(UserFactory(role=role, person=me))):
            assert set(visible_leaves().values_list("pk", flat=True)) == everything

    def test_hr_of_one_site_sees_that_site(self, person: Person) -> None:
        here = LeaveFactory(person=person)
        LeaveFactory(person__site=Site.objects.create(name="Elsewhere"))
        user = UserFactory(role="hr")
        user.sites.add(person.site)
        with acting_as(actor_of(user)):
            assert list(visible_leaves()) == [here]

    def test_what_waits_is_what_one_may_decide(
        self, person: Person, manager: Actor, hr: Actor, employee: Actor
    ) -> None:
        later = ask(employee, person, MONDAY)
        sooner = ask(employee, person, MONDAY - timedelta(7))
        own_request = ask(manager, person, MONDAY + timedelta(7))
        ask(hr, PersonFactory(department_path="Elsewhere"))
        LeaveFactory(person=person, first=MONDAY + timedelta(30), state="approved")

        with acting_as(manager):
            assert list(waiting_leaves()) == [sooner, later]
            assert waiting_count() == 2
        with acting_as(hr):
            assert own_request in waiting_leaves()
        with acting_as(employee):
            assert waiting_count() == 0

    def test_ones_own_leave_does_not_wait_for_oneself(self, person: Person, hr: Actor) -> None:
        user = UserFactory(role="hr", person=person)
        ask(hr, person)
        with acting_as(actor_of(user)):
            assert waiting_count() == 0

    def test_a_request_whose_asker_is_gone_still_waits(self, person: Person, hr: Actor) -> None:
        leave = LeaveFactory(person=person, requested_by=None)
        with acting_as(hr):
            assert list(waiting_leaves()) == [leave]


class TestLength:
    """Monday 2 to Sunday 15 November 2026: two weeks, ten days of Monday to Friday."""

    TWO_WEEKS = (MONDAY, MONDAY + timedelta(13))

    def _length(self, person: Person, **fields: Any) -> tuple[str, bool]:
        fields = {"first": self.TWO_WEEKS[0], "last": self.TWO_WEEKS[1], **fields}
        leave = LeaveFactory(person=person, **fields)
        length = lengths_of([leave])[leave.pk]
        return length.words, length.is_guess

    @pytest.mark.parametrize(
        ("days", "expected"),
        [
            pytest.param([0, 1, 2, 3, 4], "10 days", id="Monday to Friday"),
            pytest.param([0, 2], "4 days", id="two days a week"),
            pytest.param([5, 6], "4 days", id="weekends"),
            pytest.param([0, 1, 2, 3, 4, 5, 6], "14 days", id="every day"),
        ],
    )
    def test_is_of_days_that_the_person_would_work(
        self, days: list[int], expected: str, person: Person
    ) -> None:
        assigned(shift_with_hours(days=days), person=person)
        assert self._length(person) == (expected, False)

    def test_holidays_of_the_site_cost_nothing(self, person: Person) -> None:
        assigned(shift_with_hours(days=[0, 1, 2, 3, 4]), site=person.site)
        calendar = HolidayCalendarFactory()
        SiteCalendar.objects.create(site=person.site, calendar=calendar)
        for day in (3, 8):  # a Tuesday, and a Sunday that is free anyway
            Holiday.objects.create(calendar=calendar, date=date(2026, 11, day), name="Feast")
        assert self._length(person) == ("9 days", False)

    def test_days_off_in_a_rotation_cost_nothing(self, person: Person) -> None:
        shift = shift_with_hours()
        assigned(shift, shift, None, None, person=person, first=MONDAY)
        # On, on, off, off, …: 14 dates are three rounds and two days more.
        assert self._length(person) == ("8 days", False)

    @pytest.mark.parametrize("part", ["am", "pm"])
    def test_a_half_is_half_a_day(self, part: str, person: Person) -> None:
        assigned(shift_with_hours(), person=person)
        assert self._length(person, last=MONDAY, part=part) == ("½ day", False)

    def test_without_any_plan_it_is_monday_to_friday_and_said_so(self, person: Person) -> None:
        assert self._length(person) == ("10 days", True)

    def test_as_many_queries_for_many_as_for_one(self, django_assert_max_num_queries: Any) -> None:
        shift = shift_with_hours()
        leaves = [LeaveFactory() for _ in range(12)]
        assigned(shift)
        with django_assert_max_num_queries(9):
            assert len(lengths_of(leaves)) == 12
