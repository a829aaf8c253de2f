"""The pages of a roster import, and whose rights reach how far."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from portal.audit.models import AuditEntry
from portal.core.context import Actor, Scope, acting_as
from portal.core.errors import PermissionMissing
from portal.core.policies import permissions_of
from portal.organisation.models import Site
from portal.people.models import Person
from portal.people.services import suspend_person
from portal.roster.access import acting_as_importer
from portal.roster.models import HeadingMemory, RosterImport, RosterPart
from portal.roster.services import claim_busy, purge_rosters, ring_waiting, take_in
from portal.roster.services.lease import LEASE
from tests.factories import PersonFactory, UserFactory
from tests.factories.pictures import jpeg
from tests.factories.roster import applied, checked, csv_file, zip_file

pytestmark = pytest.mark.django_db

SHEET = csv_file(
    "Code,Name,Department,Site", "1001,Ada Okafor,Research,", "1002,=Bo,Office,", "1003,Cy,,Nowhere"
)


@pytest.fixture
def hr(client_of):
    return client_of("hr")


def upload(client, sheet: bytes = SHEET, photos: bytes | None = None, name: str = "staff.csv"):
    files = {"sheet": SimpleUploadedFile(name, sheet)}
    if photos is not None:
        files["photos"] = SimpleUploadedFile("photos.zip", photos)
    return client.post(reverse("roster:start"), files)


def columns_form(**changes: str) -> dict[str, str]:
    return {
        "field_code": "0",
        "field_name": "1",
        "field_department": "2",
        "field_site": "3",
        "date_order": "day",
        "basis": "consent",
        **changes,
    }


class TestTheRoad:
    def test_from_the_upload_to_the_columns_with_a_guess(self, hr):
        response = upload(hr)
        roster = RosterImport.objects.get()
        assert response.url == reverse("roster:columns", args=[roster.pk])
        page = hr.get(response.url).content.decode()
        assert roster.mapping == {"code": 0, "name": 1, "department": 2, "site": 3}
        assert "Ada Okafor" in page, "the first lines are shown"

    def test_the_dry_run_is_asked_of_the_light_worker(
        self, hr, sent_tasks, django_capture_on_commit_callbacks
    ):
        upload(hr)
        roster = RosterImport.objects.get()
        with django_capture_on_commit_callbacks(execute=True):
            hr.post(reverse("roster:columns", args=[roster.pk]), columns_form())
        roster.refresh_from_db()
        assert roster.state == "checking"
        assert ("roster.check", [], "light") in sent_tasks

    def test_columns_are_remembered_for_the_next_file_with_these_headings(self, hr):
        upload(hr)
        first = RosterImport.objects.get()
        hr.post(
            reverse("roster:columns", args=[first.pk]),
            columns_form(field_department="", field_site="", field_email="2", basis="contract"),
        )
        upload(hr)
        second = RosterImport.objects.order_by("-id").first()
        assert second.mapping == {"code": 0, "name": 1, "email": 2}
        assert second.options["basis"] == "contract"
        page = hr.get(reverse("roster:columns", args=[second.pk])).content.decode()
        assert "was imported before" in page
        assert HeadingMemory.objects.count() == 1

    def test_every_line_shows_its_outcome_and_reason(self, hr, administrator):
        roster = checked(SHEET)
        page = hr.get(reverse("roster:detail", args=[roster.pk])).content.decode()
        assert "Ada Okafor" in page
        assert "as formulas do" in page
        assert "There is no site “Nowhere”" in page
        only = hr.get(reverse("roster:detail", args=[roster.pk]), {"outcome": "refused"})
        assert "Ada Okafor" not in only.content.decode()
        found = hr.get(reverse("roster:detail", args=[roster.pk]), {"q": "1001"})
        assert "Nowhere" not in found.content.decode()

    def test_applying_is_asked_of_the_recognition_worker_as_a_job(
        self, hr, administrator, sent_tasks, django_capture_on_commit_callbacks
    ):
        roster = checked(SHEET)
        with django_capture_on_commit_callbacks(execute=True):
            hr.post(reverse("roster:apply", args=[roster.pk]))
        roster.refresh_from_db()
        assert (roster.state, roster.job.total, roster.job.kind) == (
            "applying",
            1,
            "roster.apply",
        )
        assert ("roster.apply", [], "recognition") in sent_tasks
        again = hr.post(reverse("roster:apply", args=[roster.pk]))
        assert again.status_code == 409

    def test_stopping_keeps_what_was_done(self, hr, administrator):
        roster = checked(SHEET)
        hr.post(reverse("roster:apply", args=[roster.pk]))
        hr.post(reverse("roster:stop", args=[roster.pk]))
        roster.refresh_from_db()
        assert (roster.state, roster.job.state) == ("stopped", "cancelled")
        assert not Person.objects.exists()
        assert not RosterPart.objects.exists()

    def test_an_applied_import_is_undone_from_its_page(self, hr, administrator):
        roster = applied(checked(SHEET))
        page = hr.get(reverse("roster:detail", args=[roster.pk])).content.decode()
        assert "Undo the import" in page
        hr.post(reverse("roster:undo", args=[roster.pk]))
        assert Person.objects.get().status == "removed"
        page = hr.get(reverse("roster:detail", args=[roster.pk])).content.decode()
        assert "was taken back" in page
        assert hr.post(reverse("roster:undo", args=[roster.pk])).status_code == 409

    def test_the_report_is_safe_to_open_and_noted_in_the_audit_log(self, hr, administrator):
        roster = applied(checked(csv_file("Code,Name", "1001,Ada Okafor", "'=1+1,Bo")))
        roster.rows.filter(line=2).update(reason="=HYPERLINK(1)")
        response = hr.get(reverse("roster:report", args=[roster.pk]))
        assert response["Content-Type"].startswith("text/csv")
        rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
        assert rows[0][:4] == ["Line", "Code", "Name", "Outcome"]
        assert rows[1][6] == "'=HYPERLINK(1)"
        assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
        entry = AuditEntry.objects.filter(action="roster.report.exported").get()
        assert entry.after == {"rows": 2}

    def test_the_sample_is_a_file_that_can_be_imported(self, hr, administrator):
        sample = hr.get(reverse("roster:sample")).content
        roster = checked(sample)
        assert {row.outcome for row in roster.rows.all()} == {"new"}
        assert set(roster.mapping) == {
            "code", "first_name", "last_name", "email", "department", "site", "employed_from",
            "employed_to", "consent", "consent_on", "photos",
        }  # fmt: skip


class TestRefusals:
    @pytest.mark.parametrize(
        ("sheet", "photos", "words"),
        [
            (b"\xff\xd8\xff\xe0\x00", None, "bytes that are no text"),
            (SHEET, b"no archive", "not a ZIP file"),
            (SHEET, zip_file({"../1001.jpg": jpeg()}), "points outside"),
            (csv_file("Code,Name", *(f"{n},x" for n in range(10_001))), None, "10,000 lines"),
        ],
        ids=["rubbish", "no archive", "slip", "too many lines"],
    )
    def test_a_file_that_cannot_be_imported_says_why_and_nothing_of_it_is_kept(
        self, hr, vault_files, django_capture_on_commit_callbacks, sheet, photos, words
    ):
        with django_capture_on_commit_callbacks(execute=True):
            response = upload(hr, sheet, photos)
        assert response.status_code == 422
        assert words in response.content.decode()
        assert not RosterImport.objects.exists()
        assert vault_files.blobs() == set()

    def test_without_a_code_column_nothing_goes_on(self, hr):
        upload(hr)
        roster = RosterImport.objects.get()
        response = hr.post(reverse("roster:columns", args=[roster.pk]), columns_form(field_code=""))
        assert response.status_code == 422
        assert "holds the code" in response.content.decode()

    def test_a_bomb_is_found_in_the_dry_run_and_the_import_refused(self, administrator):
        roster = checked(SHEET, zip_file({"1001.jpg": bytes(8 * 1024 * 1024)}))
        assert roster.state == "refused"
        assert "looks like a trap" in roster.message
        assert not roster.rows.exists()
        assert not RosterPart.objects.exists()

    def test_a_code_that_occurs_twice_is_one_persons(self, administrator):
        roster = checked(csv_file("Code,Name", "a1,Ada", "A1,Bo"))
        rows = {row.line: row for row in roster.rows.all()}
        assert (rows[2].outcome, rows[3].outcome) == ("new", "refused")
        assert "Line 2 has the same code" in rows[3].reason


class TestScope:
    @pytest.fixture
    def sites(self):
        north, south = Site.objects.create(name="North"), Site.objects.create(name="South")
        return north, south

    def actor(self, *sites: Site) -> Actor:
        return Actor(
            kind="user",
            id="9",
            label="hr@example.org",
            permissions=permissions_of("hr"),
            scope=Scope(site_ids=frozenset(site.pk for site in sites)),
        )

    def test_people_come_to_ones_own_sites_only(self, sites):
        north, south = sites
        PersonFactory(code="s1", site=south, name="Secret Name")
        sheet = csv_file("Code,Name,Site", "1,Ada,North", "2,Bo,South", "3,Cy,", "s1,Dee,North")
        with acting_as(self.actor(north)):
            roster = checked(sheet)
            rows = {row.line: row for row in roster.rows.all()}
            assert [rows[n].outcome for n in (2, 3, 4, 5)] == ["new", "refused", "new", "refused"]
            assert "that you may import into" in rows[3].reason
            assert rows[5].reason == "This code belongs to somebody whom you may not change."
            applied(roster)
        assert dict(Person.objects.values_list("code", "site__name")) == {
            "s1": "South", "1": "North", "3": "North",
        }  # fmt: skip
        assert Person.objects.get(code="s1").name == "Secret Name"

    def test_a_limited_user_sees_their_own_imports_only(self, sites, client_of, administrator):
        roster = checked(SHEET)
        limited = client_of("hr")
        user = UserFactory(role="hr")
        user.sites.add(sites[0])
        limited.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        assert limited.get(reverse("roster:detail", args=[roster.pk])).status_code == 404
        assert limited.get(reverse("roster:start")).status_code == 200

    def test_the_worker_has_no_more_rights_than_the_user_has_by_then(self):
        user = UserFactory(role="hr")
        with acting_as(
            Actor(kind="user", id=str(user.pk), label="x", permissions=user.permissions)
        ):
            roster = take_in([SHEET], file_name="staff.csv")
        with acting_as_importer(roster) as actor:
            assert actor.may("people.import")
        user.role = "officer"
        user.save()
        with pytest.raises(PermissionMissing), acting_as_importer(roster):
            pass
        user.delete()
        with pytest.raises(PermissionMissing), acting_as_importer(roster):
            pass

    @pytest.mark.parametrize("role", ["officer", "manager", "auditor", "employee"])
    def test_others_do_not_import(self, client_of, role):
        assert client_of(role).get(reverse("roster:start")).status_code == 403


class TestWhoIsKnown:
    def test_a_consent_column_that_says_no_withdraws_nothing(self, administrator):
        from tests.factories import enrolled_person

        ada = enrolled_person(1, code="1001", name="Ada Okafor")
        roster = checked(csv_file("Code,Name,Consent", "1001,Ada Okafor,no"))
        row = roster.rows.get()
        assert row.outcome == "unchanged"
        assert "withdraw it on the person’s page" in row.reason.replace("'", "’")
        assert ada.consents.filter(withdrawn_at=None).exists()

    def test_a_suspended_person_stays_suspended(self, administrator):
        ada = PersonFactory(code="1001", name="Ada", department_path="Research")
        suspend_person(ada)
        applied(checked(csv_file("Code,Name", "1001,Ada King")))
        ada.refresh_from_db()
        assert (ada.name, ada.status) == ("Ada King", "suspended")

    def test_whoever_moves_to_another_site_takes_the_department_along(self, administrator):
        ada = PersonFactory(code="1001", name="Ada", department_path="Research")
        Site.objects.create(name="North")
        applied(checked(csv_file("Code,Name,Site", "1001,Ada,North")))
        ada.refresh_from_db()
        assert (ada.site.name, ada.department.site.name, ada.department.path) == (
            "North",
            "North",
            "Research",
        )


class TestLeases:
    def test_of_two_workers_one_gets_a_roster(self, administrator):
        roster = take_in([SHEET], file_name="staff.csv")
        RosterImport.objects.update(state="applying")
        assert claim_busy("applying", "a:1") == roster
        assert claim_busy("applying", "b:2") is None
        assert claim_busy("applying", "a:1") == roster, "its own it may go on with"

    def test_what_a_dead_worker_held_is_free_after_a_while_and_rung_for(self, administrator):
        take_in([SHEET], file_name="staff.csv")
        RosterImport.objects.update(state="applying")
        assert claim_busy("applying", "a:1")
        rung: list[str] = []
        assert ring_waiting(ring_bell=rung.append) == 0
        RosterImport.objects.update(leased_until=timezone.now() - LEASE)
        assert ring_waiting(ring_bell=rung.append) == 1
        assert rung == ["roster.apply"]
        assert claim_busy("applying", "b:2")

    def test_what_a_command_imports_is_nobody_elses(self, administrator):
        take_in([SHEET], file_name="staff.csv", is_local=True)
        RosterImport.objects.update(state="applying")
        assert claim_busy("applying", "a:1") is None
        assert ring_waiting(ring_bell=lambda _: None) == 0


class TestRetention:
    def test_files_that_nobody_applied_go_after_a_day(
        self, administrator, vault_files, django_capture_on_commit_callbacks
    ):
        checked(SHEET)
        assert purge_rosters() == 0
        RosterImport.objects.update(changed_at=timezone.now() - timedelta(hours=25))
        with django_capture_on_commit_callbacks(execute=True):
            assert purge_rosters() == 1
        assert not RosterImport.objects.exists()
        assert vault_files.blobs() == set()

    def test_what_was_applied_goes_when_it_can_no_longer_be_undone(self, administrator):
        applied(checked(SHEET))
        RosterImport.objects.update(ended_at=timezone.now() - timedelta(days=29))
        assert purge_rosters() == 0
        RosterImport.objects.update(ended_at=timezone.now() - timedelta(days=31))
        assert purge_rosters() == 1
        assert Person.objects.exists(), "the people stay"
