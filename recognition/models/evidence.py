"""Settling a model's channel order: what was declared, against a golden vector or many faces.

Public surface: ``settle_channel_order``, ``Evidence``, ``GoldenPair``, ``Settled``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Picture
from recognition.embedding_spec import ChannelOrder, CropSpec, EmbeddingSpec, Scaling
from recognition.errors import ModelRejected
from recognition.models.channels import check_golden_vector, fits, order_from_faces
from recognition.runtime.base import Network

__all__ = ["Evidence", "GoldenPair", "Settled", "settle_channel_order"]

Opener = Callable[[ChannelOrder, Scaling], Network]
"""Opens the model under question as if it took this order and this scaling."""

_OTHER: dict[ChannelOrder, ChannelOrder] = {"rgb": "bgr", "bgr": "rgb"}
_PLAIN_SCALINGS: tuple[Scaling, ...] = ("raw", "fixed", "symmetric")


@dataclass(frozen=True, slots=True, eq=False)
class GoldenPair:
    """A face cut as the network takes it, ``(S, S, 3) uint8`` RGB, and its publisher's vector."""

    crop: Picture
    vector: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What the owner has besides the file.

    ``faces`` cuts faces of the owner's photos as a network wants them, ``(N, S, S, 3) uint8`` RGB.
    """

    golden: GoldenPair | None = None
    faces: Callable[[CropSpec], NDArray[np.uint8]] | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """``detail`` says how the order is known, for the manifest."""

    order: ChannelOrder
    detail: str


def settle_channel_order(
    spec: EmbeddingSpec,
    *,
    declared: ChannelOrder | None,
    evidence: Evidence,
    open_as: Opener,
) -> Settled:
    """Decide, or refuse: never guess.

    Raises ``ModelRejected``: ``model.channel_order`` where the evidence contradicts what was
    declared, or nothing was declared and the evidence does not decide; ``model.golden`` where the
    golden vector fits no preparation.
    """
    if evidence.golden is not None:
        found = _by_golden(spec, evidence.golden, declared=declared, open_as=open_as)
    elif evidence.faces is not None:
        network = open_as("rgb", spec.scaling)
        faces = evidence.faces(spec.crop)
        measured = order_from_faces(network, faces, output_norm=spec.output_norm)
        if measured.order is None and declared is None:
            raise _undeclared(measured.detail)
        if measured.order is None:
            return Settled(declared or "rgb", f"declared; {measured.detail}")
        found = Settled(measured.order, measured.detail)
    elif declared is None:
        raise _undeclared("Nothing was given that could tell.")
    else:
        return Settled(declared, "declared, not measured")
    if declared is not None and found.order != declared:
        raise ModelRejected(
            f"You declared the channel order {declared}, and it is {found.order}: {found.detail} "
            f"Declare --channel-order {found.order}.",
            code="model.channel_order",
        )
    return found


def _by_golden(
    spec: EmbeddingSpec,
    golden: GoldenPair,
    *,
    declared: ChannelOrder | None,
    open_as: Opener,
) -> Settled:
    side = spec.crop.size_px
    if golden.crop.shape != (side, side, 3):
        raise ModelRejected(
            f"The golden picture is {golden.crop.shape[1]}x{golden.crop.shape[0]} px; expected the "
            f"crop that the network takes, {side}x{side} px.",
            code="model.golden",
        )
    orders: tuple[ChannelOrder, ...] = ("rgb", "bgr")
    similarity = check_golden_vector(
        {order: open_as(order, spec.scaling) for order in orders},
        golden.crop,
        vector=golden.vector,
    )
    best: ChannelOrder = "rgb" if similarity["rgb"] >= similarity["bgr"] else "bgr"
    detail = (
        f"The golden vector's similarity is {similarity['rgb']:.4f} as RGB, "
        f"{similarity['bgr']:.4f} as BGR."
    )
    if not fits(similarity[best]):
        raise ModelRejected(
            f"{detail} {_what_fits(spec, golden, order=declared or best, open_as=open_as)}",
            code="model.golden",
        )
    if fits(similarity[_OTHER[best]]):
        if declared is None:
            raise _undeclared(f"{detail} The picture has no colours that would tell.")
        return Settled(declared, f"declared; {detail}")
    return Settled(best, detail)


def _what_fits(
    spec: EmbeddingSpec,
    golden: GoldenPair,
    *,
    order: ChannelOrder,
    open_as: Opener,
) -> str:
    """Look for the preparation that was meant, so that the refusal says what to declare."""
    if spec.scaling == "per_image":
        return "Neither fits: check the preprocessing and the picture."
    others = [scaling for scaling in _PLAIN_SCALINGS if scaling != spec.scaling]
    similarity = check_golden_vector(
        {s: open_as(order, s) for s in others},
        golden.crop,
        vector=golden.vector,
    )
    fitting = [scaling for scaling, value in similarity.items() if fits(value)]
    if fitting:
        return f"Neither fits, but --preprocessing {fitting[0]} does: declare that."
    return "Neither fits, nor does another preprocessing: is it this file's vector and crop?"


def _undeclared(why: str) -> ModelRejected:
    return ModelRejected(
        f"The channel order is not known. {why} Declare --channel-order (InsightFace's packs take "
        f"rgb), or give a golden vector (--golden) or at least 20 photos of faces (--photos).",
        code="model.channel_order",
    )
