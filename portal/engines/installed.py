"""Which embedding models there are to choose from, and which of them was adopted.

The models lie where the recognition workers load them; these say which they have. Public surface:
``InstalledModel``, ``adoption_in_force``, ``installed_models``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portal.engines.models import SpaceAdoption, WorkerReport

__all__ = ["InstalledModel", "adoption_in_force", "installed_models"]


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """As a recognition worker found it; ``space_id`` is the space of its vectors."""

    id: str
    licence: str
    dimension: int
    space_id: str
    is_shipped: bool
    seen_at: datetime


def adoption_in_force() -> SpaceAdoption | None:
    """None where no other model than the shipped one was ever adopted."""
    return SpaceAdoption.objects.first()


def installed_models() -> list[InstalledModel]:
    """What the recognition workers have, the shipped ones first; empty before one has reported."""
    reports = WorkerReport.objects.filter(role=WorkerReport.Role.RECOGNITION)
    found: dict[str, InstalledModel] = {}
    for report in reports.order_by("heartbeat_at"):
        for one in report.engine.get("models", ()):
            found[one["id"]] = InstalledModel(
                id=one["id"],
                licence=one["licence"],
                dimension=one["dimension"],
                space_id=one["space_id"],
                is_shipped=one["is_shipped"],
                seen_at=report.heartbeat_at,
            )
    return sorted(found.values(), key=lambda one: (not one.is_shipped, one.id))
