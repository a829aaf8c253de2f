"""The forms that begin and end a roll-call."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms

from portal.muster.models import MusterEvent
from portal.muster.selectors import meeting_cameras
from portal.organisation.models import Site

__all__ = ["EndForm", "StartForm"]


class StartForm(forms.Form):
    """Cameras are ticked as they were the last time at this site."""

    kind = forms.ChoiceField(
        choices=[("real", "For real"), ("drill", "Drill")],
        widget=forms.RadioSelect,
        label="What it is",
        initial="real",
    )
    cameras = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Cameras at the meeting point",
        help_text="Whoever one of them recognises is safe without anybody's doing.",
    )

    def __init__(self, site: Site, data: Any = None) -> None:
        last = MusterEvent.objects.filter(site=site).first()
        ticked = last.safe_cameras.values_list("pk", flat=True) if last is not None else ()
        super().__init__(data, initial={"kind": "real", "cameras": [str(pk) for pk in ticked]})
        self.fields["cameras"].choices = [  # type: ignore[attr-defined]
            (str(camera.pk), f"{camera.name}{f', {camera.place}' if camera.place else ''}")
            for camera in meeting_cameras(site)
        ]

    @property
    def camera_ids(self) -> list[UUID]:
        return [UUID(pk) for pk in self.cleaned_data["cameras"]]

    @property
    def is_drill(self) -> bool:
        return bool(self.cleaned_data["kind"] == "drill")


class EndForm(forms.Form):
    note = forms.CharField(
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        label="Note",
        help_text="What happened, and what should be done better next time.",
    )
