"""Learning rates over epochs, from a schedule file or by steps.

Public surface: ``FileSchedule``, ``Schedule``, ``StepSchedule``, ``read_schedule``.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from recognition.training.errors import TrainingError

__all__ = ["FileSchedule", "Schedule", "StepSchedule", "read_schedule"]

_EXPECTED = "expected lines like `60: 0.005`, `-` or -1 for the end, # before comments"


class Schedule(Protocol):
    """A learning rate per epoch; None says that training ends before that epoch."""

    def rate(self, epoch: int) -> float | None:
        """Epochs count from 1, as facenet's do."""
        ...


@dataclass(frozen=True, slots=True)
class StepSchedule:
    """``rate * factor ^ floor((epoch - 1) / every)``: facenet's staircase, flat by default."""

    start: float
    factor: float = 1.0
    every: int = 100

    def rate(self, epoch: int) -> float:
        return self.start * self.factor ** ((epoch - 1) // self.every)


@dataclass(frozen=True, slots=True)
class FileSchedule:
    """``(epoch, rate)`` rising by epoch; a rate holds until the next entry, the last for good."""

    entries: tuple[tuple[int, float | None], ...]

    def rate(self, epoch: int) -> float | None:
        at = bisect_right([first for first, _ in self.entries], epoch) - 1
        return self.entries[max(at, 0)][1]


def read_schedule(path: Path) -> FileSchedule:
    """Read facenet's format: ``epoch: rate`` a line, ``#`` comments, ``-`` or ``-1`` ends training.

    facenet's own reader returns nothing past the last line; here the last line holds. Raises
    ``TrainingError`` (``training.schedule``) naming the line that does not fit.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise _refused(f"The schedule {path} cannot be read: {error}") from error
    entries: list[tuple[int, float | None]] = []
    for number, line in enumerate(lines, start=1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        epoch, rate = _entry(text, where=f"{path}, line {number}")
        if entries and epoch <= entries[-1][0]:
            raise _refused(
                f"{path}, line {number}: epoch {epoch} does not come after {entries[-1][0]}; "
                "expected rising epochs"
            )
        entries.append((epoch, rate))
    if not entries:
        raise _refused(f"{path} holds no learning rate; {_EXPECTED}")
    if entries[0][0] > 1:
        raise _refused(
            f"{path} begins with epoch {entries[0][0]}; nothing says what holds before it. Begin "
            "with epoch 0"
        )
    return FileSchedule(tuple(entries))


def _entry(text: str, *, where: str) -> tuple[int, float | None]:
    first, colon, second = (part.strip() for part in text.partition(":"))
    try:
        if not colon or not first.isdecimal():
            raise ValueError
        rate = -1.0 if second == "-" else float(second)
    except ValueError as error:
        raise _refused(f"{where} is {text!r}; {_EXPECTED}") from error
    if rate == -1.0:
        return int(first), None
    if not math.isfinite(rate) or rate < 0.0:
        raise _refused(f"{where}: {second} is no learning rate; {_EXPECTED}")
    return int(first), rate


def _refused(message: str) -> TrainingError:
    return TrainingError(f"{message}.", code="training.schedule")
