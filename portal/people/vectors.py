"""Vectors on their way into and out of the database: validated, little endian, sealed."""

from __future__ import annotations

from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from portal.core.errors import DomainError
from portal.core.vault import vault

__all__ = ["open_vector", "seal_vector"]

_PURPOSE = "template"
_UNIT_TOLERANCE = 1e-3


def seal_vector(vector: NDArray[np.float32], *, dimension: int, data_key: UUID) -> bytes:
    """Encrypt a ``(D,) float32`` unit vector under its person's ``data_key``. Raises ``DomainError`` for anything else."""
    values = np.asarray(vector, dtype="<f4")
    if values.shape != (dimension,) or not np.isfinite(values).all():
        raise DomainError(
            f"A template has shape {values.shape}; expected ({dimension},) finite numbers.",
            code="template.invalid",
        )
    norm = float(np.linalg.norm(values))
    if abs(norm - 1.0) > _UNIT_TOLERANCE:
        raise DomainError(f"A template has length {norm:.4f}; expected 1.", code="template.invalid")
    return vault().seal(values.tobytes(), purpose=_PURPOSE, data_key=data_key)


def open_vector(sealed: bytes | memoryview) -> NDArray[np.float32]:
    """The ``(D,) float32`` vector that ``seal_vector`` was given."""
    return np.frombuffer(vault().open(bytes(sealed), purpose=_PURPOSE), dtype="<f4")
