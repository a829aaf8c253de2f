"""The retention: its table, what a purge would delete now, and the words of the public page."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from portal.core.errors import DomainError
from portal.core.http import page
from portal.people.consents import people_to_ask_again
from portal.privacy import services
from portal.privacy.clocks import days_in_words
from portal.privacy.forms import NoticeForm, RetentionForm
from portal.privacy.selectors import next_purge_at, notice, retention, would_delete

__all__ = ["dry_run", "overview", "save_notice", "save_retention"]


@page("privacy.view")
def overview(request: HttpRequest) -> HttpResponse:
    return _show(request)


@page("privacy.view")
def dry_run(request: HttpRequest) -> HttpResponse:
    """What the purge would delete if it ran now; a part of the page."""
    found = would_delete()
    rows = [
        (rule, rule.clock.counted(found[rule.clock.category]))
        for rule in retention()
        if found.get(rule.clock.category)
    ]
    return render(request, "privacy/_dry_run.html", {"rows": rows})


@page("privacy.manage")
@require_POST
def save_retention(request: HttpRequest) -> HttpResponse:
    form = RetentionForm(retention(), request.POST)
    if not form.is_valid():
        return _show(request, form=form, status=422)
    try:
        changed = services.change_retention(form.days())
    except DomainError as error:
        form.add_error(None, error.message)
        return _show(request, form=form, status=422)
    if changed:
        said = ", ".join(
            f"{name.replace('_', ' ')} {days_in_words(d)}" for name, d in changed.items()
        )
        messages.success(request, f"Kept from now on: {said}. The next purge goes by it.")
    else:
        messages.info(request, "Nothing was changed.")
    return redirect("privacy:overview")


@page("privacy.manage")
@require_POST
def save_notice(request: HttpRequest) -> HttpResponse:
    form = NoticeForm(request.POST)
    if not form.is_valid():
        return _show(request, notice_form=form, status=422)
    services.change_notice(**form.cleaned_data)
    messages.success(request, "The public page says so from now on.")
    return redirect("privacy:overview")


def _show(
    request: HttpRequest,
    *,
    form: RetentionForm | None = None,
    notice_form: NoticeForm | None = None,
    status: int = 200,
) -> HttpResponse:
    rules, view = retention(), notice()
    form = form or RetentionForm(rules)
    initial = {
        "controller": view.controller,
        "contact": view.contact,
        "purposes": "\n".join(view.purposes),
    }
    context = {
        "rows": [
            (rule, form[rule.clock.category] if not rule.clock.is_fixed else None) for rule in rules
        ],
        "form": form,
        "notice": view,
        "notice_form": notice_form or NoticeForm(initial=initial),
        "next_purge_at": next_purge_at(),
        "ask_again": people_to_ask_again().count(),
    }
    return render(request, "privacy/overview.html", context, status=status)
