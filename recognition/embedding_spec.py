"""What an embedding model takes and gives: everything besides its weights that shapes a vector.

No pictures and no networks here. Public surface: ``CropSpec``, ``EmbeddingSpec``, ``SCALINGS``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = [
    "SCALINGS",
    "Alignment",
    "ChannelOrder",
    "CropSpec",
    "EmbeddingSpec",
    "MarginConvention",
    "OutputNorm",
    "Scaling",
]

Alignment = Literal["arcface112-similarity", "box-margin"]
ChannelOrder = Literal["rgb", "bgr"]
MarginConvention = Literal["facenet", "facenet-pytorch"]
OutputNorm = Literal["free", "unit"]
Scaling = Literal["raw", "fixed", "symmetric", "per_image"]

# (mean, scale) of (x - mean) / scale on 0..255 values. "fixed" is FaceNet's, "symmetric" that of
# the InsightFace packs whose graph does not scale by itself; "per_image" depends on the picture.
SCALINGS: dict[Scaling, tuple[float, float] | None] = {
    "raw": (0.0, 1.0),
    "fixed": (127.5, 128.0),
    "symmetric": (127.5, 127.5),
    "per_image": None,
}


@dataclass(frozen=True, slots=True)
class CropSpec:
    """How a face is cut out for a network, ``size_px`` square.

    ``arcface112-similarity`` turns and scales it so that its five landmarks fit the ArcFace
    template. ``box-margin`` takes the detector's box with ``margin_px`` more (half on each side)
    and stretches it to the square. By ``facenet``'s convention these are pixels of the source, so
    that a face that is twice as large is framed more tightly; by ``facenet-pytorch``'s pixels of
    the output, which frames every face alike.
    """

    alignment: Alignment = "arcface112-similarity"
    size_px: int = 112
    margin_px: int = 0
    margin_convention: MarginConvention = "facenet"

    @property
    def name(self) -> str:
        """The crop's part of the preprocessing version."""
        if self.alignment == "arcface112-similarity":
            return f"arcface{self.size_px}-similarity"
        return f"box-margin-{self.size_px}-{self.margin_convention}{self.margin_px}"


@dataclass(frozen=True, slots=True)
class EmbeddingSpec:
    """The contract of one embedding model.

    ``channel_order`` is what its file expects; the engine hands in RGB always. ``output_norm``
    is ``unit`` where the network normalises its answer itself.
    """

    dimension: int
    channel_order: ChannelOrder
    scaling: Scaling
    crop: CropSpec
    output_norm: OutputNorm = "free"

    @property
    def preprocessing(self) -> str:
        """The version of everything done to the pixels; part of the embedding space's identity."""
        parts = [self.crop.name, self.channel_order]
        if self.scaling != "raw":
            parts.append(self.scaling)
        return "-".join(parts)
