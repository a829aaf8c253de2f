"""Measurements as a worker leaves them, of made scores."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import numpy as np
from django.utils import timezone

from portal.calibration.figures import to_json
from portal.calibration.models import CalibrationRun
from portal.calibration.wishes import wish_json
from portal.people.selectors import gallery_revision
from recognition.calibration import Evidence, MatedSearches, StrangerSearches, Wish
from recognition.decision import DecisionPolicy
from tests.factories.people import SpaceFactory

__all__ = ["made_evidence", "run_of"]


def made_evidence(
    *,
    people: int = 300,
    strangers: int = 0,
    seed: int = 5,
    ids: tuple[str, ...] = (),
    stranger_ids: tuple[str, ...] = (),
    camera_id: str = "",
) -> Evidence:
    """Everybody left out once, and seen twice; ``ids`` and ``stranger_ids`` are the first keys."""
    drawn = np.random.default_rng(seed)
    names = [*ids, *(str(UUID(int=n + 1)) for n in range(people - len(ids)))]
    parts = [
        Evidence.of_searches(
            gallery_size=people,
            strangers=StrangerSearches.of(
                drawn.normal(0.28, 0.05, people).clip(-0.9, 0.9),
                person_ids=names,
                nearest_ids=[*names[1:], names[0]],
                gallery_size=people - 1,
                source="leave_one_out",
            ),
            mated=MatedSearches.of(
                drawn.normal(0.68, 0.1, 2 * people).clip(-0.9, 0.99),
                other_scores=drawn.normal(0.27, 0.05, 2 * people).clip(-0.9, 0.9),
                person_ids=names * 2,
                other_ids=[*names[1:], names[0]] * 2,
                camera_ids=[camera_id] * 2 * people,
            ),
        )
    ]
    if strangers or stranger_ids:
        keys = [
            *stranger_ids,
            *(str(UUID(int=n + 10**9)) for n in range(strangers - len(stranger_ids))),
        ]
        parts.append(
            Evidence.of_searches(
                gallery_size=people,
                strangers=StrangerSearches.of(
                    np.sort(drawn.normal(0.28, 0.05, len(keys)))[::-1].clip(-0.9, 0.9),
                    person_ids=keys,
                    nearest_ids=[names[n % people] for n in range(len(keys))],
                    gallery_size=people,
                ),
            )
        )
    return parts[0].joined(*parts[1:])


def run_of(
    evidence: Evidence | None = None,
    *,
    wish: Wish | None = None,
    threshold: float = 0.4,
    **fields: Any,
) -> CalibrationRun:
    """Finished, with the figures of this evidence; ``threshold`` was in force then."""
    from workers.calibration.evidence import Gathered
    from workers.calibration.summary import summarised

    found = made_evidence() if evidence is None else evidence
    wished = wish or Wish.one_in(100)
    figures = summarised(
        Gathered(found, photos=3 * found.gallery_size, confirmed=len(found.mated), refused_names=2),
        wish=wished,
        policy=DecisionPolicy(threshold=threshold),
        prior=None,
    )
    state = CalibrationRun.State.DONE if figures.chosen else CalibrationRun.State.INSUFFICIENT
    values = {
        "space": SpaceFactory(),
        "state": state,
        "wish": wish_json(wished),
        "gallery_size": found.gallery_size,
        "gallery_revision": gallery_revision(),
        "result": to_json(figures),
        "finished_at": timezone.now(),
    }
    return CalibrationRun.objects.create(**{**values, **fields})
