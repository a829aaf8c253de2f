"""Putting visits of nobody known to the strangers they are of, oldest first.

Public surface: ``group_waiting`` (the task), ``needs_grouping`` (for the sweep).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID
from weakref import WeakKeyDictionary

import numpy as np
import structlog
from django.db import transaction
from numpy.typing import NDArray

from portal.people.models import Person
from portal.review.models import Stranger
from portal.review.services import follow_enrolments
from portal.review.services.group import (
    join_stranger,
    leave_strangers,
    make_stranger,
    note_candidates,
    release_recognised,
    suggest_person,
)
from portal.review.services.standing import lock_grouping, recount
from portal.review.services.telling import tell
from portal.review.waiting import (
    ended_named_visits,
    outdated_strangers,
    ungrouped_visits,
    vectors_of,
)
from portal.sightings.models import Visit
from portal.sightings.services.visits import drop_vectors
from recognition.contracts import Candidate
from workers.anchors import AnchorFollower
from workers.engine_host import EngineHost
from workers.strangers.book import Known, StrangerBook
from workers.strangers.rule import join_bar

__all__ = ["group_waiting", "needs_grouping"]

logger = structlog.get_logger(__name__)

# A transaction long: others that write wait for so many at most.
_AT_ONCE: Final = 64
_COMPARED: Final = 200
_NEAREST: Final = 5
_State = Stranger.State

_books: WeakKeyDictionary[EngineHost, tuple[StrangerBook, AnchorFollower]] = WeakKeyDictionary()


def needs_grouping() -> bool:
    """Whether anything waits: for a worker without an engine."""
    return (
        bool(outdated_strangers(limit=1))
        or ungrouped_visits().exists()
        or ended_named_visits().exists()
    )


def group_waiting(host: EngineHost) -> bool:
    """One pass; True where visits may be waiting still."""
    book, anchors = _of(host)
    follow_enrolments()
    release_recognised()
    host.gallery.refresh()
    anchors.refresh()
    # Before the lock: at the first time it takes as long as there are strangers.
    book.refresh()
    grouped = _group(host, book, anchors)
    compared = _resemblances(host, book, anchors)
    return grouped or compared == _COMPARED


@transaction.atomic
def _group(host: EngineHost, book: StrangerBook, anchors: AnchorFollower) -> bool:
    """True where there may be more that can be grouped."""
    waiting, ended = ungrouped_visits(host.space.id), ended_named_visits()
    if not waiting.exists() and not ended.exists():
        return False
    lock_grouping()
    visits = list(waiting.select_for_update(of=("self",))[:_AT_ONCE])
    over = list(ended.select_for_update(of=("self",))[:_AT_ONCE])
    leave_strangers(over)
    # They are put to somebody before others see that they are nobody's.
    visits += over
    book.refresh()
    vectors = vectors_of([visit.pk for visit in visits])
    _forget_unreadable(visits, vectors)
    there = [visit for visit in visits if visit.pk in vectors]
    for visit in there:
        _place(host, book, anchors, visit, vectors[visit.pk])
    recount({visit.stranger_id for visit in there if visit.stranger_id})
    if there:
        tell(there)
    return len(visits) >= _AT_ONCE


def _place(
    host: EngineHost,
    book: StrangerBook,
    anchors: AnchorFollower,
    visit: Visit,
    vector: NDArray[np.float32],
) -> None:
    """To whom it belongs, or may belong."""
    known = _nearest(host, book, anchors, visit, vector)
    if known is None:
        (is_ignored,) = anchors.is_ignored([vector], bar=join_bar(len(book)))
        book.add(visit, make_stranger(visit, is_ignored=is_ignored), vector)
    elif known.state == _State.NAMED and known.person_id is not None:
        if visit.closed_at is None:
            # The next frame would decide anew: until it is over it is theirs, and alarms nobody.
            join_stranger(visit, known.stranger_id)
        else:
            suggest_person(visit, known.person_id, score=known.score)
    else:
        join_stranger(visit, known.stranger_id)
        book.add(visit, known, vector)


def _forget_unreadable(
    visits: Sequence[Visit], vectors: Mapping[UUID, NDArray[np.float32]]
) -> None:
    """A vector that cannot be opened compares with nothing, and would be asked for for ever."""
    lost = [visit.pk for visit in visits if visit.pk not in vectors]
    if lost:
        logger.warning("visit_vectors_unreadable", count=len(lost))
        drop_vectors(Visit.objects.filter(pk__in=lost))


def _nearest(
    host: EngineHost,
    book: StrangerBook,
    anchors: AnchorFollower,
    visit: Visit,
    vector: NDArray[np.float32],
) -> Known | None:
    bar = join_bar(len(book))
    for known in book.nearest(vector, site_id=visit.site_id):
        if known.score < bar:
            return None
        if known.state != _State.NAMED or _is_worth_asking(host, anchors, visit, vector, known):
            return known
    return None


def _is_worth_asking(
    host: EngineHost,
    anchors: AnchorFollower,
    visit: Visit,
    vector: NDArray[np.float32],
    known: Known,
) -> bool:
    """A named stranger is suggested only where the gallery cannot know the person, nobody said
    that it is not them, and nothing was decided of the visit."""
    if known.person_id is None or visit.settled_as or str(known.person_id) in host.gallery:
        return False
    if not Person.objects.filter(pk=known.person_id, status__in=Person.LIVING).exists():
        return False
    candidate = Candidate(str(known.person_id), known.score)
    return bool(anchors.apply([(candidate,)], [vector])[0])


def _resemblances(host: EngineHost, book: StrangerBook, anchors: AnchorFollower) -> int:
    """Whom of the gallery open strangers look like: somebody may be enrolled late. Returns how
    many were looked at."""
    outdated = outdated_strangers(limit=_COMPARED)
    fused = {pk: book.fused(pk) for pk in outdated}
    there = {pk: vector for pk, vector in fused.items() if vector is not None}
    probes = list(there.values())
    found = anchors.apply(host.gallery.nearest(probes, k=_NEAREST), probes)
    named = {
        pk: [(one.person_id, one.score) for one in candidates]
        for pk, candidates in zip(there, found, strict=True)
    }
    if outdated:
        # One of whom nothing is kept resembles nobody, and is not asked about again.
        note_candidates({pk: named.get(pk, []) for pk in outdated}, revision=host.gallery.revision)
    return len(outdated)


def _of(host: EngineHost) -> tuple[StrangerBook, AnchorFollower]:
    """The host's own, which keep what they have read for the next pass."""
    if host not in _books:
        _books[host] = StrangerBook(host), AnchorFollower(host)
    return _books[host]
