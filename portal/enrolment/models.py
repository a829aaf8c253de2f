"""An enrolment in the making: its photos, the faces found in them, the verdict about each."""

from __future__ import annotations

from django.db import models

from portal.core.fields import VaultKeyField
from portal.core.models import Record
from portal.people.models import FaceImage

__all__ = ["Enrolment", "EnrolmentFace", "EnrolmentPhoto", "Invitation"]


class Enrolment(Record):
    """A draft until it is confirmed; a draft that is left alone is deleted by the nightly purge."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        # Sent in by the person; an administrator approves it or sends it back.
        SUBMITTED = "submitted", "Waits for approval"
        CONFIRMED = "confirmed", "Confirmed"
        CANCELLED = "cancelled", "Cancelled"

    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    # Set from the start when photos are added to somebody who is known already.
    person = models.ForeignKey(
        "people.Person", null=True, blank=True, on_delete=models.CASCADE, related_name="enrolments"
    )
    created_by = models.CharField(max_length=254, blank=True)
    # Seals the draft's pictures; becomes the person's with the confirmation.
    data_key = models.ForeignKey(
        "core.DataKey", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # Whom the face resembles too much, and what was said of it: until then nothing is confirmed.
    lookalike = models.ForeignKey(
        "people.Person", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    lookalike_score = models.FloatField(null=True, blank=True)
    is_lookalike_answered = models.BooleanField(default=False)
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"enrolment {self.pk}"


class EnrolmentPhoto(Record):
    class State(models.TextChoices):
        QUEUED = "queued", "Waiting"
        EXAMINED = "examined", "Examined"
        FAILED = "failed", "Could not be read"

    class Verdict(models.TextChoices):
        PENDING = "pending", "Being examined"
        USABLE = "usable", "Good"
        NO_FACE = "no_face", "No face found"
        SEVERAL_FACES = "several_faces", "More than one face"
        POOR = "poor", "Not good enough"
        OTHER_PERSON = "other_person", "Already somebody else"
        UNLIKE = "unlike", "Unlike the others"
        REPEATED = "repeated", "Nearly the same as another"
        UNREADABLE = "unreadable", "Not a readable picture"

    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="photos")
    photo_key = VaultKeyField(blank=True)
    photo_sha256 = models.CharField(max_length=64)
    file_name = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=10, choices=FaceImage.Source)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    verdict = models.CharField(max_length=16, choices=Verdict, default=Verdict.PENDING)
    message = models.CharField(max_length=500, blank=True)
    width_px = models.PositiveIntegerField(default=0)
    height_px = models.PositiveIntegerField(default=0)
    chosen = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        ordering = ("created_at",)
        constraints = [
            models.UniqueConstraint(
                fields=["enrolment", "photo_sha256"], name="same_photo_once_per_enrolment"
            )
        ]

    def __str__(self) -> str:
        return self.file_name or str(self.pk)

    @property
    def badge_state(self) -> str:
        """The design system's state for the verdict."""
        return {
            self.Verdict.PENDING: "processing",
            self.Verdict.USABLE: "accepted",
            self.Verdict.SEVERAL_FACES: "warning",
        }.get(self.Verdict(self.verdict), "rejected")

    @property
    def chosen_face(self) -> EnrolmentFace | None:
        """Among the prefetched faces, the one that is meant."""
        return next((f for f in self.faces.all() if f.position == self.chosen), None)


class EnrolmentFace(models.Model):
    """A face found in a photo; kept until the enrolment ends, so that another may be picked."""

    photo = models.ForeignKey(EnrolmentPhoto, on_delete=models.CASCADE, related_name="faces")
    position = models.PositiveSmallIntegerField()
    box = models.JSONField()
    quality = models.JSONField(default=dict)
    issues = models.JSONField(default=list)
    pose = models.CharField(max_length=6, choices=FaceImage.Pose, blank=True)
    portrait_key = VaultKeyField()
    aligned_key = VaultKeyField()
    space = models.ForeignKey("engines.Space", on_delete=models.PROTECT)
    sealed_vector = models.BinaryField()
    nearest = models.ForeignKey("people.Person", null=True, on_delete=models.SET_NULL)
    nearest_score = models.FloatField(null=True)
    is_somebody_else = models.BooleanField(default=False)

    class Meta:
        ordering = ("position",)
        constraints = [
            models.UniqueConstraint(fields=["photo", "position"], name="face_position_once")
        ]

    def __str__(self) -> str:
        return f"face {self.position} of {self.photo_id}"


class Invitation(Record):
    """A link by which somebody enrols themselves: single use, short life, only its digest kept."""

    # Whose photos these will be; the person exists from the start, without any.
    person = models.ForeignKey(
        "people.Person", on_delete=models.CASCADE, related_name="invitations"
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_by = models.CharField(max_length=254, blank=True)
    expires_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    enrolment = models.OneToOneField(
        Enrolment, null=True, blank=True, on_delete=models.SET_NULL, related_name="invitation"
    )

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"invitation {self.pk}"
