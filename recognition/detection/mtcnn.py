"""MTCNN face detector: three cascaded networks over a picture pyramid, batched over pictures.

The networks run by OpenVINO on a processor and by torch on a GPU; neither is imported before a
detector is made. Public surface: ``MtcnnDetector``.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Box, Detection, Picture
from recognition.detection import mtcnn_boxes as geometry
from recognition.detection._pictures import check_pictures
from recognition.detection.mtcnn_cascade import Proposals, open_cascade
from recognition.detection.mtcnn_options import MtcnnOptions
from recognition.detection.mtcnn_weights import MtcnnWeights

__all__ = ["MtcnnDetector"]

# Published post-processing: suppression within a level, over levels and after each later stage.
_LEVEL_OVERLAP = 0.5
_STAGE_OVERLAP = 0.7
_REFINE_PX = 24
_OUTPUT_PX = 48


@dataclass(slots=True)
class _Boxes:
    """One picture's candidates: corners in the sense of ``mtcnn_boxes`` and their scores."""

    corners: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 4)))
    scores: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))


@dataclass(frozen=True, slots=True)
class _Level:
    """One picture at one scale of its pyramid."""

    picture_index: int
    scale: float


@dataclass(frozen=True, slots=True, eq=False)
class _Windows:
    """P-Net's windows of one level that look like a face; ``cells`` are ``(K, 2)`` x, y."""

    cells: NDArray[np.intp]
    scale: float
    scores: NDArray[np.float32]
    offsets: NDArray[np.float32]


class MtcnnDetector:
    """Finds faces with MTCNN; fulfils ``contracts.Detector``. Not thread-safe.

    All pictures of a call share the networks' passes: levels of equal size are proposed
    together, and all candidates of all pictures are refined together. ``runtime`` None means
    OpenVINO on a processor and torch on a GPU; on a processor ``threads`` cores are used, 0
    leaves it to the runtime. Where the weights have an L-Net, it has the last word on the
    landmarks.

    Raises ``ValueError`` for parameters out of range, ``WeightsError`` for weights that do not
    fit and ``DeviceUnavailable`` for a CUDA device that torch does not see.
    """

    name = "mtcnn"

    def __init__(
        self,
        weights: MtcnnWeights,
        *,
        options: MtcnnOptions | None = None,
        device: Literal["cpu", "cuda"] = "cpu",
        runtime: Literal["openvino", "torch"] | None = None,
        threads: int = 1,
    ) -> None:
        if threads < 0:
            raise ValueError(f"threads must be 0 (left to the runtime) or more, got {threads}")
        self._options = options or MtcnnOptions()
        self._cascade = open_cascade(
            weights,
            runtime=runtime or ("openvino" if device == "cpu" else "torch"),
            device=device,
            threads=threads,
        )
        self._refiner = None
        if weights.lnet:
            from recognition.detection.mtcnn_lnet import LandmarkRefiner

            self._refiner = LandmarkRefiner(weights.lnet, device=device)

    def detect(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        """Return, per picture, its faces ordered by falling score.

        Raises ``ValueError`` for a picture that is not ``(H, W, 3) uint8``.
        """
        check_pictures(pictures)
        return self._finish(pictures, self._refine(pictures, self._propose(pictures)))

    def candidates(
        self, pictures: Sequence[Picture], *, network: Literal["rnet", "onet"]
    ) -> list[NDArray[np.float64]]:
        """What this network is asked about, by falling score: what those before it let through.

        ``(N, 4)`` squares a picture in the sense of ``mtcnn_boxes``, to train the network on.
        """
        check_pictures(pictures)
        found = self._propose(pictures)
        if network == "onet":
            found = self._refine(pictures, found)
        return [boxes.corners for boxes in found]

    def _propose(self, pictures: Sequence[Picture]) -> list[_Boxes]:
        """Stage 1: P-Net over all levels; its surviving boxes, moved, squared, in whole pixels."""
        groups = self._levels(pictures)
        batches = [_reduce(pictures, levels, size) for size, levels in groups]
        answers = self._cascade.propose(batches, threshold=self._options.thresholds[0])
        found: list[list[_Windows]] = [[] for _ in pictures]
        for (_, levels), answer in zip(groups, answers, strict=True):
            for level, own in zip(levels, _by_owner(answer, len(levels)), strict=True):
                windows = _Windows(
                    np.stack([answer.columns[own], answer.rows[own]], axis=1),
                    level.scale,
                    answer.scores[own],
                    answer.offsets[own],
                )
                found[level.picture_index].append(windows)
        return [_merge_levels(levels) for levels in found]

    def _refine(self, pictures: Sequence[Picture], proposals: Sequence[_Boxes]) -> list[_Boxes]:
        """Stage 2: R-Net over all proposals of all pictures."""
        crops = _cut_all(pictures, proposals, size=_REFINE_PX)
        scores, offsets = self._cascade.refine(crops)
        refined = []
        start = 0
        for proposal in proposals:
            own = slice(start, start := start + len(proposal.scores))
            good = scores[own] > self._options.thresholds[1]
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
        scores, offsets, landmarks = self._cascade.output(crops)
        faces = []
        start = 0
        for picture, candidate in zip(pictures, candidates, strict=True):
            own = slice(start, start := start + len(candidate.scores))
            good = scores[own] > self._options.thresholds[2]
            seen, score = candidate.corners[good], scores[own][good]
            moved = geometry.refine(seen, offsets[own][good])
            keep = geometry.suppress(moved, score, threshold=_STAGE_OVERLAP, mode="min")
            corners = moved[keep]
            points = geometry.decode_landmarks(seen[keep], landmarks[own][good][keep])
            if self._refiner is not None:
                points = self._refiner.refine(picture, corners, points)
            boxes = geometry.to_xywh(corners)
            faces.append(
                [_detection(*face) for face in zip(boxes, points, score[keep], strict=True)]
            )
        return faces

    def _levels(self, pictures: Sequence[Picture]) -> list[tuple[tuple[int, int], list[_Level]]]:
        """All levels of all pyramids, in groups of one size that fit one network call."""
        plan: dict[tuple[int, int], list[_Level]] = defaultdict(list)
        for index, picture in enumerate(pictures):
            height, width = picture.shape[:2]
            for scale in self._options.scales(height, width):
                size = math.ceil(height * scale), math.ceil(width * scale)
                plan[size].append(_Level(index, scale))
        groups = []
        for size, members in plan.items():
            step = max(1, self._cascade.pixels_per_call // (size[0] * size[1]))
            groups += [
                (size, members[first : first + step]) for first in range(0, len(members), step)
            ]
        return groups


def _reduce(
    pictures: Sequence[Picture], levels: Sequence[_Level], size: tuple[int, int]
) -> NDArray[np.uint8]:
    """``(N, H, W, 3)``: the levels' pixels, by area averaging."""
    height, width = size
    batch = np.empty((len(levels), height, width, 3), dtype=np.uint8)
    for place, level in zip(batch, levels, strict=True):
        cv2.resize(
            pictures[level.picture_index],
            (width, height),
            dst=place,
            interpolation=cv2.INTER_AREA,
        )
    return batch


def _by_owner(proposals: Proposals, count: int) -> list[slice]:
    """Where each picture's proposals lie; owners rise."""
    ends = np.searchsorted(proposals.owners, np.arange(count + 1))
    return [slice(first, last) for first, last in pairwise(ends)]


def _merge_levels(levels: Sequence[_Windows]) -> _Boxes:
    """The candidates of one picture from all its levels, without those that repeat another."""
    if not levels:
        return _Boxes()
    counts = [len(level.scores) for level in levels]
    cells = np.concatenate([level.cells for level in levels])
    scores = np.concatenate([level.scores for level in levels])
    offsets = np.concatenate([level.offsets for level in levels])
    scales = np.repeat([level.scale for level in levels], counts)
    corners = geometry.window_boxes(cells, scales)
    best = geometry.suppress_within(corners, scores, counts=counts, threshold=_LEVEL_OVERLAP)
    keep = best[geometry.suppress(corners[best], scores[best], threshold=_STAGE_OVERLAP)]
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
