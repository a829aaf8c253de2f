"""Where results may be written. Public surface: ``require_empty``."""

from __future__ import annotations

from pathlib import Path

from recognition.datasets.errors import DatasetRejected

__all__ = ["require_empty"]


def require_empty(out: Path) -> None:
    """Raises ``DatasetRejected`` where ``out`` is there and is no empty folder."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DatasetRejected(f"{out} is not an empty folder. Name a new one.")
