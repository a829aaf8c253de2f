"""At which cameras unknown faces are grouped: those for security, and those that an app above this
one looks for strangers at.

Public surface: ``CameraSource``, ``groups_at``, ``register_cameras``.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

from django.db.models import Q, QuerySet

__all__ = ["CameraSource", "groups_at", "register_cameras"]


class CameraSource(Protocol):
    def __call__(self) -> QuerySet[Any, Any]:
        """The keys of cameras, whatever they are for, at which strangers are looked for."""
        ...


_sources: Final[list[CameraSource]] = []


def register_cameras(source: CameraSource) -> None:
    _sources.append(source)


def groups_at() -> Q:
    """The condition that unknown faces are grouped at the ``camera`` of a row."""
    condition = Q(camera__is_for_security=True)
    for source in _sources:
        condition |= Q(camera__in=source())
    return condition
