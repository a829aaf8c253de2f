"""An enrolment in the making: its photos, the faces found in them, the verdict about each."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from portal.core.fields import VaultKeyField
from portal.core.models import Record
from portal.people.models import FaceImage

__all__ = ["Enrolment", "EnrolmentFace", "EnrolmentPhoto", "Frame", "Invitation", "Likeness"]


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
    # Somebody looked and said that it is this person, though it is unlike the other photos.
    is_vouched = models.BooleanField(default=False)

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
            self.Verdict.OTHER_PERSON: "warning",
            self.Verdict.UNLIKE: "warning",
            self.Verdict.REPEATED: "duplicate",
        }.get(self.Verdict(self.verdict), "rejected")

    @property
    def badge_label(self) -> str:
        """The verdict in so few words that a badge on the picture holds them."""
        return {
            self.Verdict.OTHER_PERSON: "Known already",
            self.Verdict.REPEATED: "Repeated",
        }.get(self.Verdict(self.verdict), self.get_verdict_display())

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

    class Meta:
        ordering = ("position",)
        constraints = [
            models.UniqueConstraint(fields=["photo", "position"], name="face_position_once")
        ]

    def __str__(self) -> str:
        return f"face {self.position} of {self.photo_id}"

    @property
    def open_likeness(self) -> Likeness | None:
        """Among the prefetched ones the strongest that nobody answered yet."""
        return next((like for like in self.likenesses.all() if not like.is_different), None)


class Likeness(models.Model):
    """A person of the gallery whom this face would be taken for, by the rule in force then.

    Stops the enrolment until somebody answers: the same person, or a different one.
    """

    face = models.ForeignKey(EnrolmentFace, on_delete=models.CASCADE, related_name="likenesses")
    person = models.ForeignKey("people.Person", on_delete=models.CASCADE, related_name="+")
    score = models.FloatField()
    threshold = models.FloatField()
    is_different = models.BooleanField(default=False)
    answered_by = models.CharField(max_length=254, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-score",)
        constraints = [
            models.UniqueConstraint(fields=["face", "person"], name="likeness_of_a_person_once")
        ]

    def __str__(self) -> str:
        return f"likeness of {self.face_id} to {self.person_id}"


class Frame(Record):
    """One picture of a webcam that somebody is being coached or tested with.

    The picture goes as soon as it was looked at, the row when its result was read or was not
    asked for in time: neither is a sighting, and nothing of either is kept.
    """

    class Purpose(models.TextChoices):
        COACH = "coach", "Coaching"
        WALK_PAST = "walk_past", "Walk-past test"

    purpose = models.CharField(max_length=10, choices=Purpose)
    # Exactly one of the two: the draft that is coached, or the person who is tested.
    enrolment = models.ForeignKey(
        Enrolment, null=True, on_delete=models.CASCADE, related_name="frames"
    )
    person = models.ForeignKey(
        "people.Person", null=True, on_delete=models.CASCADE, related_name="+"
    )
    created_by = models.CharField(max_length=254, blank=True)
    picture_key = VaultKeyField(blank=True)
    # Measurements or decisions: numbers and ids, None until the worker answered.
    result = models.JSONField(null=True)

    class Meta:
        ordering = ("created_at",)
        constraints = [
            models.CheckConstraint(
                condition=models.Q(enrolment=None) ^ models.Q(person=None),
                name="frame_of_a_draft_or_a_person",
            )
        ]

    def __str__(self) -> str:
        return f"frame {self.pk}"


class Invitation(Record):
    """A link by which somebody enrols themselves: single use, short life, only its digest kept."""

    class Mail(models.TextChoices):
        NONE = "", "Not mailed"
        WAITING = "waiting", "Waits to be mailed"
        SENT = "sent", "Mailed"
        FAILED = "failed", "Could not be mailed"

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
    mail = models.CharField(max_length=8, choices=Mail, default=Mail.NONE, blank=True)
    # What was agreed to on the page; becomes the person's consent with the approval.
    policy = models.ForeignKey(
        "people.PolicyText", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    signer = models.CharField(max_length=120, blank=True)
    consent_address = models.CharField(max_length=64, blank=True)
    consented_at = models.DateTimeField(null=True, blank=True)
    # "I do not want this", and when an administrator took note of it.
    refused_at = models.DateTimeField(null=True, blank=True)
    noted_at = models.DateTimeField(null=True, blank=True)
    declined_at = models.DateTimeField(null=True, blank=True)
    # What the administrator who sent it back asks for.
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"invitation {self.pk}"

    @property
    def state(self) -> str:
        """One word for lists: how it ended, else how far it came."""
        draft, now = self.enrolment, timezone.now()
        is_enrolled = draft is not None and draft.state == Enrolment.State.CONFIRMED
        ways = (
            ("refused", self.refused_at is not None),
            ("declined", self.declined_at is not None),
            ("revoked", self.revoked_at is not None),
            ("approved", is_enrolled),
            ("submitted", self.used_at is not None and draft is not None),
            # What was sent in and not answered in time was deleted.
            ("expired", self.used_at is not None or self.expires_at <= now),
            ("opened", self.opened_at is not None),
        )
        return next((word for word, is_so in ways if is_so), "sent")
