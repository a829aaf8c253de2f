"""Decision rules as they were saved, and which of them is in force: nothing is ever overwritten."""

from __future__ import annotations

from django.db import models

from portal.core.models import Record
from portal.engines.models.space import Space

__all__ = ["DecisionRule", "RuleAdoption", "RuleProposal"]


class DecisionRule(Record):
    """One saved version of the threshold and what goes with it. Never changed once it is made.

    ``threshold`` was chosen for ``gallery_size`` people. Where it ``follows_gallery`` it moves with
    the number of people enrolled along the model's curve, so that the share of strangers who are
    named (``stranger_rate``, an FPIR) stays; that curve is known of the shipped model alone, so
    ``moves_with_gallery`` says whether it does. ``wish`` is what was asked for in words, ``evidence``
    the figures that were on the page when it was saved: counts, intervals, where they came from.
    """

    class Origin(models.TextChoices):
        CALIBRATED = "calibrated", "Calibrated"
        BY_HAND = "by_hand", "By hand"
        MODEL_SWITCH = "model_switch", "With a new model"

    number = models.PositiveIntegerField(unique=True)
    space = models.ForeignKey(Space, on_delete=models.PROTECT, related_name="rules")
    origin = models.CharField(max_length=12, choices=Origin)
    threshold = models.FloatField()
    gallery_size = models.PositiveIntegerField()
    follows_gallery = models.BooleanField(default=True)
    stranger_rate = models.FloatField()
    grey_band = models.FloatField()
    min_margin = models.FloatField()
    wish = models.JSONField(default=dict)
    evidence = models.JSONField(default=dict)
    reason = models.CharField(max_length=500)
    author_id = models.CharField(max_length=64, blank=True)
    author_label = models.CharField(max_length=254, blank=True)

    class Meta:
        ordering = ("-number",)

    def __str__(self) -> str:
        return f"rule {self.number}"

    @property
    def moves_with_gallery(self) -> bool:
        return self.follows_gallery and self.space.is_shipped


class RuleAdoption(Record):
    """From ``created_at`` on this rule decides in its space; append-only, the newest counts."""

    class Cause(models.TextChoices):
        SAVED = "saved", "Saved"
        APPROVED = "approved", "Approved by a second person"
        WENT_BACK = "went_back", "Went back"
        SWITCHED = "switched", "With the model"

    # None is "no rule": the shipped one, which follows the operator's setting.
    rule = models.ForeignKey(
        DecisionRule, null=True, on_delete=models.PROTECT, related_name="adoptions"
    )
    space = models.ForeignKey(Space, on_delete=models.PROTECT, related_name="rule_adoptions")
    cause = models.CharField(max_length=10, choices=Cause)
    actor_id = models.CharField(max_length=64, blank=True)
    actor_label = models.CharField(max_length=254, blank=True)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.rule} from {self.created_at:%Y-%m-%d}"


class RuleProposal(Record):
    """A rule that waits for a second person, where the operator asks for two."""

    class State(models.TextChoices):
        OPEN = "open", "Waits for a second person"
        APPROVED = "approved", "Approved"
        REFUSED = "refused", "Refused"
        WITHDRAWN = "withdrawn", "Withdrawn"

    rule = models.OneToOneField(DecisionRule, on_delete=models.PROTECT, related_name="proposal")
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    answered_by_id = models.CharField(max_length=64, blank=True)
    answered_by = models.CharField(max_length=254, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"proposal of {self.rule}"
