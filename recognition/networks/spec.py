"""What the registry says of a network. Imports no torch.

Public surface: ``NetworkSpec``, ``NetworkShape``, ``NetworkSize``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recognition.networks.base import FaceNetwork

__all__ = ["NetworkShape", "NetworkSize", "NetworkSpec"]


@dataclass(frozen=True, slots=True)
class NetworkShape:
    """What a network is built to. ``dropout`` is the share that is dropped before the embedding."""

    name: str
    input_px: int
    embedding_size: int
    dropout: float = 0.0


@dataclass(frozen=True, slots=True)
class NetworkSize:
    """``forward_ms`` is the median of one picture in evaluation mode, None where not timed."""

    name: str
    input_px: int
    embedding_size: int
    parameters: int
    multiply_adds: int
    forward_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSpec:
    """One architecture as it was published.

    ``parameters`` and ``flops`` (multiply-adds of one picture) are ours, counted at ``input_px``
    and ``embedding_size``; the tests count again. ``source`` says where the design is from and
    where ours departs from it.
    """

    name: str
    input_px: int
    input_channels: int = 3
    embedding_size: int
    parameters: int
    flops: int
    source: str
    build: Callable[[NetworkShape], FaceNetwork]

    @property
    def size(self) -> NetworkSize:
        """As published, not timed."""
        return NetworkSize(
            name=self.name,
            input_px=self.input_px,
            embedding_size=self.embedding_size,
            parameters=self.parameters,
            multiply_adds=self.flops,
            forward_ms=None,
        )
