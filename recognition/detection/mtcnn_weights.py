"""MTCNN's weights: the published files of the wheel, and our own safe file for an owner's.

The wheel's are LZ4 frames around joblib pickles of Keras arrays. A pickle can run code, so
nothing is unpickled but plain float32 arrays: only three names are known to the reader here, and
neither joblib nor the package that ships the files is imported; the caller has checked the files'
digests before. Ours is safetensors. Public surface: the names in ``__all__``.
"""

from __future__ import annotations

import io
import math
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lz4.frame
import numpy as np
from numpy.typing import NDArray

from recognition._pickles import StandIns, load_restricted
from recognition.errors import WeightsError

__all__ = [
    "SHAPES",
    "KerasArrays",
    "MtcnnWeights",
    "load_mtcnn_weights",
    "read_mtcnn_weights",
    "save_mtcnn_weights",
]

KerasArrays = tuple[NDArray[np.float32], ...]

_OWN_FORMAT = "gatehouse-mtcnn-1"


def _layer(*kernel: int) -> list[tuple[int, ...]]:
    """Kernel, bias and slopes of PReLU."""
    return [kernel, (kernel[-1],), (kernel[-1],)]


def _head(*kernel: int) -> list[tuple[int, ...]]:
    return [kernel, (kernel[-1],)]


# Kernels are HWIO (dense ones IO) and stand for upright pictures, dense layers behind a feature
# map count its width before its height. Heads: box, then landmarks, then face.
SHAPES: dict[str, list[tuple[int, ...]]] = {
    "pnet": _layer(3, 3, 3, 10) + _layer(3, 3, 10, 16) + _layer(3, 3, 16, 32)
    + _head(1, 1, 32, 4) + _head(1, 1, 32, 2),
    "rnet": _layer(3, 3, 3, 28) + _layer(3, 3, 28, 48) + _layer(2, 2, 48, 64)
    + _layer(576, 128) + _head(128, 4) + _head(128, 2),
    "onet": _layer(3, 3, 3, 32) + _layer(3, 3, 32, 64) + _layer(3, 3, 64, 64)
    + _layer(2, 2, 64, 128) + _layer(1152, 256) + _head(256, 4) + _head(256, 10) + _head(256, 2),
    # five patches, then what sees all of them, then five points
    "lnet": (_layer(3, 3, 3, 28) + _layer(3, 3, 28, 48) + _layer(2, 2, 48, 64)) * 5
    + _layer(2880, 256) + (_layer(256, 64) + _head(64, 2)) * 5,
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class MtcnnWeights:
    """The arrays of the networks in Keras' order and layout, float32, as ``SHAPES`` has them.

    ``lnet``, the optional fourth network, is empty where there is none. Raises ``WeightsError``
    when the count or the shape of a network's arrays does not fit.
    """

    pnet: KerasArrays
    rnet: KerasArrays
    onet: KerasArrays
    lnet: KerasArrays = ()

    def __post_init__(self) -> None:
        for network, shapes in SHAPES.items():
            arrays = getattr(self, network)
            if network == "lnet" and not arrays:
                continue
            if len(arrays) != len(shapes):
                raise WeightsError(
                    f"{network} takes {len(shapes)} arrays, the file holds {len(arrays)}: "
                    "it belongs to another network"
                )
            for number, (array, shape) in enumerate(zip(arrays, shapes, strict=True)):
                # Keras gives the slopes of PReLU the map's shared axes
                found = array.shape[2:] if array.ndim == 3 else array.shape
                if found != shape or array.dtype != np.float32:
                    raise WeightsError(
                        f"{network}'s array {number} must be {shape} float32, the file gives "
                        f"{array.shape} {array.dtype}: it belongs to another network"
                    )


def load_mtcnn_weights(pnet: Path, rnet: Path, onet: Path) -> MtcnnWeights:
    """Read the three weight files, whose digests the caller has verified.

    Raises ``WeightsError`` when a file cannot be read, holds anything but a list of float32
    arrays, or belongs to another network.
    """
    return MtcnnWeights(pnet=_read(pnet), rnet=_read(rnet), onet=_read(onet))


def save_mtcnn_weights(weights: MtcnnWeights, path: Path) -> None:
    """Write one safetensors file (no code can hide in it) that ``read_mtcnn_weights`` reads."""
    from safetensors.numpy import save_file

    tensors = {
        f"{network}.{number:02d}": np.ascontiguousarray(array)
        for network in SHAPES
        for number, array in enumerate(getattr(weights, network))
    }
    save_file(tensors, path, metadata={"format": _OWN_FORMAT})


def read_mtcnn_weights(path: Path) -> MtcnnWeights:
    """Read what ``save_mtcnn_weights`` wrote.

    Raises ``WeightsError`` when the file cannot be read, is of another kind or does not hold
    exactly the networks' arrays.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            kind = (file.metadata() or {}).get("format")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise WeightsError(
            f"{path} is not a readable MTCNN weight file ({error}); expected the safetensors "
            "file that save_mtcnn_weights writes: import the original weights again"
        ) from error
    if kind != _OWN_FORMAT:
        raise WeightsError(
            f"{path} is a safetensors file of another kind (format {kind!r}, expected "
            f"{_OWN_FORMAT!r}): import the original MTCNN weights again"
        )
    networks = {
        network: tuple(tensors[name] for name in sorted(tensors) if name.startswith(network))
        for network in SHAPES
    }
    return MtcnnWeights(**networks)


def _read(path: Path) -> KerasArrays:
    try:
        content = lz4.frame.decompress(path.read_bytes())
        return _arrays(io.BytesIO(content))
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise WeightsError(
            f"{path.name} is not a readable MTCNN weight file ({error}); "
            "expected the LZ4 file of the mtcnn 1.0.0 wheel: install that package again"
        ) from error


def _arrays(stream: io.BytesIO) -> KerasArrays:
    """Unpickle a list of arrays whose raw values lie in the stream behind each array's header."""

    class ArrayRecord:
        """Stands in for joblib's wrapper: takes its header, then the values that follow it."""

        def __setstate__(self, state: dict[str, Any]) -> None:
            self.values = _values_behind_header(stream, state)

    stand_ins: StandIns = {
        ("joblib.numpy_pickle", "NumpyArrayWrapper"): ArrayRecord,
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
    }
    records = load_restricted(stream, stand_ins)
    if not isinstance(records, list) or not all(
        isinstance(record, ArrayRecord) for record in records
    ):
        raise pickle.UnpicklingError("it does not hold a list of arrays")
    return tuple(record.values for record in records)


def _values_behind_header(stream: io.BytesIO, header: dict[str, Any]) -> NDArray[np.float32]:
    """The array that joblib's header describes, read from the stream's present position.

    This relies on two facts: joblib closes the pickle's frame before it writes raw values, and
    the unpickler reads a stream without ``peek`` no further than it must.
    """
    if header["dtype"] != np.dtype("<f4") or header["order"] != "C":
        raise pickle.UnpicklingError(
            f"it holds {header['order']}-ordered {header['dtype']}, expected C-ordered <f4"
        )
    if header.get("numpy_array_alignment_bytes"):
        padding = stream.read(1)
        stream.seek(int.from_bytes(padding), io.SEEK_CUR)
    shape = tuple(int(side) for side in header["shape"])
    content = stream.read(4 * math.prod(shape))
    return np.frombuffer(content, dtype="<f4").reshape(shape)
