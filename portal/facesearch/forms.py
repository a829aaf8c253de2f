"""The one form: why, and which face."""

from __future__ import annotations

from django import forms

from portal.facesearch.services import SHORTEST_REASON

__all__ = ["SearchForm"]


class SearchForm(forms.Form):
    reason = forms.CharField(
        label="Reason",
        min_length=SHORTEST_REASON,
        max_length=300,
        help_text="Why you search, for example “Bag left in the lobby, report 118”. It is kept in "
        "the audit log with your name.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    photo = forms.FileField(required=False, label="Photo")
    visit = forms.UUIDField(required=False, widget=forms.HiddenInput)
    stranger = forms.UUIDField(required=False, widget=forms.HiddenInput)
