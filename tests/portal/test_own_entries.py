"""Nobody decides on what is their own: whichever of their entries it lies with, and whichever of
their accounts they come with."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import date

import pytest

from portal.accounts.models import Role, User
from portal.attendance.models import Correction
from portal.attendance.selectors.correction_list import waiting_for_me
from portal.attendance.selectors.deciders import is_concerned, others_who_may_decide
from portal.attendance.services.decisions import approve_correction
from portal.core.context import SYSTEM, Actor, acting_as
from portal.core.errors import DomainError, PermissionMissing
from portal.people.models import Person
from portal.people.services import merge_people
from portal.schedules.models import Leave
from portal.schedules.selectors.leave import waiting_leaves
from portal.schedules.services.leave import approve_leave
from tests.factories import PersonFactory, UserFactory
from tests.factories.attendance import CorrectionFactory, LeaveFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("isolated")]

THE_DAY = date(2026, 11, 2)


@pytest.fixture
def grace(db: None) -> Person:
    return PersonFactory(name="Grace", email="Grace@example.org")


@pytest.fixture
def twin(grace: Person) -> Person:
    """Grace again, entered a second time."""
    return PersonFactory(name="Grace H.", site=grace.site, department=grace.department)


def merged(source: Person, target: Person) -> None:
    with acting_as(SYSTEM):
        merge_people(source, target)
    source.refresh_from_db()
    target.refresh_from_db()


def signed_in(user: User) -> AbstractContextManager[Actor]:
    user = User.objects.get(pk=user.pk)
    return acting_as(
        Actor(
            kind="user", id=str(user.pk), label=user.email, permissions=user.permissions,
            scope=user.scope(),
        )
    )  # fmt: skip


def refused_everything(user: User, correction: Correction, leave: Leave) -> None:
    with signed_in(user):
        assert list(waiting_for_me()) == []
        assert list(waiting_leaves()) == []
        with pytest.raises(PermissionMissing) as kept:
            approve_correction(correction)
        assert kept.value.code == "correction.own"
        with pytest.raises(DomainError) as kept_too:
            approve_leave(leave)
        assert kept_too.value.code == "leave.own"
    correction.refresh_from_db()
    leave.refresh_from_db()
    assert (correction.state, leave.state) == ("requested", "requested")


def of(person: Person, requested_by: User | None = None) -> tuple[Correction, Leave]:
    return (
        CorrectionFactory(person=person, work_date=THE_DAY, requested_by=requested_by),
        LeaveFactory(person=person, first=THE_DAY, requested_by=requested_by),
    )


def test_an_account_that_stayed_with_the_merged_entry_is_the_same_human(
    grace: Person, twin: Person
) -> None:
    """Both entries had accounts, so each keeps its own."""
    her_account = UserFactory(role=Role.EMPLOYEE, person=grace)
    old_account = UserFactory(role=Role.HR, person=twin)
    merged(twin, grace)
    old_account.refresh_from_db()
    assert old_account.person == twin
    refused_everything(old_account, *of(grace, her_account))


def test_of_entries_that_were_merged_twice_over_too(grace: Person, twin: Person) -> None:
    third = PersonFactory(site=grace.site, department=grace.department)
    accounts = [UserFactory(role=Role.HR, person=each) for each in (third, twin, grace)]
    merged(third, twin)
    merged(twin, grace)
    for account in accounts:
        account.refresh_from_db()
        assert is_concerned(account, grace)
    refused_everything(accounts[0], *of(grace))


def test_an_account_that_nobody_joined_is_the_same_human_by_its_address(grace: Person) -> None:
    refused_everything(UserFactory(role=Role.HR, email="grace@Example.org"), *of(grace))


def test_whoever_asks_with_one_account_does_not_decide_with_another(
    grace: Person, twin: Person
) -> None:
    """About somebody else's day."""
    one = UserFactory(role=Role.HR, person=grace)
    other = UserFactory(role=Role.HR, person=twin)
    merged(twin, grace)
    other.refresh_from_db()
    ada = PersonFactory(name="Ada")
    refused_everything(other, *of(ada, one))
    assert others_who_may_decide(ada, requester_id=one.pk) == []


def test_somebody_else_decides_and_sees_it_waiting(grace: Person, twin: Person) -> None:
    UserFactory(role=Role.EMPLOYEE, person=twin)
    her_account = UserFactory(role=Role.EMPLOYEE, person=grace)
    merged(twin, grace)
    correction, leave = of(grace, her_account)
    hr = UserFactory(role=Role.HR, person=PersonFactory(email=""))
    nobodys = UserFactory(role=Role.HR)
    assert set(others_who_may_decide(grace, requester_id=her_account.pk)) == {hr, nobodys}
    with signed_in(nobodys):
        assert list(waiting_leaves()) == [leave]
    with signed_in(hr):
        assert list(waiting_for_me()) == [correction]
        assert approve_correction(correction).state == "approved"
        assert approve_leave(leave).state == "approved"


def test_an_account_joined_to_another_person_goes_by_that_one(grace: Person) -> None:
    """A shared address of an office says nothing of whoever is known by name."""
    hr = UserFactory(role=Role.HR, email="grace@example.org", person=PersonFactory())
    assert not is_concerned(hr, grace)
