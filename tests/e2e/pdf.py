"""The words on the pages of a PDF as Chromium writes it, by the standard library alone.

Public surface: ``pages_of``. Words of one line come without line breaks between them; what is drawn
is not told from what is written.
"""

from __future__ import annotations

import re
import zlib

__all__ = ["pages_of"]

_OBJECT = re.compile(rb"(?<!\d)(\d+) 0 obj\s(.*?)endobj", re.DOTALL)
_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
# Which font is taken, and what is shown in it.
_SHOWN = re.compile(rb"/(F\d+) [\d.]+ Tf|<([0-9A-Fa-f]+)> Tj|(?<=\s)(ET)(?=\s)")
_CHAR = re.compile(rb"<([0-9A-Fa-f]+)> <([0-9A-Fa-f]+)>(?: <([0-9A-Fa-f]+)>)?\n")


def pages_of(pdf: bytes) -> list[str]:
    """One text a page, in the order in which it was drawn. Raises ``ValueError`` for no PDF."""
    if not pdf.startswith(b"%PDF-") or not pdf.rstrip().endswith(b"%%EOF"):
        raise ValueError(f"Expected a whole PDF, got {len(pdf)} bytes from {pdf[:8]!r}.")
    objects = dict(_OBJECT.findall(pdf))
    found = []
    for body in objects.values():
        if not re.search(rb"/Type /Page\b(?!s)", body):
            continue
        contents = re.search(rb"/Contents (\d+) 0 R", body)
        assert contents, "a page without contents"
        fonts = {
            name: _letters(objects, number)
            for name, number in re.findall(rb"/(F\d+) (\d+) 0 R", body)
        }
        found.append(_text(_opened(objects[contents[1]]), fonts))
    return found


def _text(stream: bytes, fonts: dict[bytes, dict[bytes, str]]) -> str:
    letters: dict[bytes, str] = {}
    text = []
    for font, shown, end in _SHOWN.findall(stream):
        if font:
            letters = fonts[font]
        elif end:
            text.append("\n")
        else:
            width = len(next(iter(letters), b"0000"))
            codes = (shown[i : i + width].upper() for i in range(0, len(shown), width))
            text.append("".join(letters.get(code, "") for code in codes))
    # Words are drawn one by one, with their spaces.
    return re.sub(r"\s+", " ", "".join(text).replace("\n", ""))


def _letters(objects: dict[bytes, bytes], font: bytes) -> dict[bytes, str]:
    """What each code of a font stands for."""
    of_unicode = re.search(rb"/ToUnicode (\d+) 0 R", objects[font])
    if of_unicode is None:
        return {}
    table = _opened(objects[of_unicode[1]]).split(b"endcodespacerange")[1]
    letters = {}
    for first, last, start in _CHAR.findall(table):
        if not start:
            letters[first.upper()] = bytes.fromhex(last.decode()).decode("utf-16-be")
            continue
        for offset in range(int(last, 16) - int(first, 16) + 1):
            code = f"{int(first, 16) + offset:0{len(first)}X}".encode()
            letters[code] = chr(int(start, 16) + offset)
    return letters


def _opened(body: bytes) -> bytes:
    stream = _STREAM.search(body)
    assert stream, "an object without a stream"
    return zlib.decompress(stream[1])
