"""Measurements, rehearsals of a rule on the past, drift, and the way from one model to another."""

from portal.calibration.models.drift import DriftFinding, DriftLook, DriftReport
from portal.calibration.models.own_model import OwnModel
from portal.calibration.models.run import CalibrationRun
from portal.calibration.models.switch import EmbeddingFailure, ModelSwitch, ShadowFace
from portal.calibration.models.what_if import WhatIf, WhatIfChange

__all__ = [
    "CalibrationRun",
    "DriftFinding",
    "DriftLook",
    "DriftReport",
    "EmbeddingFailure",
    "ModelSwitch",
    "OwnModel",
    "ShadowFace",
    "WhatIf",
    "WhatIfChange",
]
