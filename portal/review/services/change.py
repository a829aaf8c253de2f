"""What one decision alters, written down so that it can be taken back.

Every act of the review works through a ``Change``: it sets fields of visits and strangers, holds
others that must stay for the way back to be open, and notes rows that it made. ``take_back`` undoes
it by these notes, or refuses where a later act or a merge of people stands in the way.
Public surface: ``Change``, ``take_back``, ``touches``, ``strangers_of``, ``REVIEW_KINDS``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import models, transaction
from django.utils import timezone

from portal.core.vault import vault
from portal.journal.models import Act
from portal.journal.services import note_act
from portal.people.models import Person
from portal.people.services.merge_plan import MERGE_ACT
from portal.people.services.status import in_the_way
from portal.review.models import Anchor, Stranger
from portal.review.services.standing import recount
from portal.review.services.telling import tell
from portal.sightings.models import Visit

__all__ = ["REVIEW_KINDS", "Change", "strangers_of", "take_back", "touches"]

REVIEW_KINDS: Final = "review."
_MODELS: Final[Mapping[str, type[models.Model]]] = {
    "visit": Visit,
    "stranger": Stranger,
    "anchor": Anchor,
}


class Change:
    """Collects while it writes; ``note`` makes the act of it."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], dict[str, list[Any]]] = {}
        self._made: dict[str, list[str]] = {"stranger": [], "anchor": []}
        self._visits: dict[UUID, Visit] = {}

    @property
    def visit_count(self) -> int:
        return len(self._visits)

    def put(self, row: Visit | Stranger | Anchor, **fields: Any) -> None:
        """Set these columns (by ``attname``) of a row that is locked, and save it."""
        name = row._meta.model_name or ""
        noted = self._rows.setdefault((name, str(row.pk)), {})
        for field, value in fields.items():
            before = noted[field][0] if field in noted else _plain(getattr(row, field))
            noted[field] = [before, _plain(value)]
            setattr(row, field, value)
        changed = list(fields)
        if isinstance(row, Visit):
            self._visits[row.pk] = row
            changed.append("changed_at")
        row.save(update_fields=changed)

    def hold(self, row: Visit | Stranger, *fields: str) -> None:
        """The way back is open only while nobody changes these."""
        noted = self._rows.setdefault((row._meta.model_name or "", str(row.pk)), {})
        for field in fields:
            value = _plain(getattr(row, field))
            noted.setdefault(field, [value, value])

    def made(self, row: Stranger | Anchor) -> None:
        """``row`` is new; the way back deletes it."""
        name = row._meta.model_name or ""
        self._made[name].append(str(row.pk))
        if isinstance(row, Anchor):
            self.hold_made(row, "person_id", "stranger_id")

    def hold_made(self, row: Anchor, *fields: str) -> None:
        noted = self._rows.setdefault(("anchor", str(row.pk)), {})
        for field in fields:
            value = _plain(getattr(row, field))
            noted.setdefault(field, [value, value])

    def note(
        self,
        kind: str,
        title: str,
        *,
        person_id: UUID | None = None,
        other_id: UUID | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> Act:
        """The act, with everything that was put and these ``facts``; browsers are told on commit."""
        act = note_act(
            kind,
            title,
            data={"rows": self._grouped(), "made": self._made, **(facts or {})},
            person_id=person_id,
            other_id=other_id,
        )
        recount(strangers_of(act))
        tell(self._visits.values())
        return act

    def _grouped(self) -> list[dict[str, Any]]:
        """Rows that changed alike are noted once: a stranger may have hundreds of visits."""
        alike: dict[str, dict[str, Any]] = {}
        for (name, pk), fields in self._rows.items():
            one = alike.setdefault(
                f"{name}{sorted(fields.items())}", {"model": name, "ids": [], "fields": fields}
            )
            one["ids"].append(pk)
        return list(alike.values())


def take_back(act: Act) -> list[Visit]:
    """Put everything back that ``act`` changed; returns the visits that were.

    Raises ``DomainError`` ``journal.in_the_way`` where a later act rests on this one, where what
    it set was changed since (people were merged), or where the person before is an entry that was
    merged since. Rows whose retention time is over are left alone.
    """
    _refuse_under_a_later_act(act)
    found = _locked(act)
    for name, pk, fields in _noted(act):
        row = found.get((name, pk))
        if row is not None:
            _refuse_if_changed(row, fields)
            _refuse_if_merged(act, name, pk, fields)
    touched: list[Visit] = []
    for name, pk, fields in _noted(act):
        row = found.get((name, pk))
        if row is None or pk in act.data["made"].get(name, ()):
            continue
        changed = {
            key: _unmerged(act, name, pk, before) if key == "person_id" else before
            for key, (before, after) in fields.items()
            if before != after
        }
        if not changed:
            continue
        for key, value in changed.items():
            setattr(row, key, row._meta.get_field(key).to_python(value))
        if isinstance(row, Visit):
            touched.append(row)
            changed["changed_at"] = None
        row.save(update_fields=list(changed))
    _delete_made(act)
    recount(strangers_of(act))
    tell(touched)
    return touched


def touches(act: Act) -> set[tuple[str, str]]:
    """The rows that an act is about, as ``(model, id)``."""
    made = {(name, pk) for name, ids in act.data["made"].items() for pk in ids}
    return {(name, pk) for name, pk, _ in _noted(act)} | made


def _noted(act: Act) -> Iterable[tuple[str, str, dict[str, list[Any]]]]:
    for group in act.data["rows"]:
        for pk in group["ids"]:
            yield group["model"], pk, group["fields"]


def _columns(act: Act) -> set[tuple[str, str, str]]:
    return {(name, pk, field) for name, pk, fields in _noted(act) for field in fields}


def strangers_of(act: Act) -> set[str]:
    """Those that an act is about, and those whose visits it took or gave."""
    found = {pk for name, pk in touches(act) if name == "stranger"}
    for _, _, fields in _noted(act):
        found |= {pk for pk in fields.get("stranger_id", ()) if pk}
    return found


def _refuse_under_a_later_act(act: Act) -> None:
    """By columns and not by rows: to watch a stranger and to write a memo do not meet."""
    mine, made = _columns(act), {pk for ids in act.data["made"].values() for pk in ids}
    later = Act.objects.filter(
        kind__startswith=REVIEW_KINDS, undone_at=None, pk__gt=act.pk
    ).order_by("-id")
    for other in later.iterator(chunk_size=200):
        columns = _columns(other)
        if columns & mine or any(pk in made for _, pk, _ in columns):
            raise in_the_way(
                f"“{other.title}” was done since, by {other.actor_label or 'Gatehouse'}. Undo that "
                "first."
            )


def _locked(act: Act) -> dict[tuple[str, str], Any]:
    ids: dict[str, list[str]] = {}
    for name, pk, _ in _noted(act):
        ids.setdefault(name, []).append(pk)
    return {
        (name, str(row.pk)): row
        for name, wanted in ids.items()
        for row in _MODELS[name]._default_manager.select_for_update().filter(pk__in=wanted)
    }


def _refuse_if_changed(row: Any, fields: Mapping[str, Sequence[Any]]) -> None:
    for field, (_, after) in fields.items():
        if _plain(getattr(row, field)) != after:
            raise in_the_way(
                f"{_called(row)} was changed since, such as by a merge of people. Undo that first."
            )


def _refuse_if_merged(act: Act, name: str, pk: str, fields: Mapping[str, Sequence[Any]]) -> None:
    """No name is given back to an entry that is in no list any more."""
    before, after = fields.get("person_id", (None, None))
    if before is None or before == after:
        return
    person_id = _unmerged(act, name, pk, before) or before
    gone = Person.objects.filter(pk=person_id, status=Person.Status.MERGED).first()
    if gone is not None:
        raise in_the_way(f"{gone.name} was merged into another entry. Undo that first.")


def _unmerged(act: Act, name: str, pk: str, person_id: str | None) -> str | None:
    """Whose the row was before a merge that ``act`` came after and that was taken back since."""
    if person_id is None:
        return None
    merges = Act.objects.filter(kind=MERGE_ACT, pk__lt=act.pk, undone_at__gt=act.created_at)
    for merge in merges.order_by("-id"):
        if str(merge.person_id) == person_id and pk in merge.data.get(f"{name}s", ()):
            person_id = str(merge.data["source"])
    return person_id


def _delete_made(act: Act) -> None:
    anchors = Anchor.objects.filter(pk__in=act.data["made"]["anchor"])
    keys = [key for key in anchors.values_list("aligned_key", flat=True) if key]
    anchors.delete()
    transaction.on_commit(lambda: vault().delete_all(keys), robust=True)
    strangers = act.data["made"]["stranger"]
    if strangers:
        # Whoever joined it meanwhile belongs where it was split off from.
        Visit.objects.filter(stranger__in=strangers).update(
            stranger=act.data["from"], changed_at=timezone.now()
        )
        Stranger.objects.filter(pk__in=strangers).delete()


def _called(row: Any) -> str:
    return f"Stranger {row.number}" if isinstance(row, Stranger) else "One of the visits"


def _plain(value: Any) -> Any:
    """As JSON keeps it."""
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
