"""Where a camera's pictures come from; what was typed before is never filled in again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict

from portal.cameras.models import Camera
from portal.cameras.services import Source
from portal.cameras.services.source import SCHEMES
from portal.cameras.videos import video_names

__all__ = ["SourceFields", "SourceForm"]


class SourceFields(forms.Form):
    """The fields about the address; which of them count depends on the kind."""

    address = forms.CharField(
        max_length=800,
        label="Address",
        error_messages={"required": "An address is needed."},
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "none",
                "spellcheck": "false",
                "inputmode": "url",
            }
        ),
    )
    username = forms.CharField(
        max_length=64,
        required=False,
        label="User name",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
        help_text="Of an account on the camera that may only watch.",
    )
    password = forms.CharField(
        max_length=100,
        required=False,
        label="Password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Encrypted at once, and never shown again.",
    )
    verifies_certificate = forms.BooleanField(
        required=False,
        initial=True,
        label="The camera’s certificate must be valid",
        help_text=(
            "For https:// and rtsps:// only. Most cameras have a certificate that they made "
            "themselves; untick this for them, on a network of your own."
        ),
    )
    video = forms.ChoiceField(
        label="Video",
        error_messages={"required": "Choose a video."},
        help_text=(
            "Whoever runs Gatehouse puts films into the folder “videos” of its data directory."
        ),
    )

    def __init__(self, data: QueryDict | None = None, *, kind: str = "", **options: Any) -> None:
        """Of the fields that a ``kind`` has no use for none is required."""
        super().__init__(data, **options)
        if data is not None:
            self.fields["address"].required = kind in SCHEMES
            self.fields["video"].required = kind == Camera.Kind.FILE
        names = video_names()
        none = "No video is there yet" if not names else "Choose a video"
        self.fields["video"].choices = [("", none), *((one, one) for one in names)]  # type: ignore[attr-defined]

    def source(self, kind: str) -> Source:
        data = self.cleaned_data
        if kind == Camera.Kind.FILE:
            return Source(data["video"])
        return Source(
            data["address"],
            username=data["username"],
            password=data["password"],
            verifies_certificate=data["verifies_certificate"],
        )

    def add_refusal(self, code: str, message: str, *, kind: str) -> bool:
        """Put what a service refused beside the field it is about; False where it is about none
        of these."""
        if code == "camera.video":
            self.add_error("video", message)
        elif code == "address.credentials":
            self.add_error("username", message)
        elif code.startswith("address."):
            self.add_error("video" if kind == Camera.Kind.FILE else "address", message)
        else:
            return False
        return True


class SourceForm(SourceFields):
    """A new address for a camera that has one."""

    def __init__(self, data: QueryDict | None = None, *, camera: Camera) -> None:
        initial = {"verifies_certificate": camera.verifies_certificate}
        super().__init__(data, kind=camera.kind, initial=initial)
