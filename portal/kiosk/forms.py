"""Forms about kiosks."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.http import QueryDict

from portal.kiosk.models import Kiosk
from portal.kiosk.services import KioskDetails
from portal.organisation.selectors import visible_sites

__all__ = ["KioskForm"]


class KioskForm(forms.Form):
    """``kiosk`` is the one that is changed; a new one is given a site as well."""

    name = forms.CharField(
        max_length=80, label="Name", help_text="It stands with every time that is registered there."
    )
    place = forms.CharField(max_length=120, required=False, label="Place")
    takes = forms.ChoiceField(
        choices=Kiosk.Takes,
        initial=Kiosk.Takes.FACES,
        widget=forms.RadioSelect,
        label="How people register",
        help_text="PIN and QR code are always offered: nobody must use their face.",
    )
    asks_direction = forms.BooleanField(
        required=False,
        initial=True,
        label="Ask whether somebody comes or goes",
        help_text="Without it a time counts as coming or going by its place in the day.",
    )

    def __init__(self, data: QueryDict | None = None, *, kiosk: Kiosk | None = None) -> None:
        initial: dict[str, object] = {}
        if kiosk is not None:
            initial = {
                "name": kiosk.camera.name,
                "place": kiosk.camera.place,
                "takes": kiosk.takes,
                "asks_direction": kiosk.asks_direction,
            }
        super().__init__(data, initial=initial)
        sites = [(str(site.pk), site.name) for site in visible_sites()]
        if kiosk is None and len(sites) > 1:
            self.fields["site"] = forms.ChoiceField(label="Site", choices=sites)

    def details(self) -> KioskDetails:
        data = self.cleaned_data
        return KioskDetails(
            name=data["name"],
            place=data["place"],
            takes=data["takes"],
            asks_direction=data["asks_direction"],
        )

    def site_id(self) -> UUID | None:
        site = self.cleaned_data.get("site")
        return UUID(site) if site else None
