"""The only place that sends a task to the broker. Tasks carry ids, never data.

A task that could not be sent is not an error for the user: the row it is about is already in
the database, and ``recognition.sweep`` rings again. So a dead broker delays work, it loses none.
"""

from __future__ import annotations

import structlog
from django.core.cache import cache
from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from portal.jobs.registry import TASKS, TaskName

__all__ = ["answer_doorbell", "dispatch", "dispatch_on_commit", "ring", "ring_on_commit"]

logger = structlog.get_logger(__name__)

# A doorbell that was rung and not answered within this time is rung again: longer than a drain
# takes, shorter than anybody's patience.
_DOORBELL_S = 5


def dispatch(task: TaskName, *ids: str, after_s: int = 0) -> bool:
    """Send ``task`` with ``ids``, to be begun ``after_s`` from now; False (and a log line) where
    the broker cannot be reached."""
    from portal.config.celery import app

    later = {"countdown": after_s} if after_s else {}
    try:
        app.send_task(task, args=list(ids), queue=TASKS[task], **later)
    except (OperationalError, RedisError, OSError) as error:
        logger.warning("task_not_sent", task=task, error=str(error))
        return False
    return True


def dispatch_on_commit(task: TaskName, *ids: str) -> None:
    """Send once the surrounding transaction is safely in the database, else never."""
    transaction.on_commit(lambda: dispatch(task, *ids), robust=True)


def ring_on_commit(task: TaskName, *, pause_s: int = 0) -> None:
    """Ask for a drain, unless one is already asked for and not yet begun.

    The worker answers the bell *before* it looks at the database, so a row that was committed
    before a bell was found already rung is always seen by the drain that answers it. With
    ``pause_s`` the first ring is heard at once and those that follow it within that time as one,
    after it: for what is done for many rows as fast as for one.
    """
    transaction.on_commit(lambda: ring(task, pause_s=pause_s), robust=True)


def ring(task: TaskName, *, pause_s: int = 0) -> None:
    try:
        first = cache.add(_bell(task), 1, timeout=_DOORBELL_S)
        rests = first and pause_s and not cache.add(_pause(task), 1, timeout=pause_s)
    except (RedisError, OSError) as error:
        logger.warning("task_not_sent", task=task, error=str(error))
        return
    if first:
        dispatch(task, after_s=pause_s if rests else 0)


def answer_doorbell(task: TaskName) -> None:
    """Called by the worker as its first step: from here on a new ring sends a new task."""
    cache.delete(_bell(task))


def _bell(task: TaskName) -> str:
    return f"doorbell:{task}"


def _pause(task: TaskName) -> str:
    return f"doorbell:{task}:pause"
