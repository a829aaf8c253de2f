"""What is asked for with a correction. Public surface: ``AnswerForm``, ``AskForm``, ``StartForm``,
``UndoForm``."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final

from django import forms
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from portal.attendance.models import Correction, Punch
from portal.attendance.selectors.correction_list import DayAsked
from portal.attendance.services.corrections import REASON_LENGTH, Wish
from portal.attendance.services.evidence import MAX_BYTES, Evidence, check_size, evidence_of
from portal.attendance.wall_times import instant_of_wall, instants_of_wall
from portal.attendance.words import wall_time
from portal.core.errors import DomainError

__all__ = ["AnswerForm", "AskForm", "StartForm", "UndoForm", "punch_label"]

_DAY: Final = timedelta(days=1)
_TIMED: Final = frozenset({"add", "move"})
_ABOUT_A_PUNCH: Final = frozenset({"void", "move"})
_OF_A_KIND: Final = frozenset({"punch", "on", "time", "which", "direction"})
_DIRECTIONS: Final = [
    (Punch.Direction.IN.value, "Came in"),
    (Punch.Direction.OUT.value, "Went out"),
    (Punch.Direction.UNKNOWN.value, "Not known"),
]


def punch_label(punch: Punch, *, zone: str, on: date) -> str:
    """ "09:03, in, Main door"."""
    where = punch.camera.name if punch.camera else punch.place or punch.get_source_display()
    parts = [wall_time(punch.at, zone, on=on)]
    if punch.direction != Punch.Direction.UNKNOWN:
        parts.append(punch.get_direction_display().lower())
    return ", ".join([*parts, where])


class StartForm(forms.Form):
    """Whose day, and which. Without ``others`` it is one's own."""

    person = forms.CharField(max_length=120, label="Person", help_text="A code or a name.")
    date = forms.DateField(
        label="Day", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, data: QueryDict | None = None, *, others: bool, own: bool) -> None:
        super().__init__(data)
        if not others:
            del self.fields["person"]
        elif own:
            self.fields["person"].required = False
            self.fields["person"].help_text = "A code or a name; without one, yourself."


class AskForm(forms.Form):
    """One correction of one day; times are those of the clock where the day was worked.

    What the kind needs is asked for by ``check_wish``: the page shows a field only where its kind
    needs it, and so without "optional".
    """

    use_required_attribute = False

    kind = forms.ChoiceField(
        choices=[
            (Correction.Kind.ADD.value, "Add a time that is missing"),
            (Correction.Kind.MOVE.value, "Change a time that is wrong"),
            (Correction.Kind.VOID.value, "Strike a time that was not so"),
            (Correction.Kind.EXCUSE.value, "Excuse lateness"),
        ],
        label="What is wrong?",
        widget=forms.RadioSelect,
        initial=Correction.Kind.ADD.value,
    )
    punch = forms.ChoiceField(required=False, label="Which time")
    on = forms.TypedChoiceField(
        required=False, coerce=date.fromisoformat, empty_value=None, label="Date"
    )
    time = forms.TimeField(
        required=False,
        label="Time",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"invalid": "Give a time such as 17:30."},
    )
    which = forms.TypedChoiceField(
        required=False,
        choices=[("0", "The first, in summer time"), ("1", "The second, an hour later")],
        coerce=int,
        empty_value=None,
        label="This time came twice. Which is meant?",
        widget=forms.RadioSelect,
    )
    direction = forms.ChoiceField(
        required=False,
        choices=_DIRECTIONS,
        label="Direction",
        initial=Punch.Direction.UNKNOWN.value,
    )
    reason = forms.CharField(
        max_length=REASON_LENGTH,
        label="Reason",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="For whoever decides, in a sentence. It is kept with the day.",
    )
    evidence = forms.FileField(
        required=False,
        label="Evidence",
        help_text=f"A picture or a PDF of at most {MAX_BYTES // 2**20} MB. It is kept sealed.",
        widget=forms.FileInput(attrs={"accept": "image/*,application/pdf"}),
    )

    def __init__(
        self,
        data: QueryDict | None = None,
        files: MultiValueDict[str, Any] | None = None,
        *,
        day: DayAsked,
        initial: dict[str, Any] | None = None,
        is_preview: bool = False,
    ) -> None:
        super().__init__(data, files, initial={"on": day.work_date.isoformat(), **(initial or {})})
        self._day = day
        self.wish: Wish | None = None
        self.sent: Evidence | None = None
        dates = (day.work_date, day.work_date + _DAY, day.work_date - _DAY)
        self._choose("on", [(each.isoformat(), f"{each:%a, %-d %b}") for each in dates])
        self._punches = {str(punch.pk): punch for punch in day.punches}
        labels = [
            (pk, punch_label(punch, zone=day.zone, on=day.work_date))
            for pk, punch in self._punches.items()
        ]
        self._choose("punch", [("", "Choose a time"), *labels])
        if not labels:
            kinds = [(kind, words) for kind, words in self._kinds() if kind not in _ABOUT_A_PUNCH]
            self._choose("kind", kinds)
        if not self._is_twice():
            del self.fields["which"]
        if is_preview:
            self.fields["reason"].required = False
            del self.fields["evidence"]
        if not self.is_bound:
            self._show_as_needed()

    def full_clean(self) -> None:
        super().full_clean()
        self._show_as_needed()

    def _show_as_needed(self) -> None:
        for name in _OF_A_KIND & self.fields.keys():
            self.fields[name].required = True

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        try:
            self.wish = self._wish(cleaned)
            file = cleaned.get("evidence")
            if file is not None:
                # What is too large is not read at all.
                check_size(file.size)
                self.sent = evidence_of(file.name or "", file.read())
        except DomainError as error:
            self.add_error(self._field_of(error.code), error.message)
        return cleaned

    def _wish(self, cleaned: dict[str, Any]) -> Wish:
        kind = cleaned["kind"]
        return Wish(
            work_date=self._day.work_date,
            kind=Correction.Kind(kind),
            reason=cleaned.get("reason", ""),
            at=self._instant(cleaned) if kind in _TIMED else None,
            direction=Punch.Direction(cleaned.get("direction") or Punch.Direction.UNKNOWN)
            if kind in _TIMED
            else Punch.Direction.UNKNOWN,
            punch=self._punches.get(cleaned.get("punch", "")) if kind in _ABOUT_A_PUNCH else None,
        )

    def _instant(self, cleaned: dict[str, Any]) -> datetime | None:
        wall, on = cleaned.get("time"), cleaned.get("on") or self._day.work_date
        if wall is None:
            return None
        return instant_of_wall(on, wall, self._day.zone, which=cleaned.get("which"))

    def _is_twice(self) -> bool:
        """Whether the time that is in the form comes twice: only then it is asked which."""
        wall = self._known("time")
        on = self._known("on")
        if wall is None or on is None:
            return False
        return len(instants_of_wall(on, wall, self._day.zone)) == 2

    def _known(self, name: str) -> Any:
        raw = self[name].value()
        try:
            return self.fields[name].clean(raw)
        except forms.ValidationError:
            return None

    def _kinds(self) -> list[tuple[str, str]]:
        return list(self.fields["kind"].choices)  # type: ignore[attr-defined]

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def _field_of(self, code: str) -> str | None:
        known = {
            "time.skipped": "time",
            "time.twice": "which",
            "correction.time": "time",
            "correction.punch": "punch",
            "correction.reason": "reason",
        }
        name = "evidence" if code.startswith(("evidence.", "image.")) else known.get(code)
        return name if name in self.fields else None


class AnswerForm(forms.Form):
    """``note`` is told to whoever asked."""

    note = forms.CharField(
        max_length=300,
        required=False,
        label="Note",
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Told to whoever asked. Needed to refuse.",
    )


class UndoForm(forms.Form):
    reason = forms.CharField(
        max_length=REASON_LENGTH,
        label="Why should it no longer count?",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
