"""Looking at one frame of a webcam: to coach somebody, or to test whether they are recognised."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from portal.core.vault import VaultError
from portal.enrolment.coach import measured
from portal.enrolment.models import Frame
from portal.enrolment.services import record_frame, waiting_frame
from recognition.contracts import ImageAnalysis
from recognition.decision import decide
from recognition.errors import RecognitionError
from workers.engine_host import EngineHost

__all__ = ["read_frame"]


def read_frame(host: EngineHost, frame_id: UUID) -> None:
    """Does nothing for a frame that was answered or forgotten meanwhile."""
    try:
        frame = waiting_frame(frame_id)
    except VaultError as error:
        record_frame(frame_id, {"error": error.message})
        return
    if frame is None:
        return
    # As a camera's pictures are looked at: without the mirror image, in half the time.
    outcome = host.engine.analyse([frame.picture], flip_fusion=False)[0]
    if isinstance(outcome, RecognitionError):
        record_frame(frame_id, {"error": outcome.message})
    elif frame.purpose == Frame.Purpose.COACH:
        record_frame(frame_id, measured(outcome))
    else:
        record_frame(frame_id, _decided(host, outcome))


def _decided(host: EngineHost, analysis: ImageAnalysis) -> dict[str, Any]:
    """What a camera's picture would be taken for, by the rule in force for cameras."""
    host.gallery.refresh()
    found = host.gallery.nearest([face.embedding for face in analysis.faces])
    policy = host.policy()
    decisions = [
        decide(candidates, quality=face.quality, policy=policy)
        for face, candidates in zip(analysis.faces, found, strict=True)
    ]
    return {
        "threshold": policy.threshold,
        "faces": [
            {
                "kind": decision.kind,
                "reason": decision.reason,
                "person_id": decision.person_id,
                "score": decision.score,
                "candidates": [[one.person_id, one.score] for one in decision.candidates[:5]],
            }
            for decision in decisions
        ],
    }
