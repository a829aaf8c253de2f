"""Domain errors: one class, one rendering place. Views and tasks never invent their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["DomainError", "NotFound", "OperatorError", "PermissionMissing"]


class DomainError(Exception):
    """Something a user asked for cannot be done.

    ``code`` is stable and dotted, ``message`` is for people (what was wrong, what was expected,
    what to do), ``data`` holds the numbers, ``http_status`` is used by pages and API alike.
    """

    code = "request.refused"
    http_status = 400

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        http_status: int | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.data = dict(data or {})
        if code is not None:
            self.code = code
        if http_status is not None:
            self.http_status = http_status

    def as_dict(self) -> dict[str, Any]:
        body: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.data:
            body["data"] = self.data
        return {"error": body}


class PermissionMissing(DomainError):
    code = "permission.missing"
    http_status = 403


class OperatorError(Exception):
    """Whoever runs Gatehouse must put something right before it can start.

    The text is one paragraph for that person: what was wrong, what was expected, what to do.
    ``manage.py`` prints it instead of a traceback.
    """


class NotFound(DomainError):
    code = "not_found"
    http_status = 404
