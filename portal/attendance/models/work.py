"""What is still to be done: days to be computed anew, and how far visits were collected."""

from __future__ import annotations

from django.db import models

__all__ = ["CollectMark", "StaleDays"]


class StaleDays(models.Model):
    """A person's dates that something changed. ``generation`` is raised with every change, so that
    a worker deletes the row only where nothing changed while it computed. Whoever computes holds the
    row by ``claim`` until ``claimed_until``; one that died lets go of it then."""

    person = models.OneToOneField(
        "people.Person", primary_key=True, on_delete=models.CASCADE, related_name="stale_days"
    )
    first = models.DateField()
    last = models.DateField()
    generation = models.PositiveBigIntegerField(default=1)
    cause = models.CharField(max_length=60)
    asked_at = models.DateTimeField()
    claim = models.CharField(max_length=32, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("asked_at",)
        indexes = [models.Index(fields=["asked_at"], name="stale_asked")]

    def __str__(self) -> str:
        return f"{self.person_id} from {self.first} to {self.last}"


class CollectMark(models.Model):
    """The one row that says up to which change visits have become punches."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.at}"
