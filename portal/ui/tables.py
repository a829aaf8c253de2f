"""Sorting state of a list page: read from the query string, checked, turned into links.

Public surface: `Sort`. A key outside the allowed ones is never passed on to the database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["Sort"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort:
    """Which column orders a list. `fields` maps a column's key to the model field behind it."""

    key: str
    descending: bool
    fields: Mapping[str, str]

    @classmethod
    def parse(cls, raw: str | None, *, fields: Mapping[str, str], default: str) -> Sort:
        """Read `name` or `-name`; an empty or foreign key falls back to `default`.

        Raises `ValueError` if `default` itself is not a key of `fields`.
        """
        if default.removeprefix("-") not in fields:
            raise ValueError(f"The default order {default!r} is not one of {sorted(fields)}.")
        wanted = raw if raw and raw.removeprefix("-") in fields else default
        return cls(key=wanted.removeprefix("-"), descending=wanted.startswith("-"), fields=fields)

    @property
    def order_by(self) -> tuple[str, str]:
        """For `QuerySet.order_by`; the primary key breaks ties, so that pages never overlap."""
        field = self.fields[self.key]
        return (f"-{field}" if self.descending else field, "pk")

    def link_value(self, key: str) -> str:
        """The value that sorts by `key`, or that turns the order round if it already does."""
        return f"-{key}" if key == self.key and not self.descending else key

    def aria(self, key: str) -> Literal["ascending", "descending", "none"]:
        """The value of `aria-sort` for the column `key`."""
        if key != self.key:
            return "none"
        return "descending" if self.descending else "ascending"
