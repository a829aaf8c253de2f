"""Periods: who may settle which dates, what is in the way, and that settled days are known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection

from portal.attendance.models import Period, StaleDays
from portal.attendance.selectors.periods import (
    PeriodUnknown,
    locked_period_of,
    locked_periods_of,
    visible_periods,
    waiting_in,
)
from portal.attendance.services.periods import (
    PeriodNotReady,
    lock_period,
    make_period,
    remove_period,
)
from portal.audit.models import AuditEntry
from portal.core.context import Actor, Scope, acting_as
from portal.core.errors import DomainError, PermissionMissing
from portal.core.policies import ALL_PERMISSIONS, permissions_of
from portal.organisation.models import Site
from portal.people.models import Person
from portal.schedules.models import Leave
from tests.factories import PersonFactory
from tests.factories.attendance import (
    CorrectionFactory,
    DayExceptionFactory,
    DayFactory,
    LeaveFactory,
    PeriodFactory,
)

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("isolated", "administrator", "_november"),
]

OCTOBER = {"first": date(2026, 10, 1), "last": date(2026, 10, 31)}
THE_FIFTH = date(2026, 10, 5)


@pytest.fixture
def _november() -> Iterator[None]:
    with time_machine.travel(datetime(2026, 11, 3, 12, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def berlin(db: None) -> Any:
    return Site.objects.create(name="Berlin", time_zone="Europe/Berlin")


@pytest.fixture
def lima(db: None) -> Any:
    return Site.objects.create(name="Lima", time_zone="America/Lima")


def _somebody(site: Any) -> Person:
    return PersonFactory(site=site, department=None)


class TestMaking:
    def test_periods_of_different_sites_may_share_dates(self, berlin: Any, lima: Any) -> None:
        make_period(**OCTOBER, site=berlin)
        make_period(**OCTOBER, site=lima)
        assert Period.objects.count() == 2

    @pytest.mark.parametrize(
        ("first_is_all", "second_is_all"),
        [(True, True), (True, False), (False, True), (False, False)],
    )
    def test_a_day_belongs_to_one_period_only(
        self, berlin: Any, first_is_all: bool, second_is_all: bool
    ) -> None:
        make_period(**OCTOBER, site=None if first_is_all else berlin)
        with pytest.raises(DomainError) as refused:
            make_period(
                first=date(2026, 10, 31),
                last=date(2026, 11, 30),
                site=None if second_is_all else berlin,
            )
        assert refused.value.code == "period.overlap"
        assert "1 October 2026 to 31 October 2026" in refused.value.message
        assert Period.objects.count() == 1

    @pytest.mark.parametrize(
        ("first", "last"),
        [(date(2026, 10, 31), date(2026, 10, 1)), (date(2026, 1, 1), date(2027, 1, 2))],
        ids=["backwards", "longer than a year"],
    )
    def test_dates_that_make_no_period_are_refused(self, first: date, last: date) -> None:
        with pytest.raises(DomainError) as refused:
            make_period(first=first, last=last)
        assert refused.value.code == "period.dates"

    def test_an_open_period_can_be_taken_away_and_a_locked_one_not(self) -> None:
        period = make_period(**OCTOBER)
        remove_period(period)
        assert not Period.objects.exists()
        locked = lock_period(make_period(**OCTOBER))
        with pytest.raises(DomainError) as refused:
            remove_period(locked)
        assert refused.value.code == "period.locked"
        assert Period.objects.get().state == Period.State.LOCKED


class TestLocking:
    def test_a_settled_month_is_locked_by_whom_and_when_and_audited(self, berlin: Any) -> None:
        DayFactory(person=_somebody(berlin), work_date=THE_FIFTH)
        period = lock_period(make_period(**OCTOBER, site=berlin))
        assert (period.state, period.locked_at) == ("locked", datetime(2026, 11, 3, 12, tzinfo=UTC))
        entry = AuditEntry.objects.get(action="attendance.period.locked")
        assert entry.after["state"] == "locked"

    @pytest.mark.parametrize(
        "status", ["pending", "provisional", "in_progress", "expected", "not_arrived"]
    )
    def test_a_day_that_is_not_certain_is_in_the_way(self, berlin: Any, status: str) -> None:
        day = DayFactory(person=_somebody(berlin), work_date=THE_FIFTH, status=status)
        period = make_period(**OCTOBER, site=berlin)
        with pytest.raises(PeriodNotReady) as refused:
            lock_period(period, anyway_because="Payroll waits")
        assert refused.value.data["days"] == 1
        assert list(waiting_in(period).days) == [day]
        period.refresh_from_db()
        assert period.state == Period.State.OPEN

    def test_what_waits_for_a_decision_or_for_a_worker_is_in_the_way(self, berlin: Any) -> None:
        person = _somebody(berlin)
        CorrectionFactory(person=person, work_date=THE_FIFTH)
        LeaveFactory(person=person, first=date(2026, 9, 28), last=date(2026, 10, 2))
        StaleDays.objects.create(
            person=person,
            first=date(2026, 10, 31),
            last=date(2026, 11, 2),
            cause="test",
            asked_at=datetime(2026, 11, 3, tzinfo=UTC),
        )
        period = make_period(**OCTOBER, site=berlin)
        with pytest.raises(PeriodNotReady) as refused:
            lock_period(period, anyway_because="Payroll waits")
        assert refused.value.data == {
            "days": 0,
            "stale": 1,
            "corrections": 1,
            "leaves": 1,
            "exceptions": 0,
        }

    def test_decided_ones_and_those_of_other_dates_and_sites_are_not(
        self, berlin: Any, lima: Any
    ) -> None:
        here, there = _somebody(berlin), _somebody(lima)
        CorrectionFactory(person=here, work_date=THE_FIFTH, state="refused")
        CorrectionFactory(person=here, work_date=date(2026, 11, 1))
        CorrectionFactory(person=there, work_date=THE_FIFTH)
        LeaveFactory(person=here, first=THE_FIFTH, state=Leave.State.APPROVED)
        DayFactory(person=there, work_date=THE_FIFTH, status="pending")
        assert lock_period(make_period(**OCTOBER, site=berlin)).state == Period.State.LOCKED

    def test_of_who_has_moved_what_was_worked_here_is_in_the_way_and_nothing_else(
        self, berlin: Any, lima: Any
    ) -> None:
        """What waits is what could change the period's days, wherever the person belongs now."""
        left, came = _somebody(lima), _somebody(berlin)
        for person, site in ((left, berlin), (came, lima)):
            DayFactory(person=person, site=site, work_date=THE_FIFTH)
            CorrectionFactory(person=person, work_date=THE_FIFTH)
            LeaveFactory(person=person, first=THE_FIFTH)
            StaleDays.objects.create(
                person=person, first=THE_FIFTH, last=THE_FIFTH, cause="test",
                asked_at=datetime(2026, 11, 3, tzinfo=UTC),
            )  # fmt: skip
        waiting = waiting_in(make_period(**OCTOBER, site=berlin))
        assert [row.person for row in waiting.corrections] == [left]
        assert [row.person for row in waiting.leaves] == [left]
        # Where days that are computed anew will lie is known afterwards.
        assert {row.person for row in waiting.stale} == {left, came}

    def test_open_exceptions_can_be_locked_over_with_a_reason_only(self, berlin: Any) -> None:
        DayExceptionFactory(day__person=_somebody(berlin), day__work_date=THE_FIFTH)
        period = make_period(**OCTOBER, site=berlin)
        for excuse in ("", "  ", "ok"):
            with pytest.raises(PeriodNotReady) as refused:
                lock_period(period, anyway_because=excuse)
            assert refused.value.data["exceptions"] == 1
        lock_period(period, anyway_because="The doorman confirmed the times.")
        entry = AuditEntry.objects.get(action="attendance.period.locked")
        assert (entry.reason, entry.after["open_exceptions"]) == (
            "The doorman confirmed the times.",
            1,
        )

    def test_waived_exceptions_are_not_in_the_way(self, berlin: Any) -> None:
        DayExceptionFactory(day__person=_somebody(berlin), day__work_date=THE_FIFTH, state="waived")
        assert lock_period(make_period(**OCTOBER, site=berlin)).state == Period.State.LOCKED

    def test_the_last_day_must_be_over_at_every_site(self, berlin: Any, lima: Any) -> None:
        # Seven in the evening of 31 October in Lima is November in Berlin.
        with time_machine.travel(datetime(2026, 11, 1, 0, 30, tzinfo=UTC), tick=False):
            of_all = make_period(first=date(2026, 10, 1), last=date(2026, 10, 15))
            remove_period(of_all)
            assert lock_period(make_period(**OCTOBER, site=berlin)).state == "locked"
            with pytest.raises(PeriodNotReady) as refused:
                lock_period(make_period(**OCTOBER, site=lima))
        assert refused.value.code == "period.not_over"

    def test_it_is_locked_once(self) -> None:
        period = lock_period(make_period(**OCTOBER))
        with pytest.raises(DomainError) as refused:
            lock_period(period)
        assert refused.value.code == "period.locked"


class TestLockedDays:
    def test_open_periods_and_other_dates_are_not_settled(self, berlin: Any) -> None:
        person = _somebody(berlin)
        PeriodFactory(site=berlin)
        assert locked_period_of(person.pk, THE_FIFTH) is None

    @pytest.mark.parametrize("state", ["locked", "exported"])
    def test_a_day_of_the_site_or_of_all_sites_is(self, berlin: Any, lima: Any, state: str) -> None:
        here, there = _somebody(berlin), _somebody(lima)
        of_berlin = PeriodFactory(site=berlin, state=state)
        of_all = PeriodFactory(first=date(2026, 9, 1), last=date(2026, 9, 30), state=state)
        found = locked_periods_of([here.pk, there.pk], first=date(2026, 9, 1), last=THE_FIFTH)
        assert found.of(here.pk, THE_FIFTH) == of_berlin
        assert found.of(there.pk, THE_FIFTH) is None
        assert found.of(there.pk, date(2026, 9, 30)) == of_all

    def test_a_day_stays_settled_where_its_person_has_moved_to_another_site(
        self, berlin: Any, lima: Any
    ) -> None:
        person = _somebody(berlin)
        DayFactory(person=person, site=berlin, work_date=THE_FIFTH)
        period = PeriodFactory(site=berlin, state="locked")
        Person.objects.filter(pk=person.pk).update(site=lima)
        assert locked_period_of(person.pk, THE_FIFTH) == period
        assert locked_period_of(person.pk, THE_FIFTH + timedelta(1)) is None

    def test_nothing_is_said_of_whom_or_what_was_not_asked_for(self, berlin: Any) -> None:
        person, other = _somebody(berlin), _somebody(berlin)
        found = locked_periods_of([person.pk], first=THE_FIFTH, last=THE_FIFTH)
        for whom, when in ((other.pk, THE_FIFTH), (person.pk, date(2026, 10, 6))):
            with pytest.raises(PeriodUnknown):
                found.of(whom, when)
        Person.objects.filter(pk=other.pk).delete()
        with pytest.raises(PeriodUnknown):
            locked_period_of(other.pk, THE_FIFTH)

    def test_many_people_cost_no_more_queries_than_one(
        self, berlin: Any, django_assert_num_queries: Any
    ) -> None:
        PeriodFactory(site=berlin, state="locked")
        people = [_somebody(berlin).pk for _ in range(40)]
        # PostgreSQL is asked for a lock besides, for it has more than one writer.
        with django_assert_num_queries(4 if connection.vendor == "postgresql" else 3):
            locked_periods_of(people, first=OCTOBER["first"], last=OCTOBER["last"])


class TestRights:
    def test_periods_are_settled_by_who_may_manage_attendance(self) -> None:
        with (
            acting_as(Actor("user", permissions=permissions_of("manager"))),
            pytest.raises(PermissionMissing),
        ):
            make_period(**OCTOBER)

    def test_whoever_reaches_a_part_settles_nothing(self, berlin: Any, lima: Any) -> None:
        of_berlin = Actor(
            "user", permissions=ALL_PERMISSIONS, scope=Scope(site_ids=frozenset({berlin.pk}))
        )
        mine, others, everybodys = (
            PeriodFactory(site=berlin),
            PeriodFactory(site=lima),
            PeriodFactory(first=date(2026, 9, 1), last=date(2026, 9, 30)),
        )
        with acting_as(of_berlin):
            assert set(visible_periods()) == {mine, everybodys}
            for period in (others, everybodys):
                with pytest.raises(DomainError) as refused:
                    lock_period(period)
                assert refused.value.code == "period.reach"
            assert lock_period(mine).state == Period.State.LOCKED
        of_a_team = Actor(
            "user", permissions=ALL_PERMISSIONS, scope=Scope(department_ids=frozenset())
        )
        with acting_as(of_a_team), pytest.raises(DomainError) as refused:
            lock_period(everybodys)
        assert refused.value.code == "period.reach"
