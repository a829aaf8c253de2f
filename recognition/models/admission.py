"""Letting an owner's model in: read it, run it, measure it, and keep it only if all is well.

Public surface: ``admit_model``, ``Declaration``, ``Evidence``, ``Admission``.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from recognition.embedding.network_embedder import NetworkEmbedder
from recognition.embedding_spec import ChannelOrder, Scaling
from recognition.errors import ModelRejected, WeightsError
from recognition.models.behaviour import check_behaviour
from recognition.models.declaration import Declaration, agree
from recognition.models.evidence import Evidence, settle_channel_order
from recognition.models.golden import measure_golden
from recognition.models.loading import open_model
from recognition.models.reading import Candidate, read_candidate
from recognition.models.registry import check_id, remove_model, store_model
from recognition.models.service import REFERENCE
from recognition.runtime import Network
from recognition.weights import WeightsEntry, sha256_of, verified

__all__ = ["MAX_FILE_BYTES", "Admission", "Declaration", "Evidence", "admit_model"]

# The largest packs in use (ResNet-200, ViT-L) are below 600 MB; protobuf itself ends at 2 GiB.
MAX_FILE_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Admission:
    """The model as it was stored, and what was found on the way, in words."""

    item: WeightsEntry
    findings: tuple[str, ...]


def admit_model(
    path: Path,
    declaration: Declaration,
    *,
    evidence: Evidence | None = None,
    models_dir: Path | None = None,
) -> Admission:
    """Check a weight file against its declaration and store it under ``declaration.id``.

    ``.onnx`` is an ArcFace-family pack; ``.safetensors`` by ``recognition.networks.files`` any
    network of the registry; else ``.pt``, ``.pth``, ``.safetensors`` and ``.npz`` are
    Inception-ResNet-v1. Raises ``ModelRejected`` with the reason (codes ``model.*``), or
    ``WeightsError`` where the models folder cannot be written; then nothing was stored.
    """
    check_id(declaration.id, models_dir=models_dir)
    digest = _check_file(path, declaration)
    with tempfile.TemporaryDirectory(prefix="gatehouse-model-") as work:
        candidate = read_candidate(path, declaration, digest=digest, work=Path(work))
        return _measure_and_store(
            candidate,
            declaration,
            evidence=evidence or Evidence(),
            models_dir=models_dir,
            work=Path(work),
        )


def _check_file(path: Path, declaration: Declaration) -> str:
    """The file's digest, where its size and its digest are as they must be."""
    if not declaration.licence.strip():
        raise ModelRejected(
            "Name the model's licence: whoever runs Gatehouse answers for using it.",
            code="model.licence",
        )
    if not path.is_file():
        raise ModelRejected(f"There is no file {path}.", code="model.unreadable")
    size_bytes = path.stat().st_size
    if not 0 < size_bytes <= MAX_FILE_BYTES:
        raise ModelRejected(
            f"{path.name} has {size_bytes:,} bytes; expected more than none and at most "
            f"{MAX_FILE_BYTES:,}.",
            code="model.size",
        )
    digest = sha256_of(path)
    expected = (declaration.sha256 or digest).strip().lower()
    if digest != expected:
        raise ModelRejected(
            f"{path.name} is not the file that you expect: its sha256 is {digest}, and you named "
            f"{expected}. Download it again; do not add it as it is.",
            code="model.digest",
        )
    return digest


def _measure_and_store(
    candidate: Candidate,
    declaration: Declaration,
    *,
    evidence: Evidence,
    models_dir: Path | None,
    work: Path,
) -> Admission:
    item = candidate.item

    @cache  # a large network takes seconds to compile, and is asked for several times
    def open_as(order: ChannelOrder, scaling: Scaling) -> Network:
        spec = replace(item.spec, channel_order=order, scaling=scaling)
        return open_model(replace(item, embedding=spec), choice=REFERENCE, cache_dir=work)

    scaling = item.spec.scaling
    measured = check_behaviour(open_as("rgb", scaling), crop=item.spec.crop)
    agree("dimension", declared=declaration.dimension, found=measured.dimension)
    agree("output norm", declared=declaration.output_norm, found=measured.output_norm)
    spec = replace(item.spec, dimension=measured.dimension, output_norm=measured.output_norm)
    order = settle_channel_order(
        spec,
        declared=declaration.channel_order or candidate.channel_order,
        evidence=evidence,
        open_as=open_as,
    )
    spec = replace(spec, channel_order=order.order)
    found = replace(item, embedding=spec, evidence=order.detail)
    embedder = NetworkEmbedder(open_as(order.order, scaling), item=found, flip_fusion=False)
    golden = measure_golden(embedder, crop=spec.crop)
    stored = store_model(
        replace(found, golden=golden, file=candidate.stored_name, folder=""),
        weights=Path(item.folder) / item.file,
        models_dir=models_dir,
    )
    try:
        verified(stored)
    except WeightsError:  # the owner's file changed while it was being read
        remove_model(stored.id, models_dir=models_dir, cache_dir=work)
        raise
    findings = (
        *candidate.findings,
        *measured.findings,
        f"channel order {order.order}: {order.detail}",
    )
    return Admission(stored, findings)
