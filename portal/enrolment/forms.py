"""The form that ends an enrolment."""

from __future__ import annotations

from django import forms
from django.http import QueryDict

from portal.people.forms import PersonForm
from portal.people.models import Person
from portal.people.services import PersonDetails

__all__ = ["EnrolmentForm"]


class EnrolmentForm(PersonForm):
    """Name and consent; for more photos of a known ``person`` the consent alone."""

    has_consent = forms.BooleanField(
        label="The person agreed that Gatehouse keeps a face template to recognise them",
        error_messages={
            "required": "Without consent no face may be kept. Tick the box once they agreed."
        },
    )

    def __init__(self, data: QueryDict | None = None, *, person: Person | None = None) -> None:
        super().__init__(data)
        self._is_known = person is not None
        if person is not None:
            for name in ("name", "code", "department", "email"):
                del self.fields[name]

    def details(self) -> PersonDetails | None:  # type: ignore[override]
        """None for somebody who is known already."""
        return None if self._is_known else super().details()
