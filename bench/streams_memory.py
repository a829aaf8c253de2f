"""Measure whether the memory of live cameras grows: hours of streams, simulated at speed.

    python -m bench.streams_memory [--hours 6] [--cameras 4] [--fps 5]

Real faces, analysed once by the engine, pass before every camera every twenty seconds; tracking,
voting, searching, the ledger and the database are the product's own, only the clock runs ahead.
Prints this process's own memory and the visits after each hour, and leaves with status 1 where it
grew by more than 2 % from the first hour to the last.
"""

from __future__ import annotations

import argparse
import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from bench.support import Photo, describe_machine, small_lfw
from tests.clips import walk_past
from tests.integration.gatehouse import system_environment

__all__ = ["main"]

GOAL = 0.02
EVERY_S = 20.0
PASSAGE_FRAMES = 10
WALKERS = 30


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--hours", type=int, default=6)
    parser.add_argument("--cameras", type=int, default=4)
    parser.add_argument("--fps", type=float, default=5.0)
    # Where this very process keeps its data is settled before it can choose: so it is another.
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.folder:
        return _measure(options)
    print(describe_machine(), flush=True)
    with tempfile.TemporaryDirectory(prefix="gatehouse-bench-") as folder:
        command = [sys.executable, "-m", "bench.streams_memory", *sys.argv[1:], "--folder", folder]
        environment = system_environment({"GATEHOUSE_DATA_DIR": folder})
        return subprocess.run(command, env=environment, check=False).returncode


def _measure(options: argparse.Namespace) -> int:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.config.settings")
    django.setup()
    from django.core.management import call_command

    from portal.core.context import SYSTEM, acting_as

    call_command("migrate", verbosity=0)
    with acting_as(SYSTEM):
        host = _host()
        cameras = _cameras(options.cameras, fps=options.fps)
        walks = _analyses(host, fps=options.fps)
        before = after = 0.0
        started = time.perf_counter()
        for hour, visits in enumerate(
            _hours(host, cameras, walks, hours=options.hours, fps=options.fps), 1
        ):
            after = _own_mb()
            before = before or after
            took = time.perf_counter() - started
            print(f"hour {hour}: {visits} visits, {after:.0f} MB, {took:.0f} s", flush=True)
    growth = after / before - 1
    print(f"grown by {100 * growth:+.2f} % since the first hour (goal {100 * GOAL:.0f} %)")
    return 0 if growth <= GOAL else 1


def _host() -> Any:
    """An engine whose gallery holds half of those who will pass."""
    from workers.engine_host import EngineHost
    from workers.folder import enrol_folder, folders_of

    host = EngineHost.build(owner="bench")
    with tempfile.TemporaryDirectory(prefix="gatehouse-bench-") as name:
        for photo in small_lfw().enrol:
            person = Path(name) / photo.identity
            person.mkdir(exist_ok=True)
            (person / photo.path.name).symlink_to(photo.path)
        enrol_folder(host, folders_of(Path(name)), basis="consent", on_person=lambda *_: True)
    return host


def _cameras(count: int, *, fps: float) -> list[Any]:
    from portal.cameras.models import Camera
    from portal.cameras.selectors import camera_settings
    from portal.organisation.services import default_site

    site = default_site()
    return [
        camera_settings(
            Camera.objects.create(
                site=site, name=f"Camera {n + 1}", kind="rtsp", key_digest=str(n), rate_fps=fps
            )
        )
        for n in range(count)
    ]


def _analyses(host: Any, *, fps: float) -> list[list[Any]]:
    """What the engine sees in each walker's frames; known and unknown take turns."""
    data = small_lfw()
    known = [photo for photo in data.probes if photo.identity][::3][: WALKERS // 2]
    unknown = [photo for photo in data.probes if not photo.identity][: WALKERS // 2]
    walkers: Sequence[Photo] = [p for pair in zip(known, unknown, strict=True) for p in pair]
    return [
        host.engine.analyse_pictures(
            list(
                walk_past(
                    [(photo.identity, photo.path)],
                    fps=fps,
                    passage_s=PASSAGE_FRAMES / fps,
                    pause_s=0.0,
                ).frames()
            ),
            flip_fusion=False,
        )
        for photo in walkers
    ]


def _hours(
    host: Any, cameras: Sequence[Any], walks: Sequence[list[Any]], *, hours: int, fps: float
) -> Iterator[int]:
    """Each time an hour is over, how many visits there are by then."""
    from portal.sightings.models import Visit
    from workers.visits import VisitBook
    from workers.visits.frames import SeenFrame

    book, began = VisitBook(host), datetime.now(UTC) - timedelta(hours=hours)
    room = np.full((540, 960, 3), 118, np.uint8)
    empty = replace(walks[0][0], faces=())
    every = round(EVERY_S * fps)
    for number in itertools.count(1):
        at_s = number / fps
        now = began + timedelta(seconds=at_s)
        frames = []
        for position, camera in enumerate(cameras):
            turn, step = divmod(number + position * every // len(cameras), every)
            walk = walks[(turn * len(cameras) + position) % len(walks)]
            analysis = walk[step] if step < len(walk) else empty
            frames.append(SeenFrame(camera, analysis, room, now, at_s))
        book.see(frames)
        if number % round(fps) == 0:
            book.tick(now)
        if number % round(3600 * fps) == 0:
            yield Visit.objects.count()
            if number >= round(hours * 3600 * fps):
                book.close()
                return


def _own_mb() -> float:
    """Anonymous memory of this process: what it holds itself."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("this kernel does not tell RssAnon")


if __name__ == "__main__":
    sys.exit(main())
