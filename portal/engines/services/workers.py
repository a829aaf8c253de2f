"""What workers say: the space that they work in, their start and their signs of life."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from portal.engines.models import Space, WorkerReport
from recognition.contracts import EmbeddingSpace

__all__ = ["register_space", "report_worker", "report_worker_alive"]


def register_space(space: EmbeddingSpace) -> Space:
    """The row of this space, made on first sight. A space's row never changes."""
    row, _ = Space.objects.get_or_create(
        id=space.id,
        defaults={
            "model_id": space.model_id,
            "weights_sha256": space.weights_sha256,
            "dimension": space.dimension,
            "preprocessing": space.preprocessing,
        },
    )
    return row


@transaction.atomic
def report_worker(
    name: str,
    *,
    role: str,
    state: str,
    pid: int,
    engine: Mapping[str, Any] | None = None,
    checks: Sequence[Mapping[str, Any]] = (),
) -> WorkerReport:
    now = timezone.now()
    row, _ = WorkerReport.objects.update_or_create(
        name=name,
        defaults={
            "role": role,
            "state": state,
            "pid": pid,
            "engine": dict(engine or {}),
            "checks": [dict(check) for check in checks],
            "started_at": now,
            "heartbeat_at": now,
        },
    )
    return row


def report_worker_alive(
    name: str, *, gallery_revision: int | None = None, gallery_size: int | None = None
) -> None:
    changes: dict[str, Any] = {"heartbeat_at": timezone.now()}
    if gallery_revision is not None:
        changes["gallery_revision"] = gallery_revision
    if gallery_size is not None:
        changes["gallery_size"] = gallery_size
    WorkerReport.objects.filter(name=name).update(**changes)
