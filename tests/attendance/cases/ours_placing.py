"""Our cases of which shift a punch belongs to, and of how punches become sessions."""

from __future__ import annotations

from tests.attendance.notation import Case, assigned, case

__all__ = ["OF_PLACING"]

MONDAY, TUESDAY, SATURDAY = "2026-05-04", "2026-05-05", "2026-05-09"
PRESENT = {"status": "present"}


def shifts(*times: str, **rules: object) -> dict[str, object]:
    """Shifts of Monday, each ``name start end``."""
    split = [each.split() for each in times]
    return {
        "assignments": [
            assigned(MONDAY, MONDAY, name=name, start=start, end=end, **rules)
            for name, start, end in split
        ]
    }


DOUBLE = shifts("late 14:00 22:00", "morning 06:00 14:00")
WIDE = shifts("morning 06:00 10:00", "noon 12:00 16:00", early_in_min=300)
TWO = shifts("morning 06:00 10:00", "noon 12:00 16:00", early_in_min=60, late_out_min=120)
OFF = {"on": SATURDAY, "assignments": [assigned(MONDAY, None, days=[0], pairing="pairs")]}

OF_PLACING: tuple[Case, ...] = (
    case(
        "longest session",
        "a session may be as long as the maximum, also past the window",
        "in 09:00, out +1 01:00",
        expects={**PRESENT, "worked": 960},
        rows=[MONDAY],
    ),
    case(
        "leaving twice",
        "who has left is not made to stay by a stray leaving at night",
        "in 09:00, out 17:00, out +1 00:30",
        expects={**PRESENT, "worked": 480},
        rows=[MONDAY, TUESDAY],
    ),
    case(
        "third undirected",
        "the third undirected punch opens again, and late at night it is a stray",
        "? 09:00, ? 17:00, ? 22:00",
        expects={**PRESENT, "worked": 480, "flags": ("outside_window",)},
    ),
    case(
        "late undirected",
        "an undirected punch past the window closes the day when no shift waits",
        "? 09:00, ? 22:00",
        expects={**PRESENT, "worked": 780},
    ),
    case(
        "too old undirected",
        "an undirected punch after the longest session is a new coming",
        "? 09:00, ? 18:00, ? 22:00",
        pairing="pairs",
        max_session_min=500,
        expects={"status": "incomplete", "worked": 240, "flags": ("missing_out",)},
        also={"last_out": "2026-05-04T22:00:00+02:00"},
    ),
    case(
        "too old coming",
        "coming after the longest session is a new coming",
        "in 09:00, in 18:00, out 22:00",
        pairing="pairs",
        max_session_min=500,
        expects={"status": "incomplete", "worked": 240, "flags": ("missing_out",)},
    ),
    case(
        "too old coming, first/last",
        "from first to last is one session, however often somebody came in between",
        "in 09:00, in 18:00, out 22:00",
        max_session_min=500,
        expects={"status": "incomplete", "flags": ("missing_out", "outside_window")},
    ),
    case(
        "reopened and too long",
        "coming back reopens the first session, whose age then counts",
        "in 08:00, out 12:00, in 13:00, out +1 00:30",
        expects={"status": "incomplete", "worked": 0},
        rows=[MONDAY, TUESDAY],
    ),
    case(
        "reopened in pairs",
        "in pairs the age is that of the session which is open",
        "in 08:00, out 12:00, in 13:00, out +1 00:30",
        pairing="pairs",
        expects={**PRESENT, "worked": 930, "overtime": 450},
    ),
    case(
        "leaving first",
        "a leaving before the first coming does not make the session older",
        "out 08:00, in 09:00, out +1 00:30",
        expects={**PRESENT, "worked": 930, "flags": ("out_before_in",)},
    ),
    case(
        "interleaved, first",
        "a shift is over when the next one was given a punch: hours never interleave",
        "in 06:00, in 13:59, out 14:05, out 14:10",
        **DOUBLE,
        expects={"shift": "morning", "status": "incomplete", "worked": 0},
    ),
    case(
        "interleaved, second",
        "so the second leaving is of the later shift",
        "in 06:00, in 13:59, out 14:05, out 14:10",
        **DOUBLE,
        expects={"shift": "late", **PRESENT, "worked": 11},
    ),
    case(
        "window's end",
        "the end of the window is within it",
        "in 09:00, out 17:00, out 21:00",
        expects={**PRESENT, "worked": 720, "flags": ()},
    ),
    case(
        "two windows, leaving",
        "a leaving in two windows is of the earlier shift",
        "out 13:58, in 13:59, out 22:00",
        **DOUBLE,
        expects={"shift": "morning", "status": "incomplete", "flags": ("missing_in",)},
        also={"early": 0},
    ),
    case(
        "two windows, coming",
        "a coming in two windows is of the shift whose start is nearer",
        "in 13:30, out 22:00",
        **DOUBLE,
        expects={"shift": "late", **PRESENT, "worked": 510},
    ),
    case(
        "two windows, coming early",
        "also when that is the earlier one",
        "in 08:59, out 10:00",
        **WIDE,
        expects={"shift": "morning", **PRESENT, "worked": 61, "late": 179},
    ),
    case(
        "two windows, equally near",
        "and the earlier one where both are equally near",
        "in 09:00, out 10:00",
        **WIDE,
        expects={"shift": "morning", **PRESENT, "worked": 60},
    ),
    case(
        "two windows, nearer to the later",
        "and the later one a minute after",
        "in 09:01, out 16:00",
        **WIDE,
        expects={"shift": "noon", **PRESENT, "worked": 419},
    ),
    case(
        "two windows, earlier has begun",
        "somebody who has worked the earlier shift comes to the later one",
        "in 06:00, out 07:00, in 07:30, out 16:00",
        **WIDE,
        expects={"shift": "noon", **PRESENT, "worked": 510},
    ),
    case(
        "two windows, undirected early",
        "an undirected punch is of the earlier shift while that is empty and the later not begun",
        "? 08:00, ? 10:00, ? 11:50, ? 16:00",
        **WIDE,
        expects={"shift": "morning", **PRESENT, "worked": 120},
    ),
    case(
        "two windows, undirected after",
        "and of the later one once the earlier is done",
        "? 08:00, ? 10:00, ? 11:50, ? 16:00",
        **WIDE,
        expects={"shift": "noon", **PRESENT, "worked": 250},
    ),
    case(
        "two windows, undirected at the start",
        "and of the later one from its start on",
        "? 12:00, ? 16:00",
        **WIDE,
        expects={"shift": "noon", **PRESENT, "worked": 240},
    ),
    case(
        "window reaching back",
        "a window may open before that of a shift which starts earlier",
        "in 10:00, out 18:00",
        assignments=[
            assigned(MONDAY, MONDAY, name="late", start="14:00", end="18:00", early_in_min=300),
            assigned(MONDAY, MONDAY, name="noon", start="12:00", end="13:00", early_in_min=0),
        ],
        expects={"shift": "late", **PRESENT, "worked": 480},
    ),
    case(
        "undirected at the window's end",
        "at the end of its window an undirected punch still closes the shift",
        "? 06:00, ? 12:00, ? 16:00",
        **TWO,
        expects={"shift": "morning", **PRESENT, "worked": 360},
    ),
    case(
        "undirected past the window",
        "past it, it belongs to the shift that waits",
        "? 06:00, ? 12:01, ? 16:00",
        **TWO,
        expects={"shift": "noon", **PRESENT, "worked": 239},
    ),
    case(
        "leaving past the window",
        "a leaving past the window closes the shift all the same",
        "in 06:00, out 12:30",
        **TWO,
        expects={"shift": "morning", **PRESENT, "worked": 390},
        rows=[MONDAY, MONDAY],
    ),
    case(
        "stray before two shifts",
        "a stray is a remark on the nearest shift of its date",
        "in 04:00",
        **TWO,
        expects={"shift": "morning", "status": "absent", "flags": ("outside_window",)},
    ),
    case(
        "stray after two shifts",
        "also on the last",
        "in 19:00",
        **TWO,
        expects={"shift": "noon", "status": "absent", "flags": ("outside_window",)},
    ),
    case(
        "stray on another date",
        "a stray is no remark on the shift of the day before",
        "in 09:00, out 17:00, in +1 02:00",
        expects={**PRESENT, "flags": ()},
        rows=[MONDAY, TUESDAY],
    ),
    case(
        "left in the shift's window",
        "unscheduled work is over when somebody is seen in a shift's window",
        "in 07:50, out 09:30, out 21:30",
        expects={
            "shift": "day",
            "status": "incomplete",
            "flags": ("missing_in", "outside_window"),
        },
        also={"last_out": "2026-05-04T09:30:00+02:00"},
        rows=[MONDAY],
    ),
    case(
        "lunch on a day off",
        "work of a day off is one row",
        "in 10:00, out 12:00, in 13:00, out 15:00",
        **OFF,
        expects={**PRESENT, "worked": 240, "overtime": 240, "payable": 240},
        rows=[SATURDAY, "2026-05-10"],
    ),
    case(
        "weekend",
        "one row each of two days off",
        "in 10:00, out 12:00, in +1 10:00, out +1 11:00, in +1 13:00, out +1 14:00",
        **OFF,
        expects={"work_date": "2026-05-10", **PRESENT, "worked": 120},
        rows=[SATURDAY, "2026-05-10"],
    ),
    case(
        "over midnight on a day off",
        "work that passes midnight is of the date on which it began",
        "in 23:00, out +1 01:00",
        **OFF,
        expects={**PRESENT, "worked": 120},
        rows=[SATURDAY, "2026-05-10"],
    ),
    case(
        "before and after the shift",
        "work before the shift and work after it are two rows: the shift is not theirs",
        "in 05:00, out 06:00, in 09:00, out 17:00, in 22:00, out 23:00",
        expects={"shift": "day", **PRESENT, "worked": 480, "flags": ()},
        rows=[MONDAY, MONDAY, MONDAY],
    ),
    case(
        "closed by the longest, first/last",
        "a leaving after the longest session is ignored and flagged; the one before it counts",
        "in 08:00, out 12:00, out 16:21",
        max_session_min=500,
        expects={**PRESENT, "worked": 240, "flags": ("out_without_in",)},
    ),
    case(
        "just as long, first/last",
        "the longest session itself is allowed",
        "in 08:00, out 16:20",
        max_session_min=500,
        expects={**PRESENT, "worked": 500, "flags": ()},
    ),
    case(
        "just as long, pairs",
        "in pairs as well",
        "in 08:00, out 16:20",
        max_session_min=500,
        pairing="pairs",
        expects={**PRESENT, "worked": 500, "flags": ()},
    ),
    case(
        "maximum of a shift's length",
        "a maximum as long as the shift binds",
        "in 08:10, out 17:00",
        max_session_min=480,
        expects={"status": "incomplete", "flags": ("missing_out", "out_without_in")},
    ),
    case(
        "two leavings only",
        "the last of several leavings is the one that is shown",
        "out 12:00, out 16:00",
        pairing="pairs",
        expects={"status": "incomplete", "flags": ("missing_in",), "early": 60},
        also={"last_out": "2026-05-04T16:00:00+02:00"},
    ),
    case(
        "standing at the exit",
        "leaving counts from the last of the sightings that are one punch",
        "in 09:00, out 17:00, out 17:00:50",
        expects={"last_out": "2026-05-04T17:00:50+02:00", "worked": 480},
    ),
    case(
        "coming before undirected",
        "at one instant coming is before what has no direction",
        "in 09:00 @z, ? 09:00 @a, out 17:00",
        pairing="pairs",
        expects={"worked": 0, "flags": ("out_without_in",)},
    ),
    case(
        "undirected before leaving",
        "and that is before leaving",
        "? 09:00 @z, out 09:00 @a, out 17:00",
        pairing="pairs",
        expects={"worked": 0, "flags": ("out_without_in",)},
    ),
    case(
        "manual twice",
        "manual punches are never merged",
        "in 09:00 manual, in 09:00:30 manual, out 17:00",
        pairing="pairs",
        expects={"worked": 480, "flags": ("corrected", "in_while_in")},
    ),
    case(
        "two directions",
        "sightings in two directions are two punches",
        "in 09:00 @door, out 09:00:20 @door, in 09:00:40 @door, out 17:00 @door",
        pairing="pairs",
        expects={"worked": 479, "flags": ()},
    ),
    case(
        "camera and import",
        "what a camera saw and what was imported are two punches",
        "in 09:00, in 09:00:30 import, out 17:00",
        pairing="pairs",
        expects={"worked": 480, "flags": ("in_while_in",)},
    ),
    case(
        "debounce of Monday",
        "the debounce of the date counts where it varies",
        "in 09:00, in 09:05, out 17:00, in +1 09:00, in +1 09:05, out +1 17:00",
        assignments=[
            assigned(MONDAY, MONDAY, pairing="pairs", debounce_s=300),
            assigned(TUESDAY, TUESDAY, pairing="pairs", debounce_s=299),
        ],
        expects={"worked": 480, "flags": ()},
    ),
    case(
        "debounce of Tuesday",
        "... and that of the other date on the other",
        "in 09:00, in 09:05, out 17:00, in +1 09:00, in +1 09:05, out +1 17:00",
        assignments=[
            assigned(MONDAY, MONDAY, pairing="pairs", debounce_s=300),
            assigned(TUESDAY, TUESDAY, pairing="pairs", debounce_s=299),
        ],
        expects={"work_date": TUESDAY, "worked": 480, "flags": ("in_while_in",)},
    ),
    case(
        "a passage that lasts",
        "who stands for 20 min before the exit camera leaves when they go on",
        "in 09:00, out 16:40 for 20",
        pairing="pairs",
        expects={"worked": 480, "early": 0, "flags": ()},
    ),
    case(
        "debounce after a passage",
        "the debounce counts from the end of the passage",
        "? 08:40 for 19, ? 09:00, ? 17:00",
        pairing="pairs",
        expects={"worked": 500, "late": 0, "flags": ()},
    ),
    case(
        "debounce after the longest",
        "of several passages in one run the one that ends last counts",
        "? 08:30 for 30, ? 08:40 for 1, ? 09:01, ? 17:00",
        pairing="pairs",
        expects={"worked": 510, "flags": ()},
    ),
    case(
        "passages cross",
        "a passage is over when the next begins: no minute is worked twice",
        "? 09:00, ? 12:00 for 30, in 12:10, out 17:00",
        pairing="pairs",
        expects={"worked": 480, "flags": ()},
    ),
    case(
        "a passage told twice",
        "a passage that is delivered again while it goes on is the one that lasted longest",
        "in 09:00, out 16:40 #p, out 16:40 #p for 20, out 16:40 #p for 5",
        expects={"worked": 480, "early": 0},
    ),
    case(
        "no debounce at all",
        "the same instant before two cameras is two punches, the same sighting is one",
        "in 09:00 #a, in 09:00 #b, out 17:00",
        pairing="pairs",
        debounce_s=0,
        expects={"worked": 480, "flags": ()},
    ),
)
