"""Files derived from a model's weights, kept in the cache beside their digest.

Public surface: ``derived_file``, ``derived_name``, ``forget_derived``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from recognition.weights import cache_folder, sha256_of
from recognition.whole_files import write_atomically

__all__ = ["derived_file", "derived_name", "forget_derived"]

_DIGITS = 16  # of the weights' digest: enough to tell the versions of one model apart


def derived_name(model_id: str, sha256: str, ending: str) -> str:
    """What a file is called that depends on these weights and on what ``ending`` says."""
    return _name(model_id, sha256[:_DIGITS], ending)


def forget_derived(model_id: str, *, cache_dir: Path | None) -> None:
    """Delete what was derived from any version of a model, its records too."""
    for path in cache_folder(cache_dir).glob(_name(model_id, "[0-9a-f]" * _DIGITS, "*")):
        path.unlink(missing_ok=True)


def derived_file(name: str, *, cache_dir: Path | None, derive: Callable[[], bytes]) -> Path:
    """The cached file ``name``, derived where it is missing or not what was written.

    ``name`` must change with everything that the result depends on. Raises ``WeightsError`` as
    ``cache_folder`` does, and what ``derive`` raises.
    """
    target = cache_folder(cache_dir) / name
    record = target.with_suffix(".json")
    if not _is_intact(target, record):
        write_atomically(target, derive())
        write_atomically(record, json.dumps({"sha256": sha256_of(target)}).encode())
    return target


def _name(model_id: str, version: str, ending: str) -> str:
    return f"{model_id}-{version}-{ending}"


def _is_intact(target: Path, record: Path) -> bool:
    try:
        expected = json.loads(record.read_text("utf-8"))["sha256"]
        return bool(sha256_of(target) == expected)
    except (OSError, ValueError, KeyError, TypeError):
        return False
