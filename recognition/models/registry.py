"""Which embedding models there are: the shipped one, and those that their owner added.

An added model is a folder of its own, ``<id>/manifest.json`` and its weights, readable by its
owner only. Public surface: ``added_models``, ``find_model``, ``known_models``, ``remove_model``,
``store_model``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

from recognition.derived import forget_derived
from recognition.errors import ModelRejected, WeightsError
from recognition.weights import (
    WeightsEntry,
    entry_from_json,
    manifest,
    models_folder,
)
from recognition.whole_files import write_atomically

__all__ = ["added_models", "find_model", "known_models", "remove_model", "store_model"]

_MANIFEST = "manifest.json"
# The id is a folder's name, a word on the command line and a part of a file's name in the cache.
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def known_models(models_dir: Path | None) -> list[WeightsEntry]:
    """Every embedding model, the shipped ones first; raises as ``added_models`` does."""
    shipped = [item for item in manifest().values() if item.embedding is not None]
    return shipped + added_models(models_dir)


def added_models(models_dir: Path | None) -> list[WeightsEntry]:
    """The owner's models by id. Raises ``WeightsError`` (``weights.manifest``) for a damaged one."""
    folder = models_folder(models_dir)
    return [_read(path.parent) for path in sorted(folder.glob(f"*/{_MANIFEST}"))]


def find_model(model_id: str, *, models_dir: Path | None) -> WeightsEntry:
    """One embedding model. Raises ``WeightsError``: ``weights.unknown`` with the known ids, or
    ``weights.manifest`` where its own manifest is damaged."""
    shipped = manifest().get(model_id)
    if shipped is not None and shipped.embedding is not None:
        return shipped
    own = models_folder(models_dir) / model_id
    if _ID.fullmatch(model_id) and (own / _MANIFEST).is_file():
        return _read(own)
    names = sorted(path.parent.name for path in own.parent.glob(f"*/{_MANIFEST}"))
    shipped_names = [item.id for item in manifest().values() if item.embedding is not None]
    raise WeightsError(
        f"No embedding model is called {model_id!r}; known are: "
        f"{', '.join(shipped_names + names)}. Models that you added are looked for in "
        f"{own.parent}; add one with: python -m recognition models add FILE --id NAME",
        code="weights.unknown",
    )


def store_model(
    item: WeightsEntry, *, weights: Path | bytes, models_dir: Path | None
) -> WeightsEntry:
    """Put a model into the folder, whole or not at all; returns it as it will be found.

    ``weights`` is the file to copy, or its content. Raises ``ModelRejected`` (``model.id``,
    ``model.exists``) for a name that cannot be used, ``WeightsError`` (``weights.folder``) where
    the folder cannot be written.
    """
    check_id(item.id, models_dir=models_dir)
    folder = models_folder(models_dir)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        work = Path(tempfile.mkdtemp(dir=folder, prefix=f".{item.id}."))  # 0700
    except OSError as error:
        raise _not_writable(folder, error) from error
    try:
        target = work / item.file
        if isinstance(weights, Path):
            shutil.copyfile(weights, target)
            target.chmod(0o600)
        else:
            write_atomically(target, weights)
        write_atomically(work / _MANIFEST, _as_json(item))
        work.rename(folder / item.id)
    except OSError as error:
        raise _not_writable(folder, error) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return _read(folder / item.id)


def check_id(model_id: str, *, models_dir: Path | None) -> None:
    """Raise ``ModelRejected`` unless this id is well formed and free."""
    if not _ID.fullmatch(model_id):
        raise ModelRejected(
            f"{model_id!r} cannot be a model's id: up to 64 of a-z, 0-9, '.', '_' and '-', a "
            f"letter or a digit first.",
            code="model.id",
        )
    if model_id in manifest() or (models_folder(models_dir) / model_id).exists():
        raise ModelRejected(
            f"A model {model_id!r} is there already. Choose another id, or remove it first: "
            f"python -m recognition models remove {model_id}",
            code="model.exists",
        )


def remove_model(model_id: str, *, models_dir: Path | None, cache_dir: Path | None) -> None:
    """Delete an added model and what loading it left in the cache, even where its folder has
    gone before. Raises ``WeightsError`` for one that is unknown or shipped.
    """
    if model_id in manifest():
        raise WeightsError(
            f"{model_id!r} comes with Gatehouse and cannot be removed.", code="weights.shipped"
        )
    folder = models_folder(models_dir) / model_id
    is_id = _ID.fullmatch(model_id) is not None
    if is_id:
        forget_derived(model_id, cache_dir=cache_dir)
    if not is_id or not (folder / _MANIFEST).is_file():
        find_model(model_id, models_dir=models_dir)  # raises, with the known ids
    # Renamed first: whoever lists models meanwhile sees it whole or not at all.
    doomed = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{model_id}."))
    folder.rename(doomed / "model")
    shutil.rmtree(doomed)


def _read(folder: Path) -> WeightsEntry:
    path = folder / _MANIFEST
    try:
        item = entry_from_json(folder.name, json.loads(path.read_text("utf-8")))
        if os.sep in item.file or not item.file or item.distribution:
            raise ValueError("its file lies elsewhere")
        if item.golden is None or len(item.golden.plain) != item.spec.dimension:
            raise ValueError("it has no golden vector of the model's dimension")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, WeightsError) as error:
        raise WeightsError(
            f"The manifest {path} is damaged or was made by another version ({error}). Delete "
            f"the folder {folder} and add the model again.",
            code="weights.manifest",
        ) from error
    return replace(item, folder=str(folder))


def _as_json(item: WeightsEntry) -> bytes:
    fields = asdict(item)
    for known_from_its_place in ("id", "folder", "distribution"):
        del fields[known_from_its_place]
    return json.dumps(fields, indent=1, ensure_ascii=False).encode()


def _not_writable(folder: Path, error: OSError) -> WeightsError:
    return WeightsError(
        f"The models folder {folder} cannot be written: {error}. Change its owner, free some "
        f"space, or name another one with --models-dir.",
        code="weights.folder",
    )
