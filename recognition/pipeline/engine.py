"""The engine: pictures in, ordered faces with quality and vectors out, in batches.

Public surface: ``load_engine``, ``Engine``, ``EngineInfo``. One engine per process, built after
any fork; not thread-safe.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recognition.alignment import align_faces
from recognition.config import EngineConfig
from recognition.contracts import (
    Box,
    Detection,
    Detector,
    EmbeddingSpace,
    Face,
    FaceQuality,
    ImageAnalysis,
    Picture,
    StageTimings,
    VectorIndex,
    Vectors,
)
from recognition.decision import main_face_order
from recognition.detection import build_detector
from recognition.device import DeviceChoice, choose_device
from recognition.embedding import LoadedEmbedder, build_embedder
from recognition.errors import RecognitionError
from recognition.geometry.crops import cut_portrait
from recognition.images import DecodedImage, as_picture
from recognition.pipeline.batching import chunks, decode_all
from recognition.pipeline.self_test import SelfTestReport, run_self_test
from recognition.quality import measure
from recognition.weights import cache_folder

__all__ = ["Engine", "EngineInfo", "load_engine"]

# Decoding is a fifth of the work on two cores; more threads than this never had anything to do.
_MAX_DECODE_THREADS = 4

_NO_VECTORS: Vectors = np.empty((0, 0), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What an engine really runs on. ``threads`` is 0 where the runtime decides."""

    device: str
    device_name: str
    precision: str
    runtime: str
    detector: str
    space_id: str
    threads: int


@dataclass(frozen=True, slots=True, eq=False)
class _Sighted:
    """A face on its way: in the decoded picture's pixels, aligned, not yet embedded."""

    detection: Detection
    quality: FaceQuality
    aligned: Picture
    portrait: Picture


class Engine:
    """Detects, aligns, measures and embeds. Build it with ``load_engine``."""

    def __init__(
        self,
        config: EngineConfig,
        *,
        choice: DeviceChoice,
        detector: Detector,
        embedder: LoadedEmbedder,
    ) -> None:
        self._config = config
        self._choice = choice
        self._detector = detector
        self._embedder = embedder
        self._pool: ThreadPoolExecutor | None = None

    @property
    def config(self) -> EngineConfig:
        return self._config

    @property
    def space(self) -> EmbeddingSpace:
        """The space that every vector of this engine belongs to."""
        return self._embedder.space

    @property
    def choice(self) -> DeviceChoice:
        """What was decided at start; the self-test compares it with what is in use."""
        return self._choice

    @property
    def info(self) -> EngineInfo:
        """What the runtime reports; before the first picture, what it was told."""
        return EngineInfo(
            device=self._embedder.device or self._choice.device,
            device_name=self._choice.device_name,
            precision=self._embedder.precision or self._choice.precision,
            runtime=self._choice.runtime,
            detector=self._detector.name,
            space_id=self.space.id,
            threads=self._config.threads,
        )

    def analyse(
        self, images: Sequence[bytes], *, flip_fusion: bool | None = None
    ) -> list[ImageAnalysis | RecognitionError]:
        """One answer per picture file, in order.

        A picture that is not accepted is answered by its ``ImageRejected``, never raised, and
        spoils nothing beside it. Boxes and landmarks are in pixels of the upright original.
        ``flip_fusion`` overrides the configuration for these pictures.
        """
        return [
            answer
            for part in self._chunks(images)
            for answer in self._analyse_files(part, flip_fusion=flip_fusion)
        ]

    def analyse_pictures(self, pictures: Sequence[Picture]) -> list[ImageAnalysis]:
        """The same for arrays that are decoded already, as ``images.as_picture`` takes them.

        Raises ``ImageRejected`` (``image.array``) for an array that is no picture.
        """
        return [
            analysis
            for part in chunks(
                [as_picture(pixels) for pixels in pictures], size=self._config.batch_size
            )
            for analysis in self._analyse_decoded(
                [DecodedImage(p, p.shape[1], p.shape[0], 1.0) for p in part], [0.0] * len(part)
            )
        ]

    def detect(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        """Faces per decoded picture by falling score, neither filtered by size nor capped."""
        return self._detector.detect(pictures)

    def embed(self, aligned: NDArray[np.uint8]) -> Vectors:
        """``(N, 112, 112, 3) uint8`` RGB in, ``(N, D) float32`` unit rows out."""
        return self._embedder.embed(aligned)

    def new_index(self) -> VectorIndex:
        """An empty exact index over this engine's space."""
        from recognition.index import FlatIndex

        return FlatIndex(self.space)

    def self_test(self) -> SelfTestReport:
        """Prove the weights, the arithmetic, the device and the index against stored values."""
        return run_self_test(self)

    def close(self) -> None:
        """Stop the decoding threads; the engine may still be used and starts them again."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    def _chunks(self, images: Sequence[bytes]) -> list[Sequence[bytes]]:
        return list(chunks(images, size=self._config.batch_size))

    def _analyse_files(
        self, images: Sequence[bytes], *, flip_fusion: bool | None
    ) -> list[ImageAnalysis | RecognitionError]:
        if self._pool is None:
            threads = min(_MAX_DECODE_THREADS, os.cpu_count() or 1)
            self._pool = ThreadPoolExecutor(threads, thread_name_prefix="decode")
        outcomes = decode_all(images, pool=self._pool)
        answers: list[ImageAnalysis | RecognitionError | None] = []
        decoded, decode_ms = [], []
        for outcome, elapsed_ms in outcomes:
            if isinstance(outcome, RecognitionError):
                answers.append(outcome)
            else:
                answers.append(None)
                decoded.append(outcome)
                decode_ms.append(elapsed_ms)
        analyses = iter(self._analyse_decoded(decoded, decode_ms, flip_fusion=flip_fusion))
        return [next(analyses) if answer is None else answer for answer in answers]

    def _analyse_decoded(
        self,
        images: Sequence[DecodedImage],
        decode_ms: Sequence[float],
        *,
        flip_fusion: bool | None = None,
    ) -> list[ImageAnalysis]:
        if not images:
            return []
        started = time.perf_counter()
        detections = self._detector.detect([image.picture for image in images])
        detected = time.perf_counter()
        sighted = [
            self._sight(image, found) for image, found in zip(images, detections, strict=True)
        ]
        crops = [face.aligned for faces, _ in sighted for face in faces]
        vectors = iter(
            self._embedder.embed(np.stack(crops), flip_fusion=flip_fusion) if crops else _NO_VECTORS
        )
        faces_of = [
            tuple(
                Face(
                    _in_source(face.detection, image.scale),
                    face.quality,
                    next(vectors),
                    face.aligned,
                    face.portrait,
                )
                for face in faces
            )
            for image, (faces, _) in zip(images, sighted, strict=True)
        ]
        detect_ms = (detected - started) * 1000.0 / len(images)
        embed_ms = (time.perf_counter() - detected) * 1000.0 / len(images)
        return [
            ImageAnalysis(
                width_px=image.width_px,
                height_px=image.height_px,
                faces=faces,
                timings=StageTimings(decode_ms=ms, detect_ms=detect_ms, embed_ms=embed_ms),
                faces_left_out=left_out,
            )
            for image, faces, ms, (_, left_out) in zip(
                images, faces_of, decode_ms, sighted, strict=True
            )
        ]

    def _sight(self, image: DecodedImage, found: Sequence[Detection]) -> tuple[list[_Sighted], int]:
        """Drop what is too small, put the main face first, cap, align and measure.

        Also tells how many faces the cap cost.
        """
        picture = image.picture
        smallest_px = self._config.min_face_px * image.scale
        large = [d for d in found if min(d.box.width, d.box.height) >= smallest_px]
        order = main_face_order(
            [d.box for d in large], width_px=picture.shape[1], height_px=picture.shape[0]
        )
        kept = [large[i] for i in order[: self._config.max_faces]]
        return [face for d in kept if (face := _cut_out(image, d)) is not None], len(large) - len(
            kept
        )


def _cut_out(image: DecodedImage, detection: Detection) -> _Sighted | None:
    try:
        (crop,) = align_faces(image.picture, [detection.landmarks])
    except ValueError:
        # Landmarks that no similarity fits are no face's. One such box must not cost the others.
        return None
    return _Sighted(
        detection,
        measure(image.picture, detection, crop, scale=image.scale),
        crop,
        cut_portrait(image.picture, detection.box),
    )


def _in_source(detection: Detection, scale: float) -> Detection:
    if scale == 1.0:
        return detection
    box = detection.box
    return replace(
        detection,
        box=Box(box.x / scale, box.y / scale, box.width / scale, box.height / scale),
        landmarks=(detection.landmarks / scale).astype(np.float32),
    )


def load_engine(config: EngineConfig | None = None) -> Engine:
    """Build an engine on the device that the configuration asks for.

    Raises ``DeviceUnavailable`` where a device or precision was named and is not there, and
    ``WeightsError`` for missing or changed weight files.
    """
    config = config or EngineConfig()
    choice = choose_device(config.device, config.precision)
    cache_dir = cache_folder(config.cache_dir)
    detector = build_detector(
        config.detector,
        choice=choice,
        threshold=config.detection_threshold,
        min_face_px=config.min_face_px,
        threads=config.threads,
        cache_dir=cache_dir,
    )
    embedder = build_embedder(
        config.model,
        choice=choice,
        models_dir=config.models_dir,
        flip_fusion=config.flip_fusion,
        threads=config.threads,
        cache_dir=cache_dir,
    )
    return Engine(config, choice=choice, detector=detector, embedder=embedder)
