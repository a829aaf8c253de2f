"""What the list of alerts can be narrowed by."""

from __future__ import annotations

from typing import Any, Final

import django_filters
from django.db.models import QuerySet
from django.forms import Select
from django.forms.widgets import DateInput

from portal.alerts.models import Alert
from portal.alerts.selectors import visible_rules
from portal.cameras.selectors import visible_cameras
from portal.core.context import current_actor

__all__ = ["AlertFilter"]

_SELECT: Final = Select(attrs={"class": "c-input"})
_DATE: Final = DateInput(attrs={"class": "c-input", "type": "date"}, format="%Y-%m-%d")


class AlertFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Days are those of the portal's own time zone."""

    state = django_filters.ChoiceFilter(
        method="by_state",
        choices=[
            ("active", "Not closed"),
            *((state.value, state.label) for state in Alert.State),
        ],
        empty_label="Any state",
        label="State",
        widget=_SELECT,
    )
    rule = django_filters.ChoiceFilter(
        field_name="rule_id", choices=[], empty_label="All rules", label="Rule", widget=_SELECT
    )
    camera = django_filters.ChoiceFilter(
        field_name="camera_id",
        choices=[],
        empty_label="All cameras",
        label="Camera",
        widget=_SELECT,
    )
    since = django_filters.DateFilter(
        field_name="opened_at", lookup_expr="date__gte", label="From", widget=_DATE
    )
    until = django_filters.DateFilter(
        field_name="opened_at", lookup_expr="date__lte", label="Until", widget=_DATE
    )

    class Meta:
        model = Alert
        fields = ["state", "rule", "camera", "since", "until"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rules = visible_rules().values_list("id", "name")
        self.filters["rule"].extra["choices"] = [(str(pk), name) for pk, name in rules]
        cameras: list[tuple[str, str]] = []
        if current_actor().may("cameras.view"):
            found = visible_cameras().order_by("name").values_list("id", "name")
            cameras = [(str(pk), name) for pk, name in found]
        self.filters["camera"].extra["choices"] = cameras

    def by_state(self, alerts: QuerySet[Alert], _name: str, value: str) -> QuerySet[Alert]:
        if value == "active":
            return alerts.exclude(state=Alert.State.CLOSED)
        return alerts.filter(state=value)
