"""Asking a running system for a page again and again. Public surface: ``ask``, ``count_queries``."""

from __future__ import annotations

import http.client
import time

from tests.integration.gatehouse import Gatehouse

__all__ = ["ask", "count_queries"]


def ask(
    system: Gatehouse, cookie: str, path: str, count: int, *, warm_up: int
) -> tuple[list[float], int]:
    """Milliseconds per request after ``warm_up`` others, and the bytes of the page."""
    connection = http.client.HTTPConnection("127.0.0.1", system.port, timeout=60)
    times_ms, size = [], 0
    for number in range(warm_up + count):
        started = time.perf_counter()
        connection.request("GET", path, headers={"Cookie": cookie})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}")
        if number >= warm_up:
            times_ms.append((time.perf_counter() - started) * 1000)
        size = len(body)
    connection.close()
    return times_ms, size


def count_queries(path: str) -> int:
    """What the second look at a page asks of the database; in a process of Django's settings."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from portal.accounts.models import User

    settings.ALLOWED_HOSTS = ["*"]
    client = Client()
    backend = "allauth.account.auth_backends.AuthenticationBackend"
    client.force_login(User.objects.order_by("pk")[0], backend=backend)
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        client.get(path)
    return len(captured)
