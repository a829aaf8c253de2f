"""The forms of policies: all their rules, a name, and one day to try them on."""

from __future__ import annotations

from datetime import date, time
from typing import Any, Final

from django import forms
from django.http import QueryDict
from django.utils import timezone

from portal.attendance.engine import BreakWindow, InvalidRule, Pairing, Policy, RoundMode
from portal.schedules.forms.parts import ChangeForm, DateInput, TimeInput, need
from portal.schedules.models import PolicyVersion

__all__ = ["NameForm", "PolicyForm", "PolicyVersionForm", "TrialForm"]

_BREAKS: Final = [
    ("none", "No break is taken off"),
    ("auto", "A length, after so long at work"),
    ("fixed", "From one time to another"),
]
_ROUND_UNITS: Final = (0, 5, 6, 10, 15, 20, 30, 60)
# Of the engine's rules, those that are a number on the form.
_COUNTS: Final = (
    "debounce_s", "early_in_min", "late_out_min", "max_session_min", "grace_late_min",
    "grace_early_min", "overtime_after_min", "overtime_unit_min", "absent_below_min",
    "half_day_below_min",
)  # fmt: skip
_OF_FIELD: Final = {"break_window": "break_start"}


def _minutes(label: str, help_text: str = "") -> forms.IntegerField:
    # What a number may be is the engine's own rule, and said in its words.
    return forms.IntegerField(
        label=label,
        help_text=help_text,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages={"invalid": "Give a whole number."},
    )


class RulesForm(ChangeForm):
    """The rules of one policy version, as the engine's own ``Policy``."""

    grace_late_min = _minutes(
        "Grace for coming late (min)", "Later than that counts from the start."
    )
    grace_early_min = _minutes("Grace for leaving early (min)")
    break_kind = forms.ChoiceField(
        choices=_BREAKS, widget=forms.RadioSelect, label="Break", required=False
    )
    break_min = forms.IntegerField(
        required=False,
        label="Length (min)",
        error_messages={"required": "Say how long the break is."},
    )
    break_after_min = forms.IntegerField(
        required=False,
        label="After so long at work (min)",
        help_text="A break that was taken outside counts towards it.",
    )
    break_start = forms.TimeField(
        required=False,
        label="From",
        widget=TimeInput(),
        error_messages={"required": "Say when the break begins."},
    )
    break_end = forms.TimeField(
        required=False,
        label="To",
        widget=TimeInput(),
        error_messages={"required": "Say when the break ends."},
    )
    overtime_after_min = _minutes("Overtime from (min)", "After the end of the shift.")
    overtime_unit_min = _minutes("In steps of (min)", "Rounded down: 15 counts quarter hours.")
    count_early = forms.BooleanField(
        required=False, label="Time before the start of the shift is paid"
    )
    round_unit_min = forms.TypedChoiceField(coerce=int, label="Round paid time to")
    round_mode = forms.ChoiceField(choices=PolicyVersion.RoundMode.choices, label="Round")
    half_day_below_min = _minutes("Half a day below (min)", "0: never.")
    absent_below_min = _minutes("Absent below (min)", "0: whoever came was there.")
    pairing = forms.ChoiceField(
        choices=PolicyVersion.Pairing.choices, widget=forms.RadioSelect, label="Work goes from"
    )
    auto_close = forms.BooleanField(
        required=False,
        label="Whoever is not seen leaving is taken to have left at the end of the shift",
        help_text="The day says so. Without it such a day stays incomplete until it is corrected.",
    )
    early_in_min = _minutes("Times count from so long before the shift (min)")
    late_out_min = _minutes("To so long after it (min)")
    max_session_min = _minutes("Longest stretch of work (min)")
    debounce_s = _minutes("Seen again within (s)", "Is the same coming or leaving.")

    def __init__(
        self, data: QueryDict | None = None, *, rules: Policy, initial: dict[str, Any] | None = None
    ) -> None:
        super().__init__(data, initial={**_initial(rules), **(initial or {})})
        need(self, "break_kind", "auto", "break_min", "break_after_min")
        need(self, "break_kind", "fixed", "break_start", "break_end")
        units = sorted({*_ROUND_UNITS, rules.round_unit_min})
        self.fields["round_unit_min"].choices = [  # type: ignore[attr-defined]
            (str(unit), f"{unit} minutes" if unit else "Not rounded") for unit in units
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            try:
                cleaned["rules"] = self._rules(cleaned)
            except InvalidRule as error:
                field = _OF_FIELD.get(error.field, error.field)
                self.add_error(field, f"{error.value} is given; expected {error.expected}.")
        return cleaned

    def _rules(self, cleaned: dict[str, Any]) -> Policy:
        kind = cleaned["break_kind"] or "none"
        window = None
        if kind == "fixed":
            window = BreakWindow(cleaned["break_start"], cleaned["break_end"])
        lengths = {}
        if kind == "auto":
            lengths = {name: cleaned[name] for name in ("break_min", "break_after_min")}
        return Policy(
            **{name: cleaned[name] for name in _COUNTS},
            **lengths,
            break_window=window,
            pairing=Pairing(cleaned["pairing"]),
            count_early=cleaned["count_early"],
            round_unit_min=cleaned["round_unit_min"],
            round_mode=RoundMode(cleaned["round_mode"]),
            auto_close=cleaned["auto_close"],
        )

    @property
    def rules(self) -> Policy:
        """Of a form that is valid."""
        found: Policy = self.cleaned_data["rules"]
        return found


class PolicyForm(RulesForm):
    """A new policy: its rules hold since ever."""

    name = forms.CharField(max_length=80, label="Name", help_text="For example “Office”.")

    def begins(self) -> date:
        return timezone.localdate()


class PolicyVersionForm(RulesForm):
    """Other rules of a policy, from a date on."""

    valid_from = forms.DateField(
        label="From",
        widget=DateInput(),
        help_text="Days before it keep the rules they were worked under.",
    )
    reason = forms.CharField(
        max_length=300, label="Why", help_text="For whoever asks later: “new agreement from June”."
    )

    def __init__(self, data: QueryDict | None = None, *, rules: Policy) -> None:
        super().__init__(data, rules=rules, initial={"valid_from": timezone.localdate()})

    def clean_valid_from(self) -> date | None:
        return self.clean_date("valid_from")

    def begins(self) -> date:
        found: date = self.cleaned_data["valid_from"]
        return found


class NameForm(forms.Form):
    name = forms.CharField(max_length=80, label="Name")


class TrialForm(forms.Form):
    """One day to try rules on; posted along with the rules."""

    try_times = forms.CharField(
        max_length=400,
        required=False,
        label="Times of the day",
        initial="08:57 in, 12:00 out, 12:40 in, 17:40 out",
        help_text="Leave “in” and “out” away where the camera does not tell.",
    )
    try_start = forms.TimeField(label="Shift from", widget=TimeInput(), initial=time(9))
    try_end = forms.TimeField(label="To", widget=TimeInput(), initial=time(17))


def _initial(rules: Policy) -> dict[str, Any]:
    window = rules.break_window
    values: dict[str, Any] = {name: getattr(rules, name) for name in _COUNTS}
    kind = "fixed" if window else "auto" if rules.break_min else "none"
    return values | {
        "break_kind": kind,
        "break_min": rules.break_min or 30,
        "break_after_min": rules.break_after_min,
        "break_start": window.start if window else None,
        "break_end": window.end if window else None,
        "count_early": rules.count_early,
        "round_unit_min": str(rules.round_unit_min),
        "round_mode": rules.round_mode.value,
        "pairing": rules.pairing.value,
        "auto_close": rules.auto_close,
    }
