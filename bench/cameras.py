"""Measure live cameras: from the frame to the name on the page, and how right the names are.

    python -m bench.cameras [--cameras 4] [--fps 5] [--seconds 120] [--in-step]

Starts ``manage.py up`` with 48 people enrolled, a real RTSP server on loopback with one stream a
camera before which people pass who are known or not, and the live page in Chromium, all on this
machine. Latency is from the moment the server gave the decisive frame away, told by the number
painted into it, to the moment the page's row carried the name. Per passage: named right, wrong or
not at all, how many visits it made, and alerts per passage of a stranger.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.camera_page import names_shown, watched_page
from bench.camera_scene import Scene, Seen, build_scene
from bench.support import (
    Browser,
    describe_machine,
    enrol_known,
    median,
    percentile,
    rows_of,
    small_lfw,
)
from tests.integration.gatehouse import PROJECT, Gatehouse, system_environment

__all__ = ["main"]

GOALS_MS = {4: 500.0, 8: 1000.0}
# What passed in the first seconds may have been missed while the page was opened.
SETTLE_S = 5.0


@dataclass(frozen=True, slots=True)
class Measured:
    """What one run came to; ``visits`` are dicts as ``bench.camera_ledger`` prints them."""

    passages: Sequence[Seen]
    visits: Sequence[Mapping[str, Any]]
    shown: Mapping[tuple[str, str], float]
    seconds: float
    processor_s: Mapping[str, float]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--cameras", type=int, default=4)
    parser.add_argument("--fps", type=float, default=5.0)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument(
        "--in-step", action="store_true", help="people come before all cameras at the same time"
    )
    options = parser.parse_args()
    print(describe_machine())
    data = small_lfw()
    system = Gatehouse.create(GATEHOUSE_OPENED_NETWORKS="127.0.0.0/8")
    with tempfile.TemporaryDirectory(prefix="gatehouse-bench-") as folder:
        scene = build_scene(
            data,
            cameras=options.cameras,
            fps=options.fps,
            folder=Path(folder),
            is_in_step=options.in_step,
        )
        try:
            system.start()
            enrol_known(system, data.enrol)
            with scene.server:
                measured = _watch(system, scene, seconds=options.seconds)
                return _report(measured, scene, cameras=options.cameras)
        finally:
            system.discard()


def _watch(system: Gatehouse, scene: Scene, *, seconds: float) -> Measured:
    browser = Browser(system)
    with watched_page(system) as page:
        for name in scene.passages:
            browser.make_live_camera(name, kind="rtsp", address=scene.server.url(name))
        _until_online(system, len(scene.passages))
        page.wait_for_timeout(SETTLE_S * 1000)
        since_s, spent = time.time(), _processor_s(system)
        page.wait_for_timeout(seconds * 1000)
        until_s, used = time.time(), _processor_s(system)
        # The last visits may be named, and strangers grouped and reported, a little later.
        page.wait_for_timeout(SETTLE_S * 1000)
        return Measured(
            passages=scene.seen(since_s=since_s, until_s=until_s),
            visits=_visits(system),
            shown=names_shown(page),
            seconds=until_s - since_s,
            processor_s={name: used[name] - spent.get(name, 0.0) for name in used},
        )


def _until_online(system: Gatehouse, count: int) -> None:
    deadline = time.monotonic() + 60
    query = "SELECT count(*) FROM cameras_camerahealth WHERE state = 'online'"
    while rows_of(system, query) != [(count,)]:
        if time.monotonic() > deadline:
            states = rows_of(system, "SELECT state, detail FROM cameras_camerahealth")
            raise TimeoutError(f"not all cameras came online: {states}")
        time.sleep(0.2)


def _visits(system: Gatehouse) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.camera_ledger"],
        cwd=PROJECT,
        env=system_environment({"GATEHOUSE_DATA_DIR": str(system.data_dir)}),
        check=True,
        capture_output=True,
        text=True,
    )
    visits: list[dict[str, Any]] = json.loads(done.stdout)
    return visits


def _processor_s(system: Gatehouse) -> dict[str, float]:
    """Processor time spent so far, by part of the system."""
    parts = {
        "workers.streams": "streams",
        "portal.system.web": "web",
        "--queues recognition": "recognition worker",
        "--queues light": "light worker",
    }
    spent: Counter[str] = Counter()
    ticks = os.sysconf("SC_CLK_TCK")
    for pid, command in system.processes().items():
        part = next((name for mark, name in parts.items() if mark in command), "others")
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        spent[part] += (int(fields[11]) + int(fields[12])) / ticks
    return dict(spent)


def _report(measured: Measured, scene: Scene, *, cameras: int) -> int:
    latencies, stages = _latencies(measured, scene)
    verdicts: Counter[str] = Counter()
    visits_each, alerts_each = [], []
    for passage in measured.passages:
        during = [visit for visit in measured.visits if _is_during(visit, passage)]
        verdicts[_verdict(passage, during)] += 1
        visits_each.append(len(during))
        if not passage.who:
            alerts_each.append(sum(visit["stranger_alerts"] for visit in during))
    print(
        f"{cameras} cameras, {scene.fps:g} fps, {measured.seconds:.0f} s, "
        f"{len(measured.passages)} passages"
    )
    if latencies:
        p95 = percentile(latencies, 0.95)
        goal = GOALS_MS.get(cameras)
        against = f" (goal {goal:.0f})" if goal else ""
        print(
            f"frame to name on the page: p50 {median(latencies):.0f} ms, p95 {p95:.0f} ms{against},"
            f" {len(latencies)} names"
        )
    for stage, values in stages.items():
        print(f"  {stage}: p50 {median(values):.0f}, p95 {percentile(values, 0.95):.0f} ms")
    for verdict, count in sorted(verdicts.items()):
        print(f"{verdict}: {count}")
    print(f"visits a passage: {sum(visits_each) / max(len(visits_each), 1):.2f} (goal 1.0)")
    print(
        f"alerts a stranger's passage: {sum(alerts_each) / max(len(alerts_each), 1):.2f} (goal 1.0),"
        f" most {max(alerts_each, default=0)}"
    )
    for part, seconds in sorted(measured.processor_s.items()):
        share = 100 * seconds / measured.seconds
        each = f", {share / cameras:.1f} % a camera" if part == "streams" else ""
        print(f"processor, {part}: {share:.0f} % of one core{each}")
    return 0


def _is_during(visit: Mapping[str, Any], passage: Seen) -> bool:
    overlap = min(visit["last_s"], passage.last_s + 1) - max(visit["first_s"], passage.first_s)
    return bool(visit["camera"] == passage.camera and overlap > 0)


def _verdict(passage: Seen, visits: Sequence[Mapping[str, Any]]) -> str:
    named = {visit["person"] for visit in visits if visit["person"]}
    if not passage.who:
        return "stranger: named" if named else "stranger: not named"
    if named - {_person_name(passage.who)}:
        return "known: named wrong"
    if named:
        return "known: named right"
    kinds = {visit["decision"] for visit in visits}
    return f"known: missed ({', '.join(sorted(kinds)) or 'no visit'})"


def _person_name(identity: str) -> str:
    return identity.replace("_", " ")


def _latencies(measured: Measured, scene: Scene) -> tuple[list[float], dict[str, list[float]]]:
    """Milliseconds per named visit, in all and by stage."""
    total: list[float] = []
    stages: dict[str, list[float]] = {
        "frame to database": [],
        "database to page": [],
    }
    for visit in measured.visits:
        naming = next((face for face in visit["faces"] if face["decision"] == "match"), None)
        shown_s = measured.shown.get((visit["id"], visit["person"]))
        if naming is None or naming["frame"] is None or shown_s is None:
            continue
        sent_s = scene.sent_at(visit["camera"], naming["frame"], before_s=naming["captured_s"] + 1)
        if sent_s is None:
            continue
        total.append((shown_s - sent_s) * 1000)
        stages["frame to database"].append((visit["named_s"] - sent_s) * 1000)
        stages["database to page"].append((shown_s - visit["named_s"]) * 1000)
    return total, {name: values for name, values in stages.items() if values}


if __name__ == "__main__":
    sys.exit(main())
