"""A model of the site's own: asked for and removed by people, made by the recognition worker.

Public surface: for people ``ask_for_own_model``, ``cancel_own_model``, ``remove_own_model``; for
the worker ``is_own_model_waiting``, ``take_own_model``, ``note_scores``, ``finish_own_model``,
``fail_own_model``, ``own_models_to_remove``, ``note_removed``; ``OwnModelRefused``.
"""

from portal.calibration.services.own_model.ask import (
    OwnModelRefused,
    ask_for_own_model,
    cancel_own_model,
    remove_own_model,
)
from portal.calibration.services.own_model.work import (
    fail_own_model,
    finish_own_model,
    is_own_model_waiting,
    note_removed,
    note_scores,
    own_models_to_remove,
    take_own_model,
)

__all__ = [
    "OwnModelRefused",
    "ask_for_own_model",
    "cancel_own_model",
    "fail_own_model",
    "finish_own_model",
    "is_own_model_waiting",
    "note_removed",
    "note_scores",
    "own_models_to_remove",
    "remove_own_model",
    "take_own_model",
]
