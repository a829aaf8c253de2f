"""The same change to many people: whom it means, what it does, and taking it back at once."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.audit.models import AuditEntry
from portal.core.context import Actor, acting_as
from portal.core.errors import DomainError, PermissionMissing
from portal.core.policies import permissions_of
from portal.journal.models import Act
from portal.journal.services import undo_act
from portal.organisation.models import Department, Site
from portal.organisation.services import default_site, department_at
from portal.people.models import Person
from portal.people.selectors import gallery_revision
from portal.people.services import BulkAction, BulkChange, change_people, issue_pin
from portal.people.services import bulk as bulk_module
from tests.conftest import rolled_back
from tests.factories import PersonFactory, enrolled_person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("administrator")]

URL = "/people/bulk/"


def state_of(person: Person) -> tuple[object, ...]:
    person.refresh_from_db()
    pins = person.credentials.filter(revoked_at=None).count()
    return person.status, person.site_id, person.department_id, person.employed_to, pins


@pytest.fixture
def people():
    three = [enrolled_person(n, name=f"Person {n}") for n in range(3)]
    issue_pin(three[0])
    return three


def change(action: BulkAction, **fields: object) -> BulkChange:
    if action == BulkAction.MOVE:
        fields = {"site": default_site(), "department": "Year 8 / 8a", **fields}
    return BulkChange(action=action, **fields)


class TestChanges:
    @pytest.mark.parametrize("action", [a for a in BulkAction if a != BulkAction.REINSTATE])
    def test_one_undo_takes_all_of_it_back(self, people, action):
        before = [state_of(person) for person in people]
        outcome = change_people(people, change(action))
        after = [state_of(person) for person in people]
        assert all(a != b for a, b in zip(before, after, strict=True))
        assert (outcome.changed, outcome.refused) == (3, [])
        assert outcome.act.title == f"3 people {action.label}"
        undo_act(outcome.act)
        assert [state_of(person) for person in people] == before

    def test_reinstating_and_back(self, people):
        change_people(people, change(BulkAction.SUSPEND))
        outcome = change_people(people, change(BulkAction.REINSTATE))
        assert {p.status for p in Person.objects.all()} == {"active"}
        undo_act(outcome.act)
        assert {p.status for p in Person.objects.all()} == {"suspended"}

    def test_each_person_has_an_audit_row_and_the_gallery_one_revision(self, people):
        before = gallery_revision()
        change_people(people, change(BulkAction.SUSPEND, reason="holidays"))
        entries = AuditEntry.objects.filter(action="people.person.suspended")
        assert {e.target_id for e in entries} == {str(p.pk) for p in people}
        assert {e.reason for e in entries} == {"holidays"}
        assert gallery_revision() == before + 1

    def test_browsers_are_told_once(self, people, published, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            change_people(people, change(BulkAction.SUSPEND))
        assert [event["type"] for _, event in published] == ["gallery.changed"]

    def test_who_is_so_already_is_counted_and_has_no_act(self, people):
        change_people(people[:1], change(BulkAction.SUSPEND))
        outcome = change_people(people, change(BulkAction.SUSPEND))
        assert (outcome.changed, outcome.unchanged) == (2, 1)

    def test_one_changed_person_is_undone_by_their_own_act(self, people):
        outcome = change_people(people[:1], change(BulkAction.SUSPEND))
        assert outcome.act.person_id == people[0].pk
        assert Act.objects.count() == 1

    def test_who_cannot_be_changed_is_named_and_the_rest_is_done(self, people):
        Person.objects.filter(pk=people[1].pk).update(employed_from=date(2026, 6, 1))
        outcome = change_people(people, change(BulkAction.LEFT, last_day=date(2026, 5, 1)))
        assert outcome.changed == 2
        ((name, reason),) = outcome.refused
        assert name == "Person 1"
        assert "before the first" in reason
        assert state_of(people[1])[0] == "active"

    def test_a_day_to_come_is_noted_and_nobody_is_out_before_it(self, people):
        day = timezone.localdate() + timedelta(days=30)
        change_people(people, change(BulkAction.LEFT, last_day=day))
        assert {(p.status, p.employed_to) for p in Person.objects.all()} == {("active", day)}

    def test_a_move_makes_the_department_once(self, people):
        change_people(people, change(BulkAction.MOVE, department="Year 9 / 9b"))
        assert Department.objects.filter(path="Year 9 / 9b").count() == 1
        assert {str(p.department) for p in Person.objects.select_related("department")} == {
            "Year 9 / 9b"
        }

    def test_a_move_without_a_site_is_refused_before_anybody_moves(self, people):
        with pytest.raises(DomainError) as refused:
            change_people(people, BulkChange(action=BulkAction.MOVE))
        assert refused.value.code == "bulk.site"

    def test_more_than_a_limit_at_once_is_refused(self, people, monkeypatch):
        monkeypatch.setattr(bulk_module, "MOST_AT_ONCE", 2)
        with pytest.raises(DomainError, match="at most 2"):
            change_people(people, change(BulkAction.SUSPEND))
        assert {p.status for p in Person.objects.all()} == {"active"}

    def test_all_of_it_or_nothing_is_in_the_database(self, people):
        with rolled_back():
            change_people(people, change(BulkAction.REMOVE))
        assert {p.status for p in Person.objects.all()} == {"active"}
        assert not Act.objects.exists()

    @pytest.mark.parametrize("role", ["officer", "auditor", "employee"])
    def test_it_needs_the_right_to_manage_people(self, people, role):
        actor = Actor(kind="user", permissions=permissions_of(role))
        with acting_as(actor), pytest.raises(PermissionMissing):
            change_people(people, change(BulkAction.SUSPEND))


class TestUndo:
    def test_whoever_was_changed_since_stays_and_the_rest_comes_back(self, people):
        outcome = change_people(people, change(BulkAction.SUSPEND))
        change_people(people[:1], change(BulkAction.REMOVE))
        undo_act(outcome.act)
        assert [state_of(person)[0] for person in people] == ["removed", "active", "active"]
        outcome.act.refresh_from_db()
        assert outcome.act.title.endswith("(undone for 2)")

    def test_where_nothing_can_come_back_it_says_why(self, people):
        outcome = change_people(people, change(BulkAction.SUSPEND))
        change_people(people, change(BulkAction.REMOVE))
        with pytest.raises(DomainError, match="by now"):
            undo_act(outcome.act)
        outcome.act.refresh_from_db()
        assert outcome.act.undone_at is None

    def test_what_was_undone_one_by_one_is_not_undone_again(self, people):
        outcome = change_people(people, change(BulkAction.SUSPEND))
        for act in Act.objects.filter(person__isnull=False):
            undo_act(act)
        with pytest.raises(DomainError, match="one by one"):
            undo_act(outcome.act)

    def test_a_move_is_not_undone_over_a_later_move(self, people):
        first = change_people(people[:1], change(BulkAction.MOVE)).act
        change_people(people[:1], change(BulkAction.MOVE, department="Elsewhere"))
        with pytest.raises(DomainError, match="moved or removed again"):
            undo_act(first)

    def test_a_place_that_is_gone_is_no_place_to_go_back_to(self, people):
        old = department_at(default_site(), "Old")
        Person.objects.update(department=old)
        people[0].refresh_from_db()
        act = change_people(people[:1], change(BulkAction.MOVE)).act
        Person.objects.update(department=None)
        Person.objects.filter(pk=people[0].pk).update(
            department=Department.objects.get(path="Year 8 / 8a")
        )
        old.delete()
        with pytest.raises(DomainError, match="no longer exists"):
            undo_act(act)


class TestWhoIsMeant:
    def send(self, client, action="suspend", **fields):
        return client.post(URL, {"action": action, **fields})

    def test_those_ticked(self, client_of, people):
        response = self.send(client_of("administrator"), ids=[people[0].pk, people[2].pk])
        assert response.status_code == 302
        assert [state_of(p)[0] for p in people] == ["suspended", "active", "suspended"]

    def test_all_that_the_filter_finds_on_every_page(self, client_of):
        for number in range(60):
            PersonFactory(name=f"Ada {number}")
        bob = PersonFactory(name="Bob")
        response = self.send(client_of("administrator"), all="1", query="q=ada", found="60")
        assert response["Location"] == "/people/?q=ada"
        assert Person.objects.filter(status="suspended").count() == 60
        assert state_of(bob)[0] == "active"

    def test_a_list_that_grew_since_the_question_is_looked_at_again(self, client_of, people):
        response = self.send(client_of("administrator"), all="1", query="", found="2")
        assert response.status_code == 409
        assert "3 people are found now, and 2 when you looked" in response.content.decode()
        assert {state_of(p)[0] for p in people} == {"active"}

    @pytest.mark.parametrize(
        ("fields", "status"),
        [
            ({}, 400),
            ({"ids": "nonsense"}, 400),
            ({"action": "erase", "ids": "{0}"}, 400),
            ({"action": "left", "ids": "{0}", "last_day": "soon"}, 400),
            ({"action": "move", "ids": "{0}"}, 400),
            ({"action": "move", "ids": "{0}", "site": "nonsense"}, 400),
            ({"all": "1", "query": "status=nonsense", "found": "3"}, 400),
        ],
    )
    def test_a_form_that_makes_no_sense_changes_nobody(self, client_of, people, fields, status):
        filled = {key: value.format(people[0].pk) for key, value in fields.items()}
        response = self.send(client_of("administrator"), **filled)
        assert response.status_code == status
        assert [state_of(p)[0] for p in people] == ["active"] * 3

    def test_nobody_outside_the_scope_is_reached_by_an_id_or_by_all(self, client, people):
        from tests.factories import UserFactory

        elsewhere = Site.objects.create(name="Elsewhere")
        mine = PersonFactory(site=elsewhere, department=None)
        hr = UserFactory(role="hr")
        hr.sites.add(elsewhere)
        client.force_login(hr, backend="allauth.account.auth_backends.AuthenticationBackend")
        self.send(client, ids=[people[0].pk, mine.pk])
        assert (state_of(people[0])[0], state_of(mine)[0]) == ("active", "suspended")
        self.send(client, "remove", all="1", query="", found="1")
        assert (state_of(people[0])[0], state_of(mine)[0]) == ("active", "removed")

    def test_nobody_is_moved_to_a_site_outside_the_scope(self, client, people):
        from tests.factories import UserFactory

        elsewhere = Site.objects.create(name="Elsewhere")
        hr = UserFactory(role="hr")
        hr.sites.add(default_site())
        client.force_login(hr, backend="allauth.account.auth_backends.AuthenticationBackend")
        response = self.send(client, "move", ids=[people[0].pk], site=elsewhere.pk)
        assert response.status_code == 400
        assert state_of(people[0])[1] == default_site().pk

    def test_the_next_page_says_what_was_done_and_offers_to_undo_it(self, client_of, people):
        client = client_of("administrator")
        Person.objects.filter(pk=people[1].pk).update(employed_from="2026-06-01")
        response = client.post(
            URL,
            {"action": "left", "ids": [p.pk for p in people], "last_day": "2026-05-01"},
            follow=True,
        )
        page = response.content.decode()
        assert "2 people were marked as left." in page
        assert "1 could not be changed. Person 1: The last day" in page
        act = Act.objects.get(kind="people.bulk")
        assert reverse("journal:undo", args=[act.pk]) in page
        client.post(reverse("journal:undo", args=[act.pk]))
        assert {state_of(p)[0] for p in people} == {"active"}

    def test_the_permission_is_asked_for(self, client_of, people):
        response = self.send(client_of("auditor"), ids=[people[0].pk])
        assert response.status_code == 403
