"""One person passing by, over all frames and cameras: what people look at, and alerts count."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from portal.core.models import Record
from portal.sightings.models.recognition import RecognisedFace

__all__ = ["Visit", "VisitLeg", "VisitVector"]


class Visit(Record):
    """Somebody's passage, from the first face to the last, with the decision over all of them.

    The ledger's rows (``RecognisedFace``) stay as they were decided; a visit is what they come to
    together, and what a human made of it (``settled_as``), which no later frame changes again.
    ``candidates`` is ``[[person id, score], …]`` of the fused vector, best first.
    """

    class Settled(models.TextChoices):
        CONFIRMED = "confirmed", "Confirmed"
        REFUSED = "refused", "Not this person"
        ASSIGNED = "assigned", "Named"
        NOT_A_FACE = "not_a_face", "Not a face"

    site = models.ForeignKey("organisation.Site", on_delete=models.PROTECT, related_name="visits")
    camera = models.ForeignKey("cameras.Camera", on_delete=models.CASCADE, related_name="visits")
    last_camera = models.ForeignKey("cameras.Camera", on_delete=models.CASCADE, related_name="+")
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    decision = models.CharField(max_length=10, choices=RecognisedFace.Decision)
    reason = models.CharField(max_length=40)
    # A name is provisional as soon as it is likely, confirmed once several frames agree.
    is_confirmed = models.BooleanField(default=False)
    named_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    person = models.ForeignKey(
        "people.Person", null=True, blank=True, on_delete=models.SET_NULL, related_name="visits"
    )
    score = models.FloatField(null=True)
    margin = models.FloatField(null=True)
    threshold = models.FloatField(null=True)
    candidates = models.JSONField(default=list)
    space = models.ForeignKey("engines.Space", null=True, on_delete=models.PROTECT)
    # The saved rule that decided; None is the shipped one. Rules are never deleted: no index.
    rule = models.ForeignKey(
        "engines.DecisionRule",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    # Faces seen, those fit to be compared, and how many of these agree with the decision.
    faces_seen = models.PositiveIntegerField(default=0)
    faces_usable = models.PositiveIntegerField(default=0)
    faces_agreeing = models.PositiveIntegerField(default=0)
    best_face = models.ForeignKey(
        RecognisedFace, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    stranger = models.ForeignKey(
        "review.Stranger", null=True, blank=True, on_delete=models.SET_NULL, related_name="visits"
    )

    settled_as = models.CharField(max_length=10, choices=Settled, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.CharField(max_length=254, blank=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("-id",)
        indexes = [
            models.Index(
                fields=["site", "last_at"], name="visit_open", condition=Q(closed_at=None)
            ),
            models.Index(fields=["changed_at"], name="visit_changed"),
            models.Index(fields=["person", "-first_at"], name="visit_of_person"),
            models.Index(fields=["camera", "-first_at"], name="visit_at_camera"),
            models.Index(
                fields=["-id"],
                name="visit_to_review",
                condition=Q(decision="uncertain", settled_as=""),
            ),
            models.Index(
                fields=["stranger", "first_at"],
                name="visit_of_nobody",
                condition=Q(person=None, stranger=None),
            ),
        ]

    def __str__(self) -> str:
        return f"visit {self.pk}"


class VisitLeg(models.Model):
    """The part of a visit that one camera saw."""

    visit = models.ForeignKey(Visit, on_delete=models.CASCADE, related_name="legs")
    camera = models.ForeignKey("cameras.Camera", on_delete=models.CASCADE, related_name="legs")
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    faces = models.PositiveIntegerField(default=0)
    # Whether the camera's hours have it: a visit may be taken up again, and ends more than once.
    is_counted = models.BooleanField(default=False)

    class Meta:
        ordering = ("first_at", "id")
        constraints = [
            models.UniqueConstraint(fields=["visit", "camera"], name="one_leg_a_visit_and_camera")
        ]

    def __str__(self) -> str:
        return f"{self.visit_id} at {self.camera_id}"


class VisitVector(models.Model):
    """The fused vector of a visit, sealed: by it strangers are grouped and past visits searched.

    It goes when the crops of unknown faces go, and with the person whose it turns out to be.
    """

    visit = models.OneToOneField(
        Visit, primary_key=True, on_delete=models.CASCADE, related_name="vector"
    )
    space = models.ForeignKey("engines.Space", on_delete=models.CASCADE)
    sealed_vector = models.BinaryField()

    def __str__(self) -> str:
        return f"vector of {self.visit_id}"
