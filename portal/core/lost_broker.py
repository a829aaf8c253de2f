"""A log filter: a broker that is away is one line, not two stacks a scheduled task.

Public surface: ``OneLineWhenBrokerIsAway``.
"""

from __future__ import annotations

import logging

from kombu.exceptions import OperationalError

__all__ = ["OneLineWhenBrokerIsAway"]


class OneLineWhenBrokerIsAway(logging.Filter):
    """Shortens what Celery's clock says of a task that it could not send.

    The broker is replaced within seconds, and what was due then is sent at its next time: that is
    a warning, and where Celery stood in its own code explains nothing. Any other failure passes
    whole.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if error and _is_of_the_broker(error):
            record.msg, record.args = "%s It is sent at its next time.", (error,)
            record.exc_info = record.exc_text = None
            record.levelno, record.levelname = (
                logging.WARNING,
                logging.getLevelName(logging.WARNING),
            )
        return True


def _is_of_the_broker(error: BaseException) -> bool:
    here: BaseException | None = error
    while here is not None:
        if isinstance(here, OperationalError):
            return True
        here = here.__cause__ or here.__context__
    return False
