"""What the page of a running roll-call asks and says while it is open."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET, require_POST

from portal.core.context import current_actor
from portal.core.errors import DomainError
from portal.core.http import page, wants_json
from portal.muster.passes import issue_pass, read_pass
from portal.muster.rows import roll_rows
from portal.muster.selectors import addable_people, changes_after, counts_of, visible_muster
from portal.muster.services import MOST_AT_ONCE, Mark, add_person, mark_people

__all__ = ["add", "changes", "marks", "people"]

MOST_BYTES = 400_000
_LONGEST_KEY = 40


@page("muster.view")
@require_GET
def changes(request: HttpRequest, muster_id: UUID) -> JsonResponse:
    """What changed after ``after``; rows of people who are new on the list come whole."""
    event = visible_muster(muster_id)
    after = request.GET.get("after", "0")
    entries, cursor = changes_after(
        event, int(after) if after.isdecimal() and len(after) < 19 else 0
    )
    rows = roll_rows(entries, event.site.time_zone)
    counts = counts_of([event]).get(event.pk)
    return JsonResponse(
        {
            "cursor": cursor,
            "ended": event.ended_at is not None,
            "counts": {
                "missing": counts.missing if counts else 0,
                "safe": counts.safe if counts else 0,
                "excused": counts.excused if counts else 0,
            },
            "entries": [
                {
                    "id": str(row.entry.pk),
                    "state": row.entry.state,
                    "by": row.entry.changed_by,
                    "at": row.changed,
                    "row": (
                        render_to_string(
                            "muster/_row.html",
                            {"row": row, "may_run": current_actor().may("muster.run")},
                        )
                        if row.entry.was_added
                        else ""
                    ),
                }
                for row in rows
            ],
        }
    )


@page("muster.run")
@require_POST
def marks(request: HttpRequest, muster_id: UUID) -> HttpResponse:
    """Marks as JSON, some perhaps made without a connection; or one from a page without scripts."""
    event = visible_muster(muster_id)
    if not wants_json(request):
        return _mark_by_form(request, event.pk)
    try:
        sent = json.loads(request.body[: MOST_BYTES + 1])
        given, sent_at = list(sent["marks"]), _moment(sent["sent_at"])
    except (ValueError, TypeError, KeyError) as error:
        raise DomainError(
            'Expected {"sent_at": …, "marks": [{"key", "entry", "state", "at", "pass"}]}.',
            code="muster.body",
        ) from error
    if len(given) > MOST_AT_ONCE:
        raise DomainError(
            f"At most {MOST_AT_ONCE} marks are taken at once.", code="muster.too_many"
        )
    refused, wanted = {}, []
    for each in given:
        key = str(each.get("key", "")) if isinstance(each, Mapping) else ""
        try:
            wanted.append((key, _mark(each, event.pk, sent_at)))
        except DomainError as error:
            refused[key] = error.message
    outcomes = mark_people(event.pk, [mark for _, mark in wanted])
    refused |= {
        key: outcome.refusal
        for (key, _), outcome in zip(wanted, outcomes, strict=True)
        if outcome.refusal
    }
    kept = [key for key, _ in wanted if key not in refused]
    return JsonResponse({"kept": kept, "refused": refused})


@page("muster.run")
@require_GET
def people(request: HttpRequest, muster_id: UUID) -> HttpResponse:
    """Who can be put on the list."""
    event = visible_muster(muster_id)
    search = request.GET.get("q", "").replace("\0", "").strip()[:80]
    found = addable_people(event, search) if search else []
    return render(
        request,
        "muster/_addable.html",
        {"people": found, "search": search, "event": event},
    )


@page("muster.run")
@require_POST
def add(request: HttpRequest, muster_id: UUID) -> HttpResponse:
    event = visible_muster(muster_id)
    try:
        person_id = UUID(request.POST.get("person", ""))
    except ValueError as error:
        raise DomainError("Choose whom to put on the list.", code="muster.person") from error
    add_person(event.pk, person_id, is_safe=request.POST.get("state") != "missing")
    if wants_json(request):
        return JsonResponse({"added": True})
    return redirect("muster:roll", event.pk)


def _mark_by_form(request: HttpRequest, muster_id: UUID) -> HttpResponse:
    entry, _, state = request.POST.get("mark", "").partition(":")
    actor, nonce = current_actor(), request.POST.get("nonce", "")[:12]
    signed = issue_pass(muster_id, actor, session_key=request.session.session_key or "")
    mark = _mark(
        {"entry": entry, "state": state, "pass": signed, "key": f"{nonce}{entry[-12:]}{state}"},
        muster_id,
        None,
    )
    mark_people(muster_id, [mark])
    return redirect("muster:roll", muster_id)


def _mark(sent: Any, muster_id: UUID, sent_at: datetime | None) -> Mark:
    try:
        key, entry, state = str(sent["key"]), UUID(str(sent["entry"])), str(sent["state"])
        made_at = _moment(sent["at"]) if sent.get("at") else None
        signed = str(sent["pass"])
    except (ValueError, TypeError, KeyError) as error:
        raise DomainError("This mark cannot be read.", code="muster.mark") from error
    if not 8 <= len(key) <= _LONGEST_KEY or not key.isascii() or not key.replace("-", "").isalnum():
        raise DomainError("This mark has no proper key.", code="muster.mark")
    whose = read_pass(signed, event_id=muster_id)
    return Mark(
        key=f"{whose.session}:{key}",
        entry_id=entry,
        state=state,
        label=whose.label,
        at=made_at,
        sent_at=sent_at,
    )


def _moment(text: Any) -> datetime:
    """Raises ``ValueError`` for what is no moment with a zone."""
    moment = parse_datetime(str(text))
    if moment is None or moment.tzinfo is None:
        raise ValueError(f"{text!r} is not a moment.")
    return moment
