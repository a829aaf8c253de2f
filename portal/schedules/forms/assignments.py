"""The forms of assignments: for whom, what, from when to when; and when one ends."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from django import forms
from django.http import QueryDict
from django.utils import timezone

from portal.core.context import require
from portal.organisation.models import Department
from portal.organisation.selectors import visible_departments, visible_sites
from portal.people.models import Person
from portal.people.selectors import within_scope
from portal.schedules.forms.parts import ChangeForm, DateInput, need
from portal.schedules.models import Assignment, Shift
from portal.schedules.selectors.shifts import visible_shifts
from portal.schedules.services.assignments import Beside, Plan, Whom

__all__ = ["AssignForm", "EndForm"]

_OFF: Final = frozenset({"-", "–", "OFF", "0"})
_MOST_PEOPLE: Final = 2_000
_SHOWN: Final = 10


class AssignForm(ChangeForm):
    """A shift or a rotation for people, a department, a site or everybody."""

    whom = forms.ChoiceField(widget=forms.RadioSelect, label="For")
    department = forms.ModelChoiceField(
        queryset=Department.objects.none(),
        required=False,
        empty_label="Choose one",
        label="Department",
        help_text="With what lies below it.",
        error_messages={"required": "Choose a department."},
    )
    site = forms.ChoiceField(
        required=False, label="Site", error_messages={"required": "Choose a site."}
    )
    people = forms.CharField(
        required=False,
        max_length=100_000,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        label="People",
        error_messages={"required": "Nobody is given. Give the code of at least one person."},
        help_text="Their codes or e-mail addresses, one on each line, or pasted from a spreadsheet.",
    )
    what = forms.ChoiceField(
        choices=[("shift", "One shift"), ("rotation", "A rotation of several, with days off")],
        initial="shift",
        widget=forms.RadioSelect,
        label="They work",
    )
    shift = forms.ChoiceField(
        required=False, label="Shift", error_messages={"required": "Choose a shift."}
    )
    turns = forms.CharField(
        required=False,
        max_length=400,
        label="Day after day",
        error_messages={"required": "Say what is worked on which day: E E L L N N - -"},
        help_text="Codes of shifts, and a dash for a day off: E E L L N N - -",
    )
    first = forms.DateField(label="From", widget=DateInput())
    last = forms.DateField(
        required=False, label="To", widget=DateInput(), help_text="Empty: until further notice."
    )
    beside = forms.ChoiceField(
        choices=[
            (Beside.INSTEAD.value, "Instead of what they were given on these dates"),
            (Beside.AS_WELL.value, "As a second shift of the same days (split or double)"),
        ],
        initial=Beside.INSTEAD.value,
        widget=forms.RadioSelect,
        label="This is",
    )

    def __init__(
        self, data: QueryDict | None = None, *, initial: dict[str, Any] | None = None
    ) -> None:
        today = timezone.localdate()
        super().__init__(data, initial={"first": today, "whom": "department", **(initial or {})})
        scope = require("schedules.manage").scope
        may_all = scope.site_ids is None and scope.department_ids is None
        kinds = [("department", "A department"), ("people", "Certain people")]
        if scope.department_ids is None:
            kinds.append(("site", "A site"))
        if may_all:
            kinds.append(("everybody", "Everybody without another plan"))
        _choose(self, "whom", kinds)
        self.fields["department"].queryset = visible_departments().order_by(  # type: ignore[attr-defined]
            "site__name", "path"
        )
        _choose(self, "site", [(str(s.pk), s.name) for s in visible_sites().order_by("name")])
        self._shifts = list(visible_shifts().filter(retired_at=None).order_by("name"))
        _choose(self, "shift", [(str(s.pk), f"{s.name} ({s.code})") for s in self._shifts])
        for name in ("department", "site", "people"):
            need(self, "whom", name, name)
        need(self, "what", "shift", "shift")
        need(self, "what", "rotation", "turns")

    @property
    def shifts(self) -> list[Shift]:
        return self._shifts

    def clean_first(self) -> date | None:
        return self.clean_date("first")

    def clean_last(self) -> date | None:
        return self.clean_date("last")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("whom") == "people" and cleaned.get("people"):
            cleaned["person_ids"] = self._people(cleaned["people"])
        if cleaned.get("what") == "rotation" and cleaned.get("turns"):
            cleaned["shift_ids"] = self._turns(cleaned["turns"])
        elif cleaned.get("shift"):
            cleaned["shift_ids"] = (UUID(cleaned["shift"]),)
        return cleaned

    def _people(self, text: str) -> frozenset[UUID]:
        words = list(dict.fromkeys(filter(None, re.split(r"[\s,;]+", text))))
        if not 0 < len(words) <= _MOST_PEOPLE:
            self.add_error(
                "people", f"{len(words)} people are given; expected from 1 to {_MOST_PEOPLE}."
            )
            return frozenset()
        scope = require("schedules.manage").scope
        known: dict[str, list[UUID]] = {}
        rows = Person.objects.filter(within_scope(scope), status__in=Person.LIVING)
        for pk, code, email in rows.values_list("id", "code", "email"):
            for word in filter(None, (code.casefold(), email.casefold())):
                known.setdefault(word, []).append(pk)
        unknown = [word for word in words if word.casefold() not in known]
        twice = [word for word in words if len(set(known.get(word.casefold(), []))) > 1]
        if unknown:
            self.add_error(
                "people", f"Nobody has the code {_listed(unknown)}. Correct it, or take it out."
            )
        if twice:
            self.add_error("people", f"Several people have {_listed(twice)}. Give their codes.")
        if unknown or twice:
            return frozenset()
        return frozenset(known[word.casefold()][0] for word in words)

    def _turns(self, text: str) -> tuple[UUID | None, ...]:
        by_code = {shift.code.upper(): shift.pk for shift in self._shifts}
        words = list(filter(None, re.split(r"[\s,;]+", text.upper())))
        unknown = [word for word in words if word not in by_code and word not in _OFF]
        if unknown:
            codes = ", ".join(sorted(by_code)) or "none yet"
            self.add_error(
                "turns",
                f"No shift has the code {_listed(unknown)}. There are: {codes}, and - for a day "
                "off.",
            )
        elif all(word in _OFF for word in words):
            self.add_error("turns", "There are days off only. Put a shift between them.")
        return tuple(by_code.get(word) for word in words)

    def begins(self) -> date:
        found: date = self.cleaned_data["first"]
        return found

    def target(self) -> Whom:
        """Of a form that is valid."""
        cleaned = self.cleaned_data
        kind = cleaned["whom"]
        return Whom(
            person_ids=cleaned["person_ids"] if kind == "people" else frozenset(),
            department_id=cleaned["department"].pk if kind == "department" else None,
            site_id=UUID(cleaned["site"]) if kind == "site" else None,
        )

    def plan(self) -> Plan:
        """Of a form that is valid."""
        cleaned = self.cleaned_data
        return Plan(shift_ids=cleaned["shift_ids"], first=cleaned["first"], last=cleaned["last"])

    def mode(self) -> Beside:
        return Beside(self.cleaned_data["beside"])


class EndForm(ChangeForm):
    """The last date of an assignment."""

    last = forms.DateField(
        label="Last day",
        widget=DateInput(),
        help_text="Before its first day: it is taken back as if it had never been made.",
    )

    def __init__(self, data: QueryDict | None = None, *, assignment: Assignment) -> None:
        super().__init__(data, initial={"last": assignment.last or timezone.localdate()})
        self._first = assignment.first

    def clean_last(self) -> date | None:
        return self.clean_date("last")

    def begins(self) -> date:
        after: date = self.cleaned_data["last"] + timedelta(days=1)
        return after if self._first is None else max(after, self._first)


def _listed(words: list[str]) -> str:
    shown = ", ".join(words[:_SHOWN])
    return shown if len(words) <= _SHOWN else f"{shown} and {len(words) - _SHOWN} more"


def _choose(form: forms.Form, name: str, choices: list[tuple[str, str]]) -> None:
    form.fields[name].choices = choices  # type: ignore[attr-defined]
