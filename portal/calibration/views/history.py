"""The history of the rule: what decided when, one rule with its evidence, and the way back."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from portal.calibration.selectors.history import (
    adoptions,
    history,
    proposal_of,
    rule_detail,
)
from portal.calibration.views.refused import told
from portal.core.http import is_partial, page
from portal.engines.models import RuleAdoption
from portal.engines.services import go_back, seen_field, seen_of

__all__ = ["back", "index", "rule"]

PAGE: Final = 20


@page("calibration.view")
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    found = history()
    page_obj = Paginator(adoptions(), PAGE).get_page(request.GET.get("page"))
    rows = found.rows(list(page_obj))
    context = {
        "history": found,
        "page_obj": page_obj,
        "rows": rows,
        "targets": found.targets(rows),
        "proposals": found.proposals(),
        "seen": seen_field(found.in_force),
        "needs_two": settings.CALIBRATION_NEEDS_TWO,
    }
    template = "_history.html" if is_partial(request) else "history.html"
    return render(request, f"calibration/history/{template}", context)


@page("calibration.view")
@require_GET
def rule(request: HttpRequest, number: int) -> HttpResponse:
    found, one = history(), rule_detail(number)
    view = found.view(one)
    context = {
        "history": found,
        "view": view,
        "rule": one,
        "proposal": proposal_of(one),
        "targets": [view] if one.adoptions.all() and view.can_go_back else [],
        "seen": seen_field(found.in_force),
        "needs_two": settings.CALIBRATION_NEEDS_TWO,
    }
    return render(request, "calibration/history/rule.html", context)


@page("calibration.manage")
@require_POST
@told
def back(request: HttpRequest) -> HttpResponse:
    """Let an earlier rule decide again."""
    number = seen_of(request.POST.get("rule", ""))
    chosen = rule_detail(number) if number is not None else None
    done = go_back(
        chosen,
        seen=seen_of(request.POST.get("seen", "")),
        reason=request.POST.get("reason", ""),
    )
    name = f"Rule {number}" if number is not None else "The shipped rule"
    if isinstance(done, RuleAdoption):
        messages.success(request, f"{name} decides again, from this second on.")
    else:
        messages.success(
            request,
            f"{name} is proposed again, as rule {done.rule.number}. It decides once a second "
            "person has approved it.",
        )
    return redirect("calibration:history")
