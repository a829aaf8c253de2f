"""A search of past visits by a face. It belongs to whoever asked, and goes after a day."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import models

from portal.core.fields import VaultKeyField
from portal.core.models import Record

__all__ = ["FaceSearch", "SearchedFace"]


class FaceSearch(Record):
    """queued → (choose → queued →) done or failed.

    The uploaded photo is sealed, and deleted as soon as its faces were found. ``results`` is
    ``[[visit id, score], …]``, best first; visits are joined when it is read, within the rights
    that the asker has then. ``site_ids`` are those whose visits were compared; null means all.
    """

    LIFE: Final = timedelta(hours=24)

    class State(models.TextChoices):
        QUEUED = "queued", "Searching"
        CHOOSE = "choose", "Which face?"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    actor_id = models.CharField(max_length=64)
    actor_label = models.CharField(max_length=254)
    reason = models.CharField(max_length=300)
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    photo_key = VaultKeyField(blank=True)
    visit = models.ForeignKey(
        "sightings.Visit", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    stranger = models.ForeignKey(
        "review.Stranger", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    site_ids = models.JSONField(null=True)
    # Which of the photo's faces is meant.
    position = models.PositiveSmallIntegerField(null=True)
    error_message = models.CharField(max_length=500, blank=True)
    threshold = models.FloatField(null=True)
    grey_band = models.FloatField(null=True)
    compared = models.PositiveIntegerField(default=0)
    results = models.JSONField(default=list)
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ("-id",)
        indexes = [models.Index(fields=["actor_id", "-id"], name="search_of_actor")]

    def __str__(self) -> str:
        return f"search {self.pk}"

    @property
    def is_finished(self) -> bool:
        return self.state in {self.State.DONE, self.State.FAILED}


class SearchedFace(models.Model):
    """One face of the photo, so that one of several can be picked without looking again."""

    search = models.ForeignKey(FaceSearch, on_delete=models.CASCADE, related_name="faces")
    position = models.PositiveSmallIntegerField()
    portrait_key = VaultKeyField()
    space = models.ForeignKey("engines.Space", on_delete=models.CASCADE)
    sealed_vector = models.BinaryField()

    class Meta:
        ordering = ("position",)
        constraints = [
            models.UniqueConstraint(fields=["search", "position"], name="one_searched_face_a_place")
        ]

    def __str__(self) -> str:
        return f"face {self.position} of {self.search_id}"
