"""The public pages behind a link: who gets in, what strangers learn, and the way through."""

from __future__ import annotations

import logging
import re
from datetime import timedelta

import pytest
import structlog
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.core.redaction import hide_links
from portal.enrolment.join_access import MOST_WRONG_TOKENS
from portal.enrolment.models import EnrolmentPhoto, Invitation
from portal.enrolment.services.join import MOST_PHOTOS_HOURLY
from portal.people.models import PolicyText
from tests.factories import EnrolmentFaceFactory, PersonFactory, UserFactory
from tests.factories.invitations import invitation
from tests.factories.pictures import fresh_jpeg, refused_picture

pytestmark = pytest.mark.django_db

VALID = {"signer": "Ada Lovelace", "has_agreed": "on"}


@pytest.fixture(autouse=True)
def _set_up(db: None) -> None:
    UserFactory()  # without a user every address leads to the set-up page


def url(name: str, token: str, **names: object) -> str:
    return reverse(f"join:{name}", kwargs={"token": token, **names})


def picture(data: bytes | None = None) -> SimpleUploadedFile:
    return SimpleUploadedFile("me.jpg", data or fresh_jpeg(), content_type="image/jpeg")


def without_what_varies(page: str) -> str:
    return re.sub(r'(csrfmiddlewaretoken" value=|X-CSRFToken": )"[^"]+"', "", page)


DEAD = {
    "unknown": {},
    "expired": {"expires_at": timezone.now() - timedelta(seconds=1)},
    "used": {"used_at": timezone.now()},
    "revoked": {"revoked_at": timezone.now()},
    "refused": {"refused_at": timezone.now()},
    "declined": {"declined_at": timezone.now()},
}
SUFFIXES = ("", "photos/", "photos/list/", "review/")


def test_all_links_that_do_not_work_are_answered_alike(client):
    pages = set()
    for name, fields in DEAD.items():
        person = PersonFactory(name="Ada Lovelace")
        token = "x" * 47 if name == "unknown" else invitation(person=person, **fields)[1]
        for suffix in SUFFIXES:
            response = client.get(f"/join/{token}/{suffix}")
            pages.add((response.status_code, without_what_varies(response.content.decode())))
        for suffix in ("agree/", "refuse/", "submit/", "photos/add/"):
            assert client.post(f"/join/{token}/{suffix}").status_code == 404
    [(status, page)] = pages
    assert status == 404
    assert "This link does not work" in page
    assert "Ada" not in page


@pytest.mark.parametrize(
    ("accept", "expected"),
    [("application/json", "invitation.closed"), ("text/html", "This link does not work")],
)
def test_a_dead_link_tells_scripts_and_people_each_in_their_way(client, accept, expected):
    response = client.post(
        url("add_photo", "nothing"), {"image": picture()}, headers={"Accept": accept}
    )
    assert response.status_code == 404
    assert expected in response.content.decode()


def test_a_page_that_is_open_when_its_link_ends_gives_way_to_the_reason(client):
    response = client.get(url("photo_list", "nothing"), headers={"HX-Request": "true"})
    assert response.status_code == 404
    assert response["HX-Refresh"] == "true"


def test_whoever_tries_many_links_is_slowed_down_and_nobody_else(client):
    _, token = invitation()
    for number in range(MOST_WRONG_TOKENS):
        assert client.get(url("start", f"wrong{number}")).status_code == 404
    for tried in ("wrong", token):
        slowed = client.get(url("start", tried))
        assert slowed.status_code == 429, "the answer must not tell which of them exist"
        assert "wait ten minutes" in slowed.content.decode()
    assert client.get(url("start", token), REMOTE_ADDR="192.0.2.44").status_code == 200


def test_links_that_work_are_never_counted(client):
    _, token = invitation(agreed=True)
    for _ in range(MOST_WRONG_TOKENS + 5):
        assert client.get(url("photo_list", token)).status_code == 200


@pytest.mark.parametrize("name", ["start", "photos", "photo_list", "review", "dead", "thanks"])
def test_every_page_is_kept_out_of_caches_indexes_and_referrers(client, name):
    _, token = invitation(agreed=name != "start")
    token = "wrong" if name == "dead" else token
    address = (
        reverse("join:thanks")
        if name == "thanks"
        else url("start" if name == "dead" else name, token)
    )
    response = client.get(address)
    assert response["Cache-Control"] == "no-store, private"
    assert "noindex" in response["X-Robots-Tag"]
    assert response["Referrer-Policy"] == "strict-origin"
    assert response["X-Frame-Options"] == "DENY"
    assert "script-src 'self'" in response["Content-Security-Policy"]
    assert ("camera=(self)" in response["Permissions-Policy"]) is (name == "photos")


def test_the_list_that_is_read_every_second_asks_little(client, django_assert_num_queries):
    row, token = invitation(agreed=True)
    client.get(url("photo_list", token))  # whatever is asked once per process is asked here
    for photos in (1, 9):
        for _ in range(photos):
            EnrolmentFaceFactory(photo__enrolment=row.enrolment)
        # The invitation with person and draft, the photos, their faces.
        with django_assert_num_queries(3):
            assert client.get(url("photo_list", token)).status_code == 200


def test_pictures_are_kept_nowhere_either(client):
    row, token = invitation(agreed=True)
    face = EnrolmentFaceFactory(photo__enrolment=row.enrolment)
    for address in (
        url("photo", token, photo_id=face.photo_id), url("face", token, face_id=face.pk)
    ):  # fmt: skip
        response = client.get(address)
        assert response["Content-Type"] == "image/jpeg"
        assert response["Cache-Control"] == "no-store, private"


def test_a_link_shows_no_photo_but_its_own(client, client_of):
    _, mine = invitation(agreed=True)
    theirs, _ = invitation(agreed=True)
    face = EnrolmentFaceFactory(photo__enrolment=theirs.enrolment)
    photo = {"photo_id": face.photo_id}
    assert client.get(url("photo", mine, **photo)).status_code == 404
    assert client.get(url("face", mine, face_id=face.pk)).status_code == 404
    assert client.post(url("drop", mine, **photo)).status_code == 404
    assert client.post(url("choose", mine, **photo, position=0)).status_code == 404
    assert EnrolmentPhoto.objects.filter(pk=face.photo_id).exists()
    # The administrators' addresses stay closed, link or not.
    assert client.get(reverse("enrolment:photo", args=[face.photo_id])).status_code == 302


def test_nothing_is_written_without_the_csrf_token():
    client = Client(enforce_csrf_checks=True)
    row, token = invitation(agreed=True)
    for name in ("agree", "refuse", "submit", "add_photo"):
        response = client.post(url(name, token), {**VALID, "image": picture()})
        assert response.status_code == 403, name
    row.refresh_from_db()
    assert row.state == "sent"
    client.get(url("start", token) + "?again=1")
    form = {**VALID, "csrfmiddlewaretoken": client.cookies["csrftoken"].value}
    assert client.post(url("agree", token), form).status_code == 302


def test_the_way_through(client, sent_tasks, django_capture_on_commit_callbacks):
    row, token = invitation(person=PersonFactory(name="Ada Lovelace"))
    page = client.get(url("start", token)).content.decode()
    assert "Ada Lovelace" in page
    assert "Privacy" in page
    assert client.get(url("photos", token)).url == url("start", token), "first the consent"
    assert client.post(url("add_photo", token), {"image": picture()}).status_code == 404

    refused = client.post(url("agree", token), {"signer": "Ada"})
    assert refused.status_code == 422
    assert "I do not want this" in refused.content.decode()
    agreed = client.post(url("agree", token), VALID)
    assert agreed.url == url("photos", token)
    assert client.get(url("start", token)).url == url("photos", token), "and goes on there later"

    with django_capture_on_commit_callbacks(execute=True):
        accepted = client.post(
            url("add_photo", token), {"image": picture()}, headers={"Accept": "application/json"}
        )
    assert accepted.status_code == 202
    assert [task for task, _, _ in sent_tasks] == ["enrolment.examine"]
    bad = client.post(
        url("add_photo", token),
        {"image": picture(refused_picture("truncated"))},
        headers={"Accept": "application/json"},
    )
    assert bad.status_code == 422
    assert "cut off" in bad.json()["error"]["message"]
    assert client.get(url("review", token)).url == url("photos", token), "one still waits"
    assert client.post(url("submit", token)).status_code == 409

    EnrolmentPhoto.objects.all().delete()
    row.refresh_from_db()
    EnrolmentFaceFactory(photo__enrolment=row.enrolment)
    assert "Agreed by" in client.get(url("review", token)).content.decode()
    assert client.post(url("submit", token)).url == reverse("join:thanks")
    assert client.get(url("start", token)).status_code == 404
    row.refresh_from_db()
    assert row.state == "submitted"


def test_the_text_in_force_is_shown_in_the_wanted_language_and_agreed_to(client):
    for language, body in (("en", "We keep faces."), ("de", "Wir behalten Gesichter.")):
        PolicyText.objects.create(
            language=language, version=1, title="Faces", body=body, sha256=language * 32,
            published_at=timezone.now(),
        )  # fmt: skip
    row, token = invitation()
    cases = {"de-CH,de;q=0.9": "Wir behalten", "fr": "We keep", "": "We keep"}
    for accepted, expected in cases.items():
        headers = {"Accept-Language": accepted} if accepted else {}
        page = client.get(url("start", token), headers=headers).content.decode()
        assert expected in page, accepted
    text = PolicyText.objects.get(language="de")
    page = client.get(url("start", token), {"lang": "de"}).content.decode()
    assert f'name="policy" value="{text.pk}"' in page
    unread = client.post(url("agree", token), VALID)
    assert unread.status_code == 422, "a text is in force, so one must have been shown"
    client.post(url("agree", token), {**VALID, "policy": text.pk, "is_guardian": "on"})
    row.refresh_from_db()
    assert (row.policy, row.signer) == (text, "Ada Lovelace (parent or guardian)")


def test_a_refusal_ends_the_link(client):
    row, token = invitation(agreed=True)
    assert client.post(url("refuse", token)).url == reverse("join:no_thanks")
    assert "That is all right" in client.get(reverse("join:no_thanks")).content.decode()
    assert client.get(url("start", token)).status_code == 404
    row.refresh_from_db()
    assert row.state == "refused"


def test_photos_without_end_are_refused(client):
    _, token = invitation(agreed=True)
    for _ in range(MOST_PHOTOS_HOURLY):
        client.post(url("add_photo", token), {"x": "1", "image": picture(b"no picture")})
    response = client.post(
        url("add_photo", token), {"image": picture()}, headers={"Accept": "application/json"}
    )
    assert response.status_code == 429
    assert response.json()["error"]["code"] == "image.slow_down"


def test_a_browser_of_an_administrator_acts_as_the_invitation(client_of):
    """Whoever opens the link is its holder there, whatever else they may do elsewhere."""
    row, token = invitation(agreed=True)
    face = EnrolmentFaceFactory(photo__enrolment=row.enrolment)
    other, _ = invitation(agreed=True)
    theirs = EnrolmentFaceFactory(photo__enrolment=other.enrolment)
    client = client_of("administrator")
    assert client.post(url("drop", token, photo_id=theirs.photo_id)).status_code == 404
    assert client.post(url("drop", token, photo_id=face.photo_id)).status_code == 302


def test_neither_page_nor_partial_names_anybody_else(client):
    from tests.factories import LikenessFactory, enrolled_person

    other = enrolled_person(1, name="Grace Hopper")
    row, token = invitation(agreed=True)
    face = EnrolmentFaceFactory(
        photo__enrolment=row.enrolment,
        photo__verdict="other_person",
        photo__message="This face belongs to somebody else already.",
    )
    LikenessFactory(face=face, person=other)
    for name in ("photos", "photo_list", "review"):
        page = client.get(url(name, token)).content.decode()
        assert "Grace" not in page
        assert "belongs" not in page
        assert "other_person" not in page
        assert str(other.pk) not in page


class TestTheLog:
    def test_tokens_are_taken_out_of_every_text(self):
        entry = {
            "event": "Internal Server Error: /join/ghj_secret/photos/",
            "exception": "Traceback\n  GET /join/ghj_secret?x=1\n",
            "status": 500,
        }
        cleaned = hide_links(None, "error", entry)
        assert "ghj_secret" not in str(cleaned)
        assert cleaned["event"].endswith("/join/…/photos/")
        assert cleaned["status"] == 500

    def test_what_django_logs_of_a_refused_form_holds_no_token(self, caplog):
        _, token = invitation()
        Client(enforce_csrf_checks=True).post(url("refuse", token))
        [record] = [one for one in caplog.records if one.name == "django.security.csrf"]
        assert token in record.getMessage(), "Django knows nothing of it"
        written = [
            handler.format(record)
            for handler in logging.getLogger().handlers
            if isinstance(handler.formatter, structlog.stdlib.ProcessorFormatter)
        ]
        assert written
        assert "/join/…/refuse/" in written[0]
        assert token not in "".join(written)


def test_the_administrators_pages(client_of):
    client = client_of("hr")
    person = PersonFactory(name="Ada Lovelace")
    made = client.post(reverse("invitation:create", args=[person.pk]))
    page = made.content.decode()
    [address] = set(re.findall(r"http://testserver(/join/[\w-]+/)", page))
    assert made["Cache-Control"] == "no-store"
    assert "data:image/svg+xml" in page
    assert client.get(address).status_code == 200
    listed = client.get(reverse("invitation:list")).content.decode()
    assert "Ada Lovelace" in listed
    assert "Opened" in listed
    assert address not in listed, "it is shown once"
    taken = client.post(
        reverse("invitation:new"), {"name": "Bob", "code": person.code, "department": ""}
    )
    assert taken.status_code == 422
    assert "never used twice" in taken.content.decode()
    many = client.post(reverse("invitation:create_many"), {"ids": [person.pk]})
    assert many.status_code == 200
    assert Invitation.objects.filter(revoked_at=None).count() == 1
