"""The form that makes a camera."""

from django import forms

from portal.cameras.models import Camera

__all__ = ["CameraForm"]


class CameraForm(forms.Form):
    name = forms.CharField(max_length=80, label="Name", help_text="For example “Main entrance”.")
    place = forms.CharField(max_length=120, required=False, label="Place")
    kind = forms.ChoiceField(
        choices=Camera.Kind.choices,
        label="Kind",
        help_text="A camera or program that sends JPEG snapshots, or a browser with a webcam.",
    )
