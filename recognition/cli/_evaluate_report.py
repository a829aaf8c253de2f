"""One shape for every evaluation's answer: the table for people, the JSON, the notes.

Public surface: ``Answer``, ``print_answer``, ``plot_path``, ``failure_note``.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from recognition.cli._output import complain, print_json, print_table
from recognition.cli._writing import writing
from recognition.evaluation.report import HEADER, Measure, as_json, measure_cells

__all__ = ["Answer", "failure_note", "plot_path", "print_answer"]

_PROBLEMS_SHOWN = 5
_CENTRES = {
    "site": "cosines about the mean of those enrolled",
    "network": "cosines about the network's mean",
    "none": "plain cosines",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """``figures`` are the rows; ``notes`` the rules that they follow; ``details`` JSON only."""

    protocol: str
    figures: list[Measure]
    notes: list[str]
    counts: dict[str, int]
    engine: Mapping[str, Any]
    problems: Mapping[str, str] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    plots: list[Path] = field(default_factory=list)


def print_answer(answer: Answer, options: Namespace) -> int:
    """Print it as the options ask, name pictures that gave no vector, and return the exit code."""
    if options.json:
        print_json(
            {
                "ok": True,
                "protocol": answer.protocol,
                "engine": as_json(answer.engine),
                "counts": answer.counts,
                "figures": as_json(answer.figures),
                "notes": answer.notes,
                "problems": dict(answer.problems),
                "plots": [str(path) for path in answer.plots],
                **{name: as_json(value) for name, value in answer.details.items()},
            }
        )
    else:
        info = answer.engine
        print(
            f"{answer.protocol}: model {info['model']}, detector {info['detector']}, "
            f"{info['runtime']} on {info['device']}, {info['precision']}; {_CENTRES[info['centre']]}"
        )
        print(", ".join(f"{number:,} {name}" for name, number in answer.counts.items()))
        print()
        print_table(HEADER, [measure_cells(figure) for figure in answer.figures])
        for note in answer.notes:
            print(f"\n{note}")
        for path in answer.plots:
            print(f"drawn: {path}")
    for name, problem in list(answer.problems.items())[:_PROBLEMS_SHOWN]:
        complain(f"{name}: {problem}")
    if len(answer.problems) > _PROBLEMS_SHOWN:
        complain(f"… and {len(answer.problems) - _PROBLEMS_SHOWN:,} more without a vector")
    return 0


def plot_path(options: Namespace, name: str) -> Path:
    """``DIR/name.png`` or ``.svg`` as the options ask; the folder is made."""
    folder: Path = options.plots
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.{options.plot_format}"


def failure_note(options: Namespace, failed: int, *, of: str) -> str:
    """The rule that pictures without a face follow, with their number."""
    if not failed:
        return f"Every picture gave a vector; none of the {of} is left out."
    if options.failed == "reject":
        return (
            f"{failed:,} pictures gave no vector: their {of} count as matching nobody "
            "(--failed reject), which lowers TMR and FMR alike."
        )
    return f"{failed:,} pictures gave no vector: their {of} are left out (--failed skip)."
