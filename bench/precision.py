"""What shorter arithmetic costs in accuracy: SFace in f32, bf16 and int8 on the pairs of LFW.

    python -m bench.precision [--every 1]

Prints per precision the accuracy of the standard 6,000 pairs in ten folds, the share of genuine
pairs found at a false match rate of 0.1 %, and the cosine to f32. About four minutes on two cores
with nothing else running; ``--every 10`` takes one fold of the ten.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from bench.embedding import open_sface
from bench.machine import Precision
from bench.support import describe_machine
from recognition.config import EngineConfig
from recognition.contracts import ImageAnalysis
from recognition.pipeline import load_engine
from tests.realdata import REAL_DATA

_PAIRS_A_FOLD = 600
_AT_ONCE = 64
_THRESHOLDS = np.arange(0.0, 0.8, 0.002)

Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two pictures, by path below the folder of images, and whether they show one person."""

    first: str
    second: str
    same: bool


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--every", type=int, default=1, help="take each n-th fold only")
    options = parser.parse_args()
    folder = REAL_DATA / "lfw"
    if not (folder / "pairs.txt").is_file():
        sys.exit(f"This benchmark needs LFW and found no pairs.txt in {folder}.")
    print(describe_machine())
    pairs = [
        pair
        for number, pair in enumerate(read_pairs(folder / "pairs.txt"))
        if number // _PAIRS_A_FOLD % options.every == 0
    ]
    names = sorted({name for pair in pairs for name in (pair.first, pair.second)})
    crops = main_faces([folder / "images" / name for name in names])
    exact: dict[bool, Rows] = {}
    for precision in get_args(Precision):
        network = open_sface(precision)
        plain = np.concatenate([network.run(part)["fc1"] for part in _parts(crops)])
        turned = np.concatenate([network.run(part[:, :, ::-1])["fc1"] for part in _parts(crops)])
        for fused in (False, True):
            vectors = unit(plain + turned if fused else plain)
            exact.setdefault(fused, vectors)
            cosines = (vectors * exact[fused]).sum(axis=1)
            print(
                f"{network.precision:5}{'flip-sum' if fused else 'plain':>9}: "
                f"{verdict(vectors, names, pairs)}; cosine to f32 mean {cosines.mean():.5f}, "
                f"1 % below {np.percentile(cosines, 1):.5f}, least {cosines.min():.5f}",
                flush=True,
            )


def read_pairs(file: Path) -> Iterator[Pair]:
    """The pairs in the file's order: ten folds of 300 genuine and 300 impostor pairs."""

    def path(person: str, number: str) -> str:
        return f"{person}/{person}_{int(number):04d}.jpg"

    for line in file.read_text(encoding="utf-8").splitlines()[1:]:
        words = line.split()
        if len(words) == 3:
            yield Pair(path(words[0], words[1]), path(words[0], words[2]), True)
        elif len(words) == 4:
            yield Pair(path(words[0], words[1]), path(words[2], words[3]), False)


def main_faces(files: Sequence[Path]) -> NDArray[np.uint8]:
    """The aligned main face of each picture; black where none was found."""
    engine = load_engine(EngineConfig(device="cpu"))
    crops = np.zeros((len(files), 112, 112, 3), np.uint8)
    for start in range(0, len(files), _AT_ONCE):
        part = [file.read_bytes() for file in files[start : start + _AT_ONCE]]
        for row, answer in enumerate(engine.analyse(part, flip_fusion=False), start):
            if isinstance(answer, ImageAnalysis) and answer.faces:
                crops[row] = answer.faces[0].aligned
    return crops


def verdict(vectors: Rows, names: Sequence[str], pairs: Sequence[Pair]) -> str:
    """Accuracy as LFW defines it, and the genuine pairs found at a false match rate of 0.1 %."""
    row = {name: number for number, name in enumerate(names)}
    scores = np.array([vectors[row[pair.first]] @ vectors[row[pair.second]] for pair in pairs])
    same = np.array([pair.same for pair in pairs])
    fold = np.arange(len(pairs)) // _PAIRS_A_FOLD
    right = []
    for held_out in range(max(fold) + 1):
        seen = fold != held_out if max(fold) else fold == held_out
        accuracies = [((scores[seen] > at) == same[seen]).mean() for at in _THRESHOLDS]
        threshold = _THRESHOLDS[int(np.argmax(accuracies))]
        here = fold == held_out
        right.append(((scores[here] > threshold) == same[here]).mean())
    strict = np.sort(scores[~same])[-max(1, round(0.001 * (~same).sum()))]
    found = (scores[same] > strict).mean()
    return f"accuracy {np.mean(right):.2%}, found at 0.1 % false matches {found:.2%}"


def unit(rows: Rows) -> Rows:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _parts(crops: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, len(crops), _AT_ONCE):
        yield crops[start : start + _AT_ONCE]


if __name__ == "__main__":
    sys.exit(main())
