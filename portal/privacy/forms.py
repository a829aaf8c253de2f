"""Forms about consent and retention."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.html import format_html

from portal.people.models import Consent, PolicyText
from portal.people.services.consent import MAX_EVIDENCE_BYTES
from portal.privacy.clocks import LONGEST_DAYS
from portal.privacy.selectors import Rule

__all__ = ["ConsentForm", "ErasureForm", "NoticeForm", "RetentionForm", "TextForm", "evidence_type"]

_KINDS = {b"%PDF": "application/pdf", b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png"}


def evidence_type(content: bytes) -> str | None:
    """The media type that the first bytes tell of; None for anything that is no scan."""
    return next((kind for magic, kind in _KINDS.items() if content.startswith(magic)), None)


class RetentionForm(forms.Form):
    """One whole number per category that can be changed."""

    def __init__(self, rules: list[Rule], data: QueryDict | None = None) -> None:
        super().__init__(data)
        for rule in rules:
            if not rule.clock.is_fixed:
                self.fields[rule.clock.category] = forms.IntegerField(
                    label=f"Days: {rule.clock.title}",
                    min_value=1,
                    max_value=LONGEST_DAYS,
                    initial=rule.days,
                    widget=forms.NumberInput(attrs={"inputmode": "numeric", "class": "c-input"}),
                )

    def days(self) -> dict[str, int]:
        return dict(self.cleaned_data)


class NoticeForm(forms.Form):
    """What the public page says about who, whom to ask and what for."""

    controller = forms.CharField(
        max_length=200,
        label="Who answers for the data",
        help_text="The full name of your organisation.",
    )
    contact = forms.CharField(
        max_length=300,
        label="Whom to ask",
        help_text="An address, a telephone number or an e-mail address that somebody reads.",
    )
    purposes = forms.CharField(
        max_length=2000,
        label="What faces are used for",
        help_text="One purpose a line.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class TextForm(forms.Form):
    """A new version of the consent text."""

    title = forms.CharField(max_length=120, label="Title", initial="Consent to face recognition")
    body = forms.CharField(
        max_length=20_000,
        strip=False,
        label="Text",
        help_text="Plain text. People are shown exactly this, and it can never be changed after.",
        widget=forms.Textarea(attrs={"rows": 24}),
    )
    term_days = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=LONGEST_DAYS,
        label="Days a consent lasts",
        help_text="After this many days templates and photos are removed unless the person agreed "
        "again. Empty: until it is withdrawn.",
    )


class ConsentForm(forms.Form):
    """A consent that was given on paper or by word of mouth."""

    basis = forms.ChoiceField(choices=Consent.Basis, label="Basis")
    method = forms.ChoiceField(
        choices=[
            (Consent.Method.PAPER, Consent.Method.PAPER.label),
            (Consent.Method.RECORDED, Consent.Method.RECORDED.label),
        ],
        label="How it was given",
    )
    signer = forms.CharField(
        max_length=120,
        required=False,
        label="Who signed",
        help_text="Only where that was not the person: the parent or guardian of a child.",
    )
    evidence = forms.FileField(
        required=False,
        label="Scan",
        help_text="The signed sheet as PDF, JPEG or PNG. Stored with the person's own key.",
        widget=forms.FileInput(attrs={"accept": "application/pdf,image/jpeg,image/png"}),
    )
    has_read = forms.BooleanField(label="The person was shown the text in force and agreed")

    def __init__(self, text: PolicyText | None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if text is None:
            self.fields["has_read"].label = "The person was told what is kept, and agreed"

    def clean_evidence(self) -> bytes:
        upload = self.cleaned_data["evidence"]
        if upload is None:
            return b""
        if upload.size > MAX_EVIDENCE_BYTES:
            raise forms.ValidationError(
                f"The scan has {upload.size / 2**20:.0f} MB; at most "
                f"{MAX_EVIDENCE_BYTES // 2**20} are taken."
            )
        content: bytes = upload.read()
        if evidence_type(content) is None:
            raise forms.ValidationError("This is neither a PDF nor a JPEG or PNG picture.")
        return content


class ErasureForm(forms.Form):
    """The reason, and the code typed again."""

    reason = forms.CharField(
        max_length=500,
        label="Reason",
        help_text="It stands on the certificate and in the audit log. Leave names out of it.",
    )
    code = forms.CharField(max_length=40, label="Type the code to confirm")

    def __init__(self, code: str, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self._code = code
        # Help is taken as HTML, and a code may hold any character.
        self.fields["code"].help_text = format_html("The code is {}.", code)
        self.fields["code"].widget.attrs["autocomplete"] = "off"

    def clean_code(self) -> str:
        typed: str = self.cleaned_data["code"].strip()
        if typed != self._code:
            raise forms.ValidationError(f"This is not the code. Expected {self._code}.")
        return typed
