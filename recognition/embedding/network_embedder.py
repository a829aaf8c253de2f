"""Any embedding network behind the engine's Protocol: crops in, unit vectors out.

Public surface: ``NetworkEmbedder``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recognition.contracts import EmbeddingSpace, Vectors
from recognition.embedding_spec import CropSpec
from recognition.errors import ModelRejected
from recognition.runtime.base import Network
from recognition.weights import WeightsEntry

__all__ = ["NetworkEmbedder"]


class NetworkEmbedder:
    """``contracts.Embedder`` over a network and its manifest entry. Not thread-safe.

    With ``flip_fusion`` the outputs of a face and its mirror image are added before normalising:
    twice the work, and with SFace, open set, 1,482 people with one photo each, 3.2 instead of
    3.4 % missed at 1 % of strangers named (bench/ACCURACY.md). Vectors made with and without it
    live in one space: the gallery was made with it both times.
    """

    def __init__(
        self,
        network: Network,
        *,
        item: WeightsEntry,
        flip_fusion: bool,
        mean: NDArray[np.float32] | None = None,
    ) -> None:
        self._network = network
        self._mean = mean
        self._flip_fusion = flip_fusion
        self._spec = item.spec
        self._space = item.space

    @property
    def space(self) -> EmbeddingSpace:
        return self._space

    @property
    def mean(self) -> NDArray[np.float32] | None:
        """About the mean of the network's vectors, ``(D,) float32``; see ``network_mean``."""
        return self._mean

    @property
    def crop(self) -> CropSpec:
        """How the faces must be cut that ``embed`` takes."""
        return self._spec.crop

    @property
    def precision(self) -> str:
        return self._network.precision

    @property
    def device(self) -> str:
        return self._network.device

    def embed(self, crops: NDArray[np.uint8], *, flip_fusion: bool | None = None) -> Vectors:
        """``(N, S, S, 3) uint8`` RGB cut as ``crop`` says, ``(N, D) float32`` unit rows out.

        N may be 0. Raises ``ValueError`` for another shape or dtype, ``ModelRejected`` for an
        output that has the wrong shape or cannot be normalised.
        """
        side = self._spec.crop.size_px
        if crops.shape[1:] != (side, side, 3) or crops.dtype != np.uint8:
            raise ValueError(
                f"{self._space.model_id} takes (N, {side}, {side}, 3) uint8 RGB, got "
                f"{crops.shape} {crops.dtype}"
            )
        count = len(crops)
        if not count:
            return np.empty((0, self._spec.dimension), dtype=np.float32)
        if self._flip_fusion if flip_fusion is None else flip_fusion:
            both = self._run(np.concatenate([crops, crops[:, :, ::-1]]))
            return self._unit(both[:count] + both[count:])
        return self._unit(self._run(crops))

    def _run(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        raw = next(iter(self._network.run(crops).values()))
        expected = (len(crops), self._spec.dimension)
        if raw.shape != expected:
            raise ModelRejected(
                f"{self._space.model_id} answered {raw.shape} for {len(crops)} faces; expected "
                f"{expected}. Run the self-test."
            )
        return raw

    def _unit(self, raw: NDArray[np.float32]) -> Vectors:
        norms = np.linalg.norm(raw, axis=1, keepdims=True)
        if not (np.isfinite(norms).all() and (norms > 0.0).all()):
            raise ModelRejected(
                f"{self._space.model_id} answered a vector that is zero or not finite; expected "
                f"finite numbers. Set the precision to f32 and run the self-test."
            )
        unit: Vectors = raw / norms
        return unit
