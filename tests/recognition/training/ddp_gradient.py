"""Started by torchrun: two steps on this process's share of a batch, and the first one's gradient;
and a step of harmonic embeddings.

``python ddp_gradient.py OUT``; alone it takes the whole batch. Writes ``OUT`` (safetensors).
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from made_training import PX, MadePeople
from safetensors.torch import save_file

from recognition.networks import build_network
from recognition.networks.files import save_network
from recognition.training.augmentation import PictureRecipe
from recognition.training.batches import PictureLoader
from recognition.training.classifier import linear_head
from recognition.training.ddp import Processes, join_processes
from recognition.training.harmonic import HarmonicObjective
from recognition.training.loop import Plan, Trainer
from recognition.training.objectives import ClassificationObjective, LossWeights
from recognition.training.samplers import Request, shuffled_requests

SOURCE = MadePeople(4, 6)


def harmonic_gradients(processes: Processes, out: str) -> dict[str, torch.Tensor]:
    """Of four people with four pictures; two are damaged, so shares differ in size."""
    source = MadePeople(4, 6, noise=60.0, damaged=frozenset({2, 3}))
    old = Path(f"{out}.{processes.rank}.old")
    save_network(build_network("dummy", input_px=PX, embedding_size=6, seed=8), old)
    network = build_network("dummy", input_px=PX, embedding_size=6, seed=5)
    objective = HarmonicObjective(
        network, old, margin=0.5, rule="semi_hard", seed=1, scaling="fixed", processes=processes
    )
    trainer = Trainer(objective, plan=Plan(), identity={}, processes=processes)
    people = (2, 0, 3, 1)
    rows = tuple(6 * label + at for label in people for at in range(4))
    request = Request(0, rows, tuple((0, at) for at in range(16)))
    loader = PictureLoader(source, PictureRecipe(size_px=PX, fixed_standardisation=True))
    (batch,) = loader.train(
        [request.share_of(rank=processes.rank, processes=processes.count, group=4)]
    )
    objective.begin_batch(1, 0, people=people)
    loss = trainer.train_on(batch)["loss"]
    kept = {
        f"harmonic {name}": parameter.grad.clone()
        for name, parameter in objective.named_parameters()
        if parameter.grad is not None
    }
    return {"loss": torch.tensor(loss), **kept}


def main(out: str) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(3)
    network = build_network("dummy", input_px=PX, embedding_size=6, seed=5)
    weights = LossWeights(center=0.5, prelogits_norm=0.01)
    objective = ClassificationObjective(network, linear_head(4, 6), weights)
    loader = PictureLoader(SOURCE, PictureRecipe(size_px=PX, fixed_standardisation=True))
    with join_processes(torch.device("cpu")) as processes:
        trainer = Trainer(objective, plan=Plan(accumulate=2), identity={}, processes=processes)
        requests = shuffled_requests(len(SOURCE), batch_size=16, first=0, number=2, seed=1)
        mine = [one.share_of(rank=processes.rank, processes=processes.count) for one in requests]
        first, second = loader.train(mine)
        losses = [trainer.train_on(first)["loss"]]
        kept = {
            name: parameter.grad.clone()
            for name, parameter in objective.named_parameters()
            if parameter.grad is not None
        }
        losses.append(trainer.train_on(second)["loss"])
        harmonic = harmonic_gradients(processes, out)
        losses.append(float(harmonic.pop("loss")))
        kept |= harmonic
        if processes.is_first:
            kept["losses"] = torch.tensor(losses, dtype=torch.float64)
            kept["centres"] = objective.center.centres
            kept["weights"] = network.linear.weight.detach()
            save_file(kept, out)


if __name__ == "__main__":
    main(sys.argv[1])
