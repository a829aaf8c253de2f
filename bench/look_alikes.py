"""How many people look like another, and what guarding them costs and saves, on LFW.

    GATEHOUSE_TEST_DATA=… python -m bench.look_alikes [--keep vectors.npz] [--draws 5]

Up to three photos of each person are enrolled and one more is recognised, at the shipped threshold
for so many people. Pairs are those of the product's register, from ``confusable_bar`` on as in
``workers.look_alikes``. ``--keep`` is the file of
``bench.threshold_prior``; without it LFW is embedded first (four minutes).
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.support import describe_machine
from bench.threshold_prior import Collection, collect, lfw_rows, read_conflicts, unit
from recognition.calibration import confusable_bar
from recognition.decision import DecisionPolicy, threshold_for
from recognition.geometry.centring import centred
from recognition.index import all_pairs_above
from tests.realdata import REAL_DATA

__all__ = ["main"]

SIZES = (50, 500, 1_400)
ENROLLED = 3


@dataclass(frozen=True, slots=True)
class Draw:
    """Of one gallery: pairs too alike, people in them, and what comes of their probes."""

    pairs: int
    guarded: int
    named: float
    wrong: int
    named_guarded: float
    wrong_guarded: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="read or write the vectors here")
    parser.add_argument("--draws", type=int, default=5, help="of each size but the largest")
    options = parser.parse_args()
    print(describe_machine())
    faces = collect(REAL_DATA, options.keep)
    rows = lfw_rows(faces, read_conflicts(REAL_DATA / "lfw" / "label_conflicts.txt"))
    rng = np.random.default_rng(0)
    print("| people enrolled | pairs | guarded | named | with the guard | wrong | with the guard |")
    for size in SIZES:
        draws = [
            draw(faces, rows, size, rng) for _ in range(1 if size == max(SIZES) else options.draws)
        ]
        mean = {name: np.mean([getattr(one, name) for one in draws]) for name in Draw.__slots__}
        print(
            f"| {size:,} (mean of {len(draws)}) | {mean['pairs']:.1f} | {mean['guarded']:.1f} "
            f"| {mean['named']:.1%} | {mean['named_guarded']:.1%} "
            f"| {mean['wrong']:.1f} | {mean['wrong_guarded']:.1f} |"
        )


def draw(faces: Collection, rows: NDArray[np.int64], size: int, rng: np.random.Generator) -> Draw:
    """A gallery of ``size`` people with at least two photos, and a probe of each."""
    identities = faces.identities[rows]
    vectors = np.asarray([unit(vector) for vector in faces.plain[rows]])
    names, counts = np.unique(identities, return_counts=True)
    gallery: list[NDArray[np.float32]] = []
    probes: list[NDArray[np.float32]] = []
    for name in rng.permutation(names[counts > 1])[:size]:
        photos = rng.permutation(np.flatnonzero(identities == name))
        enrolled = photos[: min(ENROLLED, len(photos) - 1)]
        gallery.append(unit(vectors[enrolled].sum(0)))
        probes.append(vectors[photos[len(enrolled)]])
    mean, policy = vectors.mean(0), DecisionPolicy(threshold=threshold_for(size))
    enrolled_vectors = centred(np.asarray(gallery), mean=mean)
    pairs = all_pairs_above(enrolled_vectors, confusable_bar(policy))
    guarded = {pair.first for pair in pairs} | {pair.second for pair in pairs}
    scores = centred(np.asarray(probes), mean=mean) @ enrolled_vectors.T
    second, best = np.partition(scores, -2, axis=1)[:, -2:].T
    who = scores.argmax(1)
    is_right = who == np.arange(len(who))
    is_guarded = np.isin(who, list(guarded))

    def named(extra: float) -> NDArray[np.bool_]:
        is_sure = (best >= policy.threshold + extra) & (best - second >= policy.min_margin + extra)
        return np.asarray(is_sure)

    plain = named(0.0)
    strict = np.where(is_guarded, named(policy.guard), plain)
    return Draw(
        pairs=len(pairs),
        guarded=len(guarded),
        named=float(plain.mean()),
        wrong=int((plain & ~is_right).sum()),
        named_guarded=float(strict.mean()),
        wrong_guarded=int((strict & ~is_right).sum()),
    )


if __name__ == "__main__":
    main()
