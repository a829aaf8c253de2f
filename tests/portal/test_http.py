"""What every answer carries: headers, private pictures, errors in the right form, size limits."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.test import Client
from django.urls import reverse

from portal.core.body_limit import BodyLimit
from portal.core.errors import DomainError
from portal.core.vault import vault
from tests.factories import CameraFactory, EnrolmentFactory, UserFactory
from tests.factories.world import build_world

NO_CAMERA = "camera=(), microphone=(), geolocation=(), usb=()"
WITH_CAMERA = "camera=(self), microphone=(), geolocation=(), usb=()"

CSP = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' blob: data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "media-src": "'self' blob:",
    "manifest-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


def policy_of(response) -> dict[str, str]:
    parts = response["Content-Security-Policy"].split(";")
    return {p.split()[0]: " ".join(p.split()[1:]) for p in parts if p.strip()}


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["dashboard:today", "people:list", "account_login", "api:people"])
def test_the_security_headers(name, client_of):
    client = Client() if name.startswith(("account", "api")) else client_of("administrator")
    UserFactory()
    response = client.get(reverse(name))
    headers = {
        key: response.headers.get(key)
        for key in (
            "X-Content-Type-Options",
            "X-Frame-Options",
            "Referrer-Policy",
            "Cross-Origin-Opener-Policy",
            "Permissions-Policy",
        )
    }
    assert headers == {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": NO_CAMERA,
    }
    assert policy_of(response) == CSP


@pytest.mark.django_db
def test_only_the_two_pages_that_need_a_camera_may_ask_for_it(client_of):
    client = client_of("administrator")
    world = build_world()
    names = {
        "enrolment:draft": WITH_CAMERA,
        "sightings:webcam": WITH_CAMERA,
        "enrolment:photos": NO_CAMERA,
        "people:detail": NO_CAMERA,
        "sightings:live": NO_CAMERA,
        "sightings:recognise": NO_CAMERA,
        "cameras:detail": NO_CAMERA,
    }
    arguments = {
        "enrolment:draft": ["enrolment_id"],
        "enrolment:photos": ["enrolment_id"],
        "sightings:webcam": ["camera_id"],
        "people:detail": ["person_id"],
        "cameras:detail": ["camera_id"],
    }
    found = {
        name: client.get(
            reverse(name, kwargs=world.arguments(name, arguments.get(name, [])))
        ).headers["Permissions-Policy"]
        for name in names
    }
    assert found == names


@pytest.mark.django_db
def test_no_page_holds_inline_style_or_script(client_of):
    import re

    client, world = client_of("administrator"), build_world()
    for name, names in {
        "dashboard:today": [],
        "people:list": [],
        "people:detail": ["person_id"],
        "people:edit": ["person_id"],
        "enrolment:draft": ["enrolment_id"],
        "cameras:list": [],
        "cameras:create": [],
        "cameras:detail": ["camera_id"],
        "sightings:live": [],
        "sightings:detail": ["recognition_id"],
        "sightings:recognise": [],
        "sightings:webcam": ["camera_id"],
        "jobs:list": [],
        "jobs:detail": ["job_id"],
        "system:health": [],
        "system:tokens": [],
    }.items():
        page = client.get(reverse(name, kwargs=world.arguments(name, names))).content.decode()
        assert not re.search(r"<[^>]+\sstyle\s*=", page), name
        assert not re.search(r"<[^>]+\son[a-z]+\s*=", page), name
        assert "<style" not in page, name
        assert not re.search(r"<script(?![^>]*\ssrc=)(?![^>]*application/json)", page), name


PICTURES = {
    "people:photo": ["image_id"],
    "enrolment:photo": ["photo_id"],
    "enrolment:face": ["face_id"],
    "sightings:crop": ["face_id"],
    "sightings:picture": ["recognition_id"],
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", PICTURES)
def test_a_private_picture_is_served_as_nothing_else(name, client_of):
    client, world = client_of("administrator"), build_world()
    response = client.get(reverse(name, kwargs=world.arguments(name, PICTURES[name])))
    assert response.status_code == 200
    assert response.content[:2] == b"\xff\xd8"
    assert response["Content-Type"] == "image/jpeg"
    assert policy_of(response)["sandbox"] == ""
    assert policy_of(response)["default-src"] == "'none'"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"].startswith("private")
    assert b"Exif" not in response.content


@pytest.mark.django_db
@pytest.mark.parametrize("name", PICTURES)
def test_an_unknown_picture_is_not_found(name, client_of):
    from uuid import uuid4

    client = client_of("administrator")
    unknown = 2**62 if PICTURES[name] == ["face_id"] else uuid4()
    response = client.get(reverse(name, args=[unknown]))
    assert response.status_code == 404
    assert "errors" not in response.content.decode()[:20]


@pytest.mark.django_db
@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_whose_file_is_gone_is_not_found(name, client_of):
    client, world = client_of("administrator"), build_world()
    url = reverse(name, kwargs=world.arguments(name, PICTURES[name]))
    for row, keys in (
        (world.image, ["portrait_key"]),
        (world.draft_photo, ["photo_key"]),
        (world.draft_face, ["portrait_key"]),
        (world.face, ["portrait_key"]),
        (world.recognition, ["picture_key"]),
    ):
        for key in keys:
            vault().delete(getattr(row, key))
    assert client.get(url).status_code == 404


class TestErrorPages:
    pytestmark = pytest.mark.django_db

    def test_an_unknown_address_is_a_page_for_people_and_json_for_programs(self, client_of):
        client = client_of("auditor")
        page = client.get("/no/such/place")
        assert page.status_code == 404
        assert page["Content-Type"].startswith("text/html")
        assert "404" in page.content.decode()
        for response in (
            client.get("/api/v1/no/such/place"),
            client.get("/no/such/place", headers={"Accept": "application/json"}),
        ):
            assert response.status_code == 404
            assert response.json()["error"]["code"] == "not_found"

    @pytest.mark.parametrize("path", ["/", "/api/v1/people"])
    def test_a_failure_of_ours_says_nothing_of_its_cause(self, path, client_of, monkeypatch):
        from portal.accounts.models import User
        from portal.api import people
        from portal.dashboard import selectors
        from tests.factories import api_token

        def broken(*args: object, **kwargs: object) -> None:
            raise RuntimeError("the secret is 42")

        monkeypatch.setattr(selectors, "today", broken)
        monkeypatch.setattr(people, "visible_people", broken)
        client = client_of("administrator", raise_request_exception=False)
        _, headers = api_token("read")
        response = client.get(path, headers=headers)
        assert User.objects.exists()
        assert response.status_code == 500
        assert "42" not in response.content.decode()
        if path.startswith("/api/"):
            assert response.json()["error"]["code"] == "server.error"
        else:
            assert "logged" in response.content.decode()

    def test_a_domain_error_is_a_page_a_toast_or_json(self, client_of):
        client = client_of("administrator")
        url = reverse("enrolment:add_photo", args=[EnrolmentFactory().pk])
        page = client.post(url)
        assert page.status_code == 400
        assert "No file was sent" in page.content.decode()
        toast = client.post(url, headers={"HX-Request": "true"})
        assert (toast.status_code, toast.content, toast["HX-Reswap"]) == (400, b"", "none")
        assert json.loads(toast["HX-Trigger"])["toast"]["kind"] == "danger"
        answer = client.post(url, headers={"Accept": "application/json"})
        assert answer.json() == {
            "error": {
                "code": "image.missing",
                "message": "No file was sent. Choose a photo first.",
            }
        }

    @pytest.mark.parametrize("status", [400, 403, 404, 409, 413, 422])
    def test_every_status_of_a_domain_error_has_a_page(self, status, client_of, monkeypatch):
        from portal.people.views import person

        def refuse(*args: object) -> None:
            raise DomainError("This is why.", http_status=status)

        monkeypatch.setattr(person, "visible_person", refuse)
        url = reverse("people:detail", args=[CameraFactory().pk])
        response = client_of("administrator").get(url)
        assert response.status_code == status
        assert "This is why." in response.content.decode()


class TestProbes:
    pytestmark = pytest.mark.django_db

    def test_the_process_lives(self):
        assert Client().get("/healthz").json() == {"status": "ok"}

    def test_ready_while_database_and_broker_answer(self):
        assert Client().get("/readyz").json() == {"status": "ready", "failing": []}

    def test_not_ready_while_the_broker_is_away(self, monkeypatch):
        from django.core.cache import cache

        def refuse(*args: object, **kwargs: object) -> None:
            raise ConnectionRefusedError("gone")

        monkeypatch.setattr(cache, "set", refuse)
        response = Client().get("/readyz")
        assert (response.status_code, response.json()["failing"]) == (503, ["Broker"])


class TestBodyLimit:
    """The guard in front of Django, with a limit of one megabyte."""

    LIMIT = 1024 * 1024

    async def ask(
        self, chunks: Iterable[bytes], headers: dict[bytes, bytes]
    ) -> tuple[int, bytes, int]:
        """Status, body of the answer, and how many bytes the application was given."""
        seen, sent = 0, []
        waiting = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
        waiting.append({"type": "http.request", "body": b"", "more_body": False})

        async def app(scope, receive, send):
            nonlocal seen
            while (message := await receive())["more_body"]:
                seen += len(message["body"])
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"ok"})

        async def receive():
            return waiting.pop(0)

        async def send(message):
            sent.append(message)

        scope = {"type": "http", "headers": list(headers.items())}
        await BodyLimit(app, max_bytes=self.LIMIT)(scope, receive, send)
        assert [m["type"] for m in sent] == ["http.response.start", "http.response.body"]
        return sent[0]["status"], sent[1]["body"], seen

    @pytest.mark.parametrize(
        ("length", "status", "why"),
        [
            (b"0", 200, "nothing"),
            (b"1048576", 200, "exactly as much as allowed"),
            (b"1048577", 413, "a byte too many"),
            (b"99999999999999999999", 413, "far too many"),
            (b"-1", 413, "no number of bytes"),
            (b"1e3", 413, "no number of bytes"),
            (b"", 413, "no number of bytes"),
        ],
    )
    async def test_a_declared_length_is_judged_before_a_byte_is_read(self, length, status, why):
        found, body, seen = await self.ask([b"x"], {b"content-length": length})
        assert found == status, why
        if status == 413:
            assert seen == 0
            assert json.loads(body)["error"]["code"] == "image.too_many_bytes"
            assert "1 MB" in json.loads(body)["error"]["message"]

    @pytest.mark.parametrize(("count", "status"), [(4, 200), (5, 413), (400, 413)])
    async def test_without_a_length_the_bytes_are_counted(self, count, status):
        found, _, seen = await self.ask(
            [bytes(256 * 1024)] * count, {b"transfer-encoding": b"chunked"}
        )
        assert found == status
        assert seen <= self.LIMIT

    async def test_a_length_that_lies_does_not_help(self):
        found, _, seen = await self.ask([bytes(256 * 1024)] * 9, {b"content-length": b"10"})
        assert found == 413
        assert seen <= self.LIMIT

    async def test_websockets_pass(self):
        seen = []

        async def app(scope, receive, send):
            seen.append(scope["type"])

        await BodyLimit(app, max_bytes=1)({"type": "websocket", "headers": []}, None, None)
        assert seen == ["websocket"]

    async def test_an_answer_that_has_begun_is_not_answered_twice(self):
        sent = []

        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await receive()

        async def receive():
            return {"type": "http.request", "body": bytes(10), "more_body": True}

        async def send(message):
            sent.append(message["type"])

        await BodyLimit(app, max_bytes=1)({"type": "http", "headers": []}, receive, send)
        assert sent == ["http.response.start"]

    def test_the_limit_leaves_room_for_the_largest_picture(self):
        from recognition.intake import DEFAULT_LIMITS

        assert DEFAULT_LIMITS.max_bytes < settings.MAX_REQUEST_BYTES
        assert settings.DATA_UPLOAD_MAX_MEMORY_SIZE >= settings.MAX_REQUEST_BYTES


class TestApplication:
    """The whole ASGI application, as the server calls it."""

    async def ask(self, path: str, *, method: str = "GET", **headers: str) -> tuple[int, bytes]:
        from portal.config.asgi import application

        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "scheme": "http",
            "server": ("localhost", 80),
            "client": ("192.0.2.1", 1),
            "headers": [
                (b"host", b"localhost"),
                *((k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()),
            ],
        }
        talk = ApplicationCommunicator(application, scope)
        await talk.send_input({"type": "http.request", "body": b"", "more_body": False})
        start = await talk.receive_output(timeout=5)
        body = await talk.receive_output(timeout=5)
        return start["status"], body["body"]

    async def test_a_page_is_answered_from_the_pool(self):
        assert await self.ask("/healthz") == (200, b'{"status": "ok"}')

    async def test_a_declared_flood_is_refused_in_front_of_every_view(self):
        flood = str(settings.MAX_REQUEST_BYTES + 1)
        for path in ("/healthz", "/api/v1/recognitions", "/no/such/place"):
            status, body = await self.ask(path, method="POST", content_length=flood)
            assert status == 413
            assert b"image.too_many_bytes" in body
