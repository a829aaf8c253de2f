"""Templates in another embedding space, made from the aligned crops that are kept.

What has a template there is done, so that the work goes on wherever it was stopped. A crop that
cannot be read, or embedded, is written down as failed; the vector that it has stays. Public
surface: ``embed_waiting``, ``needs_embedding``, ``prepare_batch``.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import numpy as np
import structlog
from numpy.typing import NDArray

from portal.calibration.models import ModelSwitch
from portal.calibration.selectors.switch import kept_models, open_switch
from portal.calibration.selectors.templates_of_space import (
    Crop,
    photos_to_embed,
    waiting_photos,
)
from portal.calibration.services.switch import (
    SwitchRefused,
    begin_embedding,
    cancel_switch,
    fail_switch,
    finish_preparing,
    note_embedded,
    note_failed,
)
from portal.core.errors import DomainError
from portal.core.vault import VaultError, vault
from portal.engines.models import Space
from portal.jobs.selectors import cancelled_jobs
from recognition.errors import RecognitionError
from workers.anchors import embedded_crop
from workers.calibration.shadow import has_shadow_work, shadow_waiting
from workers.engine_host import EngineHost, current_host, let_go, spare_host

__all__ = ["embed_waiting", "needs_embedding", "prepare_batch"]

logger = structlog.get_logger(__name__)

# A transaction long, and small enough that a picture of a camera does not wait for it.
_AT_ONCE: Final = 32
_State = ModelSwitch.State


def needs_embedding() -> bool:
    """Whether anything waits: for a worker without an engine."""
    switch = open_switch()
    if switch is not None and switch.state == _State.PREPARING:
        return True
    if any(waiting_photos(space_id).exists() for _, space_id in kept_models()):
        return True
    return switch is not None and has_shadow_work(switch)


def embed_waiting(*, budget_s: float) -> bool:
    """Work until nothing waits or the time is up; True where something may be waiting still."""
    deadline = time.monotonic() + budget_s
    current_host()
    switch = open_switch()
    if switch is not None and switch.state == _State.PREPARING:
        try:
            return _prepare(switch, deadline)
        except SwitchRefused:
            # Left meanwhile, by a person.
            return True
    wanted = _complete(deadline)
    if switch is not None:
        wanted = switch.model
        host = _loaded(switch)
        if host is not None and shadow_waiting(host, switch, deadline=deadline):
            return True
    let_go(but=wanted)
    return any(waiting_photos(space_id).exists() for _, space_id in kept_models())


def prepare_batch(host: EngineHost, switch: ModelSwitch) -> bool:
    """One batch with the new model's ``host``; False once it is prepared, or was left."""
    if _is_given_up(switch):
        return False
    crops = photos_to_embed(host.space.pk, limit=_AT_ONCE)
    if not crops:
        finish_preparing(switch.pk)
        return False
    _embed(host, crops, space=host.space, switch=switch)
    return True


def _prepare(switch: ModelSwitch, deadline: float) -> bool:
    if _is_given_up(switch):
        return True
    host = _loaded(switch)
    if host is None:
        return False
    if switch.from_space_id == host.space.pk:
        fail_switch(switch.pk, f"{switch.model} makes the same vectors as the model in use.")
        return False
    switch = begin_embedding(switch.pk, host.space)
    while time.monotonic() < deadline:
        if not prepare_batch(host, switch):
            return True
    return True


def _is_given_up(switch: ModelSwitch) -> bool:
    """Cancelled by its job."""
    if switch.job_id is None or not cancelled_jobs([switch.job_id]):
        return False
    cancel_switch(switch.pk)
    return True


def _loaded(switch: ModelSwitch) -> EngineHost | None:
    try:
        return spare_host(switch.model)
    except RecognitionError as error:
        logger.error("model_refused", code=error.code, message=error.message)
        fail_switch(switch.pk, error.message)
        return None


def _complete(deadline: float) -> str | None:
    """Photos that came since get a template in every space that is kept; the model that is needed
    for that is returned."""
    wanted = None
    for model, space_id in kept_models():
        while time.monotonic() < deadline:
            crops = photos_to_embed(space_id, limit=_AT_ONCE)
            if not crops:
                break
            try:
                host = spare_host(model)
            except RecognitionError as error:
                logger.error("model_refused", code=error.code, message=error.message)
                break
            if host.space.pk != space_id:
                logger.error("model_changed", space=space_id)
                break
            wanted = model
            _embed(host, crops, space=host.space, switch=None)
    return wanted


def _embed(
    host: EngineHost, crops: Sequence[Crop], *, space: Space, switch: ModelSwitch | None
) -> None:
    vectors: dict[UUID, NDArray[np.float32]] = {}
    reasons: dict[UUID, str] = {}
    for crop in crops:
        try:
            vector = embedded_crop(host, vault().get(crop.aligned_key))
            _check(vector, dimension=space.dimension)
        except (VaultError, RecognitionError, DomainError) as error:
            logger.warning("crop_not_embedded", image=str(crop.image_id), code=error.code)
            reasons[crop.image_id] = error.message
        else:
            vectors[crop.image_id] = vector
    if vectors:
        note_embedded(vectors, space=space, switch=switch)
    if reasons:
        note_failed(reasons, space=space, switch=switch)


def _check(vector: NDArray[np.float32], *, dimension: int) -> None:
    if vector.shape != (dimension,) or not np.isfinite(vector).all():
        raise DomainError(
            f"The model answered {vector.shape} for it; expected {dimension} finite numbers.",
            code="template.invalid",
        )
