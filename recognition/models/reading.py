"""Reading a weight file that its owner wants to add, up to a manifest entry that can be opened.

What is declared is compared with what the file says. Public surface: ``read_candidate``,
``read_trained``, ``Candidate``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from recognition.embedding_spec import ChannelOrder, CropSpec, EmbeddingSpec, Scaling
from recognition.errors import ModelRejected
from recognition.models.declaration import Declaration, agree
from recognition.networks.preparation import read_preparation
from recognition.weights import WeightsEntry, sha256_of

__all__ = ["Candidate", "read_candidate", "read_trained"]

_INCEPTION_ENDINGS = (".pt", ".pth", ".safetensors", ".npz")
_ARCFACE_PX, _FACENET_PX, _FACENET_MARGIN_PX = 112, 160, 32


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that was read and not yet run.

    ``item`` points to the file that can be opened, in the owner's folder or in the work folder.
    ``channel_order`` is what the file's own format settles, else None.
    """

    item: WeightsEntry
    stored_name: str
    channel_order: ChannelOrder | None
    findings: tuple[str, ...]


def read_candidate(path: Path, declaration: Declaration, *, digest: str, work: Path) -> Candidate:
    """Read by the file's ending; raises ``ModelRejected`` for what does not fit."""
    if path.suffix == ".onnx":
        return _read_pack(path, declaration, digest=digest)
    if path.suffix == ".safetensors":
        from recognition.networks.files import is_network_file

        if is_network_file(path):
            return _read_network(path, declaration, digest=digest)
    if path.suffix in _INCEPTION_ENDINGS:
        return _read_inception(path, declaration, digest=digest, work=work)
    raise ModelRejected(
        f"{path.name} ends in {path.suffix!r}; expected .onnx for an ArcFace-family pack, "
        f".safetensors for a network that was trained here, or {', '.join(_INCEPTION_ENDINGS)} "
        f"for Inception-ResNet-v1.",
        code="model.unreadable",
    )


def read_trained(path: Path, *, scaling: Scaling | None = None) -> WeightsEntry:
    """A network that was trained here, as an entry that is in no folder of models yet.

    Raises ``ModelRejected``: as ``load_network`` does, and ``model.preprocessing`` where neither
    the file nor ``scaling`` says how pixels are scaled.
    """
    declaration = Declaration(id=path.stem, licence="not declared", scaling=scaling)
    candidate = _read_network(path, declaration, digest=sha256_of(path))
    spec = replace(candidate.item.spec, channel_order=candidate.channel_order or "rgb")
    return replace(candidate.item, embedding=spec)


def _read_pack(path: Path, declaration: Declaration, *, digest: str) -> Candidate:
    from recognition.models.onnx_pack import inspect_pack

    facts = inspect_pack(path)
    own = {key.removeprefix("gatehouse."): value for key, value in facts.metadata.items()}
    size_px = agree("size", declared=declaration.size_px, found=facts.size_px) or _ARCFACE_PX
    crop = _crop(declaration, size_px=size_px)
    scaling = _pack_scaling(declaration, own, scales_itself=facts.scales_itself)
    order = own.get("channel_order")
    if order in {"rgb", "bgr"}:
        agree("channel order", declared=declaration.channel_order, found=order)
    spec = EmbeddingSpec(
        dimension=1,  # measured later
        channel_order="rgb",
        scaling=scaling,
        crop=crop,
    )
    item = WeightsEntry(
        id=declaration.id,
        kind="onnx-arcface",
        file=path.name,
        folder=str(path.resolve().parent),
        sha256=digest,
        size_bytes=path.stat().st_size,
        licence=declaration.licence.strip(),
        origin=declaration.origin.strip() or path.name,
        input=f"(N, 3, {size_px}, {size_px}) float32",
        embedding=spec,
    )
    how = "scales pixels itself" if facts.scales_itself else f"pixels scaled before it: {scaling}"
    return Candidate(
        item=item,
        stored_name="model.onnx",
        channel_order="bgr" if order == "bgr" else "rgb" if order == "rgb" else None,
        findings=(f"ONNX pack, one input of {size_px} px, {how}",),
    )


def _pack_scaling(
    declaration: Declaration, own: Mapping[str, str], *, scales_itself: bool
) -> Scaling:
    """InsightFace's rule: a graph that begins with Sub and Mul scales by itself."""
    declared = declaration.scaling
    if declared == "per_image":
        raise ModelRejected(
            "An ONNX pack cannot be prepared per_image here; expected raw, fixed or symmetric. Put "
            "the standardisation into the graph and declare raw.",
            code="model.preprocessing",
        )
    if scales_itself and declared not in {None, "raw"}:
        raise ModelRejected(
            f"You declared the preprocessing {declared}, and the graph begins with its own Sub and "
            f"Mul: the pixels would be scaled twice. Declare raw.",
            code="model.preprocessing",
        )
    written = own.get("scaling")
    if written in {"raw", "fixed", "symmetric"}:
        agree("preprocessing", declared=declared, found=written)
        return "fixed" if written == "fixed" else "symmetric" if written == "symmetric" else "raw"
    return declared or ("raw" if scales_itself else "symmetric")


def _read_inception(path: Path, declaration: Declaration, *, digest: str, work: Path) -> Candidate:
    from recognition.embedding.inception_file import build_network, read_weights, write_weights

    is_tensorflow = path.suffix == ".npz"
    if is_tensorflow and declaration.scaling is None:
        raise ModelRejected(
            "FaceNet's TensorFlow models were trained with fixed standardisation (2018) or "
            "per-image (before), and the file does not say which. Declare --preprocessing fixed "
            "or per_image: the wrong one costs 0.8 points on LFW.",
            code="model.preprocessing",
        )
    size_px = agree("size", declared=declaration.size_px, found=_FACENET_PX) or _FACENET_PX
    weights = read_weights(path)
    network = build_network(weights)
    converted = work / "model.safetensors"
    converted.write_bytes(write_weights(weights))
    parameters = sum(parameter.numel() for parameter in network.parameters())
    dimension = len(weights["last_linear.weight"])
    scaling = declaration.scaling or "fixed"
    item = WeightsEntry(
        id=declaration.id,
        kind="inception-resnet-v1",
        file=converted.name,
        folder=str(work),
        sha256=sha256_of(converted),
        size_bytes=converted.stat().st_size,
        licence=declaration.licence.strip(),
        origin=declaration.origin.strip() or path.name,
        input=f"(N, 3, {size_px}, {size_px}) float32",
        source_sha256=digest,
        embedding=EmbeddingSpec(
            dimension=dimension,
            channel_order="rgb",
            scaling=scaling,
            crop=_crop(declaration, size_px=size_px),
        ),
    )
    names = "TensorFlow" if is_tensorflow else "facenet-pytorch"
    return Candidate(
        item=item,
        stored_name=converted.name,
        # facenet's and facenet-pytorch's decoders give RGB
        channel_order=declaration.channel_order or "rgb",
        findings=(
            f"Inception-ResNet-v1 under {names} names, {parameters:,} parameters, pixels {scaling}",
        ),
    )


def _read_network(path: Path, declaration: Declaration, *, digest: str) -> Candidate:
    """A file by ``recognition.networks.files``; what it says of its preparation counts."""
    from recognition.networks.files import file_metadata, load_network

    metadata = file_metadata(path)
    network = load_network(path)
    said = read_preparation(metadata)
    size_px = network.input_px
    agree("size", declared=declaration.size_px, found=size_px)
    scaling: Scaling | None = agree(
        "preprocessing", declared=declaration.scaling, found=said.scaling
    )
    if scaling is None:
        raise ModelRejected(
            f"{path.name} does not say how its pixels were scaled in training. Declare "
            f"--preprocessing fixed, symmetric, per_image or raw.",
            code="model.preprocessing",
        )
    agreed = replace(
        declaration,
        alignment=agree("alignment", declared=declaration.alignment, found=said.alignment),
        margin_px=agree("margin", declared=declaration.margin_px, found=said.margin_px),
        margin_convention=agree(
            "margin convention",
            declared=declaration.margin_convention,
            found=said.margin_convention,
        ),
    )
    item = WeightsEntry(
        id=declaration.id,
        kind="network",
        file=path.name,
        folder=str(path.resolve().parent),
        sha256=digest,
        size_bytes=path.stat().st_size,
        licence=declaration.licence.strip(),
        origin=declaration.origin.strip() or path.name,
        input=f"(N, 3, {size_px}, {size_px}) float32",
        embedding=EmbeddingSpec(
            dimension=network.embedding_size,
            channel_order="rgb",
            scaling=scaling,
            crop=_crop(agreed, size_px=size_px),
        ),
    )
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return Candidate(
        item=item,
        stored_name="model.safetensors",
        channel_order=agree(
            "channel order", declared=declaration.channel_order, found=said.channel_order
        ),
        findings=(
            f"{network.name} of our own networks, {parameters:,} parameters, pixels {scaling}",
        ),
    )


def _crop(declaration: Declaration, *, size_px: int) -> CropSpec:
    alignment = declaration.alignment
    if alignment is None and size_px not in {_ARCFACE_PX, _FACENET_PX}:
        raise ModelRejected(
            f"The network takes {size_px} px, which is neither ArcFace's 112 nor FaceNet's 160, so "
            f"that its alignment cannot be guessed. Declare --alignment.",
            code="model.alignment",
        )
    if alignment is None:
        alignment = "arcface112-similarity" if size_px == _ARCFACE_PX else "box-margin"
    if alignment == "arcface112-similarity":
        return CropSpec(alignment, size_px)
    margin_px = _FACENET_MARGIN_PX if declaration.margin_px is None else declaration.margin_px
    if not 0 <= margin_px < size_px:
        raise ModelRejected(
            f"A margin of {margin_px} px does not fit a crop of {size_px} px; expected 0 to "
            f"{size_px - 1}.",
            code="model.alignment",
        )
    return CropSpec(alignment, size_px, margin_px, declaration.margin_convention or "facenet")
