"""The form by which a file of punches is uploaded."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from portal.attendance.selectors.punch_import import usual_zone
from portal.organisation.forms import zone_choices

__all__ = ["PunchFileForm"]


class PunchFileForm(forms.Form):
    file = forms.FileField(
        label="File", error_messages={"required": "Choose a file of punches: CSV or XLSX."}
    )
    time_zone = forms.ChoiceField(
        label="Time zone of the file", help_text="Of times that have no offset from UTC themselves."
    )
    date_order = forms.ChoiceField(
        label="A date such as 03/04/2026 means",
        choices=[("day", "3 April (day first)"), ("month", "4 March (month first)")],
        initial="day",
        required=False,
    )

    def __init__(
        self,
        data: QueryDict | None = None,
        files: MultiValueDict[str, UploadedFile[Any]] | None = None,
    ) -> None:
        usual = usual_zone()
        super().__init__(data, files, initial={"time_zone": usual})
        zones = zone_choices()
        if usual not in dict(zones):
            zones = [(usual, usual), *zones]
        self.fields["time_zone"].choices = zones  # type: ignore[attr-defined]

    @property
    def is_month_first(self) -> bool:
        return bool(self.cleaned_data["date_order"] == "month")
