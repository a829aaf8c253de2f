"""People, and what they show where a face is not used."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q

from portal.core.models import Record

__all__ = ["Credential", "Person", "SavedFilter"]


class Person(Record):
    """Somebody who can be recognised. Codes are unique among living and former people."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        SUSPENDED = "suspended", "Suspended"
        LEFT = "left", "Left"
        # Deleted, but can be brought back from the journal until that forgets.
        REMOVED = "removed", "Removed"
        # All of theirs is now another's, ``merged_into``.
        MERGED = "merged", "Merged"
        # The name is gone, the code stays taken, so that nobody inherits another's history.
        ERASED = "erased", "Erased"

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    email = models.EmailField(blank=True)
    site = models.ForeignKey("organisation.Site", on_delete=models.PROTECT, related_name="people")
    department = models.ForeignKey(
        "organisation.Department",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="people",
    )
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="merged"
    )
    employed_from = models.DateField(null=True, blank=True)
    employed_to = models.DateField(null=True, blank=True)
    last_interaction_at = models.DateTimeField(null=True, blank=True)
    legal_hold = models.BooleanField(default=False)
    # Seals all pictures and templates of this person; made with the first of them.
    data_key = models.ForeignKey(
        "core.DataKey", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    updated_at = models.DateTimeField(auto_now=True)

    # Known to the portal: their past is kept apart from their presence in the lists.
    LIVING: Final = frozenset({Status.ACTIVE, Status.SUSPENDED, Status.LEFT})

    class Meta:
        ordering = ("name", "code")
        indexes = [models.Index(fields=["status", "name"], name="person_status_name")]
        constraints = [
            models.CheckConstraint(
                condition=Q(employed_to=None)
                | Q(employed_from=None)
                | Q(employed_to__gte=models.F("employed_from")),
                name="employed_to_not_before_from",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Credential(Record):
    """A way in without a face: a PIN or a QR code. Only a digest is kept."""

    class Kind(models.TextChoices):
        PIN = "pin", "PIN"
        QR = "qr", "QR code"

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="credentials")
    kind = models.CharField(max_length=6, choices=Kind)
    digest = models.CharField(max_length=160)
    valid_to = models.DateField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = [models.Index(fields=["digest"], name="credential_digest")]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "kind"],
                condition=Q(revoked_at=None),
                name="one_credential_of_a_kind",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.person_id}"


class SavedFilter(Record):
    """A search in the list of people that a user keeps under a name."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_filters"
    )
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=500)

    class Meta:
        ordering = ("name",)
        constraints = [
            models.UniqueConstraint(fields=["user", "name"], name="filter_name_once_per_user")
        ]

    def __str__(self) -> str:
        return self.name
