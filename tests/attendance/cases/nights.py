"""Cases 48 to 70: nights, double shifts, forgotten leaving, changes of the clocks, time zones."""

from __future__ import annotations

from tests.attendance.notation import Case, assigned, case

__all__ = ["NIGHTS"]

MONDAY, TUESDAY = "2026-05-04", "2026-05-05"
SPRING, AUTUMN = "2026-03-28", "2026-10-24"
NIGHT = {"name": "night", "start": "22:00", "end": "06:00"}
KOLKATA = "Asia/Kolkata"

NIGHT_THEN_EVENING = {
    "assignments": [
        assigned(MONDAY, MONDAY, **NIGHT),
        assigned(TUESDAY, TUESDAY, name="evening", start="16:00", end="22:00"),
    ],
}
NIGHT_THEN_EVENING_SEEN = "in 21:50, out +1 07:10, in +1 16:00, out +1 22:00"
DOUBLE = {
    "assignments": [
        assigned(MONDAY, MONDAY, name="morning", start="06:00", end="14:00"),
        assigned(MONDAY, MONDAY, name="late", start="14:00", end="22:00"),
    ],
}
DOUBLE_SEEN = "in 06:00, out 13:58, in 13:59, out 22:00"
NIGHTS_OF_THE_WEEK = {"assignments": [assigned(MONDAY, None, **NIGHT)]}
FORGOTTEN_NIGHT_SEEN = "in 22:00, in +1 22:00, out +2 06:00"
DAYS_OF_THE_WEEK = {"assignments": [assigned(MONDAY, None)]}
FORGOTTEN_DAY_SEEN = "? 09:00, ? +1 09:00, ? +1 17:00"

NIGHTS: tuple[Case, ...] = (
    case(
        48,
        "Night 22-06, out next day",
        "in 22:00, out +1 06:00",
        **NIGHT,
        expects={"work_date": MONDAY, "worked": 480, "late": 0, "early": 0},
        also={"status": "present", "payable": 480, "last_out": "2026-05-05T06:00:00+02:00"},
        rows=[MONDAY],
    ),
    case(
        49,
        "Night, in before midnight window 21:10",
        "in 21:10, out +1 06:00",
        **NIGHT,
        expects={"worked": 530, "payable": 480},
    ),
    case(
        50,
        "Night, in at 00:40 the next date still belongs to the start date, late 160",
        "in +1 00:40, out +1 06:00",
        **NIGHT,
        expects={"work_date": MONDAY, "late": 160, "worked": 320},
        rows=[MONDAY],
    ),
    case(
        51,
        "Night break window 02:00-02:30",
        "in 22:00, out +1 06:00",
        **NIGHT,
        break_window=["02:00", "02:30"],
        expects={"worked": 450},
    ),
    case(
        52,
        "Night then evening shift; out 07:10 goes to the night (Frappe #3298)",
        NIGHT_THEN_EVENING_SEEN,
        **NIGHT_THEN_EVENING,
        expects={"work_date": MONDAY, "worked": 560, "overtime": 60, "status": "present"},
        also={"shift": "night"},
    ),
    case(
        53,
        "... and the evening shift is its own row",
        NIGHT_THEN_EVENING_SEEN,
        **NIGHT_THEN_EVENING,
        expects={"work_date": TUESDAY, "worked": 360, "status": "present"},
        also={"shift": "evening"},
    ),
    case(
        54,
        "Double shift back to back: OUT 13:58 -> first",
        DOUBLE_SEEN,
        **DOUBLE,
        expects={"shift": "morning", "worked": 478, "early": 0, "status": "present"},
        also={"flags": ()},
    ),
    case(
        55,
        "... IN 13:59 -> second",
        DOUBLE_SEEN,
        **DOUBLE,
        expects={"shift": "late", "worked": 481, "payable": 480, "late": 0, "status": "present"},
        rows=[MONDAY, MONDAY],
    ),
    case(
        56,
        "Forgot to leave on night 1: night 2 is not poisoned (Odoo #29645)",
        FORGOTTEN_NIGHT_SEEN,
        **NIGHTS_OF_THE_WEEK,
        expects={"work_date": MONDAY, "status": "incomplete"},
        also={"flags": ("missing_out",), "worked": 0},
    ),
    case(
        57,
        "... night 2 complete",
        FORGOTTEN_NIGHT_SEEN,
        **NIGHTS_OF_THE_WEEK,
        expects={"work_date": TUESDAY, "worked": 480, "status": "present"},
        also={"flags": ()},
    ),
    case(
        58,
        "Forgot to leave on Monday, undirected cameras: Monday incomplete",
        FORGOTTEN_DAY_SEEN,
        **DAYS_OF_THE_WEEK,
        expects={"status": "incomplete"},
        also={"worked": 0},
    ),
    case(
        59,
        "... Tuesday complete",
        FORGOTTEN_DAY_SEEN,
        **DAYS_OF_THE_WEEK,
        expects={"status": "present", "worked": 480},
        also={"work_date": TUESDAY, "flags": ()},
    ),
    case(
        60,
        "Spring night 22-06 is 7 h",
        "in 22:00, out +1 06:00",
        on=SPRING,
        **NIGHT,
        expects={"worked": 420, "late": 0, "early": 0},
        also={"payable": 420, "overtime": 0},
    ),
    case(
        61,
        "Autumn night 22-06 is 9 h",
        "in 22:00, out +1 06:00",
        on=AUTUMN,
        **NIGHT,
        expects={"worked": 540, "early": 0, "overtime": 0},
        also={
            "payable": 540, "first_in": "2026-10-24T22:00:00+02:00",
            "last_out": "2026-10-25T06:00:00+01:00",
        },
    ),
    case(
        62,
        "Start 02:30 does not exist in spring: it becomes 03:30, arriving 03:30 is on time",
        "in 03:30, out 10:00",
        on="2026-03-29",
        start="02:30",
        end="10:00",
        expects={"late": 0, "worked": 390},
        also={"payable": 390},
    ),
    case(
        63,
        "02:30 occurs twice: two punches one hour apart are 60 min",
        "in 02:30, out 02:30 second",
        on="2026-10-25",
        start="02:00",
        end="10:00",
        expects={"worked": 60},
    ),
    case(
        64,
        "Kolkata night 20-04, server in UTC: work date is the local one, no false overtime "
        "(Odoo #245247)",
        "in 20:00, out +1 04:00",
        zone=KOLKATA,
        start="20:00",
        end="04:00",
        expects={"work_date": MONDAY, "worked": 480, "overtime": 0},
        also={"late": 0, "early": 0, "first_in": "2026-05-04T20:00:00+05:30"},
    ),
    case(
        65,
        "New York 17:00-23:30 crosses UTC midnight; date stays local",
        "in 17:00, out 23:30",
        zone="America/New_York",
        start="17:00",
        end="23:30",
        expects={"work_date": MONDAY, "worked": 390},
        rows=[MONDAY],
    ),
    case(
        66,
        "Window past midnight: shift 15:00-23:30, out 00:20 (Frappe #713)",
        "in 15:00, out +1 00:20",
        start="15:00",
        end="23:30",
        expects={"work_date": MONDAY, "worked": 560, "overtime": 45},
        rows=[MONDAY],
    ),
    case(
        67,
        "Shift 00:30-10:00, in at 23:45 the day before",
        "in -1 23:45, out 10:00",
        on=TUESDAY,
        start="00:30",
        end="10:00",
        expects={"work_date": TUESDAY, "worked": 615, "payable": 570},
    ),
    case(
        68,
        "Half-day leave on the short DST night: the half is 3.5 h, so 01:50 is 20 late",
        "in +1 01:50, out +1 06:00",
        on=SPRING,
        **NIGHT,
        leaves=[{"date": SPRING, "part": "am"}],
        expects={"late": 20},
        also={"status": "half_leave_present"},
    ),
    case(
        69,
        "Unscheduled punch 02:00 in Kolkata (20:30 UTC the day before) is dated locally",
        "in 02:00, out 03:00",
        on=TUESDAY,
        zone=KOLKATA,
        assignments=[],
        expects={"work_date": TUESDAY, "flags": ("unscheduled",), "worked": 60},
        also={"shift": None, "status": "present", "overtime": 60, "payable": 60},
        rows=[TUESDAY],
    ),
    case(
        70,
        "A replayed manual punch is one punch",
        "in 09:00 manual, in 09:00 manual, out 17:00 manual, out 17:00 manual",
        pairing="pairs",
        expects={"worked": 480, "flags": ("corrected",)},
    ),
)  # fmt: skip
