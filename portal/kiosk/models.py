"""Tablets that people register at, and what they sent."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import models
from django.utils import timezone

from portal.core.models import Record

__all__ = ["Kiosk", "KioskEvent"]


class Kiosk(Record):
    """One tablet. It acts by a key of its own, and for nobody's account.

    ``key_digest`` is first that of a link, which is shown once and opened once (until
    ``link_until``); then that of the cookie which the tablet was given for it. ``sealed_secret``
    holds what its events are signed with, and the private half of what they are sealed with
    (``portal.kiosk.sealing``).
    """

    class Takes(models.TextChoices):
        CODES = "codes", "PIN and QR code"
        FACES = "faces", "Face, PIN and QR code"

    # A tablet says hello every twenty seconds.
    SILENT: Final = timedelta(minutes=2)

    # Its pictures are this camera's, which is of the kind BROWSER and for attendance.
    camera = models.OneToOneField("cameras.Camera", on_delete=models.CASCADE, related_name="kiosk")
    takes = models.CharField(max_length=6, choices=Takes, default=Takes.FACES)
    asks_direction = models.BooleanField(default=True)
    key_digest = models.CharField(max_length=64, unique=True, editable=False)
    # None: the link was opened by a tablet.
    link_until = models.DateTimeField(null=True, blank=True)
    paired_at = models.DateTimeField(null=True, blank=True)
    sealed_secret = models.BinaryField(editable=False)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    # By how much its clock was ahead of ours when it was heard last.
    skew_ms = models.FloatField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    # What came with a wrong signature, and what came again although it was there.
    forged_count = models.PositiveIntegerField(default=0)
    repeated_count = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("camera__name",)

    def __str__(self) -> str:
        return f"kiosk {self.pk}"

    @property
    def is_heard(self) -> bool:
        return self.last_seen_at is not None and timezone.now() - self.last_seen_at < self.SILENT

    @property
    def skew_words(self) -> str:
        """``12 s fast``; empty where nothing is known."""
        if self.skew_ms is None:
            return ""
        seconds = round(abs(self.skew_ms) / 1000)
        if seconds < 2:
            return "right"
        length = f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
        return f"{length} {'fast' if self.skew_ms > 0 else 'slow'}"


class KioskEvent(Record):
    """What a kiosk sent, once: ``sequence`` is the tablet's own count."""

    class Kind(models.TextChoices):
        PIN = "pin", "PIN"
        QR = "qr", "QR code"
        FACE = "face", "Face"

    class Outcome(models.TextChoices):
        WAITING = "waiting", "Is looked at"
        PUNCHED = "punched", "Registered"
        UNKNOWN = "unknown", "Not recognised"
        REFUSED = "refused", "Refused"
        ASIDE = "aside", "Set aside: from the future"

    kiosk = models.ForeignKey(Kiosk, on_delete=models.CASCADE, related_name="events")
    sequence = models.PositiveBigIntegerField()
    # Of what was signed: another event under the same number is told by it.
    digest = models.CharField(max_length=64, blank=True)
    kind = models.CharField(max_length=4, choices=Kind)
    direction = models.CharField(max_length=8, default="unknown")
    # When it was by the server's clock, and by the tablet's own.
    at = models.DateTimeField()
    device_at = models.DateTimeField()
    was_offline = models.BooleanField(default=False)
    outcome = models.CharField(max_length=8, choices=Outcome, default=Outcome.WAITING)
    reason = models.CharField(max_length=60, blank=True)
    pictures = models.PositiveSmallIntegerField(default=0)
    recognition = models.ForeignKey(
        "sightings.Recognition", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    # Whose passage it belongs to is found out later, by people: nobody stands there any more.
    visit = models.ForeignKey(
        "sightings.Visit",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="kiosk_events",
    )
    punch = models.ForeignKey(
        "attendance.Punch", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(fields=["kiosk", "sequence"], name="kiosk_event_once")
        ]
        indexes = [
            models.Index(
                fields=["id"], name="kiosk_event_waits", condition=models.Q(outcome="waiting")
            ),
            models.Index(fields=["created_at"], name="kiosk_event_created"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} at {self.kiosk_id}"

    @property
    def punch_key(self) -> str:
        """Of the one punch that it can become, whoever makes it."""
        return f"kiosk:{self.kiosk_id.hex}:{self.sequence}"
