"""Rules, the alerts that they raise, and every attempt to tell somebody."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from portal.core.models import Record

__all__ = ["Alert", "AlertRule", "Channel", "Delivery", "Watermark"]


class Channel(Record):
    """A way to reach somebody. ``sealed_target`` and ``sealed_secret`` are never shown again."""

    class Kind(models.TextChoices):
        EMAIL = "email", "E-mail"
        WEBHOOK = "webhook", "Webhook"
        MQTT = "mqtt", "MQTT"

    name = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=10, choices=Kind)
    is_enabled = models.BooleanField(default=True)
    # What may be shown of the target: the host of a webhook, the addresses of an e-mail.
    target_hint = models.CharField(max_length=300, blank=True)
    sealed_target = models.BinaryField()
    sealed_secret = models.BinaryField(null=True, blank=True)
    # Names of people leave the house only where somebody wants that.
    includes_names = models.BooleanField(default=False)
    # Why Gatehouse itself switched the channel off; empty where somebody did, or it is on.
    trouble = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class AlertRule(Record):
    class Event(models.TextChoices):
        STRANGER = "stranger", "Unknown face"
        WATCHED = "watched", "Somebody watched came"
        UNCERTAIN = "uncertain", "A name to be confirmed"
        ARRIVAL = "arrival", "First arrival of the day"
        CAMERA_OFFLINE = "camera_offline", "Camera offline"

    class Severity(models.TextChoices):
        INFO = "info", "Notice"
        WARNING = "warning", "Warning"
        DANGER = "danger", "Alarm"

    name = models.CharField(max_length=80, unique=True)
    event = models.CharField(max_length=20, choices=Event)
    severity = models.CharField(max_length=10, choices=Severity, default=Severity.WARNING)
    is_enabled = models.BooleanField(default=True)
    # Without a site it holds everywhere.
    site = models.ForeignKey(
        "organisation.Site", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    # Said and not read from ``cameras``: one that loses its last camera holds for none.
    is_for_all_cameras = models.BooleanField(default=True)
    cameras = models.ManyToManyField("cameras.Camera", blank=True, related_name="+")
    min_faces = models.PositiveSmallIntegerField(default=3)
    min_dwell_s = models.PositiveSmallIntegerField(default=0)
    # The same stranger, person or camera raises no second alert for so long.
    cooldown_min = models.PositiveSmallIntegerField(default=0)
    # ``portal.core.week``; empty means always.
    schedule = models.JSONField(default=list, blank=True)
    channels = models.ManyToManyField(Channel, blank=True, related_name="rules")

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Alert(Record):
    """Something that a rule asked to be told of; one per rule and ``subject``."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        ACKNOWLEDGED = "acknowledged", "Acknowledged"
        CLOSED = "closed", "Closed"

    rule = models.ForeignKey(AlertRule, on_delete=models.CASCADE, related_name="alerts")
    site = models.ForeignKey("organisation.Site", on_delete=models.PROTECT, related_name="+")
    # "visit:<id>" or "outage:<camera id>:<since>": the same thing never raises two.
    subject = models.CharField(max_length=120)
    visit = models.ForeignKey(
        "sightings.Visit", null=True, blank=True, on_delete=models.CASCADE, related_name="alerts"
    )
    camera = models.ForeignKey(
        "cameras.Camera", null=True, blank=True, on_delete=models.CASCADE, related_name="alerts"
    )
    state = models.CharField(max_length=12, choices=State, default=State.OPEN)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    # Empty where it closed by itself.
    closed_by = models.CharField(max_length=254, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.CharField(max_length=254, blank=True)
    memo = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(fields=["rule", "subject"], name="one_alert_a_rule_and_subject")
        ]
        indexes = [
            models.Index(fields=["-id"], name="alert_open", condition=Q(state="open")),
        ]

    def __str__(self) -> str:
        return f"{self.rule_id}: {self.subject}"


class Delivery(Record):
    """One alert on its way over one channel; at least once, with this row's id as its name."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENT = "sent", "Sent"
        FAILED = "failed", "Given up"

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="deliveries")
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="deliveries")
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=200, blank=True)
    # A sender owns the row until then; a lease that ran out belongs to one that died.
    lease_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(fields=["alert", "channel"], name="one_delivery_a_channel")
        ]
        indexes = [
            models.Index(fields=["next_at"], name="delivery_waiting", condition=Q(state="waiting"))
        ]

    def __str__(self) -> str:
        return f"{self.alert_id} by {self.channel_id}"


class Watermark(models.Model):
    """How far the rules have looked: every visit that changed before ``at`` was considered.

    One row. It is locked while visits are considered, so that two workers never weigh the same
    stranger's waiting time at once.
    """

    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"considered until {self.at}"
