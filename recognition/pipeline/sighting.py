"""From what a detector found to crops worth embedding: choose, look again, align, measure.

Public surface: ``Sighting`` (one face on its way), ``Sighted`` (those of one picture), ``Sighter``,
``Wanted``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from recognition.alignment import ARCFACE_TEMPLATE_112, align_faces
from recognition.config import EngineConfig
from recognition.contracts import Detection, FaceQuality, Picture
from recognition.decision import main_face_order
from recognition.detection.second_look import LandmarkRefiner
from recognition.embedding.cutting import cut_face
from recognition.embedding_spec import CropSpec
from recognition.geometry.crops import cut_portrait
from recognition.images import DecodedImage
from recognition.quality import measure

__all__ = ["Sighted", "Sighter", "Sighting", "Wanted"]

# For a picture's number and its faces: which of them are worth the work of being recognised.
Wanted = Callable[[int, Sequence[Detection]], Sequence[bool]]

# Quality is measured on this crop whatever the embedder takes: its limits were set on it.
_QUALITY_CROP = CropSpec()


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """A face in the decoded picture's pixels, not yet embedded.

    ``crop`` is what the embedder will see: ``aligned`` itself for most models.
    """

    detection: Detection
    quality: FaceQuality
    crop: Picture
    aligned: Picture
    portrait: Picture


@dataclass(frozen=True, slots=True, eq=False)
class Sighted:
    """The faces of one picture, the main one first, how many the configured limit cost, and those
    that were not wanted."""

    faces: tuple[Sighting, ...]
    left_out: int
    glimpsed: tuple[Detection, ...] = ()


class Sighter:
    """Cuts faces as the embedder wants them. Not thread-safe, as its refiner's network is not."""

    def __init__(
        self, config: EngineConfig, *, crop: CropSpec, refiner: LandmarkRefiner | None
    ) -> None:
        self._config = config
        self._crop = crop
        self._refiner = refiner

    def sight(
        self,
        images: Sequence[DecodedImage],
        detections: Sequence[Sequence[Detection]],
        *,
        mirrored: bool,
        wanted: Wanted | None = None,
    ) -> list[Sighted]:
        """Per picture its faces; all faces of all pictures are looked at again in one batch."""
        chosen, glimpsed = [], []
        for number, (image, found) in enumerate(zip(images, detections, strict=True)):
            kept, left_out = self._choose(image, found)
            wants = [True] * len(kept) if wanted is None else wanted(number, kept)
            chosen.append(
                ([face for face, want in zip(kept, wants, strict=True) if want], left_out)
            )
            glimpsed.append(tuple(face for face, want in zip(kept, wants, strict=True) if not want))
        seen = iter(self._look_again(images, [kept for kept, _ in chosen], mirrored=mirrored))
        return [
            Sighted(
                tuple(face for _ in kept if (face := self._cut_out(image, next(seen))) is not None),
                left_out,
                unwanted,
            )
            for image, (kept, left_out), unwanted in zip(images, chosen, glimpsed, strict=True)
        ]

    def warm_up(self, picture: Picture, *, count: int, mirrored: bool) -> None:
        """Look as if there were ``count`` faces in ``picture``, so that no real one waits."""
        if self._refiner is not None:
            self._refiner.refine(
                [picture] * count, [ARCFACE_TEMPLATE_112] * count, mirrored=mirrored
            )

    def _choose(
        self, image: DecodedImage, found: Sequence[Detection]
    ) -> tuple[list[Detection], int]:
        """Drop what is too small, put the main face first, cap; and how many the cap cost."""
        smallest_px = self._config.min_face_px * image.scale
        large = [d for d in found if min(d.box.width, d.box.height) >= smallest_px]
        height_px, width_px = image.picture.shape[:2]
        order = main_face_order([d.box for d in large], width_px=width_px, height_px=height_px)
        kept = [large[i] for i in order[: self._config.max_faces]]
        return kept, len(large) - len(kept)

    def _look_again(
        self,
        images: Sequence[DecodedImage],
        kept: Sequence[Sequence[Detection]],
        *,
        mirrored: bool,
    ) -> list[Detection]:
        """All faces of all pictures in a row, with better landmarks where there is a refiner."""
        faces = [detection for found in kept for detection in found]
        if self._refiner is None or not faces:
            return faces
        pictures = [image.picture for image, found in zip(images, kept, strict=True) for _ in found]
        refined = self._refiner.refine(
            pictures, [face.landmarks for face in faces], mirrored=mirrored
        )
        return [
            replace(face, landmarks=landmarks)
            for face, landmarks in zip(faces, refined, strict=True)
        ]

    def _cut_out(self, image: DecodedImage, detection: Detection) -> Sighting | None:
        try:
            (aligned,) = align_faces(image.picture, [detection.landmarks])
            crop = aligned
            if self._crop != _QUALITY_CROP:
                crop = cut_face(image.picture, detection, spec=self._crop, scale=image.scale)
        except ValueError:
            # Landmarks that no similarity fits are no face's. One such box must not cost the others.
            return None
        return Sighting(
            detection,
            measure(image.picture, detection, aligned, scale=image.scale),
            crop,
            aligned,
            cut_portrait(image.picture, detection.box),
        )
