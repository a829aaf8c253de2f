"""The journal's one table."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import models

from portal.core.models import Record

__all__ = ["Act"]


class Act(Record):
    """Something that somebody did and may take back until ``expires_at``.

    ``kind`` names the function that undoes it (``portal.journal.registry``); ``data`` holds the
    ids and the values from before, never a picture, a template or a secret.
    """

    LIFE: Final = timedelta(days=30)

    kind = models.CharField(max_length=64)
    title = models.CharField(max_length=200)
    data = models.JSONField(default=dict)
    person = models.ForeignKey(
        "people.Person", null=True, blank=True, on_delete=models.CASCADE, related_name="acts"
    )
    # The second of two people, such as the one a photo was moved from or who was merged.
    other = models.ForeignKey(
        "people.Person", null=True, blank=True, on_delete=models.CASCADE, related_name="acts_beside"
    )
    actor_id = models.CharField(max_length=64, blank=True)
    actor_label = models.CharField(max_length=254, blank=True)
    expires_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.CharField(max_length=254, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = [models.Index(fields=["person", "-id"], name="act_of_person")]

    def __str__(self) -> str:
        return self.title
