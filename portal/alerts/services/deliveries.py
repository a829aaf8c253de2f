"""Sending what waits to be sent: claimed under a lease, tried again with growing pauses.

Public surface: ``deliver_waiting``, ``is_delivery_due``, ``send_again``. At least once: a sender
that dies between sending and writing that down leaves a lease that runs out, and the delivery is
sent again under the same id.
"""

from __future__ import annotations

import random
import time
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from portal.alerts import sending
from portal.alerts.letters import parcel_of
from portal.alerts.models import Channel, Delivery
from portal.alerts.sending import Outcome, Parcel
from portal.alerts.services.raising import announce
from portal.audit.services import record
from portal.core.context import require
from portal.core.errors import DomainError
from portal.core.vault import VaultError
from portal.jobs.dispatch import ring, ring_on_commit

__all__ = [
    "GIVEN_UP_AFTER",
    "PAUSES_S",
    "deliver_waiting",
    "is_delivery_due",
    "next_attempt_at",
    "send_again",
]

logger = structlog.get_logger(__name__)

# After the first, second, … failed attempt; then the last one, again and again.
PAUSES_S: Final = (1, 5, 25, 120, 600, 3600)
GIVEN_UP_AFTER: Final = timedelta(hours=24)
# By so much of itself a pause may be shorter or longer, so that many do not come back at once.
JITTER: Final = 0.2
# Longer than any sender takes.
LEASE: Final = timedelta(seconds=60)
AT_ONCE: Final = 8
# The worker has other work too: after so long the bell is rung again for the rest.
TURN_S: Final = 5.0


def deliver_waiting() -> int:
    """Send what is due; returns how many were sent. One delivery a channel at a time, several
    channels at once, and a channel that failed waits until the next turn, so that a receiver
    that does not answer holds up nobody else's messages."""
    started, sent, resting = time.monotonic(), 0, set[UUID]()
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="send") as senders:
        while claimed := _claim(without=resting):
            parcels = [_packed(delivery) for delivery in claimed]
            outcomes = senders.map(_sent, parcels)
            for delivery, outcome in zip(claimed, outcomes, strict=True):
                settle(delivery.pk, outcome)
                sent += outcome.is_sent
                if not outcome.is_sent:
                    resting.add(delivery.channel_id)
            if time.monotonic() - started > TURN_S:
                ring("alerts.deliver")
                break
    return sent


def is_delivery_due() -> bool:
    return _due(timezone.now()).exists()


@transaction.atomic
def settle(delivery_id: UUID, outcome: Outcome) -> Delivery | None:
    """Write down what came of an attempt, and when the next one is."""
    now = timezone.now()
    delivery = (
        Delivery.objects.select_for_update(of=("self",))
        .select_related("channel", "alert")
        .filter(pk=delivery_id)
        .first()
    )
    if delivery is None or delivery.state == Delivery.State.SENT:
        return delivery
    delivery.lease_until, delivery.answer = None, outcome.words[:200]
    if outcome.is_sent:
        delivery.state, delivery.sent_at, delivery.next_at = Delivery.State.SENT, now, None
    else:
        delivery.next_at = next_attempt_at(delivery, now=now)
        if outcome.is_gone or delivery.next_at is None:
            delivery.state, delivery.next_at = Delivery.State.FAILED, None
    delivery.save(update_fields=["state", "sent_at", "next_at", "answer", "lease_until"])
    if outcome.is_gone:
        _switch_off(delivery.channel, outcome.words)
    if delivery.state == Delivery.State.FAILED:
        logger.warning("delivery_given_up", delivery=str(delivery.pk), attempts=delivery.attempts)
    announce([delivery.alert])
    return delivery


def next_attempt_at(delivery: Delivery, *, now: datetime) -> datetime | None:
    """When to try again after ``delivery.attempts`` failed attempts; None to give up."""
    pause = PAUSES_S[min(max(delivery.attempts, 1), len(PAUSES_S)) - 1]
    jitter = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - nothing to guess
    at = now + timedelta(seconds=pause * jitter)
    return at if at < delivery.created_at + GIVEN_UP_AFTER else None


@transaction.atomic
def send_again(delivery: Delivery) -> Delivery:
    """One more attempt now, whatever came of the ones before."""
    require("alerts.manage")
    locked = Delivery.objects.select_for_update().select_related("channel").get(pk=delivery.pk)
    if not locked.channel.is_enabled:
        raise DomainError(
            "The channel is switched off. Switch it on first.",
            code="delivery.channel_off",
            http_status=409,
        )
    if locked.lease_until is not None and locked.lease_until > timezone.now():
        raise DomainError("It is being sent just now.", code="delivery.in_flight", http_status=409)
    locked.state, locked.next_at = Delivery.State.WAITING, timezone.now()
    locked.save(update_fields=["state", "next_at"])
    record("alerts.delivery.sent_again", target=locked, after={"attempts": locked.attempts})
    ring_on_commit("alerts.deliver")
    return locked


def _due(now: datetime) -> QuerySet[Delivery]:
    return Delivery.objects.filter(
        Q(lease_until=None) | Q(lease_until__lt=now),
        state=Delivery.State.WAITING,
        next_at__lte=now,
        channel__is_enabled=True,
    )


@transaction.atomic
def _claim(*, without: Collection[UUID]) -> list[Delivery]:
    """The longest waiting delivery of each of some channels, from now on this sender's."""
    now = timezone.now()
    waiting = _due(now).exclude(channel__in=without).order_by("next_at", "id")
    if connection.features.has_select_for_update_skip_locked:
        waiting = waiting.select_for_update(skip_locked=True, of=("self",))
    chosen: dict[UUID, UUID] = {}
    for row in waiting.only("id", "channel_id")[: AT_ONCE * 8]:
        chosen.setdefault(row.channel_id, row.pk)
    ids = list(chosen.values())[:AT_ONCE]
    Delivery.objects.filter(pk__in=ids).update(lease_until=now + LEASE, attempts=F("attempts") + 1)
    return _loaded(ids)


def _loaded(ids: Sequence[UUID]) -> list[Delivery]:
    return list(
        Delivery.objects.filter(pk__in=ids).select_related(
            "channel",
            *("alert__rule", "alert__site", "alert__camera"),
            *("alert__visit__stranger", "alert__visit__person"),
        )
    )


def _packed(delivery: Delivery) -> Parcel | Outcome:
    try:
        return parcel_of(delivery)
    except VaultError as error:
        return Outcome(False, error.message[:200])


def _sent(parcel: Parcel | Outcome) -> Outcome:
    if isinstance(parcel, Outcome):
        return parcel
    try:
        return sending.send(parcel)
    except Exception as error:  # noqa: BLE001 - a process boundary: one message must not hold up the others
        logger.warning("delivery_failed", delivery=parcel.delivery_id, error=type(error).__name__)
        return Outcome(False, f"Gatehouse could not send it ({type(error).__name__}).")


def _switch_off(channel: Channel, words: str) -> None:
    """The receiver wants no more: what waits for it is given up."""
    channel.is_enabled, channel.trouble = False, words[:200]
    channel.save(update_fields=["is_enabled", "trouble"])
    Delivery.objects.filter(channel=channel, state=Delivery.State.WAITING).update(
        state=Delivery.State.FAILED, next_at=None, answer="The channel was switched off."
    )
    record("alerts.channel.switched_off", target=channel, after={"by_itself": True})
