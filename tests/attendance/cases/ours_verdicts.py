"""Our cases of what is said about a day, and of the very moment from which on it is said."""

from __future__ import annotations

from tests.attendance.notation import Case, assigned, case

__all__ = ["OF_VERDICTS"]

MONDAY, SATURDAY = "2026-05-04", "2026-05-09"
WORKED = "in 09:00, out 17:00"
OFF = {"on": SATURDAY, "assignments": [assigned(MONDAY, None, days=[0], pairing="pairs")]}
DOUBLE = {
    "assignments": [
        assigned(MONDAY, MONDAY, name="morning", start="06:00", end="14:00", auto_close=True),
        assigned(MONDAY, MONDAY, name="late", start="14:00", end="22:00"),
    ]
}
THRESHOLDS = {"absent_below_min": 300, "half_day_below_min": 400}

OF_VERDICTS: tuple[Case, ...] = (
    case("at the start", "not arrived", now="09:00", expects={"status": "not_arrived"}),
    case("before the end", "not arrived", now="16:59:59", expects={"status": "not_arrived"}),
    case("at the end", "over, not yet known", now="17:00", expects={"status": "pending"}),
    case("before the window ends", "still unknown", now="20:59:59", expects={"status": "pending"}),
    case(
        "at the window's end", "absent", now="21:00",
        expects={"status": "absent", "payable": 0, "overtime": 0},
    ),
    case(
        "cameras at the window's end", "the watermark has passed when it is there",
        watermark="21:00", expects={"status": "absent"},
    ),
    case("no camera ever reported", "pending", watermark=None, expects={"status": "pending"}),
    case(
        "no camera ever reported, worked", "provisional", WORKED,
        watermark=None, expects={"status": "provisional"},
    ),
    case(
        "open before the window ends", "in progress", "in 09:00", now="20:59:59",
        expects={"status": "in_progress", "flags": ()},
    ),
    case(
        "open at the window's end", "incomplete", "in 09:00", now="21:00",
        expects={"status": "incomplete"},
    ),
    case(
        "incomplete before the cameras", "a missing end is said before the cameras have reported",
        "in 09:00", watermark="10:00", expects={"status": "incomplete"},
    ),
    case(
        "leaving only, in the window", "a missing coming is said at once",
        "out 12:00", now="13:00", expects={"status": "incomplete", "flags": ("missing_in",)},
    ),
    case(
        "lost leaving while there", "in again after a leaving that was not seen",
        "in 07:00 @a, in 12:30", now="13:00", pairing="pairs", max_session_min=300,
        start="08:00", end="12:00",
        expects={"status": "in_progress", "late": 0},
    ),
    case(
        "auto-close at the end", "who comes when the shift ends was not there",
        "in 17:00", auto_close=True, expects={"status": "incomplete", "flags": ("missing_out",)},
    ),
    case(
        "auto-close after the end", "nor who comes later", "in 18:00", auto_close=True,
        expects={"status": "incomplete", "worked": 0},
    ),
    case(
        "auto-close of the longest session", "it may be as long as the maximum",
        "in 09:00", auto_close=True, max_session_min=480,
        expects={"status": "present", "worked": 480},
    ),
    case(
        "auto-close of too long a session", "and not longer",
        "in 08:59", auto_close=True, max_session_min=480,
        expects={"status": "incomplete", "worked": 0},
    ),
    case(
        "auto-close before the next shift", "who is seen at the next shift has left this one",
        "in 06:00, in 13:30, out 22:00", **DOUBLE,
        expects={"shift": "morning", "worked": 450, "early": 0, "flags": ("auto_closed",)},
    ),
    case(
        "auto-close and the next shift", "so no minute counts twice",
        "in 06:00, in 13:30, out 22:00", **DOUBLE,
        expects={"shift": "late", "worked": 510, "payable": 480, "flags": ()},
    ),
    case(
        "auto-close while the window is open", "before the window ends nothing is closed",
        "in 09:00", auto_close=True, now="20:00", expects={"status": "in_progress"},
    ),
    case(
        "auto-close without a shift", "without a shift there is no end to close at",
        "in 09:00", on=SATURDAY,
        assignments=[assigned(MONDAY, None, days=[0], auto_close=True)],
        expects={"status": "incomplete", "flags": ("missing_out", "unscheduled")},
    ),
    case(
        "unscheduled and open", "in progress for as long as a session may last",
        "in 10:00, in 20:00", **OFF, now="+1 01:59", expects={"status": "in_progress"},
    ),
    case(
        "unscheduled and forgotten", "and incomplete from then on",
        "in 10:00, in 20:00", **OFF, now="+1 02:00", expects={"status": "incomplete"},
    ),
    case(
        "unscheduled and not yet known", "provisional until the cameras have reported so far",
        "in 10:00, out 12:00", **OFF, watermark="+1 01:59", expects={"status": "provisional"},
    ),
    case(
        "unscheduled and known", "present then",
        "in 10:00, out 12:00", **OFF, watermark="+1 02:00", expects={"status": "present"},
    ),
    case(
        "thresholds on a day off", "nobody is absent from a day off",
        "in 10:00, out 12:00", on=SATURDAY,
        assignments=[assigned(MONDAY, None, days=[0], **THRESHOLDS)],
        expects={"status": "present", "flags": ("unscheduled",)},
    ),
    case(
        "thresholds on a holiday", "nor from a holiday",
        "in 10:00, out 12:00", holidays=[MONDAY], **THRESHOLDS,
        expects={"status": "present", "flags": ("worked_on_holiday",)},
    ),
    case(
        "thresholds on leave", "nor from a day of leave",
        "in 10:00, out 12:00", leaves=[{"date": MONDAY}], **THRESHOLDS,
        expects={"status": "present", "flags": ("worked_on_leave",)},
    ),
    case(
        "leave before a holiday", "leave is said first",
        leaves=[{"date": MONDAY}], holidays=[MONDAY], expects={"status": "on_leave"},
    ),
    case(
        "leave on a day off", "also of a day off",
        on=SATURDAY, assignments=OFF["assignments"], leaves=[{"date": SATURDAY}],
        expects={"status": "on_leave", "shift": None},
    ),
    case(
        "holiday on a day off", "and a holiday before a day off",
        on=SATURDAY, assignments=OFF["assignments"], holidays=[SATURDAY],
        expects={"status": "holiday", "shift": None},
    ),
    case(
        "holiday with half a day's leave", "a half does not hide it",
        holidays=[MONDAY], leaves=[{"date": MONDAY, "part": "pm"}], expects={"status": "holiday"},
    ),
)  # fmt: skip
