"""Who is acting, and under which correlation id: set once per request, task or command.

Services read the actor from here, so that pages, API, commands and tasks are audited alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

import structlog

from portal.core.errors import PermissionMissing
from portal.core.ids import uuid7
from portal.core.policies import ALL_PERMISSIONS

__all__ = [
    "EVERYTHING",
    "SYSTEM",
    "Actor",
    "Scope",
    "acting_as",
    "correlation_id",
    "current_actor",
    "require",
]

ActorKind = Literal["user", "token", "camera", "command", "system", "invitation", "anonymous"]


@dataclass(frozen=True, slots=True)
class Scope:
    """What of the organisation an actor's rights reach. None means no limit of that kind;
    ``department_ids`` already holds what lies below; an empty set reaches nothing."""

    site_ids: frozenset[UUID] | None = None
    department_ids: frozenset[UUID] | None = None
    person_id: UUID | None = None


EVERYTHING = Scope()


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody or something that acts. ``permissions`` are what it may do, nothing is implied."""

    kind: ActorKind
    id: str = ""
    label: str = ""
    permissions: frozenset[str] = field(default=frozenset(), repr=False)
    address: str = ""
    scope: Scope = EVERYTHING

    def may(self, permission: str) -> bool:
        return permission in self.permissions


ANONYMOUS = Actor(kind="anonymous", label="nobody")
SYSTEM = Actor(kind="system", label="Gatehouse", permissions=ALL_PERMISSIONS)

_actor: ContextVar[Actor] = ContextVar("actor", default=ANONYMOUS)
_correlation: ContextVar[str] = ContextVar("correlation_id", default="")


def current_actor() -> Actor:
    return _actor.get()


def correlation_id() -> str:
    return _correlation.get()


def require(permission: str) -> Actor:
    """Return the actor, or raise ``PermissionMissing`` where it lacks ``permission``."""
    actor = current_actor()
    if not actor.may(permission):
        raise PermissionMissing(
            f"This needs the right “{permission}”, which {actor.label or 'you'} do not have. "
            "Ask an administrator.",
            data={"permission": permission},
        )
    return actor


@contextmanager
def acting_as(actor: Actor, *, correlation: str = "") -> Iterator[Actor]:
    """Act as ``actor`` inside the block, in services, audit rows and log lines."""
    identifier = correlation or uuid7().hex
    actor_token, correlation_token = _actor.set(actor), _correlation.set(identifier)
    with structlog.contextvars.bound_contextvars(
        request_id=identifier, actor=f"{actor.kind}:{actor.id}"
    ):
        try:
            yield actor
        finally:
            _actor.reset(actor_token)
            _correlation.reset(correlation_token)
