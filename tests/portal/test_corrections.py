"""Corrections: who may ask, who may decide, what is refused, and what the engine is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction

from portal.accounts.models import Role, User
from portal.attendance.engine import CorrectionKind
from portal.attendance.models import Correction, Punch
from portal.attendance.selectors.corrections import corrections_for
from portal.attendance.selectors.deciders import others_who_may_decide
from portal.attendance.services.corrections import (
    Wish,
    ask_correction,
    ask_undo,
    withdraw_correction,
)
from portal.attendance.services.decisions import approve_correction, refuse_correction
from portal.attendance.wall_times import instant_of_wall, instants_of_wall
from portal.audit.models import AuditEntry
from portal.core.context import SYSTEM, Actor, acting_as
from portal.core.errors import DomainError, NotFound, PermissionMissing
from portal.core.policies import ALL_PERMISSIONS
from portal.organisation.models import Site
from portal.organisation.services import default_site, department_at
from portal.people.models import Person
from tests.factories import PersonFactory, UserFactory
from tests.factories.attendance import CorrectionFactory, PunchFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("isolated", "_november")]

THE_DAY = date(2026, 11, 2)


@pytest.fixture
def _november() -> Iterator[None]:
    with time_machine.travel(datetime(2026, 11, 3, 12, tzinfo=UTC), tick=False):
        yield


def signed_in(user: User) -> AbstractContextManager[Actor]:
    user = User.objects.get(pk=user.pk)
    return acting_as(
        Actor(
            kind="user",
            id=str(user.pk),
            label=user.email,
            permissions=user.permissions,
            scope=user.scope(),
        )
    )


@pytest.fixture
def grace(db: None) -> Person:
    return PersonFactory(name="Grace", department_path="Laboratory", email="grace@example.org")


@pytest.fixture
def her_account(grace: Person) -> User:
    return UserFactory(role=Role.EMPLOYEE, person=grace)


def manager_of(path: str, **fields: Any) -> User:
    user = UserFactory(role=Role.MANAGER, **fields)
    user.departments.add(department_at(default_site(), path))
    return user


def excuse(**fields: Any) -> Wish:
    return Wish(
        **{"work_date": THE_DAY, "kind": Correction.Kind.EXCUSE, "reason": "The train.", **fields}
    )


def at(hour: int, minute: int = 0) -> datetime:
    return datetime.combine(THE_DAY, time(hour, minute), UTC)


class TestWhoMayAsk:
    @pytest.mark.parametrize(
        ("who", "expected", "why"),
        [
            ("herself", None, "one's own days"),
            ("manager", None, "answers for her department"),
            ("hr", None, "answers for everybody"),
            ("administrator", None, "may do everything"),
            ("another_employee", NotFound, "self.view reaches oneself only"),
            ("other_manager", NotFound, "she is not of their department"),
            ("auditor", PermissionMissing, "reads and changes nothing"),
            ("officer", PermissionMissing, "has nothing to do with days"),
        ],
    )
    def test_by_role(
        self, grace: Person, her_account: User, who: str, expected: Any, why: str
    ) -> None:
        users = {
            "herself": lambda: her_account,
            "manager": lambda: manager_of("Laboratory"),
            "hr": lambda: UserFactory(role=Role.HR),
            "administrator": lambda: UserFactory(role=Role.ADMINISTRATOR),
            "another_employee": lambda: UserFactory(role=Role.EMPLOYEE, person=PersonFactory()),
            "other_manager": lambda: manager_of("Kitchen"),
            "auditor": lambda: UserFactory(role=Role.AUDITOR),
            "officer": lambda: UserFactory(role=Role.OFFICER),
        }
        with signed_in(users[who]()):
            if expected is None:
                row = ask_correction(grace, excuse())
                assert row.state == Correction.State.REQUESTED, why
            else:
                with pytest.raises(expected):
                    ask_correction(grace, excuse())
                assert not Correction.objects.exists(), why

    def test_a_manager_asks_for_themselves_although_not_of_their_department(self) -> None:
        manager = manager_of("Kitchen", person=PersonFactory(department_path="Office"))
        with signed_in(manager):
            assert ask_correction(manager.person, excuse()).requested_by == manager


class TestWhoMayDecide:
    """Case 92, for every way in: all of them end in these two functions."""

    @pytest.mark.parametrize(
        ("who", "expected", "why"),
        [
            ("manager", None, "answers for her, and did not ask"),
            ("hr", None, "answers for everybody"),
            ("administrator", None, "may do everything else too"),
            ("requester", PermissionMissing, "asked for it"),
            ("herself", PermissionMissing, "has no such right"),
            ("herself_as_administrator", PermissionMissing, "it is her own day"),
            ("herself_as_manager", PermissionMissing, "it is her own day"),
            ("herself_by_address", PermissionMissing, "nobody joined account and person"),
            ("other_manager", NotFound, "she is not of their department"),
            ("hr_of_another_site", NotFound, "she is not of their site"),
            ("auditor", PermissionMissing, "reads and changes nothing"),
            ("officer", PermissionMissing, "has nothing to do with days"),
            ("deactivated", PermissionMissing, "was an administrator"),
        ],
    )
    @pytest.mark.parametrize("decision", ["approve", "refuse"])
    def test_by_who_it_is(
        self, grace: Person, who: str, expected: Any, why: str, decision: str
    ) -> None:
        requester = manager_of("Laboratory")
        with signed_in(requester):
            row = ask_correction(grace, excuse())
        with signed_in(requester) if who == "requester" else signed_in(self._user(who, grace)):
            if expected is None:
                self._decide(row, decision)
            else:
                with pytest.raises(expected):
                    self._decide(row, decision)
        row.refresh_from_db()
        decided = Correction.State.APPROVED if decision == "approve" else Correction.State.REFUSED
        assert row.state == (decided if expected is None else Correction.State.REQUESTED), why

    def test_of_somebodys_own_request_whatever_their_role(
        self, grace: Person, her_account: User
    ) -> None:
        with signed_in(her_account):
            row = ask_correction(grace, excuse())
        User.objects.filter(pk=her_account.pk).update(role=Role.ADMINISTRATOR)
        with signed_in(her_account), pytest.raises(PermissionMissing) as refused:
            approve_correction(row)
        assert refused.value.code == "correction.own"

    @pytest.mark.parametrize(
        "actor",
        [
            SYSTEM,
            Actor(kind="command", label="root", permissions=ALL_PERMISSIONS),
            Actor(kind="token", id="1", label="a program", permissions=ALL_PERMISSIONS),
            Actor(kind="user", id="999999", label="nobody", permissions=ALL_PERMISSIONS),
        ],
        ids=lambda actor: actor.kind,
    )
    def test_not_a_program_nor_a_command_nor_who_is_not_there(
        self, grace: Person, actor: Actor
    ) -> None:
        row = CorrectionFactory(person=grace, work_date=THE_DAY)
        for decide in ("approve", "refuse"):
            with acting_as(actor), pytest.raises(PermissionMissing):
                self._decide(row, decide)
        row.refresh_from_db()
        assert row.state == Correction.State.REQUESTED

    def test_not_past_the_services_either(self, grace: Person) -> None:
        requester = UserFactory(role=Role.ADMINISTRATOR)
        row = CorrectionFactory(person=grace, work_date=THE_DAY, requested_by=requester)
        decided = {"state": Correction.State.APPROVED, "decided_by": requester}
        with pytest.raises(IntegrityError), transaction.atomic():
            Correction.objects.filter(pk=row.pk).update(**decided)
        Correction.objects.filter(pk=row.pk).update(**{**decided, "decided_by": UserFactory()})

    def test_a_right_that_was_taken_since_signing_in_is_gone(self, grace: Person) -> None:
        hr = UserFactory(role=Role.HR)
        row = CorrectionFactory(person=grace, work_date=THE_DAY)
        with signed_in(hr):
            User.objects.filter(pk=hr.pk).update(role=Role.AUDITOR)
            with pytest.raises(PermissionMissing):
                approve_correction(row)

    def test_a_decision_is_made_once(self, grace: Person) -> None:
        row = CorrectionFactory(person=grace, work_date=THE_DAY)
        with signed_in(UserFactory(role=Role.HR)):
            refuse_correction(row, note="No train was late.")
        with signed_in(UserFactory(role=Role.HR)), pytest.raises(DomainError) as refused:
            approve_correction(row)
        assert refused.value.code == "correction.decided"

    def test_a_refusal_says_why(self, grace: Person) -> None:
        row = CorrectionFactory(person=grace, work_date=THE_DAY)
        with signed_in(UserFactory(role=Role.HR)), pytest.raises(DomainError) as refused:
            refuse_correction(row, note=" ")
        assert refused.value.code == "correction.note"

    def test_where_nobody_else_could_that_is_known(self, grace: Person) -> None:
        only = UserFactory(role=Role.ADMINISTRATOR)
        manager_of("Kitchen")
        UserFactory(role=Role.HR, is_active=False)
        UserFactory(role=Role.HR, email="grace@example.org")
        assert others_who_may_decide(grace, requester_id=only.pk) == []
        second = manager_of("Laboratory")
        assert others_who_may_decide(grace, requester_id=only.pk) == [second]

    def _user(self, who: str, grace: Person) -> User:
        if who == "hr_of_another_site":
            user = UserFactory(role=Role.HR)
            user.sites.add(Site.objects.create(name="Lima", time_zone="America/Lima"))
            return user
        made = {
            "manager": lambda: manager_of("Laboratory"),
            "hr": lambda: UserFactory(role=Role.HR),
            "administrator": lambda: UserFactory(role=Role.ADMINISTRATOR),
            "herself": lambda: UserFactory(role=Role.EMPLOYEE, person=grace),
            "herself_as_administrator": lambda: UserFactory(role=Role.ADMINISTRATOR, person=grace),
            "herself_as_manager": lambda: manager_of("Laboratory", person=grace),
            "herself_by_address": lambda: UserFactory(role=Role.HR, email="Grace@Example.org"),
            "other_manager": lambda: manager_of("Kitchen"),
            "auditor": lambda: UserFactory(role=Role.AUDITOR),
            "officer": lambda: UserFactory(role=Role.OFFICER),
            "deactivated": lambda: UserFactory(role=Role.ADMINISTRATOR, is_active=False),
        }
        return made[who]()

    def _decide(self, row: Correction, decision: str) -> None:
        if decision == "approve":
            approve_correction(row)
        else:
            refuse_correction(row, note="It was not so.")


class TestWhatMayBeAskedFor:
    @pytest.mark.parametrize(
        ("wish", "code"),
        [
            (excuse(reason="  "), "correction.reason"),
            (excuse(reason="x" * 301), "correction.reason"),
            (excuse(work_date=date(2026, 11, 4)), "correction.future"),
            (excuse(work_date=date(2026, 9, 18)), "correction.too_late"),
            (excuse(at=at(9)), "correction.time"),
            (excuse(kind=Correction.Kind.ADD), "correction.time"),
            (excuse(kind=Correction.Kind.VOID), "correction.punch"),
            (excuse(kind=Correction.Kind.UNDO), "correction.kind"),
            (
                excuse(kind=Correction.Kind.ADD, at=datetime(2026, 11, 3, 12, 1, tzinfo=UTC)),
                "correction.future",
            ),
            (
                excuse(kind=Correction.Kind.ADD, at=datetime(2026, 10, 31, 9, tzinfo=UTC)),
                "correction.far",
            ),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_what_cannot_be(self, grace: Person, her_account: User, wish: Wish, code: str) -> None:
        with signed_in(her_account), pytest.raises(DomainError) as refused:
            ask_correction(grace, wish)
        assert refused.value.code == code
        assert not Correction.objects.exists()

    def test_the_last_day_before_the_deadline(self, grace: Person, her_account: User) -> None:
        with signed_in(her_account):
            ask_correction(grace, excuse(work_date=date(2026, 9, 19)))

    def test_hr_has_no_deadline(self, grace: Person) -> None:
        with signed_in(UserFactory(role=Role.HR)):
            ask_correction(grace, excuse(work_date=date(2026, 1, 5)))

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"voided_at": at(20)}, "correction.punch"),
            ({"state": Punch.State.PENDING}, "correction.punch"),
            ({"at": datetime(2026, 10, 20, 9, tzinfo=UTC)}, "correction.far"),
        ],
    )
    def test_of_a_time_that_does_not_count(
        self, grace: Person, her_account: User, fields: dict[str, Any], code: str
    ) -> None:
        punch = PunchFactory(**{"person": grace, "at": at(9), **fields})
        with signed_in(her_account), pytest.raises(DomainError) as refused:
            ask_correction(grace, excuse(kind=Correction.Kind.VOID, punch=punch))
        assert refused.value.code == code

    def test_not_of_another_persons_time(self, grace: Person, her_account: User) -> None:
        punch = PunchFactory(at=at(9))
        with signed_in(her_account), pytest.raises(NotFound):
            ask_correction(grace, excuse(kind=Correction.Kind.VOID, punch=punch))

    def test_a_time_is_not_moved_to_where_it_is_unless_it_went_the_other_way(
        self, grace: Person, her_account: User
    ) -> None:
        punch = PunchFactory(person=grace, at=at(9), direction=Punch.Direction.IN)
        same = {"kind": Correction.Kind.MOVE, "punch": punch, "at": punch.at}
        with signed_in(her_account):
            with pytest.raises(DomainError, match="has already"):
                ask_correction(grace, excuse(**same))
            ask_correction(grace, excuse(**same, direction=Punch.Direction.OUT))

    def test_the_same_twice_waits_once(self, grace: Person, her_account: User) -> None:
        with signed_in(her_account):
            ask_correction(grace, excuse())
            with pytest.raises(DomainError, match="waits"):
                ask_correction(grace, excuse())

    def test_a_time_that_was_struck_is_not_struck_again(
        self, grace: Person, her_account: User
    ) -> None:
        punch = PunchFactory(person=grace, at=at(9))
        strike = excuse(kind=Correction.Kind.VOID, punch=punch)
        with signed_in(her_account):
            row = ask_correction(grace, strike)
            # Asked for meanwhile, and found to be too late when it is decided on.
            move = ask_correction(grace, excuse(kind=Correction.Kind.MOVE, punch=punch, at=at(8)))
        with signed_in(UserFactory(role=Role.HR)):
            approve_correction(row)
            with pytest.raises(DomainError, match="approved meanwhile"):
                approve_correction(move)
        with signed_in(her_account), pytest.raises(DomainError, match="Take that back"):
            ask_correction(grace, excuse(kind=Correction.Kind.MOVE, punch=punch, at=at(8, 30)))

    def test_somebody_who_was_erased_has_no_corrections(self) -> None:
        gone = PersonFactory(status=Person.Status.ERASED)
        with signed_in(UserFactory(role=Role.HR)), pytest.raises(DomainError) as refused:
            ask_correction(gone, excuse())
        assert refused.value.code == "correction.person"

    def test_the_log_holds_what_was_asked_for_and_nobodys_words(
        self, grace: Person, her_account: User
    ) -> None:
        with signed_in(her_account):
            row = ask_correction(grace, excuse(reason="My child was ill."))
        entry = AuditEntry.objects.get(action="attendance.correction.requested")
        assert entry.target_id == str(row.pk)
        assert entry.after["work_date"] == "2026-11-02"
        assert "child" not in str(entry.after) + entry.reason


class TestWithdrawing:
    def test_by_who_asked_and_by_the_person_but_by_nobody_else(
        self, grace: Person, her_account: User
    ) -> None:
        manager = manager_of("Laboratory")
        for user in (manager, her_account):
            with signed_in(manager):
                row = ask_correction(grace, excuse())
            with signed_in(UserFactory(role=Role.ADMINISTRATOR)), pytest.raises(PermissionMissing):
                withdraw_correction(row)
            with signed_in(user):
                assert withdraw_correction(row).state == Correction.State.WITHDRAWN

    def test_not_after_a_decision(self, grace: Person, her_account: User) -> None:
        with signed_in(her_account):
            row = ask_correction(grace, excuse())
        with signed_in(UserFactory(role=Role.HR)):
            approve_correction(row)
        with signed_in(her_account), pytest.raises(DomainError) as refused:
            withdraw_correction(row)
        assert refused.value.code == "correction.decided"


class TestTakingBack:
    def test_is_a_request_of_its_own_and_the_approval_stays_written(
        self, grace: Person, her_account: User
    ) -> None:
        hr = UserFactory(role=Role.HR)
        with signed_in(her_account):
            row = ask_correction(grace, excuse(kind=Correction.Kind.ADD, at=at(9)))
        with signed_in(hr):
            approve_correction(row)
            assert len(self._told(grace)) == 1
            undo = ask_undo(row, reason="It was another day.")
            assert len(self._told(grace)) == 1
            with pytest.raises(PermissionMissing):
                approve_correction(undo)
        with signed_in(UserFactory(role=Role.HR)):
            approve_correction(undo)
        assert self._told(grace) == []
        row.refresh_from_db()
        assert row.state == Correction.State.APPROVED

    def test_may_itself_be_taken_back(self, grace: Person) -> None:
        row = CorrectionFactory(
            person=grace,
            work_date=THE_DAY,
            kind=Correction.Kind.ADD,
            at=at(9),
            state=Correction.State.APPROVED,
        )
        undo = CorrectionFactory(
            person=grace,
            work_date=THE_DAY,
            kind=Correction.Kind.UNDO,
            undoes=row,
            state=Correction.State.APPROVED,
        )
        assert self._told(grace) == []
        CorrectionFactory(
            person=grace,
            work_date=THE_DAY,
            kind=Correction.Kind.UNDO,
            undoes=undo,
            state=Correction.State.APPROVED,
        )
        assert [each.key for each in self._told(grace)] == [str(row.pk)]

    def test_only_what_counts_and_once(self, grace: Person) -> None:
        row = CorrectionFactory(person=grace, work_date=THE_DAY)
        with signed_in(UserFactory(role=Role.HR)):
            with pytest.raises(DomainError, match="that counts"):
                ask_undo(row, reason="Because.")
            Correction.objects.filter(pk=row.pk).update(state=Correction.State.APPROVED)
            ask_undo(row, reason="Because.")
            with pytest.raises(DomainError, match="waits"):
                ask_undo(row, reason="Because.")

    def _told(self, person: Person) -> list[Any]:
        found = corrections_for([person.pk], first=THE_DAY, last=THE_DAY)
        return list(found.get(person.pk, ()))


class TestWhatTheEngineIsTold:
    def test_the_approved_ones_alone_with_the_keys_of_what_they_are_about(
        self, grace: Person, django_assert_num_queries: Any
    ) -> None:
        punch = PunchFactory(person=grace, at=at(9))
        for state in Correction.State:
            CorrectionFactory(
                person=grace,
                work_date=THE_DAY,
                kind=Correction.Kind.MOVE,
                punch=punch,
                at=at(8),
                state=state,
            )
        CorrectionFactory(work_date=THE_DAY, state=Correction.State.APPROVED)
        with django_assert_num_queries(1):
            found = corrections_for([grace.pk], first=THE_DAY, last=THE_DAY)
        ((told,),) = found.values()
        assert (told.kind, told.target, told.at) == (CorrectionKind.MOVE, str(punch.pk), at(8))

    @pytest.mark.parametrize(
        ("work_date", "count"),
        [
            (date(2026, 10, 30), 0),
            (date(2026, 10, 31), 1),
            (date(2026, 11, 4), 1),
            (date(2026, 11, 5), 0),
        ],
    )
    def test_of_the_margin_too(self, grace: Person, work_date: date, count: int) -> None:
        CorrectionFactory(person=grace, work_date=work_date, state=Correction.State.APPROVED)
        assert len(corrections_for([grace.pk], first=THE_DAY, last=THE_DAY)) == count


class TestTimesThatSomebodyTypes:
    """The clocks of Europe go forward on 29 March 2026 at 02:00, and back on 25 October at 03:00."""

    NIGHT = date(2026, 10, 25)

    def test_one_that_comes_twice_is_asked_about(self) -> None:
        half_past_two = time(2, 30)
        with pytest.raises(DomainError, match="came twice on 25 October 2026"):
            instant_of_wall(self.NIGHT, half_past_two, "Europe/Berlin")
        first, second = (
            instant_of_wall(self.NIGHT, half_past_two, "Europe/Berlin", which=which)
            for which in (0, 1)
        )
        assert (first.hour, second.hour) == (0, 1)
        assert (second - first).total_seconds() == 3600

    @pytest.mark.parametrize("which", [None, 0, 1])
    def test_one_that_was_skipped_does_not_exist(self, which: int | None) -> None:
        with pytest.raises(DomainError, match="did not exist on 29 March 2026") as refused:
            instant_of_wall(date(2026, 3, 29), time(2, 30), "Europe/Berlin", which=which)
        assert refused.value.code == "time.skipped"

    @pytest.mark.parametrize(
        ("day", "wall", "zone", "count", "why"),
        [
            ((2026, 10, 25), "01:59", "Europe/Berlin", 1, "before the hour that repeats"),
            ((2026, 10, 25), "02:00", "Europe/Berlin", 2, "its first minute"),
            ((2026, 10, 25), "02:59", "Europe/Berlin", 2, "its last minute"),
            ((2026, 10, 25), "03:00", "Europe/Berlin", 1, "after it"),
            ((2026, 3, 29), "01:59", "Europe/Berlin", 1, "before the gap"),
            ((2026, 3, 29), "02:00", "Europe/Berlin", 0, "its first minute"),
            ((2026, 3, 29), "03:00", "Europe/Berlin", 1, "after it"),
            ((2026, 4, 5), "01:45", "Australia/Lord_Howe", 2, "half an hour repeats"),
            ((2026, 4, 5), "01:15", "Australia/Lord_Howe", 1, "and only that half"),
            ((2026, 10, 4), "02:15", "Australia/Lord_Howe", 0, "half an hour is skipped"),
            ((2026, 10, 25), "02:30", "Asia/Kolkata", 1, "no summer time"),
            ((2011, 12, 30), "12:00", "Pacific/Apia", 0, "a date that was leapt over"),
        ],
    )
    def test_how_often_a_time_comes(
        self, day: tuple[int, int, int], wall: str, zone: str, count: int, why: str
    ) -> None:
        assert len(instants_of_wall(date(*day), time.fromisoformat(wall), zone)) == count, why
