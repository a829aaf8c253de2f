"""Whom faces and visits resemble, as far as the actor may know them.

Public surface: ``Resembled``, ``resembled``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from portal.core.context import current_actor
from portal.people.selectors import PersonName, living_entries, names_of
from portal.sightings.models import RecognisedFace, Visit

__all__ = ["Resembled", "resembled"]


@dataclass(frozen=True, slots=True)
class Resembled:
    """People by every id under which a row may remember them: whoever was merged since goes by
    the entry that is left. Who was erased is not in it."""

    _names: Mapping[str, PersonName]
    # The entries that are theirs now, of those who are not in ``_names`` under the id itself.
    _entries: Mapping[str, str]

    def name(self, person_id: object) -> PersonName | None:
        """None for who was erased, and for who lies outside the actor's scope."""
        return self._names.get(self._entries.get(str(person_id), str(person_id)))

    def words(self, person_id: object) -> str:
        """The name, or what may be said without it; empty for who was erased."""
        if (known := self.name(person_id)) is not None:
            return known.name
        if str(person_id) not in self._entries:
            return ""
        is_elsewhere = current_actor().scope.site_ids is not None
        return "somebody of another site" if is_elsewhere else "somebody who is not yours to see"

    def nearest(
        self, candidates: Sequence[Sequence[object]]
    ) -> tuple[tuple[PersonName, float], ...]:
        """Those with a name, each once with the best score."""
        found: dict[str, tuple[PersonName, float]] = {}
        for person_id, score in candidates:
            if (known := self.name(person_id)) is not None:
                found.setdefault(known.id, (known, float(str(score))))
        return tuple(found.values())


def resembled(rows: Iterable[Visit | RecognisedFace]) -> Resembled:
    """Of all these rows at once, whom they name and whom they resemble."""
    rows = list(rows)
    wanted = {str(one[0]) for row in rows for one in row.candidates}
    wanted |= {str(row.person_id) for row in rows if row.person_id}
    names = names_of(wanted) if wanted else {}
    missing = wanted - names.keys()
    entries = living_entries(UUID(one) for one in missing) if missing else {}
    moved = {str(now) for now in entries.values()} - names.keys() - missing
    if moved:
        names |= names_of(moved)
    return Resembled(names, {str(old): str(now) for old, now in entries.items()})
