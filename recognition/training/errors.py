"""Why a training cannot start or go on. Public surface: ``TrainingError``."""

from __future__ import annotations

from recognition.errors import RecognitionError

__all__ = ["TrainingError"]


class TrainingError(RecognitionError):
    """Codes ``training.*``.

    ``schedule``, ``options``, ``processes``: what was asked makes no sense. ``data``, ``batch``: the
    pictures do not suffice. ``not_finite``: a loss is no number, ``not_finite_elsewhere``: that of
    another process. ``checkpoint`` (damaged), ``other_checkpoint``, ``disk_full``, ``unwritable``:
    files.
    """

    code = "training.refused"
