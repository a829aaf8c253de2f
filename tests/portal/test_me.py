"""One's own data: an employee sees themselves, everything of themselves, and nobody else."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import Role, User
from portal.audit.models import AuditEntry
from portal.people.models import Consent, Credential, FaceImage, Person, PolicyText
from tests.conftest import SIGN_IN_BACKEND
from tests.factories import (
    FaceImageFactory,
    RecognisedFaceFactory,
    UserFactory,
    enrolled_person,
)

pytestmark = pytest.mark.django_db

ME = "dashboard:me"


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=SIGN_IN_BACKEND)
    return client


@pytest.fixture
def ada() -> Person:
    return enrolled_person(1, name="Ada Lovelace")


@pytest.fixture
def bob() -> Person:
    return enrolled_person(2, name="Bob Babbage")


@pytest.fixture
def client(ada) -> Client:
    cache.clear()
    return browser_of(UserFactory(role=Role.EMPLOYEE, person=ada, email="ada@example.org"))


def test_after_sign_in_an_employee_lands_on_their_own_page(ada):
    UserFactory(role=Role.EMPLOYEE, person=ada, email="ada@example.org")
    answer = Client().post(
        reverse("account_login"),
        {"login": "ada@example.org", "password": "four unrelated words here"},
        follow=True,
    )
    assert answer.redirect_chain[-1][0] == reverse(ME)
    page = answer.content.decode()
    assert "Ada Lovelace" in page
    assert page.count("l-nav__item") < 6, "one place, and the sidebar's own buttons"
    assert reverse("people:list") not in page


def test_the_page_holds_what_is_kept(client, ada):
    policy = PolicyText.objects.create(
        version=7,
        title="Faces here",
        body="We keep a template.",
        sha256="x",
        published_at=timezone.now(),
    )
    Consent.objects.filter(person=ada).update(policy=policy)
    Credential.objects.create(person=ada, kind="pin", digest="secret-digest")
    Credential.objects.create(person=ada, kind="qr", digest="x", revoked_at=timezone.now())
    face = RecognisedFaceFactory(person=ada, decision="match")
    page = client.get(reverse(ME)).content.decode()
    assert "We keep a template." in page
    assert "PIN" in page
    assert "secret-digest" not in page
    assert "You have no PIN" not in page
    assert "QR code" not in page, "it was revoked"
    assert reverse("dashboard:my_sighting", args=[face.pk]) in page
    assert reverse("dashboard:my_photo", args=[ada.images.get().pk]) in page


def test_nobody_elses_pictures_are_handed_out(client, ada, bob):
    stranger = RecognisedFaceFactory()
    of_bob = RecognisedFaceFactory(person=bob, decision="match")
    photo = ada.images.get().pk
    removed = FaceImageFactory(person=ada, state=FaceImage.State.REMOVED)
    own = RecognisedFaceFactory(person=ada, decision="match")
    found = {
        client.get(reverse("dashboard:my_photo", args=[pk])).status_code
        for pk in (bob.images.get().pk, removed.pk)
    } | {
        client.get(reverse("dashboard:my_sighting", args=[face.pk])).status_code
        for face in (stranger, of_bob)
    }
    assert found == {404}
    assert client.get(reverse("dashboard:my_photo", args=[photo])).status_code == 200
    assert client.get(reverse("dashboard:my_sighting", args=[own.pk])).status_code == 200
    assert "Bob" not in client.get(reverse(ME)).content.decode()


@pytest.mark.parametrize("role", [Role.EMPLOYEE, Role.HR, Role.ADMINISTRATOR])
def test_an_account_of_nobody_is_handed_no_strangers_face(role):
    client = browser_of(UserFactory(role=role))
    stranger = RecognisedFaceFactory()
    assert client.get(reverse("dashboard:my_sighting", args=[stranger.pk])).status_code == 404
    assert "not linked to a person" in client.get(reverse(ME)).content.decode()


@pytest.mark.parametrize("status", [Person.Status.ERASED, Person.Status.MERGED])
def test_of_somebody_who_is_gone_nothing_is_shown(client, ada, status):
    ada.status = status
    ada.save()
    assert "not linked to a person" in client.get(reverse(ME)).content.decode()


def test_one_sees_who_looked_but_not_ones_own_looks(client, ada):
    officer = browser_of(UserFactory(role=Role.OFFICER, email="officer@example.org"))
    photo = ada.images.get().pk
    officer.get(reverse("people:photo", args=[photo]))
    client.get(reverse("dashboard:my_photo", args=[photo]))
    page = client.get(reverse(ME)).content.decode()
    assert "officer@example.org" in page
    assert "People photo viewed" in page
    assert "Self photo viewed" not in page
    actions = AuditEntry.objects.values_list("action", flat=True)
    assert {"people.photo.viewed", "self.photo.viewed"} <= set(actions)


def test_whoever_has_another_role_finds_their_own_data_in_the_menu(ada):
    client = browser_of(UserFactory(role=Role.HR, person=ada))
    page = client.get("/").content.decode()
    assert reverse(ME) in page
    assert reverse(ME) not in browser_of(UserFactory(role=Role.HR)).get("/").content.decode()


def test_more_sightings_ask_no_more_questions(client, ada, django_assert_max_num_queries):
    def questions() -> int:
        with django_assert_max_num_queries(40) as asked:
            client.get(reverse(ME))
        return len(asked)

    RecognisedFaceFactory(person=ada, decision="match")
    few = questions()
    for _ in range(5):
        RecognisedFaceFactory(person=ada, decision="match")
        FaceImageFactory(person=ada)
    assert questions() == few
