"""What people agreed to: the texts they were shown, and the basis for keeping their faces."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from portal.core.fields import VaultKeyField
from portal.core.models import Record

__all__ = ["Consent", "PolicyText"]


class PolicyText(Record):
    """One version of the text that people are shown before their face is kept; never edited."""

    language = models.CharField(max_length=8, default="en")
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=120)
    body = models.TextField()
    sha256 = models.CharField(max_length=64)
    # How long a consent to this text lasts; without it, until it is withdrawn.
    term_days = models.PositiveIntegerField(null=True, blank=True)
    published_at = models.DateTimeField()
    published_by = models.CharField(max_length=254, blank=True)

    class Meta:
        ordering = ("language", "-version")
        constraints = [
            models.UniqueConstraint(fields=["language", "version"], name="policy_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.title}, version {self.version}"


class Consent(Record):
    """Why Gatehouse may keep this person's templates. No template exists without an active one."""

    class Basis(models.TextChoices):
        CONSENT = "consent", "Consent of the person"
        CONTRACT = "contract", "Contract or agreement"
        LEGAL = "legal", "Legal obligation"

    class Method(models.TextChoices):
        RECORDED = "recorded", "Noted by an administrator"
        PAPER = "paper", "Signed on paper"
        LINK = "link", "Given by the person, by link"
        ROSTER = "roster", "Named in an imported roster"

    person = models.ForeignKey("people.Person", on_delete=models.CASCADE, related_name="consents")
    basis = models.CharField(max_length=10, choices=Basis, default=Basis.CONSENT)
    method = models.CharField(max_length=10, choices=Method, default=Method.RECORDED)
    policy = models.ForeignKey(
        PolicyText, null=True, blank=True, on_delete=models.PROTECT, related_name="consents"
    )
    # Of a child it is a parent or guardian.
    signer = models.CharField(max_length=120, blank=True)
    address = models.CharField(max_length=64, blank=True)
    evidence_key = VaultKeyField(blank=True)
    recorded_by = models.CharField(max_length=254, blank=True)
    given_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("-given_at",)
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(withdrawn_at=None), name="one_active_consent"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_basis_display()} ({self.given_at:%Y-%m-%d})"
