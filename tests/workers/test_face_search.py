"""Searching past visits by a face: what is compared, what is found, and that little is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from portal.core.context import Actor, Scope, acting_as
from portal.core.policies import ALL_PERMISSIONS
from portal.core.vault import vault
from portal.facesearch.models import FaceSearch
from portal.facesearch.services import ask, choose_face, forget_searches
from portal.organisation.models import Site
from portal.sightings.services.visits import seal_visit_vector
from tests.factories import (
    CameraFactory,
    StrangerFactory,
    VisitFactory,
    VisitVectorFactory,
    visit_with_face,
)
from tests.factories.faces import face_of, vector_of, vector_towards
from tests.factories.pictures import fresh_jpeg
from workers.tasks.faces import search, sweep

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _threshold(settings):
    """0.5, and a grey band of 0.05 below it, whatever the number of visits."""
    settings.RECOGNITION = replace(settings.RECOGNITION, threshold=0.5)


def asker(**scope) -> Actor:
    return Actor(
        kind="user", id="7", label="ada@example.org", permissions=ALL_PERMISSIONS,
        scope=Scope(**scope),
    )  # fmt: skip


def found(row: FaceSearch) -> list[tuple[str, float]]:
    row.refresh_from_db()
    assert row.state == "done", row.error_message
    return [(visit, score) for visit, score in row.results]


def asked(**by) -> FaceSearch:
    with acting_as(asker()):
        row = ask("A bag was left in the lobby", **by)
    search(str(row.pk))
    return row


def seen(identity: int = 0, *, similarity: float = 1.0, **fields):
    visit = VisitFactory(**fields)
    vector = (
        vector_of(identity) if similarity == 1 else vector_towards(identity, similarity=similarity)
    )
    VisitVectorFactory(visit=visit, sealed_vector=seal_visit_vector(vector))
    return visit


def test_visits_of_the_face_are_ranked_and_others_left_out(host, engine):
    same, alike, band, other = (
        seen(1),
        seen(1, similarity=0.7),
        seen(1, similarity=0.47),
        seen(1, similarity=0.3),
    )
    row = asked(photo=engine.shows(fresh_jpeg(), face_of(1)))
    assert found(row) == [(str(same.pk), 1.0), (str(alike.pk), 0.7), (str(band.pk), 0.47)]
    assert str(other.pk) not in str(row.results)
    assert (row.compared, row.threshold) == (4, 0.5)
    assert row.grey_band == pytest.approx(0.05)


def test_the_photo_is_deleted_as_soon_as_its_face_is_found_and_the_face_after_a_day(
    host, engine, vault_files, django_capture_on_commit_callbacks
):
    before = vault_files.blobs()
    with acting_as(asker()):
        row = ask("A bag was left in the lobby", photo=engine.shows(fresh_jpeg(), face_of(1)))
    photo = row.photo_key
    assert vault_files.blobs() - before == {photo}
    with django_capture_on_commit_callbacks(execute=True):
        search(str(row.pk))
    face = row.faces.get()
    assert vault_files.blobs() - before == {face.portrait_key}
    row.refresh_from_db()
    assert row.photo_key == ""
    FaceSearch.objects.update(expires_at=timezone.now())
    with django_capture_on_commit_callbacks(execute=True):
        sweep()
    assert not FaceSearch.objects.exists()
    assert vault_files.blobs() == before


def test_of_several_faces_one_is_chosen_without_the_photo(host, engine):
    visit = seen(2)
    row = asked(photo=engine.shows(fresh_jpeg(), face_of(1), face_of(2)))
    row.refresh_from_db()
    assert (row.state, row.faces.count(), row.photo_key) == ("choose", 2, "")
    batches = len(engine.batches)
    with acting_as(asker()):
        choose_face(row, 1)
    search(str(row.pk))
    assert found(row) == [(str(visit.pk), 1.0)]
    assert len(engine.batches) == batches


def test_by_a_visit_finds_the_others_and_not_itself(host):
    first, again = seen(3), seen(3)
    assert found(asked(visit=first)) == [(str(again.pk), 1.0)]


def test_by_a_stranger_finds_what_was_not_put_with_it(host):
    stranger = StrangerFactory(visit_count=2)
    seen(4, stranger=stranger)
    seen(4, similarity=0.8, stranger=stranger)
    missed = seen(4, similarity=0.6)
    ((visit, score),) = found(asked(stranger=stranger))
    assert visit == str(missed.pk)
    assert score > 0.6


def test_only_visits_of_the_askers_sites_are_compared(host, engine):
    here = seen(1)
    away = Site.objects.create(name="Elsewhere House")
    seen(1, camera=CameraFactory(site=away))
    with acting_as(asker(site_ids=frozenset({here.site_id}))):
        row = ask("A bag was left in the lobby", photo=engine.shows(fresh_jpeg(), face_of(1)))
    search(str(row.pk))
    assert found(row) == [(str(here.pk), 1.0)]
    assert row.compared == 1


FAILING = [
    ("no face", lambda engine: engine.shows(fresh_jpeg()), "No face was found"),
    ("not readable", lambda engine: fresh_jpeg(), "not a readable picture"),
]


@pytest.mark.parametrize(("why", "photo", "words"), FAILING, ids=[case[0] for case in FAILING])
def test_a_photo_that_does_not_serve_is_said_in_words_and_deleted(
    host, engine, why, photo, words, vault_files, django_capture_on_commit_callbacks
):
    before = vault_files.blobs()
    with django_capture_on_commit_callbacks(execute=True):
        row = asked(photo=photo(engine))
    row.refresh_from_db()
    assert row.state == "failed", why
    assert words in row.error_message
    assert vault_files.blobs() == before


def test_a_photo_that_is_lost_fails_and_does_not_stay_for_ever(host, engine):
    with acting_as(asker()):
        row = ask("A bag was left in the lobby", photo=fresh_jpeg())
    vault().delete(row.photo_key)
    search(str(row.pk))
    row.refresh_from_db()
    assert row.state == "failed"


def test_a_visit_without_a_vector_is_said_in_words(host):
    row = asked(visit=VisitFactory())
    row.refresh_from_db()
    assert "Nothing is kept any more" in row.error_message


def test_a_vector_that_was_altered_costs_no_search(host):
    first, again = visit_with_face(identity=5), visit_with_face(identity=5)
    broken = seen(5)
    vector = broken.vector
    vector.sealed_vector = bytes(vector.sealed_vector)[:-1] + b"x"
    vector.save()
    assert found(asked(visit=first)) == [(str(again.pk), 1.0)]


def test_a_repeated_task_changes_nothing(host):
    first, _ = seen(3), seen(3)
    row = asked(visit=first)
    before = found(row)
    seen(3)
    search(str(row.pk))
    assert found(row) == before
    FaceSearch.objects.all().delete()
    search(str(row.pk))


def test_a_search_whose_worker_was_lost_is_rung_for_again(host, sent_tasks):
    with acting_as(asker()):
        row = ask("A bag was left in the lobby", visit=seen(1))
    FaceSearch.objects.update(created_at=timezone.now() - timedelta(minutes=2))
    sweep()
    assert ("faces.search", [str(row.pk)], "recognition") in sent_tasks


def test_what_lives_still_is_not_forgotten(host):
    asked(visit=seen(1))
    assert forget_searches() == 0
    assert FaceSearch.objects.count() == 1


def test_very_many_visits_are_compared_in_parts(host, monkeypatch):
    monkeypatch.setattr("workers.face_search.PART", 2)
    first, *others = [seen(6) for _ in range(6)]
    row = asked(visit=first)
    assert {visit for visit, _ in found(row)} == {str(one.pk) for one in others}
    assert row.compared == 5
