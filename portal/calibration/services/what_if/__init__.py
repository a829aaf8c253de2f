"""Writes of what-ifs: asked for and stopped by people, replayed by the light worker.

Public surface: ``ask_what_if`` of a ``ProposedRule`` with ``RANGES`` and ``LONGEST``,
``cancel_what_if``, ``save_what_if``; for the worker ``is_replay_waiting``, ``take_up``, ``tell_progress``, ``finish``,
``fail``.
"""

from portal.calibration.services.what_if.ask import (
    LONGEST,
    RANGES,
    ProposedRule,
    ask_what_if,
    cancel_what_if,
)
from portal.calibration.services.what_if.save import save_what_if
from portal.calibration.services.what_if.work import (
    fail,
    finish,
    is_replay_waiting,
    take_up,
    tell_progress,
)

__all__ = [
    "LONGEST",
    "RANGES",
    "ProposedRule",
    "ask_what_if",
    "cancel_what_if",
    "fail",
    "finish",
    "is_replay_waiting",
    "save_what_if",
    "take_up",
    "tell_progress",
]
