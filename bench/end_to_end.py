"""Measure the whole running system against plain loops over the same photos.

    python -m bench.end_to_end [--runs 5] [--snapshots 640] [--peer-python .venv-peers/bin/python]

Starts ``manage.py up``, enrols 48 people with three photos each, sends snapshots over HTTP as a
camera and listens on the websocket as a browser: images per second from the first request's first
byte to the last result heard, and the time from a request to its result. Every run measures
Gatehouse and OpenCV's loop one after the other, so that a busy machine disturbs both alike.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.peer_dlib import add_peer_argument, run_face_recognition
from bench.peer_opencv import OpenCvLoop
from bench.sender import Sent, Target, send_all
from bench.support import (
    LiveListener,
    Photo,
    SmallLfw,
    describe_machine,
    median,
    percentile,
    rows_of,
    small_lfw,
    system_with_camera,
)
from recognition.config import EngineConfig
from tests.integration.gatehouse import Gatehouse

GOAL = 2.0  # times the images per second of OpenCV's own loop
THROUGHPUT_SENDERS = 16
PATIENCE_S = 300.0


@dataclass(frozen=True, slots=True)
class Burst:
    """What one burst of snapshots came to."""

    images_per_s: float
    latencies_ms: list[float]
    ids: list[str]


def main() -> None:
    options = _options()
    data = small_lfw()
    print(describe_machine())
    peer = OpenCvLoop(data.enrol)
    photos = data.snapshots(options.snapshots)
    with (
        system_with_camera(enrol=data.enrol) as (system, browser, target),
        LiveListener(system, browser.cookie) as live,
    ):
        # Warm-up: every batch size is compiled, every connection open.
        _burst(target, live, data.snapshots(len(data.probes)), senders=THROUGHPUT_SENDERS)
        for photo in data.probes[:20]:
            peer.recognise(photo.data)
        ours, theirs = _throughput(target, live, peer, photos, runs=options.runs, system=system)
        _latency(target, live, data, count=options.latency_snapshots)
    print(f"\nGatehouse, whole system: {median(ours):.1f} images/s (median of {len(ours)} runs)")
    _ratio("OpenCV's YuNet + SFace in a plain loop", ours, theirs, goal=GOAL)
    same = OpenCvLoop(data.enrol, score_threshold=EngineConfig().detection_threshold)
    _ratio(
        "The same loop, told to find as faint faces as Gatehouse", ours, [_loop(same, photos)[0]]
    )
    _face_recognition(options.peer_python, data, ours)


def _throughput(
    target: Target,
    live: LiveListener,
    peer: OpenCvLoop,
    photos: Sequence[Photo],
    *,
    runs: int,
    system: Gatehouse,
) -> tuple[list[float], list[float]]:
    ours: list[float] = []
    theirs: list[float] = []
    for run in range(runs):
        burst = _burst(target, live, photos, senders=THROUGHPUT_SENDERS)
        ours.append(burst.images_per_s)
        speed, names = _loop(peer, photos)
        theirs.append(speed)
        load = os.getloadavg()[0]
        print(
            f"run {run + 1}: Gatehouse {ours[-1]:.1f} images/s, OpenCV's loop {theirs[-1]:.1f}, "
            f"ratio {ours[-1] / theirs[-1]:.2f} (load {load:.1f})"
        )
        if run == 0:
            print(f"  Gatehouse: {_verdict(photos, _names_in(system, burst.ids))}")
            print(f"  OpenCV:    {_verdict(photos, names)}")
    return ours, theirs


def _loop(peer: OpenCvLoop, photos: Sequence[Photo]) -> tuple[float, list[list[str]]]:
    """Images per second, and the names said per photo."""
    started = time.perf_counter()
    names = [peer.recognise(photo.data) for photo in photos]
    return len(photos) / (time.perf_counter() - started), names


def _latency(target: Target, live: LiveListener, data: SmallLfw, *, count: int) -> None:
    print("\nFrom a request's first byte to its result on the websocket, each sender sending its")
    print("next picture when it has heard the last one's result:")
    for senders in (1, 4, 16):
        burst = _burst(target, live, data.snapshots(count), senders=senders, takes_turns=True)
        print(
            f"  {senders:2d} sender{'s' if senders > 1 else ' '}: "
            f"p50 {percentile(burst.latencies_ms, 0.5):.0f} ms, "
            f"p95 {percentile(burst.latencies_ms, 0.95):.0f} ms, {burst.images_per_s:.1f} images/s"
        )


def _burst(
    target: Target,
    live: LiveListener,
    photos: Sequence[Photo],
    *,
    senders: int,
    takes_turns: bool = False,
) -> Burst:
    def hear(item: Sent) -> None:
        live.wait_for([item.id], within_s=PATIENCE_S)

    sent = send_all(
        target,
        [photo.data for photo in photos],
        keys=[uuid.uuid4().hex for _ in photos],
        senders=senders,
        then=hear if takes_turns else None,
    )
    ids = [item.id for item in sent]
    live.wait_for(ids, within_s=PATIENCE_S)
    took = max(live.heard[key] for key in ids) - min(item.sent_at for item in sent)
    return Burst(
        images_per_s=len(photos) / took,
        latencies_ms=[(live.heard[item.id] - item.sent_at) * 1000 for item in sent],
        ids=ids,
    )


def _names_in(system: Gatehouse, ids: Iterable[str]) -> list[list[str]]:
    """Per recognition the codes of the people that were named in it, empty for the others."""
    said: dict[str, list[str]] = {key: [] for key in ids}
    for key, decision, code in rows_of(
        system,
        "SELECT f.recognition_id, f.decision, p.code FROM sightings_recognisedface f "
        "LEFT JOIN people_person p ON p.id = f.person_id",
    ):
        name = str(uuid.UUID(str(key)))
        if name in said:
            said[name].append(str(code) if decision == "match" else "")
    return list(said.values())


def _verdict(photos: Sequence[Photo], named: Sequence[Sequence[str]]) -> str:
    right = wrong = strangers = known = 0
    for photo, names in zip(photos, named, strict=True):
        if photo.identity:
            known += 1
            right += photo.identity in names
        else:
            strangers += 1
        wrong += any(name not in {"", photo.identity} for name in names)
    return (
        f"{right} of {known} photos of enrolled people named right, {wrong} photos with somebody "
        f"named wrong ({strangers} show strangers), {sum(map(len, named))} faces"
    )


def _face_recognition(python: Path, data: SmallLfw, ours: Sequence[float]) -> None:
    run = run_face_recognition(python, enrol=data.enrol, photos=data.probes)
    if isinstance(run, str):
        print(f"face_recognition: skipped, {run}")
        return
    _ratio("face_recognition (dlib)", ours, [run.photos_per_s])
    print(f"  face_recognition: {_verdict(data.probes, run.names)}")


def _ratio(
    name: str, ours: Sequence[float], theirs: Sequence[float], *, goal: float | None = None
) -> None:
    ratio = median(ours) / median(theirs)
    verdict = (
        "" if goal is None else f"; the goal of {goal:g} is {'' if ratio >= goal else 'not '}met"
    )
    print(
        f"{name}: {median(theirs):.1f} images/s. Gatehouse is {ratio:.2f} times as fast{verdict}."
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--snapshots", type=int, default=640, help="a run (default 640)")
    parser.add_argument("--latency-snapshots", type=int, default=204)
    add_peer_argument(parser)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
