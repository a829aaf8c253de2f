"""Forms about sites and departments."""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import available_timezones

from django import forms
from django.http import QueryDict

from portal.organisation.models import PATH_SEPARATOR, Department, Site
from portal.organisation.selectors import visible_departments
from portal.organisation.services import SiteDetails

__all__ = ["DepartmentForm", "SiteForm", "zone_choices"]


@lru_cache(maxsize=1)
def zone_choices() -> list[tuple[str, str]]:
    """The names with a place in them, and UTC; the list's old and technical names are left out."""
    places = {
        name
        for name in available_timezones()
        if "/" in name and not name.startswith(("Etc/", "SystemV/", "US/", "posix/", "right/"))
    }
    return [(name, name.replace("_", " ")) for name in ["UTC", *sorted(places)]]


class SiteForm(forms.Form):
    name = forms.CharField(max_length=80, label="Name")
    time_zone = forms.ChoiceField(
        label="Time zone",
        help_text="Days and times of what happens at this site are named in it. Another one holds "
        "from three days ago on; days before that stay as they are.",
    )
    address = forms.CharField(max_length=200, required=False, label="Address")

    def __init__(self, data: QueryDict | None = None, *, site: Site | None = None) -> None:
        initial = (
            {"name": site.name, "time_zone": site.time_zone, "address": site.address}
            if site is not None
            else {"time_zone": "UTC"}
        )
        super().__init__(data, initial=initial)
        zones = zone_choices()
        if site is not None and site.time_zone not in dict(zones):
            zones = [(site.time_zone, site.time_zone), *zones]
        self.fields["time_zone"].choices = zones  # type: ignore[attr-defined]

    def details(self) -> SiteDetails:
        return SiteDetails(**self.cleaned_data)


class DepartmentForm(forms.Form):
    """A department's name and place; what it is itself and what lies below it is no place."""

    name = forms.CharField(max_length=80, label="Name")
    parent = forms.ModelChoiceField(
        queryset=Department.objects.none(),
        required=False,
        empty_label="At the top",
        label="Below",
        help_text="Shifts of a department hold for those below it. After a move those of the new "
        "place hold from three days ago on; days before that stay as they are.",
    )

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        site: Site,
        department: Department | None = None,
        parent_id: str = "",
    ) -> None:
        initial = (
            {"name": department.name, "parent": department.parent_id}
            if department is not None
            else {"parent": parent_id}
        )
        super().__init__(data, initial=initial)
        places = visible_departments().filter(site=site).order_by("path")
        if department is not None:
            places = places.exclude(pk=department.pk).exclude(
                path__startswith=department.path + PATH_SEPARATOR
            )
        self.fields["parent"].queryset = places  # type: ignore[attr-defined]
