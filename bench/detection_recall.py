"""How small and how large a face is found: LFW faces pasted into frames, by size, per detector.

    GATEHOUSE_TEST_DATA=… python -m bench.detection_recall [--photos 24] [--detectors yunet mtcnn haar]

A face's size is the longer side of its box; the truth is the mean of YuNet's and MTCNN's boxes in
the untouched 250 px photo, for photos in which both see one face and agree by an IoU of 0.6. The
face is cut out with half its size around it, scaled (areas when shrinking, cubic when growing) and
pasted at a place drawn with a fixed seed, wholly inside the frame, on grey, on noise and on a photo
without people in turn. Found means an IoU of 0.5 or more with the pasted truth (0.4 for Haar,
whose boxes are squares of another kind); everything that overlaps it by less than 0.1 is a false
alarm. Thresholds are the engine's defaults. About six minutes on two cores.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from recognition.contracts import Box, Detection, Detector, Picture
from recognition.detection import build_detector
from recognition.device import choose_device
from recognition.geometry import iou_matrix
from recognition.images import decode_image
from tests.realdata import REAL_DATA

SEED = 20_261_122
FRAMES = [(160, 160), (320, 240), (640, 480), (1280, 720), (1920, 1080)]
SIZES_PX = (20, 24, 32, 48)
SHARES = (0.25, 0.5, 0.75, 0.95)  # of the frame's shorter side
FOUND_IOU = {"yunet": 0.5, "mtcnn": 0.5, "haar": 0.4}
FALSE_IOU = 0.1
AGREEMENT_IOU = 0.6
ROOM = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Cutout:
    """A face with some room around it, and its box in it."""

    pixels: Picture
    face: Box


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=int, default=24, help="faces per size and frame")
    parser.add_argument("--detectors", nargs="+", default=list(FOUND_IOU), choices=list(FOUND_IOU))
    options = parser.parse_args()
    if not (REAL_DATA / "lfw" / "images").is_dir():
        raise SystemExit(f"{REAL_DATA / 'lfw/images'} is not there; set GATEHOUSE_TEST_DATA.")
    cutouts = cut_faces(options.photos)
    print(
        f"{len(cutouts)} faces a cell, seed {SEED}; found means an IoU of at least "
        + ", ".join(f"{FOUND_IOU[name]} ({name})" for name in options.detectors)
    )
    for name in options.detectors:
        print_table(name, cutouts)


def print_table(name: str, cutouts: Sequence[Cutout]) -> None:
    """Faces found of those pasted, a row per frame, and the false alarms of the row."""
    detector = detector_of(name)
    heads = [f"{size} px" for size in SIZES_PX] + [f"{share:.0%}" for share in SHARES]
    print(f"\n{name:12}" + "".join(f"{head:>8}" for head in heads) + "   false alarms")
    for frame in FRAMES:
        found, false, pictures = [], 0, 0
        for size_px in (*SIZES_PX, *(share * min(frame) for share in SHARES)):
            hits = 0
            for number, cutout in enumerate(cutouts):
                picture, truth = paste(cutout, frame=frame, size_px=size_px, number=number)
                overlaps = overlaps_with(truth, detector.detect([picture])[0])
                hits += bool((overlaps >= FOUND_IOU[name]).any())
                false += int((overlaps < FALSE_IOU).sum())
                pictures += 1
            found.append(hits)
        print(
            f"{frame[0]:>5} x {frame[1]:<4}"
            + "".join(f"{hits / len(cutouts):>8.0%}" for hits in found)
            + f"   {false} in {pictures} pictures"
        )


def cut_faces(count: int) -> list[Cutout]:
    """The first ``count`` usable faces of LFW photos that lie evenly over the set."""
    yunet, mtcnn = detector_of("yunet"), detector_of("mtcnn")
    files = sorted((REAL_DATA / "lfw" / "images").rglob("*.jpg"))
    cutouts: list[Cutout] = []
    for file in files[:: max(1, len(files) // (count * 3))]:
        picture = decode_image(file.read_bytes()).picture
        seen = [detector.detect([picture])[0] for detector in (yunet, mtcnn)]
        if any(len(faces) != 1 for faces in seen):
            continue
        boxes = np.concatenate([boxes_of(faces) for faces in seen])
        if iou_matrix(boxes[:1], boxes[1:])[0, 0] >= AGREEMENT_IOU:
            cutouts.append(cut(picture, Box(*boxes.mean(axis=0).tolist())))
        if len(cutouts) == count:
            break
    return cutouts


def cut(picture: Picture, face: Box) -> Cutout:
    room = ROOM * max(face.width, face.height)
    left, top = max(int(face.x - room), 0), max(int(face.y - room), 0)
    right, bottom = int(face.x + face.width + room), int(face.y + face.height + room)
    inside = Box(face.x - left, face.y - top, face.width, face.height)
    return Cutout(picture[top:bottom, left:right], inside)


def paste(
    cutout: Cutout, *, frame: tuple[int, int], size_px: float, number: int
) -> tuple[Picture, Box]:
    """The frame with the face in it and the face's box there."""
    rng = np.random.default_rng([SEED, number, *frame, round(size_px)])
    scale = size_px / max(cutout.face.width, cutout.face.height)
    height, width = (max(1, round(side * scale)) for side in cutout.pixels.shape[:2])
    scaled = cv2.resize(
        cutout.pixels,
        (width, height),
        interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC,
    )
    x_scale, y_scale = width / cutout.pixels.shape[1], height / cutout.pixels.shape[0]
    face = Box(
        cutout.face.x * x_scale,
        cutout.face.y * y_scale,
        cutout.face.width * x_scale,
        cutout.face.height * y_scale,
    )
    # where the face's own corner may lie, then where the cut-out's does
    x = round(rng.uniform(0, max(frame[0] - face.width, 0)) - face.x)
    y = round(rng.uniform(0, max(frame[1] - face.height, 0)) - face.y)
    picture = background(number % 3, frame, rng)
    left, top, right, bottom = (
        max(x, 0),
        max(y, 0),
        min(x + width, frame[0]),
        min(y + height, frame[1]),
    )
    picture[top:bottom, left:right] = scaled[top - y : bottom - y, left - x : right - x]
    return picture, Box(face.x + x, face.y + y, face.width, face.height)


def background(kind: int, frame: tuple[int, int], rng: np.random.Generator) -> Picture:
    width, height = frame
    if kind == 0:
        return np.full((height, width, 3), 128, np.uint8)
    if kind == 1:
        return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    photo = decode_image((REAL_DATA / "detection" / "dogs.jpg").read_bytes()).picture
    scale = max(width / photo.shape[1], height / photo.shape[0])
    grown = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(grown[:height, :width])


def detector_of(name: str) -> Detector:
    return build_detector(
        name,  # type: ignore[arg-type]
        choice=choose_device("cpu", "auto"),
        threshold=0.7,
        min_face_px=20,
    )


def boxes_of(faces: Sequence[Detection]) -> np.ndarray:
    rows = [(f.box.x, f.box.y, f.box.width, f.box.height) for f in faces]
    return np.array(rows, dtype=np.float64).reshape(-1, 4)


def overlaps_with(truth: Box, faces: Sequence[Detection]) -> np.ndarray:
    row = np.array([[truth.x, truth.y, truth.width, truth.height]])
    return np.asarray(iou_matrix(row, boxes_of(faces))[0])


if __name__ == "__main__":
    main()
