"""An index in one file, for a fast start. Public: ``save_snapshot``, ``load_snapshot``, ``Snapshot``.

Layout: 8 bytes magic, the header's length (uint32, little-endian), the header (JSON: version,
space, dimension, count, revision, sealed), the body. The body is a SHA-256 of header and
content, then the content: ids and tags (JSON, its length before it, padded to 64 bytes), then the
vectors as raw little-endian float32. With a cipher the body is one sealed piece.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from recognition.contracts import EmbeddingSpace
from recognition.errors import RecognitionError
from recognition.index.flat import FlatIndex
from recognition.whole_files import write_atomically

__all__ = ["Cipher", "Snapshot", "SnapshotRejected", "load_snapshot", "save_snapshot"]

_MAGIC = b"GHINDEX1"
_VERSION = 1
_LENGTH_BYTES = 4
_DIGEST_BYTES = 32
_ALIGNMENT = 64
_FIELDS = ("space", "dimension", "revision", "sealed")


class SnapshotRejected(RecognitionError):
    """A snapshot is damaged (``index.snapshot``) or of another space (``index.snapshot_space``).

    Nothing of it was loaded. Delete it; the index is built again from the database.
    """

    code = "index.snapshot"


class Cipher(Protocol):
    """Encrypts and authenticates. ``open`` raises a ``RecognitionError`` for what is not its own."""

    def seal(self, plain: bytes) -> bytes: ...

    def open(self, sealed: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a file held: the index as it was when the gallery had ``revision``.

    ``tags`` says for an id, in its owner's words, what its vector was made from, so that the
    owner can tell which ones have changed since.
    """

    index: FlatIndex
    revision: int
    tags: Mapping[str, str] = field(default_factory=dict)


def save_snapshot(
    index: FlatIndex,
    path: Path,
    *,
    revision: int,
    tags: Mapping[str, str] | None = None,
    cipher: Cipher | None = None,
) -> None:
    """Write the whole index to ``path``: all of it or, whatever happens, none.

    Templates are biometric data. Without a ``cipher`` they lie readable on the disk: that is for
    tools on made vectors, never for people's.
    """
    store = index.store
    named = {person_id: (tags or {}).get(person_id, "") for person_id in store.ids}
    names = json.dumps([list(named), list(named.values())]).encode()
    padding = b" " * (-(len(names) + _LENGTH_BYTES + _DIGEST_BYTES) % _ALIGNMENT)
    header = json.dumps(
        {
            "version": _VERSION,
            "space": index.space.id,
            "dimension": index.space.dimension,
            "count": len(store),
            "revision": revision,
            "sealed": cipher is not None,
        }
    ).encode()
    # spaces after the JSON: the vectors of a readable snapshot lie on a multiple of 64 bytes
    header += b" " * (-(len(_MAGIC) + _LENGTH_BYTES + len(header)) % _ALIGNMENT)
    vectors = np.ascontiguousarray(store.matrix, "<f4").reshape(-1).view(np.uint8)
    content: list[bytes | memoryview] = [_length(names + padding), names, padding, vectors.data]
    digest = hashlib.sha256(header)
    for piece in content:
        digest.update(piece)
    body: list[bytes | memoryview] = [digest.digest(), *content]
    if cipher is not None:
        body = [cipher.seal(b"".join(body))]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, _MAGIC, _length(header), header, *body)


def load_snapshot(path: Path, space: EmbeddingSpace, *, cipher: Cipher | None = None) -> Snapshot:
    """Read what ``save_snapshot`` wrote, after its digest was found right.

    Raises ``FileNotFoundError`` where there is none, and ``SnapshotRejected`` for a file that was
    cut, altered, written for another space, or sealed when no cipher is given (or the reverse).
    """
    data = memoryview(path.read_bytes())
    header, start = _read_header(path, data)
    if header["space"] != space.id or header["dimension"] != space.dimension:
        raise SnapshotRejected(
            f"{path} holds vectors of the embedding space {header['space']}; this engine's is "
            f"{space.id}. Delete the file; the index is built again from the database.",
            code="index.snapshot_space",
        )
    if header["sealed"] != (cipher is not None):
        raise _damaged(
            path, "it is sealed, and no key came" if header["sealed"] else "it is not sealed"
        )
    body = data[start:] if cipher is None else memoryview(cipher.open(bytes(data[start:])))
    content = body[_DIGEST_BYTES:]
    digest = hashlib.sha256(data[len(_MAGIC) + _LENGTH_BYTES : start])
    digest.update(content)
    if digest.digest() != bytes(body[:_DIGEST_BYTES]):
        raise _damaged(path, "its content does not have the digest that was stored with it")
    # from here on everything is what save_snapshot wrote
    names_end = _LENGTH_BYTES + int.from_bytes(content[:_LENGTH_BYTES], "little")
    ids, tags = json.loads(bytes(content[_LENGTH_BYTES:names_end]))
    vectors = np.frombuffer(content[names_end:], "<f4").reshape(len(ids), space.dimension)
    index = FlatIndex(space)
    index.upsert(ids, np.asarray(vectors, np.float32))
    kept = {person_id: tag for person_id, tag in zip(ids, tags, strict=True) if tag}
    return Snapshot(index, header["revision"], kept)


def _read_header(path: Path, data: memoryview) -> tuple[dict[str, Any], int]:
    begin = len(_MAGIC) + _LENGTH_BYTES
    if bytes(data[: len(_MAGIC)]) != _MAGIC or len(data) < begin:
        raise _damaged(path, "it does not begin as one")
    end = begin + int.from_bytes(data[len(_MAGIC) : begin], "little")
    try:
        header = json.loads(bytes(data[begin:end]))
        known = header["version"] == _VERSION and {*_FIELDS} <= set(header)
    except (ValueError, TypeError, KeyError) as error:
        raise _damaged(path, "its header cannot be read") from error
    if not known:
        raise _damaged(path, "it was written by another version")
    return header, end


def _length(piece: bytes) -> bytes:
    return len(piece).to_bytes(_LENGTH_BYTES, "little")


def _damaged(path: Path, why: str) -> SnapshotRejected:
    return SnapshotRejected(
        f"{path} is no snapshot that can be used: {why}. Delete it; the index is built again from "
        "the database."
    )
