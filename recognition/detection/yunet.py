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
from recognition.geometry.boxes import non_maximum_suppression
from recognition.runtime.base import Network

__all__ = ["YunetDetector"]

_STRIDES = (8, 16, 32)
_NMS_IOU = 0.3  # OpenCV's default for this network

# The network sees faces between about 10 and 300 px. Detail: never enlarged, shrunk to this side.
# Overview: the whole picture small enough for a face that fills the frame.
_DETAIL_SIDE_PX = 1280
_OVERVIEW_SIDE_PX = 256
# Faces smaller than this in the detail pass are left to it: its landmarks are finer.
_OVERVIEW_FROM_PX = 128.0

# Canvas sides. Few, because each pair of them is a program to compile and keep; multiples of 32.
_CANVAS_SIDES_PX = (128, 256, 320, 480, 640, 960, 1280)


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

    The file expects BGR (see ``build_detector``). Not thread-safe, as its network is not.
    """

    name = "yunet"

    def __init__(self, network: Network, *, threshold: float) -> None:
        self._network = network
        self._threshold = threshold

    def detect(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        """Faces per picture by falling score; pictures of the same canvas run as one batch."""
        by_canvas: defaultdict[tuple[int, int], list[_View]] = defaultdict(list)
        for index, picture in enumerate(pictures):
            for view in _views(index, picture):
                by_canvas[view.canvas].append(view)
        found: list[list[NDArray[np.float32]]] = [[] for _ in pictures]
        for (height, width), views in by_canvas.items():
            canvases = np.zeros((len(views), height, width, 3), dtype=np.uint8)
            for canvas, view in zip(canvases, views, strict=True):
                _draw(pictures[view.picture_index], view, canvas)
            outputs = self._network.run(canvases)
            for view, rows in zip(
                views, _decode(outputs, width, threshold=self._threshold), strict=True
            ):
                found[view.picture_index].append(_to_picture(rows, view))
        return [_merge(np.concatenate(rows)) for rows in found]


def _views(index: int, picture: Picture) -> list[_View]:
    height, width = picture.shape[:2]
    longest = max(height, width)

    def view(side_px: int, smallest_px: float) -> _View:
        scale = min(1.0, side_px / longest)
        # the true scales after rounding, or boxes drift by a pixel at the far edge
        w, h = max(1, round(width * scale)), max(1, round(height * scale))
        return _View(index, w / width, h / height, w, h, smallest_px)

    views = [view(_DETAIL_SIDE_PX, 0.0)]
    if longest > _OVERVIEW_SIDE_PX:
        detail_scale = min(1.0, _DETAIL_SIDE_PX / longest)
        views.append(view(_OVERVIEW_SIDE_PX, _OVERVIEW_FROM_PX / detail_scale))
    return views


def _canvas_side(side_px: int) -> int:
    return next(side for side in _CANVAS_SIDES_PX if side >= side_px)


def _draw(picture: Picture, view: _View, canvas: NDArray[np.uint8]) -> None:
    target = canvas[: view.height, : view.width]
    if picture.shape == target.shape:
        target[...] = picture
    else:
        # area averaging: bilinear would skip pixels when a large picture shrinks
        target[...] = cv2.resize(picture, (view.width, view.height), interpolation=cv2.INTER_AREA)


def _decode(
    outputs: dict[str, NDArray[np.float32]], width: int, *, threshold: float
) -> list[NDArray[np.float32]]:
    """Per canvas ``(K, 15)``: x, y, width, height, five landmark pairs, score; canvas pixels.

    Formulas of OpenCV's ``FaceDetectorYN`` (modules/objdetect/src/face_detect.cpp): the score is
    the geometric mean of class and objectness, centres and landmarks are offsets from the cell in
    strides, sides are logarithms in strides.
    """
    count = len(outputs["cls_8"])
    parts: list[NDArray[np.float32]] = []
    owners: list[NDArray[np.intp]] = []
    for stride in _STRIDES:
        columns = width // stride
        product = (
            outputs[f"cls_{stride}"].clip(0.0, 1.0) * outputs[f"obj_{stride}"].clip(0.0, 1.0)
        )[..., 0]
        owner, cell = np.nonzero(product >= threshold * threshold)
        if not len(owner):
            continue
        corner = np.stack([cell % columns, cell // columns], axis=1).astype(np.float32)
        box = outputs[f"bbox_{stride}"][owner, cell]
        points = outputs[f"kps_{stride}"][owner, cell].reshape(-1, 5, 2)
        sides = np.exp(box[:, 2:]) * stride
        rows = np.empty((len(owner), 15), dtype=np.float32)
        rows[:, :2] = (corner + box[:, :2]) * stride - sides / 2
        rows[:, 2:4] = sides
        rows[:, 4:14] = ((points + corner[:, None]) * stride).reshape(-1, 10)
        rows[:, 14] = np.sqrt(product[owner, cell])
        finite = np.isfinite(rows).all(axis=1)  # exp() of nonsense overflows
        parts.append(rows[finite])
        owners.append(owner[finite])
    if not parts:
        return [np.empty((0, 15), dtype=np.float32)] * count
    all_rows, all_owners = np.concatenate(parts), np.concatenate(owners)
    return [_suppress(all_rows[all_owners == i]) for i in range(count)]


def _suppress(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    if len(rows) < 2:
        return rows
    return rows[non_maximum_suppression(rows[:, :4], rows[:, 14], threshold=_NMS_IOU)]


def _to_picture(rows: NDArray[np.float32], view: _View) -> NDArray[np.float32]:
    """Canvas pixels to picture pixels, without the faces that another view sees better."""
    factors = np.array([1 / view.scale_x, 1 / view.scale_y] * 7 + [1.0], dtype=np.float32)
    scaled = rows * factors
    return scaled[np.sqrt(scaled[:, 2] * scaled[:, 3]) >= view.smallest_px]


def _merge(rows: NDArray[np.float32]) -> list[Detection]:
    kept = _suppress(rows)
    return [
        Detection(
            box=Box(*(float(value) for value in row[:4])),
            landmarks=row[4:14].reshape(5, 2).copy(),
            score=float(row[14]),
        )
        for row in kept[np.argsort(-kept[:, 14], kind="stable")]
    ]
