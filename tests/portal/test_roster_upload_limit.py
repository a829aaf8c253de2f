"""One address takes larger uploads, from those who may import and from nobody else."""

from __future__ import annotations

import pytest
from django.conf import settings

from portal.accounts.admission import admits
from portal.core.body_limit import BodyLimit, LargerLimit
from portal.roster.photos import MAX_ARCHIVE_BYTES
from portal.roster.sheets import MAX_SHEET_BYTES

PATH = "/people/import/"


def scope(path: str = PATH, *, method: str = "POST", length: int = 0, cookie: str = ""):
    headers = [(b"content-length", str(length).encode())]
    if cookie:
        headers.append((b"cookie", cookie.encode()))
    return {"type": "http", "path": path, "method": method, "headers": headers}


async def status_of(asked: dict, *, is_admitted: bool = True) -> int:
    sent: list[dict] = []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    async def admitted(_scope):
        return is_admitted

    limit = BodyLimit(app, max_bytes=10, larger={PATH: LargerLimit(100, admitted)})
    await limit(asked, receive, send)
    return sent[0]["status"]


@pytest.mark.parametrize(
    ("changes", "is_admitted", "status", "why"),
    [
        ({"length": 100}, True, 200, "the larger limit"),
        ({"length": 101}, True, 413, "has an end too"),
        ({"length": 11}, False, 413, "not for those who may not import"),
        ({"length": 10}, False, 200, "who are held to the usual one"),
        ({"length": 11, "path": "/people/import/x/columns/"}, True, 413, "at no address below"),
        ({"length": 11, "method": "PUT"}, True, 413, "and for uploads only"),
    ],
)
async def test_the_larger_limit(changes, is_admitted, status, why):
    assert await status_of(scope(**changes), is_admitted=is_admitted) == status, why


def test_it_is_as_large_as_a_roster_may_be():
    assert settings.MAX_ROSTER_UPLOAD_BYTES >= MAX_ARCHIVE_BYTES + MAX_SHEET_BYTES


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("role", "expected"), [("administrator", True), ("hr", True), ("officer", False), (None, False)]
)
async def test_who_is_admitted_is_asked_of_the_session(role, expected, client_of):
    from asgiref.sync import sync_to_async

    cookie = "sessionid=made-up"
    if role:
        client = await sync_to_async(client_of)(role)
        cookie = (
            f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
        )
    assert await admits("people.import")(scope(cookie=cookie)) is expected
    assert await admits("people.import")(scope()) is False
