"""What the columns of a file of punches are, by their headings: pure.

Public surface: ``SAMPLE``, ``find_columns``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from portal.core.errors import DomainError
from portal.core.sheets import normalised

__all__ = ["SAMPLE", "find_columns"]

SAMPLE: Final = (
    "\ufeffCode,Time,Direction,Place,Id\r\n"
    "1001,2026-11-02 08:58:12,in,Main gate,20718\r\n"
    "1001,2026-11-02T17:03:40+01:00,out,Main gate,20741\r\n"
)

# Headings, normalised.
_SPELLINGS: Final = {
    "code": (
        "code", "number", "no", "person", "personid", "personcode", "personno", "personnumber",
        "employeeid", "employeeno", "employeenumber", "employeecode", "empid", "empno", "empcode",
        "staffid", "staffno", "staffnumber", "staffcode", "pupilid", "pupilnumber", "studentid",
        "studentno", "studentnumber", "personnelid", "personnelnumber", "personnelno", "payrollnumber",
        "badge", "badgeid", "badgenumber", "cardnumber", "userid", "userno", "enrollid",
        "enrolmentnumber", "acno", "personalnummer", "mitarbeiternummer", "matricule", "legajo",
        "matricola",
    ),
    "at": (
        "at", "time", "datetime", "dateandtime", "dateadtime", "timestamp", "when", "instant",
        "punchtime", "punchedat", "checktime", "eventtime", "logtime", "recordtime", "clockedat",
        "zeit", "zeitpunkt", "zeitstempel", "datumuhrzeit", "uhrzeit", "heure", "hora", "ora",
    ),
    "date": (
        "date", "day", "punchdate", "checkdate", "eventdate", "logdate", "workdate", "datum", "tag",
        "jour", "fecha", "data",
    ),
    "direction": (
        "direction", "inout", "inorout", "punchtype", "punchstate", "inoutstatus", "inoutstate",
        "richtung", "kommtgeht", "sens", "sentido",
    ),
    "place": (
        "place", "location", "door", "gate", "terminal", "terminalname", "device", "devicename",
        "reader", "readername", "camera", "where", "ort", "gerat", "tur", "lieu", "lugar",
    ),
    "id": ("id", "recordid", "eventid", "logid", "punchid", "transactionid", "rowid", "guid"),
}  # fmt: skip
_OF_SPELLING: Final = {name: field for field, names in _SPELLINGS.items() for name in names}


def find_columns(headings: Sequence[str]) -> Mapping[str, int]:
    """Per field its column; ``at`` is the moment, or the time of day where there is a ``date``.

    Raises ``DomainError`` ``punches.headings`` where a person or a moment cannot be told.
    """
    if len(headings) < 2:
        raise _refused(
            f"there is one column only, “{_shown(headings)}”. The columns need a comma, a "
            "semicolon, a tab or a bar between them"
        )
    found: dict[str, int] = {}
    for column, heading in enumerate(headings):
        field = _OF_SPELLING.get(normalised(heading))
        if field in found:
            raise _refused(
                f"“{headings[found[field]]}” and “{heading}” mean the same. Keep one of them"
            )
        if field is not None:
            found[field] = column
    # A file whose only number is called an id names people by it.
    if "code" not in found and "id" in found:
        found["code"] = found.pop("id")
    # One column that is called a date may hold the time as well.
    if "at" not in found and "date" in found:
        found["at"] = found.pop("date")
    missing = [
        words
        for field, words in (("code", "the person's code"), ("at", "the time"))
        if field not in found
    ]
    if missing:
        raise _refused(f"no column holds {' or '.join(missing)}. Found: {_shown(headings)}")
    return found


def _refused(reason: str) -> DomainError:
    return DomainError(
        f"The spreadsheet was refused: {reason}. The first line must hold headings such as Code, "
        "Time, Direction, Place, Id; Date and Time may be two columns.",
        code="punches.headings",
    )


def _shown(headings: Sequence[str]) -> str:
    return ", ".join(headings)[:120]
