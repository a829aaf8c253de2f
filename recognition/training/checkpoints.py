"""The whole state of a training in one safetensors file: nothing in it can run, nothing is half.

Public surface: ``KEPT``, ``Checkpoint``, ``load_checkpoint``, ``newest_checkpoint``,
``save_checkpoint``.
"""

from __future__ import annotations

import errno
import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from recognition.training.errors import TrainingError
from recognition.whole_files import write_atomically

__all__ = ["KEPT", "Checkpoint", "load_checkpoint", "newest_checkpoint", "save_checkpoint"]

KEPT = 3
_KEY = "gatehouse"
_FORMAT = "gatehouse-training-1"
_NAME = "checkpoint-{:09d}.safetensors"
_NAMES = "checkpoint-*.safetensors"


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """``identity`` must be that of the run that goes on; ``state`` and ``tensors`` are restored."""

    identity: Mapping[str, Any]
    state: Mapping[str, Any]
    tensors: Mapping[str, Tensor]


def save_checkpoint(checkpoint: Checkpoint, folder: Path, *, step: int, kept: int = KEPT) -> Path:
    """Write the file at once or not at all, then remove all but the ``kept`` newest.

    Raises ``TrainingError``: ``training.disk_full``, ``training.unwritable``. The older checkpoints
    are then still there.
    """
    from safetensors.torch import save

    tensors = {
        name: tensor.detach().contiguous().cpu() for name, tensor in checkpoint.tensors.items()
    }
    described = {
        "format": _FORMAT,
        "identity": dict(checkpoint.identity),
        "state": dict(checkpoint.state),
    }
    described["sha256"] = _digest(described, tensors)
    path = folder / _NAME.format(step)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(path, save(tensors, metadata={_KEY: json.dumps(described)}))
    except OSError as error:
        is_full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        raise TrainingError(
            f"{path} cannot be written: {error.strerror or error}. The checkpoints before it are "
            "whole; make room and go on with --resume.",
            code="training.disk_full" if is_full else "training.unwritable",
        ) from error
    for old in sorted(folder.glob(_NAMES))[:-kept]:
        old.unlink(missing_ok=True)
    return path


def newest_checkpoint(folder: Path) -> Path | None:
    """The checkpoint with the highest step, whole or not; None where there is none."""
    return max(folder.glob(_NAMES), default=None)


def load_checkpoint(
    path: Path, *, identity: Mapping[str, Any], may_differ: Collection[str] = ()
) -> Checkpoint:
    """Read a checkpoint of the run that ``identity`` describes, but for what ``may_differ``.

    Raises ``TrainingError``: ``training.checkpoint`` for a file that is missing, cut off, changed
    or of another kind, ``training.other_checkpoint`` for one of another network, of other classes
    or other settings, naming what differs.
    """
    described, tensors = _read(path)
    stored = described["identity"]
    unknown = sorted(identity.keys() - stored.keys() - set(may_differ))
    if unknown:
        raise TrainingError(
            f"{path} was written by an older version of this program, which did not note "
            f"{', '.join(unknown)}: nothing tells whether this is the same training. End it with "
            "that version, or begin a new run (--pretrained takes its weights).",
            code="training.other_checkpoint",
        )
    differing = [
        f"{name} is {stored.get(name)!r} there and {identity.get(name)!r} here"
        for name in sorted({*stored, *identity})
        if name not in may_differ and stored.get(name) != _plain(identity.get(name))
    ]
    if differing:
        raise TrainingError(
            f"{path} belongs to another training: {'; '.join(differing)}. Resume with the settings "
            "it began with, or begin a new run (--pretrained takes weights of another one).",
            code="training.other_checkpoint",
        )
    return Checkpoint(stored, described["state"], tensors)


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            described = json.loads((file.metadata() or {}).get(_KEY, "{}"))
            if not isinstance(described, dict) or described.get("format") != _FORMAT:
                raise _invalid(path, f"expected the format {_FORMAT}")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    except OSError as error:
        raise TrainingError(
            f"{path} cannot be read: {error.strerror or error}.", code="training.checkpoint"
        ) from error
    except (SafetensorError, json.JSONDecodeError) as error:
        raise _invalid(path, f"it is cut off or no safetensors file ({error})") from error
    if described.pop("sha256", None) != _digest(described, tensors):
        raise _invalid(path, "its digest does not fit: it was changed or damaged")
    return described, tensors


def _digest(described: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256(json.dumps(described, sort_keys=True).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(json.dumps([name, str(tensor.dtype), list(tensor.shape)]).encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _plain(value: Any) -> Any:
    """As JSON gives it back: tuples become lists."""
    return json.loads(json.dumps(value))


def _invalid(path: Path, problem: str) -> TrainingError:
    return TrainingError(
        f"{path} is no whole checkpoint: {problem}. Remove it to resume from the one before it.",
        code="training.checkpoint",
    )
