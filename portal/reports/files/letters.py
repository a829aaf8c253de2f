"""Text in the order in which it is drawn, for a writer that knows left to right only.

Public surface: ``drawn_order``. Hebrew and Arabic run from right to left; Arabic letters take the
form that their neighbours ask for. Both follow the Unicode tables that come with Python.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from typing import Final

__all__ = ["drawn_order"]

_RIGHT_TO_LEFT: Final = frozenset({"R", "AL"})
_LEFT_TO_RIGHT: Final = frozenset({"L", "EN", "AN"})
_MIRRORED: Final = str.maketrans("()[]{}<>«»", ")(][}{><»«")
_FORMS: Final = range(0xFE70, 0xFEFD)
_LAM: Final = "\u0644"
_TATWEEL: Final = "\u0640"


def drawn_order(text: str) -> str:
    """``text`` from left to right as it is to be seen."""
    if not any(unicodedata.bidirectional(c) in _RIGHT_TO_LEFT for c in text):
        return text
    shaped = _shaped(text)
    runs = [(is_left, "".join(part for _, part in group)) for is_left, group in _runs(shaped)]
    begins_left = next(
        unicodedata.bidirectional(c) == "L"
        for c in text
        if unicodedata.bidirectional(c) in _RIGHT_TO_LEFT | {"L"}
    )
    if not begins_left:
        runs.reverse()
    return "".join(run if is_left else _reversed(run) for is_left, run in runs)


def _runs(text: str) -> Iterator[tuple[bool, Iterator[tuple[bool, str]]]]:
    """Neighbours of one direction; what has none goes with its neighbours where they agree, else
    with the whole."""
    kinds = [_is_left(character) for character in text]
    whole = next(kind for kind in kinds if kind is not None)
    found: list[tuple[bool, str]] = []
    for number, (character, kind) in enumerate(zip(text, kinds, strict=True)):
        if kind is not None:
            found.append((kind, character))
            continue
        before = next((k for k in reversed(kinds[:number]) if k is not None), whole)
        after = next((k for k in kinds[number:] if k is not None), whole)
        found.append((before if before == after else whole, character))
    return groupby(found, key=lambda each: each[0])


def _is_left(character: str) -> bool | None:
    kind = unicodedata.bidirectional(character)
    if kind in _LEFT_TO_RIGHT:
        return True
    return False if kind in _RIGHT_TO_LEFT else None


def _reversed(run: str) -> str:
    """Marks stay behind the letter that they belong to, and brackets turn round."""
    clusters: list[str] = []
    for character in run:
        if clusters and unicodedata.combining(character):
            clusters[-1] += character
        else:
            clusters.append(character)
    return "".join(reversed(clusters)).translate(_MIRRORED)


@lru_cache(maxsize=1)
def _arabic() -> tuple[dict[str, dict[str, str]], dict[str, dict[str, str]]]:
    """Of letters, and of lam with an alef: the form of each place."""
    letters: dict[str, dict[str, str]] = {}
    pairs: dict[str, dict[str, str]] = {}
    for code in _FORMS:
        place, *parts = unicodedata.decomposition(chr(code)).split() or [""]
        whole = "".join(chr(int(part, 16)) for part in parts)
        if len(whole) == 1:
            letters.setdefault(whole, {})[place] = chr(code)
        elif len(whole) == 2 and whole[0] == _LAM:
            pairs.setdefault(whole, {})[place] = chr(code)
    return letters, pairs


def _shaped(text: str) -> str:
    letters, pairs = _arabic()
    out: list[str] = []
    joins = False  # whether the letter before reaches to the next one
    at = 0
    while at < len(text):
        character = text[at]
        if unicodedata.combining(character):
            out.append(character)
            at += 1
            continue
        pair = pairs.get(text[at : at + 2])
        if pair is not None:
            out.append(pair["<final>" if joins else "<isolated>"])
            joins, at = False, at + 2
            continue
        forms = letters.get(character)
        if forms is None:
            out.append(character)
            joins = character == _TATWEEL
        else:
            reaches = "<initial>" in forms and _takes(text, at + 1, letters)
            place = (
                ("<medial>" if reaches else "<final>")
                if joins and "<final>" in forms
                else ("<initial>" if reaches else "<isolated>")
            )
            out.append(forms.get(place, character))
            joins = reaches
        at += 1
    return "".join(out)


def _takes(text: str, at: int, letters: dict[str, dict[str, str]]) -> bool:
    """Whether the next letter can be reached from the one before it."""
    while at < len(text) and unicodedata.combining(text[at]):
        at += 1
    return at < len(text) and (text[at] == _TATWEEL or "<final>" in letters.get(text[at], {}))
