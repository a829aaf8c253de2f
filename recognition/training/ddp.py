"""Several processes, one training: ``torchrun -m recognition train …``. Alone, nothing changes.

Every process loads its share of each batch, and gradients are averaged by torch's
DistributedDataParallel: the average of equal shares is the gradient of the whole batch. Public
surface: ``Processes``, ``join_processes``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import cast

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from recognition.training.errors import TrainingError

__all__ = ["Processes", "join_processes"]


@dataclass(frozen=True, slots=True)
class Processes:
    """This process's place among all of them."""

    rank: int = 0
    count: int = 1
    device: torch.device = torch.device("cpu")  # noqa: RUF009 - immutable
    _wrapped: list[DistributedDataParallel] = field(default_factory=list, compare=False)

    @property
    def is_first(self) -> bool:
        """The one that writes: checkpoints, records, words on the terminal."""
        return self.rank == 0

    def wrap(self, objective: nn.Module) -> nn.Module:
        """``objective`` on its device, with gradients that are averaged over the processes.

        On GPUs batch normalisation sees the whole batch. Processors have no such layer in torch:
        there each process normalises by its own share, as facenet's multi-GPU training did.
        """
        objective.to(self.device)
        if self.count == 1:
            return objective
        if self.device.type == "cuda":
            objective = nn.SyncBatchNorm.convert_sync_batchnorm(objective)  # type: ignore[no-untyped-call]
            wrapped = DistributedDataParallel(objective, device_ids=[self.device.index])
        else:
            wrapped = DistributedDataParallel(objective)
        self._wrapped.append(wrapped)
        return wrapped

    def let_go(self) -> None:
        """Take the group of processes from what was wrapped; it averages no more.

        Else the reducer is the last to hold the group and ends it with Python's lock in its hand,
        for which the group's thread waits: now and then a process would never end.
        """
        for wrapped in self._wrapped:
            del wrapped.logger, wrapped.reducer
        self._wrapped.clear()

    def without_averaging(self, wrapped: nn.Module) -> AbstractContextManager[None]:
        """Within the block gradients add up in this process only: all but the last of several."""
        if self.count == 1:
            return nullcontext()
        return cast("AbstractContextManager[None]", wrapped.no_sync())  # type: ignore[operator]

    def mean(self, values: dict[str, float]) -> dict[str, float]:
        """The average over the processes, the same in all of them."""
        if self.count == 1:
            return values
        total = torch.tensor(list(values.values()), dtype=torch.float64, device=self.device)
        distributed.all_reduce(total)
        return dict(zip(values, (total / self.count).tolist(), strict=True))

    def least(self, number: int) -> int:
        """The smallest of the processes' numbers, the same in all of them."""
        if self.count == 1:
            return number
        smallest = torch.tensor(number, device=self.device)
        distributed.all_reduce(smallest, op=distributed.ReduceOp.MIN)
        return int(smallest)

    def of_first(self, word: str) -> str:
        """The first process's ``word``, in all of them."""
        words = [word]
        if self.count > 1:
            distributed.broadcast_object_list(words, 0)
        return words[0]

    def gathered(self, rows: Tensor) -> list[Tensor]:
        """Every process's ``rows``, of any number each, without their gradients but one's own.

        The own rows' gradient is multiplied by the number of processes: averaging the gradients of
        the same loss in all of them then adds up to the gradient of all rows.
        """
        if self.count == 1:
            return [rows]
        own = rows.detach()
        sizes = [torch.zeros(1, dtype=torch.int64, device=own.device) for _ in range(self.count)]
        distributed.all_gather(sizes, torch.tensor([len(own)], device=own.device))
        padded = own.new_zeros((max(map(int, sizes)), *own.shape[1:]))
        padded[: len(own)] = own
        everybody = [torch.empty_like(padded) for _ in range(self.count)]
        distributed.all_gather(everybody, padded)
        found = [given[: int(size)] for given, size in zip(everybody, sizes, strict=True)]
        if rows.requires_grad:
            found[self.rank] = own + self.count * (rows - own)
        return found

    def joined(self, noted: dict[str, str]) -> dict[str, str]:
        """What any of the processes noted, the same in all of them."""
        if self.count == 1:
            return noted
        everybody: list[dict[str, str]] = [{} for _ in range(self.count)]
        distributed.all_gather_object(everybody, noted)
        return {key: value for own in everybody for key, value in own.items()}

    def share_statistics(self, network: nn.Module) -> None:
        """Give all processes the first one's running means: each keeps those of its own share."""
        if self.count > 1:
            for buffer in network.buffers():
                distributed.broadcast(buffer, 0)


@contextmanager
def join_processes(device: torch.device) -> Iterator[Processes]:
    """Join the processes that torchrun started; alone where it did not.

    ``device`` is what each of them uses, a GPU by its place on the machine. Raises
    ``TrainingError`` (``training.processes``) where torchrun's variables make no sense.
    """
    if "WORLD_SIZE" not in os.environ:
        yield Processes(device=device)
        return
    try:
        rank, count = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
        local_rank = int(os.environ["LOCAL_RANK"])
    except (KeyError, ValueError) as error:
        raise TrainingError(
            f"WORLD_SIZE is set, but RANK and LOCAL_RANK do not fit ({error}). Start several "
            "processes with `torchrun --nproc-per-node N -m recognition train …`.",
            code="training.processes",
        ) from error
    if device.type == "cuda":
        device = torch.device("cuda", local_rank)
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    processes = Processes(rank, count, device)
    try:
        yield processes
        # Who ends first ends the others: the first still writes the network's file.
        distributed.barrier()
    finally:
        processes.let_go()
        distributed.destroy_process_group()
