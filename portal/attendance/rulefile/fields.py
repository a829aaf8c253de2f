"""Values of a JSON document that know their place in it, so that an error can name the field.

Public surface: ``Field``, ``RuleFileError``.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Any, Never, TypeVar
from zoneinfo import ZoneInfo

__all__ = ["Field", "RuleFileError"]

# Dates beyond them leave no room for the days before and after, and are slips of the pen.
EARLIEST, LATEST = date(1970, 1, 2), date(2200, 12, 31)
_SHOWN = 60
T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)


class RuleFileError(ValueError):
    """One field of a file is not what it must be."""

    def __init__(self, path: str, problem: str, expected: str) -> None:
        super().__init__(f"{path}: {problem}; expected {expected}.")
        self.path = path
        self.expected = expected


class Field:
    """One value and its path, for example ``assignments[0].shift.policy.debounce_s``."""

    def __init__(self, path: str, value: Any) -> None:
        self.path = path
        self.value = value

    @property
    def is_absent(self) -> bool:
        """Left out, or null, which is how many programs write a value that is not there."""
        return self.value is None

    def fail(self, expected: str) -> Never:
        if self.value is None:
            raise RuleFileError(self.path, "nothing is given", expected)
        shown = json.dumps(self.value, ensure_ascii=False, default=str)
        shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
        raise RuleFileError(self.path, f"{shown} is given", expected)

    def has(self, name: str) -> bool:
        return isinstance(self.value, dict) and name in self.value

    def get(self, name: str) -> Field:
        path = f"{self.path}.{name}" if self.path else name
        return Field(path, self.mapping().get(name))

    def mapping(self) -> dict[str, Any]:
        if not isinstance(self.value, dict):
            self.fail("an object")
        return self.value

    def unknown(self, known: Collection[str]) -> Iterator[RuleFileError]:
        """An error for each member of an object that nobody reads."""
        for name in self.mapping():
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                expected = f"{near[0]}" if near else f"one of {', '.join(sorted(known))}"
                path = f"{self.path}.{name}" if self.path else name
                yield RuleFileError(path, "there is no such field", expected)

    def items(self) -> list[Field]:
        if self.value is None:
            return []
        if not isinstance(self.value, list):
            self.fail("a list")
        return [Field(f"{self.path}[{n}]", each) for n, each in enumerate(self.value)]

    def text(self, default: str | None = None) -> str:
        if self.value is None and default is not None:
            return default
        if not isinstance(self.value, str):
            self.fail("a text")
        return self.value

    def boolean(self, *, default: bool) -> bool:
        if self.value is None:
            return default
        if not isinstance(self.value, bool):
            self.fail("true or false")
        return self.value

    def integer(self, low: int, high: int) -> int:
        value = self.value
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            self.fail(f"a whole number from {low} to {high}")
        return value

    def choice(self, words: type[E], default: E) -> E:
        if self.value is None:
            return default
        if not isinstance(self.value, str) or self.value not in {each.value for each in words}:
            self.fail(f"one of {', '.join(each.value for each in words)}")
        return words(self.value)

    def zone(self, default: ZoneInfo | None = None) -> ZoneInfo:
        if self.value is None and default is not None:
            return default
        expected = "the name of a time zone, for example Europe/Berlin"
        if not isinstance(self.value, str) or not self.value:
            self.fail(expected)
        try:
            return ZoneInfo(self.value)
        except (OSError, ValueError, KeyError):
            self.fail(expected)

    def date(self) -> date:
        found = self._parsed(date.fromisoformat, "a date such as 2026-05-04")
        if not EARLIEST <= found <= LATEST:
            self.fail(f"a date from {EARLIEST} to {LATEST}")
        return found

    def time(self) -> time:
        expected = "a time of day such as 09:00"
        if self.value == "24:00":
            return time(0)
        found = self._parsed(time.fromisoformat, expected)
        if found.tzinfo is not None:
            self.fail(f"{expected}, without an offset: the zone of the shift counts")
        return found

    def instant(self) -> datetime:
        expected = "an instant with its offset from UTC, such as 2026-05-04T09:00:00+02:00"
        found = self._parsed(datetime.fromisoformat, expected)
        if found.utcoffset() is None:
            self.fail(expected)
        try:
            found = found.astimezone(UTC)
        except OverflowError:
            self.fail(expected)
        if not EARLIEST <= found.date() <= LATEST:
            self.fail(f"an instant from {EARLIEST} to {LATEST}")
        return found

    def _parsed(self, parse: Callable[[str], T], expected: str) -> T:
        if not isinstance(self.value, str):
            self.fail(expected)
        try:
            return parse(self.value)
        except ValueError:
            self.fail(expected)
