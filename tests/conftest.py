"""Fixtures that the portal's, the workers' and the contracts' tests share.

None is automatic here: a directory's own conftest says which of them all its tests need.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client, TransactionTestCase
from hypothesis import settings as hypothesis_settings

from portal.audit.triggers import drop_triggers, install_triggers
from portal.core.context import Actor, acting_as
from portal.core.policies import ALL_PERMISSIONS

# The same examples in every run; GATEHOUSE_EXPLORE=1 draws new ones, to look for what they miss.
# No deadline: a busy machine is no error of ours.
hypothesis_settings.register_profile(
    "seeded", derandomize=os.environ.get("GATEHOUSE_EXPLORE") != "1", deadline=None
)
hypothesis_settings.load_profile("seeded")

SIGN_IN_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@contextmanager
def rolled_back() -> Iterator[None]:
    """A transaction that is given up at its end."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="session", autouse=True)
def _static_root() -> None:
    """Whitenoise warns of a folder that only collecting makes, and warnings are errors."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.fixture(scope="session", autouse=True)
def _flush_past_the_audit_log() -> Iterator[None]:
    """Transactional tests end with every table emptied, which the audit log's triggers refuse.

    They are lifted for that moment alone: while a test runs, the log is as it is in production.
    """
    flush = TransactionTestCase._fixture_teardown

    def flush_all(self: TransactionTestCase) -> None:
        drop_triggers(connection)
        try:
            flush(self)
        finally:
            install_triggers(connection)

    TransactionTestCase._fixture_teardown = flush_all  # type: ignore[method-assign]
    yield
    TransactionTestCase._fixture_teardown = flush  # type: ignore[method-assign]


@pytest.fixture
def data_dir(tmp_path: Path, settings: Any) -> Iterator[Path]:
    """A data directory of this test's own: keys, vault, set-up token."""
    from portal.audit.chain import audit_key
    from portal.core.vault import vault

    settings.DATA_DIR = tmp_path
    settings.MEDIA_ROOT = tmp_path / "media"
    vault.cache_clear()
    audit_key.cache_clear()
    yield tmp_path
    vault.cache_clear()
    audit_key.cache_clear()


@pytest.fixture
def sent_tasks(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[str], str]]:
    """What would have gone to the broker: (task, ids, queue). No broker is asked."""
    from portal.config.celery import app

    cache.clear()
    sent: list[tuple[str, list[str], str]] = []

    def send_task(name: str, *, args: list[str], queue: str) -> None:
        sent.append((name, args, queue))

    monkeypatch.setattr(app, "send_task", send_task)
    return sent


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """What would have gone to the browsers: (topic, event)."""
    from portal.core import events

    sent: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(events, "publish", lambda topic, event: sent.append((topic, event)))
    return sent


@pytest.fixture
def isolated(data_dir: Path, sent_tasks: object, published: object) -> None:
    """Files, tasks and events of this test alone."""


@pytest.fixture
def administrator() -> Iterator[Actor]:
    """Everything in this test is done by an administrator."""
    actor = Actor(
        kind="user",
        id="7",
        label="ada@example.org",
        permissions=ALL_PERMISSIONS,
        address="192.0.2.7",
    )
    with acting_as(actor, correlation="c0ffee"):
        yield actor


@pytest.fixture
def client_of(db: None) -> Callable[..., Client]:
    """A signed-in browser per role: ``client_of("officer")``."""
    from tests.factories import UserFactory

    def make(role: str, **options: Any) -> Client:
        client = Client(**options)
        client.force_login(UserFactory(role=role), backend=SIGN_IN_BACKEND)
        return client

    return make


@dataclass
class VaultWatch:
    """The names of all blobs that lie in the vault."""

    root: Path

    def blobs(self) -> set[str]:
        return {str(p.relative_to(self.root)) for p in self.root.rglob("*") if p.is_file()}


@pytest.fixture
def vault_files(data_dir: Path) -> VaultWatch:
    return VaultWatch(data_dir / "media")
