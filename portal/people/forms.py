"""Forms about people."""

from __future__ import annotations

from datetime import date
from typing import cast
from uuid import UUID

from django import forms
from django.http import QueryDict

from portal.core.errors import DomainError
from portal.people.listing import Places
from portal.people.models import Person
from portal.people.services import BulkAction, BulkChange, Employment, PersonDetails

__all__ = ["BulkForm", "CredentialForm", "EditForm", "LeftForm", "PersonForm"]


def _day(label: str, *, help_text: str = "") -> forms.DateField:
    return forms.DateField(
        required=False,
        label=label,
        help_text=help_text,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "This is no day. Expected something like 2026-11-30."},
    )


class PersonForm(forms.Form):
    """What is typed about a person; ``with_code=False`` for somebody whose code is settled."""

    name = forms.CharField(max_length=120, label="Name")
    code = forms.CharField(
        max_length=40,
        required=False,
        label="Code",
        help_text="Staff or pupil number. Left empty, Gatehouse makes one. Never used twice.",
    )
    department = forms.CharField(max_length=300, required=False, label="Department or class")
    email = forms.EmailField(required=False, label="E-mail")

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        initial: dict[str, object] | None = None,
        with_code: bool = True,
    ) -> None:
        super().__init__(data, initial=initial)
        self.fields["name"].widget.attrs["autocomplete"] = "off"
        if not with_code:
            del self.fields["code"]

    def details(self) -> PersonDetails:
        data = self.cleaned_data
        return PersonDetails(
            name=data["name"],
            code=data.get("code", ""),
            department=data["department"],
            email=data["email"],
        )


class EditForm(PersonForm):
    """All that is known of ``person`` but the code, which never changes.

    ``with_hold`` adds the legal hold, for those who answer for it.
    """

    site = forms.ChoiceField(label="Site")
    employed_from = _day("First day")
    employed_to = _day("Last day", help_text="After it the person is no longer recognised.")
    legal_hold = forms.BooleanField(
        required=False,
        label="Legal hold",
        help_text="While it lasts, nothing of this person is deleted, by a clock or by hand.",
    )
    hold_reason = forms.CharField(required=False, max_length=300, label="Reason for the change")
    field_order = ("name", "site", "department", "email", "employed_from", "employed_to")

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        person: Person,
        places: Places,
        with_hold: bool,
    ) -> None:
        initial: dict[str, object] = {
            "name": person.name,
            "site": str(person.site_id),
            "department": str(person.department or ""),
            "email": person.email,
            "employed_from": person.employed_from,
            "employed_to": person.employed_to,
            "legal_hold": person.legal_hold,
        }
        super().__init__(data, initial=initial, with_code=False)
        self._was_held = person.legal_hold
        site = cast("forms.ChoiceField", self.fields["site"])
        site.choices = [(str(one.pk), one.name) for one in places.sites]
        department = self.fields["department"]
        department.widget.attrs["list"] = "department-paths"
        department.help_text = "“Year 7 / 7b” is 7b within Year 7. A new one is made."
        if not with_hold:
            del self.fields["legal_hold"], self.fields["hold_reason"]

    def clean(self) -> dict[str, object]:
        data = super().clean() or self.cleaned_data
        try:
            Employment(data.get("employed_from"), data.get("employed_to"))
        except DomainError as error:
            self.add_error("employed_to", error.message)
        is_changed = "legal_hold" in self.fields and data.get("legal_hold") != self._was_held
        if is_changed and not data.get("hold_reason", "").strip():
            self.add_error("hold_reason", "Say why: the reason is kept in the audit log.")
        return data

    def details(self) -> PersonDetails:
        data = self.cleaned_data
        return PersonDetails(
            name=data["name"],
            department=data["department"],
            email=data["email"],
            site_id=UUID(data["site"]),
            employment=Employment(data["employed_from"], data["employed_to"]),
        )


class LeftForm(forms.Form):
    """The last day of somebody who leaves."""

    on = forms.DateField()


class CredentialForm(forms.Form):
    """A PIN (chosen, or left to chance) or a QR code, with its last day."""

    pin = forms.CharField(required=False, max_length=12, label="PIN", strip=True)
    valid_to = _day("Valid until")

    def last_day(self) -> date | None:
        day: date | None = self.cleaned_data["valid_to"]
        return day


class BulkForm(forms.Form):
    """What is to be done to the people that are ticked."""

    action = forms.ChoiceField(choices=[(a.value, a.label) for a in BulkAction])
    reason = forms.CharField(required=False, max_length=300)
    last_day = _day("Last day")
    site = forms.ChoiceField(required=False)
    department = forms.CharField(required=False, max_length=300)

    def __init__(self, data: QueryDict, *, places: Places) -> None:
        super().__init__(data)
        self._sites = {str(site.pk): site for site in places.sites}
        field = cast("forms.ChoiceField", self.fields["site"])
        field.choices = [("", ""), *((key, site.name) for key, site in self._sites.items())]

    def change(self) -> BulkChange:
        """Raises ``DomainError`` for a form that the page cannot have sent."""
        if not self.is_valid():
            problems = " ".join(str(e) for errors in self.errors.values() for e in errors)
            raise DomainError(
                f"This cannot be done to the people ticked. {problems}", code="bulk.form"
            )
        data = self.cleaned_data
        return BulkChange(
            action=BulkAction(data["action"]),
            reason=data["reason"].strip(),
            last_day=data["last_day"],
            site=self._sites.get(data["site"]),
            department=data["department"],
        )
