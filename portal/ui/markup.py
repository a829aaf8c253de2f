"""Attributes and links built in Python: always escaped, never inline style or script.

Public surface: `attributes`, `initials`, `query_with`.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.http import QueryDict
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

__all__ = ["attributes", "initials", "query_with"]


def attributes(values: Mapping[str, object]) -> SafeString:
    """HTML attributes from keyword arguments: `hx_get="/x"` becomes ` hx-get="/x"`.

    `True` gives a bare attribute; `False`, `None` and `""` give none. Raises `ValueError` for
    `style` and for event handlers, which the content security policy would block anyway.
    """
    parts = []
    for name, value in values.items():
        attribute = name.strip("_").replace("_", "-")
        if attribute == "style" or attribute.startswith("on"):
            raise ValueError(
                f"The attribute {attribute!r} is inline style or script; use a class or a "
                "data attribute that a module in static/js reads."
            )
        if value is None or value is False or value == "":
            continue
        parts.append((attribute, None if value is True else value))
    return format_html_join(
        "",
        "{}",
        (
            (format_html(" {}", name) if value is None else format_html(' {}="{}"', name, value),)
            for name, value in parts
        ),
    )


def initials(name: str) -> str:
    """First letters of the first and the last word: "Ada King Lovelace" gives "AL"."""
    words = [word for word in name.replace("@", " ").split() if word[0].isalnum()]
    letters = [words[0][0], words[-1][0]] if len(words) > 1 else [word[0] for word in words]
    return "".join(letters).upper()


def query_with(query: QueryDict, **changes: str | int | None) -> str:
    """The query string with `changes` made (`None` removes), starting with `?`."""
    copy = query.copy()
    for key, value in changes.items():
        if value is None:
            copy.pop(key, None)
        else:
            copy[key] = str(value)
    return f"?{copy.urlencode()}" if copy else "?"
