"""Logs: nothing is lost, nothing grows without end, only warnings disturb the operator."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.system.logs import ConsoleFilter, RotatingLog


def test_a_full_log_is_put_aside_once_and_the_new_one_begins(tmp_path: Path) -> None:
    log = RotatingLog(tmp_path / "logs" / "web.log", max_bytes=100)
    for number in range(30):
        log.write(f"line {number:02}\n".encode())
    log.close()
    old, new = (tmp_path / "logs" / name for name in ("web.log.1", "web.log"))
    assert new.read_text().splitlines()[-1] == "line 29"
    assert old.stat().st_size <= 100
    kept = [*old.read_text().splitlines(), *new.read_text().splitlines()]
    assert kept == [f"line {n:02}" for n in range(30 - len(kept), 30)]


def test_output_larger_than_a_file_is_still_written(tmp_path: Path) -> None:
    log = RotatingLog(tmp_path / "web.log", max_bytes=10)
    log.write(b"x" * 50)
    assert log.tail(1) == "x" * 50
    log.close()


def test_the_tail_is_the_last_lines(tmp_path: Path) -> None:
    log = RotatingLog(tmp_path / "web.log")
    log.write(b"one\ntwo\nthree \xff\n")
    assert log.tail(2) == "two\nthree \N{REPLACEMENT CHARACTER}"
    log.close()


@pytest.mark.parametrize(
    ("output", "shown", "why"),
    [
        (b"2026-11-22T05:25:11Z [info     ] started\n", [], "calm"),
        (b"2026 [warning  ] slow\n", ["w | 2026 [warning  ] slow"], "a warning"),
        (
            b"2026 [error    ] failed\n  File x\nValueError\n2026 [info     ] on\n",
            ["w | 2026 [error    ] failed", "w |   File x", "w | ValueError"],
            "a traceback belongs to its error, and ends with it",
        ),
        (
            b'{"event": "x", "level": "error"}\n{"event": "y", "level": "info"}\n',
            ['w | {"event": "x", "level": "error"}'],
            "JSON logs",
        ),
        (
            b"Traceback (most recent call last):\n  File y\nKeyError: 1\n",
            ["w | Traceback (most recent call last):", "w |   File y", "w | KeyError: 1"],
            "an exception that nobody caught",
        ),
        (b"plain words\n", [], "not a log line"),
    ],
)
def test_only_warnings_and_errors_are_shown(output: bytes, shown: list[str], why: str) -> None:
    for size in (1, 7, len(output)):
        said: list[str] = []
        console = ConsoleFilter("w", said.append)
        for start in range(0, len(output), size):
            console.feed(output[start : start + size])
        assert said == shown, why
