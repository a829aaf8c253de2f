"""The types that cross the engine's borders, and the Protocols its parts fulfil.

Only numpy is imported, so that the web product may read these names without loading a network.
Pictures are ``(H, W, 3) uint8`` in RGB order everywhere inside; the decoder is the only border.
Coordinates are pixels of the upright picture (EXIF orientation applied), x to the right, y down.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Box",
    "Candidate",
    "Decision",
    "DecisionKind",
    "Detection",
    "Detector",
    "Embedder",
    "EmbeddingSpace",
    "Face",
    "FaceQuality",
    "ImageAnalysis",
    "Picture",
    "QualityIssue",
    "StageTimings",
    "VectorIndex",
    "Vectors",
]

Picture = NDArray[np.uint8]
"""``(H, W, 3) uint8``, RGB."""

Vectors = NDArray[np.float32]
"""``(N, D) float32``, each row L2-normalised."""

DecisionKind = Literal["match", "uncertain", "unknown", "poor", "spoof"]


@dataclass(frozen=True, slots=True)
class EmbeddingSpace:
    """The identity of a vector space. Vectors of two different spaces are never compared.

    Adopted from the "embedding contract" idea: model, exact weights, dimension and the version
    of everything done to the pixels before the network all take part in ``id``.
    """

    model_id: str
    weights_sha256: str
    dimension: int
    preprocessing: str

    @property
    def id(self) -> str:
        """16 hexadecimal digits; equal exactly when all four parts are equal."""
        parts = [self.model_id, self.weights_sha256, self.dimension, self.preprocessing]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Box:
    """Upper left corner and size, in pixels; may reach over the picture's edge."""

    x: float
    y: float
    width: float
    height: float

    @property
    def area(self) -> float:
        return max(self.width, 0.0) * max(self.height, 0.0)

    @property
    def centre(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """One face found: its box, five landmarks and the detector's score in [0, 1].

    ``landmarks`` is ``(5, 2) float32``: the eye on the picture's left, the eye on its right,
    nose tip, mouth corner on the left, mouth corner on the right.
    """

    box: Box
    landmarks: NDArray[np.float32]
    score: float


QualityIssue = Literal[
    "too_small",
    "blurred",
    "too_dark",
    "too_bright",
    "low_contrast",
    "turned_away",
    "cut_off",
    "tilted",
    "uneven_light",
    "overexposed",
    "eyes_hidden",
    "mouth_hidden",
]


@dataclass(frozen=True, slots=True)
class FaceQuality:
    """Measured components of a face's fitness for recognition.

    Measurements only: which of them are too low depends on the purpose, and is judged by
    ``recognition.decision.quality_issues``. ``eye_distance_px`` is in source pixels; ``sharpness``
    is the variance of the Laplacian of the aligned grey crop; ``brightness`` and ``contrast`` are
    mean and standard deviation of the aligned grey crop in [0, 1]; ``yaw`` is in [-1, 1] from the
    nose's place between the eyes (0 is frontal); ``visible_fraction`` is the part of the box
    inside the picture; ``score`` in [0, 1] is the weakest component on its own scale.

    The angles are those of ``geometry.pose.HeadPose``: positive to the picture's right, up, and
    clockwise. ``light_evenness`` in [0, 1] is the darker cheek's mean grey level over the
    lighter one's. ``dark_fraction`` and ``bright_fraction`` are the parts of the face at grey levels
    up to 25 and from 247; ``dynamic_range_bits`` is the entropy of its grey levels (8 at most).
    ``face_height_fraction`` is the box's height over the picture's. ``crop_left``, ``crop_right``,
    ``crop_above`` and ``crop_below`` are the ways from the left eye, the right eye and the middle
    of the eyes to the picture's edges: in eye distances to the sides, in eye-to-chin distances up
    and down. ``eyes_structure`` and ``mouth_structure`` are how much horizontal structure the eyes
    and the mouth show, over the whole face's: about 1.8 and 2.0 where they are seen, mostly
    below 0.75 and 0.8 behind dark glasses or a mask. Defaults are those of a faultless face.
    """

    eye_distance_px: float
    sharpness: float
    brightness: float
    contrast: float
    yaw: float
    visible_fraction: float
    score: float
    yaw_degrees: float = 0.0
    pitch_degrees: float = 0.0
    roll_degrees: float = 0.0
    light_evenness: float = 1.0
    dark_fraction: float = 0.0
    bright_fraction: float = 0.0
    dynamic_range_bits: float = 8.0
    face_height_fraction: float = 0.5
    crop_left: float = 2.0
    crop_right: float = 2.0
    crop_above: float = 2.0
    crop_below: float = 2.0
    eyes_structure: float = 1.7
    mouth_structure: float = 1.9


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A face that was detected, aligned, measured and embedded.

    ``embedding`` is ``(D,) float32``, unit length, in the engine's embedding space;
    ``aligned`` is the ``(112, 112, 3) uint8`` RGB crop that the quality was measured on, and that
    most embedders see (FaceNet's are given the box with a margin instead); ``portrait`` is the
    ``(160, 160, 3) uint8`` RGB crop with some room around the face, for people to look at.
    """

    detection: Detection
    quality: FaceQuality
    embedding: NDArray[np.float32]
    aligned: Picture
    portrait: Picture


@dataclass(frozen=True, slots=True)
class StageTimings:
    """Wall time of each stage in milliseconds; a batch's time is shared among its pictures."""

    decode_ms: float = 0.0
    detect_ms: float = 0.0
    embed_ms: float = 0.0
    search_ms: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class ImageAnalysis:
    """The faces of one picture, the main one (large and central) first.

    ``faces_left_out`` counts those that were found and are not among ``faces``, because the
    configuration allows no more: 0 in every picture but a crowd's. ``glimpsed`` are those that
    whoever asked did not want looked into: found, but neither measured nor embedded.
    """

    width_px: int
    height_px: int
    faces: tuple[Face, ...]
    timings: StageTimings = field(default_factory=StageTimings)
    faces_left_out: int = 0
    glimpsed: tuple[Detection, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A gallery entry and its cosine similarity to the probe, in [-1, 1]."""

    person_id: str
    score: float


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about one face, with every number that led to it."""

    kind: DecisionKind
    reason: str
    person_id: str | None
    score: float | None
    margin: float | None
    threshold: float
    candidates: tuple[Candidate, ...] = ()


class Detector(Protocol):
    """Finds faces. Implementations are not thread-safe unless they say so."""

    @property
    def name(self) -> str: ...

    def detect(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        """Return, per picture, its faces ordered by falling score."""
        ...


class Embedder(Protocol):
    """Turns crops of faces into unit vectors of one embedding space."""

    @property
    def space(self) -> EmbeddingSpace: ...

    def embed(self, crops: NDArray[np.uint8], *, flip_fusion: bool | None = None) -> Vectors:
        """``(N, S, S, 3) uint8`` RGB in, ``(N, D) float32`` unit rows out; N may be 0.

        The crops are cut as the model wants them, for the shipped one aligned and 112 px.

        ``flip_fusion`` adds the mirror image's output, for twice the work; None means as
        configured. Vectors of one space may be made either way.
        """
        ...


class VectorIndex(Protocol):
    """A disposable search structure over one embedding space, keyed by opaque ids."""

    @property
    def space(self) -> EmbeddingSpace: ...

    def __len__(self) -> int: ...

    def upsert(self, ids: Sequence[str], vectors: Vectors) -> None:
        """Add, or replace where the id is known. Raises ``IndexMismatch`` for a wrong shape."""
        ...

    def remove(self, ids: Sequence[str]) -> None:
        """Forget these ids; unknown ones are ignored."""
        ...

    def search(self, probes: Vectors, *, k: int) -> list[tuple[Candidate, ...]]:
        """Per probe up to ``k`` candidates by falling inner product, exact ties by id."""
        ...
