"""Writes of the drift watch: what the night found, what somebody said of it, and the report."""

from portal.calibration.services.drift.dismiss import dismiss_drift
from portal.calibration.services.drift.export import export_scores
from portal.calibration.services.drift.record import Watched, record_watch
from portal.calibration.services.drift.report import due_monday, send_report

__all__ = ["Watched", "dismiss_drift", "due_monday", "export_scores", "record_watch", "send_report"]
