"""The streams' engine: loaded when the first camera asks for it, and let go when none is left.

Public surface: ``EngineKeeper``.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

import structlog
from django.db import DatabaseError, close_old_connections, connection

from portal.core.context import SYSTEM, acting_as
from recognition.errors import RecognitionError
from workers.engine_host import EngineHost
from workers.streams.backoff import Backoff

__all__ = ["EngineKeeper"]

logger = structlog.get_logger(__name__)

_FIRST_RETRY_S: Final = 15.0
_LONGEST_RETRY_S: Final = 300.0


class EngineKeeper:
    """``build`` takes seconds, with a new engine a minute: it runs beside the loop.

    ``on_change`` hears of the host that is ready, or of why there is none, in the loop's thread.
    """

    def __init__(
        self,
        build: Callable[[], EngineHost],
        *,
        on_change: Callable[[EngineHost | None, RecognitionError | None], None],
    ) -> None:
        self._build, self._on_change = build, on_change
        self._host: EngineHost | None = None
        self._is_outdated = False
        self._outcome: EngineHost | Exception | None = None
        self._loader: threading.Thread | None = None
        self._retry_at_s = 0.0
        self._backoff = Backoff(_FIRST_RETRY_S, _LONGEST_RETRY_S)

    def get(self) -> EngineHost | None:
        """The engine, once it is there; asking for it has it loaded."""
        if self._host is not None and not self._is_outdated:
            return self._host
        if self._loader is None:
            if time.monotonic() >= self._retry_at_s:
                self._outcome = None
                self._loader = threading.Thread(target=self._load, name="engine", daemon=True)
                self._loader.start()
        elif not self._loader.is_alive():
            self._loader = None
            self._take(self._outcome)
        return self._host

    def renew(self) -> None:
        """Another model was adopted: its engine is loaded beside this one, which serves until then,
        so that no face goes by unseen."""
        self._is_outdated = self._host is not None

    def release(self) -> None:
        if self._host is not None:
            self._let_go()
            self._on_change(None, None)

    def _let_go(self) -> None:
        host, self._host, self._is_outdated = self._host, None, False
        if host is not None:
            host.engine.close()

    def _take(self, outcome: EngineHost | Exception | None) -> None:
        # What was outdated goes, also where nothing can take its place: it is not to decide.
        self._let_go()
        if isinstance(outcome, EngineHost):
            self._host = outcome
            self._backoff.reset()
            self._on_change(outcome, None)
            return
        self._retry_at_s = time.monotonic() + self._backoff.wait_s()
        if isinstance(outcome, RecognitionError):
            logger.error("engine_refused", code=outcome.code, message=outcome.message)
            self._on_change(None, outcome)
        else:
            logger.error("engine_not_loaded", error=type(outcome).__name__, exc_info=outcome)

    def _load(self) -> None:
        try:
            with acting_as(SYSTEM):
                self._outcome = self._build()
        except (RecognitionError, DatabaseError) as error:
            self._outcome = error
        except Exception as error:  # noqa: BLE001 - a thread's error is lost otherwise
            self._outcome = error
        finally:
            close_old_connections()
            connection.close()
