"""The base of every Gatehouse row."""

from django.db import models

from portal.core.ids import uuid7

__all__ = ["Record"]


class Record(models.Model):
    """A row with a time-ordered UUID that is never reused, and the instant it was made (UTC)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created_at = models.DateTimeField(auto_now_add=True, editable=False)

    class Meta:
        abstract = True
