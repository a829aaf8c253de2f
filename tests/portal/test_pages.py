"""What the pages do for people: find, sort, leaf through, upload, see reasons."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from portal.cameras.models import Camera
from portal.core.vault import vault
from portal.enrolment.models import EnrolmentPhoto
from portal.jobs.models import Job, JobLine
from portal.people.models import Person
from portal.sightings.models import Recognition
from recognition.intake import inspect_image
from tests.factories import (
    CameraFactory,
    EnrolmentFaceFactory,
    EnrolmentFactory,
    EnrolmentPhotoFactory,
    JobFactory,
    PersonFactory,
    RecognitionFactory,
    enrolled_person,
)
from tests.factories.pictures import ACCEPTED, REFUSED, good_picture, jpeg, refused_picture
from tests.factories.world import build_world

pytestmark = pytest.mark.django_db


def upload(data: bytes, name: str = "photo.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, content_type="image/jpeg")


def names_on(response) -> list[str]:
    """People of the list in the order in which the page shows them."""
    people = [str(person) for person, _ in response.context["rows"]]
    page = response.content.decode()
    places = [page.index(name) for name in people]
    assert places == sorted(places)
    return people


class TestPeopleList:
    @pytest.fixture(autouse=True)
    def people(self):
        enrolled_person(1, photos=2, name="Ada Lovelace", code="17", department_path="Engines")
        PersonFactory(
            name="Bob Unenrolled", code="03", department_path="Doors", email="bob@example.org"
        )
        PersonFactory(name="Carol Paused", code="25", department_path="Engines", status="suspended")
        PersonFactory(name="Erased person", code="99", status="erased")

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("", ["Ada Lovelace", "Bob Unenrolled", "Carol Paused"]),
            ("q=lovelace", ["Ada Lovelace"]),
            ("q=ada+engines", ["Ada Lovelace"]),
            ("q=engines", ["Ada Lovelace", "Carol Paused"]),
            ("q=17", ["Ada Lovelace"]),
            ("q=bob@example", ["Bob Unenrolled"]),
            ("q=99", []),
            ("q=%25", []),
            ("status=suspended", ["Carol Paused"]),
            ("status=erased", ["Ada Lovelace", "Bob Unenrolled", "Carol Paused"]),
            ("needs=no_template", ["Bob Unenrolled", "Carol Paused"]),
            ("needs=no_template&status=active", ["Bob Unenrolled"]),
            ("sort=-name", ["Carol Paused", "Bob Unenrolled", "Ada Lovelace"]),
            ("sort=code", ["Bob Unenrolled", "Ada Lovelace", "Carol Paused"]),
            ("sort=-photos", ["Ada Lovelace", "Bob Unenrolled", "Carol Paused"]),
            ("sort=password", ["Ada Lovelace", "Bob Unenrolled", "Carol Paused"]),
        ],
    )
    def test_finding_and_sorting(self, client_of, query, expected):
        response = client_of("officer").get(f"{reverse('people:list')}?{query}")
        assert sorted(names_on(response)) == sorted(expected)
        if query.startswith("sort=-name") or query in {"", "sort=code"}:
            assert names_on(response) == expected

    def test_an_erased_person_is_nowhere(self, client_of):
        page = client_of("administrator").get(reverse("people:list")).content.decode()
        assert "99" not in re.findall(r">\s*(\d+)\s*<", page)

    def test_nobody_found_says_so(self, client_of):
        page = client_of("officer").get(reverse("people:list"), {"q": "zzz"}).content.decode()
        assert "Nobody matches" in page

    def test_a_browser_that_asks_for_the_table_gets_the_table(self, client_of):
        client = client_of("officer")
        part = client.get(reverse("people:list"), headers={"HX-Request": "true"}).content.decode()
        assert "<table" in part
        assert "<html" not in part

    @pytest.mark.parametrize(
        "query",
        ["q=" + "a+" * 2000, "q=%00", "page=x", "page=-1", "page=99999999999999999999", "sort=--"],
    )
    def test_a_query_that_makes_no_sense_is_no_failure(self, client_of, query):
        response = client_of("officer").get(f"{reverse('people:list')}?{query}")
        assert response.status_code == 200


def test_pages_of_people_overlap_nowhere_and_miss_nobody(client_of):
    for _ in range(120):
        PersonFactory(name="The same name")
    client = client_of("officer")
    seen = []
    for number in (1, 2, 3):
        rows = client.get(reverse("people:list"), {"page": number}).context["rows"]
        seen += [person.pk for person, _ in rows]
    assert len(seen) == 120
    assert set(seen) == set(Person.objects.values_list("pk", flat=True))
    assert "Nobody is enrolled yet" not in client.get(reverse("people:list")).content.decode()


def test_an_empty_installation_says_what_to_do_next(client_of):
    client = client_of("administrator")
    assert "Nobody is enrolled yet" in client.get(reverse("people:list")).content.decode()
    page = client.get(reverse("dashboard:today")).content.decode()
    assert "First steps" in page
    assert "Recognition is not running" in page


class TestSearch:
    @pytest.fixture(autouse=True)
    def things(self):
        enrolled_person(1, name="Ada Lovelace", code="A-17")
        CameraFactory(name="Adamant door", place="Cellar")

    def groups(self, client, text: str) -> dict[str, list[str]]:
        found = client.get(reverse("dashboard:search"), {"q": text}).context["groups"]
        return {group.label: [entry.title for entry in group.entries] for group in found}

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("ada", {"People": ["Ada Lovelace"], "Cameras": ["Adamant door"]}),
            ("a-17", {"People": ["Ada Lovelace"]}),
            ("cellar", {"Cameras": ["Adamant door"]}),
            ("peop", {"Pages": ["People"]}),
            ("zzz", {}),
        ],
    )
    def test_finds_people_cameras_and_pages(self, client_of, text, expected):
        assert self.groups(client_of("administrator"), text) == expected

    def test_without_words_only_the_pages_one_may_open(self, client_of):
        assert self.groups(client_of("officer"), "") == {
            "Pages": [
                *("Today", "Live", "Alerts", "Review", "Recognise", "People"),
                *("Roll-call", "Cameras", "Jobs"),
            ]
        }
        assert "Recognise" not in self.groups(client_of("auditor"), "")["Pages"]

    def test_at_most_eight_of_a_kind(self, client_of):
        PersonFactory.create_batch(20)
        assert len(self.groups(client_of("officer"), "Person")["People"]) == 8


class TestChangingPeople:
    def test_a_form_with_a_mistake_comes_back_with_what_was_typed(self, client_of):
        person = PersonFactory(name="Ada")
        response = client_of("administrator").post(
            reverse("people:edit", args=[person.pk]),
            {"name": "", "department": "Typed", "email": "no address"},
        )
        assert response.status_code == 422
        assert "Typed" in response.content.decode()
        person.refresh_from_db()
        assert person.name == "Ada"

    def test_names_are_never_taken_for_markup(self, client_of):
        person = PersonFactory(name="<script>alert(1)</script>")
        client = client_of("administrator")
        for url in (reverse("people:list"), reverse("people:detail", args=[person.pk])):
            page = client.get(url).content.decode()
            assert "<script>alert" not in page
            assert "&lt;script&gt;alert" in page

    def test_suspending_reinstating_and_removing(self, client_of):
        person, client = enrolled_person(), client_of("administrator")
        for name, status in (
            ("people:suspend", "suspended"),
            ("people:reinstate", "active"),
            ("people:remove", "removed"),
        ):
            client.post(reverse(name, args=[person.pk]), {"reason": "x" * 900})
            person.refresh_from_db()
            assert person.status == status
        response = client.get(reverse("people:detail", args=[person.pk]))
        assert response.status_code == 404

    def test_a_removed_person_cannot_be_removed_again(self, client_of):
        person, client = enrolled_person(), client_of("administrator")
        url = reverse("people:remove", args=[person.pk])
        assert client.post(url).status_code == 302
        assert client.post(url).status_code == 404


class TestUploads:
    """Enrolment and the Recognise page take the same pictures and refuse the same."""

    @pytest.fixture
    def draft(self):
        return EnrolmentFactory()

    def address(self, place: str, draft) -> str:
        if place == "enrolment":
            return reverse("enrolment:add_photo", args=[draft.pk])
        if place == "webcam":
            return reverse("sightings:frame", args=[CameraFactory(kind=Camera.Kind.BROWSER).pk])
        return reverse("sightings:submit")

    def send(self, client, place: str, draft, data: bytes):
        headers = {"Accept": "application/json"}
        url = self.address(place, draft)
        if place == "webcam":
            return client.post(url, data, content_type="image/jpeg", headers=headers)
        return client.post(url, {"image": upload(data)}, headers=headers)

    @pytest.mark.parametrize("place", ["enrolment", "recognise", "webcam"])
    @pytest.mark.parametrize("name", REFUSED)
    def test_a_bad_picture_is_refused_with_its_reason_and_costs_nothing_beside_it(
        self, place, name, draft, client_of
    ):
        client = client_of("administrator")
        assert self.send(client, place, draft, jpeg()).status_code == 202
        before = (EnrolmentPhoto.objects.count(), Recognition.objects.count())
        response = self.send(client, place, draft, refused_picture(name))
        status, code = REFUSED[name]
        assert (response.status_code, response.json()["error"]["code"]) == (status, code)
        assert len(response.json()["error"]["message"]) > 30
        assert (EnrolmentPhoto.objects.count(), Recognition.objects.count()) == before

    @pytest.mark.parametrize("name", ACCEPTED)
    def test_every_kind_of_picture_that_phones_and_scanners_make(self, name, draft, client_of):
        client = client_of("administrator")
        response = self.send(client, "enrolment", draft, good_picture(name))
        assert response.status_code == 202
        photo = draft.photos.get()
        assert (photo.width_px, photo.height_px) == ACCEPTED[name]
        kept = inspect_image(vault().get(photo.photo_key))
        assert (kept.format, kept.width_px, kept.height_px) == ("jpeg", *ACCEPTED[name])
        answer = self.send(client, "recognise", draft, good_picture(name))
        assert answer.status_code == 202
        shown = client.get(reverse("sightings:picture", args=[answer.json()["id"]]))
        info = inspect_image(shown.content)
        assert (info.format, info.width_px, info.height_px) == ("jpeg", *ACCEPTED[name])

    def test_no_file_at_all(self, draft, client_of):
        client = client_of("administrator")
        for url in (self.address("enrolment", draft), self.address("recognise", draft)):
            response = client.post(url, headers={"Accept": "application/json"})
            assert (response.status_code, response.json()["error"]["code"]) == (
                400,
                "image.missing",
            )

    def test_a_camera_that_is_no_browser_sends_no_frames(self, client_of):
        camera = CameraFactory(kind=Camera.Kind.PUSH)
        response = client_of("officer").post(
            reverse("sightings:frame", args=[camera.pk]), jpeg(), content_type="image/jpeg"
        )
        assert response.status_code == 400

    def test_a_browser_camera_that_is_switched_off_sends_none_either(self, client_of):
        camera = CameraFactory(kind=Camera.Kind.BROWSER, is_enabled=False)
        for url, method in (
            (reverse("sightings:frame", args=[camera.pk]), "post"),
            (reverse("sightings:webcam", args=[camera.pk]), "get"),
        ):
            assert getattr(client_of("officer"), method)(url).status_code == 403


class TestBatches:
    def start(self, client, total: object):
        return client.post(reverse("sightings:start_batch"), {"total": total})

    @pytest.mark.parametrize("total", [0, 1, 501, -3, "x", ""])
    def test_a_batch_of_no_sensible_size(self, client_of, total):
        assert self.start(client_of("officer"), total).status_code == 400
        assert not Job.objects.exists()

    def test_accepted_and_refused_photos_end_the_job_together(self, client_of):
        client = client_of("officer")
        job_id = self.start(client, 2).json()["job"]
        sent = client.post(
            reverse("sightings:submit"), {"image": upload(jpeg()), "job": job_id}
        ).json()
        client.post(
            reverse("sightings:refused"),
            {"job": job_id, "name": "b.jpg", "reason": "not a picture"},
        )
        job = Job.objects.get()
        assert (job.state, job.failed, str(job.pk)) == ("running", 1, job_id)
        assert JobLine.objects.get().text == "b.jpg: not a picture"
        assert Recognition.objects.get(pk=sent["id"]).job == job

    @pytest.mark.parametrize("job", ["", "x", "0189f7a0-0000-7000-8000-000000000000"])
    def test_a_refusal_that_belongs_to_no_batch(self, client_of, job):
        response = client_of("officer").post(reverse("sightings:refused"), {"job": job})
        assert response.status_code == 404

    def test_a_photo_with_a_made_up_batch_is_taken_alone(self, client_of):
        response = client_of("officer").post(
            reverse("sightings:submit"), {"image": upload(jpeg()), "job": "x"}
        )
        assert response.status_code == 202
        assert Recognition.objects.get().job is None


class TestEnrolmentPages:
    def test_from_the_button_to_the_person(self, client_of):
        client = client_of("administrator")
        draft_url = client.post(reverse("enrolment:start"))["Location"]
        draft_id = draft_url.rstrip("/").rpartition("/")[2]
        EnrolmentFaceFactory(photo__enrolment_id=draft_id)
        confirm = reverse("enrolment:confirm", args=[draft_id])
        response = client.post(confirm, {"name": "Ada", "code": "17", "has_consent": "on"})
        person = Person.objects.get()
        assert response["Location"] == reverse("enrolment:walk_past", args=[person.pk])
        assert "is recognised from now on" in client.get(response["Location"]).content.decode()
        assert client.get(draft_url).status_code == 404

    @pytest.mark.parametrize(
        ("form", "words"),
        [
            ({"name": "Ada"}, "Without consent no face may be kept"),
            ({"has_consent": "on"}, "required"),
            ({"name": "Ada", "code": "taken", "has_consent": "on"}, "Codes are never used twice"),
        ],
    )
    def test_a_form_with_a_mistake_keeps_the_photos(self, client_of, form, words):
        PersonFactory(code="taken")
        draft = EnrolmentFaceFactory().photo.enrolment
        response = client_of("administrator").post(
            reverse("enrolment:confirm", args=[draft.pk]), form
        )
        assert response.status_code == 422
        assert words in response.content.decode()
        assert draft.photos.count() == 1

    def test_photos_are_shown_with_their_verdicts(self, client_of):
        draft = EnrolmentFactory()
        EnrolmentPhotoFactory(enrolment=draft, verdict="poor", message="The face is blurred.")
        page = client_of("administrator").get(reverse("enrolment:photos", args=[draft.pk]))
        assert "The face is blurred." in page.content.decode()

    def test_choosing_and_dropping_answers_with_the_photos_alone(self, client_of):
        face = EnrolmentFaceFactory()
        client = client_of("administrator")
        htmx = {"HX-Request": "true"}
        for url in (
            reverse("enrolment:choose", args=[face.photo_id, 0]),
            reverse("enrolment:drop", args=[face.photo_id]),
        ):
            response = client.post(url, headers=htmx)
            assert response.status_code == 200
            assert "<html" not in response.content.decode()


class TestSightingPages:
    def test_a_match_shows_name_score_and_reason(self, client_of):
        world = build_world()
        client = client_of("officer")
        page = client.get(reverse("sightings:detail", args=[world.recognition.pk])).content.decode()
        assert "Ada Lovelace" in page
        assert "Similar enough to this person" in page

    def test_a_failed_picture_says_why(self, client_of):
        row = RecognitionFactory(state="failed", error_code="x", error_message="It is cut short.")
        page = client_of("officer").get(reverse("sightings:result", args=[row.pk]))
        assert "It is cut short." in page.content.decode()


class TestSecretsAreShownOnce:
    def test_a_cameras_key(self, client_of):
        client = client_of("administrator")
        response = client.post(reverse("cameras:create"), {"name": "Gate", "kind": "push"})
        first = client.get(response["Location"]).content.decode()
        key = re.search(r"ghc_[\w-]+", first).group()
        assert key not in client.get(response["Location"]).content.decode()
        renewed = client.post(reverse("cameras:renew_key", args=[Camera.objects.get().pk]))
        assert re.search(r"ghc_[\w-]+", client.get(renewed["Location"]).content.decode())

    def test_a_taken_camera_name_comes_back_as_an_error_of_the_form(self, client_of):
        CameraFactory(name="Gate")
        response = client_of("administrator").post(
            reverse("cameras:create"), {"name": "gate", "kind": "push"}
        )
        assert response.status_code == 422
        assert "already" in response.content.decode()

    def test_an_api_token(self, client_of):
        client = client_of("administrator")
        client.post(reverse("system:create_token"), {"name": "x", "scopes": ["read"]})
        url = reverse("system:tokens")
        assert "gh_" in client.get(url).content.decode()
        assert "gh_" not in client.get(url).content.decode()


def test_a_cancelled_job_says_that_what_was_done_stays(client_of):
    job = JobFactory(state="running")
    client = client_of("administrator")
    url = reverse("jobs:cancel", args=[job.pk])
    response = client.post(url, follow=True)
    assert "What was done already stays" in response.content.decode()
    assert client.post(url).status_code == 409


@pytest.mark.parametrize(("state", "count"), [("done", 1), ("failed", 0), ("x", 2), ("", 2)])
def test_jobs_can_be_narrowed_by_state(client_of, state, count):
    JobFactory(state="done")
    JobFactory(state="queued")
    response = client_of("auditor").get(reverse("jobs:list"), {"state": state})
    assert len(response.context["page_obj"].object_list) == count
