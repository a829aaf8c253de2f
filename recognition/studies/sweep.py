"""Steps measured one after the other and kept: an interrupted study goes on where it was.

A study's folder holds ``study.json`` (everything, the truth for going on) and ``table.csv``. Public
surface: ``Row``, ``Step``, ``run_sweep``, ``means_of``.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from recognition.errors import RecognitionError
from recognition.whole_files import write_atomically

__all__ = ["Row", "Step", "means_of", "run_sweep"]

Row = dict[str, Any]
_STATE, _TABLE = "study.json", "table.csv"
_KEY = re.compile(r"[a-z0-9][a-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Step:
    """One measurement: ``settings`` say what is done, and begin its row. ``key`` names a folder."""

    key: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _KEY.fullmatch(self.key):
            raise ValueError(f"a step is called {self.key!r}; expected a-z, 0-9, dots and dashes")


def run_sweep(
    steps: Sequence[Step],
    *,
    study: str,
    identity: Mapping[str, Any],
    folder: Path,
    measure: Callable[[Step], Mapping[str, Any]],
    say: Callable[[str], None] = print,
) -> list[Row]:
    """The row of every step in order: its settings, then what ``measure`` found.

    ``identity`` is everything that rows of one table must share, as JSON values. A step whose row is
    in ``folder`` is not measured again; each new row is on the disk before the next begins. Rows of
    other steps stay in ``study.json``. Raises ``RecognitionError``: ``study.other`` where the folder
    holds a study of another identity, ``study.unreadable`` for a damaged file,
    ``output.unwritable``.
    """
    shared = json.loads(json.dumps(dict(identity)))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        rows = _kept(folder, study, shared)
        for number, step in enumerate(steps, start=1):
            is_kept = step.key in rows
            if not is_kept:
                rows[step.key] = json.loads(
                    json.dumps({**step.settings, **_finite(measure(step))}, allow_nan=False)
                )
                state = {"study": study, "identity": shared, "rows": rows}
                _write(folder / _STATE, json.dumps(state, ensure_ascii=False, indent=1) + "\n")
            say(f"{number} of {len(steps)}: {step.key}{' (kept from before)' if is_kept else ''}")
        asked = [rows[step.key] for step in steps]
        _write(folder / _TABLE, _as_csv(asked))
    except OSError as error:
        raise RecognitionError(
            f"{folder} cannot be written: {error.strerror or error}. Name another folder, or make "
            "room there.",
            code="output.unwritable",
        ) from error
    return asked


def means_of(rows: Sequence[Row], *, by: str, figures: Sequence[str]) -> list[Row]:
    """One row for each value of ``by``, in the order of first appearance.

    Each figure becomes its mean and ``<figure>_std`` (of the sample, None for a single run); what
    the runs do not share besides is left out. ``runs`` counts them.
    """
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[by], []).append(row)
    found = []
    for own in groups.values():
        mean: Row = {
            name: value
            for name, value in own[0].items()
            if name not in figures and all(row.get(name) == value for row in own)
        }
        for name in figures:
            values = [float(row[name]) for row in own]
            mean[name] = statistics.fmean(values)
            mean[f"{name}_std"] = statistics.stdev(values) if len(values) > 1 else None
        found.append({**mean, "runs": len(own)})
    return found


def _kept(folder: Path, study: str, identity: Mapping[str, Any]) -> dict[str, Row]:
    path = folder / _STATE
    if not path.exists():
        return {}
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
        held, rows = (state["study"], state["identity"]), state["rows"]
        names = sorted(held[1].keys() | identity.keys())
        whole = all(isinstance(row, dict) for row in rows.values())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(path) from error
    if not whole:
        raise _damaged(path)
    if held[0] != study or held[1] != identity:
        differing = [name for name in names if held[1].get(name) != identity.get(name)]
        was = "; ".join(f"{n} {held[1].get(n)!r}, now {identity.get(n)!r}" for n in differing[:4])
        raise RecognitionError(
            f"{folder} holds the study {held[0]!r} with {was or 'the same settings'}: figures of both "
            "cannot stand in one table. Name another folder, or delete that one.",
            code="study.other",
        )
    kept: dict[str, Row] = rows
    return kept


def _damaged(path: Path) -> RecognitionError:
    return RecognitionError(
        f"{path} holds no study that can go on; delete it, or name another folder.",
        code="study.unreadable",
    )


def _finite(row: Mapping[str, Any]) -> Row:
    """JSON has no NaN; a figure that does not exist is None."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in row.items()
    }


def _as_csv(rows: Sequence[Row]) -> str:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _write(path: Path, text: str) -> None:
    write_atomically(path, text.encode())
