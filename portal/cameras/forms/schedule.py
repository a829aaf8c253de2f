"""Days and hours in which a camera is looked at: a row for each stretch of hours."""

from __future__ import annotations

from typing import Any, Final, cast

from django import forms
from django.http import QueryDict

from portal.cameras.models import Camera
from portal.core.errors import DomainError
from portal.core.week import Week

__all__ = ["HoursFormSet", "hours_formset", "week_of"]

MAX_ROWS: Final = 7
_DAYS: Final = tuple(enumerate(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")))


class HoursForm(forms.Form):
    days = forms.TypedMultipleChoiceField(
        coerce=int,
        choices=_DAYS,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Days",
    )
    start = forms.TimeField(
        required=False, label="From", widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    end = forms.TimeField(
        required=False,
        label="Until",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )

    def clean(self) -> dict[str, Any]:
        """A row is whole, or empty."""
        data = self.cleaned_data
        given = [bool(data.get("days")), *(data.get(name) is not None for name in ("start", "end"))]
        if self.errors or not any(given):
            return data
        if not given[0]:
            self.add_error("days", "Tick the days on which these hours hold.")
        for name, is_given in zip(("start", "end"), given[1:], strict=True):
            if not is_given:
                self.add_error(name, "Give a time such as 07:00.")
        return data


class HoursFormSet(forms.BaseFormSet):  # type: ignore[type-arg]  # not subscriptable at run time
    def shown_rows(self) -> int:
        """Rows that are shown at first: those in use, and at least one."""
        used = [
            number
            for number, form in enumerate(self.forms)
            if form.has_changed() or form.initial or form.errors
        ]
        return max(used, default=0) + 1


def hours_formset(data: QueryDict | None = None, *, camera: Camera) -> HoursFormSet:
    made = forms.formset_factory(
        HoursForm,
        formset=HoursFormSet,
        extra=MAX_ROWS,
        max_num=MAX_ROWS,
        absolute_max=MAX_ROWS,
    )
    initial = [
        {"days": one["days"], "start": one["from"], "end": one["to"]} for one in camera.schedule
    ]
    return cast("HoursFormSet", made(data, initial=initial, prefix="hours"))


def week_of(formset: HoursFormSet) -> Week:
    """The hours that a valid formset holds. Raises ``DomainError`` as ``Week.of`` does."""
    rows = [form.cleaned_data for form in formset.forms if form.cleaned_data.get("days")]
    if len(rows) > MAX_ROWS:
        raise DomainError(f"There are more than {MAX_ROWS} rows of hours.", code="week.rows")
    return Week.of(
        [
            {"days": row["days"], "from": f"{row['start']:%H:%M}", "to": f"{row['end']:%H:%M}"}
            for row in rows
        ]
    )
