"""The forms of the first page: what the site can bear, and the saving. Public: the names below."""

from __future__ import annotations

from typing import Any, Final

from django import forms

from recognition.calibration import EvidenceRejected, Wish

__all__ = ["SaveForm", "WishForm"]

_OWN: Final = "own"
_DAYS: Final = "days"
# Beyond this nobody has the evidence, and floating point none of the meaning.
_MOST: Final = 10_000_000


class WishForm(forms.Form):
    """``wish`` is what was chosen, once the form is valid."""

    CHOICES: Final = (
        ("100", "1 in 100"),
        ("300", "1 in 300"),
        ("1000", "1 in 1,000"),
        ("3000", "1 in 3,000"),
        ("10000", "1 in 10,000"),
        (_OWN, "Another number"),
        (_DAYS, "By days"),
    )

    one_in = forms.ChoiceField(choices=CHOICES, initial="1000", widget=forms.RadioSelect)
    own = forms.IntegerField(
        label="At most one stranger named in", required=False, min_value=2, max_value=_MOST
    )
    days = forms.FloatField(
        label="At most one wrong name in so many days",
        required=False,
        min_value=0.1,
        max_value=36_500,
        initial=30,
    )
    strangers_a_day = forms.FloatField(
        label="Strangers who pass in a day", required=False, min_value=0.1, max_value=1_000_000
    )

    wish: Wish

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if self.errors:
            return data
        how = data["one_in"]
        try:
            if how == _DAYS:
                self.wish = self._by_days(data)
            elif how == _OWN:
                if data.get("own") is None:
                    raise forms.ValidationError({"own": "Say one in how many strangers."})
                self.wish = Wish.one_in(data["own"])
            else:
                self.wish = Wish.one_in(int(how))
        except EvidenceRejected as error:
            self.add_error("days" if how == _DAYS else "own", str(error))
        return data

    def _by_days(self, data: dict[str, Any]) -> Wish:
        for name, words in (("days", "Say how many days."), ("strangers_a_day", "Say how many.")):
            if data.get(name) is None:
                raise forms.ValidationError({name: words})
        return Wish.one_wrong_name_in(data["days"], strangers_a_day=data["strangers_a_day"])


class SaveForm(forms.Form):
    """``run`` is the measurement, ``seen`` the rule in force when the page was drawn."""

    run = forms.UUIDField(widget=forms.HiddenInput)
    seen = forms.CharField(widget=forms.HiddenInput)
    reason = forms.CharField(
        label="Why",
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="Kept with the rule, for whoever reads the history.",
    )
    grey_band = forms.FloatField(
        label="Grey band",
        min_value=0.0,
        max_value=0.5,
        widget=forms.NumberInput(attrs={"step": "0.005"}),
        help_text="So far below the threshold a person is asked instead of nobody being named.",
    )
    min_margin = forms.FloatField(
        label="Margin to the second person",
        min_value=0.0,
        max_value=0.5,
        widget=forms.NumberInput(attrs={"step": "0.005"}),
        help_text="Who is ahead by less is asked about.",
    )
