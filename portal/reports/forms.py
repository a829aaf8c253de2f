"""Forms of the report pages: what is asked for, keeping, exporting, and periods."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from portal.attendance.words import STATUS_WORDS
from portal.organisation.selectors import visible_departments, visible_sites
from portal.reports.choices import Choices, visible_shifts
from portal.reports.kinds.base import ReportKind
from portal.reports.models import SavedReport
from portal.reports.payroll import HOURS
from portal.reports.services.export import FileKind
from portal.reports.services.payroll import FORMS
from portal.reports.spans import Span

__all__ = ["ChoiceForm", "KeepForm", "LockForm", "PayrollForm", "PeriodForm"]

_STATES = [(word.status, word.label) for word in STATUS_WORDS.values()]


class ChoiceForm(forms.Form):
    """The choices of a kind, as they stand. What it does not take is left out."""

    span = forms.ChoiceField(label="Dates", choices=Span.choices)
    first = forms.DateField(label="From", required=False)
    last = forms.DateField(label="To", required=False)
    site = forms.ChoiceField(label="Site", required=False)
    department = forms.ChoiceField(label="Department", required=False)
    person = forms.CharField(
        label="Person", required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    shift = forms.ChoiceField(label="Shift", required=False)
    status = forms.ChoiceField(label="Status", required=False)

    def __init__(self, kind: ReportKind, choices: Choices, *, person: str = "") -> None:
        super().__init__(
            initial={
                **choices.parameters(),
                "first": choices.first,
                "last": choices.last,
                "person": person or choices.person,
            }
        )
        for name in ("first", "last"):
            self.fields[name].widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
        sites = [(str(site.pk), site.name) for site in visible_sites()]
        departments = [(str(one.pk), one.path) for one in visible_departments()]
        self._offer("site", "All sites", sites if len(sites) > 1 else [])
        self._offer("department", "All departments", departments)
        shifts = [(str(shift.pk), shift.name) for shift in visible_shifts()]
        self._offer("shift", "All shifts", shifts if "shift" in kind.takes else [])
        self._offer("status", "Any status", _STATES if "status" in kind.takes else [])

    def _offer(self, name: str, every: str, choices: list[tuple[str, str]]) -> None:
        if not choices:
            del self.fields[name]
            return
        field: Any = self.fields[name]
        field.choices = [("", every), *choices]


class KeepForm(forms.Form):
    name = forms.CharField(label="Name", max_length=80)
    rhythm = forms.ChoiceField(
        label="Send it by e-mail", choices=SavedReport.Rhythm.choices, required=False
    )
    format = forms.ChoiceField(
        label="As", choices=FileKind.choices, required=False, initial=FileKind.XLSX
    )
    recipients = forms.CharField(
        label="To",
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="One address a line, or with commas between them.",
    )
    reason = forms.CharField(
        label="What are the mails for?",
        required=False,
        max_length=300,
        help_text="Needed where it is mailed. Kept in the audit log.",
    )

    def addresses(self) -> list[str]:
        text = str(self.cleaned_data.get("recipients", ""))
        return text.replace(",", "\n").replace(";", "\n").split()


class PeriodForm(forms.Form):
    """The month before this one is offered."""

    first = forms.DateField(label="First day", widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.DateField(label="Last day", widget=forms.DateInput(attrs={"type": "date"}))
    site = forms.ChoiceField(label="Site", required=False)

    def __init__(self, *args: Any, may_all: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        last = timezone.localdate().replace(day=1) - timedelta(days=1)
        self.initial = {"first": _iso(last.replace(day=1)), "last": _iso(last), **self.initial}
        sites = [(str(site.pk), site.name) for site in visible_sites()]
        field: Any = self.fields["site"]
        field.choices = [("", "All sites"), *sites] if may_all else sites


class LockForm(forms.Form):
    reason = forms.CharField(
        label="Why lock it over open exceptions?",
        required=False,
        max_length=300,
        help_text="Kept in the audit log.",
    )


class PayrollForm(forms.Form):
    form = forms.ChoiceField(
        label="File", choices=list(FORMS.items()), initial=FileKind.XLSX, widget=forms.RadioSelect
    )
    hours = forms.ChoiceField(
        label="Times", choices=list(HOURS.items()), initial="hours", widget=forms.RadioSelect
    )
    reason = forms.CharField(
        label="What is it for?",
        max_length=300,
        help_text="Kept in the audit log, with your name and the number of people.",
    )


def _iso(day: date) -> str:
    return day.isoformat()
