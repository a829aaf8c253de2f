"""The model in shadow looks at the faces that the model in use has decided about.

It works from the aligned crops that the ledger keeps and not from the cameras' pictures: so it
costs live recognition nothing but its turn of the worker, it sees the same faces of streams and of
snapshots alike, it can look at those of the days before, and nothing is lost with a worker. Public
surface: ``shadow_waiting``, ``has_shadow_work``.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import numpy as np
import structlog
from numpy.typing import NDArray

from portal.calibration.models import ModelSwitch
from portal.calibration.selectors.shadow import (
    Unshadowed,
    has_unshadowed,
    shadowed_faces,
    unshadowed_faces,
)
from portal.calibration.services.switch.shadow import (
    ShadowDecision,
    record_shadows,
    renew_shadows,
)
from portal.cameras.contracts import CameraSettings
from portal.cameras.selectors import settings_of
from portal.core.vault import VaultError, vault
from portal.engines.models import DecisionRule
from portal.engines.selectors import rule_in_force
from recognition.contracts import Candidate, FaceQuality
from recognition.errors import RecognitionError
from workers.anchors import embedded_crop
from workers.engine_host import EngineHost
from workers.visits.rules import rules_of

__all__ = ["has_shadow_work", "shadow_waiting"]

logger = structlog.get_logger(__name__)

_AT_ONCE: Final = 32
# Whether a face is fit to be compared was decided when it was seen, by the frame it was cut from.
_USABLE: Final = FaceQuality(100.0, 100.0, 0.5, 0.2, 0.0, 1.0, 1.0)


def has_shadow_work(switch: ModelSwitch) -> bool:
    if switch.state != ModelSwitch.State.SHADOW:
        return False
    return has_unshadowed(switch) or rule_in_force(switch.to_space_id or "") != switch.rule


def shadow_waiting(host: EngineHost, switch: ModelSwitch, *, deadline: float) -> bool:
    """Work until nothing waits or the time is up; True where faces may be waiting still."""
    rule = rule_in_force(host.space.pk)
    if rule != switch.rule:
        _decide_anew(host, switch, rule)
    while time.monotonic() < deadline:
        faces = unshadowed_faces(switch, limit=_AT_ONCE)
        if not faces:
            return False
        if not record_shadows(switch, _decide(host, faces)):
            return False
    return True


def _decide(host: EngineHost, faces: Sequence[Unshadowed]) -> list[ShadowDecision]:
    rules = rules_of(host)
    rules.refresh()
    vectors = {face.id: vector for face in faces if (vector := _vector(host, face)) is not None}
    near = dict(zip(vectors, rules.nearest(list(vectors.values())), strict=True))
    cameras = settings_of({face.camera_id for face in faces if face.camera_id is not None})
    return [
        ShadowDecision(
            face.id,
            None
            if face.id not in near
            else rules.decide(
                near[face.id], quality=_USABLE, offset=_offset(cameras, face.camera_id)
            ),
        )
        for face in faces
    ]


def _decide_anew(host: EngineHost, switch: ModelSwitch, rule: DecisionRule | None) -> None:
    """A rule was saved for the new model: all its answers are by that one, from what they were
    made of."""
    rules = rules_of(host)
    rules.refresh()
    rows = shadowed_faces(switch)
    cameras = settings_of({row.camera_id for row in rows if row.camera_id is not None})
    renew_shadows(
        switch,
        [
            ShadowDecision(
                row.id,
                rules.decide(
                    [Candidate(person_id, score) for person_id, score in row.candidates],
                    quality=_USABLE,
                    offset=_offset(cameras, row.camera_id),
                ),
            )
            for row in rows
        ],
        rule=rule,
    )


def _offset(cameras: Mapping[UUID, CameraSettings], camera_id: UUID | None) -> float:
    camera = cameras.get(camera_id) if camera_id is not None else None
    return camera.threshold_offset if camera is not None else 0.0


def _vector(host: EngineHost, face: Unshadowed) -> NDArray[np.float32] | None:
    try:
        # Without the mirror image, as the model in use sees its probes.
        return embedded_crop(host, vault().get(face.aligned_key), flip_fusion=False)
    except (VaultError, RecognitionError) as error:
        logger.info("crop_not_shadowed", face=face.id, code=error.code)
        return None
