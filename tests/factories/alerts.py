"""Channels, rules, alerts and deliveries."""

from __future__ import annotations

import json

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from portal.alerts.models import Alert, AlertRule, Channel, Delivery
from portal.core.vault import vault
from tests.factories.visits import VisitFactory

__all__ = [
    "AlertFactory",
    "ChannelFactory",
    "DeliveryFactory",
    "RuleFactory",
    "sealed_target",
]

PURPOSE = "channel"


def sealed_target(**target: object) -> bytes:
    return vault().seal(json.dumps(target).encode(), purpose=PURPOSE)


class ChannelFactory(DjangoModelFactory):
    """An e-mail channel; ``kind="webhook"`` needs ``url``, MQTT a ``topic`` as well."""

    class Meta:
        model = Channel

    class Params:
        url = ""
        topic = "gatehouse/alerts"
        secret = "ghw_test"

    name = factory.Sequence(lambda n: f"Channel {n:03d}")
    kind = Channel.Kind.EMAIL
    target_hint = "desk@example.org"
    sealed_target = factory.LazyAttribute(
        lambda o: (
            sealed_target(url=o.url, topic=o.topic)
            if o.url
            else sealed_target(addresses=["desk@example.org"])
        )
    )
    sealed_secret = factory.LazyAttribute(
        lambda o: vault().seal(o.secret.encode(), purpose=PURPOSE) if o.kind == "webhook" else None
    )


class RuleFactory(DjangoModelFactory):
    """Unknown faces, of one usable picture, everywhere and always."""

    class Meta:
        model = AlertRule
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Rule {n:03d}")
    event = AlertRule.Event.STRANGER
    min_faces = 1

    @factory.post_generation
    def channels(self, _create, extracted):
        if extracted:
            self.channels.set(extracted)

    @factory.post_generation
    def cameras(self, _create, extracted):
        if extracted:
            self.cameras.set(extracted)
            self.is_for_all_cameras = False
            self.save(update_fields=["is_for_all_cameras"])


class AlertFactory(DjangoModelFactory):
    """Of an unknown face, open."""

    class Meta:
        model = Alert

    rule = factory.SubFactory(RuleFactory)
    visit = factory.SubFactory(VisitFactory)
    camera = factory.LazyAttribute(lambda o: o.visit.camera)
    site = factory.LazyAttribute(lambda o: o.camera.site)
    subject = factory.LazyAttribute(lambda o: f"visit:{o.visit.pk}")
    opened_at = factory.LazyFunction(timezone.now)


class DeliveryFactory(DjangoModelFactory):
    """Due now."""

    class Meta:
        model = Delivery

    alert = factory.SubFactory(AlertFactory)
    channel = factory.SubFactory(ChannelFactory)
    next_at = factory.LazyFunction(timezone.now)
