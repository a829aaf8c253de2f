"""Which tensors of a network may be cut into 256 levels, and over which range.

The numbers are measured, not computed from weights: ``python -m bench.int8_ranges``. Public
surface: ``int8_ranges``, ``RANGES_FILE``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

__all__ = ["RANGES_FILE", "int8_ranges"]

RANGES_FILE = Path(__file__).parent / "int8_ranges.json"

Ranges = Mapping[str, tuple[float, float]]


def int8_ranges(weights_id: str) -> Ranges:
    """Least and greatest value per tensor; empty for a network that was never measured."""
    return _all_ranges().get(weights_id, {})


@cache
def _all_ranges() -> Mapping[str, Ranges]:
    stored = json.loads(RANGES_FILE.read_text("utf-8"))
    return {
        weights_id: {name: (low, high) for name, (low, high) in tensors.items()}
        for weights_id, tensors in stored.items()
    }
