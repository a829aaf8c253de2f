"""Cases 1 to 32: a day at a time, how punches are read, and what may be said when."""

from __future__ import annotations

from tests.attendance.notation import Case, case

__all__ = ["ONE_DAY"]

WORKED = "in 09:00, out 17:00"
STANDING = ", ".join(f"in 09:{n // 2:02}:{n % 2 * 30:02}" for n in range(41))

ONE_DAY: tuple[Case, ...] = (
    case(
        1,
        "In 09:00 out 17:00",
        WORKED,
        expects={
            "status": "present", "worked": 480, "payable": 480, "late": 0, "early": 0, "overtime": 0,
        },
        also={
            "flags": (), "shift": "day", "first_in": "2026-05-04T09:00:00+02:00",
            "last_out": "2026-05-04T17:00:00+02:00",
        },
        rows=[  # nobody is assigned on Tuesday
            "2026-05-04"
        ],
    ),
    case(
        2,
        "In 09:05:00 with 5 min grace is on time",
        "in 09:05:00, out 17:00",
        expects={"late": 0},
        also={"worked": 475, "payable": 475},
    ),
    case(
        3,
        "In 09:05:01 is late; lateness counts from the start, not from the end of grace",
        "in 09:05:01, out 17:00",
        expects={"late": 5},
        also={"worked": 474, "payable": 474, "status": "present"},
    ),
    case(4, "In 09:06 -> late 6", "in 09:06, out 17:00", expects={"late": 6}),
    case(
        5,
        "Out 16:55 within grace",
        "in 09:00, out 16:55",
        expects={"early": 0},
        also={"worked": 475},
    ),
    case(6, "Out 16:54 -> early 6", "in 09:00, out 16:54", expects={"early": 6}),
    case(
        7,
        "In 08:20 early: presence 520, payable clipped to 480",
        "in 08:20, out 17:00",
        expects={"worked": 520, "payable": 480, "late": 0},
        also={"overtime": 0},
    ),
    case(
        8,
        "In 07:50 (before the window opens at 08:00), then 09:00-17:00, entrance/exit cameras: "
        "one row, flagged",
        "in 07:50, in 09:00, out 17:00",
        expects={"status": "present", "worked": 480, "late": 0, "flags": ("outside_window",)},
        also={"first_in": "2026-05-04T09:00:00+02:00"},
        rows=["2026-05-04"],
    ),
    case(
        9,
        "Same with undirected cameras: the early stray must not pair with the arrival",
        "? 07:50, ? 08:55, ? 17:00",
        expects={
            "status": "present", "worked": 485, "payable": 480, "late": 0,
            "flags": ("outside_window",),
        },
        rows=["2026-05-04"],
    ),
    case(
        10,
        "No punches, shift over -> absent",
        expects={"status": "absent"},
        also={"flags": (), "worked": 0, "late": 0, "early": 0, "first_in": None, "last_out": None},
    ),
    case(
        11, "No punches, shift not begun -> expected", now="08:59:59", expects={"status": "expected"}
    ),
    case(
        12,
        "No punches, 10:00 -> not arrived (not absent)",
        now="10:00",
        expects={"status": "not_arrived"},
    ),
    case(
        13,
        "No punches, shift over, a camera has not synced -> pending, never absent",
        watermark="20:59:59",
        expects={"status": "pending"},
    ),
    case(
        14,
        "Punches present but a camera not synced -> provisional",
        WORKED,
        watermark="16:00",
        expects={"status": "provisional"},
        also={"worked": 480},
    ),
    case(
        15,
        "Still inside the shift -> in progress",
        "in 09:00",
        now="12:00",
        expects={"status": "in_progress", "worked": 0},
        also={"flags": (), "last_out": None, "first_in": "2026-05-04T09:00:00+02:00", "early": 0},
    ),
    case(
        16,
        "One punch only -> incomplete, not present and not absent",
        "in 09:10",
        expects={"status": "incomplete", "worked": 0, "flags": ("missing_out",)},
        also={"payable": 0, "late": 10, "early": 0, "overtime": 0, "last_out": None},
    ),
    case(
        17,
        "Same, policy auto-close at shift end (flagged)",
        "in 09:10",
        auto_close=True,
        expects={
            "status": "present", "worked": 470, "late": 10, "overtime": 0,
            "flags": ("auto_closed",),
        },
        also={"payable": 470, "early": 0, "last_out": "2026-05-04T17:00:00+02:00"},
    ),
    case(
        18,
        "Exit camera only -> missing_in",
        "out 17:00",
        expects={"status": "incomplete", "flags": ("missing_in",)},
        also={
            "worked": 0, "first_in": None, "last_out": "2026-05-04T17:00:00+02:00", "late": 0,
        },
    ),
    case(
        19,
        "IN IN OUT (double recognition 60 s later), pairs mode",
        "in 09:00 @door, in 09:01 @hall, out 17:00",
        pairing="pairs",
        expects={"worked": 480, "flags": ("in_while_in",)},
        also={"status": "present"},
    ),
    case(
        20,
        "Undirected double sighting within debounce is one punch (Frappe: 0.02 h)",
        "? 09:00, ? 09:01, ? 17:00",
        pairing="pairs",
        expects={"worked": 480, "flags": ()},
        also={"status": "present"},
    ),
    case(
        21,
        "Standing 20 min before the camera (sightings every 30 s) is one punch",
        f"{STANDING}, out 17:00",
        pairing="pairs",
        expects={"worked": 480},
        also={"flags": ()},
    ),
    case(
        22,
        "IN OUT OUT, pairs",
        "in 09:00, out 12:00, out 17:00",
        pairing="pairs",
        expects={"worked": 180, "flags": ("out_without_in",)},
        also={"status": "present", "early": 300, "last_out": "2026-05-04T12:00:00+02:00"},
    ),
    case(
        23,
        "IN OUT OUT, first/last",
        "in 09:00, out 12:00, out 17:00",
        expects={"worked": 480},
        also={"flags": (), "status": "present"},
    ),
    case(
        24,
        "OUT before IN is ignored and flagged",
        "out 08:00, in 09:00, out 17:00",
        expects={"worked": 480, "flags": ("out_before_in",)},
        also={"status": "present"},
    ),
    case(
        25,
        "IN OUT IN (left at noon, back, no exit), pairs",
        "in 09:00, out 12:00, in 13:00",
        pairing="pairs",
        expects={"status": "incomplete", "worked": 180, "flags": ("missing_out",)},
        also={"last_out": None, "early": 0},
    ),
    case(
        26,
        "IN OUT IN, first/last: the last IN leaves the day open",
        "in 09:00, out 12:00, in 13:00",
        expects={"status": "incomplete"},
        also={"worked": 0, "flags": ("missing_out",), "last_out": None},
    ),
    case(
        27,
        "Lunch punched, pairs",
        "in 09:00, out 12:00, in 13:00, out 17:00",
        pairing="pairs",
        expects={"worked": 420},
        also={"payable": 420, "status": "present", "early": 0},
    ),
    case(
        28,
        "Same instant IN and OUT -> zero-length session, no crash",
        "out 09:00, in 09:00",
        expects={"worked": 0},
        also={"status": "present", "flags": ()},
    ),
    case(
        29,
        "Same events delivered twice (replay) change nothing",
        f"in 09:00 #a, out 17:00 #b, in 09:00 #a, out 17:00 #b, {WORKED}",
        expects={"worked": 480, "status": "present"},
        also={"flags": ()},
    ),
    case(30, "Events delivered out of order", "out 17:00, in 09:00", expects={"worked": 480}),
    case(
        31,
        "A voided punch is ignored",
        f"{WORKED}, out 19:00 void",
        expects={"worked": 480, "overtime": 0},
        also={"flags": ()},
    ),
    case(
        32,
        "A manual punch completes the day and is flagged",
        "in 09:00, out 17:00 manual",
        expects={"status": "present", "worked": 480, "flags": ("corrected",)},
    ),
)  # fmt: skip
