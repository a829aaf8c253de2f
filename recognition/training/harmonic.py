"""A new network whose embeddings may be compared with an old one's: FaceNet's harmonic embeddings.

The new trunk comes from an independent training (``--pretrained``), its head is drawn anew and
learns alone for ``--head-epochs``, then everything does. Public surface: ``HarmonicObjective``,
``harmonic_requests``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from recognition.embedding_spec import Scaling
from recognition.losses import MiningRule, harmonic_triplet_loss
from recognition.networks.base import FaceNetwork
from recognition.networks.files import file_metadata, load_network
from recognition.networks.preparation import read_preparation
from recognition.training.batches import Batch
from recognition.training.ddp import Processes
from recognition.training.errors import TrainingError
from recognition.training.objectives import Objective, Parts
from recognition.training.samplers import Request, people_batch
from recognition.training.session import Session

__all__ = ["HarmonicObjective", "harmonic_requests"]


class HarmonicObjective(Objective):
    """Harmonic triplet loss of the new network's embeddings and the fixed ones of an old one.

    Several processes gather their embeddings and mine the same triplets in the whole batch.
    """

    def __init__(
        self,
        network: FaceNetwork,
        old: Path,
        *,
        margin: float,
        rule: MiningRule,
        seed: int,
        scaling: Scaling,
        processes: Processes = Processes(),  # noqa: B008 - frozen
    ) -> None:
        super().__init__(network)
        self.margin, self.rule = margin, rule
        self._seed = seed
        self._processes = processes
        self._draw = (0, 0)
        self._people: tuple[int, ...] = ()
        # In a tuple: it is no part of what is trained, averaged or kept in checkpoints.
        self._old = (load_network(old),)
        _require_comparable(network, self._old[0])
        seen = read_preparation(file_metadata(old)).scaling
        if seen is not None and seen != scaling:
            raise TrainingError(
                f"The old network was trained on pictures scaled {seen!r}, this run scales "
                f"{scaling!r}: it would answer otherwise than it did. Give "
                "--fixed-standardisation to both or to neither.",
                code="training.options",
            )

    def begin_batch(self, epoch: int, number: int, *, people: Sequence[int]) -> None:
        """Name the random numbers of the next batch, and its people's labels in their order."""
        self._draw = (epoch, number)
        self._people = tuple(people)

    def forward(self, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Parts]:
        (old,) = self._old
        with torch.no_grad():
            stored = old.to(pixels.device).embed(pixels).float()
        fresh = self.network.embed(pixels).float()
        named = torch.cat(self._processes.gathered(labels))
        everybody = self._in_order(named)
        loss = harmonic_triplet_loss(
            torch.cat(self._processes.gathered(fresh))[everybody],
            torch.cat(self._processes.gathered(stored))[everybody],
            named[everybody],
            rng=np.random.default_rng([self._seed, 43, *self._draw]),
            margin=self.margin,
            rule=self.rule,
        )
        return loss, {"cosine_to_old": (fresh * stored).sum(1).detach().mean()}

    def _in_order(self, labels: Tensor) -> Tensor:
        """Rows as one process alone would have them: draws hang on their order."""
        place = {label: at for at, label in enumerate(self._people)}
        places = torch.tensor([place[label] for label in labels.tolist()], device=labels.device)
        return places.argsort(stable=True)


def harmonic_requests(
    session: Session, people: int, objective: Objective
) -> Callable[[int], Iterator[Batch]]:
    """Batches of ``people`` with as many pictures each as the batch size holds, at least two."""
    settings, processes = session.settings, session.processes
    images = settings.batch_size // people
    if images < 2:
        raise TrainingError(
            f"A batch of {settings.batch_size} holds {people} people fewer than twice; raise the "
            "batch size or lower the people per batch.",
            code="training.batch",
        )
    if people % processes.count:
        raise TrainingError(
            f"{people} people a batch cannot be divided among {processes.count} processes. Choose a "
            "multiple for --people-per-batch.",
            code="training.batch",
        )

    def batches(epoch: int) -> Iterator[Batch]:
        requests = []
        orders: dict[int, list[int]] = {}
        for number in range(settings.epoch_size):
            rng = np.random.default_rng([session.seed, 47, epoch, number])
            rows = people_batch(session.labels, people=people, images=images, rng=rng).tolist()
            orders[number] = session.labels[rows[::images]].tolist()
            draws = tuple((session.seed, epoch, number, at) for at in range(len(rows)))
            requests.append(
                Request(number, tuple(rows), draws).share_of(
                    rank=processes.rank, processes=processes.count, group=images
                )
            )
        for batch in session.train.train(requests):
            if isinstance(objective, HarmonicObjective):
                objective.begin_batch(epoch, batch.number, people=orders[batch.number])
            yield batch

    return batches


def _require_comparable(network: FaceNetwork, old: FaceNetwork) -> None:
    differing: dict[str, tuple[Any, Any]] = {
        "embedding size": (old.embedding_size, network.embedding_size),
        "input": (old.input_px, network.input_px),
    }
    for what, (stored, new) in differing.items():
        if stored != new:
            raise TrainingError(
                f"The old network's {what} is {stored}, the new one's {new}; embeddings can be "
                "compared only where both are equal.",
                code="training.options",
            )
