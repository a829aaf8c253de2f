"""The way from one embedding model to another, step by step; see ``ModelSwitch``.

Public surface: for people ``start_switch``, ``cancel_switch``, ``cut_over``, ``roll_back``; for the
worker ``begin_embedding``, ``note_embedded``, ``note_failed``, ``finish_preparing``,
``fail_switch``; ``SwitchRefused`` is raised by all of them.
"""

from portal.calibration.services.switch._moving import SwitchRefused
from portal.calibration.services.switch.begin import cancel_switch, start_switch
from portal.calibration.services.switch.change import cut_over, roll_back
from portal.calibration.services.switch.preparing import (
    begin_embedding,
    fail_switch,
    finish_preparing,
    note_embedded,
    note_failed,
)

__all__ = [
    "SwitchRefused",
    "begin_embedding",
    "cancel_switch",
    "cut_over",
    "fail_switch",
    "finish_preparing",
    "note_embedded",
    "note_failed",
    "roll_back",
    "start_switch",
]
