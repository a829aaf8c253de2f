"""The way from one embedding model to another, and what the new one would have said meanwhile."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from portal.core.models import Record

__all__ = ["EmbeddingFailure", "ModelSwitch", "ShadowFace"]


class ModelSwitch(Record):
    """preparing → shadow → cut_over → (rolled_back); or cancelled, or failed. One at a time.

    While it is prepared and in shadow the old model decides alone. A photo whose crop could not be
    embedded counts as failed, and the people who would have no template left are told.
    """

    class State(models.TextChoices):
        PREPARING = "preparing", "Being prepared"
        SHADOW = "shadow", "In shadow"
        CUT_OVER = "cut_over", "In use"
        ROLLED_BACK = "rolled_back", "Taken back"
        CANCELLED = "cancelled", "Cancelled"
        FAILED = "failed", "Failed"

    job = models.ForeignKey(
        "jobs.Job", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    model = models.CharField(max_length=120)
    from_model = models.CharField(max_length=120)
    from_space = models.ForeignKey(
        "engines.Space", null=True, on_delete=models.PROTECT, related_name="+"
    )
    to_space = models.ForeignKey(
        "engines.Space", null=True, on_delete=models.PROTECT, related_name="+"
    )
    state = models.CharField(max_length=12, choices=State, default=State.PREPARING)
    photos = models.PositiveIntegerField(default=0)
    embedded = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True)
    rule = models.ForeignKey(
        "engines.DecisionRule", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    actor_label = models.CharField(max_length=254, blank=True)
    shadow_at = models.DateTimeField(null=True, blank=True)
    cut_over_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(
                models.Value(1),
                condition=Q(state__in=["preparing", "shadow"]),
                name="one_switch_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"{self.from_model} to {self.model}"


class ShadowFace(models.Model):
    """What the new model would have decided about a face of the ledger; nobody was told."""

    switch = models.ForeignKey(ModelSwitch, on_delete=models.CASCADE, related_name="faces")
    face = models.ForeignKey(
        "sightings.RecognisedFace", on_delete=models.CASCADE, related_name="shadows"
    )
    decision = models.CharField(max_length=10)
    reason = models.CharField(max_length=40)
    person = models.ForeignKey(
        "people.Person", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    score = models.FloatField(null=True)
    margin = models.FloatField(null=True)
    threshold = models.FloatField()
    candidates = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["switch", "face"], name="one_shadow_a_face")]

    def __str__(self) -> str:
        return f"shadow of {self.face_id}"


class EmbeddingFailure(Record):
    """A photo that has no template in a space, and why; forgotten when that model is prepared
    again."""

    image = models.ForeignKey(
        "people.FaceImage", on_delete=models.CASCADE, related_name="embedding_failures"
    )
    space = models.ForeignKey("engines.Space", on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=200)

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(fields=["image", "space"], name="one_failure_a_space")
        ]

    def __str__(self) -> str:
        return f"{self.image_id} in {self.space_id}"
