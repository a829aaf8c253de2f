"""Aligning a folder of pictures: resumable, and shared among any number of processes.

A picture is done when its record is there; a lock that the system drops with its process keeps
two processes from taking the same one. Public surface: ``align_folder`` with ``Totals``,
``merge_boxes``, ``open_state``.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from recognition.alignment.align import align_faces
from recognition.alignment.margins import centre_crop, crop_resized, margin_box
from recognition.alignment.plan import Job, Recipe, choose_faces
from recognition.contracts import Box, Detection, Picture
from recognition.errors import RecognitionError
from recognition.images import decode_image
from recognition.whole_files import draft_of

__all__ = ["BOXES_FILE", "Detect", "Totals", "align_folder", "merge_boxes", "open_state"]

BOXES_FILE = "bounding_boxes.txt"
_STATE = ".align"

Detect = Callable[[Sequence[Picture]], list[list[Detection]]]

# Each way of losing a single picture: unreadable, refused by the decoder, or not to be written.
_PICTURE_ERRORS = (OSError, RecognitionError)


@dataclass(slots=True)
class Totals:
    """What a process did. ``done_before`` were there already, ``elsewhere`` another one had."""

    pictures: int = 0
    faces: int = 0
    without_face: int = 0
    fallback: int = 0
    done_before: int = 0
    elsewhere: int = 0
    unreadable: list[tuple[str, str]] = field(default_factory=list)

    def add(self, other: Totals) -> None:
        """Add another process's work on the same pictures.

        What one process found done or taken by the other is counted once, by the other.
        """
        self.pictures += other.pictures
        self.faces += other.faces
        self.without_face += other.without_face
        self.fallback += other.fallback
        self.unreadable += other.unreadable


def open_state(output: Path, recipe: Recipe) -> Path:
    """The folder of records within ``output``; crops of another recipe are never mixed in.

    Raises ``ValueError`` where ``output`` was begun with another recipe.
    """
    state = output / _STATE
    state.mkdir(parents=True, exist_ok=True)
    wanted = json.dumps(asdict(recipe), sort_keys=True)
    note = state / "recipe.json"
    try:
        with note.open("x", encoding="utf-8") as file:
            file.write(wanted)
    except FileExistsError:
        if note.read_text("utf-8") not in {wanted, ""}:  # empty: another process is just writing
            raise ValueError(
                f"{output} holds crops that were made with other options: "
                f"{note.read_text('utf-8')}. Use another folder, or delete this one first."
            ) from None
    return state


def align_folder(
    jobs: Iterator[Job] | Sequence[Job], output: Path, *, recipe: Recipe, detect: Detect
) -> Totals:
    """Align every job that nobody else has done or is doing, one picture at a time.

    Crops are PNG files, put in place whole. A picture that cannot be read is named in the totals
    and tried again by the next run. Raises ``ValueError`` like ``open_state``.
    """
    state = open_state(output, recipe)
    totals = Totals()
    for job in jobs:
        record = state / f"{job.name}.txt"
        if record.exists():
            totals.done_before += 1
            continue
        record.parent.mkdir(parents=True, exist_ok=True)
        with _claim(record) as is_mine:
            if not is_mine:
                totals.elsewhere += 1
            elif record.exists():  # done between the look and the lock
                totals.done_before += 1
            else:
                _align_one(job, output, record, recipe=recipe, detect=detect, totals=totals)
    return totals


def merge_boxes(output: Path, jobs: Sequence[Job], *, recipe: Recipe) -> int:
    """Write all records as one bounding box file by path; returns the number of its lines.

    A line is ``path left top right bottom`` in pixels of the upright source, the last two
    exclusive, or only the path where no face was found: FaceNet's format.
    """
    state = open_state(output, recipe)
    lines: list[str] = []
    for job in jobs:
        record = state / f"{job.name}.txt"
        if record.exists():
            lines += record.read_text("utf-8").splitlines()
    lines.sort()
    _put(output / BOXES_FILE, "".join(f"{line}\n" for line in lines).encode())
    return len(lines)


def _align_one(
    job: Job, output: Path, record: Path, *, recipe: Recipe, detect: Detect, totals: Totals
) -> None:
    totals.pictures += 1
    try:
        crops, is_fallback = _cut(job, recipe=recipe, detect=detect)
        names = job.outputs(len(crops), faces=recipe.faces)
        lines = []
        for name, (crop, area) in zip(names, crops, strict=True):
            _put(output / name, _png(crop))
            lines.append(" ".join([name, *map(str, area)]))
        _put(record, "\n".join(lines or [job.name]).encode())
    except _PICTURE_ERRORS as error:
        totals.unreadable.append((str(job.source), str(error)))
        return
    totals.faces += 0 if is_fallback else len(crops)
    totals.fallback += is_fallback
    totals.without_face += not crops


def _cut(
    job: Job, *, recipe: Recipe, detect: Detect
) -> tuple[list[tuple[Picture, tuple[int, ...]]], bool]:
    """Every crop with the source pixels that it shows, and whether it is only the middle."""
    data = job.source.read_bytes()
    picture = decode_image(data, max_side_px=None).picture
    height, width = picture.shape[:2]
    if recipe.method == "centre":
        return [_middle(picture, recipe)], True
    crops: list[tuple[Picture, tuple[int, ...]]] = []
    found = _detect_small(data, detect)
    for face in choose_faces(found, faces=recipe.faces, width_px=width, height_px=height):
        try:
            area = margin_box(
                face.box,
                width_px=width,
                height_px=height,
                margin=0.0 if recipe.method == "similarity" else recipe.margin,
                size=recipe.size,
                convention=recipe.convention,
            )
            if recipe.method == "similarity":
                crop = align_faces(picture, [face.landmarks], size=recipe.size)[0]
            else:
                crop = crop_resized(picture, area, size=recipe.size)
        except ValueError:  # a box outside the picture, or points that are no face's
            continue
        crops.append((crop, area))
    if not crops and recipe.fallback:
        return [_middle(picture, recipe)], True
    return crops, False


def _middle(picture: Picture, recipe: Recipe) -> tuple[Picture, tuple[int, ...]]:
    """The centre crop; it has no box of a face, as FaceNet's file has none for it."""
    return centre_crop(picture, size=recipe.size, scale=recipe.centre_scale), ()


def _detect_small(data: bytes, detect: Detect) -> list[Detection]:
    """Faces in pixels of the source, looked for at the size that the engine works at."""
    image = decode_image(data)
    (found,) = detect([image.picture])
    grown = 1.0 / image.scale
    return [
        Detection(
            Box(*(v * grown for v in (face.box.x, face.box.y, face.box.width, face.box.height))),
            (face.landmarks * grown).astype(np.float32),
            face.score,
        )
        for face in found
    ]


def _png(crop: Picture) -> bytes:
    packed = BytesIO()
    Image.fromarray(crop).save(packed, "PNG")
    return packed.getvalue()


def _put(path: Path, data: bytes) -> None:
    """Write a file so that nobody ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with draft_of(path, mode=0o666) as draft:  # the umask says who may see the crops
        draft.write_bytes(data)


@contextmanager
def _claim(record: Path) -> Iterator[bool]:
    """Whether this process now holds the picture. The lock ends with the process, however it ends."""
    lock_path = record.with_name(f"{record.name}.lock")
    with lock_path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
        # A process that opened the file meanwhile locks a name that is gone, and finds the record.
        lock_path.unlink(missing_ok=True)
