"""MTCNN face detector: three cascaded networks over a picture pyramid, batched over pictures.

Imports torch, so load it lazily. Public surface: ``MtcnnDetector``.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from recognition.contracts import Box, Detection, Picture
from recognition.detection import mtcnn_boxes as geometry
from recognition.detection.mtcnn_networks import ONet, PNet, RNet, load_keras_arrays
from recognition.detection.mtcnn_weights import MtcnnWeights
from recognition.errors import DeviceUnavailable

__all__ = ["MtcnnDetector"]

# Published post-processing: suppression within a level, over levels and after each later stage.
_LEVEL_OVERLAP = 0.5
_STAGE_OVERLAP = 0.7
_REFINE_PX = 24
_OUTPUT_PX = 48
# Pixels per network call. P-Net's widest activation takes 40 bytes a pixel, the later networks'
# some 130, so a call stays below about 0.6 GB whatever the batch.
_PIXELS_PER_CALL = 4_000_000


@dataclass(slots=True)
class _Boxes:
    """One picture's candidates: corners in the sense of ``mtcnn_boxes`` and their scores."""

    corners: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 4)))
    scores: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))


@dataclass(frozen=True, slots=True, eq=False)
class _Level:
    """One picture at one scale of its pyramid."""

    index: int
    scale: float
    pixels: NDArray[np.uint8]


class MtcnnDetector:
    """Finds faces with MTCNN; fulfils ``contracts.Detector``. Not thread-safe.

    ``thresholds`` are the least scores after the three stages, ``factor`` the step of the
    pyramid; the defaults are the published ones. All pictures of a call share the networks' passes:
    levels of equal size are proposed together, and all candidates are refined together.
    ``threads`` is the number of processor threads in a pass, 0 leaves it to torch. One is the
    default because threads that wait for each other spin: on a busy two-core machine two took
    13 times as long as one (1.04 s against 0.08 s for 250 x 250 px).

    Raises ``ValueError`` for parameters out of range, ``WeightsError`` for weights that do not
    fit and ``DeviceUnavailable`` for a CUDA device that torch does not see.
    """

    name = "mtcnn"

    def __init__(
        self,
        weights: MtcnnWeights,
        *,
        min_face_px: int = 20,
        thresholds: tuple[float, float, float] = (0.6, 0.7, 0.7),
        factor: float = 0.709,
        device: str = "cpu",
        threads: int = 1,
    ) -> None:
        if min_face_px < 12:
            raise ValueError(
                f"min_face_px must be at least 12, the networks' window: {min_face_px}"
            )
        if not 0.0 < factor < 1.0:
            raise ValueError(f"factor must lie between 0 and 1, got {factor}")
        if not all(0.0 <= threshold <= 1.0 for threshold in thresholds):
            raise ValueError(f"thresholds must lie in [0, 1], got {thresholds}")
        if threads < 0:
            raise ValueError(f"threads must be 0 (left to torch) or more, got {threads}")
        self._threads = threads
        self._device = torch.device(device)
        if self._device.type == "cuda" and not torch.cuda.is_available():
            raise DeviceUnavailable(
                "MTCNN was asked to run on cuda, and torch sees no GPU: "
                "install a CUDA build of torch and check the driver, or set the device to cpu"
            )
        self._min_face_px = min_face_px
        self._thresholds = thresholds
        self._factor = factor
        self._pnet = self._prepare(PNet(), weights.pnet)
        self._rnet = self._prepare(RNet(), weights.rnet)
        self._onet = self._prepare(ONet(), weights.onet)

    def detect(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        """Return, per picture, its faces ordered by falling score.

        Raises ``ValueError`` for a picture that is not ``(H, W, 3) uint8``.
        """
        for picture in pictures:
            if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
                raise ValueError(
                    f"a picture must be (H, W, 3) uint8 RGB, got {picture.shape} {picture.dtype}"
                )
        with torch.inference_mode(), _torch_threads(self._threads):
            proposals = self._propose(pictures)
            refined = self._refine(pictures, proposals)
            return self._finish(pictures, refined)

    def _propose(self, pictures: Sequence[Picture]) -> list[_Boxes]:
        """Stage 1: P-Net over all levels; its surviving boxes, moved, squared, in whole pixels."""
        found: list[list[tuple[_Boxes, NDArray[np.float32]]]] = [[] for _ in pictures]
        for group in self._levels(pictures):
            probabilities, offsets = self._run(self._pnet, np.stack([_.pixels for _ in group]))
            for level, probability, offset in zip(group, probabilities, offsets, strict=True):
                rows, columns = np.nonzero(probability >= self._thresholds[0])
                boxes = _Boxes(
                    geometry.window_boxes(rows, columns, scale=level.scale),
                    probability[rows, columns],
                )
                keep = geometry.suppress(boxes.corners, boxes.scores, threshold=_LEVEL_OVERLAP)
                kept = _Boxes(boxes.corners[keep], boxes.scores[keep])
                found[level.index].append((kept, offset[:, rows[keep], columns[keep]].T))
        return [_merge_levels(levels) for levels in found]

    def _refine(self, pictures: Sequence[Picture], proposals: Sequence[_Boxes]) -> list[_Boxes]:
        """Stage 2: R-Net over all proposals of all pictures."""
        crops = _cut_all(pictures, proposals, size=_REFINE_PX)
        scores, offsets = self._run(self._rnet, crops)
        refined = []
        start = 0
        for proposal in proposals:
            own = slice(start, start := start + len(proposal.scores))
            good = scores[own] > self._thresholds[1]
            corners, score, offset = proposal.corners[good], scores[own][good], offsets[own][good]
            keep = geometry.suppress(corners, score, threshold=_STAGE_OVERLAP)
            moved = geometry.refine(corners[keep], offset[keep])
            refined.append(_Boxes(geometry.square(moved), score[keep]))
        return refined

    def _finish(
        self, pictures: Sequence[Picture], candidates: Sequence[_Boxes]
    ) -> list[list[Detection]]:
        """Stage 3: O-Net over all candidates; landmarks are decoded on the box that it saw."""
        crops = _cut_all(pictures, candidates, size=_OUTPUT_PX)
        scores, offsets, landmarks = self._run(self._onet, crops)
        faces = []
        start = 0
        for candidate in candidates:
            own = slice(start, start := start + len(candidate.scores))
            good = scores[own] > self._thresholds[2]
            seen, score = candidate.corners[good], scores[own][good]
            points = geometry.decode_landmarks(seen, landmarks[own][good])
            moved = geometry.refine(seen, offsets[own][good])
            keep = geometry.suppress(moved, score, threshold=_STAGE_OVERLAP, mode="min")
            boxes = geometry.to_xywh(moved)
            faces.append([_detection(boxes[i], points[i], score[i]) for i in keep])
        return faces

    def _levels(self, pictures: Sequence[Picture]) -> Iterator[list[_Level]]:
        """All levels of all pyramids, in groups of one size that fit one network call."""
        plan: dict[tuple[int, int], list[tuple[int, float]]] = defaultdict(list)
        for index, picture in enumerate(pictures):
            height, width = picture.shape[:2]
            for scale in geometry.pyramid_scales(
                height, width, min_face_px=self._min_face_px, factor=self._factor
            ):
                size = math.ceil(height * scale), math.ceil(width * scale)
                plan[size].append((index, scale))
        for (height, width), members in plan.items():
            step = max(1, _PIXELS_PER_CALL // (height * width))
            for first in range(0, len(members), step):
                yield [
                    _Level(index, scale, _reduce(pictures[index], width, height))
                    for index, scale in members[first : first + step]
                ]

    def _prepare(self, network: nn.Module, arrays: Sequence[NDArray[np.float32]]) -> nn.Module:
        load_keras_arrays(network, arrays)
        return network.to(self._device).eval().requires_grad_(requires_grad=False)

    def _run(self, network: nn.Module, pixels: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """``(N, H, W, 3) uint8`` through the network; its outputs as arrays of N rows each."""
        step = max(1, _PIXELS_PER_CALL // (pixels.shape[1] * pixels.shape[2]))
        parts: list[tuple[Tensor, ...]] = []
        for first in range(0, max(len(pixels), 1), step):
            block = torch.from_numpy(pixels[first : first + step]).to(self._device)
            normalised = (block.permute(0, 3, 1, 2).float() - 127.5) / 128.0
            parts.append(network(normalised))
        return [torch.cat(output).cpu().numpy() for output in zip(*parts, strict=True)]


@contextmanager
def _torch_threads(count: int) -> Iterator[None]:
    """Set torch's thread count, which is the process's, and put it back; 0 changes nothing."""
    before = torch.get_num_threads()
    if count:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        if count:
            torch.set_num_threads(before)


def _reduce(picture: Picture, width: int, height: int) -> NDArray[np.uint8]:
    resized: NDArray[Any] = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return resized


def _merge_levels(levels: Sequence[tuple[_Boxes, NDArray[np.float32]]]) -> _Boxes:
    """The candidates of one picture from all its levels, without those that repeat another."""
    if not levels:
        return _Boxes()
    corners = np.concatenate([boxes.corners for boxes, _ in levels])
    scores = np.concatenate([boxes.scores for boxes, _ in levels])
    offsets = np.concatenate([offset for _, offset in levels])
    keep = geometry.suppress(corners, scores, threshold=_STAGE_OVERLAP)
    moved = geometry.refine_proposals(corners[keep], offsets[keep])
    return _Boxes(geometry.square(moved), scores[keep])


def _cut_all(
    pictures: Sequence[Picture], boxes: Sequence[_Boxes], *, size: int
) -> NDArray[np.uint8]:
    crops = [
        geometry.cut_squares(picture, own.corners, size=size)
        for picture, own in zip(pictures, boxes, strict=True)
    ]
    return np.concatenate(crops) if crops else np.empty((0, size, size, 3), np.uint8)


def _detection(
    box: NDArray[np.float64], landmarks: NDArray[np.float32], score: np.float32
) -> Detection:
    x, y, width, height = (float(value) for value in box)
    return Detection(box=Box(x, y, width, height), landmarks=landmarks, score=float(score))
