"""Reports that somebody keeps under a name, and those that go out by themselves."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from portal.core.models import Record

__all__ = ["ReportRun", "SavedReport"]


class SavedReport(Record):
    """A report with its choices. With ``rhythm`` it is mailed, with the rights of its owner as
    they are at that moment: who may no longer see a department mails nothing of it.
    """

    class Rhythm(models.TextChoices):
        NEVER = "", "Not by e-mail"
        DAILY = "daily", "Every day"
        WEEKLY = "weekly", "Every Monday"
        MONTHLY = "monthly", "On the first of the month"

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        XLSX = "xlsx", "Excel"
        PDF = "pdf", "PDF"

    name = models.CharField(max_length=80)
    # ``portal.reports.catalogue`` names the kinds; ``choices`` are the page's own parameters, with
    # a stretch of dates in words ("last_month") so that it means something else every month.
    kind = models.CharField(max_length=30)
    choices = models.JSONField(default=dict)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_reports"
    )
    rhythm = models.CharField(max_length=8, choices=Rhythm, blank=True)
    format = models.CharField(max_length=4, choices=Format, default=Format.XLSX)
    recipients = models.JSONField(default=list)
    next_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("name",)
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="report_name_once_per_owner")
        ]
        indexes = [
            models.Index(
                fields=["next_at"], name="report_due", condition=models.Q(next_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return self.name


class ReportRun(Record):
    """One sending of a saved report, and how it went."""

    class State(models.TextChoices):
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"

    report = models.ForeignKey(SavedReport, on_delete=models.CASCADE, related_name="runs")
    due_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State)
    rows = models.PositiveIntegerField(default=0)
    message = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(fields=["report", "due_at"], name="report_sent_once_a_turn")
        ]

    def __str__(self) -> str:
        return f"{self.report_id} of {self.due_at}"
