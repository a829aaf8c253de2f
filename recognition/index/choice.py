"""Which index for how many people. Public surface: ``EXACT_LIMIT``, ``choose_index``."""

from __future__ import annotations

from recognition.contracts import EmbeddingSpace, VectorIndex
from recognition.index.approximate import ApproximateIndex
from recognition.index.flat import FlatIndex

__all__ = ["EXACT_LIMIT", "choose_index"]

EXACT_LIMIT = 1_000_000
"""Vectors up to which search stays exact: there one probe takes 20 ms at 128 numbers a vector
(bench/search.py, two cores reading 25 GB/s), about what finding and embedding a face or two takes."""

# From here a batch of 64 takes FAISS longer than 25 ms, so that torch is worth its memory.
_TORCH_FROM = 50_000


def choose_index(space: EmbeddingSpace, *, expected_size: int) -> VectorIndex:
    """An empty index on the processor for about ``expected_size`` vectors.

    Exact up to ``EXACT_LIMIT``. Raises ``ValueError`` for a negative size.
    """
    if expected_size < 0:
        raise ValueError(f"expected_size is {expected_size}; give 0 or more vectors.")
    if expected_size > EXACT_LIMIT:
        return ApproximateIndex(space)
    return FlatIndex(space, batches="torch" if expected_size >= _TORCH_FROM else "faiss")
