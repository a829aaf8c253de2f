"""Are visits named rightly, and is one passage one visit? Clips straight through engine and book.

    python -m bench.visits [--cameras 4] [--fps 5] [--passages 40]

People of lfw_small who are enrolled and strangers walk past several cameras, one after the other
before each (``tests.clips``); the frames of all cameras are analysed in one batch and handed to
``VisitBook``. No network and no decoder: what is measured are the decisions. The database is made
for the run and deleted after it.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np

from tests.clips import Passage, Walk, walk_past
from tests.realdata import REAL_DATA

if TYPE_CHECKING:
    from portal.cameras.models import Camera
    from workers.engine_host import EngineHost

__all__ = ["main"]

PER_PERSON = 3
PASSAGE_S = 3.0
START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


@dataclass(slots=True)
class Tally:
    """Counts over all passages; times in frames from the first face."""

    right: int = 0
    wrong: int = 0
    missed: int = 0
    strangers: int = 0
    strangers_named: int = 0
    strangers_confirmed: int = 0
    unseen: int = 0
    visits: list[int] = field(default_factory=list)
    to_likely: list[int] = field(default_factory=list)
    to_sure: list[int] = field(default_factory=list)


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="gatehouse-visits-") as folder:
        os.environ["GATEHOUSE_DATA_DIR"] = folder
        os.environ["GATEHOUSE_TEST_DATA_DIR"] = folder
        os.environ["DJANGO_SETTINGS_MODULE"] = "portal.config.settings.test"
        import django

        django.setup()
        from django.core.management import call_command

        from portal.core.context import SYSTEM, acting_as

        call_command("migrate", verbosity=0)
        # Nobody listens: without a broker every event would wait for one.
        with acting_as(SYSTEM), patch("portal.jobs.dispatch.dispatch"):
            run(options)


def run(options: argparse.Namespace) -> None:
    from workers.engine_host import EngineHost

    known, strangers = _photos()
    host = EngineHost.build(owner="bench")
    names = enrol(host, known)
    walkers = [(who, paths[-1]) for who, paths in known.items()]
    walkers += [("", path) for path in strangers]
    random.Random(5).shuffle(walkers)
    del walkers[options.passages :]
    walks = [
        walk_past(walkers[n :: options.cameras], fps=options.fps, passage_s=PASSAGE_S, seed=n)
        for n in range(options.cameras)
    ]
    print(
        f"{len(names)} enrolled, {len(walkers)} passages of {PASSAGE_S:.0f} s before "
        f"{options.cameras} cameras at {options.fps:g} fps"
    )
    tally, frames, seconds = watch(host, walks, names, sites=options.sites)
    report(tally, frames=frames, seconds=seconds)


def enrol(host: EngineHost, known: dict[str, list[Path]]) -> dict[str, str]:
    """All but the last photo of each; returns names by person id."""
    from portal.people.services.gallery import person_key
    from portal.people.services.revision import bump_gallery_revision
    from portal.people.vectors import seal_vector
    from recognition.contracts import ImageAnalysis
    from tests.factories.people import (
        ConsentFactory,
        FaceImageFactory,
        FaceTemplateFactory,
        PersonFactory,
    )

    names = {}
    for name, paths in known.items():
        person = PersonFactory(name=name)
        ConsentFactory(person=person)
        answers = host.engine.analyse([path.read_bytes() for path in paths[:-1]], flip_fusion=True)
        for answer in answers:
            if isinstance(answer, ImageAnalysis) and answer.faces:
                vector = answer.faces[0].embedding
                FaceTemplateFactory(
                    image=FaceImageFactory(person=person),
                    space=host.space,
                    sealed_vector=seal_vector(
                        vector, dimension=len(vector), data_key=person_key(person)
                    ),
                )
        names[str(person.pk)] = name
    bump_gallery_revision()
    return names


def watch(
    host: EngineHost, walks: Sequence[Walk], names: dict[str, str], *, sites: int
) -> tuple[Tally, int, float]:
    from portal.cameras.models import Camera
    from portal.cameras.selectors import camera_settings
    from portal.organisation.models import Site
    from tests.factories import CameraFactory
    from workers.visits import SeenFrame, VisitBook

    places = [Site.objects.create(name=f"Site {n}") for n in range(sites)]
    cameras = [
        CameraFactory(kind=Camera.Kind.FILE, rate_fps=walk.fps, site=places[n % sites])
        for n, walk in enumerate(walks)
    ]
    settings = [camera_settings(camera) for camera in cameras]
    book, tally, count = VisitBook(host), Tally(), 0
    watchers = [Watcher(camera, walk, names) for camera, walk in zip(cameras, walks, strict=True)]
    spent = 0.0
    for number, pictures in enumerate(_side_by_side(walks)):
        at = START + timedelta(seconds=number / walks[0].fps)
        started = time.perf_counter()
        present = [n for n, picture in enumerate(pictures) if picture is not None]
        analyses = host.engine.analyse_pictures(
            [p for p in pictures if p is not None], flip_fusion=False
        )
        book.see(
            [
                SeenFrame(settings[n], analysis, pictures[n], at, number / walks[0].fps)
                for n, analysis in zip(present, analyses, strict=True)
            ]
        )
        if number % round(walks[0].fps) == 0:
            book.tick(at)
        spent += time.perf_counter() - started
        count += len(present)
        faces = {n: len(a.faces) for n, a in zip(present, analyses, strict=True)}
        for n, watcher in enumerate(watchers):
            watcher.look(number, at, faces.get(n, 0))
    book.tick(START + timedelta(days=1))
    for watcher in watchers:
        watcher.settle(tally)
    return tally, count, spent


class Watcher:
    """What the database says of each passage before one camera, while it goes on and afterwards."""

    def __init__(self, camera: Camera, walk: Walk, names: dict[str, str]) -> None:
        self._camera, self._walk, self._names = camera, walk, names
        self._first: dict[Passage, int] = {}
        self._likely: dict[Passage, int] = {}
        self._sure: dict[Passage, int] = {}
        # Photos that show others in the background: as many visits, rightly.
        self._crowded: set[Passage] = set()

    def look(self, number: int, at: datetime, faces: int) -> None:
        passage = next(
            (p for p in self._walk.passages if p.first_frame <= number < p.end_frame), None
        )
        if passage is None or not faces:
            return
        if faces > 1:
            self._crowded.add(passage)
        self._first.setdefault(passage, number)
        if not passage.who or passage in self._sure:
            return
        for visit in self._visits(passage):
            if self._names.get(str(visit.person_id)) == passage.who:
                self._likely.setdefault(passage, number)
                if visit.is_confirmed:
                    self._sure.setdefault(passage, number)

    def settle(self, tally: Tally) -> None:
        for passage in self._walk.passages:
            visits = self._visits(passage)
            if passage not in self._crowded:
                tally.visits.append(len(visits))
            found = {
                (self._names.get(str(v.person_id)), v.is_confirmed) for v in visits if v.person_id
            }
            named = {name for name, _ in found}
            if not visits:
                tally.unseen += 1
            if not passage.who:
                tally.strangers += 1
                tally.strangers_named += bool(named)
                tally.strangers_confirmed += any(sure for _, sure in found)
            elif named - {passage.who}:
                tally.wrong += 1
            elif (passage.who, True) in found:
                tally.right += 1
            else:
                tally.missed += 1
            first = self._first.get(passage)
            if first is not None and passage in self._likely:
                tally.to_likely.append(self._likely[passage] - first + 1)
            if first is not None and passage in self._sure:
                tally.to_sure.append(self._sure[passage] - first + 1)

    def _visits(self, passage: Passage) -> list[Any]:
        """Those of which this camera saw something while the passage went on."""
        from portal.sightings.models import Visit

        since = START + timedelta(seconds=passage.first_frame / self._walk.fps)
        until = START + timedelta(seconds=(passage.end_frame - 1) / self._walk.fps)
        return list(
            Visit.objects.filter(
                legs__camera=self._camera,
                legs__first_at__lte=until,
                legs__last_at__gte=since,
            ).distinct()
        )


def report(tally: Tally, *, frames: int, seconds: float) -> None:
    known = tally.right + tally.wrong + tally.missed
    print(
        f"enrolled: {tally.right} of {known} named right and confirmed, {tally.wrong} wrong, "
        f"{tally.missed} missed"
    )
    print(
        f"strangers: {tally.strangers_named} of {tally.strangers} given a name at the end, "
        f"{tally.strangers_confirmed} confirmed"
    )
    print(
        f"visits a passage, of {len(tally.visits)} with one face in the photo: "
        f"{statistics.mean(tally.visits):.3f} {dict(Counter(tally.visits))}; "
        f"{tally.unseen} without any"
    )
    for title, values in (("provisional", tally.to_likely), ("confirmed", tally.to_sure)):
        if values:
            print(
                f"frames to {title}: median {statistics.median(values):g}, "
                f"p95 {np.percentile(values, 95):g}, most {max(values)}"
            )
    print(f"{frames} frames in {seconds:.1f} s: {frames / seconds:.0f} frames/s with the database")


def _side_by_side(walks: Sequence[Walk]) -> Iterator[list[Any]]:
    """The frames of all cameras at one instant; None where a clip is over."""
    frames = [walk.frames() for walk in walks]
    for _ in range(max(walk.frame_count for walk in walks)):
        yield [next(one, None) for one in frames]


def _photos() -> tuple[dict[str, list[Path]], list[Path]]:
    folder = REAL_DATA / "lfw_small"
    if not folder.is_dir():
        sys.exit(f"This benchmark needs the photos of lfw_small and found none in {folder}.")
    people = {one.name: sorted(one.glob("*.jpg")) for one in sorted((folder / "known").iterdir())}
    known = {name: paths for name, paths in people.items() if len(paths) > PER_PERSON}
    return {n: p[: PER_PERSON + 1] for n, p in known.items()}, sorted(
        (folder / "unknown").glob("*.jpg")
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cameras", type=int, default=4)
    parser.add_argument("--sites", type=int, default=1, help="the cameras stand at so many sites")
    parser.add_argument("--passages", type=int, default=1000, help="the most, of all")
    parser.add_argument("--fps", type=float, default=5.0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
