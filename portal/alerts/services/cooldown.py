"""What was told before and need not be told again: by stranger, person, camera and day."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q

from portal.alerts.matching import SURELY_NAMED
from portal.alerts.models import Alert, AlertRule
from portal.sightings.models import Visit

__all__ = ["is_first_of_day", "is_resting", "local_day", "superfluous_beside"]

Event = AlertRule.Event


def is_resting(rule: AlertRule, visit: Visit) -> bool:
    """Whether the same stranger or person raised an alert of ``rule`` so shortly before or after,
    by when they came, that this visit raises none."""
    same = _same_one(rule, visit)
    if not rule.cooldown_min or same is None:
        return False
    wait = timedelta(minutes=rule.cooldown_min)
    return (
        Alert.objects.filter(same, rule=rule)
        .exclude(visit=visit)
        .filter(visit__first_at__gt=visit.first_at - wait)
        .filter(visit__first_at__lt=visit.first_at + wait)
        .exists()
    )


def superfluous_beside(alert: Alert) -> list[Alert]:
    """The alerts that are not needed, now that their visits are known to be one, or one stranger's:
    of ``alert`` and those beside it all but the first of each waiting time, as far as not closed."""
    rule, visit = alert.rule, alert.visit
    if visit is None:
        return []
    wait, same = timedelta(minutes=rule.cooldown_min), Q(visit=visit.pk)
    if visit.stranger_id and wait and rule.event in {Event.STRANGER, Event.WATCHED}:
        same |= Q(
            visit__stranger=visit.stranger_id,
            visit__first_at__gt=visit.first_at - wait,
            visit__first_at__lt=visit.first_at + wait,
        )
    beside = Alert.objects.filter(same, rule=rule).select_related("rule", "visit")
    kept: list[Alert] = []
    superfluous = []
    for one in beside.order_by("opened_at", "id"):
        if any(_is_near(one, other, wait) for other in kept):
            superfluous.append(one)
        else:
            kept.append(one)
    return [one for one in superfluous if one.state != Alert.State.CLOSED]


def _is_near(one: Alert, other: Alert, wait: timedelta) -> bool:
    if one.visit is None or other.visit is None:
        return False
    return one.visit_id == other.visit_id or abs(one.visit.first_at - other.visit.first_at) < wait


def is_first_of_day(rule: AlertRule, visit: Visit) -> bool:
    """Whether no earlier visit of the same name makes this arrival a return; true for all else."""
    if rule.event != Event.ARRIVAL:
        return True
    midnight = datetime.combine(local_day(visit), time(), ZoneInfo(visit.site.time_zone))
    return (
        not Visit.objects.filter(SURELY_NAMED, person=visit.person_id, site=visit.site_id)
        .filter(first_at__gte=midnight, first_at__lt=visit.first_at)
        .exclude(pk=visit.pk)
        .exists()
    )


def local_day(visit: Visit) -> date:
    """The day it came on, by the clocks of its site."""
    return visit.first_at.astimezone(ZoneInfo(visit.site.time_zone)).date()


def _same_one(rule: AlertRule, visit: Visit) -> Q | None:
    """The condition that an alert is about the one whom ``visit`` shows; None where nobody knows."""
    if rule.event in {Event.STRANGER, Event.WATCHED}:
        return Q(visit__stranger=visit.stranger_id) if visit.stranger_id else None
    if visit.person_id:
        return Q(visit__person=visit.person_id)
    # A name to be confirmed: the nearest one.
    nearest = str(visit.candidates[0][0]) if visit.candidates else ""
    return Q(visit__candidates__0__0=nearest) if nearest else None
