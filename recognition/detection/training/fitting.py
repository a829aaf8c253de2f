"""Training one network of MTCNN on its samples. Imports torch.

Public surface: ``DROPS``, ``EPOCHS``, ``FitOptions``, ``Epoch``, ``TrainingDiverged``, ``fit``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recognition.detection.training.colours import jitter_colours, prepared
from recognition.detection.training.losses import WEIGHTS, Losses, joint_loss
from recognition.detection.training.networks import TrainedNetwork
from recognition.detection.training.samples import KINDS, NEGATIVE, POSITIVE, Samples, Stage
from recognition.errors import RecognitionError

__all__ = ["DROPS", "EPOCHS", "Epoch", "FitOptions", "TrainingDiverged", "fit"]

EPOCHS: dict[Stage, int] = {"pnet": 30, "rnet": 22, "onet": 22}
"""The published numbers."""
DROPS = (0.5, 0.75, 0.92)
"""Later than the published 6, 14 and 20 of 22 epochs: short runs are still far from done there."""
_SHARES = {"positive": 1, "part": 1, "landmark": 1, "negative": 3}
_MOMENTUM = 0.9
# Of a gradient: the first batches' squared distances are so large that O-Net would be lost in ten.
_LONGEST_STEP = 1.0


class TrainingDiverged(RecognitionError):
    """A loss that is no number any more."""

    code = "detector_training.diverged"


@dataclass(frozen=True, slots=True)
class FitOptions:
    """How a network is fitted.

    A batch holds positives, parts, landmark samples and negatives 1:1:1:3; what there is not is
    left out. An epoch is as many batches as the positives fill. The learning rate falls to a tenth
    at ``drops``, shares of the epochs.
    """

    epochs: int
    batch_size: int = 384
    learning_rate: float = 0.01
    drops: tuple[float, ...] = DROPS
    weight_decay: float = 5e-4
    jitters_colours: bool = True
    seed: int = 666
    device: str = "cpu"

    def rate_at(self, epoch: int) -> float:
        """The learning rate of an epoch, counted from 0."""
        passed = sum(epoch >= drop * self.epochs for drop in self.drops)
        return self.learning_rate * 0.1**passed


@dataclass(frozen=True, slots=True)
class Epoch:
    """Means over an epoch's batches; ``accuracy`` is that over its positives and negatives."""

    stage: Stage
    number: int
    learning_rate: float
    loss: float
    face_loss: float
    box_loss: float
    landmark_loss: float
    accuracy: float


def fit(
    network: TrainedNetwork,
    samples: Samples,
    *,
    options: FitOptions,
    report: Callable[[Epoch], None] = lambda _: None,
) -> list[Epoch]:
    """Train in place and answer the curves; the same seed on the same device gives the same ones.

    Raises ``TrainingDiverged``, naming the batch, where a loss is infinite or no number.
    """
    device = torch.device(options.device)
    # Half as long again on a processor without: its kernels take channels last.
    network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    network.train()
    optimiser = torch.optim.SGD(
        _groups(network, options.weight_decay), lr=options.learning_rate, momentum=_MOMENTUM
    )
    draws = np.random.default_rng([options.seed, 71])
    generator = torch.Generator().manual_seed(options.seed)
    epochs = []
    for number in range(options.epochs):
        rate = options.rate_at(number)
        for group in optimiser.param_groups:
            group["lr"] = rate
        sums = np.zeros(5)
        batches = 0
        for rows in _batches(samples, options.batch_size, draws):
            losses, accuracy = _step(
                network, samples, rows, options=options, generator=generator, device=device
            )
            if not torch.isfinite(losses.total):
                raise TrainingDiverged(
                    f"The loss of {network.stage} is {losses.total.item()} in epoch {number + 1}, "
                    f"batch {batches + 1}. Lower the learning rate (it is {rate:g})."
                )
            optimiser.zero_grad(set_to_none=True)
            losses.total.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(network.parameters(), _LONGEST_STEP)
            optimiser.step()
            parts = (losses.total, losses.face, losses.box, losses.landmarks)
            sums += [*(float(part.detach()) for part in parts), accuracy]
            batches += 1
        epochs.append(Epoch(network.stage, number + 1, rate, *(sums / batches).tolist()))
        report(epochs[-1])
    network.eval()
    return epochs


def _step(
    network: TrainedNetwork,
    samples: Samples,
    rows: NDArray[np.intp],
    *,
    options: FitOptions,
    generator: torch.Generator,
    device: torch.device,
) -> tuple[Losses, float]:
    def on_device(values: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(values[rows]).to(device)

    crops = prepared(on_device(samples.crops))  # channels last, as they lie
    if options.jitters_colours:
        crops = jitter_colours(crops, generator=generator)
    kinds = on_device(samples.kinds)
    logits, offsets, points = network(crops)
    losses = joint_loss(
        logits,
        offsets,
        points,
        kinds=kinds,
        true_offsets=on_device(samples.offsets),
        true_points=on_device(samples.points),
        weights=WEIGHTS[network.stage],
    )
    asked = (kinds == POSITIVE) | (kinds == NEGATIVE)
    is_right = logits[asked].argmax(dim=1) == (kinds[asked] == POSITIVE)
    return losses, float(is_right.float().mean())


def _groups(network: TrainedNetwork, weight_decay: float) -> list[dict[str, object]]:
    """Kernels decay; biases and the slopes of PReLU, which are vectors, do not."""
    kernels = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    return [
        {"params": kernels, "weight_decay": weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]


def _batches(samples: Samples, size: int, draws: np.random.Generator) -> Iterator[NDArray[np.intp]]:
    """Rows of each batch of an epoch; a kind that is fewer than its share comes round again."""
    own = {name: samples.indices(kind) for name, kind in KINDS.items()}
    share = size // sum(_SHARES.values())
    count = max(len(own["positive"]) // max(share, 1), 1)
    columns = []
    for name, weight in _SHARES.items():
        wanted = count * share * weight
        if len(own[name]):
            rounds = -(-wanted // len(own[name]))
            drawn = np.concatenate([draws.permutation(own[name]) for _ in range(rounds)])
            columns.append(drawn[:wanted].reshape(count, -1))
    yield from np.concatenate(columns, axis=1)
