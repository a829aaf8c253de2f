"""Long work that a user can watch. This row, not the broker, is the truth about it."""

from __future__ import annotations

from typing import Final

from django.db import models

from portal.core.models import Record

__all__ = ["Job", "JobLine"]


class Job(Record):
    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    class Kind(models.TextChoices):
        RECOGNISE_PHOTOS = "sightings.recognise", "Recognise photos"
        ENROL_FOLDER = "enrolment.folder", "Enrol a folder"
        PURGE = "sightings.purge", "Delete expired pictures"
        HYGIENE = "hygiene.scan", "Look through the gallery"
        IMPORT_ROSTER = "roster.apply", "Import a roster"
        CALIBRATE = "calibration.measure", "Measure the threshold"
        WHAT_IF = "calibration.replay", "Decide the past anew"
        REEMBED = "calibration.reembed", "Prepare another model"
        OWN_MODEL = "calibration.own_model", "Adapt a model"
        RECOMPUTE = "attendance.recompute", "Compute days anew"
        IMPORT_PUNCHES = "attendance.import", "Import punches"

    TERMINAL: Final = frozenset({State.DONE, State.FAILED, State.CANCELLED})
    TRANSITIONS: Final = {
        State.QUEUED: frozenset({State.RUNNING, State.DONE, State.FAILED, State.CANCELLED}),
        State.RUNNING: frozenset({State.DONE, State.FAILED, State.CANCELLED}),
    }

    kind = models.CharField(max_length=40, choices=Kind)
    title = models.CharField(max_length=200)
    state = models.CharField(max_length=12, choices=State, default=State.QUEUED)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    message = models.CharField(max_length=500, blank=True)
    actor_label = models.CharField(max_length=254, blank=True)
    changed_at = models.DateTimeField(auto_now=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)
        indexes = [models.Index(fields=["state", "-created_at"], name="job_state")]

    def __str__(self) -> str:
        return self.title

    @property
    def ended(self) -> int:
        """Parts that came to an end, well or not."""
        return self.done + self.failed

    @property
    def progress_words(self) -> str:
        words = f"{self.done} of {self.total}"
        return f"{words}, {self.failed} not usable" if self.failed else words

    @property
    def is_finished(self) -> bool:
        return self.state in self.TERMINAL


class JobLine(models.Model):
    """One line of a job's log, for people."""

    class Level(models.TextChoices):
        INFO = "info", "Info"
        WARNING = "warning", "Warning"
        ERROR = "error", "Error"

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="lines")
    at = models.DateTimeField(auto_now_add=True)
    level = models.CharField(max_length=8, choices=Level, default=Level.INFO)
    text = models.CharField(max_length=500)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.text
