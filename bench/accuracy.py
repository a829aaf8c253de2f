"""Measure how well people are recognised on LFW, and what the second look and centring add.

    GATEHOUSE_TEST_DATA=… python -m bench.accuracy [--keep folder] [--mtcnn]

Prints ten-fold accuracy of the 6,000 pairs and open-set error rates, for landmarks as detected
and seen a second time, each with three centres. A few minutes on two quiet cores; ``--keep``
stores landmarks and vectors for a second run. What it means is told in ``bench/ACCURACY.md``.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recognition.alignment import align_faces
from recognition.contracts import Detector, Picture
from recognition.decision import main_face_order
from recognition.detection import build_detector
from recognition.detection.second_look import LandmarkRefiner
from recognition.device import choose_device
from recognition.geometry.centring import centred, site_mean
from recognition.images import decode_image
from recognition.index import fuse_templates
from recognition.models import build_embedder
from recognition.models.mean import network_mean
from recognition.runtime import NetworkSpec, float_graph, open_network
from recognition.weights import cache_folder
from tests.realdata import REAL_DATA

BATCH = 32
FOLDS = 10
FAR = 1e-3
FPIRS = (0.003, 0.01)
DRAWS = 1000

Scores = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Photos:
    """All pictures by path, relative to the set's folder."""

    root: Path
    files: list[str]

    @property
    def rows(self) -> dict[str, int]:
        return {file: row for row, file in enumerate(self.files)}

    def batches(self) -> Iterator[tuple[slice, list[Picture]]]:
        for start in range(0, len(self.files), BATCH):
            part = slice(start, start + BATCH)
            yield (
                part,
                [decode_image((self.root / f).read_bytes()).picture for f in self.files[part]],
            )


@dataclass(frozen=True, slots=True)
class OpenSet:
    """Rows of the photos enrolled per person, of the probes with their person, of the strangers."""

    enrolled: list[list[int]]
    probes: Rows
    people: Rows
    strangers: Rows


@dataclass(frozen=True, slots=True)
class Searched:
    """Per probe the best score and whether it is its own person's; per stranger the best score."""

    genuine: Scores
    is_right: NDArray[np.bool_]
    strangers: Scores

    def missed(self, fpir: float) -> float:
        """FNIR: the share of probes not named right where at most ``fpir`` of strangers are named."""
        allowed = int(fpir * len(self.strangers) + 1e-9)
        threshold = np.sort(self.strangers)[::-1][allowed]
        return float(1 - (self.is_right & (self.genuine > threshold)).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="read or write landmarks and vectors here")
    parser.add_argument("--mtcnn", action="store_true", help="also with MTCNN's landmarks (slow)")
    options = parser.parse_args()
    root = REAL_DATA / "lfw"
    if not (root / "images").is_dir():
        raise SystemExit(f"{root / 'images'} is not there; set GATEHOUSE_TEST_DATA.")
    photos = Photos(
        root, sorted(p.relative_to(root).as_posix() for p in (root / "images").rglob("*.jpg"))
    )
    if options.keep is not None:
        options.keep.mkdir(parents=True, exist_ok=True)

    def kept(name: str, make: Callable[[], Scores]) -> Scores:
        path = None if options.keep is None else options.keep / f"{name}.npy"
        if path is not None and path.exists():
            return np.load(path)
        made = make()
        if path is not None:
            np.save(path, made)
        return made

    first = kept("first", lambda: detect(photos, "yunet"))
    second = kept("second", lambda: look_again(photos, first))
    sources = {"as detected": first, "second look": second}
    if options.mtcnn:
        sources["MTCNN"] = kept("mtcnn", lambda: detect(photos, "mtcnn"))
    prior = network_mean(float_graph("sface-2021dec", cache_dir=cache_folder(None)))
    if prior is None:
        raise SystemExit("The default model tells no mean of its own.")
    print(
        f"{len(photos.files)} pictures. Pairs: accuracy, TAR at FAR {FAR:g}. Open set: missed (FNIR) "
        f"at {FPIRS[0]:.1%} and {FPIRS[1]:.0%} of strangers named, 95 % interval by person."
    )
    for name, landmarks in sources.items():
        vectors = kept(f"vectors-{name}", lambda points=landmarks: embed(photos, points))
        report(f"{name}, no centre", photos, vectors, prior=None, is_site=False)
        report(f"{name}, network's mean", photos, vectors, prior=prior, is_site=False)
        report(f"{name}, site's mean", photos, vectors, prior=prior, is_site=True)


def detect(photos: Photos, name: str) -> Scores:
    """``(N, 5, 2)`` landmarks of every picture's main face; zeros where there is none."""
    choice = choose_device("auto", "auto")
    cache_dir = cache_folder(None)
    detector: Detector = build_detector(
        "mtcnn" if name == "mtcnn" else "yunet",
        choice=choice,
        threshold=0.7,
        min_face_px=20,
        cache_dir=cache_dir,
    )
    found = np.zeros((len(photos.files), 5, 2), np.float32)
    for part, pictures in photos.batches():
        faces_of = detector.detect(pictures)
        for row, picture, faces in zip(
            range(part.start, part.stop), pictures, faces_of, strict=False
        ):
            height, width = picture.shape[:2]
            order = main_face_order([f.box for f in faces], width_px=width, height_px=height)
            if order:
                found[row] = faces[order[0]].landmarks
    return found


def look_again(photos: Photos, landmarks: Scores) -> Scores:
    cache_dir = cache_folder(None)
    spec = NetworkSpec(float_graph("yunet-2023mar", cache_dir=cache_dir), channel_order="bgr")
    network = open_network(spec, choose_device("auto", "auto"), cache_dir=cache_dir)
    refiner = LandmarkRefiner(network)
    parts = [refiner.refine(pictures, landmarks[part]) for part, pictures in photos.batches()]
    return np.stack([points for part in parts for points in part])


def embed(photos: Photos, landmarks: Scores) -> Scores:
    """Unit vectors of face and mirror image; zeros where there is no face."""
    embedder = build_embedder(
        "sface-2021dec",
        choice=choose_device("auto", "auto"),
        flip_fusion=True,
        cache_dir=cache_folder(None),
    )
    vectors = np.zeros((len(photos.files), embedder.space.dimension), np.float32)
    for part, pictures in photos.batches():
        rows = [
            row for row in range(part.start, part.start + len(pictures)) if landmarks[row].any()
        ]
        crops = [align_faces(pictures[row - part.start], [landmarks[row]])[0] for row in rows]
        if crops:
            vectors[rows] = embedder.embed(np.stack(crops))
    return vectors


def report(
    name: str, photos: Photos, vectors: Scores, *, prior: Scores | None, is_site: bool
) -> None:
    """One line of the table. For pairs, the site's people are those of the nine other folds."""
    accuracy, rate = verify(photos, vectors, prior=prior, is_site=is_site)
    cells = [f"{name:30}{accuracy:8.2%}{rate:8.2%}"]
    for images in (1, 3):
        subject = read_open_set(photos, images)
        found = search(vectors, subject, prior=prior, is_site=is_site)
        for fpir in FPIRS:
            low, high = interval(found, subject, fpir)
            cells.append(f"  {found.missed(fpir):6.2%} ({low:.1%}-{high:.1%})")
    print("".join(cells), flush=True)


def verify(
    photos: Photos, vectors: Scores, *, prior: Scores | None, is_site: bool
) -> tuple[float, float]:
    """Mean over ten folds, each with the threshold (and mean) of the nine others."""
    left, right, is_same = read_pairs(photos)
    fold = np.arange(len(is_same)) // (len(is_same) // FOLDS)
    accuracies, rates = [], []
    for number in range(FOLDS):
        train, test = fold != number, fold == number
        known = np.unique(np.concatenate([left[train], right[train]]))
        moved = about(vectors, vectors[known], prior=prior, is_site=is_site)
        scores = (moved[left] * moved[right]).sum(axis=1)
        threshold = best_threshold(scores[train], is_same[train])
        accuracies.append(((scores[test] >= threshold) == is_same[test]).mean())
        strangers = np.sort(scores[train & ~is_same])[::-1]
        rates.append((scores[test & is_same] > strangers[int(FAR * len(strangers))]).mean())
    return float(np.mean(accuracies)), float(np.mean(rates))


def best_threshold(scores: Scores, is_same: NDArray[np.bool_]) -> float:
    order = np.argsort(-scores)
    right = np.cumsum(is_same[order]) + (~is_same).sum() - np.cumsum(~is_same[order])
    best = int(right.argmax())
    return float(scores[order[best : best + 2]].mean())


def about(vectors: Scores, templates: Scores, *, prior: Scores | None, is_site: bool) -> Scores:
    if prior is None:
        return vectors
    return centred(vectors, mean=site_mean(templates, prior=prior) if is_site else prior)


def search(vectors: Scores, subject: OpenSet, *, prior: Scores | None, is_site: bool) -> Searched:
    templates = np.stack([fuse_templates(vectors[rows]) for rows in subject.enrolled])
    gallery = about(templates, templates, prior=prior, is_site=is_site)
    moved = about(vectors, templates, prior=prior, is_site=is_site)
    scores = moved[subject.probes] @ gallery.T
    strangers = (moved[subject.strangers] @ gallery.T).max(axis=1)
    return Searched(scores.max(axis=1), scores.argmax(axis=1) == subject.people, strangers)


def interval(found: Searched, subject: OpenSet, fpir: float) -> tuple[float, float]:
    """95 % of bootstrap draws of people, with all their probes, and of strangers."""
    random = np.random.default_rng(1)
    probes_of: defaultdict[int, list[int]] = defaultdict(list)
    for row, person in enumerate(subject.people.tolist()):
        probes_of[person].append(row)
    groups = [np.array(rows) for rows in probes_of.values()]
    missed = []
    for _ in range(DRAWS):
        chosen = np.concatenate([groups[i] for i in random.integers(0, len(groups), len(groups))])
        others = random.integers(0, len(found.strangers), len(found.strangers))
        drawn = Searched(found.genuine[chosen], found.is_right[chosen], found.strangers[others])
        missed.append(drawn.missed(fpir))
    low, high = np.percentile(missed, [2.5, 97.5])
    return float(low), float(high)


def read_pairs(photos: Photos) -> tuple[Rows, Rows, NDArray[np.bool_]]:
    rows = photos.rows

    def row(name: str, number: str) -> int:
        return rows[f"images/{name}/{name}_{int(number):04d}.jpg"]

    left, right, is_same = [], [], []
    for line in (photos.root / "pairs.txt").read_text("utf-8").splitlines()[1:]:
        words = line.split("\t")
        left.append(row(*words[:2]))
        right.append(row(words[-2] if len(words) == 4 else words[0], words[-1]))
        is_same.append(len(words) == 3)
    return np.array(left), np.array(right), np.array(is_same)


def read_open_set(photos: Photos, images: int) -> OpenSet:
    """The protocol without the labels that label_conflicts.txt says contradict another."""
    lines = (photos.root / "label_conflicts.txt").read_text("utf-8").splitlines()
    doubtful = {line.split("\t")[0] for line in lines if line and not line.startswith("#")}
    entries: Sequence[dict[str, str]] = json.loads(
        (photos.root / f"openset_{images}.json").read_text("utf-8")
    )
    rows = photos.rows
    by_role: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    for entry in entries:
        if entry["identity"] not in doubtful:
            by_role[entry["role"]].append((entry["identity"], rows[entry["file"]]))
    names = {name: i for i, name in enumerate(dict.fromkeys(n for n, _ in by_role["enroll"]))}
    enrolled: list[list[int]] = [[] for _ in names]
    for name, row in by_role["enroll"]:
        enrolled[names[name]].append(row)
    return OpenSet(
        enrolled,
        np.array([row for _, row in by_role["probe"]]),
        np.array([names[name] for name, _ in by_role["probe"]]),
        np.array([row for _, row in by_role["unknown"]]),
    )


if __name__ == "__main__":
    main()
