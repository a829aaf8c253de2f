"""The corners of a region, as the page's script draws them."""

from __future__ import annotations

import json

from django import forms

__all__ = ["RegionForm"]


class RegionForm(forms.Form):
    """``corners`` is a JSON list of [x, y]; the service checks what is in it."""

    corners = forms.CharField(max_length=2000, widget=forms.HiddenInput)

    def clean_corners(self) -> object:
        try:
            return json.loads(self.cleaned_data["corners"])
        except (ValueError, RecursionError):
            raise forms.ValidationError(
                "The region cannot be read. Reload the page and draw it again."
            ) from None
