"""What an owner says of a model that is to be added. Public surface: ``Declaration``, ``agree``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from recognition.embedding_spec import (
    Alignment,
    ChannelOrder,
    MarginConvention,
    OutputNorm,
    Scaling,
)
from recognition.errors import ModelRejected

__all__ = ["Declaration", "agree"]

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Declaration:
    """What the owner says of a model. None leaves it to the file, or to measurement."""

    id: str
    licence: str
    origin: str = ""
    sha256: str | None = None
    channel_order: ChannelOrder | None = None
    scaling: Scaling | None = None
    alignment: Alignment | None = None
    size_px: int | None = None
    margin_px: int | None = None
    margin_convention: MarginConvention | None = None
    dimension: int | None = None
    output_norm: OutputNorm | None = None


def agree(what: str, *, declared: Value | None, found: Value | None) -> Value | None:
    """The one that is known. Raises ``ModelRejected`` (``model.declaration``) where both differ."""
    if declared is not None and found is not None and declared != found:
        raise ModelRejected(
            f"You declared the {what} {declared}, and the file's is {found}. Is it the file that "
            f"you mean?",
            code="model.declaration",
        )
    return found if declared is None else declared
