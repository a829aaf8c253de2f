"""Enrolled photos, the templates made of them, and people who look alike."""

from __future__ import annotations

from django.db import models

from portal.core.fields import VaultKeyField
from portal.core.models import Record

__all__ = ["FaceImage", "FaceTemplate", "GalleryState", "LookalikePair"]


class FaceImage(Record):
    """One face of one enrolled photo. The ``*_key`` fields name encrypted blobs in the vault."""

    class Source(models.TextChoices):
        UPLOAD = "upload", "Uploaded"
        WEBCAM = "webcam", "Webcam"
        FOLDER = "folder", "Folder"
        ROSTER = "roster", "Roster"
        LINK = "link", "Sent by the person"
        SIGHTING = "sighting", "Camera picture"

    class State(models.TextChoices):
        ACTIVE = "active", "In use"
        # Kept, but not searched: unlike the person's others, or no longer wanted.
        SET_ASIDE = "set_aside", "Set aside"
        # Deleted, but can be brought back from the journal until that forgets.
        REMOVED = "removed", "Removed"

    class Pose(models.TextChoices):
        FRONT = "front", "Front"
        LEFT = "left", "Left"
        RIGHT = "right", "Right"
        UP = "up", "Up"
        DOWN = "down", "Down"

    person = models.ForeignKey("people.Person", on_delete=models.CASCADE, related_name="images")
    portrait_key = VaultKeyField()
    aligned_key = VaultKeyField()
    source = models.CharField(max_length=10, choices=Source)
    state = models.CharField(max_length=10, choices=State, default=State.ACTIVE)
    state_reason = models.CharField(max_length=200, blank=True)
    pose = models.CharField(max_length=6, choices=Pose, blank=True)
    photo_sha256 = models.CharField(max_length=64)
    file_name = models.CharField(max_length=200, blank=True)
    quality = models.JSONField(default=dict)
    quality_score = models.FloatField(default=0.0)

    class Meta:
        ordering = ("created_at",)
        # Photos are counted for every person of a list.
        indexes = [models.Index(fields=["person", "state"], name="face_of_person")]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "photo_sha256"], name="same_photo_once_per_person"
            )
        ]

    def __str__(self) -> str:
        return f"photo {self.pk} of {self.person_id}"

    @property
    def quality_words(self) -> str:
        eyes_px = self.quality.get("eye_distance_px", 0.0)
        return f"Quality {self.quality_score:.2f}, {eyes_px:.0f} px between the eyes"


class FaceTemplate(Record):
    """A face's vector in one embedding space, sealed (float32, little endian, unit length)."""

    image = models.ForeignKey(FaceImage, on_delete=models.CASCADE, related_name="templates")
    person = models.ForeignKey("people.Person", on_delete=models.CASCADE, related_name="templates")
    space = models.ForeignKey("engines.Space", on_delete=models.PROTECT, related_name="templates")
    sealed_vector = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["image", "space"], name="one_template_per_space")
        ]

    def __str__(self) -> str:
        return f"template {self.pk}"


class GalleryState(models.Model):
    """One row: the revision grows with every change to who can be recognised.

    Workers compare it with the revision of their own index before each search.
    """

    revision = models.PositiveBigIntegerField(default=0)
    changed_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"revision {self.revision}"


class LookalikePair(Record):
    """Two people whose faces are closer than strangers' should be, and what was said of it.

    ``first`` has the smaller id, so that a pair is one row. Siblings and twins are recorded as
    different; a pair that is the same person ends in a merge.
    """

    class Answer(models.TextChoices):
        OPEN = "open", "Not looked at"
        DIFFERENT = "different", "Different people"

    first = models.ForeignKey(
        "people.Person", on_delete=models.CASCADE, related_name="lookalikes_after"
    )
    second = models.ForeignKey(
        "people.Person", on_delete=models.CASCADE, related_name="lookalikes_before"
    )
    space = models.ForeignKey("engines.Space", on_delete=models.CASCADE)
    score = models.FloatField()
    # No longer once their photos are less alike: then only the answer is kept, and nobody is guarded.
    is_alike = models.BooleanField(default=True)
    # So alike that they may be one person, entered twice: somebody is asked. Less than that, both
    # are guarded and nobody need answer.
    wants_answer = models.BooleanField(default=True)
    answer = models.CharField(max_length=10, choices=Answer, default=Answer.OPEN)
    answered_by = models.CharField(max_length=254, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-score",)
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="lookalike_pair_once"),
            models.CheckConstraint(
                condition=models.Q(first__lt=models.F("second")), name="lookalike_pair_ordered"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} and {self.second_id}"
