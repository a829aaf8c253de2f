"""Reads MTCNN's published weights: LZ4 frames around joblib pickles of Keras arrays.

A pickle can run code, so nothing is unpickled but plain float32 arrays: only three names are
known to the reader here, and neither joblib nor the package that ships the files is imported.
The caller has checked the files' digests before. Public surface: ``MtcnnWeights``,
``load_mtcnn_weights``.
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

from recognition.errors import WeightsError

__all__ = ["MtcnnWeights", "load_mtcnn_weights"]

KerasArrays = tuple[NDArray[np.float32], ...]


@dataclass(frozen=True, slots=True, eq=False)
class MtcnnWeights:
    """The arrays of the three networks in Keras' order and layout (kernels are HWIO)."""

    pnet: KerasArrays
    rnet: KerasArrays
    onet: KerasArrays


def load_mtcnn_weights(pnet: Path, rnet: Path, onet: Path) -> MtcnnWeights:
    """Read the three weight files, whose digests the caller has verified.

    Raises ``WeightsError`` when a file cannot be read or holds anything but a list of float32
    arrays. Whether the arrays fit the networks is checked where those are built.
    """
    return MtcnnWeights(pnet=_read(pnet), rnet=_read(rnet), onet=_read(onet))


def _read(path: Path) -> KerasArrays:
    try:
        content = lz4.frame.decompress(path.read_bytes())
        return _arrays(io.BytesIO(content))
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
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

    allowed: dict[tuple[str, str], type] = {
        ("joblib.numpy_pickle", "NumpyArrayWrapper"): ArrayRecord,
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
    }

    class ArraysOnly(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> type:
            try:
                return allowed[module, name]
            except KeyError:
                raise pickle.UnpicklingError(f"it asks for {module}.{name}") from None

    records = ArraysOnly(stream).load()
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
