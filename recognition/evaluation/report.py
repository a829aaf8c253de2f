"""Figures as rows for people and as JSON for programs. Public surface: ``Measure``, ``as_json``,
``measure_cells``, ``percent``, ``thinned``.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognition.evaluation.bootstrap import Interval

__all__ = ["HEADER", "Measure", "as_json", "measure_cells", "percent", "thinned"]

HEADER = ("figure", "value", "95 % interval", "of", "remark")
# A plot has no more pixels across, and a report of 9 million comparisons must stay readable.
_CURVE_POINTS = 400


@dataclasses.dataclass(frozen=True, slots=True)
class Measure:
    """One figure: its value with interval, how many cases stand behind it, and what to know.

    ``is_share`` values are printed as percentages, others with four decimals.
    """

    name: str
    value: float | None
    interval: Interval | None = None
    cases: int | None = None
    remark: str = ""
    is_share: bool = True


def percent(value: float) -> str:
    """``0.99483`` is ``99.48 %``; small rates keep two significant digits (``0.012 %``)."""
    share = value * 100
    if value == 0 or share >= 0.1:
        return f"{share:.2f} %"
    return f"{share:.2g} %"


def measure_cells(measure: Measure) -> tuple[str, ...]:
    """The cells of ``HEADER``."""

    def shown(value: float) -> str:
        return percent(value) if measure.is_share else f"{value:.4f}"

    interval = measure.interval
    return (
        measure.name,
        "–" if measure.value is None else shown(measure.value),
        "" if interval is None else f"{shown(interval.low)} … {shown(interval.high)}",
        "" if measure.cases is None else f"{measure.cases:,}",
        measure.remark,
    )


def as_json(value: Any) -> Any:
    """Dataclasses, mappings, sequences and arrays as JSON values; NaN and infinities are None."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: as_json(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
    if isinstance(value, (np.ndarray, np.generic)):
        return as_json(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def thinned(*columns: NDArray[Any], points: int = _CURVE_POINTS) -> list[NDArray[Any]]:
    """At most ``points`` rows of a curve, the first and the last among them, evenly by position."""
    length = len(columns[0])
    if length <= points:
        return list(columns)
    chosen = np.unique(np.linspace(0, length - 1, points).round().astype(np.int64))
    return [column[chosen] for column in columns]
