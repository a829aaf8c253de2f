"""How one camera is, in everything that its page says. Public: ``condition_of``, ``Condition``,
``advice_for``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portal.cameras.advice import Advice, Evidence, advise, faces_missing
from portal.cameras.faces import face_source
from portal.cameras.models import Camera, CameraHealth
from portal.cameras.selectors.funnel import Funnel
from portal.cameras.wording import Notice, notices, span

__all__ = ["Condition", "Counsel", "advice_for", "condition_of"]


@dataclass(frozen=True, slots=True)
class Condition:
    camera: Camera
    state: str
    status: CameraHealth | None
    notices: list[Notice]

    @property
    def since(self) -> datetime | None:
        """Since when it is in this state; not known for one that is merely switched off."""
        if self.status is None or self.state in {"disabled", "silent", "never_seen"}:
            return None
        return self.status.state_since

    @property
    def last_frame_at(self) -> datetime | None:
        return (self.status.last_frame_at if self.status else None) or self.camera.last_seen_at

    @property
    def is_online(self) -> bool:
        return self.state == "online"

    @property
    def latency(self) -> str:
        late = self.status.latency_ms if self.status and self.is_online else None
        return span(late) if late is not None else ""

    @property
    def skew(self) -> str:
        ahead = self.status.skew_ms if self.status else None
        if ahead is None:
            return ""
        if abs(ahead) < 1_000:
            return "Right to the second"
        return f"{span(ahead)} {'ahead' if ahead > 0 else 'behind'}"


@dataclass(frozen=True, slots=True)
class Counsel:
    """The advice, or how many faces are missing before any is given."""

    advice: Advice | None
    missing: int


def condition_of(camera: Camera) -> Condition:
    status = getattr(camera, "status", None)
    return Condition(camera, camera.health, status, notices(camera, status))


def advice_for(camera: Camera, funnel: Funnel) -> Counsel:
    status: CameraHealth | None = getattr(camera, "status", None)
    evidence = Evidence(
        is_online=camera.health == "online",
        online_s=funnel.online_s,
        fps=status.fps if status else 0.0,
        wanted_fps=camera.rate_fps if camera.is_live else 0.0,
        faces=funnel.faces,
        usable_faces=funnel.usable_faces,
        usable_visits=funnel.usable_visits,
        uncertain_visits=funnel.uncertain_visits,
        losses=funnel.losses,
        face_width_px=face_source().median_width_px(camera.pk, since=funnel.since),
        min_face_px=camera.min_face_px,
    )
    return Counsel(advise(evidence), faces_missing(evidence))
