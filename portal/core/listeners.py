"""Who listens on the live websocket, and what of an event they may have.

Public surface: ``Listener``, ``NOBODY``, ``listeners_of``, ``within``, ``depends_on_user``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user_model,
)
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from portal.core.context import EVERYTHING, Scope

__all__ = ["NOBODY", "Listener", "depends_on_user", "listeners_of", "within"]


@dataclass(frozen=True, slots=True)
class Listener:
    """Who listens, as it is now."""

    user_id: str = ""
    permissions: frozenset[str] = frozenset()
    scope: Scope = EVERYTHING


NOBODY = Listener()


def listeners_of(session_keys: Iterable[str]) -> dict[str, Listener]:
    """Per session that is still signed in its user, read afresh: in as many questions for two
    hundred as for one. Who signed out, was deactivated or changed the password is not in it."""
    now = timezone.now()
    sessions = {
        row.session_key: row.get_decoded()
        for row in Session.objects.filter(
            session_key__in=set(session_keys) - {""}, expire_date__gt=now
        )
    }
    users = {
        str(user.pk): user
        for user in get_user_model()
        ._default_manager.filter(
            pk__in={data[SESSION_KEY] for data in sessions.values() if SESSION_KEY in data},
            is_active=True,
        )
        .prefetch_related("sites", "departments")
    }
    found, known = {}, {}
    for key, data in sessions.items():
        user = users.get(data.get(SESSION_KEY, ""))
        if user is None or not _is_valid(user, data):
            continue
        user_id = str(user.pk)
        if user_id not in known:
            known[user_id] = Listener(user_id, user.permissions, user.scope())
        found[key] = known[user_id]
    return found


def _is_valid(user: Any, data: dict[str, Any]) -> bool:
    """Django's own rule (``django.contrib.auth.get_user``): a session ends with its password."""
    said = data.get(HASH_SESSION_KEY, "")
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return data.get(BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS and any(
        constant_time_compare(said, one) for one in hashes
    )


def depends_on_user(event: dict[str, Any]) -> bool:
    """Whether two listeners of one scope may have different parts of it."""
    return bool(event["type"] == "sightings.finished")


def within(listener: Listener, event: dict[str, Any]) -> dict[str, Any] | None:
    """The event as this listener may have it; None where nothing of it is theirs.

    Whoever sees certain people only is told that something happened, and the page, when it reads
    again, what of it was theirs.
    """
    if event["type"] == "visits.changed":
        return _visits_within(listener.scope, event)
    if event["type"] == "sightings.finished":
        return _sightings_within(listener, event)
    return event


def _sightings_within(listener: Listener, event: dict[str, Any]) -> dict[str, Any] | None:
    scope = listener.scope
    rows = list(
        zip(event["ids"], event["camera_ids"], event["site_ids"], event["actor_ids"], strict=True)
    )
    sites = None if scope.site_ids is None else {str(site) for site in scope.site_ids}
    if sites is not None:
        rows = [
            row for row in rows if row[2] in sites or (not row[1] and row[3] == listener.user_id)
        ]
        if not rows:
            return None
    shown: dict[str, Any] = {"type": event["type"], "faces": event["faces"]}
    if _sees_certain_people(scope):
        rows = []
    if scope != EVERYTHING:
        shown["faces"] = 0  # it counts every site
    return {**shown, "ids": [row[0] for row in rows], "camera_ids": [row[1] for row in rows]}


def _visits_within(scope: Scope, event: dict[str, Any]) -> dict[str, Any] | None:
    rows = list(zip(event["ids"], event["camera_ids"], event["site_ids"], strict=True))
    if scope.site_ids is not None:
        sites = {str(site) for site in scope.site_ids}
        rows = [row for row in rows if row[2] in sites]
        if not rows:
            return None
    if _sees_certain_people(scope):
        rows = []
    return {
        "type": event["type"],
        "ids": [row[0] for row in rows],
        "camera_ids": [row[1] for row in rows],
    }


def _sees_certain_people(scope: Scope) -> bool:
    return scope.department_ids is not None or scope.person_id is not None
