"""Three rules in common use beside ours, on the same data. Public: ``SeedRule``, ``seed_rules``.

They judge pairs, as if everybody at the camera were one of two people. A stranger meets everybody
enrolled, so what they promise for a pair says little of who is named in a gallery.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from recognition.calibration.evidence import Evidence
from recognition.calibration.missed import MissRate, miss_rate
from recognition.calibration.prior import SHIPPED_PRIOR, ModelPrior
from recognition.calibration.tail import FpirEstimate, Tail
from recognition.decision import DecisionPolicy

__all__ = ["RuleName", "SeedRule", "seed_rules"]

RuleName = Literal["max_intra", "best_accuracy", "val_at_far"]


@dataclass(frozen=True, slots=True)
class SeedRule:
    """A rule's threshold, and what it would do here without grey band, margin and guard, none of
    which it knows. ``promise`` is what the rule says of itself: the greatest distance within a
    person, the accuracy on pairs, the share of pairs verified (VAL); ``person_id`` who alone sets
    it."""

    name: RuleName
    threshold: float
    promise: float
    comparisons: int
    fpir: FpirEstimate
    missed: MissRate | None
    person_id: str | None = None


def seed_rules(
    evidence: Evidence,
    *,
    policy: DecisionPolicy,
    prior: ModelPrior | None = SHIPPED_PRIOR,
    far: float = 1e-3,
    seed: int = 0,
) -> tuple[SeedRule, ...]:
    """Maximum intra-identity distance, best accuracy on as many pairs of either kind, and VAL at a
    fixed FAR of ``far``; those for which there are comparisons."""
    tail = Tail(evidence.strangers, gallery_size=evidence.gallery_size, prior=prior)
    found: list[tuple[RuleName, float, float, int, str | None]] = []
    if evidence.widest is not None:
        widest = evidence.widest
        found.append(("max_intra", widest.cosine, widest.distance, widest.photos, widest.person_id))
    impostors = evidence.other_enrolled.plus(evidence.stranger)
    genuine = evidence.genuine
    if impostors.total and genuine.total:
        edges = genuine.lower_edges
        verified, taken = genuine.reaching / genuine.total, impostors.reaching / impostors.total
        accuracy = (verified + 1.0 - taken) / 2.0
        # the highest of equals, as evaluation.verification.best_accuracy
        best = len(edges) - 1 - int(np.argmax(accuracy[::-1]))
        allowed = int(np.argmax(taken <= far))
        count = genuine.total + impostors.total
        found.append(("best_accuracy", float(edges[best]), float(accuracy[best]), count, None))
        if taken[allowed] <= far:
            found.append(
                ("val_at_far", float(edges[allowed]), float(verified[allowed]), count, None)
            )
    rules = []
    for name, threshold, promise, count, person_id in found:
        at = min(max(threshold, -0.9999), 1.0)
        bare = replace(policy, threshold=at, grey_band=0.0, min_margin=0.0, guarded=frozenset())
        missed = miss_rate(evidence.mated, policy=bare, seed=seed)
        rules.append(
            SeedRule(name, threshold, promise, count, tail.estimate(at), missed, person_id)
        )
    return tuple(rules)
