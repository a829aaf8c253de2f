"""The scores behind a finding as a file: it names somebody, so the log says who took it.

Public surface: ``export_scores``.
"""

from __future__ import annotations

from portal.audit.services import record
from portal.calibration.charts import Chart
from portal.calibration.models import DriftFinding
from portal.calibration.selectors.drift import finding_chart
from portal.core.errors import NotFound

__all__ = ["export_scores"]


def export_scores(finding: DriftFinding, *, form: str) -> Chart:
    """``form`` is what it becomes: ``svg`` or ``csv``."""
    chart = finding_chart(finding)
    if chart is None:
        raise NotFound("The visits behind this were deleted after their time: nothing is drawn.")
    record(
        "calibration.drift.exported",
        target=finding.person or finding.camera,
        after={"days": len(chart.rows), "form": form},
    )
    return chart
