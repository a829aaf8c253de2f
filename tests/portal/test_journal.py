"""The journal's page and messages: what it shows to whom, and the way back from where one was."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.core.context import SYSTEM, Actor, Scope, acting_as
from portal.core.errors import DomainError, NotFound
from portal.core.policies import permissions_of
from portal.journal.models import Act
from portal.journal.registry import kind_of, kinds
from portal.journal.selectors import visible_act, visible_acts
from portal.journal.services import expire_acts, note_act, undo_act
from portal.organisation.models import Site
from portal.people.models import FaceImage, Person
from portal.people.services import merge_people, move_photo, remove_photo, suspend_person
from tests.factories import PersonFactory, enrolled_person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("isolated")]


@pytest.fixture
def _as_gatehouse():
    with acting_as(SYSTEM):
        yield


def hr_of(site: Site) -> Actor:
    return Actor(
        kind="user",
        id="9",
        label="hr@example.org",
        permissions=permissions_of("hr"),
        scope=Scope(site_ids=frozenset({site.pk})),
    )


@pytest.mark.usefixtures("_as_gatehouse")
class TestScope:
    def test_acts_on_people_of_other_sites_are_neither_seen_nor_undone(self):
        here, there = (Site.objects.create(name=name, time_zone="Europe/Berlin") for name in "AB")
        ours = suspend_person(enrolled_person(0, site=here, department=None))
        theirs = suspend_person(enrolled_person(1, site=there, department=None))
        with acting_as(hr_of(here)):
            assert [act.person_id for act in visible_acts()] == [ours.pk]
            act = Act.objects.get(person_id=theirs.pk)
            with pytest.raises(NotFound):
                visible_act(act.pk)

    def test_an_act_on_two_is_shown_to_those_who_may_see_both(self):
        here, there = (Site.objects.create(name=name, time_zone="Europe/Berlin") for name in "AB")
        ours = enrolled_person(0, site=here, department=None)
        theirs = enrolled_person(1, site=there, department=None)
        merge_people(theirs, ours)
        with acting_as(hr_of(here)):
            assert not visible_acts().exists()

    def test_what_concerns_nobody_in_particular_is_shown_to_whoever_did_it(self):
        here = Site.objects.create(name="A", time_zone="Europe/Berlin")
        with acting_as(hr_of(here)):
            mine = note_act("roster.import", "A roster", data={}, person_id=None)
        note_act("roster.import", "Another roster", data={}, person_id=None)
        with acting_as(hr_of(here)):
            assert list(visible_acts()) == [mine]
        assert visible_acts().count() == 2


@pytest.mark.usefixtures("_as_gatehouse")
class TestExpiry:
    def test_after_thirty_days_an_act_is_forgotten_with_what_it_kept(self):
        person = enrolled_person(photos=2)
        kept, gone = person.images.all()
        act = remove_photo(gone)
        assert timedelta(days=30) == Act.LIFE
        assert abs(act.expires_at - timezone.now() - Act.LIFE) < timedelta(minutes=1)
        assert expire_acts() == 0
        Act.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        assert expire_acts() == 1
        assert list(FaceImage.objects.all()) == [kept]
        assert expire_acts() == 0

    def test_an_act_that_was_undone_deletes_nothing(self):
        person = enrolled_person()
        undo_act(remove_photo(person.images.get()))
        Act.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        assert expire_acts() == 1
        assert person.images.get().state == "active"

    def test_what_is_under_a_legal_hold_is_kept_until_that_ends(self):
        person = enrolled_person()
        remove_photo(person.images.get())
        Act.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        Person.objects.update(legal_hold=True)
        assert expire_acts() == 0
        assert FaceImage.objects.exists()
        Person.objects.update(legal_hold=False)
        assert expire_acts() == 1
        assert not FaceImage.objects.exists()

    def test_photos_that_both_had_go_with_the_merges_act(self):
        source, target = enrolled_person(0), enrolled_person(1)
        FaceImage.objects.update(photo_sha256="a")
        merge_people(source, target)
        Act.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        assert source.images.count() == 1
        expire_acts()
        assert source.images.count() == 0
        assert target.images.count() == 1


def test_every_kind_says_what_its_undo_does():
    assert {"people.merge", "people.photo.moved", "people.status", "hygiene.told_apart"} <= set(
        kinds()
    )
    for name, label in kinds().items():
        assert label, name
        assert kind_of(name).effect.endswith("."), name


class TestPages:
    def test_the_page_offers_the_undo_and_says_what_it_does(self, client_of):
        with acting_as(SYSTEM):
            suspend_person(enrolled_person(name="Ada Lovelace"))
        page = client_of("administrator").get(reverse("journal:list")).content.decode()
        assert "Ada Lovelace was suspended" in page
        assert "The person is again what they were before" in page
        assert f'action="{reverse("journal:undo", args=[Act.objects.get().pk])}"' in page
        assert "/undo/" not in client_of("auditor").get(reverse("journal:list")).content.decode()

    @pytest.mark.parametrize(
        ("query", "count"),
        [("q=ada", 1), ("q=eve", 0), ("kind=people.status", 2), ("kind=people.merge", 0),
         ("state=open", 1), ("state=undone", 1), ("by=gatehouse", 2), ("of=nonsense", 2)],
    )  # fmt: skip
    def test_what_it_can_be_narrowed_by(self, client_of, query, count):
        with acting_as(SYSTEM):
            suspend_person(enrolled_person(0, name="Ada"))
            suspend_person(enrolled_person(1, name="Bob"))
            undo_act(Act.objects.get(person__name="Bob"))
        page = client_of("administrator").get(f"{reverse('journal:list')}?{query}")
        assert len(page.context["rows"]) == count

    def test_one_persons_acts_are_those_they_have_any_part_in(self, client_of):
        with acting_as(SYSTEM):
            first, second = enrolled_person(0), enrolled_person(1)
            move_photo(first.images.get(), second)
            suspend_person(PersonFactory())
        for person in (first, second):
            page = client_of("administrator").get(f"{reverse('journal:list')}?of={person.pk}")
            assert len(page.context["rows"]) == 1
            assert page.context["person"] == person

    def test_the_message_after_an_act_undoes_it_and_leads_back(self, client_of):
        person = enrolled_person(name="Ada")
        client = client_of("administrator")
        page = client.post(reverse("people:suspend", args=[person.pk]), follow=True)
        act = Act.objects.get()
        undo = reverse("journal:undo", args=[act.pk])
        assert f'action="{undo}"' in page.content.decode()
        here = reverse("people:detail", args=[person.pk])
        response = client.post(undo, {"next": here})
        assert (response.status_code, response.headers["Location"]) == (302, here)
        assert Person.objects.get().status == "active"

    def test_what_was_so_already_offers_no_undo_of_something_else(self, client_of):
        person = enrolled_person()
        client = client_of("administrator")
        for expected in (1, 0):
            page = client.post(reverse("people:suspend", args=[person.pk]), follow=True)
            toasts = [str(m.extra_tags) for m in page.context["messages"]]
            assert sum("undo:" in tags for tags in toasts) == expected

    def test_nobody_is_led_elsewhere(self, client_of):
        person = enrolled_person()
        with acting_as(SYSTEM):
            suspend_person(person)
        url = reverse("journal:undo", args=[Act.objects.get().pk])
        response = client_of("administrator").post(url, {"next": "https://evil.example/"})
        assert response.headers["Location"] == reverse("journal:list")

    def test_a_part_of_a_page_gets_the_offer_and_is_read_anew_after_the_undo(self, client_of):
        image, client = enrolled_person().images.get(), client_of("administrator")
        htmx = {"HX-Request": "true"}
        response = client.post(reverse("people:set_aside", args=[image.pk]), headers=htmx)
        offer = json.loads(response.headers["HX-Trigger"])["toast"]
        assert (response.content, offer["actionLabel"], offer["actionMethod"]) == (
            b"", "Undo", "post",
        )  # fmt: skip
        response = client.post(offer["actionUrl"], headers=htmx)
        assert (response.status_code, response.headers["HX-Refresh"]) == (204, "true")
        assert FaceImage.objects.get().state == "active"

    def test_an_undo_that_is_refused_says_why_in_its_place(self, client_of):
        with acting_as(SYSTEM):
            first, second = enrolled_person(0, name="Ada"), enrolled_person(1, name="Bob")
            act = merge_people(first, second)
            suspend_person(Person.objects.get(pk=second.pk))
            undo_act(act)
            with pytest.raises(DomainError):
                undo_act(act)
        url = reverse("journal:undo", args=[act.pk])
        response = client_of("administrator").post(url, headers={"HX-Request": "true"})
        assert response.status_code == 409
        assert "undone already" in response.headers["HX-Trigger"]
