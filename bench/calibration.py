"""Does the calibration keep what it promises? On made galleries and on halves of LFW.

    GATEHOUSE_TEST_DATA=… python -m bench.calibration [--keep vectors.npz] [--splits 100]
                                                      [--pictures docs/pictures]

A threshold is fitted for 1 % on one half of the people, and strangers are counted on the other
half, with 50, 500 and 1,500 people enrolled. Prints how often the count lay inside the promised
interval, what the parts of the method are worth, the refusal, a planted look-alike, the
rules of others, and times. ``--keep`` is the file of ``bench.threshold_prior``; without it LFW is
embedded first (four minutes). Then seven minutes of one core.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bench.calibration_made import (
    FPIR,
    HEADER,
    POLICY,
    SIZES,
    Trial,
    fitted,
    made_evidence,
    made_galleries,
    report,
)
from bench.calibration_pictures import draw_pictures
from bench.support import describe_machine
from bench.threshold_prior import Collection, collect, lfw_rows, read_conflicts
from recognition.calibration import (
    SHIPPED_PRIOR,
    Calibration,
    Evidence,
    Gallery,
    InsufficientEvidence,
    Interval,
    Labelled,
    StoredDecision,
    Wish,
    build_evidence,
    calibrate,
    confusable_bar,
    confusable_pairs,
    grown,
    leave_one_out,
    replay,
    search_enrolled,
    search_strangers,
    seed_rules,
    summarise,
)
from recognition.calibration.tail import Tail
from recognition.contracts import Candidate, FaceQuality
from recognition.decision import decide
from recognition.models.mean import network_mean
from recognition.runtime import float_graph
from recognition.weights import cache_folder
from tests.realdata import REAL_DATA

ROWS = 100_000

Rows = NDArray[np.int64]
Found = TypeVar("Found")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="read or write the vectors here")
    parser.add_argument("--splits", type=int, default=100)
    parser.add_argument("--pictures", type=Path, help="write the figures of docs/calibration.md")
    options = parser.parse_args()
    print(describe_machine())
    made_galleries(4 * options.splits)
    if not (REAL_DATA / "lfw" / "images").is_dir():
        raise SystemExit(f"{REAL_DATA / 'lfw/images'} is not there; set GATEHOUSE_TEST_DATA.")
    people = lfw_people(collect(REAL_DATA, options.keep))
    trials = lfw_halves(people, options.splits)
    worth_of_prior(people)
    growth_check(people)
    evidence = three_photos(people)
    refusal()
    look_alike(people)
    register(people)
    times()
    if options.pictures is not None:
        draw_pictures(options.pictures, evidence, trials, wish=FPIR)


# LFW


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Whose each photo is, ``vectors`` as at enrolment, ``plain`` as a camera's; ``first`` is the
    row of everybody's first photo, in the order of ``names``."""

    owners: NDArray[np.str_]
    vectors: NDArray[np.float32]
    plain: NDArray[np.float32]
    names: NDArray[np.str_]
    first: Rows
    prior_mean: NDArray[np.float32]

    def gallery(self, chosen: Rows) -> Gallery:
        """People by number, one photo each."""
        return Gallery.of(
            self.vectors[self.first[chosen]],
            person_ids=self.names[chosen],
            prior_mean=self.prior_mean,
        )

    def faces(self, chosen: Rows) -> Labelled:
        return Labelled(self.plain[self.first[chosen]], self.names[chosen])


def lfw_people(faces: Collection) -> People:
    rows = lfw_rows(faces, read_conflicts(REAL_DATA / "lfw" / "label_conflicts.txt"))
    owners = faces.identities[rows]
    mean = network_mean(float_graph("sface-2021dec", cache_dir=cache_folder(None)))
    if mean is None:
        raise SystemExit("The default model tells no mean of its own.")
    names, first = np.unique(owners, return_index=True)
    return People(owners, faces.vectors[rows], faces.plain[rows], names, first, mean)


def lfw_halves(people: People, splits: int) -> dict[int, list[Trial]]:
    print(
        f"\n## LFW, {len(people.names):,} people, one photo each, {splits} random splits into halves"
        f"\n\n{HEADER}"
    )
    kept = {}
    for size in SIZES:
        same, other = [], []
        for half, rest in halves(people, splits, seed=size):
            gallery = people.gallery(half[:size])
            searches = search_strangers(gallery, people.faces(half[size:])).strangers
            found = fitted(searches.joined(leave_one_out(gallery).strangers), size, SHIPPED_PRIOR)
            for trials, enrolled, strangers in (
                (same, gallery, rest),
                (other, people.gallery(rest[:size]), rest[size:]),
            ):
                scores = search_strangers(enrolled, people.faces(strangers)).strangers.scores
                share = float((scores >= found.threshold).mean())
                trials.append(Trial(found, share, len(scores)))
        report(f"{size}, the same people", same)
        report(f"{size}, other people", other)
        kept[size] = other
    return kept


def halves(people: People, splits: int, *, seed: int) -> Iterator[tuple[Rows, Rows]]:
    random = np.random.default_rng(seed)
    for _ in range(splits):
        order = random.permutation(len(people.names))
        yield order[: len(order) // 2], order[len(order) // 2 :]


def worth_of_prior(people: People) -> None:
    """How far from 1 % the threshold lands, as a factor, by how much the prior counts for."""
    weights = (0, 10, 25, 50, 100, 200, 400)
    print(
        "\n## What the prior is worth: root mean square error, as a factor, of the FPIR reached\n"
    )
    print("| strangers, prior | " + " | ".join(f"{w}" for w in weights) + " |")
    print("|---" * (len(weights) + 1) + "|")
    size = 500
    for count in (100, 300, 1000):
        for label, shift in (
            ("as measured", 0.0),
            ("0.04 too low", -0.04),
            ("0.04 too high", 0.04),
        ):
            curve = tuple((rate, at + shift) for rate, at in SHIPPED_PRIOR.curve)
            errors: list[list[float]] = [[] for _ in weights]
            for half, rest in halves(people, 40, seed=count):
                gallery = people.gallery(half[:size])
                few = search_strangers(gallery, people.faces(half[size : size + count])).strangers
                fresh = search_strangers(gallery, people.faces(rest)).strangers.scores
                for found, weight in zip(errors, weights, strict=True):
                    prior = replace(SHIPPED_PRIOR, curve=curve, searches=float(weight))
                    tail = Tail(few, gallery_size=size, prior=prior if weight else None)
                    threshold = tail.lowest_threshold(FPIR) or 1.0
                    counted = ((fresh >= threshold).sum() + 0.5) / len(fresh)
                    found.append(math.log(counted / FPIR) ** 2)
            cells = " | ".join(f"{math.exp(math.sqrt(np.mean(each))):.2f}" for each in errors)
            print(f"| {count}, {label} | {cells} |", flush=True)


def growth_check(people: People) -> None:
    """FPIR of ten times the people as told from the smaller gallery, beside the count."""
    print("\n## Growth: told from the smaller gallery, counted in the larger\n")
    for small in (50, 150):
        told, counted = [], []
        for half, rest in halves(people, 40, seed=small):
            chosen = half[: small * 10]
            for factor in (1, 10):
                gallery = people.gallery(chosen[: small * factor])
                scores = search_strangers(gallery, people.faces(rest)).strangers.scores
                if factor == 1:
                    threshold = float(np.quantile(scores, 1 - FPIR))
                    told.append(grown(float((scores >= threshold).mean()), factor=10))
                else:
                    counted.append(float((scores >= threshold).mean()))
        print(
            f"{small} to {small * 10}: told {np.mean(told):.2%}, counted {np.mean(counted):.2%} "
            f"± {np.std(counted):.2%}"
        )


def enrolled_with(people: People, photos: int) -> tuple[Gallery, Labelled]:
    """Everybody who has more photos than these, and the photos that are more."""
    counts = np.unique(people.owners, return_counts=True)[1]
    place = np.empty(len(people.owners), np.int64)
    place[np.argsort(people.owners, kind="stable")] = np.concatenate(
        [np.arange(count) for count in counts]
    )
    taken = np.isin(people.owners, people.names[counts > photos])
    enrolled, rest = taken & (place < photos), taken & (place >= photos)
    gallery = Gallery.of(
        people.vectors[enrolled], person_ids=people.owners[enrolled], prior_mean=people.prior_mean
    )
    return gallery, Labelled(people.plain[rest], people.owners[rest])


def three_photos(people: People) -> Evidence:
    """People with four photos or more enrolled with three; the rules of others beside ours."""
    gallery, probes = enrolled_with(people, 3)
    others = np.flatnonzero(~np.isin(people.names, gallery.person_ids))
    evidence = build_evidence(
        gallery,
        strangers=people.faces(others),
        enrolled=probes,
    )
    found = calibrate(evidence, wish=Wish(FPIR), policy=POLICY)
    assert isinstance(found, Calibration)
    print(f"\n## {len(gallery)} people with three photos: others' rules beside ours\n")
    print("| rule | threshold | strangers named | enrolled missed |\n|---|---|---|---|")
    ours = found.missed
    assert ours is not None
    interval = found.threshold_interval
    print(
        f"| at most one stranger in {1 / FPIR:.0f} | {found.threshold:.3f} ({interval.low:.3f} to "
        f"{interval.high:.3f}) | {shown(found.fpir.value, found.fpir.interval)} | "
        f"{shown(ours.missed.value, ours.missed.interval)} |"
    )
    for rule in seed_rules(evidence, policy=POLICY):
        missed = "–" if rule.missed is None else f"{rule.missed.missed.value:.2%}"
        print(
            f"| {rule.name} ({rule.promise:.4f}) | {rule.threshold:.3f} | {rule.fpir.value:.1%} | {missed} |"
        )
    print(f"{evidence.counts}")
    return evidence


def shown(value: float, interval: Interval) -> str:
    return f"{value:.2%} ({interval.low:.2%} to {interval.high:.2%})"


# What else must hold


def refusal() -> None:
    random = np.random.default_rng(0)
    searches, _ = made_evidence(random, 1500, 0.0)
    print("\n## Refusal\n")
    for count in (99, 100):
        few = searches.only(np.arange(count))
        found = calibrate(
            Evidence.of_searches(gallery_size=1500, strangers=few), wish=Wish(FPIR), policy=POLICY
        )
        if isinstance(found, InsufficientEvidence):
            claim = found.claim
            print(
                f"{count} strangers for 1 %: refused, {found.more_needed} more needed; at "
                f"{claim.threshold:.3f} {claim.named:.0f} named, so at most {claim.fpir_at_most:.1%}"
            )
        else:
            print(f"{count} strangers for 1 %: threshold {found.threshold:.3f}")


def look_alike(people: People) -> None:
    """Somebody enrolled a second time under another name, with another photo, among 1,500."""
    counts = np.array([(people.owners == name).sum() for name in people.names])
    doubles = np.flatnonzero(counts > 1)
    lost, tries = [], 50
    random = np.random.default_rng(0)
    for _ in range(tries):
        chosen = random.permutation(len(people.names))[:1500]
        twin = random.choice(np.setdiff1d(doubles, chosen))
        rows = np.flatnonzero(people.owners == people.names[twin])[:2]
        gallery = Gallery.of(
            np.concatenate([people.vectors[people.first[chosen]], people.vectors[rows]]),
            person_ids=[*people.names[chosen], "planted", "planted twin"],
            prior_mean=people.prior_mean,
        )
        policy = replace(POLICY, threshold=SHIPPED_PRIOR.threshold_for(FPIR, gallery_size=1502))
        pairs = confusable_pairs(gallery, bar=confusable_bar(policy))
        if not any({p.first_id, p.second_id} == {"planted", "planted twin"} for p in pairs):
            lost.append(str(people.names[twin]))
    print(
        f"\n## Planted look-alike: found in {tries - len(lost)} of {tries} galleries of 1,502"
        f"{'; not: ' + ', '.join(lost) if lost else ''}\n"
    )


def register(people: People) -> None:
    """Who is in the register of look-alikes, and whether those who come near each other are."""
    print("## Register of look-alikes\n")
    print(
        "| people | bar | pairs | of whom | somebody else reached the threshold | between a pair |"
    )
    print("|---|---|---|---|---|---|")
    for photos in (1, 3):
        gallery, probes = enrolled_with(people, photos)
        threshold = SHIPPED_PRIOR.threshold_for(FPIR, gallery_size=len(gallery))
        mated = search_enrolled(gallery, probes).mated
        near = mated.only(mated.other_scores >= threshold)
        for label, bar in (("threshold", threshold), ("a margin lower", threshold - 0.05)):
            pairs = {(p.first_id, p.second_id) for p in confusable_pairs(gallery, bar=bar)}
            met = [
                tuple(sorted(pair)) in pairs
                for pair in zip(near.person_ids.tolist(), near.other_ids.tolist(), strict=True)
            ]
            print(
                f"| {len(gallery):,} with {photos} | {label} | {len(pairs)} | "
                f"{len({who for pair in pairs for who in pair})} | {len(near)} | {sum(met)} |"
            )


def times() -> None:
    random = np.random.default_rng(0)
    centre = np.repeat(random.normal(size=(5000, 128)), 3, axis=0)
    vectors = (centre + 0.6 * random.normal(size=centre.shape)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    names = np.repeat([f"p{n:04}" for n in range(5000)], 3)
    gallery = Gallery.of(vectors, person_ids=names, prior_mean=np.zeros(128, np.float32))
    print("## Times\n")
    evidence = timed(
        "leave-one-out, 5,000 people with three photos", lambda: build_evidence(gallery)
    )
    timed("threshold with everything", lambda: calibrate(evidence, wish=Wish(FPIR), policy=POLICY))
    timed("confusable pairs of 5,000", lambda: confusable_pairs(gallery, bar=0.4))
    quality = FaceQuality(60.0, 100.0, 0.5, 0.2, 0.0, 1.0, 0.9)
    scores = np.sort(random.uniform(0.2, 0.7, (ROWS, 5)))[:, ::-1]
    rows = []
    for key, row in enumerate(scores.tolist()):
        seen = tuple(Candidate(f"p{place}", score) for place, score in enumerate(row))
        made = decide(seen, quality=quality, policy=POLICY)
        rows.append(StoredDecision(key, made.kind, made.person_id, made.candidates, quality))
    same = summarise(replay(rows, policy=POLICY))
    assert same.changes["unchanged"] == ROWS
    stricter = replace(POLICY, threshold=0.55)
    found = timed(f"replay of {ROWS:,} rows", lambda: summarise(replay(rows, policy=stricter)))
    print(found)


def timed(label: str, work: Callable[[], Found]) -> Found:
    start = time.perf_counter()
    found = work()
    print(f"{label}: {time.perf_counter() - start:.1f} s", flush=True)
    return found


if __name__ == "__main__":
    main()
