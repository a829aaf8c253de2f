"""Results on disk, with a sentence where they cannot be written. Public surface: ``writing``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recognition.errors import RecognitionError

__all__ = ["writing"]


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an ``OSError`` inside into ``RecognitionError`` (``output.unwritable``)."""
    try:
        yield
    except OSError as error:
        raise RecognitionError(
            f"{path} cannot be written: {error.strerror or error}. Name another place, or make "
            "its folder first.",
            code="output.unwritable",
        ) from error
