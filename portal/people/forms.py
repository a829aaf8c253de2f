"""Forms about people."""

from __future__ import annotations

from django import forms
from django.http import QueryDict

from portal.people.services import PersonDetails

__all__ = ["PersonForm"]


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
        initial: dict[str, str] | None = None,
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
