"""Our cases of minutes: breaks, rounding, overtime, leave, flexible hours, skipped hours."""

from __future__ import annotations

from tests.attendance.notation import Case, assigned, case

__all__ = ["OF_MINUTES"]

MONDAY, SATURDAY, SPRING = "2026-05-04", "2026-05-09", "2026-03-29"
WORKED = "in 09:00, out 17:00"
FLEXIBLE = {"start": "06:00", "end": "22:00", "flexible_minutes": 480}


def leave(*parts: str) -> dict[str, list[dict[str, str]]]:
    return {"leaves": [{"date": MONDAY, "part": part} for part in parts]}


OF_MINUTES: tuple[Case, ...] = (
    case(
        "break from its bound on",
        "the automatic break is owed from exactly so many minutes on",
        "in 09:00, out 15:00",
        break_min=30,
        expects={"worked": 330, "payable": 330},
    ),
    case(
        "break longer than the work",
        "a break never makes less than nothing",
        "in 09:00, out 15:00",
        break_min=400,
        expects={"worked": 0, "payable": 0},
    ),
    case(
        "break window first",
        "who has a break at a fixed time has no automatic one",
        WORKED,
        break_min=30,
        break_window="12:00-12:45",
        expects={"worked": 435, "payable": 435},
    ),
    case(
        "came in the break",
        "of a break window only what was spent there is deducted",
        "in 12:30, out 17:00",
        break_window=["12:00", "13:00"],
        expects={"worked": 240, "payable": 240},
    ),
    case(
        "break at the start",
        "a break may begin with the shift",
        WORKED,
        break_window=["09:00", "09:30"],
        expects={"worked": 450},
    ),
    case(
        "break over midnight",
        "and pass midnight",
        "in 22:00, out +1 06:00",
        start="22:00",
        end="06:00",
        break_window=["23:45", "00:15"],
        expects={"worked": 450},
    ),
    case(
        "break on a day off",
        "the automatic break is owed without a shift too",
        WORKED,
        on=SATURDAY,
        assignments=[assigned(MONDAY, None, days=[0], break_min=30)],
        expects={"worked": 450, "payable": 450, "overtime": 450},
    ),
    case(
        "punched break before the shift",
        "a break that was punched counts wherever it lay",
        "in 08:00, out 08:30, in 09:30, out 17:00",
        pairing="pairs",
        break_min=30,
        expects={"worked": 480, "payable": 450},
    ),
    case(
        "early time counts",
        "where the policy says so, but time after the end does not",
        "in 08:20, out 17:20",
        count_early=True,
        expects={"worked": 540, "payable": 520},
    ),
    case(
        "rounding down", "08:00 less 7 minutes", "in 09:07, out 17:00",
        round_unit_min=15, round_mode="down", expects={"payable": 465, "worked": 473},
    ),
    case(
        "rounding up", "to the next unit", "in 09:14, out 17:00",
        round_unit_min=15, round_mode="up", expects={"payable": 480, "worked": 466},
    ),
    case(
        "rounding up from a unit", "an exact unit stays", WORKED,
        round_unit_min=15, round_mode="up", expects={"payable": 480},
    ),
    case(
        "rounding to the nearest", "7 of 15 minutes are down", "in 09:08, out 17:00",
        round_unit_min=15, expects={"payable": 465},
    ),
    case(
        "rounding a half", "and a half is up", "in 09:05, out 17:00",
        round_unit_min=10, expects={"payable": 480, "worked": 475},
    ),
    case(
        "late after no leaving",
        "lateness is known while the person is there",
        "in 09:20",
        now="12:00",
        expects={"status": "in_progress", "late": 20, "early": 0},
    ),
    case(
        "leaving by the second",
        "a minute that has begun before the end is one",
        "in 09:00, out 16:54:30",
        expects={"early": 6, "worked": 474},
    ),
    case(
        "half minutes",
        "sessions count in whole minutes each",
        "in 09:00:30, out 12:00, in 13:00:30, out 17:00",
        pairing="pairs",
        expects={"worked": 418, "payable": 418},
    ),
    case(
        "overtime is worked time",
        "time away between the end of the shift and overtime is none",
        "in 09:00, out 17:00, in 18:00, out 19:00",
        pairing="pairs",
        expects={"overtime": 60, "worked": 540, "payable": 480},
    ),
    case(
        "overtime less the break",
        "there is never more overtime than work",
        "in 17:00, out 19:00",
        break_min=60,
        break_after_min=120,
        expects={"worked": 60, "overtime": 60, "payable": 0},
    ),
    case(
        "no minimum of overtime", "one minute is one", "in 09:00, out 17:01",
        overtime_after_min=0, overtime_unit_min=1, expects={"overtime": 1},
    ),
    case(
        "half of flexible hours", "with half a day's leave half of the hours are owed",
        "in 10:00, out 13:20", **FLEXIBLE, **leave("am"),
        expects={"status": "half_leave_present", "early": 40, "late": 0, "payable": 200},
    ),
    case(
        "flexible overtime with half a day's leave", "and more is overtime",
        "in 08:00, out 13:00", **FLEXIBLE, **leave("pm"),
        expects={"overtime": 60, "early": 0, "payable": 300},
    ),
    case(
        "flexible without a coming", "what is missing is not known while an end is missing",
        "out 18:00", **FLEXIBLE, expects={"status": "incomplete", "early": 0, "overtime": 0},
    ),
    case(
        "flexible with a lost leaving", "nor where a leaving in between was not seen",
        "in 07:00, in 16:00, out 18:00", **FLEXIBLE, pairing="pairs", max_session_min=500,
        expects={"status": "incomplete", "worked": 120, "early": 0, "flags": ("missing_out",)},
    ),
    case(
        "flexible, short, no minimum", "too few minutes are no overtime",
        "in 09:00, out 16:50", **FLEXIBLE, overtime_after_min=0, overtime_unit_min=1,
        expects={"overtime": 0, "early": 10},
    ),
    case(
        "flexible, closed by the policy", "no early leaving is made of an automatic end",
        "in 16:00", **FLEXIBLE, auto_close=True,
        expects={"status": "present", "worked": 360, "early": 0, "overtime": 0},
    ),
    case(
        "closed by the policy on a holiday", "and no overtime",
        "in 09:10", auto_close=True, holidays=[MONDAY],
        expects={"worked": 470, "overtime": 0, "flags": ("auto_closed", "worked_on_holiday")},
    ),
    case(
        "afternoon leave, left early", "the end has moved to 13:00, which is what is missed",
        "in 09:00, out 12:50", **leave("pm"), expects={"early": 10, "payable": 230},
    ),
    case(
        "afternoon leave, stayed", "time after the moved end is overtime, not payable",
        "in 09:00, out 14:00", **leave("pm"),
        expects={"overtime": 60, "payable": 240, "worked": 300},
    ),
    case(
        "morning leave, late", "and morning leave moves the start",
        "in 13:10, out 17:00", **leave("am"), expects={"late": 10, "early": 0},
    ),
    case(
        "two halves", "two halves of leave are a day of it",
        **leave("am", "pm"), expects={"status": "on_leave"},
    ),
    case(
        "a half and a day", "and a whole day includes its halves",
        "in 10:00, out 12:00", **leave("am", "full"),
        expects={"status": "present", "late": 0, "early": 0, "flags": ("worked_on_leave",)},
    ),
    case(
        "shift within the skipped hour", "a shift whose times are both skipped keeps its length",
        "in 03:30, out 04:00", on=SPRING, start="02:30", end="03:00",
        expects={"status": "present", "worked": 30, "payable": 30, "late": 0, "early": 0},
    ),
    case(
        "shift up to the skipped hour's end", "also where start and end fall on one instant",
        "in 03:00, out 04:00", on=SPRING, start="02:00", end="03:00",
        expects={"worked": 60, "payable": 60, "late": 0, "early": 0, "overtime": 0},
    ),
)  # fmt: skip
