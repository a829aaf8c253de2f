"""The three networks as they are trained: logits, and a landmark head on each. Imports torch.

P-Net's and R-Net's landmark heads help training and are dropped from the weights, as the published
ones have none. Public surface: ``TrainedNetwork``, ``fresh_network``, ``keras_arrays``.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from recognition.detection.mtcnn_networks import ONet, PNet, RNet
from recognition.detection.mtcnn_weights import KerasArrays
from recognition.detection.training.samples import Stage

__all__ = ["TrainedNetwork", "fresh_network", "keras_arrays"]


class TrainedNetwork(nn.Module):
    """A network of the detector, ``core``, with all three heads over single crops."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage = stage
        self.core: PNet | RNet | ONet
        self.landmarks: nn.Module
        match stage:
            case "pnet":
                self.core, self.landmarks = PNet(), nn.Conv2d(32, 10, 1)
            case "rnet":
                self.core, self.landmarks = RNet(), nn.Linear(128, 10)
            case "onet":
                self.core = ONet()
                self.landmarks = self.core.landmarks
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """``(N, 3, S, S)`` prepared crops to ``(N, 2)`` logits, ``(N, 4)`` and ``(N, 10)``."""
        seen = self.core.features(crops)
        if isinstance(self.core, (RNet, ONet)):
            # width before height, as the core flattens
            seen = self.core.hidden(seen.permute(0, 3, 2, 1).flatten(1))
        answers = (self.core.face(seen), self.core.box(seen), self.landmarks(seen))
        logits, offsets, points = (answer.flatten(1) for answer in answers)
        return logits, offsets, points


def fresh_network(stage: Stage, *, seed: int) -> TrainedNetwork:
    """A new network; the same seed gives the same numbers, whatever torch drew before."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return TrainedNetwork(stage)


def keras_arrays(network: TrainedNetwork) -> KerasArrays:
    """The core's parameters in the layout of ``mtcnn_weights``, kernels HWIO, dense ones IO."""
    arrays = []
    for parameter in network.core.parameters():
        values = parameter.detach().cpu().numpy().astype(np.float32)
        axes = {4: (2, 3, 1, 0), 2: (1, 0)}.get(values.ndim, (0,))
        arrays.append(np.ascontiguousarray(values.transpose(axes)))
    return tuple(arrays)
