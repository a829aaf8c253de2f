"""Labelled photos: WIDER FACE's list of boxes and dlib's imglab files with points.

Public surface: ``PhotoScenes``, ``read_wider``, ``read_imglab``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

import numpy as np
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import parse as parse_xml
from numpy.typing import NDArray

from recognition.detection.training.scenes import Scene, TrainingDataRejected
from recognition.errors import ImageRejected
from recognition.images import decode_image

__all__ = ["PhotoScenes", "read_imglab", "read_wider"]

_UNMARKED = np.full((5, 2), np.nan)
# iBUG's 68 points: the eyes' six each, the tip of the nose, the outer corners of the mouth.
_EYES = (range(36, 42), range(42, 48))
_NOSE, _MOUTH = 30, (48, 54)
_NAMED = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")


@dataclass(frozen=True, slots=True, eq=False)
class _Photo:
    path: Path
    boxes: NDArray[np.float64]
    landmarks: NDArray[np.float64]
    ignored: NDArray[np.float64]


class PhotoScenes:
    """Photos on disk with their labels. A ``SceneSource``; made by the two readers."""

    def __init__(self, photos: Sequence[_Photo]) -> None:
        self._photos = tuple(photos)

    def __len__(self) -> int:
        return len(self._photos)

    def name(self, index: int) -> str:
        return str(self._photos[index].path)

    def read(self, index: int) -> Scene:
        """Decode the photo at its full size, which the labels are in.

        Raises ``ImageRejected`` where the file cannot be read or is no picture.
        """
        photo = self._photos[index]
        try:
            data = photo.path.read_bytes()
        except OSError as error:
            raise ImageRejected(
                f"{photo.path} cannot be read: {error.strerror}.", code="image.unreadable"
            ) from error
        picture = decode_image(data, max_side_px=None).picture
        return Scene(picture, photo.boxes, photo.landmarks, photo.ignored)


def read_wider(labels: Path, *, root: Path) -> PhotoScenes:
    """``wider_face_train_bbx_gt.txt``: a path, a number of faces, and a line ``x y w h …`` each.

    The further numbers are blur, expression, illumination, invalid, occlusion, pose; faces that are
    invalid or have no size are ignored ones. WIDER has no points. Raises ``TrainingDataRejected``,
    naming the line that does not fit.
    """
    lines = list(enumerate(_text(labels).splitlines(), start=1))
    photos: list[_Photo] = []
    rows = iter(lines)
    for number, line in rows:
        if not line.strip():
            continue
        try:
            count = int(next(rows)[1])
            # WIDER writes a line of zeros for a picture without faces
            faces = [_numbers(next(rows)[1]) for _ in range(max(count, 1))]
        except (StopIteration, ValueError) as error:
            raise TrainingDataRejected(
                f"{labels}: what follows line {number}, {line!r}, is no number of faces with that "
                "many lines x y w h. Is it WIDER FACE's list of boxes?"
            ) from error
        own = np.array([face[:4] for face in faces], np.float64).reshape(-1, 4)
        is_void = np.array([(len(f) > 7 and f[7] == 1) or min(f[2:4]) < 1 for f in faces])
        good = own[~is_void]
        void = own[is_void & (own[:, 2:].min(axis=1) >= 1)]
        landmarks = np.repeat(_UNMARKED[None], len(good), axis=0)
        photos.append(_Photo(_inside(root, line.strip(), labels), good, landmarks, void))
    return PhotoScenes(photos)


def read_imglab(path: Path) -> PhotoScenes:
    """dlib's XML: ``image`` elements with ``box`` elements, each with 68 ``part``s, with five
    named as MTCNN's points, or with none. (dlib's own five are corners of eyes: no points here.)

    Pictures lie beside the file. A box with ``ignore='1'`` counts neither way. Raises
    ``TrainingDataRejected`` for another file.
    """
    try:
        found = parse_xml(path)
    except OSError as error:
        raise TrainingDataRejected(f"{path} cannot be read: {error.strerror}.") from error
    except (ParseError, DefusedXmlException) as error:
        raise TrainingDataRejected(f"{path} is no XML of dlib's imglab: {error}.") from error
    photos = []
    try:
        for image in found.iter("image"):
            boxes = list(image.iter("box"))
            asked = [box for box in boxes if box.get("ignore", "0") != "1"]
            passed = [box for box in boxes if box.get("ignore", "0") == "1"]
            photos.append(
                _Photo(
                    _inside(path.parent, image.attrib["file"], path),
                    np.array([_box(box) for box in asked], np.float64).reshape(-1, 4),
                    np.array([_points(box) for box in asked], np.float64).reshape(-1, 5, 2),
                    np.array([_box(box) for box in passed], np.float64).reshape(-1, 4),
                )
            )
    except (KeyError, ValueError) as error:
        raise TrainingDataRejected(
            f"{path} has an image or box without its file, place or size ({error}); expected "
            "dlib's imglab format."
        ) from error
    return PhotoScenes(photos)


def _box(element: Element) -> list[float]:
    return [float(element.attrib[name]) for name in ("left", "top", "width", "height")]


def _points(box: Element) -> NDArray[np.float64]:
    parts = {
        p.attrib["name"]: (float(p.attrib["x"]), float(p.attrib["y"])) for p in box.iter("part")
    }
    if len(parts) == 68:
        places = np.array([parts[name] for name in sorted(parts)])
        eyes = [places[list(eye)].mean(axis=0) for eye in _EYES]
        return np.array([*eyes, places[_NOSE], *places[list(_MOUTH)]])
    if set(parts) == set(_NAMED):
        return np.array([parts[name] for name in _NAMED])
    return _UNMARKED


def _inside(root: Path, name: str, labels: Path) -> Path:
    path = root / name
    if not path.resolve().is_relative_to(root.resolve()):
        raise TrainingDataRejected(f"{labels} names {name!r}, which lies outside {root}.")
    return path


def _numbers(line: str) -> list[float]:
    numbers = [float(field) for field in line.split()]
    if len(numbers) < 4:
        raise ValueError(line)
    return numbers


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise TrainingDataRejected(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise TrainingDataRejected(f"{path} is no UTF-8 text.") from error
