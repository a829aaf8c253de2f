"""A roll-call: the list as it was when it began, and what became of everybody on it."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from portal.core.models import Record

__all__ = ["MusterChange", "MusterEntry", "MusterEvent"]


class MusterEvent(Record):
    """One roll-call at one site. ``camera_ids`` are the cameras at the meeting point: whom they
    see is safe. Its list is frozen when it begins."""

    site = models.ForeignKey("organisation.Site", on_delete=models.PROTECT, related_name="musters")
    is_drill = models.BooleanField(default=False)
    safe_cameras = models.ManyToManyField("cameras.Camera", blank=True, related_name="+")
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(
                fields=["site"],
                condition=models.Q(ended_at=None),
                name="one_muster_a_site",
            )
        ]

    def __str__(self) -> str:
        return f"roll-call {self.pk}"


class MusterEntry(Record):
    """Somebody who was on the site when the roll-call began, or was found later (``was_added``)."""

    class State(models.TextChoices):
        MISSING = "missing", "Missing"
        SAFE = "safe", "Safe"
        EXCUSED = "excused", "Was not here"

    event = models.ForeignKey(MusterEvent, on_delete=models.CASCADE, related_name="entries")
    person = models.ForeignKey("people.Person", on_delete=models.PROTECT, related_name="+")
    department = models.ForeignKey(
        "organisation.Department",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    # Where and when they were seen last before it began.
    last_place = models.CharField(max_length=120, blank=True)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    was_added = models.BooleanField(default=False)
    # Seen last by a camera that does not tell whether they came or went.
    is_unsure = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=State, default=State.MISSING)
    changed_at = models.DateTimeField(null=True, blank=True)
    changed_by = models.CharField(max_length=254, blank=True)

    class Meta:
        ordering = ("event", "id")
        constraints = [
            models.UniqueConstraint(fields=["event", "person"], name="once_on_a_roll_call")
        ]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.state}"


class MusterChange(models.Model):
    """Who said what of whom, and when it was so by their clock. Append-only; ``key`` makes a mark
    that a phone sends again the same mark."""

    id = models.BigAutoField(primary_key=True)
    entry = models.ForeignKey(MusterEntry, on_delete=models.CASCADE, related_name="changes")
    state = models.CharField(max_length=8, choices=MusterEntry.State)
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    actor_label = models.CharField(max_length=254, blank=True)
    camera = models.ForeignKey(
        "cameras.Camera", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    note = models.CharField(max_length=200, blank=True)
    key = models.CharField(max_length=80, unique=True)

    class Meta:
        ordering = ("at", "id")

    def __str__(self) -> str:
        return f"{self.entry_id}: {self.state}"
