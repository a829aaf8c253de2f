"""Cases 33 to 47: breaks, overtime, rounding and thresholds."""

from __future__ import annotations

from tests.attendance.notation import Case, case

__all__ = ["MINUTES"]

WORKED = "in 09:00, out 17:00"
LUNCH = ["12:00", "13:00"]

MINUTES: tuple[Case, ...] = (
    case(
        33,
        "Break window 12-13 deducted",
        WORKED,
        break_window=LUNCH,
        expects={"worked": 420, "payable": 420},
        also={"status": "present", "early": 0},
    ),
    case(
        34,
        "Left 12:30: only the half hour inside the break is deducted",
        "in 09:00, out 12:30",
        break_window=LUNCH,
        expects={"worked": 180},
    ),
    case(35, "Auto break 30 when >= 6 h", WORKED, break_min=30, expects={"worked": 450}),
    case(
        36,
        "5 h day: no auto break",
        "in 09:00, out 14:00",
        break_min=30,
        expects={"worked": 300},
    ),
    case(
        37,
        "20 min break was punched: only 10 more are deducted",
        "in 09:00, out 12:00, in 12:20, out 17:00",
        break_min=30,
        pairing="pairs",
        expects={"worked": 450},
    ),
    case(
        38,
        "60 min punched break: nothing more is deducted",
        "in 09:00, out 12:00, in 13:00, out 17:00",
        break_min=30,
        pairing="pairs",
        expects={"worked": 420},
    ),
    case(
        39,
        "Break owed on presence (365 min) is not undone by clipping to 355",
        "in 08:50, out 14:55",
        break_min=30,
        expects={"worked": 335, "payable": 335},
    ),
    case(
        40,
        "Out 17:29 -> below the overtime minimum",
        "in 09:00, out 17:29",
        expects={"overtime": 0, "worked": 509},
    ),
    case(41, "Out 17:30 -> 30", "in 09:00, out 17:30", expects={"overtime": 30}),
    case(42, "Out 18:14 -> 60 (unit 15, down)", "in 09:00, out 18:14", expects={"overtime": 60}),
    case(
        43,
        "Rounding off by default: 09:07-17:00 pays 473",
        "in 09:07, out 17:00",
        expects={"payable": 473, "worked": 473},
    ),
    case(
        44,
        "Quarter-hour nearest rounding touches payable only",
        "in 09:07, out 17:00",
        round_unit_min=15,
        expects={"payable": 480, "worked": 473},
    ),
    case(
        45,
        "Half-day threshold",
        "in 09:00, out 12:59",
        half_day_below_min=240,
        expects={"status": "half_day"},
        also={"flags": ()},
    ),
    case(
        46,
        "Absent threshold is tested before the half-day one (Frappe #343)",
        "in 09:00, out 10:59",
        half_day_below_min=240,
        absent_below_min=120,
        expects={"status": "absent", "flags": ("below_minimum",)},
        also={"worked": 119},
    ),
    case(
        47,
        "Exactly at the threshold is present",
        "in 09:00, out 13:00",
        half_day_below_min=240,
        absent_below_min=240,
        expects={"status": "present"},
        also={"flags": ()},
    ),
)
