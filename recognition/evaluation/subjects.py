"""One vector a picture: that of the person it is about. Public surface: ``Recipe``, ``Subject``,
``embed_pictures``, ``central_face``, ``as_aligned``.

Sets like LFW name the person in the middle of the picture; with ``is_aligned`` the pictures are
crops already and go to the network without detection, which also serves other species.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Face, ImageAnalysis, Picture
from recognition.errors import ImageRejected, ModelRejected, RecognitionError
from recognition.images import decode_image
from recognition.pipeline.batching import chunks
from recognition.pipeline.files import analysis_or_problem, read_contents

if TYPE_CHECKING:
    from recognition.pipeline import Engine

__all__ = [
    "Choice",
    "Flip",
    "Recipe",
    "Subject",
    "as_aligned",
    "central_face",
    "check_sees_aligned",
    "embed_pictures",
]

Choice = Literal["central", "main"]
Flip = Literal["none", "sum", "concat"]

_ALIGNED = "arcface112-similarity"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a picture becomes a vector.

    ``choose``: the face nearest the picture's centre, or the engine's main one (large and
    central). ``flip``: the picture alone, the sum of it and its mirror image (InsightFace, the
    product's enrolment), or both side by side (FaceNet; twice the dimension, length sqrt 2).
    """

    choose: Choice = "central"
    flip: Flip = "sum"
    is_aligned: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A vector, or the reason why there is none."""

    vector: NDArray[np.float32] | None
    problem: str = ""


def embed_pictures(
    engine: Engine, pictures: Sequence[Path | bytes | Picture], *, recipe: Recipe
) -> Iterator[Subject]:
    """One subject per picture, in order, a batch of the engine at a time.

    Files, encoded bytes and decoded RGB arrays are taken, arrays not among the others. The
    engine's ``flip_fusion`` must be that of the recipe, on for ``sum`` and off else; raises
    ``ValueError`` where it is not, and ``ModelRejected`` where ``concat`` needs the crop that the
    network saw and ``Face.aligned`` is not it. A picture that cannot be read, or shows no face, is
    answered by the reason.
    """
    if engine.config.flip_fusion != (recipe.flip == "sum"):
        raise ValueError(
            f"the engine has flip_fusion={engine.config.flip_fusion}; the recipe {recipe.flip!r} "
            "needs the other one"
        )
    if recipe.flip == "concat" and not recipe.is_aligned:
        check_sees_aligned(engine)
    for batch in chunks(pictures, size=engine.config.batch_size):
        if recipe.is_aligned:
            crops = [_aligned(picture, engine.crop.size_px) for picture in batch]
            good = np.array([crop for crop in crops if not isinstance(crop, str)], np.uint8)
            vectors = engine.embed(good) if len(good) else np.empty((0, 0), np.float32)
            problems = [crop if isinstance(crop, str) else "" for crop in crops]
        else:
            faces = [_face(answer, recipe.choose) for answer in _analyses(engine, batch)]
            good = np.array([face.aligned for face in faces if not isinstance(face, str)], np.uint8)
            vectors = np.array([face.embedding for face in faces if not isinstance(face, str)])
            problems = [face if isinstance(face, str) else "" for face in faces]
        if recipe.flip == "concat" and len(good):
            mirrored = engine.embed(np.ascontiguousarray(good[:, :, ::-1]))
            vectors = np.concatenate([vectors, mirrored], axis=1)
        rows = iter(vectors)
        for problem in problems:
            yield Subject(None, problem) if problem else Subject(next(rows))


def check_sees_aligned(engine: Engine) -> None:
    """Raise ``ModelRejected`` for a model that is not given ``Face.aligned``, as FaceNet's are not."""
    if engine.crop.name != _ALIGNED:
        raise ModelRejected(
            f"{engine.space.model_id} is given faces cut as {engine.crop.name}, not {_ALIGNED}; "
            "this evaluation changes the aligned crop. Cut the pictures first, and use --aligned."
        )


def central_face(analysis: ImageAnalysis) -> Face:
    """The face whose box's centre is nearest to the picture's. Raises ``ValueError`` without one."""
    middle_x, middle_y = analysis.width_px / 2, analysis.height_px / 2

    def distance(face: Face) -> float:
        x, y = face.detection.box.centre
        return (x - middle_x) ** 2 + (y - middle_y) ** 2

    return min(analysis.faces, key=distance)


def as_aligned(picture: Picture, *, size_px: int = 112) -> Picture:
    """A square of ``size_px``: a crop of that size as it is, else the largest central one, resized."""
    import cv2

    height, width = picture.shape[:2]
    if height == width == size_px:
        return picture
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = np.ascontiguousarray(picture[top : top + side, left : left + side])
    flags = cv2.INTER_AREA if side > size_px else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(square, (size_px, size_px), interpolation=flags), np.uint8)


def _analyses(
    engine: Engine, batch: Sequence[Path | bytes | Picture]
) -> list[ImageAnalysis | RecognitionError]:
    arrays = [item for item in batch if isinstance(item, np.ndarray)]
    if arrays:
        return [*engine.analyse_pictures(arrays)]
    contents = [_content(item) for item in batch]
    answers = iter(engine.analyse([content for content in contents if isinstance(content, bytes)]))
    return [next(answers) if isinstance(content, bytes) else content for content in contents]


def _face(answer: ImageAnalysis | RecognitionError, choose: Choice) -> Face | str:
    analysis = analysis_or_problem(answer)
    if isinstance(analysis, str):
        return analysis
    return analysis.faces[0] if choose == "main" else central_face(analysis)


def _aligned(item: Path | bytes | Picture, size_px: int) -> Picture | str:
    if isinstance(item, np.ndarray):
        return as_aligned(item, size_px=size_px)
    content = _content(item)
    if isinstance(content, RecognitionError):
        return content.message
    try:
        return as_aligned(decode_image(content).picture, size_px=size_px)
    except RecognitionError as error:
        return error.message


def _content(item: Path | bytes | Picture) -> bytes | ImageRejected:
    return read_contents(item) if isinstance(item, Path) else bytes(item)
