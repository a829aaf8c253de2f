"""Pictures to recognise and the decision about every face in them: the ledger."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from portal.core.fields import VaultKeyField
from portal.core.models import Record

__all__ = ["RecognisedFace", "Recognition"]


class Recognition(Record):
    """One picture on its way: queued → running → done or failed.

    A worker claims rows for the length of a lease; a lease that ran out belongs to a worker that
    died, and the row may be claimed again. ``idempotency_key`` makes a repeated delivery of the
    same snapshot the same row.
    """

    class Source(models.TextChoices):
        UPLOAD = "upload", "Recognise page"
        API = "api", "API"
        CAMERA = "camera", "Camera"

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    source = models.CharField(max_length=10, choices=Source)
    camera = models.ForeignKey(
        "cameras.Camera", null=True, blank=True, on_delete=models.CASCADE, related_name="snapshots"
    )
    job = models.ForeignKey("jobs.Job", null=True, blank=True, on_delete=models.SET_NULL)
    actor_id = models.CharField(max_length=64, blank=True)
    actor_label = models.CharField(max_length=254, blank=True)
    file_name = models.CharField(max_length=200, blank=True)
    picture_key = VaultKeyField(blank=True)
    picture_sha256 = models.CharField(max_length=64)
    idempotency_key = models.CharField(max_length=160, unique=True, null=True, blank=True)
    captured_at = models.DateTimeField()

    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_owner = models.CharField(max_length=120, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)

    width_px = models.PositiveIntegerField(default=0)
    height_px = models.PositiveIntegerField(default=0)
    threshold = models.FloatField(null=True)
    gallery_size = models.PositiveIntegerField(default=0)
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
    timings_ms = models.JSONField(default=dict)
    face_count = models.PositiveSmallIntegerField(default=0)
    error_code = models.CharField(max_length=60, blank=True)
    error_message = models.CharField(max_length=500, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = [
            models.Index(
                fields=["state", "id"],
                name="recognition_waiting",
                condition=Q(state__in=["queued", "running"]),
            ),
            models.Index(fields=["camera", "picture_sha256"], name="recognition_repeat"),
            models.Index(fields=["created_at"], name="recognition_created"),
        ]

    def __str__(self) -> str:
        return f"recognition {self.pk}"

    @property
    def is_finished(self) -> bool:
        return self.state in {self.State.DONE, self.State.FAILED}


class RecognisedFace(models.Model):
    """One face, one decision, with every number that led to it. Append-only.

    ``candidates`` is ``[[person id, score], …]``, best first; names are joined when it is read,
    so that a person who was erased cannot come back from here.
    """

    class Decision(models.TextChoices):
        MATCH = "match", "Match"
        UNCERTAIN = "uncertain", "Uncertain"
        UNKNOWN = "unknown", "Unknown"
        POOR = "poor", "Too poor"
        SPOOF = "spoof", "Spoof"

    id = models.BigAutoField(primary_key=True)
    recognition = models.ForeignKey(Recognition, on_delete=models.CASCADE, related_name="faces")
    position = models.PositiveSmallIntegerField()
    box = models.JSONField()
    landmarks = models.JSONField()
    detector_score = models.FloatField()
    quality = models.JSONField(default=dict)
    decision = models.CharField(max_length=10, choices=Decision)
    reason = models.CharField(max_length=40)
    person = models.ForeignKey(
        "people.Person", null=True, on_delete=models.SET_NULL, related_name="sightings"
    )
    score = models.FloatField(null=True)
    margin = models.FloatField(null=True)
    candidates = models.JSONField(default=list)
    portrait_key = VaultKeyField(blank=True)
    # The aligned crop, kept where the face is a visit's best: from it a template is made anew.
    aligned_key = VaultKeyField(blank=True)
    visit = models.ForeignKey(
        "sightings.Visit", null=True, blank=True, on_delete=models.SET_NULL, related_name="faces"
    )

    class Meta:
        ordering = ("recognition_id", "position")
        constraints = [
            models.UniqueConstraint(fields=["recognition", "position"], name="one_decision_a_face")
        ]

    def __str__(self) -> str:
        return f"face {self.position} of {self.recognition_id}"
