"""What becomes of strangers without a name: ignored, watched, no face at all, acknowledged.

Public surface: ``ignore_strangers``, ``watch_strangers``, ``dismiss_strangers``,
``acknowledge_stranger``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from portal.audit.services import record
from portal.core.context import require
from portal.core.errors import DomainError
from portal.journal.models import Act
from portal.journal.registry import undoes
from portal.review.models import Anchor, Stranger
from portal.review.services.anchoring import anchor_visit
from portal.review.services.change import Change, take_back
from portal.review.services.settling import not_named_yet, settle, visits_of
from portal.review.services.subjects import faster, lock_strangers
from portal.sightings.models import Visit

__all__ = ["acknowledge_stranger", "dismiss_strangers", "ignore_strangers", "watch_strangers"]

_State = Stranger.State
_UNDECIDED: Final = (_State.OPEN, _State.WATCHED)
_ALL_OPEN: Final = (*_UNDECIDED, _State.IGNORED)
# So many faces show somebody from all sides; more cost time with every face that is seen.
_ANCHORS: Final = 12
_MEMO: Final = 500


@transaction.atomic
def ignore_strangers(strangers: Iterable[Stranger]) -> Act:
    """Whoever looks like one of these raises no alert any more, in no model and for good."""
    require("review.decide")
    locked, change = lock_strangers(strangers, open_for=_UNDECIDED), Change()
    for stranger in locked:
        visits = visits_of([stranger])
        for visit in sorted(visits, key=lambda one: (-one.faces_usable, one.pk))[:_ANCHORS]:
            anchor_visit(visit, Anchor.Kind.IGNORED, change, stranger=stranger)
        for visit in visits:
            change.hold(visit, "stranger_id")
        change.put(stranger, state=_State.IGNORED)
    return _noted(change, "review.ignore", "ignored", locked, said="ignored for good")


@transaction.atomic
def watch_strangers(strangers: Iterable[Stranger], *, is_watched: bool = True) -> Act:
    """Watched, or to be looked at like any other; ends ignoring, too."""
    require("review.decide")
    locked, change = lock_strangers(strangers, open_for=_ALL_OPEN), Change()
    state = _State.WATCHED if is_watched else _State.OPEN
    for stranger in locked:
        if stranger.state == state:
            raise faster(stranger)
        change.put(stranger, state=state)
    said = "watched" if is_watched else "to be looked at like any other"
    return _noted(change, "review.watch", "watched", locked, said=said, state=str(state))


@transaction.atomic
def dismiss_strangers(strangers: Iterable[Stranger]) -> Act:
    """No faces at all, such as a poster or a pattern: these visits count as nobody's, but for those
    that somebody named already: how many these are is in the act's ``data["left"]``."""
    require("review.decide")
    locked, change = lock_strangers(strangers, open_for=_ALL_OPEN), Change()
    everything = visits_of(locked)
    visits = not_named_yet(change, everything)
    for visit in visits:
        settle(change, visit, Visit.Settled.NOT_A_FACE, person_id=None)
        change.hold(visit, "stranger_id")
    for stranger in locked:
        change.put(stranger, state=_State.NOT_A_FACE)
    left = len(everything) - len(visits)
    return _noted(change, "review.dismiss", "dismissed", locked, said="no face", left=left)


@transaction.atomic
def acknowledge_stranger(stranger: Stranger, *, memo: str) -> Act:
    """Somebody has seen it and says what is to be known."""
    actor = require("review.decide")
    memo = memo.strip()
    if len(memo) > _MEMO:
        raise DomainError(
            f"A memo has at most {_MEMO} characters; this one has {len(memo)}.", code="review.memo"
        )
    states = [state for state in _State.values if state != _State.MERGED]
    (locked,) = lock_strangers([stranger], open_for=states)
    if (locked.acknowledged_at, locked.memo) != (stranger.acknowledged_at, stranger.memo):
        raise faster(locked)
    change = Change()
    change.put(locked, memo=memo, acknowledged_at=timezone.now(), acknowledged_by=actor.label[:254])
    return _noted(change, "review.acknowledge", "acknowledged", [locked], said="acknowledged")


def _noted(
    change: Change, kind: str, word: str, strangers: Sequence[Stranger], *, said: str, **facts: Any
) -> Act:
    who = str(strangers[0]) if len(strangers) == 1 else f"{len(strangers)} strangers"
    act = change.note(kind, f"{who}: {said}", facts=facts)
    record(
        f"review.stranger.{word}",
        after={"strangers": [str(one.pk) for one in strangers], "act": str(act.pk), **facts},
    )
    return act


@undoes(
    "review.ignore",
    label="Strangers ignored",
    effect="They are to be looked at again, and raise alerts.",
    permission="review.decide",
)
@undoes(
    "review.watch",
    label="Strangers watched or not",
    effect="They are watched, or not, as before.",
    permission="review.decide",
)
@undoes(
    "review.dismiss",
    label="Strangers called no face",
    effect="They are strangers again, with their visits.",
    permission="review.decide",
)
@undoes(
    "review.acknowledge",
    label="Stranger acknowledged",
    effect="The memo is again what it was before.",
    permission="review.decide",
)
def _undo(act: Act) -> None:
    take_back(act)
    record(f"{act.kind}_undone", after={"act": str(act.pk)})
