"""Forms of a roster import: the upload, and what the columns are."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from portal.organisation.selectors import visible_sites
from portal.people.models import Consent
from portal.roster.columns import FIELDS, NO_CODE
from portal.roster.models import RosterImport

__all__ = ["ColumnsForm", "UploadForm"]


class UploadForm(forms.Form):
    sheet = forms.FileField(
        label="Spreadsheet",
        error_messages={"required": "Choose a spreadsheet: CSV or XLSX."},
    )
    photos = forms.FileField(label="Photos", required=False)

    def __init__(
        self,
        data: QueryDict | None = None,
        files: MultiValueDict[str, UploadedFile[Any]] | None = None,
    ) -> None:
        super().__init__(data, files)


class ColumnsForm(forms.Form):
    """One choice per field, and how to read what a file leaves open."""

    def __init__(self, data: QueryDict | None = None, *, roster: RosterImport) -> None:
        super().__init__(data)
        columns = [("", "– not in the file –")]
        columns += [
            (str(number), heading or f"Column {number + 1}")
            for number, heading in enumerate(roster.headings)
        ]
        for kind in FIELDS:
            column = roster.mapping.get(kind.key)
            self.fields[f"field_{kind.key}"] = forms.ChoiceField(
                label=kind.label,
                help_text=kind.hint,
                choices=columns,
                required=kind.key == "code",
                initial="" if column is None else str(column),
                error_messages={"required": NO_CODE},
            )
        options = roster.options
        sites = [(str(site.pk), site.name) for site in visible_sites()]
        if len(sites) > 1:
            self.fields["site"] = forms.ChoiceField(
                label="Site of lines that name none",
                choices=sites,
                initial=str(roster.default_site_id or sites[0][0]),
            )
        self.fields["date_order"] = forms.ChoiceField(
            label="A date such as 03/04/2026 means",
            choices=[("day", "3 April (day first)"), ("month", "4 March (month first)")],
            initial=options.get("date_order", "day"),
        )
        self.fields["basis"] = forms.ChoiceField(
            label="Basis that “yes” stands for",
            choices=Consent.Basis.choices,
            initial=options.get("basis", Consent.Basis.CONSENT),
        )
        self.fields["has_all_consent"] = forms.BooleanField(
            label="Everybody in this file has agreed, whether or not a column says so",
            required=False,
            initial=options.get("has_all_consent", False),
        )

    @property
    def columns(self) -> list[forms.BoundField]:
        return [self[f"field_{kind.key}"] for kind in FIELDS]

    @property
    def others(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if not name.startswith("field_")]

    def mapping(self) -> dict[str, int]:
        chosen = {kind.key: self.cleaned_data[f"field_{kind.key}"] for kind in FIELDS}
        return {key: int(column) for key, column in chosen.items() if column != ""}

    def options(self) -> dict[str, Any]:
        return {
            name: self.cleaned_data[name] for name in ("date_order", "basis", "has_all_consent")
        }

    def site_id(self) -> UUID | None:
        site = self.cleaned_data.get("site")
        return UUID(site) if site else None
