"""Looking at what happened since the last time, and raising what the rules ask for.

Public surface: ``consider``. Visits are found by ``changed_at`` behind a durable watermark, with
an overlap for transactions that were written earlier and committed later; to look at a visit
twice does no harm, since a rule and a subject make one alert only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from portal.alerts.matching import RuleView, asks_for_visit, is_over, rule_view
from portal.alerts.models import Alert, AlertRule, Watermark
from portal.alerts.services.cooldown import (
    is_first_of_day,
    is_resting,
    local_day,
    superfluous_beside,
)
from portal.alerts.services.outages import consider_outages
from portal.alerts.services.raising import close_by_itself, raise_alert
from portal.sightings.models import Visit

__all__ = ["consider"]

# Longer than a transaction takes, and than a visit waits to be told whose it is.
OVERLAP: Final = timedelta(seconds=30)
# Whoever left that long before the watermark is history: that somebody settles, regroups or
# purges an old visit is no reason to alarm anybody.
HISTORY: Final = timedelta(hours=1)
BATCH: Final = 200

Event = AlertRule.Event


def consider() -> int:
    """Raise and close what is due; returns how many alerts were raised."""
    rules = live_rules()
    return _consider_visits(rules) + consider_outages(
        [view for view in rules if view.rule.event == Event.CAMERA_OFFLINE]
    )


def live_rules() -> list[RuleView]:
    rules = AlertRule.objects.filter(is_enabled=True).prefetch_related("cameras", "channels")
    return [view for view in map(rule_view, rules) if view is not None]


def _consider_visits(rules: Sequence[RuleView]) -> int:
    now = timezone.now()
    reached = Watermark.objects.values_list("at", flat=True).first()
    if reached is None:
        # The first time: what happened before there were rules is not told of.
        Watermark.objects.get_or_create(pk=1, defaults={"at": now - OVERLAP})
        reached = now - OVERLAP
    # Where the clock was set back, what happens now lies before what was reached.
    is_ahead = reached > now
    since, raised, last = min(reached, now) - OVERLAP, 0, None
    while True:
        visits = _changed(since, last)[:BATCH]
        # Read without a lock first: most turns find nothing.
        found = list(visits)
        if not found:
            break
        raised += _weigh(found, rules, now=now, since=since)
        last = found[-1]
        if len(found) < BATCH:
            break
    if last is not None or is_ahead or now - reached > OVERLAP:
        # Another worker may have gone further meanwhile; nobody has gone into the future.
        moved = Q(at__lt=now) | Q(at__gt=timezone.now())
        Watermark.objects.filter(moved, pk=1).update(at=now)
    return raised


def _changed(since: datetime, last: Visit | None) -> QuerySet[Visit]:
    visits = (
        Visit.objects.filter(changed_at__gte=since)
        .select_related("site", "camera", "last_camera", "stranger")
        .prefetch_related("legs__camera")
        .order_by("changed_at", "id")
    )
    if last is None:
        return visits
    return visits.filter(changed_at__gte=last.changed_at).exclude(
        changed_at=last.changed_at, id__lte=last.pk
    )


def _weigh(
    visits: Sequence[Visit], rules: Sequence[RuleView], *, now: datetime, since: datetime
) -> int:
    alerts = list(Alert.objects.filter(visit__in=visits).select_related("rule", "visit__stranger"))
    known = {(alert.rule_id, alert.visit_id) for alert in alerts}
    due = [
        (visit, view)
        for visit in visits
        for view in rules
        if visit.last_at >= since - HISTORY
        and (view.rule.pk, visit.pk) not in known
        and asks_for_visit(view, visit, now=now)
    ]
    over = list(_groundless(alerts))
    if not due and not over:
        return 0  # without having asked for the database's one writer
    with transaction.atomic():
        # One worker at a time: whether somebody is in a rule's waiting time hangs on what was
        # raised before.
        list(Watermark.objects.select_for_update().filter(pk=1))
        for alert, memo in over:
            close_by_itself(alert, at=now, memo=memo)
        return sum(_raise(view, visit, now=now) for visit, view in due)


def _raise(view: RuleView, visit: Visit, *, now: datetime) -> bool:
    if is_resting(view.rule, visit) or not is_first_of_day(view.rule, visit):
        return False
    alert = raise_alert(
        view,
        subject=_subject(view.rule, visit),
        site_id=visit.site_id,
        at=now,
        camera=visit.camera,
        visit=visit,
    )
    return alert is not None


def _groundless(alerts: Iterable[Alert]) -> Iterator[tuple[Alert, str]]:
    """Each once, with the reason."""
    told = set[UUID]()
    for alert in alerts:
        if alert.state == Alert.State.CLOSED or alert.visit is None or alert.pk in told:
            continue
        reason = is_over(alert.rule.event, alert.visit)
        over = [alert] if reason else superfluous_beside(alert)
        for one in over:
            if one.pk not in told:
                told.add(one.pk)
                yield one, reason or "The same face raised an alert shortly before."


def _subject(rule: AlertRule, visit: Visit) -> str:
    if rule.event == Event.ARRIVAL:
        return f"arrival:{visit.person_id}:{visit.site_id}:{local_day(visit).isoformat()}"
    return f"visit:{visit.pk}"
