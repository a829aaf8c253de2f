"""Cases 71 to 85: leave, holidays, days off, joining, flexible and very long shifts."""

from __future__ import annotations

from tests.attendance.notation import Case, assigned, case

__all__ = ["CALENDAR"]

MONDAY, TUESDAY, SATURDAY = "2026-05-04", "2026-05-05", "2026-05-09"
WORKED = "in 09:00, out 17:00"
WEEKDAYS = {"assignments": [assigned(MONDAY, None, days=[0, 1, 2, 3, 4])]}
FLEXIBLE = {"start": "06:00", "end": "22:00", "flexible_minutes": 480}


def leave(part: str) -> dict[str, list[dict[str, str]]]:
    return {"leaves": [{"date": MONDAY, "part": part}]}


CALENDAR: tuple[Case, ...] = (
    case(71, "Full-day leave, no punches", **leave("full"), expects={"status": "on_leave"}),
    case(
        72,
        "Full-day leave but worked: kept and flagged, never overwritten",
        "in 09:30, out 16:00",
        **leave("full"),
        expects={"status": "present", "flags": ("worked_on_leave",)},
        also={"worked": 390, "payable": 390, "late": 0, "early": 0, "overtime": 0},
    ),
    case(
        73,
        "Morning leave: 13:00 is on time",
        "in 13:00, out 17:00",
        **leave("am"),
        expects={"status": "half_leave_present", "late": 0, "worked": 240},
        also={"payable": 240, "flags": ()},
    ),
    case(
        74,
        "Morning leave, no punches after: not a full absence (Frappe #4531)",
        **leave("am"),
        expects={"status": "half_leave_absent"},
    ),
    case(
        75,
        "Afternoon leave: leaving at 12:58 is within grace of the moved end",
        "in 09:00, out 12:58",
        **leave("pm"),
        expects={"early": 0, "status": "half_leave_present"},
        also={"worked": 238, "flags": ()},
    ),
    case(76, "Holiday, no punches", holidays=[MONDAY], expects={"status": "holiday"}),
    case(
        77,
        "Holiday worked: all overtime, flagged",
        "in 10:00, out 14:00",
        holidays=[MONDAY],
        expects={"status": "present", "overtime": 240, "flags": ("worked_on_holiday",)},
        also={"late": 0, "early": 0, "worked": 240},
        rows=[MONDAY],
    ),
    case(
        78,
        "Weekly off",
        on=SATURDAY,
        **WEEKDAYS,
        expects={"status": "day_off"},
        also={"shift": None, "flags": ()},
        rows=[SATURDAY, "2026-05-10"],
    ),
    case(
        79,
        "Worked on a weekly off: unscheduled, all overtime",
        "in 10:00, out 12:00",
        on=SATURDAY,
        **WEEKDAYS,
        expects={"status": "present", "overtime": 120, "flags": ("unscheduled",)},
        also={"worked": 120, "late": 0, "early": 0},
        rows=[SATURDAY, "2026-05-10"],
    ),
    case(
        80,
        "Joined on Tuesday: no row for Monday",
        assignments=[assigned(TUESDAY, None)],
        expects={"work_date": TUESDAY, "status": "absent"},
        rows=[TUESDAY],
    ),
    case(
        81,
        "Night shift assigned for one date only: its out next morning still belongs",
        "in 22:00, out +1 06:00",
        assignments=[assigned(MONDAY, MONDAY, start="22:00", end="06:00")],
        expects={"worked": 480},
        rows=[MONDAY],
    ),
    case(
        82,
        "Flexible 8 h in 06-22: 11:00 arrival is not late, 7:30 worked is 30 short",
        "in 11:00, out 18:30",
        **FLEXIBLE,
        expects={"late": 0, "early": 30, "worked": 450},
        also={"overtime": 0, "payable": 450},
    ),
    case(
        83,
        "Flexible: 9 h is 60 overtime",
        "in 08:00, out 17:00",
        **FLEXIBLE,
        expects={"overtime": 60, "early": 0},
    ),
    case(
        84,
        "24 h guard shift 08-08",
        "in 08:00, out +1 08:00",
        start="08:00",
        end="08:00",
        expects={"worked": 1440, "early": 0, "late": 0},
        also={"status": "present", "overtime": 0},
    ),
    case(
        85,
        "Session longer than the maximum cannot be closed by a punch",
        "in 09:00, out +1 01:01",
        expects={"status": "incomplete"},
        also={"flags": ("missing_out",), "worked": 0},
        rows=[MONDAY, TUESDAY],
    ),
)
