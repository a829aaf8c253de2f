"""Dates in addresses: ``2026-11-22``. Public surface: ``IsoDate``, known as ``isodate`` to every tree
of addresses once this is imported.
"""

from __future__ import annotations

from datetime import date

from django.urls import register_converter

__all__ = ["IsoDate"]


class IsoDate:
    """``<isodate:work_date>``. What is no date, such as 2026-02-30, is no address either."""

    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> date:
        return date.fromisoformat(value)

    def to_url(self, value: date | str) -> str:
        return value if isinstance(value, str) else value.isoformat()


register_converter(IsoDate, "isodate")
