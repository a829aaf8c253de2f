"""MTCNN's optional fourth network: each landmark moved by a look at a patch around it (v2).

No package carries its weights, so it runs for an owner who has them. Imports torch, so load it
lazily. Public surface: ``LNet``, ``LandmarkRefiner``, ``cut_patches``, ``move_landmarks``.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from recognition.contracts import Picture
from recognition.detection.mtcnn_boxes import cut_window
from recognition.detection.mtcnn_networks import load_keras_arrays
from recognition.detection.mtcnn_weights import KerasArrays

__all__ = ["LNet", "LandmarkRefiner", "cut_patches", "move_landmarks"]

# All of ``detect_face_v2.m``: a patch is a quarter of the box's longer side; an offset that wants
# to move further than 0.35 of the patch is a mistake of the network and moves nothing.
_PATCH_SHARE = 0.25
_PATCH_PX = 24
_FURTHEST = 0.35
_CENTRE = 0.5
_POINTS = 5


class LNet(nn.Module):
    """Five patches of 24 x 24, stacked to 15 channels, to five places in them. 948,102 parameters.

    Each patch has convolutions of its own; one dense layer sees all five.
    """

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(3, 28, 3),
                nn.PReLU(28),
                nn.MaxPool2d(3, 2, ceil_mode=True),
                nn.Conv2d(28, 48, 3),
                nn.PReLU(48),
                nn.MaxPool2d(3, 2),
                nn.Conv2d(48, 64, 2),
                nn.PReLU(64),
            )
            for _ in range(_POINTS)
        )
        self.shared = nn.Sequential(nn.Linear(2880, 256), nn.PReLU(256))
        self.points = nn.ModuleList(
            nn.Sequential(nn.Linear(256, 64), nn.PReLU(64), nn.Linear(64, 2))
            for _ in range(_POINTS)
        )

    def forward(self, patches: Tensor) -> Tensor:
        """``(N, 15, 24, 24)`` in, ``(N, 5, 2)`` x and y as fractions of each patch out."""
        features = [part(patches[:, 3 * i : 3 * i + 3]) for i, part in enumerate(self.patches)]
        # width before height, as in the other networks
        flat = torch.cat(features, dim=1).permute(0, 3, 2, 1).flatten(1)
        shared = self.shared(flat)
        return torch.stack([point(shared) for point in self.points], dim=1)


class LandmarkRefiner:
    """Moves landmarks with the L-Net of ``arrays``; raises ``WeightsError`` if they do not fit."""

    def __init__(self, arrays: KerasArrays, *, device: str = "cpu") -> None:
        self._device = torch.device(device)
        self._network = LNet()
        load_keras_arrays(self._network, arrays)
        self._network.to(self._device).eval().requires_grad_(requires_grad=False)

    def refine(
        self, picture: Picture, boxes: NDArray[np.float64], landmarks: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """``(N, 5, 2)`` moved landmarks of one picture's final boxes (as in ``mtcnn_boxes``)."""
        if not len(boxes):
            return landmarks
        patches, sides = cut_patches(picture, boxes, landmarks)
        with torch.inference_mode():
            pixels = torch.from_numpy(patches).to(self._device)
            stacked = pixels.permute(0, 1, 4, 2, 3).flatten(1, 2)  # (N, 15, 24, 24)
            fractions: NDArray[np.float32] = (
                self._network((stacked.float() - 127.5) / 128.0).cpu().numpy()
            )
        return move_landmarks(landmarks, fractions, sides)


def cut_patches(
    picture: Picture, boxes: NDArray[np.float64], landmarks: NDArray[np.float32]
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """``(N, 5, 24, 24, 3)`` patches around the landmarks and ``(N,)``, how wide each face's are.

    The width is a quarter of the box's longer side cut to whole pixels, and one more if odd. The
    patch begins at ``landmark - width / 2``, cut to whole pixels, and has ``width + 1`` of them;
    black outside the picture, reduced bilinearly.
    """
    longer = (boxes[:, 2:] - boxes[:, :2] + 1.0).max(axis=1)
    sides = np.trunc(_PATCH_SHARE * longer)
    sides += sides % 2
    corners = np.trunc(landmarks - sides[:, None, None] / 2).astype(np.intp)
    patches = np.zeros((len(boxes), _POINTS, _PATCH_PX, _PATCH_PX, 3), dtype=np.uint8)
    for face, (own_corners, side) in enumerate(zip(corners, sides.astype(np.intp), strict=True)):
        for point, (x, y) in enumerate(own_corners):
            window = cut_window(picture, x, y, x + side, y + side)
            if window is not None:
                cv2.resize(
                    window,
                    (_PATCH_PX, _PATCH_PX),
                    dst=patches[face, point],
                    interpolation=cv2.INTER_LINEAR,
                )
    return patches, sides


def move_landmarks(
    landmarks: NDArray[Any], fractions: NDArray[Any], sides: NDArray[np.float64]
) -> NDArray[np.float32]:
    """``(N, 5, 2)`` landmarks put where the fractions of their patches say, 0.5 being no move.

    A point with a fraction further than 0.35 from the centre, in x or in y, stays.
    """
    wild = (np.abs(fractions - _CENTRE) > _FURTHEST).any(axis=2, keepdims=True)
    moves = np.where(wild, 0.0, fractions - _CENTRE)
    moved: NDArray[np.float32] = (landmarks + moves * sides[:, None, None]).astype(np.float32)
    return moved
