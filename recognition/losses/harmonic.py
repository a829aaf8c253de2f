"""Harmonic triplet loss: new embeddings that stay comparable with stored ones.

Public surface: ``harmonic_triplet_loss``.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from recognition.losses.mining import MiningRule, mine
from recognition.losses.triplet import triplet_loss

__all__ = ["harmonic_triplet_loss"]


def harmonic_triplet_loss(
    new: Tensor,
    old: Tensor,
    labels: Tensor,
    *,
    rng: np.random.Generator,
    margin: float = 0.2,
    rule: MiningRule = "semi_hard",
) -> Tensor:
    """Triplet loss over the union of new and old vectors of the same pictures, ``(N, D)`` each.

    Schroff et al. 2015, section 5.7 ("harmonic embeddings"): anchor, positive and negative are
    drawn from v2 (``new``, learned) and v1 (``old``, fixed) together, with semi-hard negatives of
    the union. Triplets of three old vectors teach nothing and are left out. 0 where no triplet is
    left.
    """
    union = torch.cat([old.detach().to(new.dtype), new])
    both = torch.cat([labels, labels]).cpu().numpy()
    vectors = union.detach().float().cpu().numpy()
    triplets = mine(rule, vectors=vectors, labels=both, margin=margin, rng=rng)
    triplets = triplets[(triplets >= len(old)).any(axis=1)]
    if not len(triplets):
        return new.sum() * 0.0  # a zero that can be differentiated
    anchors, positives, negatives = torch.from_numpy(triplets.T).to(new.device)
    return triplet_loss(union[anchors], union[positives], union[negatives], margin=margin)
