"""How the enrolment page words a verdict."""

from django import template

from portal.enrolment.models import EnrolmentPhoto
from portal.enrolment.verdicts import somebody_else

register = template.Library()


@register.filter
def verdict_words(photo: EnrolmentPhoto) -> str:
    """The stored message, with the name of the other person as it is at this moment."""
    face = photo.chosen_face
    if photo.verdict == photo.Verdict.OTHER_PERSON and face is not None and face.nearest:
        return somebody_else(face.nearest.name, face.nearest_score)
    return photo.message or "Being examined…"
