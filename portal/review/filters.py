"""What the grid of strangers can be narrowed by. Public surface: ``StrangerFilter``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import django_filters
from django.db.models import Exists, OuterRef, QuerySet
from django.forms import Select
from django.utils import timezone

from portal.cameras.selectors import visible_cameras
from portal.core.context import current_actor
from portal.organisation.selectors import visible_sites
from portal.review.models import Stranger
from portal.sightings.models import VisitLeg

__all__ = ["StrangerFilter"]

_SELECT: Final = Select(attrs={"class": "c-input"})
_SINCE: Final = {"1": "Last 24 hours", "7": "Last 7 days", "30": "Last 30 days"}


class StrangerFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Without a state only those whom nobody has decided on: that is what people come for."""

    state = django_filters.ChoiceFilter(
        method="by_state",
        choices=[
            (Stranger.State.OPEN, "New"),
            (Stranger.State.WATCHED, "Watched"),
            (Stranger.State.NAMED, "Named"),
            (Stranger.State.IGNORED, "Ignored for good"),
            (Stranger.State.NOT_A_FACE, "Not a face"),
            ("all", "Every state"),
        ],
        empty_label="New and watched",
        label="State",
        widget=_SELECT,
    )
    camera = django_filters.ChoiceFilter(
        method="by_camera", choices=[], empty_label="All cameras", label="Camera", widget=_SELECT
    )
    site = django_filters.ChoiceFilter(
        field_name="site_id", choices=[], empty_label="All sites", label="Site", widget=_SELECT
    )
    since = django_filters.ChoiceFilter(
        method="by_time",
        choices=list(_SINCE.items()),
        empty_label="Any time",
        label="Seen",
        widget=_SELECT,
    )

    class Meta:
        model = Stranger
        fields = ("state", "camera", "site", "since")

    def __init__(self, data: Mapping[str, Any], *, queryset: QuerySet[Stranger]) -> None:
        super().__init__(data, queryset=queryset)
        may_see = current_actor().may("cameras.view")
        cameras = visible_cameras() if may_see else ()
        self.filters["camera"].extra["choices"] = [(str(one.pk), one.name) for one in cameras]
        self.sites = list(visible_sites())
        self.filters["site"].extra["choices"] = [(str(one.pk), one.name) for one in self.sites]

    @property
    def qs(self) -> QuerySet[Stranger]:
        rows: QuerySet[Stranger] = super().qs
        if self.data.get("state"):
            return rows
        return rows.filter(state__in=[Stranger.State.OPEN, Stranger.State.WATCHED])

    def by_state(self, rows: QuerySet[Stranger], _: str, value: str) -> QuerySet[Stranger]:
        return rows if value == "all" else rows.filter(state=value)

    def by_camera(self, rows: QuerySet[Stranger], _: str, value: str) -> QuerySet[Stranger]:
        legs = VisitLeg.objects.filter(visit__stranger=OuterRef("pk"), camera=UUID(value))
        return rows.filter(Exists(legs))

    def by_time(self, rows: QuerySet[Stranger], _: str, value: str) -> QuerySet[Stranger]:
        return rows.filter(last_at__gte=timezone.now() - timedelta(days=int(value)))
