"""The forms of the Model page. Public surface: ``ThresholdForm``, ``MeasureForm``."""

from __future__ import annotations

from typing import Final

from django import forms

from recognition.calibration import Wish

__all__ = ["MeasureForm", "ThresholdForm"]


class MeasureForm(forms.Form):
    """What the new model is measured for."""

    CHOICES: Final = (
        ("100", "1 in 100"),
        ("300", "1 in 300"),
        ("1000", "1 in 1,000"),
        ("3000", "1 in 3,000"),
    )

    one_in = forms.ChoiceField(
        label="At most one stranger is named in", choices=CHOICES, initial="300"
    )

    @property
    def wish(self) -> Wish:
        return Wish.one_in(int(self.cleaned_data["one_in"]))


class ThresholdForm(forms.Form):
    """The new model's threshold: of a measurement (``run``), or by hand. ``seen`` is the rule in
    force in the new model's space when the page was drawn."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    run = forms.UUIDField(required=False, widget=forms.HiddenInput)
    threshold = forms.FloatField(
        label="Threshold",
        required=False,
        min_value=0.0,
        max_value=0.99,
        widget=forms.NumberInput(attrs={"step": "0.001"}),
        help_text="Nothing is measured by hand: you answer for this number.",
    )
    reason = forms.CharField(
        label="Why",
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="Kept with the rule, for whoever reads the history.",
    )
