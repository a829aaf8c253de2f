"""Measure what enrolment finds on LFW: mislabelled photos, copies, and people enrolled twice.

    GATEHOUSE_TEST_DATA=… python -m bench.enrolment_checks

On ``lfw_small``, 48 people with three photos each: one person's photo is planted among another's
three (and in place of one of two), people are enrolled a second time under another name, and
photos are saved anew. The rules are the product's own (``portal.enrolment.likeness`` and the
threshold of ``portal.engines.selectors``). Prints recall and every false alarm; a minute on two
cores. Where ``lfw`` is there as well, the false alarms of the rule among all its people.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance

from portal.enrolment.likeness import Portrayed, crop_print, sort_out
from recognition.contracts import Face
from recognition.decision import threshold_for
from recognition.images import encode_jpeg
from recognition.index import fuse_templates
from recognition.pipeline import Engine, load_engine
from tests.realdata import REAL_DATA

# As portal.engines.selectors says, which needs Django: at most one in a thousand new people is
# stopped in error, and a small gallery is judged like one of fifty.
DUPLICATE_RATE = 0.001
SMALL_GALLERY = 50


@dataclass(frozen=True, slots=True)
class Cast:
    """Per person three faces to enrol and three others."""

    enrolled: dict[str, list[Portrayed]]
    others: dict[str, list[Portrayed]]


def main() -> None:
    root = REAL_DATA / "lfw_small"
    if not root.is_dir():
        raise SystemExit(f"{root} is not there; set GATEHOUSE_TEST_DATA.")
    engine = load_engine()
    cast = read_cast(engine, root)
    print(f"{len(cast.enrolled)} people with three photos enrolled, three others each")
    mislabelled(cast)
    in_place(cast)
    twice_enrolled(engine, cast)
    copies(engine, root, cast)
    at_large(engine)


def read_cast(engine: Engine, root: Path) -> Cast:
    rows = json.loads((root / "manifest.json").read_text())
    known = [row for row in rows if row["role"] in {"enroll", "probe"}]
    faces = main_faces(engine, [root / row["file"] for row in known])
    cast = Cast(defaultdict(list), defaultdict(list))
    for row, face in zip(known, faces, strict=True):
        side = cast.enrolled if row["role"] == "enroll" else cast.others
        side[row["identity"]].append(portrayed(row["file"], face))
    return cast


def mislabelled(cast: Cast) -> None:
    """One photo of somebody else among three of a person, each person's neighbour once each."""
    people = sorted(cast.enrolled)
    found = missed = alarms = judged = 0
    for position, person in enumerate(people):
        for step in (1, 7, 19):
            stranger = cast.others[people[(position + step) % len(people)]][0]
            unlike = set(sort_out([*cast.enrolled[person], stranger]).unlike)
            found += stranger.id in unlike
            missed += stranger.id not in unlike
            alarms += len(unlike - {stranger.id})
            judged += len(cast.enrolled[person])
    report("mislabelled photo beside three right ones", found, missed, alarms, judged)
    right = [set(sort_out(faces).unlike) for faces in cast.enrolled.values()]
    print(f"  nothing planted: {sum(map(len, right))} of {3 * len(right)} photos set aside")


def in_place(cast: Cast) -> None:
    """The third photo is somebody else's: two speak against one."""
    people = sorted(cast.enrolled)
    found = missed = alarms = judged = 0
    for position, person in enumerate(people):
        stranger = cast.others[people[(position + 1) % len(people)]][1]
        faces = [*cast.enrolled[person][:2], stranger]
        unlike = set(sort_out(faces).unlike)
        found += stranger.id in unlike
        missed += stranger.id not in unlike
        alarms += len(unlike - {stranger.id})
        judged += 2
    report("mislabelled photo in place of the third", found, missed, alarms, judged)


def twice_enrolled(engine: Engine, cast: Cast) -> None:
    """Everybody comes again with other photos, and everybody comes for the first time."""
    threshold = threshold_for(max(len(cast.enrolled), SMALL_GALLERY), fpir=DUPLICATE_RATE)
    people = sorted(cast.enrolled)
    fused = {
        person: fuse_templates(np.stack([face.vector for face in cast.enrolled[person]]))
        for person in people
    }
    stopped = photos = false_stops = 0
    for person in people:
        index = engine.new_index()
        index.upsert(people, np.stack([fused[one] for one in people]))
        best = [found[0] for found in index.search(probes_of(cast, person), k=1)]
        hits = [one for one in best if one.person_id == person and one.score >= threshold]
        stopped += bool(hits)
        photos += len(hits)
        index.remove([person])
        best = [found[0] for found in index.search(probes_of(cast, person), k=1)]
        false_stops += any(one.score >= threshold for one in best)
    print(
        f"people enrolled twice: {stopped} of {len(people)} stopped "
        f"({photos} of {3 * len(people)} photos) at threshold {threshold:.3f}; "
        f"{false_stops} of {len(people)} new people stopped in error"
    )


def copies(engine: Engine, root: Path, cast: Cast) -> None:
    """Each enrolled photo saved anew in several ways, and the different photos of one person."""
    kinds: dict[str, list[bool]] = defaultdict(list)
    for faces in cast.enrolled.values():
        for face in faces[:1]:
            with Image.open(root / face.id) as picture:
                anew = dict(saved_anew(picture.convert("RGB")))
            again = engine.analyse(list(anew.values()))
            for kind, analysis in zip(anew, again, strict=True):
                seen = getattr(analysis, "faces", ())
                if seen:
                    copy = portrayed("copy", seen[0])
                    kinds[kind].append(bool(sort_out([face, copy]).repeated))
    for kind, merged in kinds.items():
        print(f"copies, {kind}: {sum(merged)} of {len(merged)} merged")
    different = wrong = 0
    for person in cast.enrolled:
        faces = [*cast.enrolled[person], *cast.others[person]]
        different += len(faces)
        wrong += len(sort_out(faces).repeated)
    print(f"different photos of one person: {wrong} of {different} taken for copies")


def at_large(engine: Engine) -> None:
    """False alarms among all people of LFW who have three photos or more."""
    root = REAL_DATA / "lfw" / "images"
    if not root.is_dir():
        return
    folders = [sorted(folder.glob("*.jpg"))[:10] for folder in sorted(root.iterdir())]
    folders = [files for files in folders if len(files) >= 3]
    faces = iter(main_faces(engine, [file for files in folders for file in files]))
    unlike = repeated = photos = 0
    for files in folders:
        sorting = sort_out([portrayed(str(file), next(faces)) for file in files])
        unlike += len(sorting.unlike)
        repeated += len(sorting.repeated)
        photos += len(files)
    print(
        f"LFW, {len(folders)} people, {photos} photos, nothing planted: {unlike} set aside "
        f"({unlike / photos:.2%}), {repeated} taken for copies ({repeated / photos:.2%})"
    )


def report(what: str, found: int, missed: int, alarms: int, judged: int) -> None:
    recall = found / (found + missed)
    print(
        f"{what}: recall {recall:.3f} ({found} of {found + missed}); "
        f"false alarms {alarms} of {judged} right photos"
    )


def probes_of(cast: Cast, person: str) -> np.ndarray:
    return np.stack([face.vector for face in cast.others[person]])


def main_faces(engine: Engine, files: Sequence[Path]) -> list[Face]:
    """The main face of each picture; a picture without one would spoil the measurement."""
    faces = []
    for start in range(0, len(files), 64):
        part = files[start : start + 64]
        for file, analysis in zip(
            part, engine.analyse([file.read_bytes() for file in part]), strict=True
        ):
            found = getattr(analysis, "faces", ())
            if not found:
                raise SystemExit(f"No face was found in {file}.")
            faces.append(found[0])
    return faces


def portrayed(name: str, face: Face) -> Portrayed:
    # As the product keeps it, and reads it again.
    jpeg = encode_jpeg(face.aligned, quality=95)
    return Portrayed(name, face.embedding, face.quality.score, lambda: crop_print(jpeg))


def saved_anew(picture: Image.Image) -> Iterator[tuple[str, bytes]]:
    width, height = picture.size
    yield "JPEG 60", encoded(picture, 60)
    yield "0.6 times the size", encoded(picture.resize((width * 6 // 10, height * 6 // 10)))
    yield "twice the size", encoded(picture.resize((width * 2, height * 2)))
    yield "15 % brighter", encoded(ImageEnhance.Brightness(picture).enhance(1.15))
    yield "cut at the edges", encoded(picture.crop((10, 6, width - 4, height - 8)))
    yield "turned by 3 degrees", encoded(picture.rotate(3, resample=Image.Resampling.BICUBIC))


def encoded(picture: Image.Image, quality: int = 90) -> bytes:
    stream = BytesIO()
    picture.save(stream, "JPEG", quality=quality)
    return stream.getvalue()


if __name__ == "__main__":
    main()
