"""Forms about holiday calendars. Public surface: ``PlaceForm``, ``NameForm``, ``YearsForm``,
``DayForm``, ``CalendarChoice``."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone

from portal.schedules.forms.parts import DateInput
from portal.schedules.models import HolidayCalendar
from portal.schedules.public_holidays import (
    YEARS_AHEAD,
    Choice,
    countries,
    languages_of,
    subdivisions_of,
)
from portal.schedules.services.holidays import CalendarPlace

__all__ = ["CalendarChoice", "DayForm", "NameForm", "PlaceForm", "YearsForm"]

# Years of which days are still computed anew, and those that are planned.
_YEARS_BACK = 2


def _years() -> list[tuple[int, str]]:
    now = timezone.localdate().year
    return [(year, str(year)) for year in range(now - _YEARS_BACK, now + YEARS_AHEAD + 1)]


def _choices(first: str, choices: tuple[Choice, ...]) -> list[tuple[str, str]]:
    return [("", first), *((each.code, each.name) for each in choices)]


class NameForm(forms.Form):
    name = forms.CharField(max_length=80, label="Name")

    def __init__(self, data: QueryDict | None = None, *, name: str = "") -> None:
        super().__init__(data, initial={"name": name} if name else None)


class YearsForm(forms.Form):
    """Which years to take from the library, in which language."""

    first_year = forms.TypedChoiceField(label="From", coerce=int)
    last_year = forms.TypedChoiceField(label="until", coerce=int)
    language = forms.ChoiceField(label="Names in", required=False)

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        country: str,
        initial: dict[str, Any] | None = None,
    ) -> None:
        now = timezone.localdate().year
        super().__init__(data, initial={"first_year": now, "last_year": now + 1, **(initial or {})})
        for name in ("first_year", "last_year"):
            self.fields[name].choices = _years()  # type: ignore[attr-defined]
        languages = languages_of(country)
        self.fields["language"].choices = [  # type: ignore[attr-defined]
            (each.code, each.name) for each in languages
        ] or [("", "The country’s own language")]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        first, last = data.get("first_year"), data.get("last_year")
        if first and last and not first <= last <= first + YEARS_AHEAD:
            self.add_error(
                "last_year", f"Choose at most {YEARS_AHEAD + 1} years, the first of them first."
            )
        return data


class PlaceForm(YearsForm):
    """A country, the part of it, and what the calendar is to be called."""

    country = forms.ChoiceField(
        label="Country", required=False, help_text="Without one the calendar begins empty."
    )
    subdivision = forms.ChoiceField(label="State or region", required=False)
    name = forms.CharField(max_length=80, label="Name of the calendar")
    field_order = ["country", "subdivision", "language", "first_year", "last_year", "name"]

    def __init__(
        self, data: QueryDict | None = None, *, initial: dict[str, Any] | None = None
    ) -> None:
        chosen = (data if data is not None else initial) or {}
        country = str(chosen.get("country") or "")
        super().__init__(data, country=country, initial=initial)
        self.fields["country"].choices = _choices(  # type: ignore[attr-defined]
            "No country: days of our own", countries()
        )
        self.fields["subdivision"].choices = _choices(  # type: ignore[attr-defined]
            "The whole country", subdivisions_of(country)
        )

    def place(self) -> CalendarPlace:
        return CalendarPlace(
            country=self.cleaned_data["country"],
            subdivision=self.cleaned_data["subdivision"],
            language=self.cleaned_data["language"],
        )


class DayForm(forms.Form):
    """A day of one's own."""

    day = forms.DateField(label="Date", widget=DateInput())
    name = forms.CharField(max_length=120, label="Name")
    until_year = forms.TypedChoiceField(
        label="Every year until", coerce=int, required=False, empty_value=None
    )

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.fields["until_year"].choices = [  # type: ignore[attr-defined]
            ("", "Only this once"),
            *_years(),
        ]


class CalendarChoice(forms.Form):
    calendar = forms.ModelChoiceField(
        queryset=HolidayCalendar.objects.order_by("name"), required=False
    )
