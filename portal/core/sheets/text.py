"""CSV: the encoding and the separator are found out, rubbish is refused with its line.

The file is gone through twice and never held as a whole.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Final

from portal.core.sheets.table import SheetLimits

__all__ = ["csv_lines"]

_SEPARATORS: Final = (",", ";", "\t", "|")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_CHUNK_BYTES: Final = 256 * 1024
_HEAD_CHARACTERS: Final = 64 * 1024


class _Undecodable(Exception):
    """``line`` holds bytes that are no text in this encoding."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def csv_lines(
    file: IO[bytes], size_bytes: int, limits: SheetLimits
) -> Iterator[tuple[int, list[str]]]:
    """UTF-8 or UTF-16 with or without a mark, else Windows-1252."""
    encoding = _encoding(file, size_bytes, limits)
    file.seek(0)
    text = io.TextIOWrapper(file, encoding, newline="")
    try:
        separator = _separator(text)
        text.seek(0)
        yield from _lines(text, separator, limits)
    finally:
        # Whoever stops half-way may have closed the file before.
        with suppress(ValueError):
            text.detach()


def _encoding(file: IO[bytes], size_bytes: int, limits: SheetLimits) -> str:
    encoding = _by_mark(file.read(400), size_bytes)
    try:
        if encoding is not None:
            _check(file, encoding, limits)
            return encoding
        try:
            _check(file, "utf-8", limits)
        except _Undecodable:
            _check(file, "cp1252", limits)
            return "cp1252"
        return "utf-8"
    except _Undecodable as error:
        raise limits.refused(
            f"line {error.line} holds bytes that are neither UTF-8 nor Windows text. Save it as "
            "“CSV UTF-8” and upload it again."
        ) from error


def _by_mark(head: bytes, size_bytes: int) -> str | None:
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    # Without a mark, UTF-16 of a Western text shows by its many zeros in every other place.
    if len(head) >= 4 and size_bytes % 2 == 0:
        for encoding, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[0::2])):
            others = head[0::2] if encoding == "utf-16-le" else head[1::2]
            if zeros.count(0) > 0.7 * len(zeros) and others.count(0) == 0:
                return encoding
    return None


def _check(file: IO[bytes], encoding: str, limits: SheetLimits) -> None:
    """Raises ``_Undecodable``, or the refusal of what is text but not for people."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    ended = 0
    while True:
        chunk = file.read(_CHUNK_BYTES)
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            # Its own bytes, since what was kept from the chunk before is among them.
            raise _Undecodable(ended + error.object[: error.start].count(b"\n") + 1) from error
        rubbish = _CONTROL.search(text)
        if rubbish is not None:
            line = ended + text.count("\n", 0, rubbish.start()) + 1
            raise limits.refused(
                f"line {line} holds bytes that are no text. Save it as “CSV UTF-8” and upload it "
                "again."
            )
        ended += text.count("\n")
        if not chunk:
            return


def _lines(
    text: io.TextIOWrapper, separator: str, limits: SheetLimits
) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(text, delimiter=separator, strict=True)
    before = 0
    try:
        for cells in reader:
            # Where a record begins, not where its last line ends.
            yield before + 1, cells
            before = reader.line_num
    except csv.Error as error:
        raise limits.refused(
            f"from line {before + 1} on its quotes do not pair ({error}). Mend that line.",
            line=before + 1,
        ) from error


def _separator(text: io.TextIOWrapper) -> str:
    """The one that stands most often, outside quotes, in the first line that holds anything."""
    head = ""
    while line := text.readline(_HEAD_CHARACTERS):
        if line.strip():
            head = line
            break
    bare = re.sub(r'"[^"]*"', "", head)
    return max(_SEPARATORS, key=bare.count)
