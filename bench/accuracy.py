"""Measure how well people are recognised on LFW, and what the second look and centring add.

    GATEHOUSE_TEST_DATA=… python -m bench.accuracy [--keep folder] [--mtcnn]

Prints ten-fold accuracy of the 6,000 pairs and open-set error rates, for landmarks as detected
and seen a second time, each with three centres. A few minutes on two quiet cores; ``--keep``
stores landmarks and vectors for a second run. What it means is told in ``bench/ACCURACY.md``.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recognition.alignment import align_faces
from recognition.contracts import Detector, Picture
from recognition.datasets import OpenSet, locate_pairs, read_leave_out, read_open_set, read_pairs
from recognition.datasets.openset import Role
from recognition.decision import main_face_order
from recognition.detection import build_detector
from recognition.detection.second_look import LandmarkRefiner
from recognition.device import choose_device
from recognition.evaluation.bootstrap import Interval, bootstrap_points, draw_people
from recognition.evaluation.identification import Searches, point_at_fpir, search_gallery
from recognition.geometry.centring import centred, site_mean
from recognition.images import decode_image
from recognition.index import fuse_templates
from recognition.models import build_embedder
from recognition.models.mean import network_mean
from recognition.runtime import NetworkSpec, float_graph, open_network
from recognition.weights import cache_folder
from tests.realdata import REAL_DATA

BATCH = 32
FAR = 1e-3
FPIRS = (0.003, 0.01)
DRAWS = 1000
ROLES: tuple[Role, ...] = ("probe", "unknown")

Scores = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Photos:
    """All pictures of the set in ``root`` by path, and the row of each in every array here."""

    root: Path
    files: list[Path]
    rows: dict[Path, int]

    def rows_of(self, paths: Sequence[Path]) -> Rows:
        return np.array([self.rows[path] for path in paths])

    def batches(self) -> Iterator[tuple[slice, list[Picture]]]:
        for start in range(0, len(self.files), BATCH):
            part = slice(start, start + BATCH)
            yield part, [decode_image(file.read_bytes()).picture for file in self.files[part]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="read or write landmarks and vectors here")
    parser.add_argument("--mtcnn", action="store_true", help="also with MTCNN's landmarks (slow)")
    options = parser.parse_args()
    root = REAL_DATA / "lfw"
    if not (root / "images").is_dir():
        raise SystemExit(f"{root / 'images'} is not there; set GATEHOUSE_TEST_DATA.")
    files = sorted((root / "images").rglob("*.jpg"))
    photos = Photos(root, files, {path: row for row, path in enumerate(files)})
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
    doubtful = read_leave_out(photos.root / "label_conflicts.txt")
    for images in (1, 3):
        protocol = photos.root / f"openset_{images}.json"
        subject = read_open_set(protocol, leave_out=doubtful)
        found = search(photos, vectors, subject, prior=prior, is_site=is_site)
        for fpir, tpir in zip(FPIRS, intervals(found, subject), strict=True):
            missed = point_at_fpir(found, fpir=fpir).fnir
            cells.append(f"  {missed:6.2%} ({1 - tpir.high:.1%}-{1 - tpir.low:.1%})")
    print("".join(cells), flush=True)


def verify(
    photos: Photos, vectors: Scores, *, prior: Scores | None, is_site: bool
) -> tuple[float, float]:
    """Mean over ten folds, each with the threshold (and mean) of the nine others.

    ``evaluation.lfw`` takes one mean away; this one weighs it against ``prior``, as the index does.
    """
    located = locate_pairs(read_pairs(photos.root / "pairs.txt"), root=photos.root / "images")
    left, right = photos.rows_of(located.first), photos.rows_of(located.second)
    is_same = np.array([pair.is_same for pair in located.pairs])
    fold = np.array([pair.fold for pair in located.pairs])
    accuracies, rates = [], []
    for number in range(located.folds):
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


def search(
    photos: Photos, vectors: Scores, subject: OpenSet, *, prior: Scores | None, is_site: bool
) -> Searches:
    enrolled: defaultdict[str, list[Path]] = defaultdict(list)
    for entry in subject.of("enroll"):
        enrolled[entry.identity].append(entry.path)
    templates = np.stack(
        [fuse_templates(vectors[photos.rows_of(own)]) for own in enrolled.values()]
    )
    moved = about(vectors, templates, prior=prior, is_site=is_site)
    probes, strangers = subject.of("probe"), subject.of("unknown")
    return search_gallery(
        about(templates, templates, prior=prior, is_site=is_site),
        gallery_ids=list(enrolled),
        probes=moved[photos.rows_of([entry.path for entry in probes])],
        probe_ids=[entry.identity for entry in probes],
        strangers=moved[photos.rows_of([entry.path for entry in strangers])],
    )


def intervals(found: Searches, subject: OpenSet) -> list[Interval]:
    """Per rate of ``FPIRS`` that of the TPIR, by drawing enrolled people and strangers again."""
    weights = []
    for seed, role in enumerate(ROLES):
        people, codes = np.unique([e.identity for e in subject.of(role)], return_inverse=True)
        weights.append(draw_people(len(people), replicates=DRAWS, seed=seed)[:, codes])
    first = np.where(found.ranks == 1, found.right_scores, -np.inf)
    scores = np.concatenate([first, found.stranger_scores])
    points = bootstrap_points(
        scores,
        is_genuine=np.arange(len(scores)) < len(first),
        weights=np.concatenate(weights, axis=1),
        rates=FPIRS,
        people=len({entry.identity for entry in subject.of("probe")}),
    )
    return [tpir for tpir, _ in points]


if __name__ == "__main__":
    main()
