"""The rows that can be nearest, by matrix products in torch: the scan behind batches and GPUs.

Products are taken in a small floating type with a known error, so what is left over holds the
best ``k`` for certain; the caller scores it exactly. Public surface: ``Screen``,
``nearest_by_products``, ``screen_rows``.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from threading import Barrier
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

    kind = torch.bfloat16 if _multiplies_bf16() else torch.float32
    return screen_rows(Screen(torch.from_numpy(matrix), kind), probes, k=k)


def screen_rows(screen: Screen, probes: Vectors, *, k: int) -> list[NDArray[np.int64]]:
    """Per ``(D,) float32`` unit row those that can be among its best ``k``, ties included."""
    import torch

    if len(screen.rows) // _GROUP < max(k, _COARSE):
        return [np.arange(len(screen.rows))] * len(probes)
    found: list[NDArray[np.int64]] = []
    with torch.inference_mode():
        for start in range(0, len(probes), _PROBES):
            some = torch.from_numpy(probes[start : start + _PROBES]).to(screen.rows.device)
            found.extend(_survivors(screen, some, k))
    return found


def _survivors(screen: Screen, probes: torch.Tensor, k: int) -> list[NDArray[np.int64]]:
    # The k-th largest of the groups' maxima cannot exceed the k-th best score. So a group that
    # lies below it by more than twice the error of a product holds none of the best k. The same
    # holds of groups of groups, so that few of the maxima are looked at.
    maxima = _group_maxima(screen, probes)
    nested = maxima.view(-1, _COARSE, len(probes))
    coarse = nested.amax(dim=1).T.contiguous()
    peaks = coarse if coarse.shape[1] >= k else maxima.T
    floor = peaks.topk(k).values[:, -1:].float() - 2 * _product_error(screen) / screen.scale
    whose, within = (coarse >= floor).nonzero(as_tuple=True)
    found, step = (nested[within, :, whose] >= floor[whose]).nonzero(as_tuple=True)
    groups = (within[found] * _COARSE + step).cpu().numpy()
    rows = groups[:, None] * _GROUP + np.arange(_GROUP)
    ends = np.bincount(whose[found].cpu().numpy(), minlength=len(probes)).cumsum()[:-1]
    tail = np.arange(len(screen.rows) // _GROUP * _GROUP, len(screen.rows))
    return [np.concatenate([some.ravel(), tail]) for some in np.split(rows, ends)]


def _group_maxima(screen: Screen, probes: torch.Tensor) -> torch.Tensor:
    """``(G, P)``, ``G`` a multiple of ``_COARSE``: each group's best score, without the scale.

    A group is ``_GROUP`` neighbouring rows. Fewer at the end make none, and groups that are not
    there count as minus infinity.
    """
    import torch

    rows, count = screen.rows, len(screen.rows) // _GROUP
    columns = probes.to(screen.product_type).T.contiguous()
    maxima = columns.new_empty((-(-count // _COARSE) * _COARSE, len(probes)))
    maxima[count:] = -torch.inf
    block = _block_groups(screen)

    def fill(first: int, last: int) -> None:
        held = min(block, last - first) * _GROUP
        converts = rows.dtype != columns.dtype
        room = columns.new_empty((held if converts else 0, rows.shape[1]))
        scores = columns.new_empty((held, len(probes)))
        for start in range(first, last, block):
            stop = min(start + block, last)
            part = rows[start * _GROUP : stop * _GROUP]
            if converts:
                part = room[: len(part)].copy_(part)
            some = torch.mm(part, columns, out=scores[: len(part)])
            torch.amax(some.view(stop - start, _GROUP, -1), dim=1, out=maxima[start:stop])

    threads = torch.get_num_threads() if rows.device.type == "cpu" else 1
    if threads == 1:
        fill(0, count)
    else:
        _in_parts(fill, count, threads=threads)
    return maxima


def _in_parts(fill: Callable[[int, int], None], count: int, *, threads: int) -> None:
    """Call ``fill`` with ``threads`` ranges that make up ``count``, each in a thread of its own.

    torch would share every single operation among its threads, and wait for the last of them
    three times a block: as fast on an idle machine, but with other work on both of two cores a
    batch of 64 among a million took 720 ms that way and takes 180 this way (medians in turns).
    """
    import torch

    def part(edges: tuple[int, int]) -> None:
        with torch.inference_mode():  # is each thread's own
            fill(*edges)

    edges = [count * at // threads for at in range(threads + 1)]
    list(_pool(threads).map(part, pairwise(edges)))


@cache
def _multiplies_bf16() -> bool:
    return choose_device("cpu", "auto").precision == "bf16"  # reads a file, 60 us for two cores


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Threads in which torch works alone."""
    import torch

    pool, all_there = ThreadPoolExecutor(threads, "products"), Barrier(threads)

    def work_alone(_: int) -> None:
        torch.set_num_threads(1)
        all_there.wait()

    list(pool.map(work_alone, range(threads)))
    torch.set_num_threads(threads)  # it is also what every later thread begins with
    return pool


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
