"""Asking for a correction: whose day, what is wrong, and what the day would become."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from portal.attendance.forms.corrections import AskForm, StartForm
from portal.attendance.selectors.correction_list import day_asked, person_to_ask_for
from portal.attendance.selectors.deciders import others_who_may_decide, user_of
from portal.attendance.selectors.preview import preview_day
from portal.attendance.selectors.visible import visible_members
from portal.attendance.selectors.whose import oneself
from portal.attendance.services.corrections import ask_correction, check_wish, deadline_days
from portal.core.context import current_actor
from portal.core.errors import DomainError
from portal.core.http import page, posted

__all__ = ["ask", "preview", "start"]

_MOST_FOUND = 20
_NOT_YET = frozenset({"correction.time", "correction.punch"})
_PREFILLED = ("kind", "punch", "time", "on", "direction")


@page("self.view")
def start(request: HttpRequest) -> HttpResponse:
    """Whose day, and which; whoever asks for themselves alone chooses the day."""
    others = current_actor().may("attendance.request")
    own = oneself()
    query = request.GET if "date" in request.GET else None
    form = StartForm(query, others=others, own=own is not None)
    context: dict[str, Any] = {
        "form": form,
        "own": own,
        "others": others,
        "today": timezone.localdate(),
        "deadline": None if current_actor().may("attendance.manage") else deadline_days(),
    }
    if form.is_valid():
        work_date, words = form.cleaned_data["date"], form.cleaned_data.get("person", "").strip()
        if not words and own is not None:
            return redirect("attendance:correct", own.person.pk, work_date)
        if words and others:
            members = visible_members()
            exact = list(members.filter(code__iexact=words)[:1])
            found = exact or list(members.filter(name__icontains=words)[:_MOST_FOUND])
            if len(found) == 1:
                return redirect("attendance:correct", found[0].pk, work_date)
            context |= {"found": found, "work_date": work_date, "searched": words}
    status = 422 if query is not None and not form.is_valid() else 200
    return render(request, "attendance/corrections_start.html", context, status=status)


@page("self.view")
def ask(request: HttpRequest, person_id: UUID, work_date: date) -> HttpResponse:
    person = person_to_ask_for(person_id)
    day = day_asked(person, work_date)
    initial = {name: request.GET[name] for name in _PREFILLED if name in request.GET}
    files = request.FILES if request.method == "POST" else None
    form = AskForm(posted(request), files, day=day, initial=initial)
    if request.method == "POST" and form.is_valid() and form.wish is not None:
        try:
            row = ask_correction(person, form.wish, evidence=form.sent)
        except DomainError as error:
            if error.http_status not in {409, 422}:
                raise
            form.add_error(None, error.message)
        else:
            messages.success(request, "Sent. Somebody else decides on it.")
            return redirect("attendance:correction", row.pk)
    user = user_of(current_actor())
    own = oneself()
    context = {
        "form": form,
        "day": day,
        "is_own": own is not None and own.person.pk == person.pk,
        "nobody": not others_who_may_decide(person, requester_id=user.pk if user else None),
    }
    status = 422 if form.errors else 200
    return render(request, "attendance/corrections_ask.html", context, status=status)


@page("self.view")
@require_POST
def preview(request: HttpRequest, person_id: UUID, work_date: date) -> HttpResponse:
    """What the day would become with what the form says by now."""
    person = person_to_ask_for(person_id)
    day = day_asked(person, work_date)
    form = AskForm(request.POST, day=day, is_preview=True)
    context: dict[str, Any] = {"day": day, "form": form}
    if form.is_valid() and form.wish is not None:
        try:
            check_wish(person, form.wish)
            context["preview"] = preview_day(person, form.wish.unsaved(person))
        except DomainError as error:
            if error.http_status not in {409, 422}:
                raise
            # What was not given yet is no mistake while somebody is at it.
            if error.code not in _NOT_YET:
                context["refusal"] = error.message
    return render(request, "attendance/_correction_preview.html", context)
