"""Sites and departments."""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ValidationError
from django.db import models

from portal.core.models import Record

__all__ = ["PATH_SEPARATOR", "Department", "Site"]

PATH_SEPARATOR: Final = " / "


def _validate_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValidationError(
            f"{name!r} is not a time zone. Expected a name such as Europe/Berlin."
        ) from None


class Site(Record):
    """A place with a time zone of its own: days and times of what happens there are named in it."""

    name = models.CharField(max_length=80, unique=True)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[_validate_zone])
    address = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Department(Record):
    """A department, class or team; a tree. ``path`` is kept by the services: ``Year 7 / 7b``."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="departments")
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="children"
    )
    name = models.CharField(max_length=80)
    path = models.CharField(max_length=300)

    class Meta:
        ordering = ("site__name", "path")
        constraints = [
            models.UniqueConstraint(fields=["site", "path"], name="department_path_once_per_site")
        ]

    def __str__(self) -> str:
        return self.path
