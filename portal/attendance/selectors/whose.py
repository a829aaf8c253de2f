"""Whose days a page is about, and by which right: nobody's days are read without one of these.

Public surface: ``Whose``, ``member``, ``oneself``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from portal.attendance.selectors.visible import visible_members
from portal.core.context import require
from portal.core.errors import NotFound
from portal.people.models import Person

__all__ = ["Whose", "member", "oneself"]

_MADE_HERE: Final = object()


@dataclass(frozen=True, slots=True)
class Whose:
    """Made by ``member`` and ``oneself`` alone. ``is_own``: read by the one whose days they are."""

    person: Person
    is_own: bool
    _token: object

    def __post_init__(self) -> None:
        if self._token is not _MADE_HERE:
            raise TypeError("Whose days may be read is said by member() and oneself() only.")

    @property
    def zone(self) -> str:
        return self.person.site.time_zone


def member(person_id: UUID) -> Whose:
    """Somebody within the actor's scope, for those who may see days of others."""
    require("attendance.view")
    person = visible_members().filter(pk=person_id).first()
    if person is None:
        raise NotFound("There is no such person, or their days are not yours to see.")
    return Whose(person, False, _MADE_HERE)


def oneself() -> Whose | None:
    """The person of the actor's account, whatever the actor may see beside; None without one."""
    actor = require("self.view")
    if actor.kind != "user":
        return None
    person = (
        Person.objects.select_related("site", "department")
        .filter(user=int(actor.id), status__in=Person.LIVING)
        .first()
    )
    return None if person is None else Whose(person, True, _MADE_HERE)
