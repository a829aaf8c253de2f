"""The rows that can be nearest, by matrix products in torch: the scan behind batches and GPUs.

Products are taken in a small floating type with a known error, so what is left over holds the
best ``k`` for certain; the caller scores it exactly. Public surface: ``Screen``,
``nearest_by_products``, ``screen_rows``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Vectors
from recognition.device import choose_device

if TYPE_CHECKING:
    import torch

__all__ = ["Screen", "nearest_by_products", "screen_rows"]

_PROBES = 64  # scored at once; more make a block of scores larger than the cache, and save nothing
_GROUP = 8  # rows whose scores are reduced to their maximum ...
_COARSE = 16  # ... and groups whose maxima are reduced once more
_SUM_ERROR = 1e-4  # sums in another order, roundings of roundings, lengths of 1 within 1e-3
_CPU_BLOCK_BYTES = 4 << 20  # of float32: block, narrowed copy and scores stay in the cache
_CUDA_BLOCK_BYTES = 512 << 20  # few launches ...
_CUDA_WIDENED_BYTES = 32 << 20  # ... but a widened copy must not leave the second-level cache


@dataclass(frozen=True, slots=True)
class Screen:
    """How rows are held for screening: ``rows`` is ``(N, D)`` on any device.

    A row's vector is ``rows * scale``, off by at most ``error`` in length; products are taken
    in ``product_type``.
    """

    rows: torch.Tensor
    product_type: torch.dtype
    scale: float = 1.0
    error: float = 0.0


def nearest_by_products(matrix: Vectors, probes: Vectors, *, k: int) -> list[NDArray[np.int64]]:
    """Per probe the rows of ``(N, D) float32`` that can be among its best ``k``, ties included.

    On the processor; in bfloat16 where it multiplies that type, else in float32. The rows are
    read where they lie and narrowed block by block: no second copy of them is kept.
    """
    import torch

    narrow = choose_device("cpu", "auto").precision == "bf16"
    kind = torch.bfloat16 if narrow else torch.float32
    return screen_rows(Screen(torch.from_numpy(matrix), kind), probes, k=k)


def screen_rows(screen: Screen, probes: Vectors, *, k: int) -> list[NDArray[np.int64]]:
    """Per ``(D,) float32`` unit row those that can be among its best ``k``, ties included."""
    import torch

    if len(screen.rows) < _GROUP * _COARSE:
        return [np.arange(len(screen.rows)) for _ in probes]
    found: list[NDArray[np.int64]] = []
    with torch.inference_mode():
        for start in range(0, len(probes), _PROBES):
            some = torch.from_numpy(probes[start : start + _PROBES]).to(screen.rows.device)
            found.extend(_survivors(screen, some, k))
    return found


def _survivors(screen: Screen, probes: torch.Tensor, k: int) -> list[NDArray[np.int64]]:
    # The k-th largest of the groups' maxima cannot exceed the k-th best score. So a group that
    # lies below it by more than twice the error of a product holds none of the best k.
    import torch

    band = 2 * _product_error(screen)
    maxima = _group_maxima(screen, probes)
    groups = _top_groups(maxima, k, band)
    chosen = maxima.gather(0, groups)
    if len(maxima) > k:
        kept = chosen >= chosen.topk(k, dim=0).values[-1] - band
    else:
        kept = torch.ones_like(chosen, dtype=torch.bool)
    steps = np.arange(_GROUP)
    tail = np.arange(len(maxima) * _GROUP, len(screen.rows))
    return [
        np.concatenate([(held[flags, None] * _GROUP + steps).ravel(), tail])
        for held, flags in zip(groups.T.cpu().numpy(), kept.T.cpu().numpy(), strict=True)
    ]


def _group_maxima(screen: Screen, probes: torch.Tensor) -> torch.Tensor:
    """``(N // _GROUP, P) float32``: the best score among each group's neighbouring rows."""
    import torch

    rows, count = screen.rows, len(screen.rows) // _GROUP
    columns = probes.to(screen.product_type).T.contiguous()
    maxima = torch.empty((count, len(probes)), dtype=torch.float32, device=rows.device)
    block = _block_groups(screen)
    held = min(block, count) * _GROUP
    converts = rows.dtype != columns.dtype
    room = rows.new_empty((held if converts else 0, rows.shape[1]), dtype=columns.dtype)
    scores = torch.empty((held, len(probes)), dtype=columns.dtype, device=rows.device)
    for start in range(0, count, block):
        stop = min(start + block, count)
        part = rows[start * _GROUP : stop * _GROUP]
        if converts:
            part = room[: len(part)].copy_(part)
        some = torch.mm(part, columns, out=scores[: len(part)])
        maxima[start:stop] = some.view(stop - start, _GROUP, -1).amax(dim=1)
    return maxima.mul_(screen.scale)


def _top_groups(maxima: torch.Tensor, k: int, band: float) -> torch.Tensor:
    """``(G, P) int64``: per probe groups, among them all within ``band`` of the k-th largest."""
    import torch

    count = len(maxima) // _COARSE
    wanted = 4 * k + 16
    coarse = maxima[: count * _COARSE].view(count, _COARSE, -1).amax(dim=1)
    while wanted < count:
        best, at = coarse.topk(wanted, dim=0)
        if bool((best[-1] < best[k - 1] - band).all()):
            steps = torch.arange(_COARSE, device=maxima.device)
            inside = (at[:, None] * _COARSE + steps[:, None]).flatten(0, 1)
            rest = torch.arange(count * _COARSE, len(maxima), device=maxima.device)
            return torch.cat([inside, rest[:, None].expand(-1, maxima.shape[1])])
        wanted *= 4
    every = torch.arange(len(maxima), device=maxima.device)
    return every[:, None].expand(-1, maxima.shape[1])


def _product_error(screen: Screen) -> float:
    """How far a product of two unit vectors may be from its exact value."""
    import torch

    # Half a unit in the last place each for the row, the probe and the result; twice that for
    # float16, whose partial sums a GPU may round too. float32 may be narrowed behind our back
    # where the process allowed it (torch.set_float32_matmul_precision).
    roundings = {torch.bfloat16: 3 * 2.0**-8, torch.float16: 6 * 2.0**-11}
    plain = 0.0 if torch.get_float32_matmul_precision() == "highest" else 3 * 2.0**-8
    return screen.error + roundings.get(screen.product_type, plain) + _SUM_ERROR


def _block_groups(screen: Screen) -> int:
    row_bytes = 4 * screen.rows.shape[1]
    if screen.rows.device.type == "cpu":
        size = _CPU_BLOCK_BYTES
    elif screen.rows.dtype == screen.product_type:
        size = _CUDA_BLOCK_BYTES
    else:
        size = _CUDA_WIDENED_BYTES
    return max(1, size // (row_bytes * _GROUP))
