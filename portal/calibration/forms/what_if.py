"""The forms of what-ifs: the rule and the span, what to list of the changes, and the saving.

Public surface: ``WhatIfForm``, ``ChangeFilter``, ``SaveForm``, ``initial_of``.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any, Final

from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone

from portal.calibration.models import CalibrationRun, WhatIfChange
from portal.calibration.selectors.what_if.report import Report
from portal.calibration.services.what_if import LONGEST, RANGES, ProposedRule
from portal.engines.models import Space
from recognition.decision import DecisionPolicy

__all__ = ["ChangeFilter", "SaveForm", "WhatIfForm", "initial_of"]

_OWN: Final = "own"
_DATE: Final = forms.DateInput(attrs={"class": "c-input", "type": "date"}, format="%Y-%m-%d")
_SELECT: Final = forms.Select(attrs={"class": "c-input"})


def _cosine(name: str, *, label: str, help_text: str, step: str = "0.005") -> forms.FloatField:
    low, high = RANGES[name]
    return forms.FloatField(
        label=label,
        min_value=low,
        max_value=high,
        widget=forms.NumberInput(attrs={"step": step, "inputmode": "decimal", f"data-{name}": ""}),
        help_text=help_text,
    )


class WhatIfForm(forms.Form):
    """``rule``, ``from_at`` and ``to_at`` are what was chosen, once the form is valid."""

    threshold = _cosine(
        "threshold",
        label="Threshold",
        help_text="From this similarity on a face is given a name.",
        step="0.001",
    )
    grey_band = _cosine(
        "grey_band",
        label="Grey band",
        help_text="So far below the threshold a person is asked.",
    )
    min_margin = _cosine(
        "min_margin",
        label="Margin to the second person",
        help_text="Who is ahead by less is asked about.",
    )
    span = forms.ChoiceField(
        label="What to decide anew",
        choices=[
            ("7", "The last 7 days"),
            ("30", "The last 30 days"),
            ("90", "The last 90 days"),
            (_OWN, "Days of your own"),
        ],
        initial="30",
        widget=forms.RadioSelect,
    )
    from_day = forms.DateField(label="From", required=False, widget=_DATE)
    to_day = forms.DateField(label="Until", required=False, widget=_DATE)
    run = forms.UUIDField(required=False, widget=forms.HiddenInput)

    from_at: datetime
    to_at: datetime

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if self.errors:
            return data
        now = timezone.now()
        if data["span"] != _OWN:
            self.from_at, self.to_at = now - timedelta(days=int(data["span"])), now
            return data
        first, last = data.get("from_day"), data.get("to_day")
        if first is None or last is None:
            self.add_error("from_day" if first is None else "to_day", "Choose a day.")
            return data
        self.from_at, self.to_at = _midnight(first), min(_midnight(last + timedelta(days=1)), now)
        if not timedelta(0) < self.to_at - self.from_at <= LONGEST:
            self.add_error(
                "to_day",
                f"Choose days that are over, in their order, {LONGEST.days} at most.",
            )
        return data

    @property
    def rule(self) -> ProposedRule:
        data = self.cleaned_data
        return ProposedRule(data["threshold"], data["grey_band"], data["min_margin"])


def initial_of(
    policy: DecisionPolicy, *, threshold: float | None = None, run: CalibrationRun | None = None
) -> dict[str, Any]:
    """The rule in force, with the threshold of a measurement where there is one."""
    return {
        "threshold": f"{policy.threshold if threshold is None else threshold:.3f}",
        "grey_band": f"{policy.grey_band:.3f}",
        "min_margin": f"{policy.min_margin:.3f}",
        "span": "30",
        "run": run.pk if run is not None else None,
    }


class ChangeFilter(forms.Form):
    """What of the changes is listed. Whatever is no choice narrows nothing."""

    change = forms.ChoiceField(
        label="Change",
        choices=[
            ("", "All changes"),
            ("names", "Names only"),
            *WhatIfChange.Change.choices,
            ("to_review", "Goes to the review"),
            ("from_review", "Leaves the review"),
        ],
        required=False,
        widget=_SELECT,
    )
    person = forms.ChoiceField(label="Person", required=False, widget=_SELECT)
    camera = forms.ChoiceField(label="Camera", required=False, widget=_SELECT)
    day = forms.DateField(label="Day", required=False, widget=_DATE)

    def __init__(self, data: Any, *, report: Report) -> None:
        super().__init__(data)
        people = [(row.person.id, row.person.name) for row in report.people]
        cameras = [(row.camera_id or "none", row.name) for row in report.cameras]
        self.fields["person"].choices = [("", "Everybody"), *people]  # type: ignore[attr-defined]
        self.fields["camera"].choices = [("", "All cameras"), *cameras]  # type: ignore[attr-defined]
        self.full_clean()

    @property
    def is_narrowed(self) -> bool:
        return any(self.cleaned_data.values())

    def narrow(self, changes: QuerySet[WhatIfChange]) -> QuerySet[WhatIfChange]:
        data = self.cleaned_data
        if condition := _CHANGES.get(data.get("change") or ""):
            changes = changes.filter(condition)
        elif data.get("change"):
            changes = changes.filter(change=data["change"])
        if person := data.get("person"):
            changes = changes.filter(Q(before_person=person) | Q(after_person=person))
        if camera := data.get("camera"):
            changes = changes.filter(camera=None if camera == "none" else camera)
        if day := data.get("day"):
            changes = changes.filter(at__gte=_midnight(day), at__lt=_midnight(day, days=1))
        return changes


_REVIEW: Final = "uncertain"
_CHANGES: Final = {
    "names": ~Q(change=WhatIfChange.Change.KIND),
    "to_review": Q(after_kind=_REVIEW) & ~Q(before_kind=_REVIEW),
    "from_review": Q(before_kind=_REVIEW) & ~Q(after_kind=_REVIEW),
}


class SaveForm(forms.Form):
    """``seen`` is the rule in force when the page was drawn. How a threshold follows the gallery is
    known of the shipped model alone, so with another one that is not asked."""

    seen = forms.CharField(widget=forms.HiddenInput)
    reason = forms.CharField(
        label="Why",
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="Kept with the rule, for whoever reads the history.",
    )
    follows_gallery = forms.BooleanField(
        label="Let the threshold follow the number of people enrolled",
        required=False,
        initial=True,
        help_text="So that the share of strangers who are given a name stays as people come.",
    )

    def __init__(self, *args: Any, space: Space | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.can_follow = space is None or space.is_shipped
        if not self.can_follow:
            del self.fields["follows_gallery"]

    @property
    def follows(self) -> bool:
        return bool(self.cleaned_data.get("follows_gallery"))


def _midnight(day: date, *, days: int = 0) -> datetime:
    return timezone.make_aware(datetime.combine(day + timedelta(days=days), time.min))
