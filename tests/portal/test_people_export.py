"""The list of people as a file: whole, readable, harmless, and written down."""

from __future__ import annotations

import asyncio
import csv
import io
from datetime import UTC, date, datetime

import openpyxl
import pytest
from django.core.handlers.asgi import ASGIRequest
from django.http import StreamingHttpResponse

from portal.audit.models import AuditEntry
from portal.core.context import Actor, acting_as
from portal.core.errors import DomainError, PermissionMissing
from portal.core.policies import permissions_of
from portal.organisation.models import Site
from portal.people.models import Person
from portal.people.selectors import visible_people
from portal.people.services import export_people
from portal.people.services.export import COLUMNS
from portal.people.views.sending import as_attachment
from tests.factories import PersonFactory, enrolled_person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("administrator")]

URL = "/people/export/"


def read(kind: str, data: bytes) -> list[dict[str, object]]:
    """The rows under their headings, as the program that opens the file reads them."""
    if kind == "csv":
        return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    heads, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(heads, row, strict=True)) for row in rows]


def ask(client, kind="csv", *, reason="for the fire drill", query="", found=None, **fields):
    count = visible_people().count() if found is None else found
    return client.post(
        URL, {"kind": kind, "reason": reason, "query": query, "found": count, **fields}
    )


def content(response: StreamingHttpResponse) -> bytes:
    assert response.status_code == 200, response.content
    return b"".join(response.streaming_content)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
class TestBothKinds:
    def test_a_row_says_what_is_known(self, client_of, kind):
        tokyo = Site.objects.create(name="Tokyo", time_zone="Asia/Tokyo")
        person = enrolled_person(1, photos=2, name="Ada Lovelace", code="0017", site=tokyo)
        person.consents.update(given_at=datetime(2026, 3, 1, 20, tzinfo=UTC))
        Person.objects.update(employed_from=date(2025, 9, 1), email="ada@example.org")
        (row,) = read(kind, content(ask(client_of("hr"), kind)))
        assert list(row) == list(COLUMNS)
        assert (row["Code"], row["Name"], row["E-mail"]) == (
            "0017",
            "Ada Lovelace",
            "ada@example.org",
        )
        assert (row["Site"], row["Department"], row["State"]) == ("Tokyo", "Laboratory", "Active")
        assert row["Basis of the consent"] == "Consent of the person"
        assert str(row["Photos"]) == "2"
        assert str(row["First day"]).startswith("2025-09-01")
        # At that moment it was the second of March already where she works.
        assert str(row["Consent given"]).startswith("2026-03-02")
        assert row["Last day"] in {"", None}

    @pytest.mark.parametrize(
        "name",
        [
            '=HYPERLINK("https://evil.example","Ada")',
            "+1+1",
            "-2+3",
            "@SUM(A1)",
            "\t=1+1",
            "＝1+1",
            "|cmd",
        ],
    )
    def test_a_name_is_never_a_formula(self, client_of, kind, name):
        PersonFactory(name=name, email="", department=None)
        data = content(ask(client_of("hr"), kind))
        (row,) = read(kind, data)
        assert str(row["Name"]).lstrip("'").strip() == name.strip()
        assert str(row["Name"])[0] not in "=+-@\t＝"
        if kind == "xlsx":
            sheet = openpyxl.load_workbook(io.BytesIO(data)).active
            kinds = {cell.data_type for row in sheet.iter_rows() for cell in row}
            assert "f" not in kinds
            assert sheet["B2"].data_type in {"s", "inlineStr"}

    def test_only_what_the_filter_finds(self, client_of, kind):
        PersonFactory(name="Ada")
        PersonFactory(name="Bob")
        data = content(ask(client_of("hr"), kind, query="q=ada", found=1))
        assert [row["Name"] for row in read(kind, data)] == ["Ada"]

    def test_only_those_ticked_where_some_are(self, client_of, kind):
        PersonFactory(name="Ada")
        bob = PersonFactory(name="Bob")
        data = content(ask(client_of("hr"), kind, ids=[bob.pk]))
        assert [row["Name"] for row in read(kind, data)] == ["Bob"]

    def test_five_thousand_people_are_a_few_questions(self, client_of, kind, monkeypatch):
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        from portal.people.services import export

        monkeypatch.setattr(export, "_AT_ONCE", 50)
        for number in range(120):
            PersonFactory(name=f"Person {number}", department_path="")
        with (
            CaptureQueriesContext(connection) as asked,
            export_people(visible_people(), kind=kind, reason="drill", filters=()) as file,
        ):
            data = file.read()
        assert len(read(kind, data)) == 120
        selects = [q for q in asked.captured_queries if "people_person" in q["sql"]]
        assert len(selects) == 1

    def test_no_template_and_no_address_of_a_picture_is_in_it(self, client_of, kind):
        person = enrolled_person(3)
        rows = read(kind, content(ask(client_of("hr"), kind)))
        said = repr(rows)
        image = person.images.get()
        for secret in (image.portrait_key, str(image.pk), str(person.pk), "GHV2"):
            assert secret not in said


class TestAudit:
    def test_who_took_how_many_and_why_without_what_was_typed(self, client_of):
        PersonFactory(name="Ada")
        content(ask(client_of("hr"), query="q=Ada&status=active", found=1))
        entry = AuditEntry.objects.get(action="people.exported")
        assert entry.reason == "for the fire drill"
        assert entry.after == {"people": 1, "format": "csv", "filters": ["q", "status"]}
        assert "Ada" not in str(entry.after)

    @pytest.mark.parametrize(
        ("fields", "status", "words"),
        [
            ({"reason": ""}, 400, "Say what the list is for"),
            ({"reason": "  x "}, 400, "Say what the list is for"),
            ({"kind": "pdf"}, 400, "CSV or XLSX"),
            ({"found": 7}, 409, "The list has changed"),
        ],
    )
    def test_what_is_refused_leaves_no_file(self, client_of, fields, status, words):
        PersonFactory()
        response = ask(client_of("hr"), **fields)
        assert response.status_code == status
        assert words in response.content.decode()
        assert not AuditEntry.objects.filter(action="people.exported").exists()

    @pytest.mark.parametrize("role", ["officer", "manager", "employee"])
    def test_without_the_right_there_is_no_file(self, client_of, role):
        PersonFactory()
        assert ask(client_of(role), found=0).status_code == 403
        actor = Actor(kind="user", permissions=permissions_of(role) | {"people.view"})
        with acting_as(actor), pytest.raises(PermissionMissing):
            export_people(visible_people(), kind="csv", reason="drill", filters=())

    def test_the_scope_holds(self, client):
        from tests.factories import UserFactory

        PersonFactory(name="Here")
        there = Site.objects.create(name="There")
        PersonFactory(name="There", site=there)
        hr = UserFactory(role="hr")
        hr.sites.add(there)
        client.force_login(hr, backend="allauth.account.auth_backends.AuthenticationBackend")
        rows = read("csv", content(ask(client, found=1)))
        assert [row["Name"] for row in rows] == ["There"]


def test_the_file_is_closed_once_it_is_sent_by_either_kind_of_server(rf):
    sent = []
    for request in (rf.get("/"), ASGIRequest({"type": "http", "method": "GET", "path": "/"}, None)):
        file = io.BytesIO(b"x" * 200_000)
        response = as_attachment(request, file, kind="csv")
        assert response.headers["Cache-Control"] == "no-store"
        if response.is_async:
            pieces = asyncio.run(_gathered(response))
        else:
            pieces = list(response.streaming_content)
        assert max(map(len, pieces)) <= 64 * 1024
        sent.append((response.is_async, sum(map(len, pieces)), file.closed))
    assert sent == [(False, 200_000, True), (True, 200_000, True)]


async def _gathered(response: StreamingHttpResponse) -> list[bytes]:
    return [piece async for piece in response.streaming_content]


def test_a_reason_is_kept_no_longer_than_its_field():
    PersonFactory()
    with pytest.raises(DomainError):
        export_people(visible_people(), kind="csv", reason="", filters=())
    export_people(visible_people(), kind="csv", reason="x" * 2000, filters=()).close()
    assert len(AuditEntry.objects.get(action="people.exported").reason) == 500
