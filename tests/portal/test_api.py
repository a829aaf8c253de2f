"""The API: tokens and keys, pictures in, answers out, errors in one form."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from portal.accounts.services import revoke_api_token
from portal.api import recognitions
from portal.core.context import SYSTEM, acting_as
from portal.sightings.models import Recognition
from portal.sightings.services import PictureFailure, complete_recognitions
from tests.factories import (
    CameraFactory,
    PersonFactory,
    RecognitionFactory,
    api_token,
    camera_with_key,
    enrolled_person,
)
from tests.factories.engine import face_result, picture_result
from tests.factories.pictures import (
    ACCEPTED,
    REFUSED,
    fresh_jpeg,
    good_picture,
    jpeg,
    refused_picture,
)

pytestmark = pytest.mark.django_db

RECOGNITIONS = "/api/v1/recognitions"


def image(data: bytes | None = None, name: str = "a.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, jpeg() if data is None else data, content_type="image/jpeg")


def code_of(response) -> str:
    return response.json()["error"]["code"]


class TestTokens:
    @pytest.mark.parametrize(
        ("headers", "why"),
        [
            ({}, "no token"),
            ({"Authorization": "Bearer "}, "an empty one"),
            ({"Authorization": "Bearer gh_wrong"}, "an unknown one"),
            ({"Authorization": "Basic Z2g6eA=="}, "another scheme"),
            ({"Authorization": "gh_wrong"}, "no scheme"),
        ],
    )
    @pytest.mark.parametrize("path", [RECOGNITIONS, "/api/v1/people"])
    def test_without_a_valid_token_nothing(self, headers, why, path):
        client = Client()
        response = (
            client.post(path, {"image": image()}, headers=headers)
            if path == RECOGNITIONS
            else client.get(path, headers=headers)
        )
        assert (response.status_code, code_of(response)) == (401, "token.invalid"), why
        assert "api_token" in response.json()["error"]["message"]
        assert not Recognition.objects.exists()

    def test_a_revoked_token_stops_working_at_once(self):
        token, headers = api_token("read")
        assert Client().get("/api/v1/people", headers=headers).status_code == 200
        with acting_as(SYSTEM):
            revoke_api_token(token)
        assert Client().get("/api/v1/people", headers=headers).status_code == 401

    def test_the_wrong_scope_is_403(self):
        _, read = api_token("read")
        _, recognise = api_token("recognise")
        refused = Client().post(RECOGNITIONS, {"image": image()}, headers=read)
        assert (refused.status_code, code_of(refused)) == (403, "permission.missing")
        for path in ("/api/v1/people", "/api/v1/cameras"):
            refused = Client().get(path, headers=recognise)
            assert (refused.status_code, code_of(refused)) == (403, "permission.missing")
        assert not Recognition.objects.exists()


class TestRecognising:
    @pytest.fixture
    def headers(self):
        return api_token("recognise", name="turnstile")[1]

    def test_without_waiting_the_answer_is_202_at_once(self, headers):
        response = Client().post(RECOGNITIONS, {"image": image()}, headers=headers)
        row = Recognition.objects.get()
        assert response.status_code == 202
        assert response.json() == {
            "id": str(row.pk),
            "state": "queued",
            "faces": [],
            "threshold": None,
            "embedding_space": None,
            "width": 0,
            "height": 0,
            "timings_ms": {"queue": 0, "decode": 0, "detect": 0, "embed": 0, "search": 0},
            "error": None,
        }
        assert (row.source, row.actor_label, row.file_name) == ("api", "turnstile", "a.jpg")

    def test_a_finished_result_has_every_number_and_name(self, headers):
        ada = enrolled_person(name="Ada Lovelace", code="17")
        response = Client().post(RECOGNITIONS, {"image": image()}, headers=headers)
        row = Recognition.objects.get()
        result = picture_result(row, face_result(ada.pk), face_result())
        complete_recognitions([result], owner="")
        answer = Client().get(f"{RECOGNITIONS}/{response.json()['id']}", headers=headers).json()
        who = {"id": str(ada.pk), "code": "17", "name": "Ada Lovelace"}
        assert answer["state"] == "done"
        assert (answer["width"], answer["height"], answer["threshold"]) == (160, 120, 0.5)
        assert answer["embedding_space"] == result.space_id
        assert answer["timings_ms"]["detect"] == 3.0
        assert answer["faces"][0] == {
            "box": [10.0, 12.0, 60.0, 70.0],
            "landmarks": [[30, 40], [60, 40], [45, 55], [32, 70], [58, 70]],
            "decision": "match",
            "reason": "above_threshold",
            "person": who,
            "score": 0.83,
            "margin": None,
            "quality": 0.9,
            "candidates": [{"person": who, "score": 0.83}],
        }
        assert answer["faces"][1]["decision"] == "unknown"
        assert answer["faces"][1]["person"] is None

    def answered(self, monkeypatch, finish) -> None:
        """Have the picture finished by ``finish`` as soon as it is handed in."""
        real = recognitions.submit_picture

        def submit(*args: object, **kwargs: object) -> Recognition:
            row = real(*args, **kwargs)
            finish(row)
            return row

        monkeypatch.setattr(recognitions, "submit_picture", submit)
        monkeypatch.setattr(recognitions, "LOOK_AGAIN_S", 0.01)

    def test_who_waits_gets_the_result_itself(self, headers, monkeypatch):
        self.answered(
            monkeypatch,
            lambda row: complete_recognitions([picture_result(row, face_result())], owner=""),
        )
        response = Client().post(f"{RECOGNITIONS}?wait=5", {"image": image()}, headers=headers)
        assert response.status_code == 200
        assert (response.json()["state"], len(response.json()["faces"])) == ("done", 1)

    def test_who_waits_in_vain_gets_202_and_may_ask_again(self, headers, monkeypatch):
        self.answered(monkeypatch, lambda row: None)
        response = Client().post(f"{RECOGNITIONS}?wait=0.05", {"image": image()}, headers=headers)
        assert (response.status_code, response.json()["state"]) == (202, "queued")

    def test_a_picture_that_cannot_be_decoded_is_422_with_its_reason(self, headers, monkeypatch):
        failure = ("image.not_an_image", "It is damaged inside.")
        self.answered(
            monkeypatch,
            lambda row: complete_recognitions(
                [], failures=[PictureFailure(row.pk, *failure)], owner=""
            ),
        )
        response = Client().post(f"{RECOGNITIONS}?wait=5", {"image": image()}, headers=headers)
        assert response.status_code == 422
        assert response.json()["error"] == {"code": failure[0], "message": failure[1]}

    @pytest.mark.parametrize("wait", ["-1", "61", "soon", "nan", "inf"])
    def test_a_wait_that_makes_no_sense_is_refused(self, headers, wait):
        response = Client().post(f"{RECOGNITIONS}?wait={wait}", {"image": image()}, headers=headers)
        assert (response.status_code, code_of(response)) == (422, "request.invalid")
        assert not Recognition.objects.exists()

    def test_without_a_file_the_answer_says_which_field(self, headers):
        response = Client().post(RECOGNITIONS, {"picture": image()}, headers=headers)
        assert (response.status_code, code_of(response)) == (422, "request.invalid")
        assert "image" in response.json()["error"]["message"]

    def test_results_of_others_are_not_found(self, headers):
        _, namesake = api_token("recognise", name="turnstile")
        Client().post(RECOGNITIONS, {"image": image()}, headers=namesake)
        RecognitionFactory(source="camera", actor_label="turnstile")
        for row in Recognition.objects.all():
            response = Client().get(f"{RECOGNITIONS}/{row.pk}", headers=headers)
            assert (response.status_code, code_of(response)) == (404, "not_found")

    def test_a_reader_sees_them_all(self):
        _, headers = api_token("read")
        row = RecognitionFactory(source="camera")
        assert Client().get(f"{RECOGNITIONS}/{row.pk}", headers=headers).status_code == 200

    @pytest.mark.parametrize("identifier", ["x", "0", "0189f7a0-0000-7000-8000-000000000000"])
    def test_an_unknown_result(self, headers, identifier):
        response = Client().get(f"{RECOGNITIONS}/{identifier}", headers=headers)
        assert response.status_code in {404, 422}
        assert "error" in response.json()

    @pytest.mark.parametrize("name", REFUSED)
    def test_a_bad_picture_is_refused_and_the_good_one_beside_it_kept(self, headers, name):
        client = Client()
        assert client.post(RECOGNITIONS, {"image": image()}, headers=headers).status_code == 202
        response = client.post(
            RECOGNITIONS, {"image": image(refused_picture(name))}, headers=headers
        )
        assert (response.status_code, code_of(response)) == REFUSED[name]
        assert Recognition.objects.count() == 1

    @pytest.mark.parametrize("name", ACCEPTED)
    def test_every_accepted_kind(self, headers, name):
        response = Client().post(
            RECOGNITIONS, {"image": image(good_picture(name))}, headers=headers
        )
        assert response.status_code == 202


class TestSnapshots:
    def send(self, camera, headers, data: bytes | None = None, **more: str):
        return Client().post(
            f"/api/v1/cameras/{camera.pk}/snapshots",
            jpeg() if data is None else data,
            content_type="image/jpeg",
            headers={**headers, **more},
        )

    def test_a_new_one_is_202_and_a_repeated_one_has_the_same_id(self):
        camera, headers = camera_with_key()
        first = self.send(camera, headers)
        again = self.send(camera, headers)
        other = self.send(camera, headers, fresh_jpeg())
        assert {r.status_code for r in (first, again, other)} == {202}
        assert first.json() == {
            "id": str(Recognition.objects.order_by("id").first().pk),
            "state": "queued",
            "is_new": True,
        }
        assert (again.json()["id"], again.json()["is_new"]) == (first.json()["id"], False)
        assert other.json()["id"] != first.json()["id"]

    def test_the_idempotency_key_decides_over_the_bytes(self):
        camera, headers = camera_with_key()
        first = self.send(camera, headers, **{"Idempotency-Key": "1"}).json()
        again = self.send(camera, headers, fresh_jpeg(), **{"Idempotency-Key": "1"}).json()
        other = self.send(camera, headers, **{"Idempotency-Key": "2"}).json()
        assert again["id"] == first["id"]
        assert other["id"] != first["id"]
        refused = self.send(camera, headers, **{"Idempotency-Key": "k" * 101})
        assert (refused.status_code, code_of(refused)) == (400, "request.idempotency_key")

    def test_a_form_is_as_good_as_a_body(self):
        camera, headers = camera_with_key()
        response = Client().post(
            f"/api/v1/cameras/{camera.pk}/snapshots", {"image": image()}, headers=headers
        )
        assert response.status_code == 202
        row = Recognition.objects.get()
        assert (row.source, row.camera, row.actor_label) == ("camera", camera, camera.name)

    def test_a_form_without_the_picture_says_so(self):
        camera, headers = camera_with_key()
        response = Client().post(
            f"/api/v1/cameras/{camera.pk}/snapshots", {"picture": image()}, headers=headers
        )
        assert (response.status_code, code_of(response)) == (400, "image.missing")

    def test_the_key_may_come_in_a_header_of_its_own(self):
        camera, headers = camera_with_key()
        key = headers["Authorization"].removeprefix("Bearer ")
        assert self.send(camera, {"X-Camera-Key": key}).status_code == 202

    def test_a_wrong_key_a_foreign_key_and_no_key_are_401(self):
        camera, _ = camera_with_key()
        _, foreign = camera_with_key()
        _, token = api_token("recognise")
        for headers in ({}, {"Authorization": "Bearer x"}, foreign, token):
            response = self.send(camera, headers)
            assert (response.status_code, code_of(response)) == (401, "camera.key")
        assert not Recognition.objects.exists()

    def test_a_disabled_camera_is_403(self):
        camera, headers = camera_with_key(is_enabled=False)
        response = self.send(camera, headers)
        assert (response.status_code, code_of(response)) == (403, "camera.disabled")

    @pytest.mark.parametrize(
        "moment",
        ["yesterday", "2026-03-29", "2026-03-29T08:15:00", "2026-02-30T08:15:00Z", "1774768500"],
    )
    def test_a_moment_without_an_offset_is_refused(self, moment):
        camera, headers = camera_with_key()
        response = self.send(camera, headers, **{"X-Captured-At": moment})
        assert (response.status_code, code_of(response)) == (400, "request.captured_at")
        assert "ISO 8601" in response.json()["error"]["message"]
        assert not Recognition.objects.exists()

    def test_the_moment_of_the_picture_is_kept(self, time_machine):
        time_machine.move_to("2026-03-29T08:00:00Z", tick=False)
        camera, headers = camera_with_key()
        self.send(camera, headers, **{"X-Captured-At": "2026-03-29T08:15:00+01:00"})
        assert Recognition.objects.get().captured_at.isoformat() == "2026-03-29T07:15:00+00:00"
        camera.refresh_from_db()
        assert camera.last_seen_at == timezone.now()

    @pytest.mark.parametrize("name", REFUSED)
    def test_a_bad_picture(self, name):
        camera, headers = camera_with_key()
        response = self.send(camera, headers, refused_picture(name))
        assert (response.status_code, code_of(response)) == REFUSED[name]
        assert not Recognition.objects.exists()


class TestLists:
    @pytest.fixture
    def headers(self):
        return api_token("read")[1]

    def test_people_by_name_in_pages(self, headers):
        PersonFactory.create_batch(101)
        ada = enrolled_person(photos=2, name="Ada", code="17", department_path="Engines")
        PersonFactory(status="erased")
        first = Client().get("/api/v1/people", headers=headers).json()
        second = Client().get("/api/v1/people?page=2", headers=headers).json()
        assert (len(first), len(second)) == (100, 2)
        assert first[0] == {
            "id": str(ada.pk),
            "code": "17",
            "name": "Ada",
            "department": "Engines",
            "status": "active",
            "photos": 2,
        }
        assert Client().get("/api/v1/people?page=3", headers=headers).json() == []

    @pytest.mark.parametrize("number", ["0", "-1", "x", "99999999999999999999"])
    def test_a_page_that_cannot_be(self, headers, number):
        response = Client().get(f"/api/v1/people?page={number}", headers=headers)
        assert (response.status_code, code_of(response)) == (422, "request.invalid")

    def test_cameras_without_their_keys(self, headers):
        camera = CameraFactory(name="Gate")
        [answer] = Client().get("/api/v1/cameras", headers=headers).json()
        assert answer == {
            "id": str(camera.pk),
            "name": "Gate",
            "place": "North gate",
            "kind": "push",
            "health": "never_seen",
            "last_seen_at": None,
        }

    @pytest.mark.parametrize("method", ["put", "patch", "delete"])
    def test_nothing_can_be_changed_here(self, headers, method):
        assert getattr(Client(), method)("/api/v1/people", headers=headers).status_code == 405
