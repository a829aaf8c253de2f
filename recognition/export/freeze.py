"""Exporting a model to a file, and proving that the file answers as the engine does.

Public surface: ``freeze_model``, ``Frozen``, ``LIMIT``. Imports torch.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recognition.errors import ModelRejected
from recognition.export.formats import Format, as_run, read_back, torch_module, write_format
from recognition.models.golden import golden_face
from recognition.weights import WeightsEntry
from recognition.whole_files import draft_of

__all__ = ["LIMIT", "Frozen", "freeze_model"]

LIMIT = 1e-5


@dataclass(frozen=True, slots=True)
class Frozen:
    """A written file. ``max_abs_diff`` is over the unit vectors of eight pictures, in float32.

    ``load_ms`` is from the file to the first answer for one face (some runtimes compile only
    then), ``source_load_ms`` the same from the model's own weights in torch; both in a process
    that has its libraries loaded.
    """

    path: Path
    form: Format
    size_bytes: int
    max_abs_diff: float
    load_ms: float
    source_load_ms: float


def freeze_model(
    item: WeightsEntry, *, form: Format, out: Path, cache_dir: Path | None = None
) -> Frozen:
    """Write ``item``'s network to ``out``, load it again and compare.

    Raises ``ModelRejected``: ``export.exists`` where ``out`` is there already, ``export.folder``
    where it cannot be written, ``export.differs`` where the file's vectors differ by more than
    1e-5; then no file is left.
    """
    if out.exists():
        raise ModelRejected(
            f"{out} is there already. Remove it first, or name another file.", code="export.exists"
        )
    payload = write_format(item, form=form, cache_dir=cache_dir)
    with ExitStack() as stack:
        try:
            draft = stack.enter_context(draft_of(out))
            draft.write_bytes(payload)
        except OSError as error:
            raise ModelRejected(
                f"{out} cannot be written: {error}.", code="export.folder"
            ) from error
        return _compare(draft, payload, item=item, form=form, out=out, cache_dir=cache_dir)


def _compare(
    draft: Path,
    payload: bytes,
    *,
    item: WeightsEntry,
    form: Format,
    out: Path,
    cache_dir: Path | None,
) -> Frozen:
    crops = _pictures(golden_face().crop(item.spec.crop))
    started = time.perf_counter()
    source = as_run(torch_module(item, cache_dir=cache_dir), item=item)
    source(crops[:1])
    source_loaded = time.perf_counter()
    written = read_back(draft, form=form, item=item, cache_dir=cache_dir)
    written(crops[:1])
    loaded = time.perf_counter()
    off = float(np.abs(_unit(source(crops)) - _unit(written(crops))).max())
    if not off <= LIMIT:  # not a number is no match either
        raise ModelRejected(
            f"The {form} file's vectors differ from {item.id}'s by {off:.1e}; at most {LIMIT:.0e} "
            f"is allowed. No file was left. Export it in another format.",
            code="export.differs",
        )
    return Frozen(
        path=out,
        form=form,
        size_bytes=len(payload),
        max_abs_diff=off,
        load_ms=(loaded - source_loaded) * 1000.0,
        source_load_ms=(source_loaded - started) * 1000.0,
    )


def _pictures(face: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The golden face, its mirror image, an even grey and five pictures of noise."""
    noise = np.random.default_rng(9).integers(0, 256, (5, *face.shape[1:]), dtype=np.uint8)
    return np.concatenate([face, face[:, :, ::-1], np.full_like(face, 128), noise])


def _unit(raw: NDArray[np.float32]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = raw / np.linalg.norm(raw, axis=1, keepdims=True)
    return unit
