"""What a network is trained to make small, one file each, with formula and source in its docstring.

Functions take torch tensors and give a scalar that can be differentiated; what learns itself
(centres, heads) is a module. Imports torch. Public surface: the names in ``__all__``.
"""

from recognition.losses.bootstrap import bootstrap_cross_entropy
from recognition.losses.center import CenterLoss
from recognition.losses.contrastive import contrastive_loss
from recognition.losses.cross_entropy import softmax_cross_entropy
from recognition.losses.harmonic import harmonic_triplet_loss
from recognition.losses.margin_heads import AmSoftmaxHead, ArcFaceHead, CombinedMarginHead
from recognition.losses.mining import MINING_RULES, MiningRule, balanced_pairs, mine
from recognition.losses.prelogits_norm import prelogits_norm
from recognition.losses.triplet import triplet_loss

__all__ = [
    "MINING_RULES",
    "AmSoftmaxHead",
    "ArcFaceHead",
    "CenterLoss",
    "CombinedMarginHead",
    "MiningRule",
    "balanced_pairs",
    "bootstrap_cross_entropy",
    "contrastive_loss",
    "harmonic_triplet_loss",
    "mine",
    "prelogits_norm",
    "softmax_cross_entropy",
    "triplet_loss",
]
