"""The page of the gallery: what it says, to whom, and its answers."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from portal.audit.models import AuditEntry
from portal.core.context import SYSTEM, Actor, Scope, acting_as
from portal.core.errors import DomainError, NotFound
from portal.core.policies import permissions_of
from portal.hygiene.models import Finding, Scan
from portal.hygiene.selectors import gallery_view, visible_finding, visible_pair
from portal.hygiene.services import Found, FoundPair, dismiss, record_scan, tell_apart
from portal.journal.models import Act
from portal.organisation.models import Site
from portal.people.models import LookalikePair
from portal.people.services import erase_person, withdraw_consent
from tests.factories import FaceImageFactory, SpaceFactory, enrolled_person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("isolated")]


def scan(*found: Found, pairs: tuple[FoundPair, ...] = ()) -> Scan:
    return record_scan(
        space_id=SpaceFactory().pk,
        revision=0,
        ceiling=0.4,
        people=48,
        photos=144,
        found=found,
        pairs=pairs,
    )


def page(client) -> str:
    return " ".join(client.get(reverse("hygiene:gallery")).content.decode().split())


def test_before_anybody_looked_the_page_says_so_and_what_to_do(client_of):
    said = page(client_of("administrator"))
    assert "Nobody looked yet" in said
    assert "Look again" in said
    assert "Look again</span>" not in page(client_of("auditor"))


def test_a_clean_gallery_says_how_much_was_looked_at(client_of):
    scan()
    said = page(client_of("administrator"))
    assert "The gallery is clean" in said
    assert "144 photos of 48 people" in said
    assert "Something changed since" not in said


def test_a_change_since_the_last_look_is_said(client_of):
    scan()
    enrolled_person()
    assert "Something changed since" in page(client_of("administrator"))


def test_asking_for_a_look_makes_a_job_and_sends_it_to_the_recognition_worker(
    client_of, sent_tasks, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        client_of("administrator").post(reverse("hygiene:look"))
    ((_, ids, queue),) = [sent for sent in sent_tasks if sent[0] == "hygiene.scan"]
    assert (len(ids), queue) == (1, "recognition")


def test_only_what_lies_in_ones_sites_is_shown_and_can_be_answered():
    here, there = (Site.objects.create(name=name, time_zone="Europe/Berlin") for name in "AB")
    ours = enrolled_person(0, site=here, department=None)
    theirs = enrolled_person(1, site=there, department=None)
    image = ours.images.get()
    scan(
        Found(kind="unlike", person_id=ours.pk, image_id=image.pk, other_id=theirs.pk),
        Found(kind="few", person_id=theirs.pk),
        pairs=(FoundPair(ours.pk, theirs.pk, 0.5),),
    )
    hr = Actor(
        kind="user",
        permissions=permissions_of("hr"),
        scope=Scope(site_ids=frozenset({here.pk})),
    )
    with acting_as(hr):
        view = gallery_view()
        (row,) = [row for _, rows, _ in view.sections for row in rows]
        assert (row.person, row.other) == (ours, None), "whom it resembles is not theirs to know"
        assert (view.total, view.pair_count) == (1, 0)
        with pytest.raises(NotFound):
            visible_finding(Finding.objects.get(person=theirs).pk)
        with pytest.raises(NotFound):
            visible_pair(LookalikePair.objects.get().pk)


@pytest.mark.parametrize("gone", [erase_person, withdraw_consent], ids=["erased", "withdrawn"])
def test_who_is_gone_is_not_spoken_of(gone):
    person, other = enrolled_person(0), enrolled_person(1)
    found = Found(kind="unlike", person_id=person.pk, image_id=person.images.get().pk, score=0.1)
    with acting_as(SYSTEM):
        scan(found, pairs=(FoundPair(person.pk, other.pk, 0.5),))
        gone(person)
        assert gallery_view().total == 0
        if gone is erase_person:
            # A look that began before the erasure ends after it.
            scan(found, pairs=(FoundPair(person.pk, other.pk, 0.5),))
            assert gallery_view().total == 0


def test_an_answer_is_given_once_audited_without_names_and_kept():
    person, other = enrolled_person(0, name="Ada"), enrolled_person(1, name="Bob")
    image = FaceImageFactory(person=person)
    found = Found(kind="unlike", person_id=person.pk, image_id=image.pk, score=0.1)
    pairs = (FoundPair(other.pk, person.pk, 0.5),)
    with acting_as(SYSTEM):
        scan(found, pairs=pairs)
        for answer, row in (
            (dismiss, Finding.objects.get()),
            (tell_apart, LookalikePair.objects.get()),
        ):
            answer(row)
            with pytest.raises(DomainError, match="already"):
                answer(row)
        scan(found, pairs=pairs)
        view = gallery_view()
    assert (view.total, view.answered) == (0, 2)
    assert Act.objects.count() == 2
    for entry in AuditEntry.objects.filter(action__startswith="hygiene."):
        assert "Ada" not in json.dumps([entry.before, entry.after])


def test_a_photo_that_is_moved_with_one_click_leaves_the_page_and_offers_the_undo(client_of):
    person, other = enrolled_person(0), enrolled_person(1, name="Bob")
    image = person.images.get()
    scan(
        Found(
            kind="unlike",
            person_id=person.pk,
            image_id=image.pk,
            other_id=other.pk,
            score=0.1,
            other_score=0.7,
        )
    )
    client = client_of("administrator")
    assert "Move to Bob" in page(client)
    url = reverse("people:move_photo", args=[image.pk])
    response = client.post(url, {"to": str(other.pk)}, headers={"HX-Request": "true"})
    assert response.content == b""
    assert json.loads(response.headers["HX-Trigger"])["toast"]["actionLabel"] == "Undo"
    assert "Move to Bob" not in page(client)
