"""Training to tell people apart, whatever the head: what softmax and margin trainers share.

Public surface: ``train_classifier_network``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

import torch
from torch import nn

from recognition.losses import CombinedMarginHead
from recognition.training.batches import Batch
from recognition.training.judging import judge_images
from recognition.training.loop import Training
from recognition.training.objectives import ClassificationObjective, LossWeights
from recognition.training.records import RunFolder
from recognition.training.samplers import shuffled_requests
from recognition.training.session import Outcome, RunSettings, open_session
from recognition.training.sources import Source, require_people

__all__ = ["Head", "train_classifier_network"]

Head = nn.Linear | CombinedMarginHead


def train_classifier_network(
    source: Source,
    settings: RunSettings,
    *,
    weights: LossWeights,
    build_head: Callable[[int, int], Head],
    kind: str,
    arguments: Mapping[str, Any],
    say: Callable[[str], None],
    on_epoch: Callable[[Mapping[str, float]], None] | None,
) -> Outcome:
    """``build_head`` takes the number of classes and the embedding's size.

    Raises ``TrainingError`` as its parts do; ``training.batch`` for a single person.
    """
    with open_session(source, settings, say=say) as session:
        require_people(session.source, people=2, what="Telling people apart")
        head = build_head(len(session.source.names), session.network.embedding_size)
        objective = ClassificationObjective(session.network, head, weights)
        processes = session.processes
        group = settings.epoch_size

        def batches(epoch: int) -> Iterator[Batch]:
            objective.histogram.zero_()
            requests = shuffled_requests(
                len(session.source),
                batch_size=settings.batch_size,
                first=(epoch - 1) * group,
                number=group,
                seed=session.seed,
            )
            return session.train.train(
                [
                    request.share_of(rank=processes.rank, processes=processes.count)
                    for request in requests
                ]
            )

        def judge(epoch: int) -> Mapping[str, float]:
            if session.held_back is None:
                return {}
            return judge_images(
                objective,
                session.held_back,
                batch_size=settings.batch_size,
                device=processes.device,
            )

        def record(row: Mapping[str, float], run: RunFolder) -> None:
            run.add_histogram(
                objective.histogram.tolist(),
                epoch=int(row["epoch"]),
                largest=weights.histogram_max,
            )

        return session.run(
            objective,
            Training(batches=batches, judge=judge, record=record, on_epoch=on_epoch),
            identity={"trainer": kind, "head": str(head), "losses": asdict(weights)},
            arguments=arguments,
        )


def linear_head(classes: int, dimension: int) -> nn.Linear:
    """facenet's logits: a linear layer, Xavier's weights and no bias to begin with."""
    layer = nn.Linear(dimension, classes)
    nn.init.xavier_uniform_(layer.weight)
    with torch.no_grad():
        layer.bias.zero_()
    return layer
