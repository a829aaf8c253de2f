"""A camera's user name and password, told only as it asks for them. Public surface: ``Login``."""

from __future__ import annotations

from collections.abc import Sequence

from portal.core.outbound_auth import authorization

__all__ = ["Login"]


class Login:
    """Answers the challenges of one camera; nothing is told before it was asked for."""

    def __init__(self, username: str, password: str) -> None:
        self._username = username
        self._password = password
        self._challenges: Sequence[str] = ()
        self._count = 0

    def take(self, challenges: Sequence[str]) -> bool:
        """Keep the camera's challenges; False where none can be answered."""
        self._challenges, self._count = tuple(challenges) if self._username else (), 0
        return self._answer("GET", "/", count=1) is not None

    def header(self, method: str, path: str) -> str | None:
        """The ``Authorization`` of the next request, once the camera asked for one."""
        self._count += 1
        return self._answer(method, path, count=self._count)

    def _answer(self, method: str, path: str, *, count: int) -> str | None:
        return authorization(
            self._challenges,
            method=method,
            path=path,
            username=self._username,
            password=self._password,
            count=count,
        )
