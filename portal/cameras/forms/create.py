"""The form that makes a camera: its kind is chosen from cards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django import forms
from django.http import QueryDict

from portal.cameras.forms.source import SourceFields
from portal.cameras.models import Camera
from portal.organisation.selectors import visible_sites

__all__ = ["KIND_CARDS", "CameraForm"]


@dataclass(frozen=True, slots=True)
class KindCard:
    kind: str
    title: str
    icon: str
    text: str


KIND_CARDS: Final = (
    KindCard(
        Camera.Kind.RTSP,
        "RTSP stream",
        "video",
        "Most network cameras: Gatehouse connects to the camera and follows its stream.",
    ),
    KindCard(
        Camera.Kind.BROWSER,
        "Browser tab or phone",
        "smartphone",
        "The webcam of a computer, tablet or phone, as long as its page is open.",
    ),
    KindCard(
        Camera.Kind.PUSH,
        "Sends snapshots",
        "upload",
        "A camera or program that sends JPEG pictures to Gatehouse by itself, with a key.",
    ),
    KindCard(
        Camera.Kind.SNAPSHOT,
        "Snapshots by HTTP",
        "image",
        "Gatehouse fetches one picture after the other from an address of the camera.",
    ),
    KindCard(
        Camera.Kind.MJPEG,
        "MJPEG stream",
        "images",
        "Simple and older cameras: an endless row of JPEG pictures over HTTP.",
    ),
    KindCard(
        Camera.Kind.FILE,
        "Video file",
        "play",
        "A recorded film that lies on the server, looked at as if it were live.",
    ),
)


class CameraForm(SourceFields):
    kind = forms.ChoiceField(choices=Camera.Kind.choices, label="Kind")
    name = forms.CharField(max_length=80, label="Name", help_text="For example “Main entrance”.")
    place = forms.CharField(max_length=120, required=False, label="Place")
    site_id = forms.TypedChoiceField(
        coerce=UUID,
        label="Site",
        help_text="Times are shown in its zone; whoever is limited to it sees this camera.",
    )
    direction = forms.ChoiceField(
        choices=Camera.Direction.choices,
        required=False,
        label="Direction",
        help_text="Whether people whom it sees come in or go out.",
    )

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data, kind=data.get("kind", "") if data is not None else "")
        sites = [(str(site.pk), site.name) for site in visible_sites()]
        if len(sites) > 1:
            self.fields["site_id"].choices = sites  # type: ignore[attr-defined]
        else:
            # Nothing to choose: the only site, or the first one, which is made with the camera.
            del self.fields["site_id"]

    def camera(self) -> dict[str, Any]:
        """The arguments of ``create_camera``."""
        data = self.cleaned_data
        kind = data["kind"]
        return {
            "kind": kind,
            "name": data["name"],
            "place": data["place"],
            "site_id": data.get("site_id"),
            "direction": data["direction"] or Camera.Direction.NONE,
            "source": self.source(kind) if kind in Camera.LIVE else None,
        }
