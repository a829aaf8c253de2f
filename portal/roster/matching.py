"""Whose photo is whose: by the names in the file, else by code, e-mail or name: pure.

Public surface: ``match_photos``, ``Matching``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from portal.roster.records import Record

__all__ = ["MAX_PHOTOS", "Matching", "match_photos"]

MAX_PHOTOS: Final = 20
# ``1001_2``, ``1001-front``, ``ada (3)``: what stands behind a code to tell photos apart.
_SUFFIX: Final = re.compile(
    r"[ _.-]*(\(\d{1,3}\)|[ _.-]\d{1,3}|[ _.-](front|left|right|up|down|[a-z]))$"
)


@dataclass(slots=True)
class Matching:
    """Per line the photos that are surely its own, and per line what is wrong with others."""

    of_line: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    # (name, reason) of photos that the line names or seems to name.
    problems: dict[int, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    # (name, reason) of photos that no line gets.
    unclaimed: list[tuple[str, str]] = field(default_factory=list)


def match_photos(records: Mapping[int, Record], names: Sequence[str]) -> Matching:
    """``records`` by line, ``names`` of all photos. A photo that two people claim is nobody's."""
    result = Matching()
    claims = _claims(records, names, result)
    for name in names:
        lines = sorted(set(claims.get(name, ())))
        if not lines:
            result.unclaimed.append((name, "no line has such a code, e-mail or file name"))
        elif len(lines) > 1:
            told = ", ".join(str(line) for line in lines[:5])
            result.unclaimed.append((name, f"lines {told} all claim it; it is given to none"))
            for line in lines:
                result.problems[line].append((name, "other lines claim this photo too"))
        elif len(result.of_line[lines[0]]) >= MAX_PHOTOS:
            result.problems[lines[0]].append((name, f"more than {MAX_PHOTOS} photos of one person"))
        else:
            result.of_line[lines[0]].append(name)
    return result


def _claims(
    records: Mapping[int, Record], names: Sequence[str], result: Matching
) -> dict[str, list[int]]:
    """Per photo the lines that claim it; what a line names in vain is noted in ``result``."""
    claims: dict[str, list[int]] = defaultdict(list)
    by_name, by_owner = _file_index(names), _owner_index(records)
    named: set[str] = set()
    for line, record in records.items():
        for wanted in record.photos:
            found = by_name.get(_plain(wanted), [])
            named.update(found)
            if len(found) == 1:
                claims[found[0]].append(line)
            else:
                several = "several photos have this name; give its folder too"
                none = "there is no photo of this name"
                result.problems[line].append((wanted, several if found else none))
    for name in names:
        # A photo that some line names is not looked for by its own name too.
        if name not in named:
            claims[name] += _owners(name, by_owner)
    return claims


def _file_index(names: Sequence[str]) -> dict[str, list[str]]:
    """By full path, by file name, and by file name without its ending."""
    index: dict[str, list[str]] = defaultdict(list)
    for name in names:
        path = PurePosixPath(name)
        for key in {_plain(name), _plain(path.name), _plain(path.stem)}:
            index[key].append(name)
    return index


def _owner_index(records: Mapping[int, Record]) -> dict[str, list[int]]:
    index: dict[str, list[int]] = defaultdict(list)
    bearers: dict[str, list[int]] = defaultdict(list)
    for line, record in records.items():
        for key in {_plain(record.code), _plain(record.email)} - {""}:
            index[key].append(line)
        bearers[_words(record.name)].append(line)
    for name, lines in bearers.items():
        # Two people may bear one name; then it says nothing.
        if len(lines) == 1 and name not in index:
            index[name] = lines
    return index


def _owners(name: str, index: Mapping[str, list[int]]) -> list[int]:
    """Who is meant by a path: its file name first, then its folders from the innermost out."""
    path = PurePosixPath(name)
    for part in (path.stem, *reversed(path.parent.parts)):
        for key in (_plain(part), _words(part)):
            if key in index:
                return index[key]
        bare = _SUFFIX.sub("", part.casefold())
        if bare != part.casefold():
            for key in (_plain(bare), _words(bare)):
                if key in index:
                    return index[key]
    return []


def _plain(text: str) -> str:
    return text.strip().replace("\\", "/").casefold()


def _words(name: str) -> str:
    return " ".join(re.split(r"[\s_.]+", name.casefold().strip()))
