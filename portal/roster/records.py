"""From the cells of a line to what they say about a person: pure.

Public surface: ``Record``, ``RowRefused``, ``ReadOptions``, ``read_record``, ``name_in``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal, Self

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from portal.roster.columns import normalised
from portal.roster.sheets import SheetRow

__all__ = ["ReadOptions", "Record", "RowRefused", "name_in", "read_record"]

_YES: Final = frozenset(
    {"yes", "y", "true", "1", "x", "given", "granted", "agreed", "consented", "active", "signed",
     "on", "ja", "j", "oui", "o", "si", "s", "sim", "vrai", "wahr"}
)  # fmt: skip
_NO: Final = frozenset(
    {"no", "n", "false", "0", "none", "withdrawn", "refused", "denied", "declined", "off", "nein",
     "non", "nao", "falsch", "faux"}
)  # fmt: skip
_TICKS: Final = frozenset({"✓", "✔", "☑", "✗", "✘"})
_NUMBERED_DATE: Final = re.compile(r"(\d{1,2})\s*[./-]\s*(\d{1,2})\s*[./-]\s*(\d{4})")
_YEAR_FIRST: Final = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T].*)?")
_WORDED: Final = ("%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%b %d, %Y", "%B %d, %Y")
_YEARS: Final = range(1900, 2101)


class RowRefused(Exception):
    """A line cannot be imported; the text says what was wrong and what is expected."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read what is ambiguous. ``has_all_consent``: everybody in the file has agreed."""

    date_order: Literal["day", "month"] = "day"
    basis: str = "consent"
    has_all_consent: bool = False

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            date_order="month" if data.get("date_order") == "month" else "day",
            basis=str(data.get("basis") or "consent"),
            has_all_consent=bool(data.get("has_all_consent")),
        )


@dataclass(frozen=True, slots=True)
class Record:
    """What a line says. None or empty is what it says nothing about; dates are ISO."""

    code: str
    name: str
    email: str = ""
    department: str = ""
    site: str = ""
    employed_from: str = ""
    employed_to: str = ""
    consent: Literal["", "yes", "no"] = ""
    consent_on: str = ""
    photos: tuple[str, ...] = ()

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """From its form in the database."""
        return cls(**{**data, "photos": tuple(data.get("photos", ()))})


def read_record(
    row: SheetRow, mapping: Mapping[str, int], *, options: ReadOptions, today: date
) -> Record:
    """Raises ``RowRefused`` with the reason."""
    if row.fault:
        raise RowRefused(row.fault)
    cells = {field: row.cells[column] for field, column in mapping.items()}
    name = name_in(row, mapping)
    code = cells.get("code", "")
    _expect(code, "There is no code. Every line needs one: by it people are found again.")
    _expect(name, "There is no name.")
    _expect(len(code) <= 40, "The code has more than 40 characters.")
    _expect(len(name) <= 120, "The name has more than 120 characters.")
    email = cells.get("email", "")
    if email:
        try:
            validate_email(email)
        except ValidationError as error:
            raise RowRefused(f"“{email[:80]}” is not an e-mail address.") from error
    begins = _date(cells.get("employed_from", ""), "Employed from", options)
    ends = _date(cells.get("employed_to", ""), "Employed to", options)
    _expect(not (begins and ends and ends < begins), "The employment ends before it begins.")
    consent, consent_on = _consent(cells, options, today)
    return Record(
        code=code,
        name=name,
        email=email,
        department=_department(cells.get("department", "")),
        site=cells.get("site", ""),
        employed_from=begins,
        employed_to=ends,
        consent=consent,
        consent_on=consent_on,
        photos=tuple(
            part.strip() for part in re.split(r"[;,|\n]", cells.get("photos", "")) if part.strip()
        ),
    )


def name_in(row: SheetRow, mapping: Mapping[str, int]) -> str:
    """The full name, or the first and the last; empty where neither is there."""
    cells = [row.cells[mapping[field]] for field in ("name",) if field in mapping]
    if not any(cells):
        cells = [row.cells[mapping[f]] for f in ("first_name", "last_name") if f in mapping]
    return " ".join(" ".join(cells).split())


def _consent(
    cells: Mapping[str, str], options: ReadOptions, today: date
) -> tuple[Literal["", "yes", "no"], str]:
    said, on = cells.get("consent", ""), _date(cells.get("consent_on", ""), "Consent", options)
    answer: Literal["", "yes", "no"] = ""
    if said in _TICKS:
        answer = "no" if said in {"✗", "✘"} else "yes"
    elif normalised(said) in _YES:
        answer = "yes"
    elif normalised(said) in _NO:
        answer = "no"
    elif said:
        # A column of dates alone: the day is the consent.
        answer, on = "yes", _date(said, "Consent", options, otherwise="yes, no or a date")
    elif on or options.has_all_consent:
        answer = "yes"
    _expect(on <= today.isoformat(), "The consent is dated in the future.")
    return answer, on if answer == "yes" else ""


def _department(path: str) -> str:
    names = [part.strip() for part in re.split(r"[/>\\]", path) if part.strip()]
    _expect(
        len(names) <= 6 and all(len(name) <= 80 for name in names),
        "The department's path is more than 6 deep, or a name in it has more than 80 characters.",
    )
    return " / ".join(names)


def _date(text: str, what: str, options: ReadOptions, *, otherwise: str = "a date") -> str:
    if not text:
        return ""
    found = _parsed(text, options)
    if found is None or found.year not in _YEARS:
        raise RowRefused(f"{what}: “{text[:40]}” is not understood; expected {otherwise}, such as "
                         "2026-01-31.")  # fmt: skip
    return found.isoformat()


def _parsed(text: str, options: ReadOptions) -> date | None:
    try:
        if match := _YEAR_FIRST.fullmatch(text):
            return date(*(int(part) for part in match.groups()))
        if match := _NUMBERED_DATE.fullmatch(text):
            first, second, year = (int(part) for part in match.groups())
            # Dots are written by people who put the day first.
            is_month_first = options.date_order == "month" and "." not in text
            day, month = (second, first) if is_month_first else (first, second)
            return date(year, month, day)
    except ValueError:
        return None
    for form in _WORDED:
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return None


def _expect(condition: object, message: str) -> None:
    if not condition:
        raise RowRefused(message)
