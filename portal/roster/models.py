"""A roster that is being imported: its rows, its photos, and what became of each."""

from __future__ import annotations

from typing import Final

from django.db import models

from portal.core.fields import VaultKeyField
from portal.core.models import Record

__all__ = ["HeadingMemory", "RosterImport", "RosterPart", "RosterPhoto", "RosterRow"]


class RosterImport(Record):
    """One file on its way in. Its parts lie sealed in the vault until it has come to an end."""

    class State(models.TextChoices):
        MAPPING = "mapping", "Columns to confirm"
        CHECKING = "checking", "Being read"
        CHECKED = "checked", "Ready to apply"
        REFUSED = "refused", "Refused"
        APPLYING = "applying", "Being applied"
        APPLIED = "applied", "Applied"
        STOPPED = "stopped", "Stopped"

    BUSY: Final = frozenset({State.CHECKING, State.APPLYING})
    ENDED: Final = frozenset({State.REFUSED, State.APPLIED, State.STOPPED})

    state = models.CharField(max_length=10, choices=State, default=State.MAPPING)
    message = models.CharField(max_length=500, blank=True)
    file_name = models.CharField(max_length=200)
    photos_name = models.CharField(max_length=200, blank=True)
    headings = models.JSONField(default=list)
    mapping = models.JSONField(default=dict)
    options = models.JSONField(default=dict)
    # For rows that name no site.
    default_site = models.ForeignKey(
        "organisation.Site", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    # Whoever uploaded it: the worker acts with their rights, as they are by then.
    actor_kind = models.CharField(max_length=10)
    actor_id = models.CharField(max_length=64, blank=True)
    actor_label = models.CharField(max_length=254, blank=True)
    # Run by a command that reads the photos from its own disk; no worker can go on with it.
    is_local = models.BooleanField(default=False)
    leased_by = models.CharField(max_length=120, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    # How often somebody began in vain: a file that kills every worker is given up.
    attempts = models.PositiveSmallIntegerField(default=0)
    job = models.ForeignKey(
        "jobs.Job", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    act = models.ForeignKey(
        "journal.Act", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    changed_at = models.DateTimeField(auto_now=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = [models.Index(fields=["state", "changed_at"], name="roster_state")]

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_busy(self) -> bool:
        return self.state in self.BUSY

    @property
    def is_ended(self) -> bool:
        return self.state in self.ENDED


class RosterPart(models.Model):
    """A stretch of an uploaded file: large files are sealed and read piece by piece."""

    class Kind(models.TextChoices):
        SHEET = "sheet", "Spreadsheet"
        PHOTOS = "photos", "Photos"

    roster = models.ForeignKey(RosterImport, on_delete=models.CASCADE, related_name="parts")
    kind = models.CharField(max_length=6, choices=Kind)
    position = models.PositiveIntegerField()
    size_bytes = models.PositiveIntegerField()
    key = VaultKeyField()

    class Meta:
        ordering = ("position",)
        constraints = [
            models.UniqueConstraint(fields=["roster", "kind", "position"], name="roster_part_once")
        ]

    def __str__(self) -> str:
        return f"part {self.position} of {self.roster_id}"


class RosterRow(models.Model):
    """One line of the file. ``fields`` is emptied when the import has ended."""

    class Outcome(models.TextChoices):
        NEW = "new", "New"
        CHANGED = "changed", "Changed"
        UNCHANGED = "unchanged", "Unchanged"
        REFUSED = "refused", "Refused"

    roster = models.ForeignKey(RosterImport, on_delete=models.CASCADE, related_name="rows")
    line = models.PositiveIntegerField()
    code = models.CharField(max_length=40, blank=True)
    fields = models.JSONField(default=dict)
    outcome = models.CharField(max_length=10, choices=Outcome)
    # Which fields differ, by name; the values from before are sealed.
    changes = models.JSONField(default=list)
    reason = models.CharField(max_length=500, blank=True)
    is_pending = models.BooleanField(default=False)
    # An erasure deletes what belongs to the person by such a cascade.
    person = models.ForeignKey(
        "people.Person",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="roster_rows",
    )
    # Sealed with the person's key.
    sealed_before = models.BinaryField(default=bytes)
    consent = models.ForeignKey(
        "people.Consent", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ("line",)
        constraints = [models.UniqueConstraint(fields=["roster", "line"], name="roster_line_once")]
        indexes = [models.Index(fields=["roster", "outcome", "line"], name="roster_row_outcome")]

    def __str__(self) -> str:
        return f"line {self.line}"


class RosterPhoto(models.Model):
    """One photo of the archive, or one that a line names and the archive lacks."""

    class Verdict(models.TextChoices):
        WAITING = "waiting", "To be examined"
        ENROLLED = "enrolled", "In use already"
        USED = "used", "Added"
        SET_ASIDE = "set_aside", "Set aside"
        REFUSED = "refused", "Not used"
        UNCLAIMED = "unclaimed", "Belongs to nobody"

    roster = models.ForeignKey(RosterImport, on_delete=models.CASCADE, related_name="photos")
    row = models.ForeignKey(
        RosterRow, null=True, blank=True, on_delete=models.CASCADE, related_name="photos"
    )
    name = models.CharField(max_length=300)
    sha256 = models.CharField(max_length=64, blank=True, db_index=True)
    verdict = models.CharField(max_length=10, choices=Verdict)
    reason = models.CharField(max_length=300, blank=True)
    # Looked at by the engine, so that the very same photo need not be looked at again.
    is_examined = models.BooleanField(default=False)
    image = models.ForeignKey(
        "people.FaceImage", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    # Whose face it already was.
    other = models.ForeignKey(
        "people.Person", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ("id",)
        indexes = [models.Index(fields=["roster", "verdict"], name="roster_photo_verdict")]

    def __str__(self) -> str:
        return self.name


class HeadingMemory(Record):
    """What the columns of a file with these headings were said to be, for the next such file."""

    digest = models.CharField(max_length=64, unique=True)
    mapping = models.JSONField()
    options = models.JSONField(default=dict)
    used_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.digest[:8]
