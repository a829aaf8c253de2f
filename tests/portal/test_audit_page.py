"""The audit log's page: filters, paging, names, before and after, the export, and whose it is."""

from __future__ import annotations

import csv
import io

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.audit.models import AuditEntry
from portal.audit.services import record
from portal.core.context import Actor, Scope, acting_as
from portal.core.errors import DomainError
from portal.core.policies import permissions_of
from portal.organisation.models import Site
from portal.people.models import Person
from portal.system import audit_log
from portal.system.audit_log import AuditQuery, audit_page, export_rows
from tests.conftest import SIGN_IN_BACKEND
from tests.factories import PersonFactory, UserFactory

pytestmark = pytest.mark.django_db

URL = "system:audit"


def by(label: str, **fields: object) -> Actor:
    return Actor(kind="user", id=label, label=f"{label}@example.org", **fields)


def actions(wanted: AuditQuery) -> list[str]:
    page = audit_page(wanted, before=None, after=None)
    return [view.entry.action for view in page.entries]


@pytest.fixture
def log(administrator, time_machine) -> dict[str, Person]:
    """Three acts on three days, by two people, about two others."""
    people = {"ada": PersonFactory(name="Ada Lovelace", code="1815"), "bob": PersonFactory()}
    for day, actor, action, who in (
        (1, "grace", "people.person.updated", "ada"),
        (2, "grace", "people.photo.viewed", "bob"),
        (3, "alan", "people.photo.viewed", "ada"),
    ):
        time_machine.move_to(f"2030-03-0{day}T23:30:00Z", tick=False)
        with acting_as(by(actor)):
            record(action, target=people[who], before={"day": 0}, after={"day": day})
    return people


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"actor": "GRACE"}, ["people.photo.viewed", "people.person.updated"]),
        ({"action": "people.photo.viewed", "actor": "alan"}, ["people.photo.viewed"]),
        ({"person": "lovelace"}, ["people.photo.viewed", "people.person.updated"]),
        ({"person": "1815"}, ["people.photo.viewed", "people.person.updated"]),
        ({"person": "nobody"}, []),
        ({"action": "people.photo"}, []),
    ],
)
def test_the_log_is_narrowed(log, wanted, found):
    assert actions(AuditQuery(**wanted)) == found


def test_days_are_the_days_of_the_clock_on_the_wall(log, settings):
    from datetime import date

    third = AuditQuery(since=date(2030, 3, 3), until=date(2030, 3, 3), actor="a")
    assert actions(third) == ["people.photo.viewed"]
    with timezone.override("Europe/Berlin"):
        # Half past eleven in the evening is the next day in Berlin.
        assert actions(third) == ["people.photo.viewed"]
        assert actions(AuditQuery(since=date(2030, 3, 4))) == ["people.photo.viewed"]


def test_somebody_erased_is_found_by_code_and_id_and_has_no_name(log):
    ada = log["ada"]
    ada.name, ada.status = "Erased person", Person.Status.ERASED
    ada.save()
    for wanted in ("1815", str(ada.pk)):
        page = audit_page(AuditQuery(person=wanted), before=None, after=None)
        assert len(page.entries) == 2
        assert {view.person for view in page.entries} == {None}
        assert "Lovelace" not in page.entries[0].target_words


def test_before_and_after_stand_side_by_side(administrator):
    record("act", before={"a": 1, "b": 2}, after={"b": ["x", "y"], "c": ""})
    (view,) = audit_page(AuditQuery(action="act"), before=None, after=None).entries
    assert view.changes == [("a", "1", None), ("b", "2", "x, y"), ("c", None, "–")]


def test_pages_are_turned_by_number_so_that_new_entries_shift_nothing(administrator, monkeypatch):
    monkeypatch.setattr(audit_log, "PAGE", 3)
    for number in range(8):
        record(f"act.{number}")
    wanted = AuditQuery()
    first = audit_page(wanted, before=None, after=None)
    record("act.later")
    second = audit_page(wanted, before=first.older, after=None)
    third = audit_page(wanted, before=second.older, after=None)
    shown = [[view.entry.action for view in page.entries] for page in (first, second, third)]
    assert shown == [
        ["act.7", "act.6", "act.5"],
        ["act.4", "act.3", "act.2"],
        ["act.1", "act.0"],
    ]
    assert (first.newer, third.older) == (None, None)
    back = audit_page(wanted, before=None, after=third.newer)
    assert back.entries == second.entries
    newest = audit_page(wanted, before=None, after=second.newer)
    assert [view.entry.action for view in newest.entries] == ["act.7", "act.6", "act.5"]
    assert newest.newer is not None, "something was written meanwhile"


def test_whoever_is_limited_sees_what_concerns_their_people_and_their_own_acts(administrator):
    north, south = Site.objects.create(name="North"), Site.objects.create(name="South")
    ours = PersonFactory(site=north, department=None)
    theirs = PersonFactory(site=south, department=None)
    record("ours", target=ours)
    record("theirs", target=theirs)
    record("system")
    scope = Scope(site_ids=frozenset({north.pk}))
    with acting_as(by("auditor", permissions=permissions_of("auditor"), scope=scope)):
        record("own")
        assert actions(AuditQuery()) == ["own", "ours"]
        assert actions(AuditQuery(person=theirs.code)) == []
        assert [row.action for row in export_rows(AuditQuery())] == ["ours", "own"]


# --- the page ---


def test_the_page_shows_who_did_what_to_whom(log, client_of):
    page = client_of("auditor").get(reverse(URL), {"person": "Ada"}).content.decode()
    assert "alan@example.org" in page
    assert "People photo viewed" in page
    assert reverse("people:detail", args=[log["ada"].pk]) in page
    assert "grace@example.org" in page
    assert (
        "Nothing fits" in client_of("auditor").get(reverse(URL), {"actor": "eve"}).content.decode()
    )


@pytest.mark.parametrize(
    "query",
    [
        {"before": "x"},
        {"before": "9" * 40},
        {"before": "-1"},
        {"since": "yesterday"},
        {"action": "no.such"},
        {"since": "0001-01-01", "until": "9999-12-31"},
    ],
)
def test_what_cannot_be_read_narrows_nothing(log, client_of, query):
    assert client_of("auditor").get(reverse(URL), query).status_code == 200


def test_a_log_whose_end_is_gone_is_said_on_the_page(
    log, client_of, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        record("first")
    client = client_of("auditor")
    assert "not where it was" in client.get(reverse(URL)).content.decode(), "no anchor was kept"


def test_the_pages_fingerprint_is_the_anchors(
    client_of, administrator, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        entry = record("first")
    page = client_of("auditor").get(reverse(URL)).content.decode()
    assert audit_log.fingerprint(entry.hash) in page
    assert "not where it was" not in page


# --- the export ---


def test_the_export_holds_the_filtered_entries_safely_and_is_written_down(log, client_of):
    with acting_as(by("=cmd|' /C calc'!A1")):
        record("act", reason="@SUM(A1)", after={"x": "=1"})
    user = UserFactory(role="auditor")
    client = Client()
    client.force_login(user, backend=SIGN_IN_BACKEND)
    answer = client.get(reverse("system:export_audit"), {"action": "act"})
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.content.decode().removeprefix("\ufeff"))))
    assert [row["action"] for row in rows] == ["act"]
    assert rows[0]["actor_label"].startswith("'=cmd")
    assert rows[0]["reason"] == "'@SUM(A1)"
    assert rows[0]["after"] == '{"x": "=1"}'
    last = AuditEntry.objects.first()
    assert (last.action, last.actor_id) == ("audit.exported", str(user.pk))
    assert last.after == {"entries": 1, "filter": ["action"]}


def test_more_than_a_file_takes_is_refused_with_the_way_out(log, monkeypatch):
    monkeypatch.setattr(audit_log, "MAX_EXPORT", 2)
    with pytest.raises(DomainError, match="Choose a shorter time"):
        export_rows(AuditQuery())
