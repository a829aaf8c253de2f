"""YuNet: the default face detector, a small anchor-free network run at one or two scales.

Decodes the network's twelve outputs itself, so that pictures can be batched and any runtime can
be used. Public surface: ``YunetDetector``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Box, Detection, Picture
from recognition.detection._pictures import check_pictures
from recognition.geometry.boxes import non_maximum_suppression
from recognition.geometry.landmarks import agreed_landmarks
from recognition.runtime.base import Network

__all__ = ["YunetDetector"]

_STRIDES = (8, 16, 32)
_NMS_IOU = 0.3  # OpenCV's default for this network
# Of the box's side: how far apart the landmarks of two cells that mean one face may lie. Measured
# in bench/ACCURACY.md: a quarter of the distance between the eyes.
_AGREEMENT = 0.11

# The network sees faces between about 30 and 300 px well. Detail: half as large again, but no
# larger than this side. Of 16 faces of 20 px, pasted into 320 x 240, it finds 12 as they are, 16 so.
_ENLARGE = 1.5
# A frame of 1920 shrunk to 1280 showed 2 of 12 of them (bench/detection_recall.py).
# Overview: the whole picture small enough for a face that fills the frame.
_DETAIL_SIDE_PX = 1920
_OVERVIEW_SIDE_PX = 256
# Faces smaller than this in the detail pass are left to it: its landmarks are finer.
_OVERVIEW_FROM_PX = 128.0

# Canvas sides. Few, because each pair of them is a program to compile and keep; multiples of 32.
# 736 and 1088 are there for the cameras of 720 and 1080 lines.
_CANVAS_SIDES_PX = (128, 256, 320, 480, 640, 736, 960, 1088, 1280, 1920)

# Canvases that lie in memory at once, 24 MB of them: four of 1920 x 1088.
_PIXELS_PER_CALL = 8_400_000


@dataclass(frozen=True, slots=True)
class _View:
    """One picture at one scale, lying in the upper left corner of a canvas."""

    picture_index: int
    scale_x: float  # view pixels per picture pixel
    scale_y: float
    width: int
    height: int
    smallest_px: float  # in picture pixels; smaller faces are another view's business

    @property
    def canvas(self) -> tuple[int, int]:
        """Height and width of the canvas it fits into."""
        return _canvas_side(self.height), _canvas_side(self.width)


class YunetDetector:
    """``contracts.Detector`` over the YuNet file of the manifest.

    The file expects BGR (see ``build_detector``). ``enlarge`` is how far a picture is enlarged
    for small faces: 1 costs less than half and loses a quarter of the faces of 20 px. Pictures
    up to 256 px, which are portraits, are seen as they are. Not thread-safe, as its network is
    not.

    Raises ``ValueError`` for an ``enlarge`` below 1.
    """

    name = "yunet"

    def __init__(self, network: Network, *, threshold: float, enlarge: float = _ENLARGE) -> None:
        if enlarge < 1.0:
            raise ValueError(f"enlarge must be at least 1, the picture as it is, got {enlarge}")
        self._network = network
        self._threshold = threshold
        self._enlarge = enlarge

    @property
    def network(self) -> Network:
        """The loaded network, for whoever wants to look at a face again."""
        return self._network

    def detect(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        """Faces per picture by falling score; pictures of the same canvas run as one batch.

        Raises ``ValueError`` for a picture that is not ``(H, W, 3) uint8``.
        """
        check_pictures(pictures)
        by_canvas: defaultdict[tuple[int, int], list[_View]] = defaultdict(list)
        for index, picture in enumerate(pictures):
            for view in _views(index, picture, enlarge=self._enlarge):
                by_canvas[view.canvas].append(view)
        found: list[list[NDArray[np.float32]]] = [[] for _ in pictures]
        for (height, width), views in by_canvas.items():
            step = max(1, _PIXELS_PER_CALL // (height * width))
            for first in range(0, len(views), step):
                part = views[first : first + step]
                canvases = np.zeros((len(part), height, width, 3), dtype=np.uint8)
                for canvas, view in zip(canvases, part, strict=True):
                    _draw(pictures[view.picture_index], view, canvas)
                decoded = _decode(self._network.run(canvases), width, threshold=self._threshold)
                for view, rows in zip(part, decoded, strict=True):
                    found[view.picture_index].append(_to_picture(rows, view))
        return [_merge(np.concatenate(rows)) for rows in found]


def _views(index: int, picture: Picture, *, enlarge: float) -> list[_View]:
    height, width = picture.shape[:2]
    longest = max(height, width)
    if longest <= _OVERVIEW_SIDE_PX:  # a portrait: twice its pixels would only take time
        enlarge = 1.0

    def view(scale: float, smallest_px: float) -> _View:
        # the true scales after rounding, or boxes drift by a pixel at the far edge
        w, h = max(1, round(width * scale)), max(1, round(height * scale))
        return _View(index, w / width, h / height, w, h, smallest_px)

    detail_scale = min(enlarge, _DETAIL_SIDE_PX / longest)
    views = [view(detail_scale, 0.0)]
    if longest > _OVERVIEW_SIDE_PX:
        views.append(view(_OVERVIEW_SIDE_PX / longest, _OVERVIEW_FROM_PX / detail_scale))
    return views


def _canvas_side(side_px: int) -> int:
    return next(side for side in _CANVAS_SIDES_PX if side >= side_px)


def _draw(picture: Picture, view: _View, canvas: NDArray[np.uint8]) -> None:
    target = canvas[: view.height, : view.width]
    if picture.shape == target.shape:
        target[...] = picture
    else:
        # area averaging: bilinear would skip pixels when a large picture shrinks
        is_smaller = view.scale_x < 1.0
        method = cv2.INTER_AREA if is_smaller else cv2.INTER_LINEAR
        target[...] = cv2.resize(picture, (view.width, view.height), interpolation=method)


def _decode(
    outputs: dict[str, NDArray[np.float32]], width: int, *, threshold: float
) -> list[NDArray[np.float32]]:
    """Per canvas ``(K, 15)``: x, y, width, height, five landmark pairs, score; canvas pixels.

    Formulas of OpenCV's ``FaceDetectorYN`` (modules/objdetect/src/face_detect.cpp): the score is
    the geometric mean of class and objectness, centres and landmarks are offsets from the cell in
    strides, sides are logarithms in strides.
    """
    classes, presences = (
        np.concatenate([outputs[f"{name}_{stride}"] for stride in _STRIDES], axis=1)[..., 0]
        for name in ("cls", "obj")
    )
    count = len(classes)
    # cells of all strides in a row; the product of unclipped numbers is never the smaller one
    owners, cells = np.nonzero(classes * presences >= threshold * threshold)
    if not len(owners):
        return [np.empty((0, 15), dtype=np.float32)] * count
    product = classes[owners, cells].clip(0.0, 1.0) * presences[owners, cells].clip(0.0, 1.0)
    rows = np.empty((len(owners), 15), dtype=np.float32)
    stride_of = np.empty((len(owners), 1), dtype=np.float32)
    corners = np.empty((len(owners), 2), dtype=np.float32)
    start = 0
    for stride in _STRIDES:
        boxes, points = outputs[f"bbox_{stride}"], outputs[f"kps_{stride}"]
        (here,) = np.nonzero((cells >= start) & (cells < start + boxes.shape[1]))
        own = cells[here] - start
        rows[here, :4] = boxes[owners[here], own]
        rows[here, 4:14] = points[owners[here], own]
        stride_of[here] = stride
        corners[here, 1], corners[here, 0] = np.divmod(own, width // stride)
        start += boxes.shape[1]
    rows[:, :2] = (rows[:, :2] + corners) * stride_of
    rows[:, 2:4] = np.exp(rows[:, 2:4]) * stride_of
    rows[:, :2] -= rows[:, 2:4] / 2
    rows[:, 4:14] = (rows[:, 4:14] + np.tile(corners, 5)) * stride_of
    rows[:, 14] = np.sqrt(product)
    # exp() of nonsense overflows
    good = np.isfinite(rows).all(axis=1) & (rows[:, 14] >= threshold)
    return [rows[good & (owners == number)] for number in range(count)]


def _to_picture(rows: NDArray[np.float32], view: _View) -> NDArray[np.float32]:
    """Canvas pixels to picture pixels, without the faces that another view sees better."""
    factors = np.array([1 / view.scale_x, 1 / view.scale_y] * 7 + [1.0], dtype=np.float32)
    scaled = rows * factors
    return scaled[np.sqrt(scaled[:, 2] * scaled[:, 3]) >= view.smallest_px]


def _merge(rows: NDArray[np.float32]) -> list[Detection]:
    """One suppression over all views of a picture; it orders by falling score.

    The box is that of the best cell, the landmarks are what all cells of the face agree on.
    """
    best = non_maximum_suppression(rows[:, :4], rows[:, 14], threshold=_NMS_IOU)
    points, scores = rows[:, 4:14].reshape(-1, 5, 2), rows[:, 14]
    return [
        Detection(
            box=Box(*rows[i, :4].tolist()),
            landmarks=agreed_landmarks(
                points,
                scores,
                best=i,
                reach_px=_AGREEMENT * float(np.sqrt(rows[i, 2] * rows[i, 3])),
            ),
            score=float(rows[i, 14]),
        )
        for i in best.tolist()
    ]
