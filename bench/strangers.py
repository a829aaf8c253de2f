"""Are strangers grouped rightly, and does “not X” hold without taking X their own name?

``python -m bench.strangers``: on lfw_small, one photo a visit, in random order, with the bar that
``workers.strangers`` uses: (a) nobody enrolled, then (b) half of the people enrolled with three
photos each. Printed are the share of pairs put together that are one person's, the share of one
person's pairs that were put together, and strangers a person; then how often an anchor holds for
other photos of the same face, and how often it takes a person their own name. With the whole of LFW
in place, the same among 4,281 people.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.config.settings")

import django

django.setup()

from bench.support import small_lfw  # noqa: E402 - models need Django to be set up
from recognition.config import EngineConfig  # noqa: E402
from recognition.contracts import ImageAnalysis  # noqa: E402
from recognition.decision import threshold_for  # noqa: E402
from recognition.geometry.centring import centred  # noqa: E402
from recognition.index import fuse_templates  # noqa: E402
from recognition.pipeline import Engine, load_engine  # noqa: E402
from tests.realdata import REAL_DATA  # noqa: E402
from workers.anchors import NEAR  # noqa: E402
from workers.strangers.rule import join_bar  # noqa: E402

__all__ = ["main"]

SEED = 7
ROUNDS = 6
BATCH = 64
PER_PERSON = 3
GREY_BAND = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Crowd:
    """One row a photo: whose it is, and its vector as a camera's is made, not mirrored."""

    names: NDArray[np.str_]
    vectors: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Outcome:
    right: float
    found: float
    strangers_a_person: float


def main() -> None:
    engine = load_engine(EngineConfig())
    photos = [*small_lfw().enrol, *small_lfw().probes]
    small = read(engine, [(p.identity or p.path.name, p.path) for p in photos])
    report("lfw_small", engine, small, enrolled=24, rounds=ROUNDS)
    anchors(engine, small)
    root = REAL_DATA / "lfw" / "images"
    if root.is_dir():
        whole = read(engine, [(f.parent.name, f) for f in sorted(root.rglob("*.jpg"))])
        report("LFW", engine, whole, enrolled=200, rounds=1)


def read(engine: Engine, photos: Sequence[tuple[str, Path]]) -> Crowd:
    """The main face of each photo; one in which none is found is left out."""
    names, vectors = [], []
    for start in range(0, len(photos), BATCH):
        part = photos[start : start + BATCH]
        analysed = engine.analyse([path.read_bytes() for _, path in part], flip_fusion=False)
        for (name, _), analysis in zip(part, analysed, strict=True):
            if isinstance(analysis, ImageAnalysis) and analysis.faces:
                names.append(name)
                vectors.append(analysis.faces[0].embedding)
    return Crowd(np.array(names), np.stack(vectors))


def report(what: str, engine: Engine, crowd: Crowd, *, enrolled: int, rounds: int) -> None:
    people = len(set(crowd.names))
    print(f"\n{what}: {len(crowd.names)} photos of {people} people, one photo a visit")
    for count in (0, enrolled):
        outcomes = list(grouped(engine, crowd, enrolled=count, rounds=rounds))
        right, found, each = (
            float(np.mean([getattr(one, name) for one in outcomes]))
            for name in ("right", "found", "strangers_a_person")
        )
        print(
            f"  {count:4} enrolled: {right:.2%} of the pairs put together are one person's, "
            f"{found:.2%} of one person's pairs were put together, {each:.3f} strangers a person"
        )


def grouped(engine: Engine, crowd: Crowd, *, enrolled: int, rounds: int) -> Iterator[Outcome]:
    """Whoever the gallery leaves unknown is grouped; the others are no stranger's visit."""
    rng = np.random.default_rng(SEED)
    counts = Counter(crowd.names.tolist())
    several = sorted(name for name, count in counts.items() if count >= PER_PERSON)
    for _ in range(rounds):
        known = rng.permutation(several)[:enrolled]
        templates = gallery(crowd, known)
        mean = engine.site_mean(templates)
        rows = np.flatnonzero(~np.isin(crowd.names, known))
        if enrolled:
            scores = centred(crowd.vectors[rows], mean=mean) @ centred(templates, mean=mean).T
            rows = rows[scores.max(axis=1) < threshold_for(enrolled) - GREY_BAND]
        order = rng.permutation(rows)
        yield judge(crowd.names[order], group(crowd.vectors[order], mean=mean))


def group(vectors: NDArray[np.float32], *, mean: NDArray[np.float32]) -> NDArray[np.int64]:
    """The rule of ``workers.strangers`` without a database."""
    probes = centred(vectors, mean=mean)
    members: list[list[int]] = []
    fused = np.zeros_like(vectors)
    labels = np.zeros(len(vectors), np.int64)
    for row, probe in enumerate(probes):
        scores = fused[: len(members)] @ probe
        best = int(scores.argmax()) if members else -1
        if best < 0 or scores[best] < join_bar(len(members)):
            best = len(members)
            members.append([])
        members[best].append(row)
        labels[row] = best
        fused[best] = centred(fuse_templates(vectors[members[best]])[None], mean=mean)[0]
    return labels


def judge(names: NDArray[np.str_], labels: NDArray[np.int64]) -> Outcome:
    upper = np.triu_indices(len(names), 1)
    same = (names[:, None] == names[None])[upper]
    together = (labels[:, None] == labels[None])[upper]
    several = [name for name, count in Counter(names.tolist()).items() if count > 1]
    return Outcome(
        right=float((same & together).sum() / max(together.sum(), 1)),
        found=float((same & together).sum() / max(same.sum(), 1)),
        strangers_a_person=float(np.mean([len(set(labels[names == name])) for name in several])),
    )


def anchors(engine: Engine, crowd: Crowd) -> None:
    """Each of 24 strangers' first photos is said not to be whom it resembles most."""
    rng = np.random.default_rng(SEED)
    counts = Counter(crowd.names.tolist())
    people = rng.permutation(sorted(name for name, count in counts.items() if count > PER_PERSON))
    known, guests = people[:24], people[24:]
    templates = gallery(crowd, known)
    mean = engine.site_mean(templates)
    matrix = centred(templates, mean=mean)
    held = others = lost = own = 0
    for guest in guests:
        first, *rest = centred(crowd.vectors[crowd.names == guest], mean=mean)
        taken_for = int((matrix @ first).argmax())
        for probe in rest:
            others += 1
            held += is_dropped(probe, first, matrix[taken_for])
        for probe in centred(crowd.vectors[crowd.names == known[taken_for]], mean=mean)[
            PER_PERSON:
        ]:
            own += 1
            lost += is_dropped(probe, first, matrix[taken_for])
    print(
        f"\n“Not X” at {NEAR}: holds for {held} of {others} other photos of the same face; of "
        f"{own} photos of X themselves {lost} lost their name"
    )


def is_dropped(
    probe: NDArray[np.float32], anchor: NDArray[np.float32], person: NDArray[np.float32]
) -> bool:
    """As ``workers.anchors.AnchorFollower`` decides."""
    near = float(probe @ anchor)
    return near >= NEAR and near >= float(probe @ person)


def gallery(crowd: Crowd, known: Sequence[str]) -> NDArray[np.float32]:
    rows = [crowd.vectors[crowd.names == name][:PER_PERSON] for name in known]
    fused = [fuse_templates(vectors) for vectors in rows]
    return np.stack(fused) if fused else np.zeros((0, crowd.vectors.shape[1]), np.float32)


if __name__ == "__main__":
    main()
