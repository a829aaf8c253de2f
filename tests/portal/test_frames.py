"""A webcam's frames: sealed, told of by id alone, gone with the answer; and what the pages say."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.core.errors import DomainError
from portal.core.vault import VaultError, vault
from portal.enrolment import services
from portal.enrolment.models import Enrolment, Frame
from portal.enrolment.walk_past import outcome_of
from portal.people.selectors import PersonName
from portal.sightings.models import Recognition
from tests.factories import EnrolmentFactory, FrameFactory, PersonFactory, enrolled_person
from tests.factories.pictures import REFUSED, fresh_jpeg, refused_picture

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("administrator")]

SEEN = {"faces": 0}


class TestAFrame:
    def test_it_travels_as_a_sealed_blob_and_an_id(
        self, sent_tasks, vault_files, django_capture_on_commit_callbacks
    ):
        draft = services.start_enrolment()
        with django_capture_on_commit_callbacks(execute=True):
            frame = services.frame_of_draft(draft, fresh_jpeg())
        assert sent_tasks == [("enrolment.read_frame", [str(frame.pk)], "recognition")]
        [blob] = vault_files.blobs()
        assert (vault_files.root / blob).read_bytes()[:4] == b"GHV2"
        assert services.waiting_frame(frame.pk).picture[:2] == b"\xff\xd8"

    def test_its_picture_goes_with_the_answer_and_its_row_with_the_question(
        self, published, vault_files, django_capture_on_commit_callbacks
    ):
        frame = services.frame_of_draft(services.start_enrolment(), fresh_jpeg())
        assert services.take_result(frame) is None
        assert Frame.objects.filter(pk=frame.pk).exists(), "there is nothing to take yet"
        with django_capture_on_commit_callbacks(execute=True):
            services.record_frame(frame.pk, SEEN)
        assert vault_files.blobs() == set()
        assert ("people", {"type": "enrolment.frame", "id": str(frame.pk)}) in published
        frame.refresh_from_db()
        assert services.waiting_frame(frame.pk) is None
        assert services.take_result(frame) == SEEN
        assert not Frame.objects.exists()

    def test_a_second_answer_changes_nothing(self):
        frame = FrameFactory()
        services.record_frame(frame.pk, SEEN)
        services.record_frame(frame.pk, {"faces": 9})
        frame.refresh_from_db()
        assert frame.result == SEEN

    def test_what_nobody_asks_for_is_forgotten_after_half_a_minute(self, vault_files):
        left_behind, fresh = FrameFactory(), FrameFactory()
        Frame.objects.filter(pk=left_behind.pk).update(
            created_at=timezone.now() - timedelta(seconds=31)
        )
        assert services.forget_frames() == 1
        assert list(Frame.objects.all()) == [fresh]
        assert vault_files.blobs() == {fresh.picture_key}

    def test_a_draft_that_ends_takes_its_frames_along(
        self, vault_files, django_capture_on_commit_callbacks
    ):
        draft = services.start_enrolment()
        services.frame_of_draft(draft, fresh_jpeg())
        with django_capture_on_commit_callbacks(execute=True):
            services.cancel_enrolment(draft)
        assert not Frame.objects.exists()
        assert vault_files.blobs() == set()

    def test_somebody_who_is_tested_seals_it_with_their_own_key(self):
        person = enrolled_person(1)
        frame = services.frame_of_person(person, fresh_jpeg())
        vault().keys.destroy(person.data_key_id)
        vault().keys._ciphers.clear()
        with pytest.raises(VaultError):
            services.waiting_frame(frame.pk)

    def test_frames_do_not_pile_up_where_no_worker_answers(self, vault_files):
        draft = services.start_enrolment()
        for _ in range(4):
            services.frame_of_draft(draft, fresh_jpeg())
        with pytest.raises(DomainError) as refused:
            services.frame_of_draft(draft, fresh_jpeg())
        assert (refused.value.code, refused.value.http_status) == ("frame.too_many", 429)
        assert len(vault_files.blobs()) == 4

    @pytest.mark.parametrize("name", REFUSED)
    def test_what_is_no_picture_leaves_nothing_behind(self, name, vault_files):
        draft = services.start_enrolment()
        before = vault_files.blobs()
        with pytest.raises(DomainError) as refused:
            services.frame_of_draft(draft, refused_picture(name))
        assert refused.value.http_status in {413, 422}
        assert vault_files.blobs() == before
        assert not Frame.objects.exists()

    def test_an_enrolment_that_ended_is_not_coached(self):
        with pytest.raises(DomainError) as refused:
            services.frame_of_draft(EnrolmentFactory(state=Enrolment.State.CONFIRMED), fresh_jpeg())
        assert refused.value.code == "enrolment.ended"


class TestPages:
    def post_frame(self, client, view: str, *args: object) -> str:
        answer = client.post(reverse(view, args=args), fresh_jpeg(), content_type="image/jpeg")
        assert answer.status_code == 202
        return answer.json()["id"]

    def test_advice_is_given_once(self, client_of):
        client, draft = client_of("administrator"), EnrolmentFactory()
        frame_id = self.post_frame(client, "enrolment:frame", draft.pk)
        url = reverse("enrolment:frame_result", args=[frame_id])
        assert client.post(url).status_code == 204
        services.record_frame(frame_id, SEEN)
        assert client.post(f"{url}?angle=left").json()["code"] == "no_face"
        assert client.post(url).status_code == 404

    def test_nobody_reads_anothers_webcam(self, client_of):
        person = enrolled_person(1)
        frame_id = self.post_frame(
            client_of("administrator"), "enrolment:walk_past_frame", person.pk
        )
        services.record_frame(frame_id, {"threshold": 0.5, "faces": []})
        url = reverse("enrolment:walk_past_result", args=[frame_id])
        assert client_of("administrator").post(url).status_code == 404
        assert Frame.objects.filter(pk=frame_id).exists()

    def test_the_walk_past_test_is_no_sighting(self, client_of):
        client, person = client_of("administrator"), enrolled_person(1, name="Ada")
        frame_id = self.post_frame(client, "enrolment:walk_past_frame", person.pk)
        services.record_frame(frame_id, decided(str(person.pk), 0.71))
        page = client.post(reverse("enrolment:walk_past_result", args=[frame_id]))
        assert "Recognised as Ada" in page.content.decode()
        assert "0.71 at threshold 0.43" in page.content.decode()
        assert not Recognition.objects.exists()
        assert not Frame.objects.exists()

    @pytest.mark.parametrize(
        ("role", "is_named"),
        [("administrator", True), ("hr", False)],
        ids=["may recognise anybody", "may test who was enrolled, and search for nobody"],
    )
    def test_whom_the_face_was_taken_for_is_told_to_those_who_may_recognise(
        self, client_of, role, is_named
    ):
        client, person = client_of(role), enrolled_person(1, name="Ada")
        other = PersonFactory(name="Bob Sekret")
        frame_id = self.post_frame(client, "enrolment:walk_past_frame", person.pk)
        services.record_frame(frame_id, decided(str(other.pk), 0.71))
        page = client.post(reverse("enrolment:walk_past_result", args=[frame_id]))
        assert ("Bob Sekret" in page.content.decode()) is is_named

    def test_a_photo_can_be_dropped_instead(self, client_of, sent_tasks):
        from django.core.files.uploadedfile import SimpleUploadedFile

        client, person = client_of("administrator"), enrolled_person(1)
        url = reverse("enrolment:walk_past_frame", args=[person.pk])
        photo = SimpleUploadedFile("a.jpg", fresh_jpeg(), content_type="image/jpeg")
        assert client.post(url, {"image": photo}).status_code == 202
        bad = SimpleUploadedFile("a.txt", b"no picture", content_type="image/jpeg")
        answer = client.post(url, {"image": bad}, headers={"Accept": "application/json"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "image.not_an_image")
        assert client.post(url, {}).status_code == 400


def decided(
    person_id: str | None,
    score: float | None,
    *,
    kind: str = "match",
    reason: str = "above_threshold",
) -> dict[str, object]:
    candidates = [[person_id, score], ["other", 0.2]] if score else []
    face = {
        "kind": kind,
        "reason": reason,
        "person_id": person_id,
        "score": score,
        "candidates": candidates,
    }
    return {"threshold": 0.43, "faces": [face]}


NAMES = {"bob": PersonName("bob", "2", "Bob", "active")}

# what the worker saw -> verdict, recognised, words that must be said
OUTCOMES = {
    "recognised": (decided("ada", 0.71), "match", True, "Recognised as Ada"),
    "nearly": (
        decided("ada", 0.41, kind="uncertain", reason="grey_band"),
        "uncertain", False, "Nearly recognised as Ada",
    ),
    "not at all": (
        decided(None, 0.2, kind="unknown", reason="below_grey_band"), "unknown", False, "0.20",
    ),
    "nobody is enrolled": (
        decided(None, None, kind="unknown", reason="empty_gallery"), "unknown", False, "Nobody",
    ),
    "somebody who may be named": (decided("bob", 0.6), "rejected", False, "Taken for Bob"),
    "somebody who may not": (decided("carl", 0.6), "rejected", False, "somebody else"),
    "too blurred": (decided(None, 0.6, kind="poor", reason="blurred"), "poor", False, "blurred"),
    "nobody there": ({"threshold": 0.43, "faces": []}, "no_face", False, "No face"),
    "two people": (
        {"threshold": 0.43, "faces": decided("ada", 0.7)["faces"] * 2}, "no_face", False, "alone",
    ),
    "unreadable": ({"error": "It is cut off."}, "failed", False, "cut off"),
}  # fmt: skip


@pytest.mark.parametrize("name", OUTCOMES)
def test_what_the_walk_past_test_says(name):
    result, verdict, is_recognised, words = OUTCOMES[name]
    outcome = outcome_of(result, person_id="ada", name="Ada", names=NAMES)
    assert (outcome.verdict, outcome.is_recognised) == (verdict, is_recognised)
    assert words in f"{outcome.title} {outcome.text}"
