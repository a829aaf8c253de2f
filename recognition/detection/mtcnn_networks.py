"""The three networks of MTCNN in torch, for inference with the published weights.

K. Zhang, Z. Zhang, Z. Li, Y. Qiao, "Joint face detection and alignment using multitask cascaded
convolutional networks" (SPL 2016). Input is ``(N, 3, H, W)`` RGB, ``(x - 127.5) / 128``, upright.
Public surface: ``PNet``, ``RNet``, ``ONet``, ``load_keras_arrays``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from recognition.errors import WeightsError

__all__ = ["ONet", "PNet", "RNet", "load_keras_arrays"]


class PNet(nn.Module):
    """Proposals: slides a 12 x 12 window in steps of 2. 6,632 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *_convolution(3, 10, kernel=3),
            nn.MaxPool2d(2, 2, ceil_mode=True),
            *_convolution(10, 16, kernel=3),
            *_convolution(16, 32, kernel=3),
        )
        self.box = nn.Conv2d(32, 4, 1)
        self.face = nn.Conv2d(32, 2, 1)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """``(N, h, w)`` probability of a face in each window and ``(N, 4, h, w)`` box offsets."""
        features = self.features(pictures)
        return self.face(features).softmax(dim=1)[:, 1], self.box(features)


class RNet(nn.Module):
    """Refinement of 24 x 24 crops. 100,178 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *_convolution(3, 28, kernel=3),
            nn.MaxPool2d(3, 2, ceil_mode=True),
            *_convolution(28, 48, kernel=3),
            nn.MaxPool2d(3, 2),
            *_convolution(48, 64, kernel=2),
        )
        self.hidden = nn.Sequential(nn.Linear(576, 128), nn.PReLU(128))
        self.box = nn.Linear(128, 4)
        self.face = nn.Linear(128, 2)

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """``(N,)`` probability of a face and ``(N, 4)`` box offsets."""
        hidden = self.hidden(_flatten(self.features(crops)))
        return self.face(hidden).softmax(dim=1)[:, 1], self.box(hidden)


class ONet(nn.Module):
    """Last word on 48 x 48 crops, and the landmarks. 389,040 parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *_convolution(3, 32, kernel=3),
            nn.MaxPool2d(3, 2, ceil_mode=True),
            *_convolution(32, 64, kernel=3),
            nn.MaxPool2d(3, 2),
            *_convolution(64, 64, kernel=3),
            nn.MaxPool2d(2, 2, ceil_mode=True),
            *_convolution(64, 128, kernel=2),
        )
        self.hidden = nn.Sequential(nn.Linear(1152, 256), nn.PReLU(256))
        self.box = nn.Linear(256, 4)
        self.landmarks = nn.Linear(256, 10)
        self.face = nn.Linear(256, 2)

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """``(N,)`` probability, ``(N, 4)`` box offsets, ``(N, 10)`` landmarks: five x, five y."""
        hidden = self.hidden(_flatten(self.features(crops)))
        return self.face(hidden).softmax(dim=1)[:, 1], self.box(hidden), self.landmarks(hidden)


def load_keras_arrays(network: nn.Module, arrays: Sequence[NDArray[np.float32]]) -> None:
    """Fill the parameters, in their order of definition, from arrays in Keras' layout.

    Convolution kernels turn from HWIO to OIHW, dense kernels from IO to OI, and slopes of PReLU
    lose their shared axes. Raises ``WeightsError`` when the count or a shape does not fit.
    """
    parameters = list(network.named_parameters())
    kind = type(network).__name__
    if len(parameters) != len(arrays):
        raise WeightsError(f"{kind} takes {len(parameters)} arrays, the file holds {len(arrays)}")
    for (name, parameter), array in zip(parameters, arrays, strict=True):
        values = _torch_layout(array)
        if values.shape != tuple(parameter.shape):
            raise WeightsError(
                f"{kind}.{name} needs the shape {tuple(parameter.shape)}, "
                f"the file gives {values.shape}: it belongs to another network"
            )
        parameter.data.copy_(torch.from_numpy(values.copy()))


def _torch_layout(array: NDArray[np.float32]) -> NDArray[np.float32]:
    match array.ndim:
        case 4:
            return array.transpose(3, 2, 0, 1)
        case 3:
            return array.reshape(-1)
        case 2:
            return array.T
        case _:
            return array


def _convolution(inputs: int, outputs: int, *, kernel: int) -> tuple[nn.Module, nn.Module]:
    return nn.Conv2d(inputs, outputs, kernel), nn.PReLU(outputs)


def _flatten(features: Tensor) -> Tensor:
    """``(N, C, H, W)`` to ``(N, W * H * C)``.

    The networks were trained on transposed pictures in Matlab's column order. The wheel's kernels
    have been turned upright, its dense layers have not: hence width before height.
    """
    return features.permute(0, 3, 2, 1).flatten(1)
