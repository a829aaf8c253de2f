"""The pages about privacy: what they say is what holds, and what they do is what they said."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.audit.models import AuditEntry
from portal.core.context import SYSTEM, acting_as
from portal.people.models import Consent, Person, PolicyText
from portal.people.services import publish_text, withdraw_consent
from portal.privacy.models import Notice
from portal.privacy.selectors import certificates, default_text, retention
from portal.privacy.services import change_retention, purge_everything
from portal.sightings.models import Recognition
from tests.factories import PersonFactory, RecognisedFaceFactory, UserFactory, enrolled_person
from tests.factories.privacy import SCAN, erasure

pytestmark = pytest.mark.django_db


@pytest.fixture
def hr(client_of) -> Client:
    return client_of("hr")


def url(name: str, *args: object) -> str:
    return reverse(f"privacy:{name}", args=args)


def body(response) -> str:
    return response.content.decode()


class TestPublicPage:
    def test_anybody_reads_it_and_it_names_nobody(self):
        UserFactory()
        enrolled_person(1, name="Ada Lovelace")
        response = Client().get(url("policy"))
        assert response.status_code == 200
        assert "Ada" not in body(response)

    def test_its_numbers_are_those_that_the_purge_deletes_by(self):
        UserFactory()
        with acting_as(SYSTEM):
            change_retention({"results": 17, "pictures": 9, "unknown_crops": 4, "left": 11})
        said = dict(
            re.findall(
                r'data-category="(\w+)"\s+data-days="(\d*)"', body(Client().get("/privacy/"))
            )
        )
        assert said == {rule.clock.category: str(rule.days or "") for rule in retention()}
        ages = {}
        for days in (3, 5, 8, 10, 16, 18):
            face = RecognisedFaceFactory()
            age = timezone.now() - timedelta(days=days)
            Recognition.objects.filter(pk=face.recognition_id).update(created_at=age)
            ages[face.recognition_id] = days
        with acting_as(SYSTEM):
            purge_everything()
        for row in Recognition.objects.all():
            days = ages.pop(row.pk)
            assert days < int(said["results"])
            assert bool(row.picture_key) is (days < int(said["pictures"]))
            assert bool(row.faces.get().portrait_key) is (days < int(said["unknown_crops"]))
        assert set(ages.values()) == {18}

    def test_it_says_who_answers_whom_to_ask_and_what_for(self, settings):
        UserFactory()
        settings.SITE_NAME = "Riverside School"
        assert "Riverside School" in body(Client().get(url("policy")))
        Notice.objects.create(
            controller="Riverside Trust", contact="privacy@example.org", purposes="Doors\nLessons"
        )
        page = body(Client().get(url("policy")))
        for words in ("Riverside Trust", "privacy@example.org", "<li>Doors</li>", "Lessons"):
            assert words in page

    def test_it_holds_the_text_in_force_word_for_word(self):
        UserFactory()
        with acting_as(SYSTEM):
            publish_text(title="Old", body="Old words.")
            publish_text(title="New", body="New words & <signs>.")
        page = body(Client().get(url("policy")))
        assert "New words &amp; &lt;signs&gt;." in page
        assert "Old words" not in page

    def test_its_address_is_a_qr_code(self):
        UserFactory()
        response = Client().get(url("policy_qr"))
        assert response["Content-Type"] == "image/svg+xml"
        assert b"<svg" in response.content
        assert b"<script" not in response.content


class TestRetentionPage:
    def days(self, **changes: object) -> dict[str, object]:
        days = {r.clock.category: r.days for r in retention() if not r.clock.is_fixed}
        return {**days, **changes}

    def test_the_table_shows_what_holds_and_a_change_is_taken(self, hr):
        page = body(hr.get(url("overview")))
        for rule in retention():
            assert rule.clock.title in page
        response = hr.post(url("save_retention"), self.days(results=90), follow=True)
        assert "results 90 days" in body(response)
        assert 'value="90"' in body(response)

    def test_what_cannot_be_is_refused_beside_the_number_and_nothing_changes(self, hr):
        response = hr.post(url("save_retention"), self.days(results=3))
        assert response.status_code == 422
        assert "cannot be kept longer than results (3 days)" in body(response)
        response = hr.post(url("save_retention"), self.days(left="soon"))
        assert (response.status_code, "Enter a whole number" in body(response)) == (422, True)
        assert {rule.is_default for rule in retention()} == {True}

    def test_the_trial_says_what_would_go_and_deletes_nothing(self, hr):
        face = RecognisedFaceFactory()
        Recognition.objects.update(created_at=timezone.now() - timedelta(days=40))
        page = body(hr.get(url("dry_run"), headers={"HX-Request": "true"}))
        assert "1 picture" in page
        assert "1 result" in page
        assert Recognition.objects.filter(pk=face.recognition_id).exists()
        Recognition.objects.all().delete()
        assert "Nothing is past its time" in body(hr.get(url("dry_run")))

    def test_an_auditor_reads_and_is_offered_nothing_to_change(self, client_of):
        page = body(client_of("auditor").get(url("overview")))
        assert "<input" not in page.partition("<main")[2].partition("</main>")[0].replace(
            '<input type="hidden" name="csrfmiddlewaretoken"', ""
        )

    def test_the_notice_is_changed_and_audited(self, hr):
        hr.post(
            url("save_notice"),
            {"controller": "Riverside", "contact": "x@example.org", "purposes": "Doors"},
        )
        assert Notice.objects.get().contact == "x@example.org"
        assert AuditEntry.objects.filter(action="privacy.notice.changed").exists()


class TestTexts:
    def test_a_text_is_proposed_with_this_installations_numbers_and_not_published(self, hr):
        with acting_as(SYSTEM):
            change_retention({"left": 45})
        page = body(hr.get(url("publish")))
        assert "45 days after I leave" in page
        assert not PolicyText.objects.exists()

    def test_publishing_the_proposal(self, hr):
        response = hr.post(
            url("publish"), {"title": "Consent", "body": default_text(), "term_days": "365"}
        )
        text = PolicyText.objects.get()
        assert response["Location"] == url("text", text.pk)
        assert (text.version, text.term_days) == (1, 365)
        assert text.sha256 == hashlib.sha256(text.body.encode()).hexdigest()
        assert text.published_by

    def test_the_file_is_byte_for_byte_what_the_checksum_is_of(self, hr):
        hr.post(url("publish"), {"title": "C", "body": "  One\r\n\r\n  Zwölf <b>\r\n"})
        text = PolicyText.objects.get()
        content = hr.get(url("text_file", text.pk)).content
        assert hashlib.sha256(content).hexdigest() == text.sha256
        assert content.decode() == text.body

    def test_the_same_again_is_refused_on_the_form(self, hr):
        for _ in range(2):
            response = hr.post(url("publish"), {"title": "C", "body": "One"})
        assert response.status_code == 422
        assert "word for word version 1" in body(response)


class TestPerson:
    def test_a_signed_sheet_is_recorded_and_given_back(self, hr):
        person = PersonFactory(name="Ada")
        with acting_as(SYSTEM):
            text = publish_text(title="Consent", body="I agree.")
        response = hr.post(
            url("record", person.pk),
            {
                "basis": "consent",
                "method": "paper",
                "signer": "Her Mother",
                "has_read": "on",
                "evidence": SimpleUploadedFile("sheet.pdf", SCAN),
            },
        )
        assert response.status_code == 302
        consent = Consent.objects.get()
        assert (consent.policy, consent.method, consent.signer) == (text, "paper", "Her Mother")
        assert hr.get(url("evidence", consent.pk)).content == SCAN
        viewed = AuditEntry.objects.get(action="people.evidence.viewed")
        assert viewed.target_id == str(person.pk)
        page = body(hr.get(url("release", consent.pk)))
        for words in ("I agree.", "Her Mother", text.sha256, "Signed on paper"):
            assert words in page

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"has_read": ""}, "This field is required"),
            ({"evidence": SimpleUploadedFile("x.exe", b"MZ")}, "neither a PDF nor"),
            ({"method": "link"}, "Select a valid choice"),
        ],
    )
    def test_what_is_no_record_of_a_consent(self, hr, changes, words):
        person = PersonFactory()
        data = {"basis": "consent", "method": "paper", "has_read": "on", **changes}
        response = hr.post(url("record", person.pk), data)
        assert response.status_code == 422
        assert words in body(response)
        assert not Consent.objects.exists()

    def test_withdrawing_says_what_it_did(self, hr):
        person = enrolled_person(1, photos=2, name="Ada")
        response = hr.post(url("withdraw", person.pk), {"reason": "asked"}, follow=True)
        assert "2 photos and 2 templates were removed" in body(response)
        assert "No active consent" in body(response)

    def test_a_hold_is_set_and_ended(self, hr):
        person = enrolled_person(1)
        for value, is_held in (("1", True), ("0", False)):
            hr.post(url("hold", person.pk), {"hold": value, "reason": "lawsuit"})
            person.refresh_from_db()
            assert person.legal_hold is is_held

    def test_the_export_is_a_download_that_no_cache_keeps(self, hr):
        person = enrolled_person(1, code="A/17")
        response = hr.post(url("export", person.pk), {"reason": "request of 3 March"})
        content = b"".join(response)
        assert response["Cache-Control"] == "no-store"
        assert 'filename="a17.zip"' in response["Content-Disposition"]
        assert "person.json" in zipfile.ZipFile(io.BytesIO(content)).namelist()
        entry = AuditEntry.objects.get(action="privacy.person.exported")
        assert entry.after["sha256"] == hashlib.sha256(content).hexdigest()

    def test_people_to_be_asked_again_are_listed(self, hr):
        enrolled_person(1, name="Ada Lovelace")
        assert "No text was published yet" in body(hr.get(url("ask_again")))
        with acting_as(SYSTEM):
            publish_text(title="Consent", body="I agree.")
        assert "Ada Lovelace" in body(hr.get(url("ask_again")))

    def test_who_is_limited_to_a_site_reaches_nobody_elsewhere(self, client_of):
        from portal.accounts.models import User
        from portal.organisation.models import Site

        client, person = client_of("hr"), enrolled_person(1, name="Ada Lovelace")
        User.objects.get(role="hr").sites.add(Site.objects.create(name="Elsewhere"))
        with acting_as(SYSTEM):
            publish_text(title="Consent", body="I agree.")
        consent = person.consents.get()
        for name, key in (("person", person.pk), ("release", consent.pk), ("erase", person.pk)):
            assert client.get(url(name, key)).status_code == 404
        for name in ("withdraw", "export", "hold", "record"):
            response = client.post(url(name, person.pk), {"reason": "x", "hold": "1"})
            assert response.status_code == 404
        assert "Ada" not in body(client.get(url("ask_again")))
        assert person.templates.count() == 1
        entry = erasure()
        assert client.get(url("certificate", entry.seq)).status_code == 404
        assert client_of("administrator").get(url("certificate", entry.seq)).status_code == 200
        assert "Nobody was erased yet" in body(client.get(url("erasures")))


class TestErasure:
    def test_it_names_what_goes_asks_for_the_code_and_gives_a_certificate(self, hr):
        person = enrolled_person(1, photos=3, name="Ada Lovelace", code="A-17")
        page = body(hr.get(url("erase", person.pk)))
        assert re.search(r"<strong>3</strong> photos", page)
        refused = hr.post(url("erase", person.pk), {"reason": "asked", "code": "A-18"})
        assert refused.status_code == 422
        assert Person.objects.get(pk=person.pk).name == "Ada Lovelace"
        response = hr.post(
            url("erase", person.pk), {"reason": "asked", "code": " A-17 "}, follow=True
        )
        page = body(response)
        assert "Certificate of erasure" in page
        assert "Ada" not in page
        entry = AuditEntry.objects.get(action="people.person.erased")
        for words in (
            "A-17",
            "asked",
            entry.after["certificate"],
            entry.after["keys_destroyed"][0],
        ):
            assert words in page
        assert "A-17" in body(hr.get(url("erasures")))

    def test_a_certificate_that_was_altered_says_so(self, hr):
        with acting_as(SYSTEM):
            from portal.people.services import erase_person

            person = erase_person(enrolled_person(1))
            [genuine] = certificates()
        assert genuine.is_genuine
        assert genuine.total == sum(genuine.counts.values()) == 3
        entry = AuditEntry.objects.get(action="people.person.erased")
        entry.after["photos"] = 99
        with acting_as(SYSTEM):
            from portal.privacy.selectors.erasures import _read

            assert not _read(entry).is_genuine
        assert Person.objects.get(pk=person.pk).status == "erased"

    def test_a_legal_hold_refuses_it_on_the_page_and_behind_it(self, hr):
        person = enrolled_person(1, legal_hold=True, code="A-17")
        assert "cannot be erased until the hold ends" in body(hr.get(url("erase", person.pk)))
        response = hr.post(url("erase", person.pk), {"reason": "asked", "code": "A-17"})
        assert response.status_code == 422
        assert person.images.exists()

    def test_a_code_is_shown_as_what_it_is(self, hr):
        person = PersonFactory(code="<script>alert(1)</script>")
        assert "<script>alert" not in body(hr.get(url("erase", person.pk)))


def test_a_picture_or_crop_past_its_time_leaves_a_page_without_a_broken_image(client_of):
    client = client_of("administrator")
    face = RecognisedFaceFactory(portrait_key="", recognition__picture_key="")
    for name, key in (("detail", face.recognition_id), ("result", face.recognition_id)):
        page = body(client.get(reverse(f"sightings:{name}", args=[key])))
        assert reverse("sightings:crop", args=[face.pk]) not in page
        assert reverse("sightings:picture", args=[face.recognition_id]) not in page
    assert reverse("sightings:crop", args=[face.pk]) not in body(client.get("/live/"))


def test_withdrawn_people_are_not_offered_a_withdrawal_twice(client_of):
    person = enrolled_person(1)
    with acting_as(SYSTEM):
        withdraw_consent(person)
    page = body(client_of("hr").get(url("person", person.pk)))
    assert "Record a consent" in page
    assert "Remove what is left" not in page
