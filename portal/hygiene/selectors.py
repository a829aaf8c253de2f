"""Reads of what was found, within the actor's scope, and of the gallery for whoever looks at it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from django.db.models import Count, F, Q, QuerySet
from numpy.typing import NDArray

from portal.core.context import current_actor, require
from portal.core.errors import NotFound
from portal.core.vault import key_ids_of, vault
from portal.hygiene.models import Finding, Scan
from portal.people.models import FaceImage, FaceTemplate, LookalikePair, Person
from portal.people.selectors import gallery_revision, is_within, portraits_of, within_scope
from portal.people.vectors import open_vector

__all__ = [
    "Gallery",
    "PairView",
    "Reference",
    "gallery_by_person",
    "gallery_view",
    "latest_scan",
    "looked_at",
    "people_without_template",
    "visible_finding",
    "visible_pair",
]

# More than anybody mends in one sitting; the numbers in the headings count all.
MOST = 60
_CHUNK = 200


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """One photo in use, as the look through the gallery needs it. ``vector`` is ``(D,) float32``."""

    image_id: UUID
    vector: NDArray[np.float32]
    aligned_key: str
    quality_score: float
    pose: str
    quality: dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class PairView:
    """Two people who look alike, with their best photos."""

    pair: LookalikePair
    first_portrait: UUID | None
    second_portrait: UUID | None


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """All that the page shows. ``sections`` are ``(kind, findings, how many there are)``."""

    scan: Scan | None
    is_outdated: bool
    sections: tuple[tuple[str, list[Finding], int], ...]
    pairs: tuple[PairView, ...]
    pair_count: int
    portraits: dict[UUID, UUID]
    answered: int

    @property
    def total(self) -> int:
        return self.pair_count + sum(count for _, _, count in self.sections)


def latest_scan() -> Scan | None:
    require("people.view")
    return Scan.objects.first()


def gallery_view() -> Gallery:
    """What is still to mend."""
    scan = latest_scan()
    counts = dict(open_findings().order_by().values_list("kind").annotate(Count("id")))
    sections = [
        (kind.value, _without_strangers(open_findings().filter(kind=kind)[:MOST]), counts[kind])
        for kind in Finding.Kind
        if kind in counts
    ]
    pairs = open_pairs()
    shown = list(pairs[:MOST])
    portraits = portraits_of(
        {pair.first_id for pair in shown}
        | {pair.second_id for pair in shown}
        | {f.person_id for _, rows, _ in sections for f in rows}
        | {f.other_id for _, rows, _ in sections for f in rows if f.other_id}
    )
    return Gallery(
        scan=scan,
        is_outdated=scan is not None and scan.revision != gallery_revision(),
        sections=tuple(sections),
        pairs=tuple(
            PairView(pair, portraits.get(pair.first_id), portraits.get(pair.second_id))
            for pair in shown
        ),
        pair_count=pairs.count(),
        portraits=portraits,
        answered=answered_count(),
    )


def open_findings() -> QuerySet[Finding]:
    """Those that still hold and nobody answered."""
    actor = require("people.view")
    in_use = Q(image=None) | Q(image__state=FaceImage.State.ACTIVE, image__person=F("person"))
    beside = Q(beside=None) | Q(beside__state=FaceImage.State.ACTIVE, beside__person=F("person"))
    return (
        Finding.objects.filter(within_scope(actor.scope, path="person__"))
        .filter(in_use, beside, dismissed_at=None, person__status=Person.Status.ACTIVE)
        .select_related("person", "person__department", "image", "beside", "other")
        .order_by("score", "person__name", "id")
    )


def _without_strangers(findings: QuerySet[Finding]) -> list[Finding]:
    """Whom a photo resembles is said of people in use whom the actor may see."""
    scope, rows = current_actor().scope, list(findings)
    for row in rows:
        other = row.other
        if other is not None and not (
            other.status == Person.Status.ACTIVE and is_within(scope, other)
        ):
            row.other, row.other_score = None, None
    return rows


def open_pairs() -> QuerySet[LookalikePair]:
    """Pairs of people in use who may be one and of whom nobody said so yet; both lie within the
    scope."""
    actor = require("people.view")
    active = Person.Status.ACTIVE
    return (
        LookalikePair.objects.filter(
            within_scope(actor.scope, path="first__"), within_scope(actor.scope, path="second__")
        )
        .filter(
            answer=LookalikePair.Answer.OPEN,
            wants_answer=True,
            first__status=active,
            second__status=active,
        )
        .select_related("first", "second", "first__department", "second__department")
        .order_by("-score", "id")
    )


def answered_count() -> int:
    """Findings and pairs that somebody looked at and left as they are."""
    actor = require("people.view")
    findings = Finding.objects.filter(within_scope(actor.scope, path="person__"))
    pairs = LookalikePair.objects.filter(
        within_scope(actor.scope, path="first__"), answer=LookalikePair.Answer.DIFFERENT
    )
    return findings.exclude(dismissed_at=None).count() + pairs.count()


def visible_finding(finding_id: UUID) -> Finding:
    finding = open_findings().filter(pk=finding_id).first()
    if finding is None:
        raise NotFound("This was mended or answered already. Reload the page.")
    return finding


def visible_pair(pair_id: UUID) -> LookalikePair:
    pair = open_pairs().filter(pk=pair_id).first()
    if pair is None:
        raise NotFound("This pair was answered already, or one of the two is gone.")
    return pair


def gallery_by_person(space_id: str) -> Iterator[tuple[UUID, list[Reference]]]:
    """Everybody who can be recognised in this space with their photos; for workers, which act
    without a user."""
    rows = FaceTemplate.objects.filter(
        space_id=space_id,
        person__status=Person.Status.ACTIVE,
        person__consents__withdrawn_at=None,
        person__consents__isnull=False,
        image__state=FaceImage.State.ACTIVE,
    )
    people = list(rows.order_by("person_id").values_list("person_id", flat=True).distinct())
    for start in range(0, len(people), _CHUNK):
        yield from _references(rows, people[start : start + _CHUNK])


def looked_at(kind: str) -> frozenset[UUID]:
    """Photos that somebody looked at and called right; for workers."""
    rows = Finding.objects.filter(kind=kind, image__isnull=False).exclude(dismissed_at=None)
    return frozenset(rows.values_list("image_id", flat=True))


def people_without_template(space_id: str) -> QuerySet[Person]:
    """Active people whom no search in this space can find."""
    found = FaceTemplate.objects.filter(
        space_id=space_id,
        image__state=FaceImage.State.ACTIVE,
        person__consents__withdrawn_at=None,
        person__consents__isnull=False,
    ).values("person_id")
    return Person.objects.filter(status=Person.Status.ACTIVE).exclude(pk__in=found)


def _references(
    rows: QuerySet[FaceTemplate], people: Sequence[UUID]
) -> Iterator[tuple[UUID, list[Reference]]]:
    chunk = list(
        rows.filter(person_id__in=people)
        .order_by("person_id", "id")
        .values_list(
            "person_id",
            "image_id",
            "sealed_vector",
            "image__aligned_key",
            "image__quality_score",
            "image__pose",
            "image__quality",
        )
    )
    # One query for the keys of them all; else each person would be one.
    vault().keys.load(key_ids_of(row[2] for row in chunk))
    by_person: dict[UUID, list[Reference]] = {}
    for person_id, image_id, sealed, aligned, score, pose, quality in chunk:
        by_person.setdefault(person_id, []).append(
            Reference(image_id, open_vector(sealed), aligned, score, pose, quality)
        )
    yield from by_person.items()
