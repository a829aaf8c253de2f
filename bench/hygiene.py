"""Are planted errors in a gallery found, and how long does a look through a large one take?

``python -m bench.hygiene``: on lfw_small, 48 people with three photos each, (a) photos filed under
the wrong person and (b) people entered twice are planted in many rounds, and counted when
``workers.hygiene.survey`` finds them, with its false alarms; then one look through 5,000 made-up
people with three vectors each.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
from numpy.typing import NDArray

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.config.settings")

import django

django.setup()

from portal.hygiene.models import Finding  # noqa: E402 - models need Django to be set up
from portal.hygiene.selectors import Reference  # noqa: E402
from recognition.calibration import confusable_bar  # noqa: E402
from recognition.config import EngineConfig  # noqa: E402
from recognition.contracts import ImageAnalysis  # noqa: E402
from recognition.decision import DecisionPolicy, threshold_for  # noqa: E402
from recognition.images import encode_jpeg  # noqa: E402
from recognition.pipeline import Engine, load_engine  # noqa: E402
from tests.realdata import REAL_DATA  # noqa: E402
from workers.hygiene import Survey, survey  # noqa: E402

__all__ = ["main"]

PER_PERSON = 3
PLANTED = 5
ROUNDS = 40
LARGE = 5_000


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """One photo's face: whose it is, and what the look needs of it."""

    name: str
    vector: NDArray[np.float32]
    crop: bytes
    score: float
    quality: dict[str, float]


@dataclass(slots=True)
class Tally:
    planted: int = 0
    found: int = 0
    rightly_named: int = 0
    false_alarms: int = 0
    looked_at: int = 0


def main() -> None:
    engine = load_engine(EngineConfig(device="cpu"))
    people = known_faces(engine, REAL_DATA / "lfw_small" / "known")
    strangers = [
        face
        for faces in faces_in(engine, sorted((REAL_DATA / "lfw_small" / "unknown").glob("*.jpg")))
        for face in faces
    ]
    print(f"lfw_small: {len(people)} people, {PER_PERSON} photos each, {ROUNDS} rounds")
    clean = look(engine, dict.fromkeys(people), people)
    print(f"as it is: {counted(clean)}; pairs: {len(clean.pairs)}")
    for label, donors in (("another's", people), ("a stranger's", {"": strangers})):
        tally = mislabelled(engine, people, donors)
        named = f", {tally.rightly_named} with whose it is" if donors is people else ""
        print(
            f"{label} photo in place of an own one: {tally.found} of {tally.planted} found{named}; "
            f"{tally.false_alarms} of {tally.looked_at} right photos called wrong"
        )
    tally = entered_twice(engine, people)
    print(
        f"entered twice: {tally.found} of {tally.planted} found; {tally.false_alarms} other pairs in "
        f"{tally.looked_at} galleries"
    )
    large(engine)


def known_faces(engine: Engine, folder: Path) -> dict[str, list[Shown]]:
    """Per person all photos whose main face could be read."""
    people = {
        one.name: [f for fs in faces_in(engine, sorted(one.glob("*.jpg"))) for f in fs[:1]]
        for one in sorted(folder.iterdir())
    }
    return {name: faces for name, faces in people.items() if len(faces) >= PER_PERSON}


def faces_in(engine: Engine, files: Sequence[Path]) -> list[list[Shown]]:
    found = []
    for start in range(0, len(files), 16):
        part = files[start : start + 16]
        for path, outcome in zip(part, engine.analyse([p.read_bytes() for p in part]), strict=True):
            faces = outcome.faces[:1] if isinstance(outcome, ImageAnalysis) else ()
            found.append(
                [
                    Shown(
                        path.parent.name,
                        face.embedding,
                        encode_jpeg(face.aligned, quality=95),
                        face.quality.score,
                        {
                            "yaw_degrees": face.quality.yaw_degrees,
                            "pitch_degrees": face.quality.pitch_degrees,
                        },
                    )
                    for face in faces
                ]
            )
    return found


def look(
    engine: Engine,
    changes: dict[str, list[Shown] | None],
    people: dict[str, list[Shown]],
    *,
    ids: dict[str, UUID] | None = None,
    images: dict[UUID, Shown] | None = None,
) -> Survey:
    """Survey the first three photos of everybody, or what ``changes`` gives instead."""
    gallery, crops = {}, {}
    for name, other in changes.items():
        person = uuid4()
        if ids is not None:
            ids[name] = person
        rows = []
        for face in other or people[name][:PER_PERSON]:
            image = uuid4()
            crops[str(image)] = face.crop
            if images is not None:
                images[image] = face
            rows.append(
                Reference(image, face.vector, str(image), face.score, "", dict(face.quality))
            )
        gallery[person] = rows
    threshold = threshold_for(max(50, len(gallery)))
    return survey(
        gallery,
        site_mean=engine.site_mean,
        ceiling=threshold,
        bar=confusable_bar(DecisionPolicy(threshold=threshold)),
        read=crops.__getitem__,
    )


def counted(outcome: Survey) -> str:
    counts = {kind: sum(one.kind == kind for one in outcome.found) for kind in Finding.Kind}
    return ", ".join(f"{count} {kind}" for kind, count in counts.items() if count) or "clean"


def mislabelled(
    engine: Engine, people: dict[str, list[Shown]], donors: dict[str, list[Shown]]
) -> Tally:
    """One photo of some people is replaced by somebody else's."""
    rng, tally = np.random.default_rng(4), Tally()
    for _ in range(ROUNDS):
        changes: dict[str, list[Shown] | None] = dict.fromkeys(people)
        for name in rng.choice(list(people), PLANTED, replace=False):
            donor = str(rng.choice([other for other in donors if other != name]))
            wrong = donors[donor][int(rng.integers(PER_PERSON if donor else 0, len(donors[donor])))]
            changes[str(name)] = [*people[str(name)][: PER_PERSON - 1], wrong]
        ids: dict[str, UUID] = {}
        images: dict[UUID, Shown] = {}
        outcome = look(engine, changes, people, ids=ids, images=images)
        names = {person: name for name, person in ids.items()}
        unlike = [one for one in outcome.found if one.kind == Finding.Kind.UNLIKE]
        tally.planted += PLANTED
        tally.looked_at += outcome.photos - PLANTED
        for one in unlike:
            face = images[one.image_id]  # type: ignore[index]
            is_planted = face.name != names[one.person_id]
            tally.found += is_planted
            tally.false_alarms += not is_planted
            tally.rightly_named += is_planted and names.get(one.other_id) == face.name  # type: ignore[arg-type]
    return tally


def entered_twice(engine: Engine, people: dict[str, list[Shown]]) -> Tally:
    """Some people have a second entry of their other photos."""
    rng, tally = np.random.default_rng(5), Tally()
    for _ in range(ROUNDS):
        twice = rng.choice(list(people), PLANTED, replace=False)
        changes: dict[str, list[Shown] | None] = dict.fromkeys(people)
        changes |= {f"{name} again": people[str(name)][PER_PERSON:] for name in twice}
        ids: dict[str, UUID] = {}
        outcome = look(engine, changes, people, ids=ids)
        wanted = {frozenset((ids[str(name)], ids[f"{name} again"])) for name in twice}
        got = {frozenset((pair.first_id, pair.second_id)) for pair in outcome.pairs}
        tally.planted += len(wanted)
        tally.found += len(wanted & got)
        tally.false_alarms += len(got - wanted)
        tally.looked_at += 1
    return tally


def large(engine: Engine) -> None:
    """Made-up people: a random direction each, photos as far from it as real ones are."""
    rng = np.random.default_rng(6)
    size = engine.space.dimension
    gallery = {}
    for _ in range(LARGE):
        face = unit(rng.standard_normal(size))
        gallery[uuid4()] = [
            Reference(
                uuid4(), unit(face + 0.7 * unit(rng.standard_normal(size))), "", 0.8, "front", {}
            )
            for _ in range(PER_PERSON)
        ]
    threshold = threshold_for(LARGE)
    seconds, outcome = timed(
        lambda: survey(
            gallery,
            site_mean=engine.site_mean,
            ceiling=threshold,
            bar=confusable_bar(DecisionPolicy(threshold=threshold)),
        )
    )
    print(
        f"{outcome.people:,} people with {PER_PERSON} vectors each looked through in {seconds:.1f} s"
        f" (without reading the database): {counted(outcome)}, {len(outcome.pairs)} pairs"
    )


def unit(vector: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def timed(work: Callable[[], Survey]) -> tuple[float, Survey]:
    start = time.perf_counter()
    outcome = work()
    return time.perf_counter() - start, outcome


if __name__ == "__main__":
    main()
