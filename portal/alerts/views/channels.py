"""The channels, what was sent over them, and the secret that is shown once."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from portal.alerts import services
from portal.alerts.forms import ChannelForm
from portal.alerts.models import Channel
from portal.alerts.selectors import (
    all_channels,
    visible_channel,
    visible_deliveries,
    visible_delivery,
)
from portal.alerts.wording import about
from portal.core.errors import DomainError, NotFound
from portal.core.http import is_partial, page, posted

__all__ = [
    "create",
    "delete",
    "detail",
    "edit",
    "index",
    "renew_secret",
    "send_again",
    "switch",
    "test",
]

PAGE = 50
_NEW_SECRET = "new_channel_secret"  # noqa: S105 - the name of a session's entry


@page("alerts.view")
def index(request: HttpRequest) -> HttpResponse:
    context = {"channels": all_channels(), "kinds": Channel.Kind.choices}
    return render(request, "alerts/channels.html", context)


@page("alerts.manage")
def create(request: HttpRequest, channel_kind: str) -> HttpResponse:
    kind = channel_kind
    if kind not in Channel.Kind.values:
        raise NotFound("There is no such kind of channel.")
    form = ChannelForm(posted(request), kind=kind)
    if request.method == "POST" and form.is_valid():
        target = form.target()
        try:
            assert target is not None, "a new channel's form asks where it leads"  # noqa: S101
            channel, secret = services.create_channel(
                name=form.cleaned_data["name"],
                kind=kind,
                target=target,
                includes_names=form.cleaned_data["includes_names"],
            )
        except DomainError as error:
            form.add_error(_field_of(error, form), error.message)
        else:
            if secret:
                request.session[_NEW_SECRET] = {str(channel.pk): secret}
            messages.success(request, f"The channel “{channel.name}” is made. Send a test.")
            return redirect("alerts:channel", channel.pk)
    context = {"form": form, "kind": Channel.Kind(kind)}
    return render(request, "alerts/channel_form.html", context, status=422 if form.errors else 200)


@page("alerts.view")
def detail(request: HttpRequest, channel_id: UUID) -> HttpResponse:
    """A secret is in the session for one look only; afterwards nobody can read it again."""
    channel = visible_channel(channel_id)
    found = visible_deliveries().filter(channel=channel)
    deliveries = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {
        "channel": channel,
        "page_obj": deliveries,
        "rows": [(delivery, about(delivery.alert)) for delivery in deliveries],
    }
    if is_partial(request):
        return render(request, "alerts/_deliveries.html", context)
    context["new_secret"] = request.session.pop(_NEW_SECRET, {}).get(str(channel.pk), "")
    return render(request, "alerts/channel.html", context)


@page("alerts.manage")
def edit(request: HttpRequest, channel_id: UUID) -> HttpResponse:
    channel = visible_channel(channel_id)
    form = ChannelForm(posted(request), kind=channel.kind, channel=channel)
    if request.method == "POST" and form.is_valid():
        try:
            services.update_channel(
                channel,
                name=form.cleaned_data["name"],
                target=form.target(),
                includes_names=form.cleaned_data["includes_names"],
            )
        except DomainError as error:
            form.add_error(_field_of(error, form), error.message)
        else:
            messages.success(request, "Saved.")
            return redirect("alerts:channel", channel.pk)
    context = {"form": form, "kind": Channel.Kind(channel.kind), "channel": channel}
    return render(request, "alerts/channel_form.html", context, status=422 if form.errors else 200)


@page("alerts.manage")
@require_POST
def switch(request: HttpRequest, channel_id: UUID) -> HttpResponse:
    is_enabled = request.POST.get("is_enabled") == "1"
    channel = services.set_channel_enabled(visible_channel(channel_id), is_enabled=is_enabled)
    messages.success(request, f"“{channel.name}” is switched {'on' if is_enabled else 'off'}.")
    return redirect("alerts:channel", channel.pk)


@page("alerts.manage")
@require_POST
def test(request: HttpRequest, channel_id: UUID) -> HttpResponse:
    outcome = services.send_test(visible_channel(channel_id))
    say = messages.success if outcome.is_sent else messages.error
    say(request, f"{'The test was sent' if outcome.is_sent else 'Not sent'}: {outcome.words}")
    return redirect("alerts:channel", channel_id)


@page("alerts.manage")
@require_POST
def renew_secret(request: HttpRequest, channel_id: UUID) -> HttpResponse:
    secret = services.renew_secret(visible_channel(channel_id))
    request.session[_NEW_SECRET] = {str(channel_id): secret}
    return redirect("alerts:channel", channel_id)


@page("alerts.manage")
@require_POST
def delete(request: HttpRequest, channel_id: UUID) -> HttpResponse:
    channel = visible_channel(channel_id)
    services.delete_channel(channel)
    messages.success(request, f"The channel “{channel.name}” is deleted.")
    return redirect("alerts:channels")


@page("alerts.manage")
@require_POST
def send_again(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    delivery = services.send_again(visible_delivery(delivery_id))
    messages.success(request, "It is on its way again.")
    return redirect("alerts:channel", delivery.channel_id)


def _field_of(error: DomainError, form: ChannelForm) -> str | None:
    """The field that an error is about."""
    kind, _, what = error.code.partition(".")
    field = {"name_taken": "name"}.get(what, what) if kind == "channel" else "url"
    return field if field in form.fields else None
