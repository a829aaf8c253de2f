"""Channels: where they lead is sealed, and a signing secret is told once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from portal.alerts import sending
from portal.alerts.letters import PURPOSE, test_parcel
from portal.alerts.models import Channel
from portal.alerts.sending import Outcome
from portal.alerts.sending.mqtt import SCHEMES as MQTT_SCHEMES
from portal.alerts.sending.webhook import SCHEMES as WEB_SCHEMES
from portal.audit.services import record
from portal.core.bearer import new_secret
from portal.core.context import EVERYTHING, Actor, require
from portal.core.errors import DomainError, PermissionMissing
from portal.core.naming import free_name
from portal.core.outbound import check_address
from portal.core.vault import vault

__all__ = [
    "MOST_ADDRESSES",
    "Target",
    "create_channel",
    "delete_channel",
    "renew_secret",
    "send_test",
    "set_channel_enabled",
    "update_channel",
]

MOST_ADDRESSES: Final = 20
_FORBIDDEN_IN_TOPICS: Final = frozenset("+#\0")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a channel is to lead, as somebody typed it; what its kind does not need is left out."""

    addresses: str = field(default="", repr=False)
    url: str = field(default="", repr=False)
    topic: str = ""


@transaction.atomic
def create_channel(
    *, name: str, kind: str, target: Target, includes_names: bool = False
) -> tuple[Channel, str]:
    """The channel, and the secret that its webhooks are signed with: empty for other kinds."""
    _manager()
    if kind not in Channel.Kind.values:
        raise DomainError(f"There is no kind of channel “{kind}”.", code="channel.kind")
    content, hint = _read(kind, target)
    secret = _new_secret() if kind == Channel.Kind.WEBHOOK else ""
    channel = Channel.objects.create(
        name=free_name(name, model=Channel, noun="channel"),
        kind=kind,
        target_hint=hint,
        sealed_target=_seal(json.dumps(content)),
        sealed_secret=_seal(secret) if secret else None,
        includes_names=includes_names,
    )
    record(
        "alerts.channel.created",
        target=channel,
        after={"kind": kind, "includes_names": includes_names},
    )
    return channel, secret


@transaction.atomic
def update_channel(
    channel: Channel, *, name: str, target: Target | None, includes_names: bool
) -> Channel:
    """Without ``target`` it goes on leading where it leads."""
    _manager()
    channel = Channel.objects.select_for_update().get(pk=channel.pk)
    before = {"includes_names": channel.includes_names}
    channel.name = free_name(name, model=Channel, noun="channel", unless=channel)
    channel.includes_names = includes_names
    if target is not None:
        content, hint = _read(channel.kind, target)
        channel.sealed_target, channel.target_hint = _seal(json.dumps(content)), hint
    channel.save()
    record(
        "alerts.channel.changed",
        target=channel,
        before=before,
        after={"includes_names": includes_names, "target_changed": target is not None},
    )
    return channel


@transaction.atomic
def renew_secret(channel: Channel) -> str:
    """A new signing secret; what is sent from now on is signed with it."""
    _manager()
    channel = Channel.objects.select_for_update().get(pk=channel.pk)
    if channel.kind != Channel.Kind.WEBHOOK:
        raise DomainError("Only webhooks are signed.", code="channel.unsigned")
    secret = _new_secret()
    channel.sealed_secret = _seal(secret)
    channel.save(update_fields=["sealed_secret"])
    record("alerts.channel.secret_renewed", target=channel)
    return secret


@transaction.atomic
def set_channel_enabled(channel: Channel, *, is_enabled: bool) -> Channel:
    _manager()
    channel = Channel.objects.select_for_update().get(pk=channel.pk)
    if channel.is_enabled != is_enabled:
        channel.is_enabled, channel.trouble = is_enabled, ""
        channel.save(update_fields=["is_enabled", "trouble"])
        word = "on" if is_enabled else "off"
        record(f"alerts.channel.switched_{word}", target=channel, after={"is_enabled": is_enabled})
    return channel


@transaction.atomic
def delete_channel(channel: Channel) -> None:
    """With its log of deliveries; the alerts stay."""
    _manager()
    record("alerts.channel.deleted", target=channel, before={"kind": channel.kind})
    channel.delete()


def send_test(channel: Channel) -> Outcome:
    """Send a test now, and say what came of it."""
    _manager()
    outcome = sending.send(test_parcel(channel))
    record("alerts.channel.tested", target=channel, after={"sent": outcome.is_sent})
    return outcome


def _manager() -> Actor:
    """Channels tell of every site, so whoever is limited to some does not change them."""
    actor = require("alerts.manage")
    if actor.scope != EVERYTHING:
        raise PermissionMissing(
            "Channels serve all sites. Ask an administrator whose rights reach all of them."
        )
    return actor


def _read(kind: str, target: Target) -> tuple[Mapping[str, Any], str]:
    """What is sealed, and what may be shown of it."""
    if kind == Channel.Kind.EMAIL:
        addresses = _addresses(target.addresses)
        return {"addresses": addresses}, ", ".join(addresses)[:300]
    schemes = WEB_SCHEMES if kind == Channel.Kind.WEBHOOK else MQTT_SCHEMES
    address = check_address(target.url, schemes=schemes)
    if kind == Channel.Kind.WEBHOOK:
        return {"url": target.url.strip()}, address.host[:300]
    topic = _topic(target.topic)
    return {"url": target.url.strip(), "topic": topic}, f"{address.host}, {topic}"[:300]


def _addresses(text: str) -> list[str]:
    found = list(dict.fromkeys(text.replace(",", " ").replace(";", " ").split()))
    if not found:
        raise DomainError("Give at least one e-mail address.", code="channel.addresses")
    if len(found) > MOST_ADDRESSES:
        raise DomainError(
            f"These are {len(found)} addresses; at most {MOST_ADDRESSES} fit in one channel. "
            "Use a mailing list, or a second channel.",
            code="channel.addresses",
        )
    for one in found:
        try:
            validate_email(one)
        except ValidationError:
            raise DomainError(
                f"“{one[:80]}” is not an e-mail address.", code="channel.addresses"
            ) from None
    return found


def _topic(text: str) -> str:
    topic = text.strip().strip("/")
    if not topic or len(topic) > 200 or _FORBIDDEN_IN_TOPICS & set(topic) or topic[0] == "$":
        raise DomainError(
            "A topic has 1 to 200 characters, none of them + or #, and does not begin with $, "
            "such as gatehouse/alerts.",
            code="channel.topic",
        )
    return topic


def _new_secret() -> str:
    return new_secret("ghw_", random_bytes=32)


def _seal(text: str) -> bytes:
    return vault().seal(text.encode(), purpose=PURPOSE)
