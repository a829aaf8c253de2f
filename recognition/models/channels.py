"""Which of red and blue comes first in a network's input, as far as it can be measured.

It cannot from one picture: a network fed the wrong way round still recognises (SFace on LFW:
99.37 instead of 99.48 %). A golden vector decides it; many faces do where the length of the
answer is free, because a network answers longer vectors for what it was trained on: with SFace,
91 % of 174 real photos, 77 % of 60 drawn ones. Else the owner must know. Public surface:
``check_golden_vector``, ``order_from_faces``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.embedding_spec import ChannelOrder, OutputNorm
from recognition.errors import ModelRejected
from recognition.models.behaviour import run_network
from recognition.runtime.base import Network

__all__ = ["OrderEvidence", "check_golden_vector", "order_from_faces"]

_LEAST_FACES = 20
_CLEAR_SHARE = 0.75
# Grey photos say nothing of colours.
_LEAST_CHANGE = 1e-4
_GOLDEN_SIMILARITY = 0.999


@dataclass(frozen=True, slots=True)
class OrderEvidence:
    """``order`` is None where the measurement does not decide; ``detail`` has its numbers."""

    order: ChannelOrder | None
    detail: str


def order_from_faces(
    network: Network, faces: NDArray[np.uint8], *, output_norm: OutputNorm
) -> OrderEvidence:
    """Compare lengths for ``(N, S, S, 3) uint8`` RGB faces of an opened as-is (RGB) network.

    Decides where at least 20 coloured faces are there and three quarters of them agree.
    """
    if output_norm == "unit":
        return OrderEvidence(
            None, "The network's answers all have the length 1: faces cannot tell the order."
        )
    rgb, bgr = (
        np.linalg.norm(run_network(network, np.ascontiguousarray(crops)), axis=1)
        for crops in (faces, faces[..., ::-1])
    )
    coloured = np.abs(rgb - bgr) > _LEAST_CHANGE * rgb
    count = int(coloured.sum())
    if count < _LEAST_FACES:
        return OrderEvidence(
            None, f"{count} coloured faces are too few; at least {_LEAST_FACES} are needed."
        )
    share = float((rgb > bgr)[coloured].mean())
    detail = f"{share:.0%} of {count} faces get a longer answer as RGB than as BGR"
    if share >= _CLEAR_SHARE:
        return OrderEvidence("rgb", f"{detail}.")
    if share <= 1.0 - _CLEAR_SHARE:
        return OrderEvidence("bgr", f"{detail}.")
    return OrderEvidence(None, f"{detail}: that decides nothing.")


def check_golden_vector(
    networks: dict[str, Network], crop: NDArray[np.uint8], *, vector: NDArray[np.float32]
) -> dict[str, float]:
    """Similarity of the publisher's ``vector`` to what each of ``networks`` says of ``crop``.

    ``crop`` is ``(S, S, 3) uint8`` RGB. Raises ``ModelRejected`` (``model.golden``) where the
    vector has another length than the network's, or no direction.
    """
    found: dict[str, float] = {}
    norm = float(np.linalg.norm(vector))
    for name, network in networks.items():
        (raw,) = run_network(network, crop[None])
        if vector.shape != raw.shape or not np.isfinite(norm) or norm == 0.0:
            raise ModelRejected(
                f"The golden vector has the shape {vector.shape} and the length {norm:.3g}; the "
                f"network answers {raw.shape}.",
                code="model.golden",
            )
        found[name] = float(raw @ vector) / (norm * float(np.linalg.norm(raw)))
    return found


def fits(similarity: float) -> bool:
    """Whether a similarity to a golden vector is that of the same preparation."""
    return similarity >= _GOLDEN_SIMILARITY
