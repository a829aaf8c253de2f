"""What a heading says, however it is written. Public surface: ``normalised``."""

from __future__ import annotations

import unicodedata

__all__ = ["normalised"]


def normalised(text: str) -> str:
    """Letters and digits only, without case and accents: ``E-Mail`` becomes ``email``."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in plain if letter.isalnum())
