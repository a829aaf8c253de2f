"""The typefaces of PDF files, and text cut into pieces that one of them can draw each.

Public surface: ``UNDRAWN``, ``Faces``. The fonts lie beside this module with their licences.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from portal.reports.files.letters import drawn_order

__all__ = ["UNDRAWN", "Faces"]

_FOLDER: Final = Path(__file__).parent / "fonts"
_FILES: Final = {
    "text": "DejaVuSansCondensed.ttf",
    "bold": "DejaVuSansCondensed-Bold.ttf",
    # Chinese, Japanese and Korean.
    "east": "DroidSansFallback.ttf",
}
# In place of letters that no font here has.
UNDRAWN: Final = "[…]"


@lru_cache(maxsize=len(_FILES))
def _font(name: str) -> Any:
    """Read once a process; the eastern one only where somebody's name needs it."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    font = TTFont(f"gatehouse-{name}", str(_FOLDER / _FILES[name]))
    pdfmetrics.registerFont(font)
    return font


class Faces:
    """Text as the operators of one document, and how wide it is. ``lacks`` becomes true once
    something could not be drawn."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self._known: dict[tuple[str, bool], tuple[tuple[tuple[str, str], ...], float]] = {}
        self.lacks = False

    def width(self, text: str, size: float, *, is_bold: bool = False) -> float:
        return self._drawn(text, is_bold)[1] * size

    def operators(self, text: str, size: float, *, is_bold: bool = False) -> str:
        """What stands between ``BT`` and ``ET``, once the place is set."""
        return " ".join(
            f"{font} {size:g} Tf ({code}) Tj" for font, code in self._drawn(text, is_bold)[0]
        )

    def _drawn(self, text: str, is_bold: bool) -> tuple[tuple[tuple[str, str], ...], float]:
        key = (text, is_bold)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._encode(text, "bold" if is_bold else "text")
        return known

    def _encode(self, text: str, face: str) -> tuple[tuple[tuple[str, str], ...], float]:
        pieces, width = [], 0.0
        for name, part in self._parts(drawn_order(text), face):
            font = _font(name)
            for subset, code in font.splitString(part, self._document):
                pieces.append((font.getSubsetInternalName(subset, self._document), _escaped(code)))
            width += font.stringWidth(part, 1)
        return tuple(pieces), width

    def _parts(self, text: str, face: str) -> list[tuple[str, str]]:
        """Runs of letters of one font; what none has becomes one mark a run."""
        has = _font(face).face.charToGlyph
        if all(ord(character) in has for character in text):
            return [(face, text)]
        east = _font("east").face.charToGlyph
        parts: list[tuple[str, str]] = []
        for character in text:
            code = ord(character)
            if code in has:
                part = (face, character)
            elif code in east:
                part = ("east", character)
            else:
                self.lacks = True
                if parts and parts[-1] == (face, UNDRAWN):
                    continue
                parts.append((face, UNDRAWN))
                continue
            if parts and parts[-1][0] == part[0] and parts[-1][1] != UNDRAWN:
                parts[-1] = (part[0], parts[-1][1] + character)
            else:
                parts.append(part)
        return parts


def _escaped(code: bytes) -> str:
    """A PDF string's content, in ASCII."""
    return "".join(
        f"\\{chr(byte)}" if byte in b"()\\" else chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}"
        for byte in code
    )
