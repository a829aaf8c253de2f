"""The forms of rules and channels."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django import forms
from django.http import QueryDict

from portal.alerts.models import AlertRule, Channel
from portal.alerts.services import RuleDetails, Target
from portal.cameras.selectors import visible_cameras
from portal.core.context import current_actor
from portal.core.errors import DomainError
from portal.core.week import Week
from portal.organisation.selectors import visible_sites

__all__ = ["ChannelForm", "RuleForm"]

_DAYS: Final = [
    (str(n), name) for n, name in enumerate(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"))
]
_WINDOWS: Final = ("first", "second")


class RuleForm(forms.Form):
    """A rule; what its event does not need is left out by ``alerts.js`` and not looked at."""

    name = forms.CharField(max_length=80, label="Name", help_text="For example “Night intruder”.")
    event = forms.ChoiceField(choices=AlertRule.Event.choices, label="What happens")
    severity = forms.ChoiceField(
        choices=AlertRule.Severity.choices,
        label="Severity",
        initial=AlertRule.Severity.WARNING,
        help_text="An alarm also appears on every page, and is closed with a memo only.",
    )
    site = forms.ChoiceField(required=False, label="Site")
    cameras = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Cameras",
        help_text="None ticked means all of them; for unknown faces, all that are there for security.",
    )
    min_faces = forms.IntegerField(
        min_value=1,
        max_value=1000,
        initial=3,
        label="At least so many faces",
        help_text="Good enough to be compared. More means later, and fewer false alerts.",
    )
    min_dwell_s = forms.IntegerField(
        min_value=0,
        max_value=32_000,
        initial=0,
        label="For at least so many seconds",
        help_text="How long somebody must be seen, or a camera be offline.",
    )
    cooldown_min = forms.IntegerField(
        min_value=0,
        max_value=10_080,
        initial=0,
        label="Not again within so many minutes",
        help_text="For the same stranger, person or camera.",
    )
    hours = forms.ChoiceField(
        choices=[("always", "Always"), ("week", "In these hours, by the clocks of the site")],
        initial="always",
        widget=forms.RadioSelect,
        label="When",
    )
    channels = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Tell",
        help_text="Without any, the alert is shown on the Alerts page only.",
    )

    def __init__(self, data: QueryDict | None = None, *, rule: AlertRule | None = None) -> None:
        super().__init__(data, initial=_initial(rule) if rule is not None else None)
        for which in _WINDOWS:
            self._add_window(which)
        sites = [(str(site.pk), site.name) for site in visible_sites().order_by("name")]
        is_limited = current_actor().scope.site_ids is not None
        _choose(self, "site", sites if is_limited else [("", "Every site"), *sites])
        cameras = visible_cameras().order_by("site__name", "name")
        several = len(sites) > 1
        _choose(
            self,
            "cameras",
            [(str(c.pk), f"{c.name} ({c.site.name})" if several else c.name) for c in cameras],
        )
        _choose(self, "channels", [(str(c.pk), c.name) for c in Channel.objects.order_by("name")])

    def _add_window(self, which: str) -> None:
        clock = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
        self.fields[f"{which}_days"] = forms.MultipleChoiceField(
            choices=_DAYS,
            required=False,
            widget=forms.CheckboxSelectMultiple,
            label="Days" if which == "first" else "And on these days",
        )
        self.fields[f"{which}_from"] = forms.TimeField(required=False, label="From", widget=clock)
        self.fields[f"{which}_to"] = forms.TimeField(
            required=False,
            label="To",
            help_text="Earlier than “from” means the next morning.",
            widget=clock,
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("hours") == "week":
            try:
                cleaned["week"] = Week.of(list(self._windows(cleaned)))
            except DomainError as error:
                self.add_error("first_days", error.message)
        else:
            cleaned["week"] = Week()
        return cleaned

    def _windows(self, cleaned: dict[str, Any]) -> Any:
        for which in _WINDOWS:
            days = cleaned.get(f"{which}_days")
            start, end = cleaned.get(f"{which}_from"), cleaned.get(f"{which}_to")
            if which != "first" and not days and start is None and end is None:
                continue
            if not days or start is None or end is None:
                raise DomainError("Choose the days, and both times.", code="week.window")
            yield {"days": days, "from": start.isoformat(), "to": end.isoformat()}

    def details(self) -> RuleDetails:
        """Of a form that is valid."""
        cleaned = self.cleaned_data
        return RuleDetails(
            name=cleaned["name"],
            event=cleaned["event"],
            severity=cleaned["severity"],
            site_id=UUID(cleaned["site"]) if cleaned["site"] else None,
            camera_ids=frozenset(map(UUID, cleaned["cameras"])),
            min_faces=cleaned["min_faces"],
            min_dwell_s=cleaned["min_dwell_s"],
            cooldown_min=cleaned["cooldown_min"],
            week=cleaned["week"],
            channel_ids=frozenset(map(UUID, cleaned["channels"])),
        )


class ChannelForm(forms.Form):
    """A channel of one kind. Of one that exists, where it leads is asked for only to change it."""

    name = forms.CharField(max_length=80, label="Name", help_text="For example “Night desk”.")
    addresses = forms.CharField(
        max_length=2000,
        label="E-mail addresses",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Up to 20, one on each line.",
    )
    url = forms.CharField(max_length=1000, label="Address")
    topic = forms.CharField(
        max_length=200,
        initial="gatehouse/alerts",
        label="Topic",
        help_text="The event is added to it, such as gatehouse/alerts/stranger.",
    )
    includes_names = forms.BooleanField(
        required=False,
        label="Tell people's names",
        help_text="Without it nobody's name or code leaves Gatehouse over this channel.",
    )

    _NEEDED: Final = {
        Channel.Kind.EMAIL: ("addresses",),
        Channel.Kind.WEBHOOK: ("url",),
        Channel.Kind.MQTT: ("url", "topic"),
    }
    _URL_HELP: Final = {
        Channel.Kind.WEBHOOK: "Begins with https:// or, inside your own network, http://.",
        Channel.Kind.MQTT: "Such as mqtts://user:password@broker.example:8883.",
    }

    def __init__(
        self, data: QueryDict | None = None, *, kind: str, channel: Channel | None = None
    ) -> None:
        initial = (
            {"name": channel.name, "includes_names": channel.includes_names} if channel else None
        )
        super().__init__(data, initial=initial)
        self.kind, self.is_new = Channel.Kind(kind), channel is None
        for name in ("addresses", "url", "topic"):
            if name not in self._NEEDED[self.kind]:
                del self.fields[name]
        if "url" in self.fields:
            self.fields["url"].help_text = self._URL_HELP[self.kind]
            self.fields["url"].widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}
        if not self.is_new:
            self._only_to_change()

    def _only_to_change(self) -> None:
        for name in ("addresses", "url"):
            if name in self.fields:
                self.fields[name].required = False
                self.fields[name].help_text = (
                    "It is kept sealed and not shown again. Leave this empty to keep it. "
                    f"{self.fields[name].help_text}"
                )

    def target(self) -> Target | None:
        """Of a form that is valid; None where the channel is to lead where it leads."""
        cleaned = self.cleaned_data
        if not (cleaned.get("addresses") or cleaned.get("url")):
            return None
        return Target(
            addresses=cleaned.get("addresses", ""),
            url=cleaned.get("url", ""),
            topic=cleaned.get("topic", ""),
        )


def _choose(form: forms.Form, name: str, choices: list[tuple[str, str]]) -> None:
    form.fields[name].choices = choices  # type: ignore[attr-defined]


def _initial(rule: AlertRule) -> dict[str, Any]:
    values: dict[str, Any] = {
        "name": rule.name,
        "event": rule.event,
        "severity": rule.severity,
        "site": str(rule.site_id or ""),
        "cameras": [str(camera.pk) for camera in rule.cameras.all()],
        "min_faces": rule.min_faces,
        "min_dwell_s": rule.min_dwell_s,
        "cooldown_min": rule.cooldown_min,
        "hours": "week" if rule.schedule else "always",
        "channels": [str(channel.pk) for channel in rule.channels.all()],
    }
    for which, window in zip(_WINDOWS, rule.schedule, strict=False):
        values |= {
            f"{which}_days": [str(day) for day in window.get("days", [])],
            f"{which}_from": window.get("from"),
            f"{which}_to": window.get("to"),
        }
    return values
