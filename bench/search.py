"""Search by vector: speed against the memory's, beside what most systems do, and recall.

    python -m bench.search [--sizes 10000 100000 1000000] [--dimension 128]

Everything that is compared runs in turns within one process. Needs under 4 GB of memory.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.machine import read_bandwidth_gb_s
from bench.support import describe_machine, median
from recognition.contracts import EmbeddingSpace, VectorIndex, Vectors
from recognition.index import (
    ApproximateIndex,
    FlatIndex,
    all_pairs_above,
    load_snapshot,
    save_snapshot,
)

_BATCH = 64
_K = 5
_RECALL_PROBES = 500
# Measured on 7,701 LFW photos with SFace: the length of the mean vector. The rest spreads over 115
# of 128 dimensions, as good as evenly. Photos of one person agree by about 0.5 to 0.8.
_LFW_MEAN = 0.294
_MATE_SIMILARITIES = (0.5, 0.6, 0.7)
_CLUSTERS = 1000
_PAIRS_ROWS = 20_000


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.search", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--dimension", type=int, default=128)
    options = parser.parse_args(arguments)
    print(describe_machine())
    bandwidth = read_bandwidth_gb_s()
    print(f"memory is read at {bandwidth:.1f} GB/s; times are best (median) of a run in turns\n")
    for size in options.sizes:
        _measure(size, options.dimension, bandwidth)
    _measure_pairs(options.dimension)
    for name, make in (("like LFW's", _like_lfw), ("clustered", _clustered)):
        _measure_recall(name, make(max(options.sizes), options.dimension))


def _measure(size: int, dimension: int, bandwidth: float) -> None:
    import faiss

    gallery = _like_lfw(size, dimension)
    probes = _like_lfw(_BATCH, dimension, seed=1)
    ids = [f"{number:08d}" for number in range(size)]
    ours = FlatIndex(_space(dimension), batches="torch")
    filled_ms = _once_ms(lambda: ours.upsert(ids, gallery))
    # the form that FlatIndex had before it kept its own memory, and that FAISS's manual shows
    theirs: Any = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))
    theirs.add_with_ids(gallery, np.arange(size))
    faiss.omp_set_num_threads(1)
    _check(ours, theirs, probes)

    turns = max(5, min(40, 4_000_000 // size))
    one = probes[:1]
    times = _in_turns(
        {
            "one": lambda: ours.search(one, k=_K),
            "batch": lambda: ours.search(probes, k=_K),
            "faiss one": lambda: theirs.search(one, _K),
            "faiss batch": lambda: theirs.search(probes, _K),
            "numpy one": lambda: _numpy_top(gallery, one),
            "numpy batch": lambda: _numpy_top(gallery, probes),
            "update": lambda: ours.upsert(ids[:1], gallery[:1]),
            "remove and add": lambda: _remove_and_add(ours, ids[1], gallery[1:2]),
            "faiss update": lambda: _faiss_update(theirs, gallery[:1]),
        },
        turns=turns,
    )
    best = {name: min(each) for name, each in times.items()}
    read_gb_s = gallery.nbytes / best["one"] / 1e6
    print(f"{size} x {dimension} ({gallery.nbytes / 1e6:.0f} MB), filled in {filled_ms:.0f} ms")
    print(
        f"  one probe       {_shown(times['one'])} = {read_gb_s:.1f} GB/s, "
        f"{read_gb_s / bandwidth:.0%} of the memory's"
    )
    print(
        f"  batch of {_BATCH}     {_shown(times['batch'])} = {best['batch'] / _BATCH:.3f} ms a probe, "
        f"{_BATCH * best['one'] / best['batch']:.1f} times one probe's rate"
    )
    for peer in ("faiss", "numpy"):
        print(
            f"  {peer} {'flat  ' if peer == 'faiss' else 'matmul'}    one "
            f"{_shown(times[f'{peer} one'])}, {best[f'{peer} one'] / best['one']:.2f} x ours; batch "
            f"{_shown(times[f'{peer} batch'])}, {best[f'{peer} batch'] / best['batch']:.2f} x ours"
        )
    print(
        f"  update {best['update']:.3f} ms, remove and add {best['remove and add']:.3f} ms; "
        f"FAISS by id {best['faiss update']:.3f} ms"
    )
    _measure_snapshot(ours)
    print()


def _measure_snapshot(index: FlatIndex) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gallery.index"
        saved_ms = _once_ms(lambda: save_snapshot(index, path, revision=1))
        loaded_ms = _once_ms(lambda: load_snapshot(path, index.space))
        size_mb = path.stat().st_size / 1e6
    print(
        f"  snapshot of {size_mb:.0f} MB saved in {saved_ms:.0f} ms, loaded in {loaded_ms:.0f} ms"
    )


def _measure_pairs(dimension: int) -> None:
    vectors = _like_lfw(_PAIRS_ROWS, dimension)
    took_ms = _once_ms(lambda: all_pairs_above(vectors, 0.6))
    rate = _PAIRS_ROWS**2 / 2 / took_ms / 1e3
    print(
        f"everybody against everybody, {_PAIRS_ROWS}: {took_ms:.0f} ms, {rate:.0f} million pairs/s\n"
    )


def _measure_recall(name: str, gallery: Vectors) -> None:
    ids = [f"{number:08d}" for number in range(len(gallery))]
    exact = FlatIndex(_space(gallery.shape[1]), batches="torch")
    exact.upsert(ids, gallery)
    approximate = ApproximateIndex(exact.space)
    built_ms = _once_ms(lambda: approximate.upsert(ids, gallery))
    random = np.random.default_rng(2)
    chosen = gallery[random.choice(len(gallery), _RECALL_PROBES, replace=False)]
    asked = {f"mates at {wanted}": _mates(chosen, wanted) for wanted in _MATE_SIMILARITIES}
    asked["strangers"] = _like_lfw(_RECALL_PROBES, gallery.shape[1], seed=3)
    print(f"approximate, {len(gallery)} vectors {name}: built in {built_ms / 1e3:.1f} s")
    for kind, probes in asked.items():
        agreed = _best_ids(exact, probes) == _best_ids(approximate, probes)
        print(f"  recall@1, {kind:12} {agreed.mean():.2%}")
    times = _in_turns(
        {
            "one": lambda: approximate.search(probes[:1], k=_K),
            "batch": lambda: approximate.search(probes[:_BATCH], k=_K),
            "exact": lambda: exact.search(probes[:1], k=_K),
        },
        turns=20,
    )
    print(
        f"  one probe {_shown(times['one'])}, exact {_shown(times['exact'])}; "
        f"batch of {_BATCH} {_shown(times['batch'])}\n"
    )


def _check(ours: FlatIndex, theirs: Any, probes: Vectors) -> None:
    """FAISS flat is the truth: a wrong answer ends the benchmark."""
    scores, keys = theirs.search(probes, _K)
    for some in (probes, probes[:1]):
        for row, wanted, near in zip(ours.search(some, k=_K), keys, scores, strict=False):
            if [int(c.person_id) for c in row] != wanted.tolist() or not np.allclose(
                [c.score for c in row], near, atol=1e-5
            ):
                sys.exit(f"FlatIndex answers {row}, FAISS {wanted.tolist()} {near.tolist()}")


def _remove_and_add(index: FlatIndex, person_id: str, vector: Vectors) -> None:
    index.remove([person_id])
    index.upsert([person_id], vector)


def _faiss_update(index: Any, vector: Vectors) -> None:
    index.remove_ids(np.array([0]))
    index.add_with_ids(vector, np.array([0]))


def _numpy_top(gallery: Vectors, probes: Vectors) -> list[NDArray[np.int64]]:
    """What most face systems write: all products, then ``argpartition``."""
    best = []
    for scores in probes @ gallery.T:
        top = np.argpartition(scores, -_K)[-_K:]
        best.append(top[np.argsort(-scores[top])])
    return best


def _best_ids(index: VectorIndex, probes: Vectors) -> NDArray[np.str_]:
    return np.array([row[0].person_id for row in index.search(probes, k=1)])


def _like_lfw(count: int, dimension: int, *, seed: int = 0) -> Vectors:
    random = np.random.default_rng(seed)
    rows = random.standard_normal((count, dimension), dtype=np.float32)
    rows *= np.float32(np.sqrt((1 - _LFW_MEAN**2) / dimension))
    rows[:, 0] += np.float32(_LFW_MEAN)
    return _unit(rows)


def _clustered(count: int, dimension: int) -> Vectors:
    """Crowds of look-alikes: members of one of a thousand clusters agree by about 0.5."""
    random = np.random.default_rng(5)
    centres = _unit(random.standard_normal((_CLUSTERS, dimension), dtype=np.float32))
    rows = random.standard_normal((count, dimension), dtype=np.float32)
    rows /= np.float32(np.sqrt(dimension))
    rows += centres[random.integers(0, _CLUSTERS, count)]
    return _unit(rows)


def _mates(vectors: Vectors, similarity: float) -> Vectors:
    """For each row another unit vector at exactly this cosine similarity, in a random direction."""
    noise = np.random.default_rng(4).standard_normal(vectors.shape, dtype=np.float32)
    noise = _unit(noise - (noise * vectors).sum(axis=1, keepdims=True) * vectors)
    return _unit(np.float32(similarity) * vectors + np.float32((1 - similarity**2) ** 0.5) * noise)


def _unit(rows: Vectors) -> Vectors:
    rows /= np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
    return rows


def _space(dimension: int) -> EmbeddingSpace:
    return EmbeddingSpace("made", "0" * 64, dimension, "bench")


def _once_ms(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return (time.perf_counter() - started) * 1e3


def _in_turns(actions: Mapping[str, Callable[[], object]], *, turns: int) -> dict[str, list[float]]:
    """Milliseconds of each action, every turn all of them, so that noise hits them alike."""
    for action in actions.values():
        action()
    times: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(turns):
        for name, action in actions.items():
            times[name].append(_once_ms(action))
    return times


def _shown(times_ms: Sequence[float]) -> str:
    return f"{min(times_ms):.2f} ms ({median(times_ms):.2f})"


if __name__ == "__main__":
    main()
