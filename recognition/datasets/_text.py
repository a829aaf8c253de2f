"""Reading small text files that somebody typed. Public surface: ``read_lines``."""

from __future__ import annotations

from pathlib import Path

from recognition.datasets.errors import DatasetRejected

__all__ = ["read_lines"]


def read_lines(path: Path) -> list[tuple[int, str]]:
    """The lines with their numbers from 1, without blank ones and those that begin with ``#``.

    Raises ``DatasetRejected`` where the file cannot be read as UTF-8 text.
    """
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise DatasetRejected(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise DatasetRejected(f"{path} is no UTF-8 text; save it as UTF-8.") from error
    return [
        (number, line.strip("\r"))
        for number, line in enumerate(text.split("\n"), start=1)
        if line.strip() and not line.startswith("#")
    ]
