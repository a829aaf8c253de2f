"""What aligning a folder of pictures means: the recipe, the pictures, and the faces to take.

Public surface: ``Recipe``, ``FaceChoice``, ``Job``, ``list_jobs``, ``choose_faces``,
``PICTURE_SUFFIXES``.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from recognition.contracts import Detection
from recognition.decision import main_face_order
from recognition.embedding_spec import MarginConvention

__all__ = ["PICTURE_SUFFIXES", "FaceChoice", "Job", "Recipe", "choose_faces", "list_jobs"]

FaceChoice = Literal["central", "all", "largest", "probable"]

PICTURE_SUFFIXES = frozenset(
    {".avif", ".bmp", ".gif", ".heic", ".heif", ".jfif", ".jpeg", ".jpg", ".png", ".tif"}
    | {".tiff", ".webp"}
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that shapes the crops; two runs into one folder must agree in it.

    ``method`` is a crop by box and margin, the five-point similarity to the ArcFace template, or
    ``centre``: no detection at all, the middle of pictures that are aligned already. ``fallback``
    cuts the middle out of pictures in which no face is found. ``centre_scale`` shrinks them
    before that; FaceNet's value for LFW funneled is 0.87. Raises ``ValueError`` for numbers from
    which no crop can be made.
    """

    method: Literal["margin", "similarity", "centre"] = "margin"
    size: int = 182
    margin: float = 44.0
    convention: MarginConvention = "facenet"
    faces: FaceChoice = "central"
    fallback: bool = False
    centre_scale: float = 1.0

    def __post_init__(self) -> None:
        if not 1 <= self.size <= 4096:
            raise ValueError(f"size is {self.size}; 1 to 4096 px are possible")
        if self.margin < 0.0:
            raise ValueError(f"margin is {self.margin}; 0 or more pixels are needed")
        if self.convention == "facenet-pytorch" and self.margin >= self.size:
            raise ValueError(
                f"margin {self.margin:g} is counted in pixels of the output of {self.size} px here "
                "and leaves no face; take a smaller margin or --margin-convention facenet"
            )
        if not 0.01 <= self.centre_scale <= 100.0:
            raise ValueError(f"centre scale is {self.centre_scale}; 0.01 to 100 is possible")


@dataclass(frozen=True, slots=True)
class Job:
    """One picture, and where its crop goes; several faces get ``_0``, ``_1``, … before ``.png``.

    ``name`` is the output's path within the output folder, with forward slashes.
    """

    source: Path
    name: str

    def outputs(self, count: int, *, faces: FaceChoice) -> list[str]:
        if faces != "all":
            return [self.name] * min(count, 1)
        return [f"{self.name.removesuffix('.png')}_{i}.png" for i in range(count)]


def list_jobs(folder: Path, *, order_seed: int | None = None) -> list[Job]:
    """Every picture below ``folder``, by path, or shuffled by a seed.

    ``a/b.jpg`` becomes ``a/b.png``; where ``a/b.png`` or another ``a/b.*`` is there as well, the
    later ones keep their old suffix: ``a/b.png.png``. Hidden files and folders are left out.
    """
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in PICTURE_SUFFIXES
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
    taken: set[str] = set()
    jobs = []
    for path in files:
        relative = path.relative_to(folder)
        name = relative.with_suffix(".png").as_posix()
        if name in taken:
            name = f"{relative.as_posix()}.png"
        taken.add(name)
        jobs.append(Job(path, name))
    if order_seed is not None:
        random.Random(order_seed).shuffle(jobs)  # noqa: S311 - an order, not a secret
    return jobs


def choose_faces(
    found: Sequence[Detection], *, faces: FaceChoice, width_px: int, height_px: int
) -> list[Detection]:
    """The faces to cut out: all of them by falling weight, or the one that the rule names.

    ``central`` is FaceNet's rule (area minus twice the squared distance to the middle),
    ``largest`` the largest box, ``probable`` the detector's highest score.
    """
    boxes = [detection.box for detection in found]
    order = main_face_order(boxes, width_px=width_px, height_px=height_px)
    if faces == "largest":
        order.sort(key=lambda position: -boxes[position].area)
    elif faces == "probable":
        order.sort(key=lambda position: -found[position].score)
    chosen = [found[position] for position in order]
    return chosen if faces == "all" else chosen[:1]
