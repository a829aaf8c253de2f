"""Forms about leave. Public surface: ``LeaveForm``, ``OwnLeaveForm``, ``TypeForm``,
``LeaveFilter``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Q, QuerySet
from django.http import QueryDict

from portal.core.context import require
from portal.people.models import Person
from portal.people.selectors import within_scope
from portal.schedules.forms.parts import DateInput
from portal.schedules.models import Leave, LeaveType
from portal.schedules.selectors.leave import leave_types
from portal.schedules.services.leave import LeaveAsked

__all__ = ["LeaveFilter", "LeaveForm", "OwnLeaveForm", "TypeForm"]

_LONGEST_SEARCH = 80


class OwnLeaveForm(forms.Form):
    """When, and of which kind. Whose it is, is known."""

    type = forms.ModelChoiceField(
        queryset=LeaveType.objects.none(), label="Kind of leave", empty_label=None
    )
    first = forms.DateField(label="First day of leave", widget=DateInput())
    last = forms.DateField(
        label="Last day of leave",
        widget=DateInput(),
        required=False,
        help_text="The last day on which there is no work. Empty for a single day.",
    )
    part = forms.ChoiceField(
        label="How much of the day",
        choices=Leave.Part.choices,
        initial=Leave.Part.FULL,
        help_text="A half is for a single day.",
    )
    reason = forms.CharField(
        max_length=300,
        required=False,
        label="Remark",
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Whoever decides reads it. Illnesses need not be named.",
    )

    def __init__(
        self, data: QueryDict | None = None, *, initial: dict[str, Any] | None = None
    ) -> None:
        super().__init__(data, initial=initial)
        self.fields["type"].queryset = leave_types()  # type: ignore[attr-defined]

    def asked(self) -> LeaveAsked:
        """Of a form that is valid."""
        first: date = self.cleaned_data["first"]
        return LeaveAsked(
            type_id=self.cleaned_data["type"].pk,
            first=first,
            last=self.cleaned_data["last"] or first,
            part=self.cleaned_data["part"],
            reason=self.cleaned_data["reason"],
        )


class LeaveForm(OwnLeaveForm):
    """The same for somebody whom the actor may ask for, named by code or name."""

    person = forms.CharField(
        max_length=160,
        label="Person",
        help_text="The name or the code, as in the list of people.",
        widget=forms.TextInput(attrs={"list": "leave-people", "autocomplete": "off"}),
    )
    field_order = ["person", "type", "first", "last", "part", "reason"]

    def clean_person(self) -> Person:
        text = self.cleaned_data["person"].strip()
        code = text.rpartition("(")[2].rstrip(")").strip() if text.endswith(")") else text
        known = reachable_people()
        found = list(known.filter(Q(code__iexact=code) | Q(name__iexact=text))[:2])
        if not found:
            raise forms.ValidationError(
                f"Nobody of yours is called “{text}”, and nobody has that code."
            )
        if len(found) > 1:
            raise forms.ValidationError(f"Several people are called “{text}”. Give the code.")
        return found[0]


def reachable_people() -> QuerySet[Person]:
    """Whom the actor may ask for, by name."""
    scope = require("attendance.request").scope
    here = (Person.Status.ACTIVE, Person.Status.SUSPENDED)
    return Person.objects.filter(within_scope(scope), status__in=here).order_by("name", "code")


class TypeForm(forms.Form):
    name = forms.CharField(max_length=60, label="Name")
    is_paid = forms.BooleanField(required=False, initial=True, label="Paid")

    def __init__(self, data: QueryDict | None = None, *, kind: LeaveType | None = None) -> None:
        initial = {"name": kind.name, "is_paid": kind.is_paid} if kind is not None else None
        super().__init__(data, initial=initial)


@dataclass(frozen=True, slots=True)
class LeaveFilter:
    """What the list is narrowed to; what cannot be understood narrows nothing."""

    text: str = ""
    state: str = ""
    type_id: UUID | None = None
    since: date | None = None
    until: date | None = None

    @classmethod
    def read(cls, query: QueryDict) -> LeaveFilter:
        state = query.get("state", "")
        return cls(
            text=query.get("q", "").strip()[:_LONGEST_SEARCH],
            state=state if state in Leave.State.values else "",
            type_id=_uuid(query.get("type", "")),
            since=_date(query.get("since", "")),
            until=_date(query.get("until", "")),
        )

    def narrow(self, leaves: QuerySet[Leave]) -> QuerySet[Leave]:
        condition = Q()
        if self.text:
            condition &= Q(person__name__icontains=self.text) | Q(person__code__icontains=self.text)
        if self.state:
            condition &= Q(state=self.state)
        if self.type_id is not None:
            condition &= Q(type=self.type_id)
        if self.since is not None:
            condition &= Q(last__gte=self.since)
        if self.until is not None:
            condition &= Q(first__lte=self.until)
        return leaves.filter(condition)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
