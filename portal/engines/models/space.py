"""Embedding spaces as rows, and which of them decides."""

from __future__ import annotations

from django.db import models

from portal.core.models import Record
from recognition.config import DEFAULT_MODEL
from recognition.contracts import EmbeddingSpace

__all__ = ["Space", "SpaceAdoption"]


class Space(models.Model):
    """An embedding space as a row, so that every template points at the one it belongs to."""

    id = models.CharField(primary_key=True, max_length=16, editable=False)
    model_id = models.CharField(max_length=80)
    weights_sha256 = models.CharField(max_length=64)
    dimension = models.PositiveIntegerField()
    preprocessing = models.CharField(max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.model_id} ({self.id})"

    @property
    def is_shipped(self) -> bool:
        """Whether it is of the model that comes with Gatehouse, the only one of which it is known
        how thresholds follow the number of people enrolled."""
        return self.model_id == DEFAULT_MODEL

    @property
    def contract(self) -> EmbeddingSpace:
        return EmbeddingSpace(
            model_id=self.model_id,
            weights_sha256=self.weights_sha256,
            dimension=self.dimension,
            preprocessing=self.preprocessing,
        )


class SpaceAdoption(Record):
    """From ``created_at`` on faces are recognised in this space; append-only, the newest counts.

    Without any row the shipped model does. ``model`` is the id that the engine is loaded by.
    """

    space = models.ForeignKey(Space, on_delete=models.PROTECT, related_name="adoptions")
    model = models.CharField(max_length=120)
    actor_label = models.CharField(max_length=254, blank=True)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.model} from {self.created_at:%Y-%m-%d}"
