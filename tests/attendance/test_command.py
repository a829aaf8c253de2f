"""``manage.py attendance_days``: a rule and some punches in, days out, and no traceback ever."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.attendance.notation import case

PROJECT = Path(__file__).resolve().parents[2]
GOLDEN = Path(__file__).parent / "golden"
DOCUMENT = case(1, "a day", "in 09:00, out 17:00", expects={}).document
ANSWER = {
    "work_date", "shift", "status", "first_in", "last_out", "worked_min", "payable_min",
    "late_min", "early_min", "overtime_min", "flags",
}  # fmt: skip
SHIFT = "assignments[0].shift"
POLICY = f"{SHIFT}.policy"


def run(document: Any, folder: Path) -> tuple[dict[str, Any], str]:
    file = folder / "rule.json"
    file.write_text(document if isinstance(document, str) else json.dumps(document))
    out, err = io.StringIO(), io.StringIO()
    call_command("attendance_days", input=str(file), stdout=out, stderr=err)
    return json.loads(out.getvalue()), err.getvalue()


def changed(path: str, value: Any) -> dict[str, Any]:
    document: Any = deepcopy(dict(DOCUMENT))
    *parents, last = path.replace("[", ".[").split(".")
    target = document
    for name in parents:
        target = target[int(name[1:-1])] if name.startswith("[") else target[name]
    if last.startswith("["):
        target[int(last[1:-1])] = value
    else:
        target[last] = value
    result: dict[str, Any] = document
    return result


def test_a_night_over_the_end_of_summer_time_is_as_it_was_worked_out_by_hand(
    tmp_path: Path,
) -> None:
    """21:55 to 06:35 is 9 h 40 min of presence on that night, less half an hour of break."""
    name = "night_end_of_summer_time"
    found, complaints = run((GOLDEN / f"{name}.json").read_text(), tmp_path)
    assert found == json.loads((GOLDEN / f"{name}.out.json").read_text())
    assert not complaints
    assert found["days"][1]["worked_min"] == 580 - 30


def test_each_day_has_the_fields_of_the_format_and_no_other(tmp_path: Path) -> None:
    found, _ = run(DOCUMENT, tmp_path)
    assert set(found) == {"days"}
    assert [set(day) for day in found["days"]] == [ANSWER]


def test_everything_that_has_a_default_may_be_left_out(tmp_path: Path) -> None:
    found, complaints = run(
        {
            "zone": "Europe/Berlin",
            "from": "2026-05-04",
            "to": "2026-05-05",
            "now": "2026-05-07T12:00:00Z",
            "assignments": [{"shift": {"start": "09:00", "end": "17:00"}}],
            "sightings": [{"at": "2026-05-04T07:00:00Z"}, {"at": "2026-05-04T15:00:00Z"}],
        },
        tmp_path,
    )
    assert [day["status"] for day in found["days"]] == ["present", "absent"]
    assert not complaints


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        ("watermark", {"gate": "2026-05-07T12:00:00+02:00", "door": None}, "one never reported"),
        (
            "watermark",
            {"gate": "2026-05-07T12:00:00+02:00", "door": "2026-05-04T12:00:00Z"},
            "late",
        ),
        ("watermark", None, "none reported"),
    ],
)
def test_the_watermark_may_be_one_instant_a_camera(
    tmp_path: Path, path: str, value: Any, why: str
) -> None:
    found, _ = run(changed(path, value), tmp_path)
    assert found["days"][0]["status"] == "provisional", why


@pytest.mark.parametrize("window", [["12:00", "13:00"], "12:00-13:00", "12:00 - 13:00",
                                    {"start": "12:00", "end": "13:00"}])  # fmt: skip
def test_a_break_window_may_be_written_in_three_ways(tmp_path: Path, window: Any) -> None:
    found, _ = run(changed(f"{POLICY}.break_window", window), tmp_path)
    assert found["days"][0]["worked_min"] == 420


def test_a_day_may_end_at_24_hours(tmp_path: Path) -> None:
    found, _ = run(changed(f"{SHIFT}.end", "24:00"), tmp_path)
    assert found["days"][0]["early_min"] == 420


def test_fields_that_nobody_reads_are_named_and_the_days_computed(tmp_path: Path) -> None:
    document = {**changed("sightings[0].colour", "red"), "person": "A. Weber", "sigthings": []}
    found, complaints = run(document, tmp_path)
    assert found["days"][0]["status"] == "present"
    assert "sightings[0].colour" in complaints
    assert "person: there is no such field" in complaints
    assert "sigthings: there is no such field; expected sightings" in complaints


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("zone", "Europe/Atlantis", "the name of a time zone"),
        ("zone", None, "the name of a time zone"),
        ("zone", "../../etc/passwd", "the name of a time zone"),
        ("zone", "/etc/passwd", "the name of a time zone"),
        ("zone", "America", "the name of a time zone"),
        ("from", "04.05.2026", "a date such as"),
        ("from", "2026-02-30", "a date such as"),
        ("from", "0001-01-01", "a date from 1970"),
        ("from", 20260504, "a date such as"),
        ("to", "2026-05-03", "2026-05-04 or later"),
        ("to", "2199-01-01", "at most 3660 days"),
        ("now", "2026-05-07T12:00:00", "with its offset"),
        ("now", None, "with its offset"),
        ("now", "0001-01-01T00:00:00+14:00", "with its offset"),
        ("now", "9999-12-31T23:00:00+00:00", "an instant from 1970"),
        ("watermark", "yesterday", "with its offset"),
        ("watermark", {"gate": 7}, "with its offset"),
        ("assignments", {}, "a list"),
        ("assignments[0]", "day", "an object"),
        ("assignments[0].to", "2026-05-01", "2026-05-04 or later"),
        (SHIFT, None, "an object"),
        (f"{SHIFT}.start", None, "a time of day"),
        (f"{SHIFT}.start", "25:00", "a time of day"),
        (f"{SHIFT}.start", "09:00+02:00", "without an offset"),
        (f"{SHIFT}.end", "30:00", "a time of day"),
        (f"{SHIFT}.days", [7], "a whole number from 0 to 6"),
        (f"{SHIFT}.days", ["mon"], "a whole number from 0 to 6"),
        (f"{SHIFT}.days", 5, "a list"),
        (f"{SHIFT}.zone", 1, "the name of a time zone"),
        (f"{SHIFT}.flexible_minutes", 1441, "from 1 to 1440"),
        (f"{SHIFT}.name", 5, "a text"),
        (f"{SHIFT}.colour", "red", "one of"),
        (f"{POLICY}.debounce_s", -1, "a whole number"),
        (f"{POLICY}.debounce_s", 90000, "a whole number of seconds from 0 to 86400"),
        (f"{POLICY}.debounce_s", "60", "a whole number"),
        (f"{POLICY}.debounce_s", True, "a whole number"),
        (f"{POLICY}.overtime_unit_min", 0, "at least 1 minute"),
        (f"{POLICY}.grace_late", 5, "grace_late_min"),
        (f"{POLICY}.pairing", "toggle", "one of first_last, pairs"),
        (f"{POLICY}.round_mode", "bankers", "one of nearest, up, down"),
        (f"{POLICY}.break_window", ["12:00"], "two times"),
        (f"{POLICY}.break_window", "noon", "two times"),
        (f"{POLICY}.break_window", {"start": "12:00", "until": "13:00"}, "one of end, start"),
        (f"{POLICY}.auto_close", "yes", "true or false"),
        ("sightings[1].at", "17:00", "with its offset"),
        ("sightings[1].until", "2026-05-04T14:59:00Z", "2026-05-04T15:00:00+00:00 or later"),
        ("sightings[1].direction", "left", "one of in, unknown, out"),
        ("sightings[1].direction", ["in"], "one of in, unknown, out"),
        ("sightings[1].source", "telepathy", "one of camera, manual, import"),
        ("sightings[1].voided", 0, "true or false"),
        ("sightings[1].camera", 4, "a text"),
        ("sightings[1]", None, "an object"),
        ("sightings", "none", "a list"),
        ("leaves", [{"part": "am"}], "a date such as"),
        ("leaves", [{"date": "2026-05-04", "part": "evening"}], "one of full, am, pm"),
        ("holidays", ["Christmas"], "a date such as"),
        ("holidays", "2026-05-04", "a list"),
    ],
)  # fmt: skip
def test_an_error_names_the_field_and_what_was_expected(
    tmp_path: Path, path: str, value: Any, expected: str
) -> None:
    with pytest.raises(CommandError) as refused:
        run(changed(path, value), tmp_path)
    assert refused.value.returncode == 2
    assert path in str(refused.value)
    assert expected in str(refused.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "line 1, column 2"),
        ("", "line 1, column 1"),
        ("[]", "an object"),
        ("[" * 100_000, "cannot be read as JSON"),
        ('{"zone": ' + "9" * 5000 + "}", "JSON"),
    ],
    ids=["half a file", "empty", "a list", "too deep", "a number too long"],
)
def test_what_is_no_json_is_said_to_be_none(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(CommandError, match=expected) as refused:
        run(text, tmp_path)
    assert refused.value.returncode == 2


def test_two_overlapping_shifts_are_refused_by_name_and_date(tmp_path: Path) -> None:
    early = {"shift": {"name": "early", "start": "05:00", "end": "13:00"}}
    night = {"shift": {"name": "night", "start": "22:00", "end": "06:00"}}
    with pytest.raises(CommandError, match="“night” and “early” overlap on 2026-05-04") as refused:
        run({**DOCUMENT, "assignments": [early, night]}, tmp_path)
    assert refused.value.returncode == 2


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for name in (tmp_path / "none.json", tmp_path):
        with pytest.raises(CommandError, match="cannot be read") as refused:
            call_command("attendance_days", input=str(name))
        assert refused.value.returncode == 2
    (tmp_path / "utf16.json").write_bytes("{}".encode("utf-16"))
    with pytest.raises(CommandError, match="UTF-8") as refused:
        call_command("attendance_days", input=str(tmp_path / "utf16.json"))
    assert refused.value.returncode == 2


def command(text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "attendance_days", "--input", "-"],
        cwd=PROJECT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "portal.config.settings.test"},
        input=text,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def test_standard_input_is_read_and_a_wrong_file_ends_with_2_and_no_traceback() -> None:
    right = command(json.dumps(DOCUMENT))
    assert (right.returncode, right.stderr) == (0, "")
    assert json.loads(right.stdout)["days"][0]["worked_min"] == 480
    wrong = command('{"zone": "Europe/Atlantis"}')
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "Traceback" not in wrong.stderr
    assert wrong.stderr.startswith('CommandError: zone: "Europe/Atlantis" is given; expected')
