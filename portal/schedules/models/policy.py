"""By which rules punches become minutes: a policy under its name, and its versions."""

from __future__ import annotations

from django.db import models

from portal.core.models import Record

__all__ = ["PolicyVersion", "WorkPolicy"]


class WorkPolicy(Record):
    """The name that versions share. A retired one can be given to no further shift."""

    name = models.CharField(max_length=80, unique=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class PolicyVersion(Record):
    """What holds from ``valid_from`` (a work date) on. Never edited: a change is a new version, so
    that past days keep the rules they were worked under. Of several that hold on a date the one
    with the highest number does. The fields are those of ``attendance.engine.Policy``.
    """

    class Pairing(models.TextChoices):
        FIRST_LAST = "first_last", "First coming to last leaving"
        PAIRS = "pairs", "Every coming with the leaving after it"

    class RoundMode(models.TextChoices):
        NEAREST = "nearest", "To the nearest"
        UP = "up", "Up"
        DOWN = "down", "Down"

    policy = models.ForeignKey(WorkPolicy, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    # None: since ever, which is what a policy's first version is.
    valid_from = models.DateField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    made_by = models.CharField(max_length=254, blank=True)

    debounce_s = models.PositiveIntegerField(default=60)
    early_in_min = models.PositiveIntegerField(default=60)
    late_out_min = models.PositiveIntegerField(default=240)
    max_session_min = models.PositiveIntegerField(default=16 * 60)
    grace_late_min = models.PositiveIntegerField(default=5)
    grace_early_min = models.PositiveIntegerField(default=5)
    pairing = models.CharField(max_length=10, choices=Pairing, default=Pairing.FIRST_LAST)
    break_start = models.TimeField(null=True, blank=True)
    break_end = models.TimeField(null=True, blank=True)
    break_min = models.PositiveIntegerField(default=0)
    break_after_min = models.PositiveIntegerField(default=6 * 60)
    count_early = models.BooleanField(default=False)
    overtime_after_min = models.PositiveIntegerField(default=30)
    overtime_unit_min = models.PositiveIntegerField(default=15)
    absent_below_min = models.PositiveIntegerField(default=0)
    half_day_below_min = models.PositiveIntegerField(default=0)
    round_unit_min = models.PositiveIntegerField(default=0)
    round_mode = models.CharField(max_length=8, choices=RoundMode, default=RoundMode.NEAREST)
    auto_close = models.BooleanField(default=False)

    class Meta:
        ordering = ("policy", "-number")
        constraints = [
            models.UniqueConstraint(fields=["policy", "number"], name="policy_version_number")
        ]

    def __str__(self) -> str:
        return f"{self.policy_id} version {self.number}"
