"""The public notice, and the consent text that is proposed where none was published yet."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from portal.people.consents import text_in_force
from portal.people.models import PolicyText
from portal.privacy.models import Notice
from portal.privacy.selectors.retention import Rule, retention

__all__ = ["NoticeView", "default_text", "notice"]

_PURPOSES = "To recognise people at doors and to note when they come and go."


@dataclass(frozen=True, slots=True)
class NoticeView:
    """Everything that the public page says."""

    controller: str
    contact: str
    purposes: tuple[str, ...]
    rules: tuple[Rule, ...]
    text: PolicyText | None

    @property
    def is_complete(self) -> bool:
        """Whoever reads the page must learn whom to ask."""
        return bool(self.contact)


def notice() -> NoticeView:
    """Public: holds nothing about any person."""
    row = Notice.objects.first()
    purposes = (row.purposes if row else "").strip() or _PURPOSES
    return NoticeView(
        controller=(row.controller if row else "") or settings.SITE_NAME,
        contact=row.contact if row else "",
        purposes=tuple(line.strip() for line in purposes.splitlines() if line.strip()),
        rules=tuple(retention()),
        text=text_in_force(),
    )


def default_text() -> str:
    """A consent text to start from, with this installation's own numbers. Nothing publishes it
    unasked: whoever answers for the data reads and changes it first."""
    view = notice()
    days = {rule.clock.category: rule.words for rule in view.rules}
    contact = view.contact or "the office named on the notice at the entrance"
    purposes = "\n".join(f"- {purpose}" for purpose in view.purposes)
    return _DEFAULT.format(
        controller=view.controller,
        contact=contact,
        purposes=purposes,
        pictures=days["pictures"],
        unknown=days["unknown_crops"],
        results=days["results"],
        left=days["left"],
        idle=days["idle"],
    )


_DEFAULT = """\
I agree that {controller} keeps photographs of my face and makes templates of them (numbers that \
describe a face), and that cameras and devices of {controller} compare the faces they see with \
these templates.

What it is for
{purposes}

What is kept
- Photographs of my face and the templates made of them, encrypted, on {controller}'s own server. \
They are not sold, not given to anybody else and not used for anything but the purposes above.
- When and where I was recognised.

How long
- My photographs and templates: until I withdraw this consent, at the latest {left} after I leave \
and {idle} after I was last seen.
- Pictures of cameras: {pictures}. Faces that were not recognised: {unknown}. Results: {results}.

What I may do
- I may refuse, and I may withdraw this consent at any time without giving a reason. My photographs \
and templates are then deleted at once and no camera recognises me any more.
- Without this consent I am given a PIN or a QR code instead, and I have no disadvantage from it.
- I may ask what is kept of me, have it corrected or erased, and be given a copy.
- I may complain to the data protection authority.

Whom to ask: {contact}

For a child a parent or guardian agrees.
"""
