"""Reads of the audit log for people: filtered, paged by number, with the names joined.

Public surface: ``AuditQuery``, ``audit_page``, ``export_rows``, ``known_actions``, ``log_end``.
Whoever is limited to sites or people sees what concerns those people, and what they did themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import CharField, Func, Q, QuerySet
from django.utils import timezone

from portal.accounts.models import User
from portal.audit.anchor import read_anchor
from portal.audit.chain import fingerprint
from portal.audit.models import AuditEntry
from portal.core.context import EVERYTHING, current_actor, require
from portal.core.errors import DomainError
from portal.people.models import Person
from portal.people.selectors import PersonName, names_of, within_scope

__all__ = [
    "AuditPage",
    "AuditQuery",
    "EntryView",
    "LogEnd",
    "audit_page",
    "export_rows",
    "known_actions",
    "log_end",
]

PAGE: Final = 50
MAX_EXPORT: Final = 50_000
_PERSON: Final = "people.person"
_USER: Final = "accounts.user"
_MANY_PEOPLE: Final = 200


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """What of the log is wanted. ``person`` is a name, a code or an id."""

    actor: str = ""
    action: str = ""
    person: str = ""
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class EntryView:
    entry: AuditEntry
    person: PersonName | None
    user_label: str = ""

    @property
    def target_words(self) -> str:
        """What it was done to: by name where that may be shown, else by kind and id."""
        if self.person is not None:
            return self.person.name
        if self.user_label:
            return self.user_label
        kind = self.entry.target_type.rpartition(".")[2]
        return f"{kind} {self.entry.target_id[:13]}".strip()

    @property
    def changes(self) -> list[tuple[str, str | None, str | None]]:
        """Per value that the entry tells of: what it was, and what it became."""
        before, after = self.entry.before, self.entry.after
        return [
            (
                key,
                _words(before[key]) if key in before else None,
                _words(after[key]) if key in after else None,
            )
            for key in {**before, **after}
        ]


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Newest first. ``older`` and ``newer`` are the numbers to go on from, None at the ends."""

    entries: tuple[EntryView, ...]
    older: int | None
    newer: int | None


@dataclass(frozen=True, slots=True)
class LogEnd:
    """The last anchored entry; its fingerprint, noted elsewhere, proves the log against anybody."""

    seq: int
    fingerprint: str


def audit_page(wanted: AuditQuery, *, before: int | None, after: int | None) -> AuditPage:
    """One page: the newest, or those just older than ``before``, or just newer than ``after``."""
    entries = _entries(wanted)
    if after is not None:
        rows = list(entries.filter(seq__gt=after).order_by("seq")[: PAGE + 1])
        has_older, has_newer = True, len(rows) > PAGE
        rows = rows[:PAGE][::-1]
    else:
        found = entries if before is None else entries.filter(seq__lt=before)
        rows = list(found.order_by("-seq")[: PAGE + 1])
        has_older, has_newer = len(rows) > PAGE, before is not None
        rows = rows[:PAGE]
    return AuditPage(
        entries=tuple(_with_names(rows)),
        older=rows[-1].seq if rows and has_older else None,
        newer=rows[0].seq if rows and has_newer else None,
    )


def export_rows(wanted: AuditQuery) -> Iterator[AuditEntry]:
    """The entries for a file, oldest first. Raises ``DomainError`` for more than a file takes."""
    entries = _entries(wanted)
    count = entries.count()
    if count > MAX_EXPORT:
        raise DomainError(
            f"These are {count} entries; a file takes {MAX_EXPORT}. Choose a shorter time.",
            code="audit.too_many",
        )
    return entries.order_by("seq").iterator(chunk_size=2000)


def known_actions() -> list[str]:
    require("audit.view")
    return list(AuditEntry.objects.order_by("action").values_list("action", flat=True).distinct())


def log_end() -> LogEnd | None:
    """None where there is no anchor; whether the log is whole, ``audit_verify`` finds out."""
    require("audit.view")
    anchor = read_anchor()
    return LogEnd(anchor.seq, fingerprint(anchor.hash)) if anchor is not None else None


def _entries(wanted: AuditQuery) -> QuerySet[AuditEntry]:
    actor = require("audit.view")
    entries = AuditEntry.objects.all()
    if actor.scope != EVERYTHING:
        theirs = Person.objects.filter(within_scope(actor.scope)).order_by()
        entries = entries.filter(
            Q(actor_kind=actor.kind, actor_id=actor.id)
            | Q(target_type=_PERSON, target_id__in=theirs.values(text=_AsText("id")))
        )
    if wanted.actor:
        entries = entries.filter(actor_label__icontains=wanted.actor)
    if wanted.action:
        entries = entries.filter(action=wanted.action)
    if wanted.person:
        entries = entries.filter(target_type=_PERSON, target_id__in=_people(wanted.person))
    if wanted.since:
        entries = entries.filter(at__gte=_midnight(wanted.since))
    if wanted.until:
        entries = entries.filter(at__lt=_midnight(wanted.until + timedelta(days=1)))
    return entries


def _people(wanted: str) -> list[str]:
    """Ids of the people meant; former ones are found by code or id, their names are gone."""
    people = Person.objects.filter(within_scope(current_actor().scope)).order_by()
    try:
        condition = Q(pk=UUID(wanted))
    except ValueError:
        condition = Q(name__icontains=wanted) | Q(code__iexact=wanted)
    return [str(pk) for pk in people.filter(condition).values_list("pk", flat=True)[:_MANY_PEOPLE]]


def _with_names(rows: Sequence[AuditEntry]) -> list[EntryView]:
    names = names_of(_targets(rows, _PERSON))
    users = User.objects.filter(pk__in=_targets(rows, _USER)).values_list("pk", "email")
    labels = {str(pk): email for pk, email in users}
    return [
        EntryView(
            row,
            names.get(row.target_id) if row.target_type == _PERSON else None,
            labels.get(row.target_id, "") if row.target_type == _USER else "",
        )
        for row in rows
    ]


def _targets(rows: Sequence[AuditEntry], kind: str) -> set[str]:
    return {row.target_id for row in rows if row.target_type == kind}


def _words(value: Any) -> str:
    if isinstance(value, list):
        value = ", ".join(str(one) for one in value)
    return "–" if value in ("", None) else str(value)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


class _AsText(Func):
    """A UUID as the log writes it, with dashes, whatever the database keeps it as."""

    output_field = CharField()
    template = "(%(expressions)s)::text"

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        parts = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
        cut = " || '-' || ".join(
            f"substr(%(expressions)s, {start}, {length})" for start, length in parts
        )
        return super().as_sql(compiler, connection, template=f"({cut})", **context)
