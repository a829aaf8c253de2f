"""How many submissions wait, for the tabs of the people's pages; the steps behind a link."""

from django import template

from portal.core.context import current_actor
from portal.enrolment.invitations import waiting_count
from portal.enrolment.mail import mail_is_set_up

register = template.Library()


@register.simple_tag
def waiting_submissions() -> int:
    """0 for whoever does not answer them."""
    return waiting_count() if current_actor().may("people.manage") else 0


@register.simple_tag
def may_mail() -> bool:
    """Whether a mail server is set up."""
    return mail_is_set_up()


@register.inclusion_tag("join/_steps.html")
def join_steps(step: int) -> dict[str, object]:
    """The three steps behind a link, of which ``step`` is the present one."""
    return {"steps": [(1, "Agree"), (2, "Photos"), (3, "Send")], "step": step}
