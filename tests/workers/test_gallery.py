"""The worker's copy of the gallery follows the database: nobody missing, nobody left over."""

from __future__ import annotations

import pytest

from portal.people.models import FaceTemplate
from portal.people.selectors import gallery_revision
from portal.people.services import (
    erase_person,
    reinstate_person,
    remove_photo,
    suspend_person,
    withdraw_consent,
)
from portal.people.services.revision import bump_gallery_revision
from recognition.index import FlatIndex
from tests.factories import FaceImageFactory, FaceTemplateFactory, enrolled_person
from tests.factories.faces import SPACE, vector_of
from workers import gallery as module
from workers.gallery import GalleryFollower

pytestmark = pytest.mark.django_db


@pytest.fixture
def follower() -> GalleryFollower:
    return GalleryFollower(FlatIndex(SPACE))


def found(follower: GalleryFollower, identity: int) -> dict[str, float]:
    """Whom the index finds for this identity's face, with a similarity that means something."""
    [candidates] = follower.nearest([vector_of(identity)])
    return {c.person_id: round(c.score, 3) for c in candidates if c.score > 0.1}


@pytest.fixture
def fetched(monkeypatch) -> list[list[str]]:
    """The people whose vectors were asked for, per question."""
    asked: list[list[str]] = []
    real = module.gallery_vectors

    def watched(space_id, person_ids):
        asked.append(sorted(person_ids))
        return real(space_id, person_ids)

    monkeypatch.setattr(module, "gallery_vectors", watched)
    return asked


def test_an_empty_gallery_finds_nobody(follower):
    assert follower.refresh() is True
    assert (len(follower), follower.revision) == (0, 0)
    assert found(follower, 1) == {}
    assert follower.nearest([]) == []


def test_people_are_found_once_they_are_enrolled(follower):
    ada = enrolled_person(1)
    bob = enrolled_person(2)
    assert follower.refresh()
    assert follower.revision == gallery_revision() == 2
    assert found(follower, 1) == {str(ada.pk): 1.0}
    assert found(follower, 2) == {str(bob.pk): 1.0}


def test_several_photos_are_one_entry_between_them(follower):
    ada = enrolled_person(1)
    FaceTemplateFactory(image=FaceImageFactory(person=ada), identity=2)
    bump_gallery_revision()
    follower.refresh()
    assert len(follower) == 1
    assert found(follower, 1) == found(follower, 2) == {str(ada.pk): 0.707}


def test_while_nothing_changes_a_look_costs_one_query(follower, django_assert_num_queries):
    enrolled_person(1)
    follower.refresh()
    with django_assert_num_queries(1):
        assert follower.refresh() is False


@pytest.mark.parametrize(
    ("act", "is_found", "why"),
    [
        (suspend_person, False, "not recognised while suspended"),
        (lambda p: reinstate_person(suspend_person(p)), True, "recognised again"),
        (erase_person, False, "erased"),
        (withdraw_consent, False, "the consent was withdrawn"),
        (lambda p: remove_photo(p.images.get()), False, "no photo left"),
        (
            lambda p: (
                p.consents.update(withdrawn_at="2026-01-01T00:00Z"),
                bump_gallery_revision(),
            ),
            False,
            "no consent any more",
        ),
    ],
)
def test_a_change_is_followed_at_the_next_look(follower, act, is_found, why):
    ada, bob = enrolled_person(1), enrolled_person(2)
    follower.refresh()
    act(ada)
    assert follower.refresh()
    assert bool(found(follower, 1)) is is_found, why
    assert found(follower, 2) == {str(bob.pk): 1.0}
    assert len(follower) == 1 + is_found


def test_suspended_for_one_look_and_back_at_the_next(follower):
    ada = enrolled_person(1)
    follower.refresh()
    suspend_person(ada)
    follower.refresh()
    reinstate_person(ada)
    follower.refresh()
    assert found(follower, 1) == {str(ada.pk): 1.0}


def test_a_photo_more_or_less_moves_the_entry(follower):
    ada = enrolled_person(1)
    follower.refresh()
    second = FaceTemplateFactory(image=FaceImageFactory(person=ada), identity=2)
    bump_gallery_revision()
    follower.refresh()
    assert found(follower, 2) == {str(ada.pk): 0.707}
    remove_photo(second.image)
    follower.refresh()
    assert found(follower, 2) == {}
    assert found(follower, 1) == {str(ada.pk): 1.0}


def test_only_those_who_changed_are_fetched(follower, fetched):
    people = [enrolled_person(n) for n in range(5)]
    follower.refresh()
    FaceTemplateFactory(image=FaceImageFactory(person=people[2]), identity=9)
    newcomer = enrolled_person(7)
    suspend_person(people[4])
    follower.refresh()
    assert fetched == [
        sorted(str(p.pk) for p in people),
        sorted([str(people[2].pk), str(newcomer.pk)]),
    ]


def test_a_change_between_the_two_reads_is_seen_by_the_next_look(follower, monkeypatch):
    """Somebody is enrolled after the revision was read and before the members were."""
    enrolled_person(1)
    real = module.gallery_revision

    def then_somebody_comes() -> int:
        revision = real()
        enrolled_person(2)
        return revision

    monkeypatch.setattr(module, "gallery_revision", then_somebody_comes)
    follower.refresh()
    monkeypatch.setattr(module, "gallery_revision", real)
    assert follower.revision < gallery_revision()
    enrolled_person(3)
    follower.refresh()
    assert follower.revision == gallery_revision()
    assert all(found(follower, n) for n in (1, 2, 3))


def test_somebody_erased_between_members_and_vectors_is_not_left_in_the_index(
    follower, monkeypatch
):
    ada, bob = enrolled_person(1), enrolled_person(2)
    follower.refresh()
    FaceTemplateFactory(image=FaceImageFactory(person=ada), identity=1)
    bump_gallery_revision()
    real = module.gallery_vectors

    def then_ada_goes(space_id, person_ids):
        erase_person(ada)
        return real(space_id, person_ids)

    monkeypatch.setattr(module, "gallery_vectors", then_ada_goes)
    follower.refresh()
    monkeypatch.setattr(module, "gallery_vectors", real)
    follower.refresh()
    assert found(follower, 1) == {}
    assert found(follower, 2) == {str(bob.pk): 1.0}
    assert len(follower) == 1


def test_a_database_that_was_restored_to_an_earlier_revision_is_followed_too(follower):
    ada = enrolled_person(1)
    enrolled_person(2)
    follower.refresh()
    from portal.people.models import GalleryState, Person

    Person.objects.exclude(pk=ada.pk).delete()
    GalleryState.objects.update(revision=1)
    assert follower.refresh()
    assert (follower.revision, len(follower)) == (1, 1)
    assert found(follower, 2) == {}


def test_templates_of_another_space_stay_out(follower):
    from tests.factories import SpaceFactory

    ada = enrolled_person(1)
    FaceTemplate.objects.filter(person=ada).update(space=SpaceFactory(id="other"))
    follower.refresh()
    assert len(follower) == 0


def test_a_thousand_people_are_fetched_in_a_few_questions(follower, django_assert_max_num_queries):
    from portal.core.vault import vault
    from portal.organisation.services import default_site
    from portal.people.models import Consent, FaceImage, Person
    from portal.people.vectors import seal_vector
    from tests.factories import SpaceFactory

    space, site = SpaceFactory(), default_site()
    people = Person.objects.bulk_create(
        [Person(code=str(n), name=str(n), site=site) for n in range(1001)]
    )
    # A key each, as in life.
    sealed = [
        seal_vector(vector_of(3), dimension=64, data_key=vault().keys.create()) for _ in people
    ]
    vault.cache_clear()
    Consent.objects.bulk_create([Consent(person=p, given_at="2026-01-01T00:00Z") for p in people])
    images = FaceImage.objects.bulk_create(
        [FaceImage(person=p, source="upload", photo_sha256=p.code) for p in people]
    )
    FaceTemplate.objects.bulk_create(
        [
            FaceTemplate(image=i, person=i.person, space=space, sealed_vector=vector)
            for i, vector in zip(images, sealed, strict=True)
        ]
    )
    bump_gallery_revision()
    with django_assert_max_num_queries(8):
        follower.refresh()
    assert len(follower) == 1001
