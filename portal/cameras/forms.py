"""The form that makes a camera."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.http import QueryDict

from portal.cameras.models import Camera
from portal.organisation.selectors import visible_sites

__all__ = ["CameraForm"]


class CameraForm(forms.Form):
    name = forms.CharField(max_length=80, label="Name", help_text="For example “Main entrance”.")
    place = forms.CharField(max_length=120, required=False, label="Place")
    kind = forms.ChoiceField(
        choices=Camera.Kind.choices,
        label="Kind",
        help_text="A camera or program that sends JPEG snapshots, or a browser with a webcam.",
    )
    site_id = forms.TypedChoiceField(
        coerce=UUID,
        label="Site",
        help_text="Times are shown in its zone; whoever is limited to it sees this camera.",
    )

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data)
        sites = [(str(site.pk), site.name) for site in visible_sites()]
        if len(sites) > 1:
            self.fields["site_id"].choices = sites  # type: ignore[attr-defined]
        else:
            # Nothing to choose: the only site, or the first one, which is made with the camera.
            del self.fields["site_id"]
