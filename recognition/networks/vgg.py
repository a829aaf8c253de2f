"""VGG-16, which is VGG-Face's network (Parkhi et al. 2015), and VGG-19, as published.

No batch normalisation: train them from small learning rates or from published weights. The
embedding takes the place of the classifier's layer, after fc7. Public surface: ``Vgg``,
``vgg_16``, ``vgg_19``. Imports torch.
"""

from __future__ import annotations

from torch import Tensor, nn

from recognition.networks.base import FaceNetwork
from recognition.networks.spec import NetworkShape

__all__ = ["Vgg", "vgg_16", "vgg_19"]

_WIDTHS = (64, 128, 256, 512, 512)


def vgg_16(shape: NetworkShape) -> FaceNetwork:
    return Vgg(shape, convolutions=(2, 2, 3, 3, 3))


def vgg_19(shape: NetworkShape) -> FaceNetwork:
    return Vgg(shape, convolutions=(2, 2, 4, 4, 4))


class Vgg(FaceNetwork):
    """``(N, 3, 224, 224)`` to ``(N, D)``; ``convolutions`` of each of the five stages."""

    head = ("linear",)

    def __init__(
        self, shape: NetworkShape, *, convolutions: tuple[int, int, int, int, int]
    ) -> None:
        super().__init__(shape)
        layers: list[nn.Module] = []
        channels = 3
        for width, count in zip(_WIDTHS, convolutions, strict=True):
            for _ in range(count):
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
                channels = width
            layers.append(nn.MaxPool2d(2, stride=2))
        self.features = nn.Sequential(*layers)
        side = max(1, shape.input_px // 32)  # the last pooling refuses a smaller picture
        self.fc6 = nn.Linear(512 * side**2, 4096)
        self.fc7 = nn.Linear(4096, 4096)
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout(shape.dropout)
        self.linear = nn.Linear(4096, shape.embedding_size)

    def forward(self, images: Tensor) -> Tensor:
        x = self.features(images)  # (N, 512, 7, 7) after sides of 112, 56, 28 and 14
        x = x.flatten(1)  # (N, 25088)
        x = self.dropout(self.relu(self.fc6(x)))
        x = self.dropout(self.relu(self.fc7(x)))  # (N, 4096)
        prelogits: Tensor = self.linear(x)
        return prelogits
