"""Does a network behave like an embedding of faces? Measured before it is let in.

What cannot be measured from one drawn face is not claimed here: the channel order is in
``recognition.models.channels``. Public surface: ``check_behaviour``, ``run_network``,
``Measured``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.embedding_spec import CropSpec, OutputNorm
from recognition.errors import ModelRejected
from recognition.models.golden import golden_face
from recognition.runtime.base import Network

__all__ = ["Measured", "check_behaviour", "run_network"]

Crops = NDArray[np.uint8]
Raw = NDArray[np.float32]

_DIMENSIONS = range(8, 8193)
# f16 ends at 65504 and loses its precision below 6e-5: a norm outside of these would be answered
# by zeros or infinities on a GPU.
_NORMS = (1e-3, 1e4)
_UNIT_TOLERANCE = 1e-3
# f32 on a processor: two runs differ by nothing, a batch's order of summation by about 1e-6.
_REPEAT_TOLERANCE = 1e-5
_BATCH_TOLERANCE = 1e-4
# SFace finds noise 0.27, an even grey 0.13 and the face upside down 0.34 similar to the golden face.
_MOST_ALIKE = 0.99
_BATCH = 16


@dataclass(frozen=True, slots=True)
class Measured:
    """What the checks found: for the manifest, and in words."""

    dimension: int
    output_norm: OutputNorm
    findings: tuple[str, ...]


def run_network(network: Network, crops: Crops) -> Raw:
    """The raw rows, ``(N, D) float32``. Raises ``ModelRejected`` (``model.run``, ``model.output``)."""
    try:
        raw = next(iter(network.run(crops).values()))
    except RuntimeError as error:  # OpenVINO's and torch's, whatever is wrong with a graph
        raise ModelRejected(
            f"The network cannot be run on {len(crops)} faces of {crops.shape[1]} px: "
            f"{str(error).strip().splitlines()[-1][:300]}",
            code="model.run",
        ) from error
    if raw.ndim != 2 or len(raw) != len(crops) or raw.shape[1] not in _DIMENSIONS:
        raise ModelRejected(
            f"The network answered {raw.shape} for {len(crops)} faces; expected a row of "
            f"{_DIMENSIONS.start} to {_DIMENSIONS.stop - 1} numbers for each.",
            code="model.output",
        )
    return raw


def check_behaviour(network: Network, *, crop: CropSpec) -> Measured:
    """Run every check in f32 on the golden face and on changed copies of it.

    Raises ``ModelRejected`` at the first that fails: ``model.run``, ``model.output``,
    ``model.norm``, ``model.repeat``, ``model.distinct`` or ``model.batch``.
    """
    (face,) = golden_face().crop(crop)
    others = _others(face)
    crops = np.stack([face, *others.values()])
    alone = run_network(network, crops[:1])
    # enough that the processor's runtime really makes batches
    together = run_network(network, np.concatenate([crops] * 3)[:_BATCH])
    output_norm, norms = _check_norms(together)
    if np.abs(run_network(network, crops[:1]) - alone).max() > _REPEAT_TOLERANCE * norms[0]:
        raise ModelRejected(
            "The same face got two different answers. Was the network exported in training mode?",
            code="model.repeat",
        )
    unit = together / norms[:, None]
    off = float(np.abs(unit[0] - alone[0] / np.linalg.norm(alone[0])).max())
    if off > _BATCH_TOLERANCE:
        raise ModelRejected(
            f"A face's answer changes by {off:.1e} with the faces beside it in its batch (at most "
            f"{_BATCH_TOLERANCE:.0e} expected). Was the network exported in training mode?",
            code="model.batch",
        )
    alike = dict(zip(others, (unit[1 : len(crops)] @ unit[0]).tolist(), strict=True))
    _check_distinct(alike)
    return Measured(
        dimension=together.shape[1],
        output_norm=output_norm,
        findings=(
            f"{together.shape[1]} numbers of length {norms.min():.3g} to {norms.max():.3g}",
            f"a face in a batch differs from the face alone by {off:.0e}",
            "similarity to the golden face: "
            + ", ".join(f"{name} {value:.2f}" for name, value in alike.items()),
        ),
    )


def _check_norms(raw: Raw) -> tuple[OutputNorm, Raw]:
    norms = np.linalg.norm(raw, axis=1)
    least, most = _NORMS
    if not np.isfinite(norms).all() or norms.min() < least or norms.max() > most:
        raise ModelRejected(
            f"The vectors have lengths from {norms.min():.3g} to {norms.max():.3g}; expected "
            f"finite ones between {least:g} and {most:g}. Is the scaling of the pixels right "
            f"(--preprocessing)?",
            code="model.norm",
        )
    is_unit = bool((np.abs(norms - 1.0) < _UNIT_TOLERANCE).all())
    return "unit" if is_unit else "free", norms


def _check_distinct(alike: dict[str, float]) -> None:
    noise, brighter = alike["noise"], alike["brighter"]
    most = max(noise, alike["even grey"], alike["upside down"])
    if most > _MOST_ALIKE:
        raise ModelRejected(
            f"A face, noise and an even grey picture get nearly the same answer (similarity "
            f"{most:.3f}; at most {_MOST_ALIKE} expected). Is the scaling of the pixels right "
            f"(--preprocessing), and is this an embedding network?",
            code="model.distinct",
        )
    if brighter <= noise:
        raise ModelRejected(
            f"The golden face, 15 % brighter, is no more similar to itself ({brighter:.3f}) than "
            f"noise is ({noise:.3f}). Is this an embedding network of faces?",
            code="model.distinct",
        )


def _others(face: NDArray[np.uint8]) -> dict[str, NDArray[np.uint8]]:
    rng = np.random.default_rng(5)
    return {
        "brighter": np.clip(face * 1.15, 0, 255).astype(np.uint8),
        "mirrored": np.ascontiguousarray(face[:, ::-1]),
        "upside down": np.ascontiguousarray(face[::-1]),
        "noise": rng.integers(0, 256, face.shape, dtype=np.uint8),
        "even grey": np.full_like(face, 128),
    }
