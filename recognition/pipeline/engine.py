"""The engine: pictures in, ordered faces with quality and vectors out, in batches.

Public surface: ``load_engine``, ``Engine``, ``EngineInfo``. One engine per process, built after
any fork; not thread-safe.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from recognition.config import EngineConfig
from recognition.contracts import (
    Box,
    Detection,
    Detector,
    EmbeddingSpace,
    Face,
    ImageAnalysis,
    Picture,
    StageTimings,
    VectorIndex,
    Vectors,
)
from recognition.detection import build_detector, build_refiner
from recognition.detection.second_look import LandmarkRefiner
from recognition.device import DeviceChoice, choose_device
from recognition.embedding import LoadedEmbedder
from recognition.embedding_spec import CropSpec
from recognition.errors import RecognitionError
from recognition.geometry.centring import site_mean
from recognition.images import DecodedImage, as_picture
from recognition.models import build_embedder
from recognition.pipeline.batching import chunks, decode_all
from recognition.pipeline.self_test import SelfTestReport, run_self_test
from recognition.pipeline.sighting import Sighted, Sighter, Wanted
from recognition.weights import cache_folder

__all__ = ["Engine", "EngineInfo", "load_engine"]

# Decoding is a fifth of the work on two cores; more threads than this never had anything to do.
_MAX_DECODE_THREADS = 4

# Parts that wait for the embedder. Parts differ in their faces, so that one alone left it idle.
_MAX_WAITING = 2

# Runtimes cut a batch into powers of two; larger ones are made of these.
_WARM_COUNTS = (1, 2, 4, 8)

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


@dataclass(frozen=True, slots=True)
class _Source:
    """What is kept of a picture that was decoded: not the picture, which may be large."""

    width_px: int
    height_px: int
    scale: float
    decode_ms: float


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """Pictures that were looked through, or why they could not be, with what is left to embed."""

    sources: Sequence[_Source | RecognitionError]
    sighted: Sequence[Sighted]  # one for each source that is no error
    detect_ms: float


class Engine:
    """Detects, aligns, measures and embeds. Build it with ``load_engine``."""

    def __init__(
        self,
        config: EngineConfig,
        *,
        choice: DeviceChoice,
        detector: Detector,
        embedder: LoadedEmbedder,
        refiner: LandmarkRefiner | None = None,
    ) -> None:
        self._config = config
        self._choice = choice
        self._detector = detector
        self._embedder = embedder
        self._sighter = Sighter(config, crop=embedder.crop, refiner=refiner)
        self._pool: ThreadPoolExecutor | None = None
        self._embedding: ThreadPoolExecutor | None = None

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
        ``flip_fusion`` overrides the configuration for these pictures: True for enrolment, False
        where many faces go by and half the work is enough.
        """
        answers: list[ImageAnalysis | RecognitionError] = []
        waiting: deque[Future[list[ImageAnalysis | RecognitionError]]] = deque()
        parts = self._chunks(images)
        decoding = decode_all(parts[0], pool=self._threads()) if parts else iter(())
        try:
            for following in [*parts[1:], ()]:
                # While one part is looked through, the next is decoded and those before are
                # embedded: else cores idle whenever one of these has only one thread's work.
                decoded, decoding = decoding, decode_all(following, pool=self._threads())
                seen = self._see(list(decoded), flip_fusion=flip_fusion)
                if len(waiting) == _MAX_WAITING:
                    answers += waiting.popleft().result()
                waiting.append(
                    self._embedding_thread().submit(self._answers, seen, flip_fusion=flip_fusion)
                )
            while waiting:
                answers += waiting.popleft().result()
            return answers
        finally:  # the embedder serves one at a time, also after an error
            wait([*waiting])

    def analyse_pictures(
        self,
        pictures: Sequence[Picture],
        *,
        flip_fusion: bool | None = None,
        wanted: Wanted | None = None,
    ) -> list[ImageAnalysis]:
        """The same for arrays that are decoded already, as ``images.as_picture`` takes them.

        ``wanted`` is asked, per picture, which of the faces that were found are to be recognised;
        the others come back as ``glimpsed``. Raises ``ImageRejected`` (``image.array``) for an
        array that is no picture.
        """
        answers: list[ImageAnalysis | RecognitionError] = []
        checked = [as_picture(pixels) for pixels in pictures]
        for first in range(0, len(checked), self._config.batch_size):
            part = checked[first : first + self._config.batch_size]
            seen = self._see(
                [(DecodedImage(p, p.shape[1], p.shape[0], 1.0), 0.0) for p in part],
                flip_fusion=flip_fusion,
                wanted=None if wanted is None else partial(_from, wanted, first),
            )
            answers += self._answers(seen, flip_fusion=flip_fusion)
        return [analysis for analysis in answers if isinstance(analysis, ImageAnalysis)]

    def warm_up(
        self, *, width_px: int, height_px: int, pictures: int, flip_fusion: bool | None = None
    ) -> None:
        """Have everything ready for up to so many pictures of this size at once.

        A runtime compiles for each shape when it first meets it, 0.1 to 0.2 s each: whoever
        answers while somebody waits does that before there is a face.
        """
        mirrored = self._config.flip_fusion if flip_fusion is None else flip_fusion
        blank = np.zeros((height_px, width_px, 3), np.uint8)
        side_px = self.crop.size_px
        for count in _WARM_COUNTS:
            if count < 2 * pictures:
                self._detector.detect([blank] * count)
            # One picture may show many faces.
            self._sighter.warm_up(blank, count=count, mirrored=mirrored)
            crops = np.zeros((count, side_px, side_px, 3), np.uint8)
            self._embedder.embed(crops, flip_fusion=flip_fusion)

    def detect(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        """Faces per decoded picture by falling score, neither filtered by size nor capped."""
        return self._detector.detect(pictures)

    @property
    def crop(self) -> CropSpec:
        """How faces are cut that ``embed`` takes."""
        return self._embedder.crop

    def embed(self, crops: NDArray[np.uint8], *, flip_fusion: bool | None = None) -> Vectors:
        """``(N, S, S, 3) uint8`` RGB cut as ``crop`` says, ``(N, D) float32`` unit rows out."""
        return self._embedder.embed(crops, flip_fusion=flip_fusion)

    def site_mean(self, templates: Vectors | None = None) -> NDArray[np.float32]:
        """What ``geometry.centring.centred`` must take away before cosines meet a threshold.

        ``(D,) float32``: the mean among these ``(N, D)`` unit rows of one site; without any the
        model's own; zeros for a model whose thresholds are for plain cosines.
        """
        if self._embedder.mean is None:
            return np.zeros(self.space.dimension, np.float32)
        if templates is None:
            return self._embedder.mean
        return site_mean(templates, prior=self._embedder.mean)

    def new_index(self) -> VectorIndex:
        """An empty exact index over this engine's space, which scores as thresholds expect it.

        About the mean of everybody enrolled where the model's own mean is known, as the shipped
        one's is; plain cosines otherwise.
        """
        from recognition.index import CentredIndex, FlatIndex

        mean = self._embedder.mean
        return FlatIndex(self.space) if mean is None else CentredIndex(self.space, prior=mean)

    def self_test(self) -> SelfTestReport:
        """Prove the weights, the arithmetic, the device and the index against stored values."""
        return run_self_test(self)

    def close(self) -> None:
        """Stop the engine's threads; it may still be used and starts them again."""
        for pool in (self._pool, self._embedding):
            if pool is not None:
                pool.shutdown()
        self._pool = self._embedding = None

    def _chunks(self, images: Sequence[bytes]) -> list[Sequence[bytes]]:
        return list(chunks(images, size=self._config.batch_size))

    def _threads(self) -> ThreadPoolExecutor:
        if self._pool is None:
            threads = min(_MAX_DECODE_THREADS, os.cpu_count() or 1)
            self._pool = ThreadPoolExecutor(threads, thread_name_prefix="decode")
        return self._pool

    def _embedding_thread(self) -> ThreadPoolExecutor:
        if self._embedding is None:
            self._embedding = ThreadPoolExecutor(1, thread_name_prefix="embed")
        return self._embedding

    def _see(
        self,
        outcomes: Sequence[tuple[DecodedImage | RecognitionError, float]],
        *,
        flip_fusion: bool | None = None,
        wanted: Wanted | None = None,
    ) -> _Seen:
        """Find, cut out and measure the faces of the pictures that could be decoded."""
        images = [item for item, _ in outcomes if isinstance(item, DecodedImage)]
        mirrored = self._config.flip_fusion if flip_fusion is None else flip_fusion
        started = time.perf_counter()
        detections = self._detector.detect([image.picture for image in images]) if images else []
        detect_ms = (time.perf_counter() - started) * 1000.0 / max(len(images), 1)
        return _Seen(
            [
                _Source(item.width_px, item.height_px, item.scale, ms)
                if isinstance(item, DecodedImage)
                else item
                for item, ms in outcomes
            ],
            self._sighter.sight(images, detections, mirrored=mirrored, wanted=wanted)
            if images
            else [],
            detect_ms,
        )

    def _answers(
        self, seen: _Seen, *, flip_fusion: bool | None = None
    ) -> list[ImageAnalysis | RecognitionError]:
        started = time.perf_counter()
        crops = [face.crop for found in seen.sighted for face in found.faces]
        vectors = iter(
            self._embedder.embed(np.stack(crops), flip_fusion=flip_fusion) if crops else _NO_VECTORS
        )
        embed_ms = (time.perf_counter() - started) * 1000.0 / max(len(seen.sighted), 1)
        sighted = iter(seen.sighted)
        return [
            source
            if isinstance(source, RecognitionError)
            else _analysis(
                source, next(sighted), vectors, detect_ms=seen.detect_ms, embed_ms=embed_ms
            )
            for source in seen.sources
        ]


def _analysis(
    source: _Source,
    found: Sighted,
    vectors: Iterator[Vectors],
    *,
    detect_ms: float,
    embed_ms: float,
) -> ImageAnalysis:
    """One picture's answer; takes as many ``vectors`` as it has faces."""
    return ImageAnalysis(
        width_px=source.width_px,
        height_px=source.height_px,
        faces=tuple(
            Face(
                _in_source(face.detection, source.scale),
                face.quality,
                next(vectors),
                face.aligned,
                face.portrait,
            )
            for face in found.faces
        ),
        timings=StageTimings(decode_ms=source.decode_ms, detect_ms=detect_ms, embed_ms=embed_ms),
        faces_left_out=found.left_out,
        glimpsed=tuple(_in_source(face, source.scale) for face in found.glimpsed),
    )


def _from(wanted: Wanted, first: int, number: int, faces: Sequence[Detection]) -> Sequence[bool]:
    """Numbers within a part, as numbers of all pictures."""
    return wanted(first + number, faces)


def _in_source(detection: Detection, scale: float) -> Detection:
    if scale == 1.0:
        return detection
    box = detection.box
    return replace(
        detection,
        box=Box(box.x / scale, box.y / scale, box.width / scale, box.height / scale),
        landmarks=(detection.landmarks / scale).astype(np.float32),
    )


def load_engine(config: EngineConfig | None = None, *, detector: Detector | None = None) -> Engine:
    """Build an engine on the device that the configuration asks for.

    ``detector`` is one of your own, for what the shipped ones do not find (animals, say); its
    landmarks are then taken as they are.

    Raises ``DeviceUnavailable`` where a device or precision was named and is not there, and
    ``WeightsError`` for missing or changed weight files.
    """
    config = config or EngineConfig()
    choice = choose_device(config.device, config.precision)
    cache_dir = cache_folder(config.cache_dir)
    # The second look finds faces' landmarks; what is no face, or was cut already, has none.
    looks_again = config.second_look and detector is None and config.detector != "pre-cropped"
    detector = detector or build_detector(
        config.detector,
        choice=choice,
        threshold=config.detection_threshold,
        min_face_px=config.min_face_px,
        enlarges=config.enlarges,
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
    refiner = None
    if looks_again:
        refiner = build_refiner(choice, threads=config.threads, cache_dir=cache_dir)
    return Engine(config, choice=choice, detector=detector, embedder=embedder, refiner=refiner)
