"""Made people for training: each a coloured pattern, a picture of them that pattern in noise."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn

from recognition.errors import ImageRejected
from recognition.networks import FaceNetwork, NetworkShape, NetworkSpec
from recognition.training.loop import Plan
from recognition.training.schedule import StepSchedule
from recognition.training.session import RunSettings

__all__ = ["WITH_NORM", "MadePeople", "WithNorm", "settings", "write_people"]

PX = 16


@dataclass(frozen=True)
class MadePeople:
    """``people`` with ``photos`` each; ``damaged`` rows cannot be read."""

    people: int
    photos: int
    noise: float = 25.0
    seed: int = 0
    damaged: frozenset[int] = field(default_factory=frozenset)

    @property
    def names(self):
        return [f"p{label:02d}" for label in range(self.people)]

    def __len__(self):
        return self.people * self.photos

    def label(self, index):
        return index // self.photos

    def key(self, index):
        return f"p{self.label(index):02d}/{index % self.photos}.png"

    def read(self, index):
        if index in self.damaged:
            raise ImageRejected("This picture is damaged.", code="image.not_an_image")
        pattern = np.random.default_rng([7, self.label(index)]).uniform(40, 215, (4, 4, 3))
        picture = np.kron(pattern, np.ones((PX // 4, PX // 4, 1)))
        rng = np.random.default_rng([self.seed, 11, index])
        return (picture + self.noise * rng.standard_normal(picture.shape)).clip(0, 255).astype("u1")


_SHAPE = NetworkShape("with-norm", PX, 6)


class WithNorm(FaceNetwork):
    """A trunk (convolution, batch normalisation, dropout) and a head, as small as can be."""

    head = ("out",)

    def __init__(self, shape: NetworkShape = _SHAPE) -> None:
        super().__init__(shape)
        self.convolution = nn.Conv2d(3, 4, 3, stride=2)
        self.norm = nn.BatchNorm2d(4)
        self.dropout = nn.Dropout(0.3)
        self.out = nn.Linear(4, shape.embedding_size)

    def forward(self, images):
        x = torch.relu(self.norm(self.convolution(images)))
        return self.out(self.dropout(x.mean((2, 3))))


WITH_NORM = NetworkSpec(
    name="with-norm", input_px=PX, embedding_size=6, parameters=150, flops=5316, source="tests",
    build=WithNorm,
)  # fmt: skip
"""To be put into the registry: tests of a trunk and a head need no large network."""


def write_people(source: MadePeople, root: Path, *, scale: int = 2) -> Path:
    """The same as files; enlarged, because no picture below 32 px is accepted."""
    for index in range(len(source)):
        path = root / source.key(index)
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = np.kron(source.read(index), np.ones((scale, scale, 1), np.uint8))
        cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    return root


def settings(logs: Path, *, rate: float = 0.05, epochs: int = 3, **others) -> RunSettings:
    """A quick run: a linear network at 16 px."""
    plan = {
        name: others.pop(name)
        for name in ("accumulate", "ema_decay", "weight_decay", "seed", "precision")
        if name in others
    }
    return RunSettings(
        logs=logs,
        network="dummy",
        input_px=PX,
        **{
            "embedding_size": 8,
            "batch_size": 12,
            "epoch_size": 4,
            "validate_every": 1,
            "fixed_standardisation": True,
            "device": "cpu",
            **others,
        },
        plan=Plan(
            optimiser="ADAM", schedule=StepSchedule(rate), max_epochs=epochs,
            **{"ema_decay": 0.9, **plan},
        ),
    )  # fmt: skip
