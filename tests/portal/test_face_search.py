"""The pages of searching by a face: a reason, a limit, and nobody else's searches."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import Role
from portal.audit.models import AuditEntry
from portal.core.context import Actor, Scope, acting_as
from portal.core.errors import NotFound
from portal.core.policies import ALL_PERMISSIONS
from portal.core.vault import vault
from portal.facesearch.models import FaceSearch, SearchedFace
from portal.facesearch.selectors import found_visits
from portal.facesearch.services import MOST_AN_HOUR, ask
from portal.organisation.models import Site
from portal.review.selectors import reviewed_visit
from portal.sightings.services.visits import seal_visit_vector
from tests.factories import (
    CameraFactory,
    SpaceFactory,
    StrangerFactory,
    VisitFactory,
    enrolled_person,
    visit_with_face,
)
from tests.factories.faces import vector_of
from tests.factories.pictures import fresh_jpeg

pytestmark = pytest.mark.django_db

REASON = "Somebody opened the store at night"
START = "/review/search/"


@pytest.fixture
def client(client_of) -> Client:
    return client_of("administrator")


def photo() -> SimpleUploadedFile:
    return SimpleUploadedFile("a.jpg", fresh_jpeg(), content_type="image/jpeg")


def done(row: FaceSearch, *results: tuple[object, float]) -> FaceSearch:
    row.state, row.threshold, row.grey_band = "done", 0.5, 0.05
    row.results = [[str(visit.pk), score] for visit, score in results]
    row.finished_at, row.compared = timezone.now(), 12
    row.save()
    return row


def by_visit(client: Client) -> FaceSearch:
    client.post(START, {"reason": REASON, "visit": str(visit_with_face().pk)})
    return FaceSearch.objects.latest("id")


def test_a_photo_is_sealed_the_reason_kept_and_the_worker_asked(
    client, sent_tasks, vault_files, django_capture_on_commit_callbacks
):
    before = vault_files.blobs()
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(START, {"reason": REASON, "photo": photo()})
    row = FaceSearch.objects.get()
    assert response.headers["Location"] == reverse("facesearch:result", args=[row.pk])
    assert vault_files.blobs() - before == {row.photo_key}
    assert ("faces.search", [str(row.pk)], "recognition") in sent_tasks
    entry = AuditEntry.objects.get(action="faces.search.asked")
    assert (entry.reason, entry.after) == (REASON, {"by": "photo"})
    assert entry.target_id == str(row.pk)


REFUSED = [
    ({"reason": "", "photo": True}, 422, "This field is required", "no reason"),
    ({"reason": "because", "photo": True}, 422, "at least 10", "a reason that says nothing"),
    ({"reason": REASON}, 422, "Choose a photo", "no face"),
]


@pytest.mark.parametrize(("data", "status", "words", "why"), REFUSED, ids=[c[3] for c in REFUSED])
def test_without_reason_or_face_nothing_is_searched(client, data, status, words, why):
    data = {**data, "photo": photo()} if data.pop("photo", False) else data
    response = client.post(START, data)
    assert response.status_code == status
    assert words in response.content.decode()
    assert not FaceSearch.objects.exists()


def test_what_is_no_picture_is_refused_before_it_is_kept(client, vault_files):
    before = vault_files.blobs()
    file = SimpleUploadedFile("a.jpg", b"<svg/>", content_type="image/jpeg")
    response = client.post(START, {"reason": REASON, "photo": file})
    assert response.status_code == 422
    assert vault_files.blobs() == before
    assert not FaceSearch.objects.exists()


def test_more_than_so_many_an_hour_are_refused(client):
    visit = visit_with_face()
    for _ in range(MOST_AN_HOUR):
        assert client.post(START, {"reason": REASON, "visit": visit.pk}).status_code == 302
    response = client.post(START, {"reason": REASON, "visit": visit.pk})
    assert response.status_code == 429
    assert "within an hour" in response.content.decode()
    assert FaceSearch.objects.count() == MOST_AN_HOUR


def test_a_strangers_page_leads_to_a_search_by_its_face(client):
    stranger = StrangerFactory(visit_count=1)
    visit = visit_with_face(stranger=stranger)
    page = client.get(reverse("review:stranger", args=[stranger.pk])).content.decode()
    assert f"{START}?stranger={stranger.pk.hex}" in page
    form = client.get(START, {"stranger": stranger.pk.hex}).content.decode()
    assert reverse("sightings:crop", args=[visit.best_face_id]) in form
    client.post(START, {"reason": REASON, "stranger": str(stranger.pk)})
    assert FaceSearch.objects.get().stranger == stranger


def test_what_was_found_is_told_by_likelihood(client):
    ada = enrolled_person(1, name="Ada Lovelace")
    likely = visit_with_face(person=ada, decision="match")
    perhaps, gone = visit_with_face(), VisitFactory()
    row = done(by_visit(client), (likely, 0.8), (gone, 0.7), (perhaps, 0.47))
    gone.delete()
    page = client.get(reverse("facesearch:result", args=[row.pk])).content.decode()
    assert "1 visit of likely the same person" in page
    assert "and 1 that may be" in page
    assert "Ada Lovelace" in page
    assert page.index(str(likely.pk)) < page.index(str(perhaps.pk))
    assert "12 visits compared" in page
    assert "proves nothing by itself" in page


def test_nothing_found_is_said(client):
    row = done(by_visit(client))
    assert "Nobody like this was found" in (
        client.get(reverse("facesearch:result", args=[row.pk])).content.decode()
    )


def test_several_faces_are_offered_and_their_pictures_leave_a_trace(client):
    row = by_visit(client)
    row.state = "choose"
    row.save()
    for position in range(2):
        SearchedFace.objects.create(
            search=row,
            position=position,
            portrait_key=vault().put("searches", fresh_jpeg()),
            space=SpaceFactory(),
            sealed_vector=seal_visit_vector(vector_of(position)),
        )
    page = client.get(reverse("facesearch:result", args=[row.pk])).content.decode()
    picture = reverse("facesearch:face", args=[row.pk, 1])
    assert picture in page
    assert client.get(picture).headers["Content-Type"] == "image/jpeg"
    assert AuditEntry.objects.filter(action="faces.search.viewed").exists()
    client.post(reverse("facesearch:choose", args=[row.pk, 1]))
    row.refresh_from_db()
    assert (row.state, row.position) == ("queued", 1)
    assert client.post(reverse("facesearch:choose", args=[row.pk, 0])).status_code == 409


def test_nobody_sees_whom_somebody_else_searched_for(client, client_of):
    row = done(by_visit(client))
    other = client_of("administrator")
    assert other.get(reverse("facesearch:result", args=[row.pk])).status_code == 404
    assert REASON not in other.get(START).content.decode()
    assert REASON in client.get(START).content.decode()


def test_after_a_day_it_is_gone_even_before_it_is_swept(client):
    row = done(by_visit(client))
    FaceSearch.objects.update(expires_at=timezone.now())
    assert client.get(reverse("facesearch:result", args=[row.pk])).status_code == 404
    assert REASON not in client.get(START).content.decode()


def test_visits_of_another_site_are_neither_a_start_nor_a_result():
    here = CameraFactory()
    away = CameraFactory(site=Site.objects.create(name="Away"))
    own, foreign = visit_with_face(camera=here), visit_with_face(camera=away)
    actor = Actor(
        kind="user",
        id="7",
        permissions=ALL_PERMISSIONS,
        scope=Scope(site_ids=frozenset({here.site_id})),
    )
    with acting_as(actor):
        with pytest.raises(NotFound):
            reviewed_visit(foreign.pk)
        row = ask(REASON, visit=reviewed_visit(own.pk))
        assert row.site_ids == [str(here.site_id)]
        # The worker was asked for one site; should it ever answer more, no more is shown.
        shown = found_visits(done(row, (foreign, 0.9), (own, 0.8)))
    assert [one.visit for one in shown] == [own]


@pytest.mark.parametrize("role", [Role.OFFICER, Role.AUDITOR, Role.HR])
def test_only_whoever_has_the_right_searches(client_of, role):
    assert client_of(role).get(START).status_code == 403
