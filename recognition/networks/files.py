"""Networks as safetensors files that say what they are; nothing in them can run. Imports torch.

Public surface: ``save_network``, ``load_network``, ``restore_into``, ``RestoreReport``,
``network_bytes``, ``file_metadata``, ``is_network_file``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor

from recognition.errors import ModelRejected, RecognitionError
from recognition.networks import NETWORKS, build_network
from recognition.networks.base import FaceNetwork
from recognition.whole_files import write_atomically

__all__ = [
    "RestoreReport",
    "file_metadata",
    "is_network_file",
    "load_network",
    "network_bytes",
    "restore_into",
    "save_network",
]

# safetensors' own header, under names that no caller's can meet.
_NAME, _SIZE, _INPUT = "gatehouse.network", "gatehouse.embedding_size", "gatehouse.input_px"
_RESERVED = "gatehouse."
_COUNTER = ".num_batches_tracked"
_LISTED = 3


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What became of every parameter and running statistic, by name.

    ``missing`` are the network's that the file lacks, ``unexpected`` the file's that the network
    lacks, ``reshaped`` those of another shape; these, and the head where it was not asked for
    (``left``), keep the values that the network had.
    """

    restored: tuple[str, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    reshaped: tuple[str, ...]
    left: tuple[str, ...] = ()


def save_network(
    network: FaceNetwork, path: Path, *, extra: Mapping[str, str] | None = None
) -> None:
    """Write the network whole or not at all, for its owner only.

    ``extra`` becomes metadata beside the name and the sizes; see ``networks.preparation`` for
    what `models add` reads of it. Raises ``RecognitionError`` (``output.unwritable``), and
    ``ValueError`` for a reserved name.
    """
    try:
        write_atomically(path, network_bytes(network, extra=extra))
    except OSError as error:
        raise RecognitionError(
            f"{path} cannot be written: {error.strerror or error}. Name another place, or make "
            f"room there.",
            code="output.unwritable",
        ) from error


def network_bytes(network: FaceNetwork, *, extra: Mapping[str, str] | None = None) -> bytes:
    """What ``save_network`` writes."""
    taken = [name for name in extra or {} if name.startswith(_RESERVED)]
    if taken:
        raise ValueError(f"metadata names that begin with {_RESERVED!r} are reserved: {taken}")
    metadata = {
        **(extra or {}),
        _NAME: network.name,
        _SIZE: str(network.embedding_size),
        _INPUT: str(network.input_px),
    }
    state = {name: value.detach().cpu().contiguous() for name, value in _state(network).items()}
    payload: bytes = save(state, metadata=metadata)
    return payload


def file_metadata(path: Path) -> dict[str, str]:
    """The file's metadata. Raises ``ModelRejected`` (``model.unreadable``)."""
    try:
        with safe_open(path, framework="pt") as file:
            return dict(file.metadata() or {})
    except (OSError, SafetensorError) as error:
        raise _unreadable(path, error) from error


def is_network_file(path: Path) -> bool:
    """Whether ``save_network`` wrote it; raises as ``file_metadata`` does."""
    return _NAME in file_metadata(path)


def load_network(path: Path) -> FaceNetwork:
    """The network of a file by ``save_network``, in evaluation mode.

    Raises ``ModelRejected``: ``model.unreadable`` for a damaged file, ``model.architecture`` for
    one of no network of ours, ``model.names``, ``model.shape`` and ``model.values`` where the
    content is not what the metadata says.
    """
    metadata = file_metadata(path)
    name = _name_in(metadata, path)
    sizes = {key: metadata.get(key, "") for key in (_SIZE, _INPUT)}
    wrong = [f"{key} {value!r}" for key, value in sizes.items() if not value.isdecimal()]
    if wrong:
        raise ModelRejected(
            f"{path.name} says {' and '.join(wrong)}; expected whole numbers. The file is damaged.",
            code="model.unreadable",
        )
    with torch.device("meta"):  # no time is spent on random parameters
        network = build_network(name, embedding_size=int(sizes[_SIZE]), input_px=int(sizes[_INPUT]))
    found = _tensors(path)
    state = _state(network)
    missing, unexpected = sorted(state.keys() - found), sorted(found.keys() - state)
    if missing or unexpected:
        raise ModelRejected(
            f"{path.name} does not hold the {name} that it says: {_listed(missing, 'missing')}, "
            f"{_listed(unexpected, 'unexpected')}. The file is damaged, or of another version.",
            code="model.names",
        )
    for key, value in found.items():
        if value.shape != state[key].shape:
            raise ModelRejected(
                f"{path.name}: {key} has the shape {tuple(value.shape)}, expected "
                f"{tuple(state[key].shape)} of {name}. The file is damaged.",
                code="model.shape",
            )
    network.load_state_dict({k: v.to(state[k].dtype) for k, v in found.items()}, assign=True)
    return network.eval()


def restore_into(network: FaceNetwork, path: Path, *, head: bool) -> RestoreReport:
    """Take over a file's weights in place, bit for bit, and report on every name.

    Without ``head`` the embedding's own layers keep what ``build_network`` drew: fine-tuning for
    another task. With it, a head of another size is reported as ``reshaped`` and kept. A file
    without metadata (a released one) is judged by its names. Raises ``ModelRejected``:
    ``model.architecture`` where the file is of another network or lacks any of the trunk, and as
    ``load_network`` does; then nothing was changed.
    """
    metadata, found = file_metadata(path), _tensors(path)
    if _NAME in metadata and _name_in(metadata, path) != network.name:
        raise ModelRejected(
            f"{path.name} holds {metadata[_NAME]}; expected {network.name}. Restore it into a "
            f"network of its own kind, or name another file.",
            code="model.architecture",
        )
    state = _state(network)
    left = [name for name in state if not head and network.is_of_head(name)]
    wanted = {name: value for name, value in state.items() if name not in left}
    missing = [name for name in wanted if name not in found and not name.endswith(_COUNTER)]
    reshaped = [n for n, v in wanted.items() if n in found and found[n].shape != v.shape]
    lost = [name for name in (*missing, *reshaped) if not network.is_of_head(name)]
    if lost:
        raise ModelRejected(
            f"{path.name} does not hold the trunk of {network.name} for {network.input_px} px: "
            f"{_listed(lost, 'missing or of another shape')} of {len(wanted)}. Expected a file of "
            f"that network.",
            code="model.architecture",
        )
    restored = [name for name in wanted if name in found and name not in reshaped]
    with torch.no_grad():
        for name in restored:
            wanted[name].copy_(found[name])
    return RestoreReport(
        restored=tuple(restored),
        missing=tuple(missing),
        unexpected=tuple(sorted(found.keys() - state)),
        reshaped=tuple(reshaped),
        left=tuple(left),
    )


def _state(network: FaceNetwork) -> dict[str, Tensor]:
    return dict(network.state_dict())


def _tensors(path: Path) -> dict[str, Tensor]:
    try:
        found: dict[str, Tensor] = load_file(path)
    except (OSError, SafetensorError) as error:
        raise _unreadable(path, error) from error
    for name, value in found.items():
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise ModelRejected(
                f"{path.name}: {name} has a number that is not finite. The file is damaged, or "
                f"its training failed.",
                code="model.values",
            )
    return found


def _name_in(metadata: Mapping[str, str], path: Path) -> str:
    name = metadata.get(_NAME)
    if name is None or name not in NETWORKS:
        what = "does not say which network it holds" if name is None else f"holds {name!r}"
        raise ModelRejected(
            f"{path.name} {what}; expected a file that save_network wrote, of one of "
            f"{', '.join(NETWORKS)}.",
            code="model.architecture",
        )
    return name


def _unreadable(path: Path, why: Exception) -> ModelRejected:
    return ModelRejected(
        f"{path.name} cannot be read as a safetensors file: {str(why).splitlines()[0][:200]}. "
        f"It is damaged, cut off or something else.",
        code="model.unreadable",
    )


def _listed(names: list[str], what: str) -> str:
    if not names:
        return f"none {what}"
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"{len(names)} {what} ({', '.join(names[:_LISTED])}{more})"
