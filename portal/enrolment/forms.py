"""The form that ends an enrolment."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import QueryDict

from portal.organisation.selectors import visible_departments, visible_sites
from portal.people.forms import PersonForm
from portal.people.models import Person
from portal.people.services import PersonDetails

__all__ = ["EnrolmentForm"]


class EnrolmentForm(PersonForm):
    """Name and consent; for more photos of a known ``person`` the consent alone, and not even that
    where one is active (``is_covered``). ``departments`` are offered while one is typed."""

    site = forms.ChoiceField(label="Site", required=False)
    has_consent = forms.BooleanField(
        label="The person agreed that Gatehouse keeps a face template to recognise them",
        error_messages={
            "required": "Without consent no face may be kept. Tick the box once they agreed."
        },
    )
    signer = forms.CharField(
        max_length=120,
        required=False,
        label="Who agreed, if not the person",
        help_text="For a child a parent or guardian.",
    )

    field_order = ("name", "code", "site", "department", "email", "has_consent", "signer")

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        person: Person | None = None,
        is_covered: bool = False,
    ) -> None:
        super().__init__(data)
        self.is_known = person is not None
        self.departments: list[str] = []
        if is_covered:
            del self.fields["has_consent"], self.fields["signer"]
        if self.is_known:
            for name in ("name", "code", "site", "department", "email"):
                del self.fields[name]
            return
        self._offer_sites()
        self.departments = sorted({unit.path for unit in visible_departments()[:500]})
        self.fields["department"].widget.attrs["list"] = "enrol-departments"
        self.fields["name"].widget.attrs["autofocus"] = True

    def _offer_sites(self) -> None:
        sites = [(str(site.pk), site.name) for site in visible_sites()]
        if len(sites) < 2:
            # There is nothing to choose: the form is shorter, and the one site is meant.
            self._only_site: str | None = sites[0][0] if sites else None
            del self.fields["site"]
            return
        field = self.fields["site"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for the type checker
        field.choices = sites
        self._only_site = None

    @property
    def consents(self) -> bool:
        return bool(self.cleaned_data.get("has_consent"))

    def details(self) -> PersonDetails | None:  # type: ignore[override]
        """None for somebody who is known already."""
        if self.is_known:
            return None
        data: dict[str, Any] = self.cleaned_data
        return PersonDetails(
            name=data["name"],
            code=data["code"],
            department=data["department"],
            email=data["email"],
            site_id=UUID(site) if (site := data.get("site") or self._only_site) else None,
        )
