"""facenet's ``train_tripletloss``: sample people, embed them, mine triplets, train on those, again.

Public surface: ``TripletSettings``, ``train_triplet``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recognition.losses import MiningRule, mine
from recognition.losses.triplet import Reduction
from recognition.training.batches import Batch
from recognition.training.errors import TrainingError
from recognition.training.harmonic import HarmonicObjective, harmonic_requests
from recognition.training.judging import embed_rows
from recognition.training.loop import Training
from recognition.training.objectives import Objective, TripletObjective
from recognition.training.samplers import Request, sample_people
from recognition.training.session import Outcome, RunSettings, Session, open_session
from recognition.training.sources import Source, require_people

__all__ = ["TripletSettings", "train_triplet"]

_EMPTY_CYCLES = 3
_GROUP = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TripletSettings:
    """facenet's: 45 people with up to 40 pictures each, margin 0.2, a batch of 30 triplets.

    ``mining_mode`` is the mode in which pictures are embedded to be mined: facenet's script uses
    that of training. ``compatible_with`` is the file of an older network whose embeddings must
    stay comparable (harmonic triplet loss).
    """

    people_per_batch: int = 45
    images_per_person: int = 40
    margin: float = 0.2
    reduction: Reduction = "mean"
    rule: MiningRule = "vgg_random"
    mining_mode: Literal["train", "eval"] = "train"
    compatible_with: Path | None = None


def train_triplet(
    source: Source,
    settings: RunSettings,
    *,
    triplet: TripletSettings = TripletSettings(),
    arguments: Mapping[str, Any] | None = None,
    say: Callable[[str], None] = print,
    on_epoch: Callable[[Mapping[str, float]], None] | None = None,
) -> Outcome:
    """Train ``settings.network`` on triplets; raises ``TrainingError``.

    ``training.options`` for a batch that is no multiple of three, ``training.batch`` for fewer
    people than the batch asks, ``training.data`` where nobody has two pictures.
    """
    is_harmonic = triplet.compatible_with is not None
    if settings.batch_size % _GROUP and not is_harmonic:
        raise TrainingError(
            f"The batch size is {settings.batch_size}; triplets need a multiple of three.",
            code="training.options",
        )
    if settings.validation_share and settings.validation_mode == "images":
        raise TrainingError(
            "Triplets teach no classes that pictures held back could be given to. Hold people back "
            "with --validation-set-split-mode classes.",
            code="training.options",
        )
    if is_harmonic and settings.plan.accumulate > 1:
        raise TrainingError(
            "Harmonic triplets are mined in the whole batch, which cannot be computed in parts: "
            "leave --accumulate out.",
            code="training.options",
        )
    with open_session(source, settings, say=say) as session:
        require_people(session.source, people=triplet.people_per_batch, what="A batch")
        if not is_harmonic and settings.batch_size < _GROUP * session.processes.count:
            raise TrainingError(
                f"A batch of {settings.batch_size} gives {session.processes.count} processes fewer "
                "than one triplet each. Raise --batch-size.",
                code="training.batch",
            )
        if np.bincount(session.labels).max() < 2:
            raise TrainingError(
                "Nobody has two pictures; a triplet needs two of one person. Add pictures.",
                code="training.data",
            )
        if triplet.compatible_with is not None:
            objective: Objective = HarmonicObjective(
                session.network,
                triplet.compatible_with,
                margin=triplet.margin,
                rule="semi_hard" if triplet.rule == "vgg_random" else triplet.rule,
                seed=session.seed,
                scaling=session.scaling,
                processes=session.processes,
            )
            batches = harmonic_requests(session, triplet.people_per_batch, objective)
        else:
            objective = TripletObjective(
                session.network, margin=triplet.margin, reduction=triplet.reduction
            )
            batches = _Cycles(session, triplet, objective).batches
        return session.run(
            objective,
            Training(batches=batches, on_epoch=on_epoch),
            identity={
                "trainer": "harmonic" if is_harmonic else "triplet",
                "rule": triplet.rule,
                "people_per_batch": triplet.people_per_batch,
                "images_per_person": triplet.images_per_person,
                "margin": triplet.margin,
                "reduction": triplet.reduction,
                "mining_mode": triplet.mining_mode,
                "compatible_with": str(triplet.compatible_with or ""),
            },
            arguments=arguments or {},
        )


class _Cycles:
    """An epoch of cycles, each with the network as it is by then."""

    def __init__(self, session: Session, triplet: TripletSettings, objective: Objective) -> None:
        self._session = session
        self._triplet = triplet
        self._objective = objective
        self._loader = session.loader_of(session.source, group=_GROUP)
        self._missed = 0
        self._undivided = 0

    def batches(self, epoch: int) -> Iterator[Batch]:
        """``epoch_size`` batches, fewer where three cycles in a row find no triplet to learn from,
        or fewer triplets than there are processes to divide them among.

        An epoch without any ends the training.
        """
        session = self._session
        self._missed = self._undivided = 0
        left, cycle, empty = session.settings.epoch_size, 0, 0
        while left and empty < _EMPTY_CYCLES:
            rng = np.random.default_rng([session.seed, 41, epoch, cycle])
            rows = self._mined(rng)
            requests = self._requests(rows, rng, (epoch, cycle))[:left]
            empty = 0 if requests else empty + 1
            self._undivided = 0 if requests else self._undivided + len(rows)
            left -= len(requests)
            cycle += 1
            for batch in self._loader.train(requests):
                yield batch
                session.train.waited_s += self._loader.waited_s
                self._loader.waited_s = 0.0
        if empty == _EMPTY_CYCLES:
            session.say(self._why_it_ends(epoch, is_training=left == session.settings.epoch_size))

    def _why_it_ends(self, epoch: int, *, is_training: bool) -> str:
        rule, margin = self._triplet.rule, self._triplet.margin
        ends = "Training ends" if is_training else f"Epoch {epoch} ends early"
        if self._undivided:
            return (
                f"{ends}: {_EMPTY_CYCLES} samples of people in a row hold fewer triplets than there "
                f"are processes ({self._session.processes.count}) to divide them among."
            )
        what = (
            f"{ends}: {_EMPTY_CYCLES} samples of people in a row hold no triplet that {rule} takes"
        )
        if not self._missed:
            return f"{what}. Nobody else is nearer than the margin of {margin:g} allows."
        return (
            f"{what}, yet somebody else is nearer than the margin allows for {self._missed:,} of "
            "their pairs. Labels may be wrong, or the network maps everybody to one point: look at "
            "the pictures, lower the learning rate, or mine with vgg_random, which takes these."
        )

    def _mined(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """Rows of the source ``(T, 3)``."""
        session, triplet = self._session, self._triplet
        rows = sample_people(
            session.labels,
            people=triplet.people_per_batch,
            images=triplet.images_per_person,
            rng=rng,
        )
        self._objective.train(triplet.mining_mode == "train")
        session.processes.share_statistics(session.network)
        vectors, kept = embed_rows(
            session.network,
            session.train,
            rows=rows.tolist(),
            batch_size=session.settings.batch_size,
            device=session.processes.device,
        )
        kept_rows = np.array(kept, dtype=np.int64)
        mined = partial(
            mine, vectors=vectors, labels=session.labels[kept_rows], margin=triplet.margin
        )
        found = mined(triplet.rule, rng=rng)
        # That rule leaves no pair out for which somebody else is too near.
        self._missed = 0 if len(found) else self._missed + len(mined("vgg_random", rng=rng))
        session.say(
            f"  {len(kept_rows)} pictures embedded, {len(found):,} triplets ({triplet.rule})"
        )
        triplets: NDArray[np.int64] = kept_rows[found]
        return triplets

    def _requests(
        self, triplets: NDArray[np.int64], rng: np.random.Generator, cycle: tuple[int, int]
    ) -> list[Request]:
        processes = self._session.processes
        rows = rng.permutation(triplets).reshape(-1)
        size = self._session.settings.batch_size
        requests = []
        for number, start in enumerate(range(0, len(rows), size)):
            part = rows[start : start + size].tolist()
            draws = tuple((self._session.seed, *cycle, number, at) for at in range(len(part)))
            whole = Request(number, tuple(part), draws)
            requests.append(
                whole.share_of(rank=processes.rank, processes=processes.count, group=_GROUP)
            )
        return [request for request in requests if request.rows]
