"""Who belongs together, put right by hand: ``split_stranger``, ``merge_strangers``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.db import transaction

from portal.audit.services import record
from portal.core.context import require
from portal.core.errors import DomainError
from portal.journal.models import Act
from portal.journal.registry import undoes
from portal.review.models import Anchor, Stranger
from portal.review.services.change import Change, take_back
from portal.review.services.settling import unsettle, visits_of
from portal.review.services.standing import next_number
from portal.review.services.subjects import lock_strangers
from portal.sightings.models import Visit

__all__ = ["merge_strangers", "split_stranger"]

_State = Stranger.State
_ALL_BUT_MERGED: Final = tuple(state for state in _State if state != _State.MERGED)


@transaction.atomic
def split_stranger(stranger: Stranger, visits: Iterable[Visit]) -> Act:
    """These visits are somebody else: a new stranger, to be looked at, with no name."""
    require("review.decide")
    (origin,) = lock_strangers([stranger], open_for=_ALL_BUT_MERGED)
    wanted = {visit.pk for visit in visits}
    own = visits_of([origin])
    chosen = [visit for visit in own if visit.pk in wanted]
    if not chosen or len(chosen) < len(wanted):
        raise DomainError(
            "These visits are not this stranger's any more: somebody was faster. Look at it again.",
            code="review.decided",
            http_status=409,
        )
    if len(chosen) == len(own):
        raise DomainError(
            "Choose some of the visits, not all: one at least has to stay.", code="review.split_all"
        )
    change = Change()
    made = Stranger.objects.create(
        site_id=origin.site_id,
        number=next_number(),
        first_at=chosen[0].first_at,
        last_at=chosen[-1].last_at,
    )
    change.made(made)
    for visit in chosen:
        if origin.state in {_State.NAMED, _State.NOT_A_FACE}:
            unsettle(change, visit)
        change.put(visit, stranger_id=made.pk)
    # Whoever is somebody else is not ignored with the first one.
    for anchor in Anchor.objects.select_for_update().filter(stranger=origin, visit__in=chosen):
        change.put(anchor, stranger_id=made.pk)
    said = "A visit" if len(chosen) == 1 else f"{len(chosen)} visits"
    act = change.note(
        "review.split",
        f"{said} split off {origin}",
        # Whose name the visits lost: the act goes when they are erased.
        person_id=origin.person_id,
        facts={"from": str(origin.pk)},
    )
    record(
        "review.stranger.split",
        target=origin,
        after={"stranger": str(made.pk), "visits": len(chosen)},
    )
    return act


@transaction.atomic
def merge_strangers(strangers: Iterable[Stranger]) -> Act:
    """All of them are one: the first that was seen keeps its number and takes in the others."""
    require("review.decide")
    kept, *others = lock_strangers(strangers, open_for=(_State.OPEN, _State.WATCHED))
    if not others:
        raise DomainError("Choose two strangers or more.", code="review.nothing_chosen")
    if any(other.site_id != kept.site_id for other in others):
        raise DomainError(
            "These were seen at different sites. Strangers of one site can be put together; name "
            "them, and they are one person everywhere.",
            code="review.other_site",
        )
    change = Change()
    is_watched = any(one.state == _State.WATCHED for one in (kept, *others))
    visits = visits_of(others)
    for visit in visits:
        change.put(visit, stranger_id=kept.pk)
    for anchor in Anchor.objects.select_for_update().filter(stranger__in=others):
        change.put(anchor, stranger_id=kept.pk)
    for other in others:
        change.put(other, state=_State.MERGED)
    change.put(kept, state=_State.WATCHED if is_watched else _State.OPEN)
    act = change.note("review.merge", f"{len(others) + 1} strangers are {kept}")
    record(
        "review.stranger.merged",
        target=kept,
        after={"strangers": [str(one.pk) for one in others], "visits": len(visits)},
    )
    return act


@undoes(
    "review.split",
    label="Stranger split",
    effect="The visits are the first stranger's again, with those that joined them since.",
    permission="review.decide",
)
@undoes(
    "review.merge",
    label="Strangers put together",
    effect="They are several strangers again; visits since stay with the first.",
    permission="review.decide",
)
def _undo(act: Act) -> None:
    take_back(act)
    record(f"{act.kind}_undone", after={"act": str(act.pk)})
