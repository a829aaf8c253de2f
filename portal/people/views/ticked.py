"""Which people a form of the list means: those ticked, or all that its filter finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet
from django.http import QueryDict

from portal.core.errors import DomainError
from portal.people.filters import FILTER_KEYS, PersonFilter
from portal.people.listing import Places
from portal.people.models import Person
from portal.people.selectors import visible_people

__all__ = ["Ticked", "ticked"]


@dataclass(frozen=True, slots=True)
class Ticked:
    """``filters`` names what narrowed the list, without what was typed."""

    people: QuerySet[Person]
    filters: Sequence[str]


def ticked(data: QueryDict, places: Places, *, nobody_is_all: bool = False) -> Ticked:
    """Within the actor's scope. ``all`` and ``query`` stand for everything that a filter finds.

    ``found`` is how many that were when the question was asked: somebody who agreed to change 12
    people did not agree to change 15. With ``nobody_is_all``, nothing ticked means all.
    """
    ids = _ids(data.getlist("ids"))
    takes_all = bool(data.get("all")) or (nobody_is_all and not ids and "query" in data)
    if not takes_all:
        if not ids:
            raise DomainError(
                "Nobody is ticked. Tick the people in the list first.", code="bulk.nobody"
            )
        return Ticked(visible_people().filter(pk__in=ids), ("ticked",))
    query = QueryDict(data.get("query", ""))
    found = PersonFilter(query, queryset=visible_people(), places=places)
    if not found.form.is_valid():
        raise DomainError(
            "The filter of this list no longer makes sense. Open the list again.",
            code="bulk.filter",
        )
    people = found.qs
    expected, now = data.get("found", ""), people.count()
    if str(now) != expected:
        raise DomainError(
            f"The list has changed: {now} people are found now, and {expected or 'others'} when "
            "you looked. Look at it again before you go on.",
            code="bulk.changed",
            http_status=409,
        )
    return Ticked(people, [key for key in FILTER_KEYS if query.get(key)])


def _ids(values: Sequence[str]) -> list[UUID]:
    try:
        return [UUID(value) for value in values]
    except ValueError:
        raise DomainError("This form names no people.", code="bulk.nobody") from None
