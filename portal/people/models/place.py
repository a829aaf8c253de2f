"""Where people belonged before they were moved."""

from __future__ import annotations

from django.db import models

from portal.core.models import Record

__all__ = ["FormerPlace"]


class FormerPlace(Record):
    """Until ``last_day``, on the clocks of that site, ``person`` belonged there. Where they belong
    since stands with the person: days that were worked before a move go by the former plan."""

    person = models.ForeignKey(
        "people.Person", on_delete=models.CASCADE, related_name="former_places"
    )
    last_day = models.DateField()
    # A site that can be deleted has no days that a place could matter for.
    site = models.ForeignKey("organisation.Site", on_delete=models.CASCADE, related_name="+")
    department = models.ForeignKey(
        "organisation.Department",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    class Meta:
        ordering = ("last_day",)
        constraints = [
            models.UniqueConstraint(fields=["person", "last_day"], name="former_place_once_a_day")
        ]

    def __str__(self) -> str:
        return f"place of {self.person_id} until {self.last_day}"
