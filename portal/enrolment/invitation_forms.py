"""Forms of self-enrolment: inviting somebody new, and agreeing behind the link."""

from __future__ import annotations

from django import forms
from django.http import QueryDict

from portal.enrolment.forms import EnrolmentForm
from portal.enrolment.mail import mail_is_set_up
from portal.enrolment.services.join import SIGNER_LENGTH

__all__ = ["AgreementForm", "InviteForm"]


class InviteForm(EnrolmentForm):
    """Somebody who is not in the list yet; they answer for their consent themselves."""

    by_mail = forms.BooleanField(
        required=False, label="Mail the link to this address instead of showing it"
    )

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data, is_covered=True)
        if not mail_is_set_up():
            del self.fields["by_mail"]

    @property
    def is_mailed(self) -> bool:
        return bool(self.cleaned_data.get("by_mail"))


class AgreementForm(forms.Form):
    """``policy`` is the text that was shown; empty where none was ever published."""

    policy = forms.UUIDField(required=False, widget=forms.HiddenInput)
    signer = forms.CharField(
        max_length=SIGNER_LENGTH,
        label="Your full name",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": "Please type your full name."},
    )
    is_guardian = forms.BooleanField(
        required=False, label="I agree for a child, as parent or guardian"
    )
    has_agreed = forms.BooleanField(
        label="I have read the text and agree",
        error_messages={
            "required": "Tick this if you agree. If you do not, choose “I do not want this”."
        },
    )
