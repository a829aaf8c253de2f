"""The engine by itself, from a JPEG's bytes to its faces' vectors, against two plain loops.

    python -m bench.pipeline [--runs 5] [--peer-python .venv-peers/bin/python]
    python -m bench.pipeline --stages
    python -m bench.pipeline --memory 100000

Every run gives the same photos of lfw_small to the engine, to OpenCV's YuNet + SFace and to
``face_recognition``, one after the other. No web, no database. ``--stages`` tells where the time
goes, ``--memory N`` what the process holds before, after the first and after N pictures.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.peer_dlib import add_peer_argument, run_face_recognition
from bench.peer_opencv import OpenCvLoop
from bench.support import Photo, SmallLfw, describe_machine, median, small_lfw
from recognition.config import EngineConfig
from recognition.contracts import ImageAnalysis
from recognition.pipeline import Engine, load_engine

OPENCV_GOAL = 5.0  # times its photos per second
FACE_RECOGNITION_GOAL = 20.0
MEMORY_GOAL_MB = 600.0
PHOTOS = 640
# Per run: both are slow, and a minute of each is enough.
OPENCV_PHOTOS = 204
FACE_RECOGNITION_PHOTOS = 60


def main() -> int:
    options = _options()
    print(describe_machine())
    if options.memory:
        return memory(options.memory)
    data = small_lfw()
    engine = load_engine(EngineConfig(device="cpu"))
    photos = data.snapshots(PHOTOS)
    engine.analyse([photo.data for photo in data.probes], flip_fusion=False)
    print(f"{engine.info.detector} and {engine.space.model_id} in {engine.info.precision}")
    if options.stages:
        print_stages(engine, photos)
        return 0
    return compare(engine, data, photos, runs=options.runs, peer_python=options.peer_python)


def compare(
    engine: Engine, data: SmallLfw, photos: Sequence[Photo], *, runs: int, peer_python: Path
) -> int:
    """Interleaved runs of all; 0 where both goals are met."""
    loop = OpenCvLoop(data.enrol)
    for photo in data.probes[:10]:
        loop.recognise(photo.data)
    ours: list[float] = []
    opencv: list[float] = []
    dlib: list[float] = []
    for run in range(runs):
        ours.append(_engine_photos_per_s(engine, photos))
        opencv.append(_opencv_photos_per_s(loop, photos[:OPENCV_PHOTOS]))
        line = f"run {run + 1}: engine {ours[-1]:.1f} photos/s, OpenCV's loop {opencv[-1]:.1f}"
        peer = run_face_recognition(
            peer_python, enrol=data.enrol[:3], photos=data.probes[:FACE_RECOGNITION_PHOTOS]
        )
        if not isinstance(peer, str):
            dlib.append(peer.photos_per_s)
            line += f", face_recognition {peer.photos_per_s:.1f}"
        print(line, flush=True)
    print(f"\nengine: {median(ours):.1f} photos/s (median of {runs} runs, flip_fusion off)")
    met = _verdict("OpenCV's YuNet + SFace in a plain loop", ours, opencv, goal=OPENCV_GOAL)
    if dlib:
        met &= _verdict("face_recognition (dlib)", ours, dlib, goal=FACE_RECOGNITION_GOAL)
    else:
        print(f"face_recognition: not measured, {peer}")
    return 0 if met else 1


def print_stages(engine: Engine, photos: Sequence[Photo]) -> None:
    """Wall time of each stage, as the engine reports it, and the processors' in all."""
    wall, processor = time.perf_counter(), time.process_time()
    answers = engine.analyse([photo.data for photo in photos], flip_fusion=False)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    analyses = [answer for answer in answers if isinstance(answer, ImageAnalysis)]
    faces = sum(len(analysis.faces) for analysis in analyses)
    print(f"{len(photos)} photos, {faces} faces")
    print(f"{'in all':12}{wall * 1000 / len(photos):8.2f} ms a photo")
    print(f"{'processors':12}{processor * 1000 / len(photos):8.2f} ms a photo, all cores together")
    for stage in ("decode", "detect", "embed"):
        total_ms = sum(getattr(analysis.timings, f"{stage}_ms") for analysis in analyses)
        print(f"{stage:12}{total_ms / len(photos):8.2f} ms a photo, while others ran beside it")


def memory(count: int) -> int:
    """Resident memory over ``count`` pictures; 0 where it stays below the goal."""
    data = small_lfw()
    print(f"before the engine   {_resident_mb():8.1f} MB")
    engine = load_engine(EngineConfig(device="cpu"))
    print(f"loaded              {_resident_mb():8.1f} MB")
    done, warm = 0, 0.0
    files = [photo.data for photo in data.snapshots(len(data.probes))]
    next_print = 500
    while done < count:
        engine.analyse(files, flip_fusion=False)
        done += len(files)
        if done >= next_print:
            print(f"{done:7} pictures    {_resident_mb():8.1f} MB", flush=True)
            warm = warm or _resident_mb()
            next_print = max(next_print * 2, done)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    now = _resident_mb()
    print(
        f"at the end          {now:8.1f} MB, {now - warm:+.1f} MB since warm; peak {peak:.1f} MB, "
        f"{'under' if peak < MEMORY_GOAL_MB else 'NOT under'} {MEMORY_GOAL_MB:g}"
    )
    return 0 if peak < MEMORY_GOAL_MB else 1


def _engine_photos_per_s(engine: Engine, photos: Sequence[Photo]) -> float:
    started = time.perf_counter()
    engine.analyse([photo.data for photo in photos], flip_fusion=False)
    return len(photos) / (time.perf_counter() - started)


def _opencv_photos_per_s(loop: OpenCvLoop, photos: Sequence[Photo]) -> float:
    started = time.perf_counter()
    for photo in photos:
        loop.recognise(photo.data)
    return len(photos) / (time.perf_counter() - started)


def _verdict(name: str, ours: Sequence[float], theirs: Sequence[float], *, goal: float) -> bool:
    """Print the median of the ratios within a run; True where it reaches the goal."""
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    ratio = median(ratios)
    print(
        f"{name}: {median(theirs):.1f} photos/s. The engine is {ratio:.2f} times as fast (runs "
        f"{min(ratios):.2f} to {max(ratios):.2f}); the goal of {goal:g} is "
        f"{'' if ratio >= goal else 'not '}met."
    )
    return ratio >= goal


def _resident_mb() -> float:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("/proc/self/status has no VmRSS line; this measurement needs Linux")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--stages", action="store_true", help="tell where the time goes")
    parser.add_argument("--memory", type=int, metavar="N", help="watch memory over N pictures")
    add_peer_argument(parser)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
