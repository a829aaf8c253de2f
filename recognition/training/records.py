"""A run's folder: what was asked, with which code, what came of it, and its checkpoints.

``arguments.json``, ``revision.json`` (with ``revision.diff`` where the code was changed),
``steps.jsonl``, ``epochs.jsonl`` and ``epochs.csv``, ``prelogits_histogram.jsonl``,
``learning_curves.png``, ``damaged_pictures.json``, ``failed_batch.json``, ``checkpoints/``, and
``tensorboard/`` where that package is installed. Public surface: ``RunFolder``, ``open_run``.
"""

from __future__ import annotations

import csv
import json
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import torch

from recognition.training.curves import save_learning_curves
from recognition.training.errors import TrainingError
from recognition.whole_files import write_atomically

__all__ = ["RunFolder", "open_run"]

_CURVES_EVERY_S = 20.0
_CODE = Path(__file__).resolve().parents[2]
Row = Mapping[str, Any]


class RunFolder:
    """Rows are on the disk once the call returns; every file can be read while training goes on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checkpoints = path / "checkpoints"
        self._drawn_at = time.monotonic()
        self._board: Any = None

    def begin(self, arguments: Row, *, has_tensorboard: bool = False) -> str:
        """Write what this run is; the answer is a word on TensorBoard.

        A run that goes on keeps the arguments it began with and gets another file beside them.
        """
        with self._writing():
            self.path.mkdir(parents=True, exist_ok=True)
            begun = len(list(self.path.glob("arguments*.json")))
            suffix = f".{begun + 1}" if begun else ""
            self._write(f"arguments{suffix}.json", dict(arguments))
            revision, diff = _revision()
            self._write(f"revision{suffix}.json", revision)
            if diff:
                write_atomically(self.path / f"revision{suffix}.diff", diff.encode())
        if not has_tensorboard:
            return "TensorBoard: not asked for (--tensorboard)."
        if find_spec("tensorboard") is None:
            return (
                "TensorBoard: the package is not installed, so no event files are written. "
                "`pip install tensorboard` adds them; the same numbers are in epochs.csv."
            )
        from torch.utils.tensorboard import SummaryWriter

        self._board = SummaryWriter(str(self.path / "tensorboard"))
        return f"TensorBoard: tensorboard --logdir {self.path / 'tensorboard'}"

    def forget_after(self, *, step: int, epoch: int) -> None:
        """Remove rows that a resumed run will write again, and a line cut off by a crash."""
        with self._writing():
            for name, field, last in (
                ("steps", "step", step),
                ("epochs", "epoch", epoch),
                ("prelogits_histogram", "epoch", epoch),
            ):
                path = self.path / f"{name}.jsonl"
                if path.exists():
                    kept = [row for row in self.rows(name) if row[field] <= last]
                    write_atomically(path, "".join(_line(row) for row in kept).encode())

    def add_step(self, row: Row) -> None:
        self._append("steps", row)
        if self._board is not None:
            for name, value in row.items():
                if name != "step":
                    self._board.add_scalar(f"step/{name}", value, row["step"])

    def add_epoch(self, row: Row) -> None:
        self._append("epochs", row)
        with self._writing():
            write_atomically(self.path / "epochs.csv", _as_csv(self.rows("epochs")).encode())
        if self._board is not None:
            for name, value in row.items():
                self._board.add_scalar(f"epoch/{name}", value, row["step"])
        if time.monotonic() - self._drawn_at > _CURVES_EVERY_S:
            self.draw()

    def add_histogram(self, counts: Sequence[float], *, epoch: int, largest: float) -> None:
        """How many prelogits were how large, in equal bins from 0 to ``largest``."""
        row = {"epoch": epoch, "largest": largest, "counts": [int(count) for count in counts]}
        self._append("prelogits_histogram", row)

    def note_problems(self, problems: Mapping[str, str]) -> None:
        """Keep which pictures were left out and why; no file where there was none."""
        if problems:
            with self._writing():
                self._write("damaged_pictures.json", dict(problems))

    def problems(self) -> dict[str, str]:
        """What ``note_problems`` kept; nothing where there is no such file."""
        path = self.path / "damaged_pictures.json"
        try:
            noted: dict[str, str] = json.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise TrainingError(
                f"{path} cannot be read: {error}. It names pictures that the run left out; remove "
                "it to go on without these names.",
                code="training.unreadable",
            ) from error
        return noted

    def note_failed_batch(self, keys: Sequence[str], *, step: int) -> None:
        with self._writing():
            self._write("failed_batch.json", {"step": step, "files": list(keys)})

    def finish(self) -> None:
        """Draw the curves a last time and close what is open."""
        self.draw()
        if self._board is not None:
            self._board.close()

    def draw(self) -> None:
        epochs = self.rows("epochs")
        self._drawn_at = time.monotonic()
        if epochs:
            with self._writing():
                save_learning_curves(self.path / "learning_curves.png", epochs)

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The rows of ``steps``, ``epochs`` or ``prelogits_histogram`` so far."""
        try:
            lines = (self.path / f"{name}.jsonl").read_text("utf-8").splitlines()
        except FileNotFoundError:
            return []
        return list(_whole_rows(lines))

    def _append(self, name: str, row: Row) -> None:
        with self._writing(), (self.path / f"{name}.jsonl").open("a", encoding="utf-8") as file:
            file.write(_line(row))

    def _write(self, name: str, value: Row) -> None:
        text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
        write_atomically(self.path / name, text.encode())

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise TrainingError(
                f"{error.filename or self.path} cannot be written: {error.strerror or error}. The "
                "checkpoints are whole; make room and go on with --resume.",
                code="training.unwritable",
            ) from error


def open_run(
    logs: Path,
    *,
    resume: bool = False,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> RunFolder:
    """``logs/YYYYmmdd-HHMMSS``, as facenet names runs; to resume, ``logs`` is the run itself.

    Raises ``TrainingError`` (``training.options``) where there is no such run to resume.
    """
    if resume:
        if not (logs / "arguments.json").is_file():
            raise TrainingError(
                f"{logs} is no run: it has no arguments.json. Give --resume the folder of the run, "
                "its name is a date.",
                code="training.options",
            )
        return RunFolder(logs)
    name = now().strftime("%Y%m%d-%H%M%S")
    taken = sum(path.name.startswith(name) for path in logs.iterdir()) if logs.is_dir() else 0
    return RunFolder(logs / (f"{name}-{taken + 1}" if taken else name))


def _revision() -> tuple[dict[str, Any], str]:
    """Which code runs: git's answer where there is one, and the versions of what it stands on."""
    commit = _git("rev-parse", "HEAD")
    diff = _git("diff", "HEAD") if commit else ""
    return {
        "commit": commit.strip() or "unknown: no git checkout",
        "is_changed": bool(diff),
        "command": sys.argv,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "machine": platform.platform(),
        "threads": torch.get_num_threads(),
        "begun_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }, diff


def _git(*arguments: str) -> str:
    try:
        answer = subprocess.run(
            ["git", "-C", str(_CODE), *arguments],  # noqa: S607 - whichever git the user has
            capture_output=True, encoding="utf-8", errors="replace", timeout=20, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout if answer.returncode == 0 else ""


def _line(row: Row) -> str:
    return json.dumps(dict(row), ensure_ascii=False) + "\n"


def _whole_rows(lines: Sequence[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            yield json.loads(line)
        except json.JSONDecodeError:  # cut off by a crash: it was the last
            return


def _as_csv(rows: Sequence[Row]) -> str:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
