"""The wizard's pages: each step has its address, Back works, and nothing can be skipped over."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from portal.enrolment.models import Enrolment
from portal.organisation.models import Site
from portal.people.models import Person
from tests.factories import (
    ConsentFactory,
    EnrolmentFaceFactory,
    EnrolmentFactory,
    LikenessFactory,
    PersonFactory,
    enrolled_person,
)
from tests.factories.privacy import PolicyTextFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(client_of) -> Client:
    return client_of("administrator")


@pytest.fixture
def draft() -> Enrolment:
    draft = EnrolmentFactory()
    EnrolmentFaceFactory(photo__enrolment=draft, pose="front")
    return draft


def page_of(client: Client, step: str, draft: Enrolment) -> str:
    answer = client.get(reverse(f"enrolment:{step}", args=[draft.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("step", ["draft", "check", "lookalikes", "confirm"])
def test_every_step_can_be_come_back_to(client, draft, step):
    page = page_of(client, step, draft)
    assert page.count('aria-current="step"') == 1
    assert reverse("enrolment:cancel", args=[draft.pk]) in page


def test_the_steps_ahead_open_once_there_is_something_to_see(client, draft):
    link = f'href="{reverse("enrolment:confirm", args=[draft.pk])}"'
    assert link in page_of(client, "draft", draft)
    assert link not in page_of(client, "draft", EnrolmentFactory())


def test_an_open_question_stands_before_the_confirmation(client, draft):
    LikenessFactory(
        face__photo__enrolment=draft, face__photo__verdict="other_person", person=enrolled_person(3)
    )
    confirm = reverse("enrolment:confirm", args=[draft.pk])
    assert f'href="{confirm}"' not in page_of(client, "check", draft)
    answer = client.get(confirm)
    assert (answer.status_code, answer["Location"]) == (
        302,
        reverse("enrolment:lookalikes", args=[draft.pk]),
    )


def test_both_pictures_stand_side_by_side_with_three_ways_on(client, draft):
    bob = enrolled_person(3, name="Bob")
    likeness = LikenessFactory(
        face__photo__enrolment=draft, face__photo__verdict="other_person", person=bob
    )
    page = page_of(client, "lookalikes", draft)
    assert reverse("enrolment:face", args=[likeness.face_id]) in page
    assert reverse("people:photo", args=[bob.images.get().pk]) in page
    for way in ("same", "different"):
        assert reverse(f"enrolment:{way}", args=[draft.pk, bob.pk]) in page
    assert "0.70" in page
    assert "0.50" in page


def test_the_check_says_which_angle_is_missing_and_forces_none(client, draft):
    page = page_of(client, "check", draft)
    assert "Front is there; left and right would help." in page
    assert reverse("enrolment:confirm", args=[draft.pk]) in page


def test_what_is_enrolled_counts_among_the_angles(client):
    bob = enrolled_person(3)
    bob.images.update(pose="left")
    draft = EnrolmentFactory(person=bob)
    EnrolmentFaceFactory(photo__enrolment=draft, pose="front")
    assert "Front and left are there; right would help." in page_of(client, "check", draft)


def test_a_photo_that_was_set_aside_can_be_taken_in_where_it_is_checked(client, draft):
    odd = EnrolmentFaceFactory(photo__enrolment=draft, photo__verdict="unlike").photo
    vouch = reverse("enrolment:vouch", args=[odd.pk])
    assert vouch in page_of(client, "check", draft)
    assert vouch not in page_of(client, "draft", draft), "one place to decide it"


class TestConfirming:
    def confirm(self, client: Client, draft: Enrolment, **data: str):
        return client.post(reverse("enrolment:confirm", args=[draft.pk]), data)

    def test_the_person_is_made_and_the_walk_past_test_follows(self, client, draft):
        answer = self.confirm(client, draft, name="Ada", department="Lab", has_consent="on")
        ada = Person.objects.get(name="Ada")
        assert answer["Location"] == reverse("enrolment:walk_past", args=[ada.pk])
        assert str(ada.department) == "Lab"
        assert client.get(answer["Location"]).status_code == 200

    def test_the_consent_is_to_the_text_in_force(self, client, draft):
        PolicyTextFactory(version=1)
        text = PolicyTextFactory(version=2, body="We keep a template.")
        assert "We keep a template." in page_of(client, "confirm", draft)
        self.confirm(client, draft, name="Ada", has_consent="on", signer="Anna Byron")
        consent = Person.objects.get(name="Ada").consents.get()
        assert (consent.policy, consent.signer) == (text, "Anna Byron")

    def test_without_consent_nothing_is_lost_and_nobody_enrolled(self, client, draft):
        answer = self.confirm(client, draft, name="Ada")
        assert answer.status_code == 422
        assert 'value="Ada"' in answer.content.decode()
        assert not Person.objects.filter(name="Ada").exists()

    def test_a_code_that_is_taken_is_said_at_the_field(self, client, draft):
        PersonFactory(code="17", name="Bob")
        answer = self.confirm(client, draft, name="Ada", code="17", has_consent="on")
        assert answer.status_code == 422
        assert "belongs to Bob" in answer.content.decode()

    def test_somebody_with_a_consent_is_not_asked_again(self, client):
        bob = enrolled_person(3, name="Bob")
        draft = EnrolmentFactory(person=bob)
        EnrolmentFaceFactory(photo__enrolment=draft)
        page = page_of(client, "confirm", draft)
        assert "is on record since" in page
        assert 'name="has_consent"' not in page
        assert self.confirm(client, draft).status_code == 302
        assert bob.consents.count() == 1

    def test_somebody_who_withdrew_is_asked_anew(self, client):
        bob = PersonFactory(name="Bob")
        ConsentFactory(person=bob, withdrawn_at="2026-01-01T00:00:00Z")
        draft = EnrolmentFactory(person=bob)
        EnrolmentFaceFactory(photo__enrolment=draft)
        assert self.confirm(client, draft).status_code == 422
        assert self.confirm(client, draft, has_consent="on").status_code == 302

    def test_a_site_is_asked_for_where_there_are_two(self, client, draft):
        PersonFactory()
        assert 'name="site"' not in page_of(client, "confirm", draft)
        north = Site.objects.create(name="North")
        assert 'name="site"' in page_of(client, "confirm", draft)
        self.confirm(client, draft, name="Ada", site=str(north.pk), has_consent="on")
        assert Person.objects.get(name="Ada").site == north

    def test_departments_are_offered_while_one_is_typed(self, client, draft):
        PersonFactory(department_path="Year 7 / 7b")
        assert '<option value="Year 7 / 7b">' in page_of(client, "confirm", draft)


class TestAnswers:
    def test_after_the_last_answer_the_confirmation_follows(self, client, draft):
        bob, carl = enrolled_person(3), enrolled_person(4)
        face = EnrolmentFaceFactory(
            photo__enrolment=draft, photo__verdict="other_person", identity=5
        )
        LikenessFactory(face=face, person=bob)
        LikenessFactory(face=face, person=carl)
        first = client.post(reverse("enrolment:different", args=[draft.pk, bob.pk]))
        assert first["Location"] == reverse("enrolment:lookalikes", args=[draft.pk])
        second = client.post(reverse("enrolment:different", args=[draft.pk, carl.pk]))
        assert second["Location"] == reverse("enrolment:confirm", args=[draft.pk])

    def test_after_the_same_person_the_check_shows_whose_photos_they_are(self, client, draft):
        bob = enrolled_person(3, name="Bob")
        LikenessFactory(
            face__photo__enrolment=draft, face__photo__verdict="other_person", person=bob
        )
        answer = client.post(reverse("enrolment:same", args=[draft.pk, bob.pk]), follow=True)
        assert "Add photos of Bob" in answer.content.decode()
