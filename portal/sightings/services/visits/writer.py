"""Updates of visits applied to their rows, and all rows written at once.

Public surface: ``VisitWriter``, ``join_rule``, ``newcomer_of``. Part of the caller's transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from portal.core.vault import vault
from portal.people.consents import recognisable_people
from portal.sightings.models import RecognisedFace, Visit
from portal.sightings.services.visits.absorb import absorb
from portal.sightings.services.visits.announce import announce_visits
from portal.sightings.services.visits.contracts import RuleInForce, VisitUpdate, VisitWritten
from portal.sightings.services.visits.ledger import LedgerRows
from portal.sightings.services.visits.legs import Legs
from portal.sightings.services.visits.opening import (
    CROSSING,
    GAP,
    as_open,
    lock_sites,
    locked_visits,
    open_visit,
    visits_around,
    vote_of,
)
from portal.sightings.services.visits.standing import Verdict, apply_verdict, verdict_of
from portal.sightings.services.visits.vectors import save_vectors
from recognition.visits import JoinRule, Newcomer, OpenVisit, visit_to_absorb, visit_to_join

__all__ = ["VisitWriter", "join_rule", "newcomer_of"]


class VisitWriter:
    """Locks the sites, reads what may go on there, applies updates, and writes everything down."""

    def __init__(
        self, sites: set[UUID], *, first: datetime, last: datetime, rule: RuleInForce
    ) -> None:
        self.rule = rule
        # What may go on, by site; ``_visits`` are those of them that are read whole, and locked.
        self.open: dict[UUID, dict[UUID, OpenVisit]] = defaultdict(dict)
        self._visits: dict[UUID, Visit] = {}
        self._changed: dict[UUID, Visit] = {}
        self._gone: list[Visit] = []
        self._by_key: dict[int, UUID] = {}
        self._spared: list[str] = []
        self._vectors: dict[UUID, NDArray[np.float32]] = {}
        self._ledger = LedgerRows(rule)
        self._legs = Legs()
        self._living: set[str] = set()
        lock_sites(sites)
        around = visits_around(sites, first, last, space_id=rule.space_id)
        for site_id, visits in around.items():
            self.open[site_id] = {visit.id: visit for visit in visits}

    def prepare(self, updates: Sequence[VisitUpdate]) -> None:
        """Read what ``updates`` need beside what is open."""
        missing = {u.visit_id for u in updates if u.visit_id} - set(self._visits)
        if missing:
            self._load(locked_visits(missing))
        names = {name for update in updates if (name := update.standing.name)}
        # Asked for again here: whoever was erased or suspended, or withdrew the consent, since the
        # gallery was searched is not named.
        self._living = recognisable_people(names) if names else set()

    def apply(self, update: VisitUpdate) -> VisitWritten:
        taken = {self._by_key[key] for key in update.apart_from_keys if key in self._by_key}
        update = replace(update, apart_from=update.apart_from | taken)
        verdict = verdict_of(update.standing, living=self._living)
        visit = self._visits.get(update.visit_id) if update.visit_id else None
        if visit is None:
            visit, written = self._join_or_make(update, verdict)
        else:
            visit, written = self._same_person(update, verdict, visit)
        is_joined = update.visit_id is None and not written.was_made
        is_whole = written.was_made or (
            not is_joined
            and written.before is None
            and visit.faces_usable == update.usable_total - update.usable
        )
        _count(visit, update)
        said = _says(visit)
        apply_verdict(visit, verdict, rule_id=self.rule.rule_id, may_weaken=is_whole)
        if is_joined and said == _says(visit) and not self._ledger.is_clearer(visit, update):
            self._spared += [key for face in update.faces for key in face.blobs]
            update, written = replace(update, faces=()), replace(written, is_row_spared=True)
        self._legs.add(
            visit.pk,
            update.camera_id,
            first=update.first_at,
            last=update.last_at,
            faces=update.seen,
        )
        self._ledger.add(visit, update, verdict)
        if update.vector is not None and (is_whole or self._known(visit).vector is None):
            self._vectors[visit.pk] = update.vector
            visit.space_id = self.rule.space_id
        self._remember(visit)
        self._changed[visit.pk] = visit
        self._by_key[update.key] = visit.pk
        return written

    def adopt(self, faces: Iterable[RecognisedFace]) -> None:
        """Give the faces of snapshots, which the caller is about to write, to their visits."""
        self._ledger.adopt(faces)

    def save(self) -> None:
        """Write it all, and tell those who listen once it is committed."""
        changed = list(self._changed.values())
        self._ledger.save()
        for visit in changed:
            self._ledger.put_best(visit)
        if changed:
            Visit.objects.bulk_create(
                changed, update_conflicts=True, update_fields=_FIELDS, unique_fields=["id"]
            )
            self._legs.save()
            save_vectors(self._vectors, space_id=self.rule.space_id)
        announce_visits([*changed, *self._gone])
        if self._spared:
            transaction.on_commit(lambda: vault().delete_all(self._spared), robust=True)

    def _load(self, visits: Iterable[Visit]) -> None:
        for visit in visits:
            self._visits[visit.pk] = visit
            self.open[visit.site_id][visit.pk] = open_visit(visit, space_id=self.rule.space_id)

    def take(self, site_id: UUID, visit_id: UUID) -> tuple[Visit, OpenVisit] | None:
        """The visit read whole, to be gone on with; None where it is gone by now, or somebody
        said meanwhile whose it is: then ``open`` holds what it is."""
        before = self.open[site_id][visit_id]
        if visit_id not in self._visits:
            del self.open[site_id][visit_id]
            self._load(locked_visits([visit_id]))
        known = self.open[site_id].get(visit_id)
        if known is None or (known.name, known.is_sure) != (before.name, before.is_sure):
            return None
        return self._visits[visit_id], known

    def _join(
        self, find: Callable[[Iterable[OpenVisit]], UUID | None], site_id: UUID
    ) -> tuple[Visit, OpenVisit] | None:
        """What ``find`` chooses among what may go on at the site."""
        while (found := find(self.open[site_id].values())) is not None:
            taken = self.take(site_id, found)
            if taken is not None:
                return taken
        return None

    def _join_or_make(self, update: VisitUpdate, verdict: Verdict) -> tuple[Visit, VisitWritten]:
        newcomer = newcomer_of(update, name=verdict.name, is_confirmed=verdict.is_confirmed)
        rule = join_rule(self.rule, update)
        found = self._join(lambda visits: visit_to_join(newcomer, visits, rule), update.site_id)
        if found is not None:
            visit, known = found
            return visit, VisitWritten(visit.pk, before=vote_of(visit, known))
        visit = Visit(
            site_id=update.site_id,
            camera_id=update.camera_id,
            last_camera_id=update.camera_id,
            first_at=update.first_at,
            last_at=update.last_at,
            decision=RecognisedFace.Decision.POOR,
        )
        self._visits[visit.pk] = visit
        self.open[visit.site_id][visit.pk] = as_open(visit, None)
        return visit, VisitWritten(visit.pk, was_made=True)

    def _same_person(
        self, update: VisitUpdate, verdict: Verdict, visit: Visit
    ) -> tuple[Visit, VisitWritten]:
        """The visit itself, or the one of the same person that it turns out to belong to."""
        if visit.settled_as:
            return visit, VisitWritten(visit.pk)
        newcomer = newcomer_of(update, name=verdict.name, is_confirmed=verdict.is_confirmed)
        newcomer = replace(newcomer, apart_from=newcomer.apart_from | {visit.pk})
        rule, since_s = join_rule(self.rule, update), self._known(visit).first_s
        # By the face: what was seen badly at first may be told from what came since.
        other = self._join(
            lambda visits: visit_to_join(
                newcomer, (v for v in visits if v.first_s < since_s), rule
            ),
            visit.site_id,
        )
        if other is None and verdict.is_confirmed and not visit.is_confirmed:
            other = self._join(
                lambda visits: visit_to_absorb(newcomer, visits, rule), visit.site_id
            )
        if other is None:
            return visit, VisitWritten(visit.pk)
        survivor, known = other
        before = vote_of(survivor, known)
        absorb(visit, survivor)
        self._legs.move(visit.pk, survivor.pk)
        self._ledger.move(visit, survivor)
        for held in (self._visits, self.open[visit.site_id], self._changed, self._vectors):
            held.pop(visit.pk, None)
        self._gone.append(visit)
        return survivor, VisitWritten(survivor.pk, before=before)

    def _known(self, visit: Visit) -> OpenVisit:
        return self.open[visit.site_id][visit.pk]

    def _remember(self, visit: Visit) -> None:
        """So that a later update of the same call can join what this one made of it."""
        vector = self._vectors.get(visit.pk, self._known(visit).vector)
        self.open[visit.site_id][visit.pk] = as_open(visit, vector)


# The threshold in force follows the number of people enrolled and is low where they are few; who
# passes is not bounded by it. From here on 97 % of the pairs of one person's photos in LFW are
# alike, and 1 in 30,000 of two people's.
LEAST_LIKENESS: Final = 0.44


def join_rule(rule: RuleInForce, update: VisitUpdate) -> JoinRule:
    return JoinRule(
        threshold=max(update.standing.decision.threshold, LEAST_LIKENESS),
        mean=rule.mean,
        gap_s=GAP.total_seconds(),
        crossing_s=CROSSING.total_seconds(),
    )


def newcomer_of(update: VisitUpdate, *, name: str | None, is_confirmed: bool = False) -> Newcomer:
    return Newcomer(
        camera_id=update.camera_id,
        first_s=update.first_at.timestamp(),
        last_s=update.last_at.timestamp(),
        vector=update.vector,
        name=name,
        is_confirmed=is_confirmed,
        apart_from=update.apart_from,
    )


def _says(visit: Visit) -> tuple[object, ...]:
    return visit.decision, visit.person_id, visit.is_confirmed


def _count(visit: Visit, update: VisitUpdate) -> None:
    visit.first_at = min(visit.first_at, update.first_at)
    if update.last_at >= visit.last_at:
        visit.last_at, visit.last_camera_id = update.last_at, update.camera_id
        # Whoever comes back in time goes on with the same visit, which had ended.
        visit.closed_at = None
    visit.faces_seen += update.seen
    visit.faces_usable += update.usable


_FIELDS: Final = [
    "last_camera",
    "first_at",
    "last_at",
    "closed_at",
    "decision",
    "reason",
    "is_confirmed",
    "named_at",
    "confirmed_at",
    "person",
    "score",
    "margin",
    "threshold",
    "candidates",
    "space",
    "rule",
    "faces_seen",
    "faces_usable",
    "faces_agreeing",
    "best_face",
    "stranger",
    "changed_at",
]
