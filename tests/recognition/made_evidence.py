"""Made evidence with known answers."""

from __future__ import annotations

import numpy as np

from recognition.calibration import Evidence, MatedSearches, StrangerSearches

__all__ = ["evidence_of", "mated_of", "strangers_of"]


def strangers_of(
    scores, *, gallery_size: int = 100, people=None, nearest=None, source="stranger"
) -> StrangerSearches:
    """One person a score unless told otherwise, each nearest to somebody else."""
    count = len(scores)
    return StrangerSearches.of(
        scores,
        person_ids=[f"s{n}" for n in range(count)] if people is None else people,
        nearest_ids=[f"p{n % gallery_size}" for n in range(count)] if nearest is None else nearest,
        gallery_size=gallery_size,
        source=source,
    )


def mated_of(own, other=None, *, people=None, cameras=None) -> MatedSearches:
    count = len(own)
    return MatedSearches.of(
        own,
        other_scores=np.full(count, -np.inf) if other is None else other,
        person_ids=[f"p{n}" for n in range(count)] if people is None else people,
        other_ids=None if other is None else [f"q{n}" for n in range(count)],
        camera_ids=cameras,
    )


def evidence_of(scores, *, own=(), gallery_size: int = 100) -> Evidence:
    return Evidence.of_searches(
        gallery_size=gallery_size,
        strangers=strangers_of(scores, gallery_size=gallery_size),
        mated=mated_of(list(own)),
    )
