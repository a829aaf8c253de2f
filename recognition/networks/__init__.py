"""Embedding networks to train: one file each, found here by name.

``NETWORKS`` says what there is and imports no torch; ``build_network`` makes one. The other names
of ``__all__`` import torch when they are asked for. Weight files are in
``recognition.networks.files``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from recognition.errors import RecognitionError
from recognition.networks.registry import NETWORKS
from recognition.networks.spec import NetworkShape, NetworkSpec

if TYPE_CHECKING:
    from recognition.networks.base import (
        FaceNetwork,
        count_multiply_adds,
        decayed_parameters,
        set_batch_norm_decay,
        unit_rows,
    )

__all__ = [
    "NETWORKS",
    "FaceNetwork",
    "NetworkShape",
    "NetworkSpec",
    "build_network",
    "count_multiply_adds",
    "decayed_parameters",
    "network_spec",
    "set_batch_norm_decay",
    "unit_rows",
]

_SMALLEST_PX = 16


def __getattr__(name: str) -> Any:
    """What needs torch, when it is first asked for: a list of names must not cost a second."""
    if name in __all__:
        return getattr(import_module("recognition.networks.base"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def network_spec(name: str) -> NetworkSpec:
    """What is known of a network; ``RecognitionError`` (``network.unknown``) with the names."""
    if name not in NETWORKS:
        raise RecognitionError(
            f"There is no network {name!r}; expected one of {', '.join(NETWORKS)}.",
            code="network.unknown",
        )
    return NETWORKS[name]


def build_network(
    name: str,
    *,
    embedding_size: int | None = None,
    dropout: float = 0.0,
    seed: int | None = None,
    input_px: int | None = None,
) -> FaceNetwork:
    """A network with random parameters, in training mode, on torch's default device.

    ``embedding_size`` and ``input_px`` are the published ones where they are None. With ``seed``
    the parameters are the same each time and torch's own generator is left alone. On the meta
    device nothing is drawn. Raises ``RecognitionError``: ``network.unknown``, or
    ``network.shape`` where the network cannot be built so.
    """
    import torch

    from recognition.networks.initialisation import initialise

    spec = network_spec(name)
    shape = NetworkShape(
        name=name,
        input_px=spec.input_px if input_px is None else input_px,
        embedding_size=spec.embedding_size if embedding_size is None else embedding_size,
        dropout=dropout,
    )
    if shape.embedding_size < 1 or shape.input_px < _SMALLEST_PX or not 0.0 <= dropout < 1.0:
        raise RecognitionError(
            f"{name} cannot have an embedding of {shape.embedding_size}, pictures of "
            f"{shape.input_px} px and a dropout of {dropout}; expected at least 1, at least "
            f"{_SMALLEST_PX} px, and a share from 0 to below 1.",
            code="network.shape",
        )
    if shape.input_px != spec.input_px:
        _check_size(spec, shape)
    if seed is None:
        network = spec.build(shape)
        initialise(network)
        return network
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = spec.build(shape)
        initialise(network)
    return network


def _check_size(spec: NetworkSpec, shape: NetworkShape) -> None:
    """Send one picture through on the meta device, where nothing is computed."""
    import torch

    from recognition.networks.base import count_multiply_adds

    try:
        with torch.device("meta"):
            count_multiply_adds(spec.build(shape))
    except RuntimeError as error:
        raise RecognitionError(
            f"{spec.name} cannot take pictures of {shape.input_px} px: {str(error)[:200]} "
            f"Its own size is {spec.input_px} px.",
            code="network.shape",
        ) from error
