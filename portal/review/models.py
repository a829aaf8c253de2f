"""Strangers, and what people said of faces so that it is never forgotten."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from portal.core.fields import VaultKeyField
from portal.core.models import Record

__all__ = ["Anchor", "Stranger"]


class Stranger(Record):
    """Visits of one unknown person, grouped over time and cameras."""

    class State(models.TextChoices):
        OPEN = "open", "To be looked at"
        WATCHED = "watched", "Watched"
        IGNORED = "ignored", "Ignored for good"
        NAMED = "named", "Named"
        NOT_A_FACE = "not_a_face", "Not a face"
        # Its visits are another's by now; the row stays for the way back.
        MERGED = "merged", "Merged into another"

    site = models.ForeignKey(
        "organisation.Site", on_delete=models.PROTECT, related_name="strangers"
    )
    # What people call it until it has a name: "Stranger 12".
    number = models.PositiveIntegerField(unique=True)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    person = models.ForeignKey(
        "people.Person", null=True, blank=True, on_delete=models.SET_NULL, related_name="strangers"
    )
    # The draft that its crops went into; once that is confirmed, the stranger has a name.
    enrolment = models.ForeignKey(
        "enrolment.Enrolment", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    memo = models.CharField(max_length=500, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.CharField(max_length=254, blank=True)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    visit_count = models.PositiveIntegerField(default=0)
    # Who enrolled looks like this, ``[[person id, score], …]``, best first, as of that revision
    # of the gallery: somebody may be enrolled long after a stranger was first seen.
    candidates = models.JSONField(default=list)
    candidates_revision = models.BigIntegerField(default=-1)

    class Meta:
        ordering = ("-last_at",)
        indexes = [models.Index(fields=["state", "-last_at"], name="stranger_state_last")]

    def __str__(self) -> str:
        return f"Stranger {self.number}"


class Anchor(Record):
    """A face that somebody said something lasting about.

    ``not_person``: whoever looks like this is not ``person``, however similar. ``ignored``: whoever
    looks like this raises no alert. The aligned crop is kept so that the vector can be made anew
    in another space.
    """

    class Kind(models.TextChoices):
        NOT_PERSON = "not_person", "Not this person"
        IGNORED = "ignored", "Ignored"

    kind = models.CharField(max_length=10, choices=Kind)
    # Hidden from the person's own export: the face is somebody else's.
    person = models.ForeignKey(
        "people.Person", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    stranger = models.ForeignKey(
        Stranger, null=True, blank=True, on_delete=models.CASCADE, related_name="anchors"
    )
    visit = models.ForeignKey(
        "sightings.Visit", null=True, blank=True, on_delete=models.SET_NULL, related_name="anchors"
    )
    space = models.ForeignKey("engines.Space", on_delete=models.PROTECT)
    sealed_vector = models.BinaryField()
    aligned_key = VaultKeyField(blank=True)
    made_by = models.CharField(max_length=254, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="not_person", person__isnull=False) | Q(kind="ignored"),
                name="anchor_names_whom_it_is_not",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
