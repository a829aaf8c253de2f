"""What people say about a day that the cameras did not: asked for, and decided by another."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from portal.attendance.models.punch import Punch
from portal.core.fields import VaultKeyField
from portal.core.models import Record

__all__ = ["Correction"]


class Correction(Record):
    """One change to one day. The punches stay as they are; the engine is told of approved
    corrections beside them. Whoever decides is neither who asked nor whose day it is.
    """

    class Kind(models.TextChoices):
        ADD = "add", "Add a time"
        VOID = "void", "Strike a time"
        MOVE = "move", "Change a time"
        EXCUSE = "excuse", "Excuse lateness"
        UNDO = "undo", "Take back a correction"

    class State(models.TextChoices):
        REQUESTED = "requested", "Waits for a decision"
        APPROVED = "approved", "Approved"
        REFUSED = "refused", "Refused"
        WITHDRAWN = "withdrawn", "Withdrawn"

    person = models.ForeignKey(
        "people.Person", on_delete=models.PROTECT, related_name="corrections"
    )
    work_date = models.DateField()
    kind = models.CharField(max_length=8, choices=Kind)
    # ADD and MOVE: the instant that counts. VOID and MOVE: the punch that no longer does.
    at = models.DateTimeField(null=True, blank=True)
    direction = models.CharField(
        max_length=8, choices=Punch.Direction, default=Punch.Direction.UNKNOWN
    )
    punch = models.ForeignKey(
        Punch, null=True, blank=True, on_delete=models.PROTECT, related_name="corrections"
    )
    # UNDO: the approved correction that no longer counts once this one is approved.
    undoes = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="undone_by"
    )
    reason = models.CharField(max_length=300)
    # A picture or PDF that bears it out, sealed in the vault.
    evidence_key = VaultKeyField(blank=True)
    evidence_name = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.REQUESTED)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_note = models.CharField(max_length=300, blank=True)
    # When the mails about the decision were handed on; None while they wait.
    told_at = models.DateTimeField(null=True, blank=True)
    # The rows of the day as they were and became, for whoever asks later.
    before = models.JSONField(null=True, blank=True)
    after = models.JSONField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(
                condition=models.Q(decided_by=None)
                | models.Q(requested_by=None)
                | ~models.Q(decided_by=models.F("requested_by")),
                name="correction_decided_by_another",
            )
        ]
        indexes = [
            models.Index(fields=["person", "work_date"], name="correction_of_day"),
            models.Index(
                fields=["-id"], name="correction_waits", condition=models.Q(state="requested")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.person_id} on {self.work_date}"
