"""The base of every Gatehouse row, and the keys that what is stored is sealed with."""

from django.db import models
from django.db.models import Q

from portal.core.ids import uuid7

__all__ = ["DataKey", "Record"]


class Record(models.Model):
    """A row with a time-ordered UUID that is never reused, and the instant it was made (UTC)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created_at = models.DateTimeField(auto_now_add=True, editable=False)

    class Meta:
        abstract = True


class DataKey(Record):
    """One AES-256 key, wrapped by the master key, which is a file and not in the database.

    Each person has one; without it nothing of theirs can be read again, in no backup either, so
    to destroy it is to erase. ``master`` names the master key that wrapped it.
    """

    class Use(models.TextChoices):
        INSTALLATION = "installation", "What belongs to no one person"
        PERSON = "person", "One person's pictures and templates"

    use = models.CharField(max_length=12, choices=Use, default=Use.PERSON)
    wrapped = models.BinaryField()
    master = models.CharField(max_length=16)
    destroyed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["use"], condition=Q(use="installation"), name="one_installation_key"
            )
        ]

    def __str__(self) -> str:
        return f"key {self.pk}"
