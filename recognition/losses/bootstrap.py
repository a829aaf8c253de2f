"""Cross entropy that a few wrong labels cannot lead astray. Public surface: ``bootstrap_cross_entropy``."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

__all__ = ["bootstrap_cross_entropy"]


def bootstrap_cross_entropy(logits: Tensor, labels: Tensor, *, beta: float = 0.8) -> Tensor:
    """Hard bootstrapping: the target is partly the label, partly what the network itself says.

    ``mean_i sum_c -t_ic log q_ic`` with ``t = beta * onehot(y) + (1 - beta) * onehot(argmax q)``
    and q the softmax (Reed et al. 2015, "Training deep neural networks on noisy labels with
    bootstrapping"; beta 0.8 as in facenet's noisy-label demonstration). The network's own answer
    is a constant: nothing flows back through it. ``beta=1`` is plain cross entropy.
    """
    if not 0.0 <= beta <= 1.0:
        raise ValueError(f"beta is {beta}; expected a share between 0 and 1")
    by_label = functional.cross_entropy(logits, labels)
    by_itself = functional.cross_entropy(logits, logits.detach().argmax(dim=1))
    return beta * by_label + (1.0 - beta) * by_itself
