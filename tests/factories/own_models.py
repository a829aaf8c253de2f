"""Models of a site's own, as they end."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from portal.calibration.models import OwnModel
from portal.jobs.models import Job
from recognition.adaptation.fitting import STRENGTHS
from tests.factories.people import SpaceFactory
from tests.factories.sightings import JobFactory

__all__ = ["figures_of", "own_model_ended", "own_model_waiting"]


def own_model_waiting(**fields: Any) -> OwnModel:
    values = {
        "space": fields.pop("space", None) or SpaceFactory(),
        "base": "test-model",
        "job": JobFactory(kind=Job.Kind.OWN_MODEL, title="Adapt test-model to this site", total=0),
        **fields,
    }
    return OwnModel.objects.create(**values)


def own_model_ended(verdict: str = "better", **fields: Any) -> OwnModel:
    """As the worker leaves it; a better one has a file called ``own-1``, unless told otherwise."""
    state = OwnModel.State.TOO_FEW if verdict == "too_few_people" else OwnModel.State(verdict)
    return own_model_waiting(
        state=state,
        job=JobFactory(kind=Job.Kind.OWN_MODEL, state=Job.State.DONE, total=43, done=43),
        scores={
            f"{part}/{half}/{strength:g}": 0.9 + strength / 100 * (part + 1)
            for part in range(3)
            for half in range(2)
            for strength in STRENGTHS
        },
        figures=figures_of(verdict),
        model=fields.pop("model", "own-1" if verdict == "better" else ""),
        finished_at=timezone.now(),
        **fields,
    )


def figures_of(verdict: str) -> dict[str, Any]:
    gain = 0.02 if verdict == "better" else 0.0
    figure = {"base": 0.95, "adapted": 0.95 + gain, "low": gain / 2, "high": 2 * gain}
    judgement = {
        "fmr": 0.001,
        "tmr": figure,
        "rank1": {**figure, "base": 0.99, "adapted": 0.99, "low": -0.001, "high": 0.001},
        "fnir": {"base": 0.05, "adapted": 0.05 - gain, "low": -2 * gain, "high": -gain / 2},
        "gallery": 30,
        "people": 90,
        "genuine": 540,
        "impostors": 21_000,
    }
    is_judged = verdict != "too_few_people"
    return {
        "verdict": verdict,
        "people": 90 if is_judged else 20,
        "pictures": 360 if is_judged else 60,
        "more_people": 0 if is_judged else 25,
        "strengths": [0.5, 0.5, 0.5] if gain else [0.0, 0.0, 0.0] if is_judged else [],
        "judgement": judgement if is_judged else None,
    }
