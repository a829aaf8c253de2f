"""A month of the calendar, as pages name and leaf through it. Public surface: ``Month``."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

__all__ = ["Month"]


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """``str`` of it is the spelling of addresses: "2026-11"."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> Self:
        return cls(day.year, day.month)

    @classmethod
    def parse(cls, text: str, *, default: date) -> Self:
        """What is no month is the one of ``default``: an address that was mistyped still answers."""
        try:
            first = date.fromisoformat(f"{text}-01")
        except ValueError:
            return cls.of(default)
        # The weeks beside a month, and the months beside it, must be dates as well.
        return cls.of(first) if date.min.year < first.year < date.max.year else cls.of(default)

    @property
    def first(self) -> date:
        return date(self.year, self.number, 1)

    @property
    def last(self) -> date:
        return date(self.year, self.number, monthrange(self.year, self.number)[1])

    @property
    def before(self) -> Self:
        return self.of(self.first - timedelta(days=1))

    @property
    def after(self) -> Self:
        return self.of(self.last + timedelta(days=1))

    @property
    def days(self) -> tuple[date, ...]:
        return tuple(self.first + timedelta(days=n) for n in range(self.last.day))

    def weeks(self) -> Iterator[tuple[date, ...]]:
        """From Monday to Sunday, with the dates of the neighbouring months."""
        day = self.first - timedelta(days=self.first.weekday())
        while day <= self.last:
            yield tuple(day + timedelta(days=n) for n in range(7))
            day += timedelta(days=7)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"
