"""Pictures to vectors for ``evaluate``: options, engines by recipe, progress, and the kept vectors.

Public surface: ``add_picture_arguments``, ``add_output_arguments``, ``EmbeddedPictures``,
``VectorSource``, ``recipe_of``.
"""

from __future__ import annotations

import hashlib
import json
from argparse import ArgumentParser, BooleanOptionalAction, Namespace
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recognition.cli._arguments import at_least
from recognition.cli._engine import add_engine_arguments, engine_config
from recognition.cli._progress import with_progress
from recognition.cli._writing import writing
from recognition.contracts import Picture, Vectors
from recognition.errors import RecognitionError

if TYPE_CHECKING:
    from recognition.evaluation.subjects import Flip, Recipe, Subject
    from recognition.evaluation.vector_cache import VectorCache
    from recognition.pipeline import Engine

__all__ = [
    "EmbeddedPictures",
    "VectorSource",
    "add_output_arguments",
    "add_picture_arguments",
    "recipe_of",
]

# Settings that change how fast a vector comes and not what it is, and those that the recipe and
# the choice of the device decide.
_NOT_OF_THE_VECTOR = {
    "batch_size",
    "cache_dir",
    "device",
    "flip_fusion",
    "models_dir",
    "precision",
    "threads",
}


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddedPictures:
    """``vectors`` ``(N, D)`` in the order asked for, rows of zeros where ``is_found`` is false."""

    vectors: Vectors
    is_found: NDArray[np.bool_]
    problems: dict[str, str]


def add_picture_arguments(
    parser: ArgumentParser, *, aligned: bool = False, has_site: bool = False
) -> None:
    """How a picture becomes a vector, and how two are compared.

    ``aligned`` is the default of ``--aligned``; with ``has_site`` there are people enrolled, whose
    mean scores can be taken about.
    """
    add_engine_arguments(parser)
    group = parser.add_argument_group("pictures")
    group.add_argument(
        "--choose",
        choices=("central", "main"),
        default="central",
        help="whose face counts: the one nearest the picture's centre, whom sets like LFW name "
        "(default), or the engine's main one, large and central",
    )
    group.add_argument(
        "--aligned",
        action=BooleanOptionalAction,
        default=aligned,
        help="the pictures are crops already: no detection; another size than the network's is cut to "
        f"its central square and resized (default: {'yes' if aligned else 'no'})",
    )
    group.add_argument(
        "--centre",
        choices=("site", "network", "none") if has_site else ("network", "none"),
        default="site" if has_site else "network",
        help="what scores are cosines about, where the model has a mean of its own: "
        + ("the mean of everybody enrolled (default, as the product), " if has_site else "")
        + f"the network's{'' if has_site else ' (default, as the product compares two pictures)'}, "
        "or nothing: plain cosines, as figures are published",
    )
    group.add_argument(
        "--failed",
        choices=("reject", "skip"),
        default="reject",
        help="a picture without a face: reject counts it as matching nobody (default, what a user "
        "would see), skip leaves its comparisons out",
    )
    group.add_argument(
        "--embeddings",
        type=Path,
        metavar="FILE.npz",
        help="keep the vectors here and use again those that are there; delete it after a change of "
        "the engine itself",
    )


def add_output_arguments(parser: ArgumentParser, *, bootstrap: bool = True) -> None:
    """``--json``, ``--plots`` and, where people are drawn again, how often."""
    group = parser.add_argument_group("output")
    group.add_argument("--json", action="store_true", help="one JSON object in place of the table")
    group.add_argument("--plots", type=Path, metavar="DIR", help="also draw the curves into DIR")
    group.add_argument("--plot-format", choices=("png", "svg"), default="png")
    if bootstrap:
        group.add_argument(
            "--replicates",
            type=at_least(0),
            default=1000,
            metavar="N",
            help="bootstrap draws of people behind each 95 %% interval (default 1000; 0: none)",
        )
        group.add_argument("--seed", type=int, default=666, help="of these draws (default 666)")


def recipe_of(options: Namespace, *, flip: Flip) -> Recipe:
    """The recipe that the options and a flip rule make."""
    from recognition.evaluation.subjects import Recipe

    return Recipe(choose=options.choose, flip=flip, is_aligned=options.aligned)


class VectorSource:
    """Vectors of files by recipe, with one engine for each kind of flip, loaded when needed."""

    def __init__(self, options: Namespace) -> None:
        self._options = options
        self._engines: dict[bool, Engine] = {}
        self._kept: VectorCache | None = None

    def engine(self, flip: Flip) -> Engine:
        """The engine that the options describe, with the mirror image added or not."""
        from recognition.pipeline import load_engine

        is_summed = flip == "sum"
        if is_summed not in self._engines:
            config = replace(engine_config(self._options), flip_fusion=is_summed)
            engine = self._engines[is_summed] = load_engine(config)
            # Before its first run an engine knows only what it was told; the report and the key of
            # kept vectors need what it really runs on.
            engine.embed(np.full((1, engine.crop.size_px, engine.crop.size_px, 3), 128, np.uint8))
        return self._engines[is_summed]

    def of_files(self, files: Mapping[str, Path], *, recipe: Recipe) -> EmbeddedPictures:
        """One row per file in the mapping's order; the keys are paths below the set's root."""
        engine = self.engine(recipe.flip)
        kept = self._cache(engine)
        treatment = _treatment(engine, recipe)
        keys = {name: _key(name, path, treatment) for name, path in files.items()}
        subjects = {} if kept is None else {n: s for n, k in keys.items() if (s := kept.get(k))}
        wanted = [name for name in files if name not in subjects]
        fresh = self._embedded([files[name] for name in wanted], engine, recipe)
        try:
            for name, subject in zip(wanted, fresh, strict=True):
                subjects[name] = subject
                if kept is not None:
                    kept.put(keys[name], subject)
        finally:  # an interrupted run goes on where it was
            if kept is not None:
                with writing(self._options.embeddings):
                    kept.save()
        return _collect([(name, subjects[name]) for name in files], width=_width(engine, recipe))

    def of_contents(
        self, pictures: Sequence[bytes | Picture], *, recipe: Recipe
    ) -> EmbeddedPictures:
        """One row per picture, given as encoded bytes or as decoded arrays."""
        engine = self.engine(recipe.flip)
        named = [
            (f"picture {number}", subject)
            for number, subject in enumerate(self._embedded(pictures, engine, recipe), start=1)
        ]
        return _collect(named, width=_width(engine, recipe))

    def of_changed(self, pictures: Sequence[Picture], *, recipe: Recipe) -> EmbeddedPictures:
        """The same for a step of longer work: silent, and no face at all is an answer, too."""
        from recognition.evaluation.subjects import embed_pictures

        engine = self.engine(recipe.flip)
        vectors = np.zeros((len(pictures), _width(engine, recipe)), np.float32)
        for row, subject in enumerate(embed_pictures(engine, pictures, recipe=recipe)):
            if subject.vector is not None:
                vectors[row] = subject.vector
        return EmbeddedPictures(vectors, np.asarray(vectors.any(axis=1)), {})

    def as_compared(
        self, pictures: EmbeddedPictures, *, templates: Vectors | None = None
    ) -> EmbeddedPictures:
        """The vectors whose cosines ``--centre`` asks for; ``templates`` are the site's, plain."""
        from recognition.geometry.centring import centred

        if self._options.centre == "none":
            return pictures
        engine = next(iter(self._engines.values()))
        mean = engine.site_mean(templates if self._options.centre == "site" else None)
        if not mean.any():
            return pictures
        vectors = np.zeros_like(pictures.vectors)
        found = pictures.vectors[pictures.is_found]
        sides = np.split(
            found, found.shape[1] // len(mean), axis=1
        )  # two for a mirror image beside
        vectors[pictures.is_found] = np.concatenate(
            [centred(side, mean=mean) for side in sides], axis=1
        )
        return replace(pictures, vectors=vectors)

    def description(self) -> dict[str, Any]:
        """What the last engine really ran on, for the report."""
        engine = next(reversed(self._engines.values()))
        has_mean = bool(engine.site_mean().any())
        return {
            **asdict(engine.info),
            "model": engine.space.model_id,
            "centre": self._options.centre if has_mean else "none",
        }

    def _embedded(
        self, pictures: Sequence[Path | bytes | Picture], engine: Engine, recipe: Recipe
    ) -> Iterator[Subject]:
        from recognition.evaluation.subjects import embed_pictures

        found = embed_pictures(engine, pictures, recipe=recipe)
        return with_progress(found, total=len(pictures), label="pictures")

    def _cache(self, engine: Engine) -> VectorCache | None:
        from recognition.evaluation.vector_cache import VectorCache

        path: Path | None = self._options.embeddings
        if path is not None and self._kept is None:
            if not path.parent.is_dir():  # better now than after the work
                raise RecognitionError(
                    f"{path} cannot be written: {path.parent} is no folder. Make it first.",
                    code="output.unwritable",
                )
            self._kept = VectorCache.open(path, space=engine.space)
        return self._kept


def _collect(subjects: Sequence[tuple[str, Subject]], *, width: int) -> EmbeddedPictures:
    vectors = np.zeros((len(subjects), width), np.float32)
    problems = {}
    for row, (name, subject) in enumerate(subjects):
        if subject.vector is None:
            problems[name] = subject.problem
        else:
            vectors[row] = subject.vector
    if len(problems) == len(subjects):
        name, problem = next(iter(problems.items()))
        raise RecognitionError(
            f"None of the {len(subjects):,} pictures gave a vector; the first, {name}: {problem}. "
            "Are they faces, and is --aligned right for them?",
            code="input.empty",
        )
    is_found: NDArray[np.bool_] = np.asarray(vectors.any(axis=1))
    return EmbeddedPictures(vectors, is_found, problems)


def _width(engine: Engine, recipe: Recipe) -> int:
    return engine.space.dimension * (2 if recipe.flip == "concat" else 1)


def _key(name: str, path: Path, treatment: str) -> str:
    try:
        stat = path.stat()
        version = [stat.st_size, stat.st_mtime_ns]
    except OSError:
        version = []  # reading it will say what is wrong
    return json.dumps([name, version, treatment])


def _treatment(engine: Engine, recipe: Recipe) -> str:
    settings = {
        name: str(value)
        for name, value in asdict(engine.config).items()
        if name not in _NOT_OF_THE_VECTOR
    }
    used = replace(recipe, choose="main") if recipe.is_aligned else recipe
    parts = [settings, asdict(used), engine.info.device, engine.info.precision]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
