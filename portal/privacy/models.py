"""What an administrator changed of the retention's defaults, and the words of the public page."""

from __future__ import annotations

from django.db import models

from portal.core.models import Record

__all__ = ["Notice", "RetentionRule"]


class RetentionRule(Record):
    """How many days one category (``portal.privacy.clocks``) is kept. Without a row the default
    holds; the purge, its dry run and the public page all read the same number."""

    category = models.CharField(max_length=20, unique=True)
    days = models.PositiveIntegerField()
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("category",)

    def __str__(self) -> str:
        return f"{self.category}: {self.days} days"


class Notice(models.Model):
    """One row: who answers for the data, to whom questions go, and what faces are used for."""

    controller = models.CharField(max_length=200, blank=True)
    contact = models.CharField(max_length=300, blank=True)
    purposes = models.TextField(blank=True)
    changed_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.controller or "notice"
