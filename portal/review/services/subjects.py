"""What a decision is about, locked, within the actor's reach, and still open for it.

Public surface: ``lock_strangers``, ``lock_visits``, ``lock_person``, ``faster``, ``settled_already``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.utils import timezone
from django.utils.formats import date_format

from portal.core.context import current_actor, require
from portal.core.errors import DomainError, NotFound
from portal.journal.models import Act
from portal.people.models import Person
from portal.people.selectors import is_within
from portal.people.services.status import lock_living
from portal.review.models import Stranger
from portal.review.selectors.reach import within_sites
from portal.review.services.change import REVIEW_KINDS, touches
from portal.review.services.standing import lock_grouping
from portal.sightings.models import Visit

__all__ = ["faster", "lock_person", "lock_strangers", "lock_visits", "settled_already"]

_State = Stranger.State
# Acts looked through for whoever was faster: a conflict is minutes old, not weeks.
_LATEST = 200


def lock_strangers(
    strangers: Iterable[Stranger], *, open_for: Collection[str] = (_State.OPEN, _State.WATCHED)
) -> list[Stranger]:
    """The rows, by number. Raises ``NotFound`` for one out of reach, and ``DomainError`` 409 for
    one in another state than ``open_for``, saying who was faster."""
    actor = require("review.decide")
    wanted = {stranger.pk for stranger in strangers}
    if not wanted:
        raise DomainError("Choose at least one stranger.", code="review.nothing_chosen")
    lock_grouping()
    rows = Stranger.objects.select_for_update().filter(within_sites(actor), pk__in=wanted)
    locked = list(rows.order_by("number"))
    if len(locked) < len(wanted):
        raise NotFound(
            "There is no such stranger: it was deleted after the retention time, or belongs to "
            "another site."
        )
    for stranger in locked:
        if stranger.state not in open_for:
            raise faster(stranger)
    return locked


def lock_visits(visits: Iterable[Visit]) -> list[Visit]:
    """The rows, oldest first. Raises ``NotFound`` for one out of the actor's reach."""
    actor = require("review.decide")
    wanted = {visit.pk for visit in visits}
    if not wanted:
        raise DomainError("Choose at least one visit.", code="review.nothing_chosen")
    lock_grouping()
    rows = Visit.objects.select_for_update(of=("self",)).filter(within_sites(actor), pk__in=wanted)
    locked = list(rows.select_related("best_face", "vector").order_by("pk"))
    if len(locked) < len(wanted):
        raise NotFound(
            "There is no such visit: it was deleted after the retention time, or belongs to "
            "another site."
        )
    return locked


def lock_person(person: Person) -> Person:
    """Whom a face is said to be: somebody in the lists and within the actor's scope."""
    if not is_within(current_actor().scope, person):
        raise NotFound("There is no such person, or the person was erased.")
    return lock_living(person)


def faster(stranger: Stranger) -> DomainError:
    """Somebody decided on this one already."""
    act = _latest_act_on("stranger", str(stranger.pk))
    who = f"{act.actor_label or 'Gatehouse'} was faster" if act else "Somebody was faster"
    state = stranger.get_state_display()
    return DomainError(
        f"{who}: {stranger} is “{state}” already. Look at it again, or undo that in the journal.",
        code="review.decided",
        http_status=409,
        data={"state": stranger.state},
    )


def settled_already(visit: Visit) -> DomainError:
    """Somebody decided on this visit already."""
    at = timezone.localtime(visit.settled_at) if visit.settled_at else None
    when = f" at {date_format(at, 'H:i')}" if at else ""
    return DomainError(
        f"{visit.settled_by or 'Somebody'} was faster{when}: this visit is "
        f"“{visit.get_settled_as_display()}” already. Look at it again, or undo that in the journal.",
        code="review.decided",
        http_status=409,
        data={"settled_as": visit.settled_as},
    )


def _latest_act_on(name: str, pk: str) -> Act | None:
    acts = Act.objects.filter(kind__startswith=REVIEW_KINDS, undone_at=None).order_by("-id")
    return next((act for act in acts[:_LATEST] if (name, pk) in touches(act)), None)
