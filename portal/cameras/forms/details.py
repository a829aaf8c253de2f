"""The settings of a camera, but for its address, its region and its hours."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import QueryDict

from portal.cameras.models import Camera
from portal.cameras.services import CameraDetails
from portal.cameras.services.settings import FACE_PX, OFFSETS, RATES_FPS
from portal.organisation.selectors import visible_sites

__all__ = ["DetailsForm"]


class DetailsForm(forms.Form):
    name = forms.CharField(max_length=80, label="Name")
    place = forms.CharField(max_length=120, required=False, label="Place")
    site_id = forms.TypedChoiceField(coerce=UUID, label="Site")
    direction = forms.ChoiceField(
        choices=Camera.Direction.choices,
        widget=forms.RadioSelect,
        label="Direction",
        help_text="Whether people whom this camera sees come in or go out.",
    )
    is_for_attendance = forms.BooleanField(
        required=False,
        label="Attendance",
        help_text="Who is seen here counts as having been here.",
    )
    is_for_access = forms.BooleanField(
        required=False,
        label="Access",
        help_text="Marks it as a door that people are let in by, on Calibration → Cameras. "
        "It opens nothing and decides nothing.",
    )
    is_for_security = forms.BooleanField(
        required=False,
        label="Security",
        help_text="Unknown faces are grouped and may raise alerts.",
    )
    rate_fps = forms.FloatField(
        min_value=RATES_FPS[0],
        max_value=RATES_FPS[1],
        label="Pictures a second, at most",
        widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"}),
        help_text="5 is enough for people who walk past; 0.2 is one picture every five seconds.",
    )
    min_face_px = forms.IntegerField(
        min_value=FACE_PX[0],
        max_value=FACE_PX[1],
        label="Smallest face, in pixels",
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        help_text="Smaller faces are left out, such as those of passers-by. 0: as the engine does.",
    )
    threshold_offset = forms.FloatField(
        min_value=OFFSETS[0],
        max_value=OFFSETS[1],
        label="Stricter or more lenient",
        widget=forms.NumberInput(
            attrs={"type": "range", "step": "0.01", "data-threshold-offset": ""}
        ),
    )

    def __init__(self, data: QueryDict | None = None, *, camera: Camera) -> None:
        initial: dict[str, Any] = {name: getattr(camera, name) for name in self.base_fields}
        super().__init__(data, initial=initial)
        sites = [(str(site.pk), site.name) for site in visible_sites()]
        self.fields["site_id"].choices = sites  # type: ignore[attr-defined]
        if len(sites) < 2:
            del self.fields["site_id"]

    def details(self) -> CameraDetails:
        return CameraDetails(**self.cleaned_data)
