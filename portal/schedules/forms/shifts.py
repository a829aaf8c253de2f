"""The forms of shifts: what they are called, and when they are worked."""

from __future__ import annotations

from datetime import date, time
from typing import Any, Final
from uuid import UUID

from django import forms
from django.http import QueryDict
from django.utils import timezone

from portal.core.context import current_actor
from portal.organisation.selectors import visible_sites
from portal.schedules.forms.parts import ChangeForm, DateInput, TimeInput, need
from portal.schedules.models import Shift, ShiftVersion, WorkPolicy
from portal.schedules.selectors.shifts import visible_policies
from portal.schedules.services.shifts import ShiftHours, ShiftLook
from portal.schedules.starters import StarterShift

__all__ = ["HoursForm", "LookForm", "ShiftForm"]

_DAYS: Final = [
    (str(n), name) for n, name in enumerate(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"))
]
_NO_TIME: Final = {
    "invalid": (
        "This is no time of day. Give one from 00:00 to 23:59. A shift lasts at most 24 hours: "
        "longer work is two shifts."
    )
}


class LookForm(forms.Form):
    """What a shift is called and shown by."""

    name = forms.CharField(max_length=60, label="Name", help_text="For example “Night”.")
    code = forms.CharField(
        max_length=4, label="Code", help_text="One to four letters, for the cells of a roster."
    )
    colour = forms.ChoiceField(
        choices=Shift.Colour.choices, widget=forms.RadioSelect, label="Colour", initial="blue"
    )
    site = forms.ChoiceField(required=False, label="Of use at")

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        shift: Shift | None = None,
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial={**(initial or {}), **_look(shift)})
        sites = [(str(site.pk), site.name) for site in visible_sites().order_by("name")]
        is_limited = current_actor().scope.site_ids is not None
        choices = sites if is_limited else [("", "Every site"), *sites]
        self.fields["site"].choices = choices  # type: ignore[attr-defined]

    def look(self) -> ShiftLook:
        """Of a form that is valid."""
        cleaned = self.cleaned_data
        return ShiftLook(
            name=cleaned["name"],
            code=cleaned["code"],
            colour=cleaned["colour"],
            site_id=UUID(cleaned["site"]) if cleaned["site"] else None,
        )


class HoursForm(ChangeForm):
    """When a shift is worked, and by which policy; of one that exists, from when on and why."""

    start = forms.TimeField(label="From", widget=TimeInput(), error_messages=_NO_TIME)
    end = forms.TimeField(
        label="To",
        widget=TimeInput(),
        error_messages=_NO_TIME,
        help_text="Earlier than “from” is the next day.",
    )
    is_24_h = forms.BooleanField(
        required=False, label="24 hours: it ends at the same time on the next day"
    )
    days = forms.MultipleChoiceField(
        choices=_DAYS,
        widget=forms.CheckboxSelectMultiple,
        label="On",
        error_messages={"required": "Choose at least one day of the week."},
        help_text="The days on which it begins. In a rotation, tick all of them.",
    )
    is_flexible = forms.BooleanField(
        required=False,
        label="Flexible: so many hours are owed between these times, and nobody is late",
    )
    flexible_hours = forms.DecimalField(
        required=False,
        max_digits=4,
        decimal_places=2,
        label="Hours owed",
        error_messages={"required": "Say how many hours are owed, such as 8."},
        widget=forms.NumberInput(attrs={"step": "0.25", "inputmode": "decimal"}),
    )
    policy = forms.ChoiceField(label="Policy", help_text="How times become minutes.")

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        version: ShiftVersion | None = None,
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial={**(initial or {}), **_hours(version)})
        policies = _policies(version)
        self.fields["policy"].choices = policies  # type: ignore[attr-defined]
        need(self, "is_flexible", "on", "flexible_hours")
        if version is not None:
            self.fields["valid_from"] = forms.DateField(
                label="From",
                widget=DateInput(),
                initial=timezone.localdate(),
                help_text="Days before it keep the hours they were worked under.",
            )
            self.fields["reason"] = forms.CharField(
                max_length=300,
                label="Why",
                help_text="For whoever asks later: “new agreement from June”.",
            )

    def clean_valid_from(self) -> date | None:
        return self.clean_date("valid_from")

    def begins(self) -> date:
        found: date = self.cleaned_data.get("valid_from") or timezone.localdate()
        return found

    def hours(self) -> ShiftHours:
        """Of a form that is valid."""
        cleaned = self.cleaned_data
        flexible = round(cleaned["flexible_hours"] * 60) if cleaned["is_flexible"] else None
        return ShiftHours(
            start=cleaned["start"],
            end=cleaned["end"],
            policy_id=UUID(cleaned["policy"]),
            days=frozenset(int(day) for day in cleaned["days"]),
            flexible_minutes=flexible,
            is_24_h=cleaned["is_24_h"],
        )


class ShiftForm(HoursForm, LookForm):
    """A new shift: its name and its hours at once."""

    field_order = ("name", "code", "colour", "site")

    def __init__(
        self, data: QueryDict | None = None, *, starter: StarterShift | None = None
    ) -> None:
        initial = _of_starter(starter) if starter is not None else {"days": list("01234")}
        super().__init__(data, initial=initial)


def _policies(version: ShiftVersion | None) -> list[tuple[str, str]]:
    policies = visible_policies().filter(retired_at=None)
    choices = [(str(policy.pk), policy.name) for policy in policies]
    if version is not None and str(version.policy_id) not in dict(choices):
        kept = WorkPolicy.objects.get(pk=version.policy_id)
        choices.append((str(kept.pk), f"{kept.name} (retired)"))
    return choices


def _look(shift: Shift | None) -> dict[str, Any]:
    if shift is None:
        return {}
    return {
        "name": shift.name,
        "code": shift.code,
        "colour": shift.colour,
        "site": str(shift.site_id or ""),
    }


def _hours(version: ShiftVersion | None) -> dict[str, Any]:
    if version is None:
        return {}
    return _times(version.start, version.end, version.days, version.flexible_minutes) | {
        "policy": str(version.policy_id)
    }


def _of_starter(starter: StarterShift) -> dict[str, Any]:
    return _times(starter.start, starter.end, sorted(starter.days), starter.flexible_minutes) | {
        "name": starter.name,
        "code": starter.code,
        "colour": starter.colour,
    }


def _times(start: time, end: time, days: list[int], flexible: int | None) -> dict[str, Any]:
    return {
        "start": start,
        "end": end,
        "is_24_h": start == end,
        "days": [str(day) for day in days],
        "is_flexible": flexible is not None,
        "flexible_hours": f"{flexible / 60:g}" if flexible is not None else "8",
    }
