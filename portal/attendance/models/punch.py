"""That somebody passed, or that an entry says so: what days are made of."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q

from portal.core.fields import VaultKeyField
from portal.core.models import Record

__all__ = ["Punch", "PunchImport", "PunchImportPart", "PunchImportRow"]


class PunchImport(Record):
    """A file of punches that somebody uploaded, and what became of its rows.

    Looked at first (``checked``: what the counts say would happen), then applied. What was good is
    kept as lots, each of which is entered and deleted in one transaction.
    """

    class State(models.TextChoices):
        CHECKING = "checking", "Being read"
        CHECKED = "checked", "Ready to apply"
        REFUSED = "refused", "Refused"
        APPLYING = "applying", "Being applied"
        APPLIED = "applied", "Applied"
        STOPPED = "stopped", "Stopped"

    BUSY: Final = frozenset({State.CHECKING, State.APPLYING})
    ENDED: Final = frozenset({State.REFUSED, State.APPLIED, State.STOPPED})

    file_name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    imported_by_label = models.CharField(max_length=254, blank=True)
    # Times without an offset are of this zone.
    time_zone = models.CharField(max_length=64)
    # Whether 03/04 is 3 April or 4 March.
    is_month_first = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=State, default=State.CHECKING)
    message = models.CharField(max_length=500, blank=True)
    rows_total = models.PositiveIntegerField(default=0)
    rows_new = models.PositiveIntegerField(default=0)
    rows_known = models.PositiveIntegerField(default=0)
    rows_refused = models.PositiveIntegerField(default=0)
    first_at = models.DateTimeField(null=True, blank=True)
    last_at = models.DateTimeField(null=True, blank=True)
    leased_by = models.CharField(max_length=120, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    # How often somebody began in vain: a file that kills every worker is given up.
    attempts = models.PositiveSmallIntegerField(default=0)
    job = models.ForeignKey("jobs.Job", null=True, blank=True, on_delete=models.SET_NULL)
    changed_at = models.DateTimeField(auto_now=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_busy(self) -> bool:
        return self.state in self.BUSY

    @property
    def is_ended(self) -> bool:
        return self.state in self.ENDED


class PunchImportPart(models.Model):
    """A stretch of an uploaded file, or a lot of rows that were good, sealed; all go in the end."""

    class Kind(models.TextChoices):
        FILE = "file", "As uploaded"
        LOT = "lot", "Rows to be entered"

    punch_import = models.ForeignKey(PunchImport, on_delete=models.CASCADE, related_name="parts")
    kind = models.CharField(max_length=4, choices=Kind, default=Kind.FILE)
    position = models.PositiveIntegerField()
    size_bytes = models.PositiveIntegerField()
    key = VaultKeyField()

    class Meta:
        ordering = ("position",)
        constraints = [
            models.UniqueConstraint(
                fields=["punch_import", "kind", "position"], name="punch_import_part_once"
            )
        ]

    def __str__(self) -> str:
        return f"part {self.position} of {self.punch_import_id}"


class PunchImportRow(models.Model):
    """A row that was refused, and why, in words."""

    punch_import = models.ForeignKey(PunchImport, on_delete=models.CASCADE, related_name="refused")
    line = models.PositiveIntegerField()
    content = models.CharField(max_length=300)
    reason = models.CharField(max_length=300)

    class Meta:
        ordering = ("line",)

    def __str__(self) -> str:
        return f"line {self.line}"


class Punch(Record):
    """One passage of one person. Append-only: time, person and source are never changed, only
    ``last_at`` goes on while the person is still before the camera, and a row is voided.

    A face that turns out to be another person's voids this row (``superseded_by``) and adds one of
    theirs. ``idempotency_key`` makes a repeated delivery the same row. A pending one is a name that
    waits for a person to confirm it: it counts for nothing, but nobody is called absent over it.
    """

    class Direction(models.TextChoices):
        IN = "in", "In"
        OUT = "out", "Out"
        UNKNOWN = "unknown", "Not told"

    class Source(models.TextChoices):
        CAMERA = "camera", "Camera"
        KIOSK = "kiosk", "Kiosk, by face"
        PIN = "pin", "Kiosk, by PIN"
        QR = "qr", "Kiosk, by QR code"
        MANUAL = "manual", "Entered by hand"
        IMPORT = "import", "Import"

    class State(models.TextChoices):
        COUNTED = "counted", "Counts"
        PENDING = "pending", "Waits for the name to be confirmed"
        QUARANTINED = "quarantined", "From the future: its clock is wrong"

    person = models.ForeignKey("people.Person", on_delete=models.PROTECT, related_name="punches")
    at = models.DateTimeField()
    last_at = models.DateTimeField()
    direction = models.CharField(max_length=8, choices=Direction, default=Direction.UNKNOWN)
    source = models.CharField(max_length=8, choices=Source)
    state = models.CharField(max_length=12, choices=State, default=State.COUNTED)
    camera = models.ForeignKey(
        "cameras.Camera", null=True, blank=True, on_delete=models.SET_NULL, related_name="punches"
    )
    # What it came from, kept in words where the camera or the visit is gone.
    place = models.CharField(max_length=120, blank=True)
    visit = models.ForeignKey(
        "sightings.Visit", null=True, blank=True, on_delete=models.SET_NULL, related_name="punches"
    )
    face = models.ForeignKey(
        "sightings.RecognisedFace",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="punches",
    )
    score = models.FloatField(null=True)
    punch_import = models.ForeignKey(
        PunchImport, null=True, blank=True, on_delete=models.SET_NULL, related_name="punches"
    )
    idempotency_key = models.CharField(max_length=160, unique=True)
    received_at = models.DateTimeField()
    # Who entered it, where somebody did.
    entered_by = models.CharField(max_length=254, blank=True)
    note = models.CharField(max_length=300, blank=True)

    voided_at = models.DateTimeField(null=True, blank=True)
    voided_by = models.CharField(max_length=254, blank=True)
    void_reason = models.CharField(max_length=300, blank=True)
    superseded_by = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="supersedes"
    )
    # Where somebody said that it was somebody else's: when this row's person was written to.
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("at", "id")
        indexes = [
            models.Index(fields=["person", "at"], name="punch_of_person"),
            models.Index(fields=["at"], name="punch_at"),
            models.Index(
                fields=["person", "at"],
                name="punch_pending",
                condition=Q(state="pending", voided_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"punch {self.pk}"
