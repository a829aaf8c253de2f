"""What the forms of plans share: from when on, why, and that a look into the past was seen.

Public surface: ``DateInput``, ``TimeInput``, ``ChangeForm``, ``add_error_of``, ``need``.
"""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Final

from django import forms
from django.http import QueryDict
from django.utils import timezone

from portal.core.errors import DomainError

__all__ = ["ChangeForm", "DateInput", "TimeInput", "add_error_of", "need"]

# Not part of what is to be done.
_ASIDE: Final = {"csrfmiddlewaretoken", "confirmed"}
# Dates beyond them are slips of the pen.
_EARLIEST: Final = date(1990, 1, 1)
_LATEST: Final = date(2100, 1, 1)


class DateInput(forms.DateInput):
    def __init__(self) -> None:
        super().__init__(attrs={"type": "date"}, format="%Y-%m-%d")


class TimeInput(forms.TimeInput):
    def __init__(self) -> None:
        super().__init__(attrs={"type": "time"}, format="%H:%M")


class ChangeForm(forms.Form):
    """A form of something that may reach into the past, which is said before it is done."""

    confirmed = forms.CharField(required=False, widget=forms.HiddenInput)

    @property
    def fingerprint(self) -> str:
        """Of what is to be done, so that a confirmation counts for that and nothing else."""
        data = self.data
        items = [
            (name, data.getlist(name) if isinstance(data, QueryDict) else [data[name]])
            for name in sorted(data)
            if name not in _ASIDE
        ]
        return hashlib.sha256(repr(items).encode()).hexdigest()[:32]

    @property
    def is_confirmed(self) -> bool:
        return self.cleaned_data.get("confirmed") == self.fingerprint

    def begins(self) -> date:
        """The first date that it touches, of a form that is valid."""
        raise NotImplementedError

    @property
    def reaches_back(self) -> bool:
        return self.begins() < timezone.localdate()

    def clean_date(self, name: str) -> date | None:
        found: date | None = self.cleaned_data.get(name)
        if found is not None and not _EARLIEST <= found <= _LATEST:
            raise forms.ValidationError(
                f"{found:%-d %B %Y} cannot be meant. Give a date between "
                f"{_EARLIEST:%Y} and {_LATEST:%Y}."
            )
        return found


def need(form: forms.Form, choice: str, value: str, *names: str) -> None:
    """These fields have to be filled in where ``choice`` is ``value``; the page shows them then."""
    is_chosen = not form.is_bound or form.data.get(choice, "") == value
    for name in names:
        form.fields[name].required = is_chosen


def add_error_of(form: forms.Form, error: DomainError) -> None:
    """At the field that it names, else above the form."""
    field = str(error.data.get("field", ""))
    form.add_error(field if field in form.fields else None, error.message)
