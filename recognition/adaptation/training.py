"""The whole way from a sample to a verdict, step by step, so that it can be watched and gone on.

People are cut into three parts. Each part is held out once; the strength for it is chosen on the
others alone (fitted on one half of them, tried on the other half, both ways). The head that is
offered is fitted to everybody. Public surface: ``Training``, ``Step``, ``Outcome``, ``Verdict``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from recognition.adaptation.fitting import STRENGTHS, crowd_mean, fit_head
from recognition.adaptation.head import LinearHead
from recognition.adaptation.judging import HeldOut, Judgement, judge, match_rate, rate_for
from recognition.adaptation.sample import PARTS, Need, Sample, lacking
from recognition.geometry.centring import centred

__all__ = ["Outcome", "Step", "Training", "Verdict"]

Verdict = Literal["better", "no_gain", "too_few_people"]
_HALVES: Final = 2
_DECIMALS: Final = 6


@dataclass(frozen=True, slots=True)
class Step:
    """One strength tried on one half of one part's others; ``score`` as ``match_rate`` has it."""

    part: int
    half: int
    strength: float
    score: float
    done: int
    total: int


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """``head`` is None unless the verdict is ``better``; ``judgement`` where people were too few.

    ``strengths`` were chosen for each part that was held out.
    """

    verdict: Verdict
    need: Need
    strengths: tuple[float, ...]
    judgement: Judgement | None
    head: LinearHead | None

    def figures(self) -> dict[str, Any]:
        """All but the head, for JSON: counts and shares, never a vector."""
        return {
            "verdict": self.verdict,
            "people": self.need.people,
            "pictures": self.need.pictures,
            "more_people": self.need.more_people,
            "strengths": list(self.strengths),
            "judgement": None if self.judgement is None else asdict(self.judgement),
        }


class Training:
    """``known`` are the scores of an earlier run on the same sample, by ``Training.key``; what is
    in there is not done again, and the outcome is the same to the last digit."""

    def __init__(
        self, sample: Sample, *, seed: int = 666, known: Mapping[str, float] | None = None
    ) -> None:
        self._sample, self._seed = sample, seed
        _, counts = np.unique(sample.owners, return_counts=True)
        self.need = lacking(counts.tolist())
        self.scores: dict[str, float] = dict(known or {})
        names = np.unique(sample.owners)
        mixed = np.random.default_rng(seed).permutation(names)
        self._parts = [np.sort(mixed[part::PARTS]) for part in range(PARTS)]

    @property
    def total(self) -> int:
        """Steps of the choice; the judgement comes after them."""
        return PARTS * _HALVES * len(STRENGTHS) if self.need.is_enough else 0

    @staticmethod
    def key(part: int, half: int, strength: float) -> str:
        return f"{part}/{half}/{strength:g}"

    def run(self, on_step: Callable[[Step], None] | None = None) -> Outcome:
        """Raises ``ValueError`` for numbers that are not finite, and whatever ``on_step`` raises,
        after which another ``Training`` with these ``scores`` goes on."""
        if not self.need.is_enough:
            return Outcome("too_few_people", self.need, (), None, None)
        fmr = rate_for(self.need.comparisons)
        self._choose(on_step, fmr=fmr)
        strengths = tuple(self._best((part,)) for part in range(PARTS))
        held_out = [self._held_out(part, strengths[part]) for part in range(PARTS)]
        judgement = judge(held_out, fmr=fmr, seed=self._seed)
        if judgement.tmr.low <= 0.0:
            return Outcome("no_gain", self.need, strengths, judgement, None)
        every = np.arange(len(self._sample.owners))
        head = fit_head(self._sample, rows=every, strength=self._best(range(PARTS)))
        return Outcome("better", self.need, strengths, judgement, head)

    def _choose(self, on_step: Callable[[Step], None] | None, *, fmr: float) -> None:
        done = 0
        for part in range(PARTS):
            for half in range(_HALVES):
                halves = self._halves(part)
                fitted, tried = self._rows(halves[half]), self._rows(halves[1 - half])
                for strength in STRENGTHS:
                    done += 1
                    key = self.key(part, half, strength)
                    if key in self.scores:
                        continue
                    head = fit_head(self._sample, rows=fitted, strength=strength)
                    score = match_rate(
                        head.apply(self._sample.vectors[tried]),
                        self._sample.owners[tried],
                        fmr=fmr,
                    )
                    self.scores[key] = round(score, _DECIMALS)
                    if on_step is not None:
                        on_step(Step(part, half, strength, self.scores[key], done, self.total))

    def _best(self, parts: range | tuple[int, ...]) -> float:
        """The strength with the highest mean; of equals the least."""
        means = [
            sum(self.scores[self.key(p, h, strength)] for p in parts for h in range(_HALVES))
            for strength in STRENGTHS
        ]
        return STRENGTHS[int(np.argmax(means))]

    def _held_out(self, part: int, strength: float) -> HeldOut:
        sample = self._sample
        others = self._rows(np.setdiff1d(sample.owners, self._parts[part]))
        rows = self._rows(self._parts[part])
        head = fit_head(sample, rows=others, strength=strength)
        mean = crowd_mean(sample.vectors[others], sample.owners[others], prior=sample.prior_mean)
        vectors = sample.vectors[rows]
        return HeldOut(sample.owners[rows], centred(vectors, mean=mean), head.apply(vectors))

    def _halves(self, part: int) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
        others = np.setdiff1d(self._sample.owners, self._parts[part])
        mixed = np.random.default_rng([self._seed, part]).permutation(others)
        return mixed[: len(mixed) // 2], mixed[len(mixed) // 2 :]

    def _rows(self, people: NDArray[np.str_]) -> NDArray[np.int64]:
        return np.flatnonzero(np.isin(self._sample.owners, people))
