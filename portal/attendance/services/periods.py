"""Stretches of dates that are settled: making, locking and taking away.

Public surface: ``PeriodNotReady``, ``lock_period``, ``make_period``, ``remove_period``. What a
locked period's days would have become is an ``Adjustment``, which whoever computes days writes.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from portal.accounts.models import User
from portal.attendance.models import Period
from portal.attendance.selectors.periods import covers, hold_periods, waiting_in
from portal.audit.services import record
from portal.core.context import Actor, require
from portal.core.errors import DomainError
from portal.core.events import publish_on_commit
from portal.organisation.models import Site

__all__ = ["PeriodNotReady", "lock_period", "make_period", "remove_period", "require_whole"]

_SHORTEST_REASON: Final = 3
_LONGEST_DAYS: Final = 366


class PeriodNotReady(DomainError):
    """Something in the period may still change it; ``data`` counts what."""

    code = "period.not_ready"
    http_status = 409


@transaction.atomic
def make_period(*, first: date, last: date, site: Site | None = None) -> Period:
    """Raises ``DomainError``: ``period.dates``, ``period.overlap`` where a period of the same site,
    or of all sites, has one of these dates."""
    actor = require("attendance.manage")
    _check_reach(actor, site)
    if last < first:
        raise DomainError("The last day lies before the first one.", code="period.dates")
    if (last - first).days >= _LONGEST_DAYS:
        raise DomainError("A period is a year long at most.", code="period.dates")
    hold_periods(exclusive=True)
    others = Period.objects.filter(first__lte=last, last__gte=first)
    if site is not None:
        others = others.filter(Q(site=site) | Q(site=None))
    other = others.select_related("site").first()
    if other is not None:
        where = other.site.name if other.site else "all sites"
        raise DomainError(
            f"{other.first:%-d %B %Y} to {other.last:%-d %B %Y} of {where} is a period already. "
            "A day belongs to one period only: choose other dates.",
            code="period.overlap",
            http_status=409,
            data={"period": str(other.pk)},
        )
    period = Period.objects.create(first=first, last=last, site=site)
    record("attendance.period.made", target=period, after=_shown(period))
    return period


@transaction.atomic
def remove_period(period: Period) -> None:
    """An open one: its days go on as before. Raises ``DomainError`` ``period.locked``."""
    actor = require("attendance.manage")
    locked = Period.objects.select_for_update().filter(pk=period.pk).first()
    if locked is None:
        return
    _check_reach(actor, locked.site)
    if locked.state != Period.State.OPEN:
        raise _already(locked)
    record("attendance.period.removed", target=locked, before=_shown(locked))
    locked.delete()


@transaction.atomic
def lock_period(period: Period, *, anyway_because: str = "") -> Period:
    """From here on nothing changes a day of the period. ``anyway_because`` is a reason to lock it
    over open exceptions, and over nothing else. Raises ``PeriodNotReady``, and ``DomainError``
    ``period.locked`` where it is locked already.
    """
    actor = require("attendance.manage")
    # Before anything is read: whoever is writing days ends first, and nobody begins meanwhile.
    hold_periods(exclusive=True)
    locked = Period.objects.select_for_update(of=("self",)).select_related("site").get(pk=period.pk)
    _check_reach(actor, locked.site)
    if locked.state != Period.State.OPEN:
        raise _already(locked)
    _check_over(locked)
    counts = waiting_in(locked).counts()
    exceptions = counts.pop("exceptions")
    reason = anyway_because.strip()
    if any(counts.values()) or (exceptions and len(reason) < _SHORTEST_REASON):
        raise _not_ready({**counts, "exceptions": exceptions})
    locked.state = Period.State.LOCKED
    locked.locked_at = timezone.now()
    locked.locked_by = _user_of(actor)
    locked.save(update_fields=["state", "locked_at", "locked_by"])
    record(
        "attendance.period.locked",
        target=locked,
        before={"state": Period.State.OPEN.value},
        after={**_shown(locked), "open_exceptions": exceptions},
        reason=reason[:500] if exceptions else "",
    )
    publish_on_commit("attendance", {"type": "attendance.changed"})
    return locked


def require_whole(actor: Actor, period: Period) -> None:
    """Raises ``DomainError`` where the actor's rights reach only a part of the period."""
    _check_reach(actor, period.site)


def _check_reach(actor: Actor, site: Site | None) -> None:
    if not covers(actor.scope, site.pk if site else None):
        what = f"everybody of {site.name}" if site else "all sites"
        raise DomainError(
            f"A period settles the days of {what}, and your account reaches only a part of them. "
            "Ask somebody whose account reaches all of them.",
            code="period.reach",
            http_status=403,
        )


def _check_over(period: Period) -> None:
    """The last day must be over at every site that it is of."""
    sites = Site.objects.all() if period.site_id is None else Site.objects.filter(pk=period.site_id)
    now = timezone.now()
    latest = min((_today(now, site) for site in sites), default=timezone.localdate())
    if period.last >= latest:
        raise PeriodNotReady(
            f"The period lasts until {period.last:%-d %B %Y}, which is not over yet. Lock it on "
            "the day after.",
            code="period.not_over",
            data={"last": period.last.isoformat()},
        )


def _today(now: datetime, site: Site) -> date:
    return now.astimezone(ZoneInfo(site.time_zone)).date()


def _already(period: Period) -> DomainError:
    return DomainError(
        f"This period is {period.get_state_display().lower()} already, and stays so. What changes "
        "in it is carried into a later period's export.",
        code="period.locked",
        http_status=409,
    )


_NAMES: Final = {
    "days": ("day is not over or not certain", "days are not over or not certain"),
    "stale": ("person's days are being computed anew", "people's days are being computed anew"),
    "corrections": ("correction waits for a decision", "corrections wait for a decision"),
    "leaves": ("request for leave waits for a decision", "requests for leave wait for a decision"),
    "exceptions": ("exception is open", "exceptions are open"),
}


def _not_ready(counts: dict[str, int]) -> PeriodNotReady:
    parts = [f"{n:,} {_NAMES[name][n != 1]}" for name, n in counts.items() if n]
    said = "; ".join(parts)
    return PeriodNotReady(
        f"The period cannot be locked yet: {said}. Settle what is listed below, then lock it.",
        data=counts,
    )


def _shown(period: Period) -> dict[str, str | None]:
    return {
        "first": period.first.isoformat(),
        "last": period.last.isoformat(),
        "site": str(period.site_id) if period.site_id else None,
        "state": period.state,
    }


def _user_of(actor: Actor) -> User | None:
    is_user = actor.kind == "user" and actor.id.isdigit()
    return User.objects.filter(pk=actor.id).first() if is_user else None
