"""People, and the basis on which their faces may be kept."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from portal.core.models import Record

__all__ = ["Consent", "Person"]


class Person(Record):
    """Somebody who can be recognised. Codes are unique among living and former people."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        SUSPENDED = "suspended", "Suspended"
        # The name is gone, the code stays taken, so that nobody inherits another's history.
        ERASED = "erased", "Erased"

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    department = models.CharField(max_length=80, blank=True)
    email = models.EmailField(blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name", "code")
        indexes = [models.Index(fields=["status", "name"], name="person_status_name")]

    def __str__(self) -> str:
        return self.name


class Consent(Record):
    """Why Gatehouse may keep this person's templates. No template exists without an active one."""

    class Basis(models.TextChoices):
        CONSENT = "consent", "Consent of the person"
        CONTRACT = "contract", "Contract or agreement"
        LEGAL = "legal", "Legal obligation"

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="consents")
    basis = models.CharField(max_length=10, choices=Basis, default=Basis.CONSENT)
    recorded_by = models.CharField(max_length=254, blank=True)
    given_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-given_at",)
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(withdrawn_at=None), name="one_active_consent"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_basis_display()} ({self.given_at:%Y-%m-%d})"
