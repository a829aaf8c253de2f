"""Open-set protocols: who is enrolled, who is looked for, and who is a stranger.

Public surface: ``OpenSet``, ``OpenSetEntry``, ``read_open_set``, ``read_leave_out``.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

from recognition.datasets._text import read_lines
from recognition.datasets.errors import DatasetRejected

__all__ = ["OpenSet", "OpenSetEntry", "Role", "read_leave_out", "read_open_set"]

Role = Literal["enroll", "probe", "unknown"]


@dataclass(frozen=True, slots=True)
class OpenSetEntry:
    """One picture: its path below the root, as written and as found, whose it is, and what for."""

    key: str
    path: Path
    identity: str
    role: Role


@dataclass(frozen=True, slots=True)
class OpenSet:
    """The entries in the manifest's order; ``left_out`` counts those of identities left out."""

    entries: tuple[OpenSetEntry, ...]
    left_out: int

    def of(self, role: Role) -> tuple[OpenSetEntry, ...]:
        return tuple(entry for entry in self.entries if entry.role == role)


def read_open_set(
    path: Path, *, root: Path | None = None, leave_out: frozenset[str] = frozenset()
) -> OpenSet:
    """Read a manifest: a JSON list of ``{"file", "identity", "role"}``.

    Roles are ``enroll``, ``probe`` (another picture of somebody enrolled) and ``unknown`` (of
    nobody enrolled). Files lie below ``root``; None means the manifest's own folder. Where the
    manifest's paths begin with ``root``'s own name, as ``images/…`` in ``…/images``, they are
    taken from the folder above. Raises ``DatasetRejected`` for another format, a role that
    contradicts another, and a set without one of the three roles.
    """
    try:
        items = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise DatasetRejected(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise DatasetRejected(f"{path} is no JSON: {error}.") from error
    if not isinstance(items, list) or not items:
        raise DatasetRejected(f"{path} is no list; expected [{{file, identity, role}}, …].")
    folder = path.parent if root is None else root
    parsed = [_entry(item, folder, f"{path}, entry {row}") for row, item in enumerate(items, 1)]
    if root is not None and not any(entry.path.exists() for entry in parsed):
        above = [root.parent / entry.key for entry in parsed]
        if all(Path(entry.key).parts[0] == root.name for entry in parsed):
            parsed = [
                OpenSetEntry(entry.key, file, entry.identity, entry.role)
                for entry, file in zip(parsed, above, strict=True)
            ]
    kept = tuple(entry for entry in parsed if entry.identity not in leave_out)
    _check(kept, path)
    return OpenSet(kept, len(parsed) - len(kept))


def read_leave_out(path: Path) -> frozenset[str]:
    """The identities to leave out: the first tab-separated field of each line, ``#`` comments.

    ``label_conflicts.txt`` names in its second field whom the label contradicts: that one stays.
    """
    return frozenset(line.split("\t")[0].strip() for _, line in read_lines(path))


def _entry(item: Any, folder: Path, where: str) -> OpenSetEntry:
    fields = item if isinstance(item, dict) else {}
    values = [fields.get(name) for name in ("file", "identity", "role")]
    texts = [value for value in values if isinstance(value, str) and value]
    if len(texts) != len(values):
        raise DatasetRejected(f"{where} is {item!r}; expected file, identity and role as texts.")
    file, identity, role = texts
    if role not in get_args(Role):
        raise DatasetRejected(f"{where} has the role {role!r}; expected one of {get_args(Role)}.")
    inside = Path(file)
    if inside.is_absolute() or ".." in inside.parts:
        raise DatasetRejected(f"{where} leads out of its folder: {file!r}.")
    return OpenSetEntry(inside.as_posix(), folder / inside, identity, cast("Role", role))


def _check(entries: tuple[OpenSetEntry, ...], path: Path) -> None:
    by_role = {
        role: {entry.identity for entry in entries if entry.role == role} for role in get_args(Role)
    }
    for role, people in by_role.items():
        if not people:
            raise DatasetRejected(f"{path} has nobody of the role {role!r}; all three are needed.")
    problems = {
        "is looked for and not enrolled": by_role["probe"] - by_role["enroll"],
        "is enrolled and also a stranger": by_role["unknown"] & by_role["enroll"],
        "is named twice": {
            file for file, times in Counter(e.key for e in entries).items() if times > 1
        },
    }
    for problem, found in problems.items():
        if found:
            raise DatasetRejected(f"{path}: {min(found)} {problem} ({len(found)} such).")
