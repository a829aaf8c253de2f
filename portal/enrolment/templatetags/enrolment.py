"""How the enrolment's pages word verdicts and angles, and where in the wizard one stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import template
from django.urls import reverse

from portal.core.context import current_actor
from portal.enrolment.coach import ANGLE_WORDS
from portal.enrolment.models import EnrolmentPhoto
from portal.enrolment.selectors import DraftView
from portal.enrolment.verdicts import about_angles, somebody_else
from portal.people.selectors import is_within

register = template.Library()

_STEPS = (
    ("photos", "Photos", "enrolment:draft"),
    ("check", "Check", "enrolment:check"),
    ("lookalikes", "Look-alikes", "enrolment:lookalikes"),
    ("confirm", "Confirm", "enrolment:confirm"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """``state`` is done, current or todo; without ``url`` it cannot be gone to yet."""

    name: str
    state: str
    url: str


@register.inclusion_tag("enrolment/_steps.html")
def enrol_steps(draft: DraftView, current: str) -> dict[str, list[Step]]:
    """The four steps. Those behind can always be gone back to."""
    keys = [key for key, _, _ in _STEPS]
    here = keys.index(current)
    ahead = {
        "check": bool(draft.photos),
        "lookalikes": bool(draft.photos),
        "confirm": draft.can_go_on and not draft.stopped,
    }
    return {
        "steps": [
            Step(
                name,
                "current" if number == here else "done" if number < here else "todo",
                reverse(view, args=[draft.enrolment.pk]) if number < here or ahead.get(key) else "",
            )
            for number, (key, name, view) in enumerate(_STEPS)
        ]
    }


@register.filter
def verdict_words(photo: EnrolmentPhoto) -> str:
    """The stored message, with the name of the other person as it is at this moment."""
    face = photo.chosen_face
    likeness = face.open_likeness if face is not None else None
    if photo.verdict == photo.Verdict.OTHER_PERSON and likeness is not None:
        is_shown = is_within(current_actor().scope, likeness.person)
        name = likeness.person.name if is_shown else "somebody of another site"
        return somebody_else(name, likeness.score)
    return photo.message or "Being examined…"


@register.filter
def used_words(draft: DraftView) -> str:
    """ "3 of 4 photos will be used"."""
    count = len(draft.photos)
    if draft.usable == count:
        return "The photo will be used" if count == 1 else f"All {count} photos will be used"
    return f"{draft.usable} of {count} photos will be used"


@register.filter
def angle_words(draft: DraftView) -> str:
    return about_angles(draft.present, draft.missing)


@register.simple_tag
def coach_angles() -> list[tuple[Any, str]]:
    return list(ANGLE_WORDS.items())
