"""Synchronous requests run in the pool's threads, and end well however they end."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path

from portal.core.pooled_handler import HttpApplication


def thread_name(request: HttpRequest) -> HttpResponse:
    return HttpResponse(threading.current_thread().name)


urlpatterns = [path("thread", thread_name)]


async def ask(where: str, *events: dict[str, Any]) -> tuple[int | None, bytes]:
    """Status and body that the application sends for these received events."""
    scope = {
        "type": "http",
        "method": "GET",
        "path": where,
        "raw_path": where.encode(),
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "server": ("localhost", 80),
        "client": ("127.0.0.1", 1),
    }
    received = iter([*events, {"type": "http.disconnect"}])
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return next(received)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    application = HttpApplication(threads=1, asynchronous=frozenset())
    await application(scope, receive, send)
    if not sent:
        return None, b""
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


@pytest.fixture(autouse=True)
def two_routes():
    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=[]):
        yield


async def test_a_synchronous_view_runs_in_a_thread_of_the_pool():
    status, body = await ask("/thread", {"type": "http.request", "body": b""})
    assert status == 200
    assert body.startswith(b"request")


async def test_a_client_that_leaves_while_sending_gets_no_answer():
    assert await ask("/thread") == (None, b"")


async def test_an_unknown_address_is_404():
    status, _ = await ask("/nowhere", {"type": "http.request", "body": b""})
    assert status == 404
