"""Adapting the model in use to this site, a slice at a time, between pictures of cameras.

The people are read anew for each slice: whoever was erased or withdrew meanwhile is in no later
one, and what was found with them is thrown away. Public surface: ``adapt_waiting``.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import structlog
from django.conf import settings
from django.utils import timezone
from numpy.typing import NDArray

from portal.calibration.models import OwnModel
from portal.calibration.selectors.own_sample import OwnSample, own_sample
from portal.calibration.services.own_model import (
    fail_own_model,
    finish_own_model,
    note_removed,
    note_scores,
    own_models_to_remove,
    take_own_model,
)
from portal.core.vault import VaultError, key_ids_of, vault
from portal.engines.services.adopt_space import report_models
from portal.people.selectors import gallery_members, gallery_vectors
from portal.sightings.models import VisitVector
from portal.sightings.services.visits import open_visit_vector
from recognition.adaptation.sample import Sample
from recognition.errors import RecognitionError, WeightsError
from workers.engine_host import EngineHost, spare_host
from workers.settings import models_dir, models_here

if TYPE_CHECKING:
    from recognition.adaptation.head import LinearHead

__all__ = ["adapt_waiting", "gathered"]

logger = structlog.get_logger(__name__)

_PART = 500


class _SliceOver(Exception):
    """Others wait for this worker; the scores so far are written down."""


class _Left(Exception):
    """Cancelled meanwhile."""


def adapt_waiting(host: EngineHost, *, budget_s: float) -> bool:
    """Work at the own model that waits until the time is up; True where there is more to do."""
    for row in own_models_to_remove():
        try:
            _remove(host, row)
        except OSError as error:  # tried again at the next bell; what waits must not wait for it
            logger.error("own_model_not_removed", model=row.model, error=str(error))
    going = take_own_model(host.owner)
    if going is None:
        return False
    try:
        return _train(host, going, deadline=time.monotonic() + budget_s)
    except RecognitionError as error:
        logger.warning("own_model_failed", code=error.code, message=error.message)
        fail_own_model(going.pk, error.message)
    except Exception:  # a process boundary: one that fails must not be tried for ever
        logger.exception("own_model_failed", own_model=str(going.pk))
        fail_own_model(going.pk, "The training failed unexpectedly. The worker's log says why.")
    return False


def _train(host: EngineHost, row: OwnModel, *, deadline: float) -> bool:
    from recognition.adaptation.training import Step, Training

    host = _base_of(host, row)
    found = own_sample(host.space.pk, settled_until=row.created_at)
    sample = gathered(host, found)
    digest = sample.digest
    training = Training(sample, known=row.scores if row.sample_digest == digest else None)

    def on_step(step: Step) -> None:
        if not note_scores(row.pk, training.scores, digest=digest, total=step.total + 1):
            raise _Left
        if time.monotonic() > deadline:
            raise _SliceOver

    try:
        outcome = training.run(on_step)
    except _SliceOver:
        return True
    except _Left:
        return False
    model = _added(outcome.head, row) if outcome.head is not None else ""
    is_kept = False
    try:
        if found.photos.keys() - gallery_members(host.space.pk).keys():
            return True  # somebody left during the last step: begin again without them
        is_kept = finish_own_model(
            row.pk,
            figures=outcome.figures(),
            model=model,
            sightings=found.sighting_count,
            cameras=found.cameras,
        )
    finally:
        if model and not is_kept:
            _delete(model)
    if model and is_kept:
        report_models(host.owner, models_here())
    return False


def _base_of(host: EngineHost, row: OwnModel) -> EngineHost:
    """The engine that the own model is made from, although another was adopted meanwhile."""
    base = host if row.space_id == host.space.pk else spare_host(row.base)
    if row.space_id != base.space.pk:
        raise WeightsError(
            f"{row.base} makes other vectors now than when this was begun. Start again."
        )
    return base


def _added(head: LinearHead, row: OwnModel) -> str:
    from recognition.adaptation.pack import add_adapted

    model = _id_of(row)
    if model in {one["id"] for one in models_here()}:
        _delete(model)  # of a worker that was lost before it could say so
    add_adapted(
        head,
        model_id=model,
        base=row.base,
        models_dir=models_dir(),
        cache_dir=_cache_dir(),
    )
    return model


def gathered(host: EngineHost, found: OwnSample) -> Sample:
    """The vectors of these people, opened with their own keys. They go nowhere from here."""
    photos = gallery_vectors(host.space.pk, list(found.photos))
    seen = _seen(found)
    vectors: list[NDArray[np.float32]] = []
    owners: list[str] = []
    for person in sorted(found.photos):
        own = [*photos.get(person, ()), *seen.get(person, ())]
        vectors += own
        owners += [person] * len(own)
    rows = np.stack(vectors) if vectors else np.empty((0, host.space.dimension), np.float32)
    return Sample.of(
        rows.astype(np.float32),
        owners=owners,
        prior_mean=host.engine.site_mean(),
        base_space=host.space.pk,
    )


def _seen(found: OwnSample) -> dict[str, list[NDArray[np.float32]]]:
    owner_of = {visit: person for person, own in found.sightings.items() for visit in own}
    wanted = list(owner_of)
    vectors: dict[str, list[NDArray[np.float32]]] = {}
    for start in range(0, len(wanted), _PART):
        rows = list(
            VisitVector.objects.filter(visit_id__in=wanted[start : start + _PART])
            .order_by("visit_id")
            .values_list("visit_id", "sealed_vector")
        )
        vault().keys.load(key_ids_of(sealed for _, sealed in rows))
        for visit_id, sealed in rows:
            try:
                vector = open_visit_vector(sealed)
            except VaultError as error:
                logger.warning("visit_vector_unreadable", visit=str(visit_id), code=error.code)
            else:
                vectors.setdefault(owner_of[visit_id], []).append(vector)
    return vectors


def _id_of(row: OwnModel) -> str:
    """Of the row alone, so that whoever finishes it, or finds its remains, names the same file."""
    return f"own-{timezone.localdate(row.created_at):%Y-%m-%d}-{row.pk.hex[-6:]}"


def _cache_dir() -> Path:
    """Where loading a model leaves what it made of its file."""
    return Path(settings.DATA_DIR) / "models"


def _remove(host: EngineHost, row: OwnModel) -> None:
    _delete(row.model)
    note_removed(row.pk)
    report_models(host.owner, models_here())


def _delete(model: str) -> None:
    from recognition.models.registry import remove_model

    try:
        remove_model(model, models_dir=models_dir(), cache_dir=_cache_dir())
    except WeightsError as error:
        # Deleted by hand, or by the worker that was lost after it.
        logger.warning("own_model_gone", model=model, code=error.code)
