"""CSV: the encoding and the separator are found out, rubbish is refused with its line."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from typing import Final

from portal.roster.sheets.table import MAX_SHEET_BYTES, Sheet, collect, refused_sheet

__all__ = ["read_csv"]

_SEPARATORS: Final = (",", ";", "\t", "|")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")


def read_csv(data: bytes) -> Sheet:
    """UTF-8 or UTF-16 with or without a mark, else Windows-1252. Raises ``roster.sheet``."""
    if len(data) > MAX_SHEET_BYTES:
        raise refused_sheet(f"it has more than {MAX_SHEET_BYTES // 2**20} MB. Split it.")
    text = _decoded(data)
    rubbish = _CONTROL.search(text)
    if rubbish is not None:
        line = text.count("\n", 0, rubbish.start()) + 1
        raise refused_sheet(
            f"line {line} holds bytes that are no text. Save it as “CSV UTF-8” and upload it again."
        )
    return collect(_lines(text))


def _decoded(data: bytes) -> str:
    encoding = _by_mark(data)
    if encoding is not None:
        return _strictly(data, encoding)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _strictly(data, "cp1252")


def _by_mark(data: bytes) -> str | None:
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    # Without a mark, UTF-16 of a Western text shows by its many zeros in every other place.
    head = data[:400]
    if len(head) >= 4 and len(data) % 2 == 0:
        for encoding, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[0::2])):
            others = head[0::2] if encoding == "utf-16-le" else head[1::2]
            if zeros.count(0) > 0.7 * len(zeros) and others.count(0) == 0:
                return encoding
    return None


def _strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        # Its own bytes, since a mark at the beginning is not among them.
        line = error.object[: error.start].count(b"\n") + 1
        raise refused_sheet(
            f"line {line} holds bytes that are neither UTF-8 nor Windows text. Save it as “CSV "
            "UTF-8” and upload it again."
        ) from error


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=True)
    before = 0
    try:
        for cells in reader:
            # Where a record begins, not where its last line ends.
            yield before + 1, cells
            before = reader.line_num
    except csv.Error as error:
        raise refused_sheet(
            f"from line {before + 1} on its quotes do not pair ({error}). Mend that line."
        ) from error


def _separator(text: str) -> str:
    """The one that stands most often, outside quotes, in the first line that holds anything."""
    head = next((line for line in io.StringIO(text) if line.strip()), "")
    bare = re.sub(r'"[^"]*"', "", head)
    return max(_SEPARATORS, key=bare.count)
