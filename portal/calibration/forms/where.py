"""What a camera adds to the threshold."""

from __future__ import annotations

from django import forms

from portal.cameras.services.settings import OFFSETS

__all__ = ["OffsetForm"]


class OffsetForm(forms.Form):
    offset = forms.FloatField(min_value=OFFSETS[0], max_value=OFFSETS[1])
