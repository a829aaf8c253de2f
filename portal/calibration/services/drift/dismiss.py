"""“It is all right as it is”: a finding put aside, and its undo. Public: ``dismiss_drift``."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.utils import timezone

from portal.audit.services import record
from portal.calibration.models import DriftFinding
from portal.core.context import require
from portal.core.errors import DomainError
from portal.core.events import CalibrationChanged, publish_on_commit
from portal.journal.models import Act
from portal.journal.registry import undoes
from portal.journal.services import note_act

__all__ = ["dismiss_drift"]

_DISMISSED: Final = "calibration.drift_dismissed"


@transaction.atomic
def dismiss_drift(finding: DriftFinding) -> Act:
    """Not told of again unless it becomes worse."""
    actor = require("calibration.manage")
    locked = DriftFinding.objects.select_for_update().get(pk=finding.pk)
    if locked.closed_at is not None:
        raise DomainError(
            "This is closed already. Reload the page.",
            code="calibration.drift_closed",
            http_status=409,
        )
    locked.closed_at, locked.closed_by = timezone.now(), actor.label[:254]
    locked.closed_as = DriftFinding.Ending.DISMISSED
    locked.save(update_fields=["closed_at", "closed_by", "closed_as"])
    record(
        "calibration.drift.dismissed",
        target=locked.person or locked.camera,
        after={"before": round(locked.before, 4), "after": round(locked.after, 4)},
    )
    _announce()
    about = locked.person.name if locked.person else str(locked.camera)
    return note_act(
        _DISMISSED,
        f"{about}: lower scores looked at and left as they are",
        data={"finding": str(locked.pk)},
        person_id=locked.person_id,
    )


@undoes(
    _DISMISSED,
    label="Lower scores left as they are",
    effect="The finding is shown again.",
    permission="calibration.manage",
)
def _reopen(act: Act) -> None:
    """A finding that is gone meanwhile, or was found anew, needs no undoing."""
    row = DriftFinding.objects.filter(pk=act.data["finding"]).first()
    if row is None:
        return
    again = DriftFinding.objects.filter(
        person=row.person_id, camera=row.camera_id, space=row.space_id, closed_at=None
    )
    if not again.exists():
        row.closed_at, row.closed_by, row.closed_as = None, "", ""
        row.save(update_fields=["closed_at", "closed_by", "closed_as"])
        _announce()


def _announce() -> None:
    event = CalibrationChanged(type="calibration.changed", part="drift")
    publish_on_commit("calibration", event)
