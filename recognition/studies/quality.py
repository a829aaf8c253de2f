"""FaceNet's table 4: what JPEG compression and few pixels cost, on a folder with a folder per person.

Every picture is degraded and compared with every other. Public surface: ``QUALITY_STEPS``,
``QualitySettings``, ``Chosen``, ``choose_pictures``, ``study_quality``, ``falling_steps``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Picture, Vectors
from recognition.datasets.folders import list_classes
from recognition.errors import ImageRejected, RecognitionError
from recognition.evaluation.invariance import SWEEPS, transformed
from recognition.evaluation.subjects import (
    Recipe,
    central_face,
    check_sees_aligned,
    embed_pictures,
)
from recognition.geometry.centring import centred
from recognition.images import decode_image
from recognition.pipeline.batching import chunks
from recognition.studies.figures import judge_vectors
from recognition.studies.sweep import Row, Step, run_sweep

if TYPE_CHECKING:
    from recognition.pipeline import Engine

__all__ = [
    "QUALITY_STEPS",
    "Chosen",
    "QualityKind",
    "QualitySettings",
    "choose_pictures",
    "falling_steps",
    "study_quality",
]

QualityKind = Literal["jpeg", "pixels"]
Stage = Literal["picture", "crop"]

QUALITY_STEPS: Mapping[Stage, Mapping[QualityKind, tuple[int, ...]]] = {
    "picture": {
        "jpeg": tuple(int(value) for value in SWEEPS["jpeg"]),
        "pixels": tuple(int(value) for value in SWEEPS["pixels"]),
    },
    # A crop of 112 px has 12,544 pixels: the paper's larger steps would change nothing.
    "crop": {
        "jpeg": tuple(int(value) for value in SWEEPS["jpeg"]),
        "pixels": (196, 400, 784, 1600, 3136, 6400),
    },
}
"""The paper's steps where they can be taken."""

_UNTOUCHED = "untouched"


@dataclass(frozen=True, slots=True, kw_only=True)
class QualitySettings:
    """``stage="picture"`` degrades before detection, ``"crop"`` what the network is given.

    ``far`` is that of VAL. ``is_centred``: cosines about the network's mean, as the product
    compares two pictures.
    """

    recipe: Recipe
    stage: Stage = "picture"
    far: float = 1e-3
    is_centred: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """Pictures of people with two or more; ``labels`` ``(N,)`` count the people from 0."""

    files: tuple[Path, ...]
    labels: NDArray[np.int64]


def choose_pictures(root: Path, *, people: int | None, photos: int) -> Chosen:
    """The first ``photos`` of everybody with two or more, of ``people`` evenly taken by name.

    Raises ``DatasetRejected`` for no folder of folders, and ``RecognitionError`` (``input.empty``)
    for fewer than two people.
    """
    folders = [folder for folder in list_classes(root) if len(folder.files) > 1]
    if len(folders) < 2:
        raise RecognitionError(
            f"{root} has {len(folders)} folders with two pictures or more; two at least are "
            "needed, a folder per person.",
            code="input.empty",
        )
    if people is not None and people < len(folders):
        rows = np.linspace(0, len(folders) - 1, max(people, 2)).round().astype(int)
        folders = [folders[row] for row in rows]
    files = tuple(path for folder in folders for path in folder.files[:photos])
    counts = [len(folder.files[:photos]) for folder in folders]
    return Chosen(files, np.repeat(np.arange(len(folders), dtype=np.int64), counts))


def study_quality(
    engine: Engine,
    chosen: Chosen,
    *,
    settings: QualitySettings,
    steps: Mapping[QualityKind, Sequence[int]],
    folder: Path,
    say: Callable[[str], None] = print,
) -> list[Row]:
    """A row for the pictures as they are, and one for each step: kind, value, then ``Judgement``.

    ``val`` has the threshold that the degraded pictures need for the FAR, ``val_fixed`` and
    ``far_fixed`` that of the untouched ones: what a site sees whose threshold stays. Pictures that
    are none, or show no face even untouched, are left out; those in which the face is lost by a
    step count as matching nobody. Raises as ``run_sweep``.
    """
    rows: list[Row] = []
    base: list[_Base] = []

    def measure(step: Step) -> Row:
        if not base:  # only where something is left to be measured
            base.append(_prepare(engine, chosen, settings))
        own = base[0]
        kind, value = step.settings["kind"], step.settings["value"]
        vectors = _vectors(engine, own, settings, kind, value)
        threshold = None if kind == _UNTOUCHED else rows[0]["threshold"]
        found = judge_vectors(
            vectors, labels=own.labels, far=settings.far, fixed_threshold=threshold
        )
        return {**asdict(found), "left_out": own.left_out}

    identity = _identity(engine, chosen, settings)

    def sweep(wanted: Sequence[Step]) -> list[Row]:
        return run_sweep(
            wanted, study="quality", identity=identity, folder=folder, measure=measure, say=say
        )

    untouched = Step(_UNTOUCHED, {"kind": _UNTOUCHED, "value": None})
    rows += sweep([untouched])
    wanted = [
        Step(f"{kind}-{value}", {"kind": kind, "value": value})
        for kind, values in steps.items()
        for value in values
    ]
    return sweep([untouched, *wanted])


def falling_steps(rows: Sequence[Row], *, figure: str = "val") -> list[tuple[Row, Row]]:
    """Neighbours, of one kind and by rising value, where the better pictures score lower.

    The studied effect is monotone; a fall within ``val_low`` and ``val_high`` is chance.
    """
    falls = []
    for kind in dict.fromkeys(row["kind"] for row in rows):
        own = sorted((r for r in rows if r["kind"] == kind), key=lambda r: r["value"] or 0)
        falls += [(a, b) for a, b in pairwise(own) if b[figure] < a[figure]]
    return falls


@dataclass(frozen=True, slots=True, eq=False)
class _Base:
    """What is degraded: files, or the crops that were cut out of them."""

    items: Sequence[Path] | Sequence[Picture]
    labels: NDArray[np.int64]
    recipe: Recipe
    left_out: int


def _prepare(engine: Engine, chosen: Chosen, settings: QualitySettings) -> _Base:
    recipe = settings.recipe
    if settings.stage == "picture" or recipe.is_aligned:
        vectors = np.stack([*_embedded(engine, _read(chosen.files), recipe, len(chosen.files))])
        keep = np.asarray(vectors.any(axis=1))
        files = [path for path, is_kept in zip(chosen.files, keep, strict=True) if is_kept]
        return _Base(files, chosen.labels[keep], recipe, int((~keep).sum()))
    check_sees_aligned(engine)
    crops: list[Picture] = []
    keep = np.zeros(len(chosen.files), np.bool_)
    for row, picture in enumerate(_read(chosen.files)):
        if picture is None:
            continue
        (analysis,) = engine.analyse_pictures([picture])
        if analysis.faces:
            is_main = recipe.choose == "main"
            crops.append((analysis.faces[0] if is_main else central_face(analysis)).aligned)
            keep[row] = True
    return _Base(crops, chosen.labels[keep], replace(recipe, is_aligned=True), int((~keep).sum()))


def _vectors(
    engine: Engine, base: _Base, settings: QualitySettings, kind: str, value: int | None
) -> Vectors:
    pictures: Iterator[Picture | None] = (
        item if isinstance(item, np.ndarray) else _decoded(item) for item in base.items
    )
    changed = (
        picture
        if picture is None or kind == _UNTOUCHED or value is None
        else transformed(picture, kind="jpeg" if kind == "jpeg" else "pixels", value=float(value))
        for picture in pictures
    )
    vectors = np.stack([*_embedded(engine, changed, base.recipe, len(base.items))])
    mean = engine.site_mean()
    is_found = vectors.any(axis=1)
    if settings.is_centred and mean.any() and is_found.any():
        vectors[is_found] = centred(vectors[is_found], mean=mean)
    return vectors


def _embedded(
    engine: Engine, pictures: Iterator[Picture | None], recipe: Recipe, count: int
) -> Iterator[NDArray[np.float32]]:
    """A vector for each picture, zeros where there is none; a batch is in memory at a time."""
    for rows in chunks(range(count), size=engine.config.batch_size):
        batch = [next(pictures) for _ in rows]
        good = [picture for picture in batch if picture is not None]
        subjects = embed_pictures(engine, good, recipe=recipe)
        for picture in batch:
            vector = None if picture is None else next(subjects).vector
            yield np.zeros(engine.space.dimension, np.float32) if vector is None else vector


def _read(files: Sequence[Path]) -> Iterator[Picture | None]:
    return (_decoded(path) for path in files)


def _decoded(path: Path) -> Picture | None:
    try:
        return decode_image(path.read_bytes()).picture
    except (OSError, ImageRejected):
        return None


def _identity(engine: Engine, chosen: Chosen, settings: QualitySettings) -> dict[str, Any]:
    return {
        "space": engine.space.id,
        "model": engine.space.model_id,
        "detector": engine.config.detector,
        "pictures": len(chosen.files),
        "people": int(chosen.labels.max()) + 1,
        "first": "/".join(chosen.files[0].parts[-2:]),
        "last": "/".join(chosen.files[-1].parts[-2:]),
        **asdict(settings),
    }
