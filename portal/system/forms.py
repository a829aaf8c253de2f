"""What the audit log can be narrowed by."""

from __future__ import annotations

from datetime import date

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import QueryDict

from portal.system.audit_log import AuditQuery, known_actions

__all__ = ["AuditForm"]

_LOOK = {"class": "c-input"}
_TEXT = forms.TextInput(attrs=_LOOK)
_DAY = forms.DateInput(attrs={**_LOOK, "type": "date"})
# The first and the last year of the calendar have no day before and no day after.
_YEARS = [MinValueValidator(date(1970, 1, 1)), MaxValueValidator(date(2999, 12, 31))]


class AuditForm(forms.Form):
    actor = forms.CharField(max_length=120, required=False, label="Who did it", widget=_TEXT)
    action = forms.ChoiceField(required=False, label="What", widget=forms.Select(attrs=_LOOK))
    person = forms.CharField(
        max_length=120, required=False, label="To whom (name or code)", widget=_TEXT
    )
    since = forms.DateField(required=False, label="From", widget=_DAY, validators=_YEARS)
    until = forms.DateField(required=False, label="To", widget=_DAY, validators=_YEARS)

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        self.fields["action"].choices = [  # type: ignore[attr-defined]
            ("", "Anything"),
            *((action, action.replace("_", " ").replace(".", " › ")) for action in known_actions()),
        ]

    def query(self) -> AuditQuery:
        """What was typed and can be read; the rest narrows nothing, and is said at its field."""
        self.is_valid()
        return AuditQuery(**{name: value for name, value in self.cleaned_data.items() if value})
