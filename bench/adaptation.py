"""What is a model of a site's own worth? On LFW's people, by how many there are to learn from.

    GATEHOUSE_TEST_DATA=… python -m bench.adaptation [--keep vectors.npz] [--cameras made.npz]

People with two photos or more are cut into three disjoint parts: one to learn from (the first n of
it), one to choose the strength on, one to be judged on. Printed is the gain over the shipped model
with its 95 % interval, on LFW's photos as they are, and with every second photo of a person as a
poor camera would give it (16 to 25 px across, dark, yellow, noisy, JPEG 35; made, and said so).
``--keep`` is the file of ``bench.threshold_prior``, ``--cameras`` that of the made pictures; what
is not there yet is embedded first.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.support import describe_machine
from bench.threshold_prior import Collection, collect, engine, lfw_rows, read_conflicts
from recognition.adaptation.fitting import STRENGTHS, crowd_mean, fit_head
from recognition.adaptation.judging import HeldOut, Judgement, judge, match_rate, rate_for
from recognition.adaptation.sample import Sample, lacking
from recognition.contracts import ImageAnalysis, Picture
from recognition.geometry.centring import centred
from tests.realdata import REAL_DATA

SIZES = (20, 50, 100, 200, 400, 700)
CHOOSE, TEST = 350, 500
SEEDS = (0, 1, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="read or write LFW's vectors here")
    parser.add_argument("--cameras", type=Path, help="read or write the made pictures' vectors")
    parser.add_argument("--only", choices=("photos", "cameras"), help="one of the two tables")
    options = parser.parse_args()
    print(describe_machine())
    if not (REAL_DATA / "lfw" / "images").is_dir():
        raise SystemExit(f"{REAL_DATA / 'lfw/images'} is not there; set GATEHOUSE_TEST_DATA.")
    faces = collect(REAL_DATA, options.keep)
    rows = lfw_rows(faces, read_conflicts(REAL_DATA / "lfw" / "label_conflicts.txt"))
    if options.only != "cameras":
        table("LFW's photos as they are", sample_of(faces.vectors[rows], faces.identities[rows]))
    if options.only != "photos":
        rows = rows[several(faces.identities[rows])]
        mixed = faces.vectors[rows].copy()
        every_second = second_photos(faces.identities[rows])
        mixed[every_second] = from_cameras(faces, rows, options.cameras)[every_second]
        table("Every second photo from a made camera", sample_of(mixed, faces.identities[rows]))


@dataclass(frozen=True, slots=True)
class Split:
    learn: NDArray[np.str_]
    choose: NDArray[np.str_]
    test: NDArray[np.str_]


def split_of(sample: Sample, *, seed: int) -> Split:
    mixed = np.random.default_rng(seed).permutation(np.unique(sample.owners))
    return Split(mixed[CHOOSE + TEST :], mixed[:CHOOSE], mixed[CHOOSE : CHOOSE + TEST])


def table(title: str, sample: Sample) -> None:
    people = sample.people
    print(f"\n{title}: {people:,} people, {len(sample.owners):,} pictures")
    print("seed  n    strength  TMR base  TMR own  gain     95 % interval      rank 1   missed   s")
    for seed in SEEDS:
        split = split_of(sample, seed=seed)
        for size in SIZES:
            started = time.perf_counter()
            strength, judged = one(sample, split, size=size, seed=seed)
            tmr = judged.tmr
            verdict = "better" if tmr.low > 0 else "no gain"
            print(
                f"{seed:4}  {size:<4} {strength:7.2f}   {tmr.base:8.2%}  {tmr.adapted:7.2%}  "
                f"{tmr.gain:+.2%}  {tmr.low:+.2%} to {tmr.high:+.2%}  {judged.rank1.gain:+.2%}  "
                f"{judged.fnir.gain:+.2%}  {time.perf_counter() - started:.1f}  {verdict}",
                flush=True,
            )


def one(sample: Sample, split: Split, *, size: int, seed: int) -> tuple[float, Judgement]:
    """Learn from ``size`` people, choose the strength on others, judge on the third part."""
    learn = rows_of(sample, split.learn[:size])
    choose, test = rows_of(sample, split.choose), rows_of(sample, split.test)
    _, counts = np.unique(sample.owners[test], return_counts=True)
    # Of one part only, so a third of what three parts of this size would give.
    fmr = rate_for(lacking(counts.tolist()).comparisons)
    heads = [fit_head(sample, rows=learn, strength=strength) for strength in STRENGTHS]
    scores = [
        match_rate(head.apply(sample.vectors[choose]), sample.owners[choose], fmr=fmr)
        for head in heads
    ]
    best = int(np.argmax(np.round(scores, 6)))
    mean = crowd_mean(sample.vectors[learn], sample.owners[learn], prior=sample.prior_mean)
    vectors = sample.vectors[test]
    held_out = HeldOut(sample.owners[test], centred(vectors, mean=mean), heads[best].apply(vectors))
    return STRENGTHS[best], judge([held_out], fmr=fmr, seed=seed)


def rows_of(sample: Sample, people: NDArray[np.str_]) -> NDArray[np.int64]:
    return np.flatnonzero(np.isin(sample.owners, people))


def sample_of(vectors: NDArray[np.float32], owners: NDArray[np.str_]) -> Sample:
    """Everybody with two pictures or more, however many: the parts are cut here."""
    kept = several(owners)
    return Sample(vectors[kept], owners[kept], engine().site_mean(), engine().space.id)


def several(owners: NDArray[np.str_]) -> NDArray[np.bool_]:
    """At most eight rows of everybody who has two or more."""
    places = np.array([np.sum(owners[:n] == name) for n, name in enumerate(owners)])
    names, counts = np.unique(owners, return_counts=True)
    return np.isin(owners, names[counts > 1]) & (places < 8)


def second_photos(owners: NDArray[np.str_]) -> NDArray[np.bool_]:
    places = np.array([np.sum(owners[:n] == name) for n, name in enumerate(owners)])
    return places % 2 == 1


def from_cameras(
    faces: Collection, rows: NDArray[np.int64], keep: Path | None
) -> NDArray[np.float32]:
    """``(rows, D)``: each face made poor, embedded without its mirror image as frames are."""
    wanted = [faces.paths[row] for row in rows]
    if keep is not None and keep.exists():
        with np.load(keep, allow_pickle=False) as stored:
            if stored["paths"].tolist() == wanted:
                return np.asarray(stored["vectors"], np.float32)
    found = []
    for start in range(0, len(wanted), 64):
        part = wanted[start : start + 64]
        contents = [(REAL_DATA / path).read_bytes() for path in part]
        crops = []
        for path, answer in zip(part, engine().analyse(contents), strict=True):
            if not isinstance(answer, ImageAnalysis) or not answer.faces:
                raise SystemExit(f"{path} shows no face any more; embed LFW anew.")
            crops.append(poor(answer.faces[0].aligned, np.random.default_rng([start, len(crops)])))
        found.append(engine().embed(np.stack(crops), flip_fusion=False))
    vectors = np.concatenate(found)
    if keep is not None:
        np.savez(keep, paths=np.array(wanted), vectors=vectors)
    return vectors


def poor(crop: Picture, random: np.random.Generator) -> NDArray[np.uint8]:
    """A face as a cheap camera in a dim corridor gives it; the face is found before, not after."""
    side = int(random.integers(16, 26))
    small = cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA)
    large = cv2.resize(small, crop.shape[:2], interpolation=cv2.INTER_LINEAR)
    dim = 255.0 * (large / 255.0) ** 1.8 * np.array([1.1, 0.95, 0.75])
    noisy = np.clip(dim + random.normal(0.0, 8.0, dim.shape), 0, 255).astype(np.uint8)
    _, encoded = cv2.imencode(".jpg", noisy[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 35])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR)[:, :, ::-1], np.uint8)


if __name__ == "__main__":
    main()
