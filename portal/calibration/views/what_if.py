"""What-if: the form with what was tried before, the progress, the outcome, and its saving."""

from __future__ import annotations

import math
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.http import require_GET, require_POST

from portal.audit.services import record
from portal.calibration.charts import as_csv, days
from portal.calibration.charts.parts import Chart
from portal.calibration.forms.what_if import ChangeFilter, SaveForm, WhatIfForm, initial_of
from portal.calibration.models import WhatIf
from portal.calibration.selectors.runs import Measured, measured_run
from portal.calibration.selectors.what_if.measured import choice_for
from portal.calibration.selectors.what_if.report import Report, headline, report_of
from portal.calibration.selectors.what_if.rows import (
    change_rows,
    visible_changes,
    visible_what_if,
    visible_what_ifs,
)
from portal.calibration.services.what_if import ask_what_if, cancel_what_if, save_what_if
from portal.calibration.what_if_csv import changes_csv
from portal.calibration.wishes import wish_of, wish_words
from portal.core.context import current_actor, require
from portal.core.errors import DomainError, NotFound
from portal.core.http import is_partial, page
from portal.engines.selectors import active_space, policy_in_force, rule_in_force
from portal.engines.services import RuleSaved, seen_field, seen_of
from portal.journal.notices import tell
from portal.people.selectors import gallery_people_count
from portal.ui.rule_lines import rule_line

__all__ = [
    "what_if",
    "what_if_cancel",
    "what_if_chart",
    "what_if_csv",
    "what_if_new",
    "what_if_save",
]

PAGE: Final = 24
_LISTED: Final = 20


@page("calibration.view")
def what_if_new(request: HttpRequest) -> HttpResponse:
    """``?run=`` is the measurement whose threshold is to be tried."""
    people = gallery_people_count()
    policy = policy_in_force(people)
    measured = _measured(request)
    choice = choice_for(measured, gallery_size=people) if measured else None
    form = WhatIfForm(
        request.POST or None,
        initial=initial_of(
            policy,
            threshold=choice,
            run=measured.run if measured else None,
        ),
    )
    status = 200
    if request.method == "POST":
        require("calibration.manage")
        status = 422
        if form.is_valid():
            try:
                asked = ask_what_if(
                    form.rule,
                    from_at=form.from_at,
                    to_at=form.to_at,
                    measured=measured,
                )
            except DomainError as error:
                form.add_error(None, error.message)
                status = error.http_status
            else:
                return redirect("calibration:what_if", asked.pk)
    proposed = _number(form["threshold"].value(), policy.threshold)
    listed = list(visible_what_ifs()[:_LISTED])
    context = {
        "form": form,
        "policy": policy,
        "proposed": proposed,
        "now": rule_line(policy.threshold, policy.grey_band),
        "new": rule_line(proposed, _number(form["grey_band"].value(), policy.grey_band)),
        "measured": measured if choice is not None else None,
        "wish": wish_words(wish_of(measured.run.wish)) if measured else "",
        "people": people,
        "tried": [(one, _said_of(one)) for one in listed],
    }
    template = "what_if/_tried.html" if is_partial(request) else "what_if/new.html"
    return render(request, f"calibration/{template}", context, status=status)


@page("calibration.view")
@require_GET
def what_if(request: HttpRequest, what_if_id: UUID) -> HttpResponse:
    context = _context(request, visible_what_if(what_if_id))
    template = "what_if.html"
    if is_partial(request):
        template = "_changes.html" if request.GET.get("part") == "changes" else "_what_if.html"
    return render(request, f"calibration/what_if/{template}", context)


@page("calibration.manage")
@require_POST
def what_if_cancel(request: HttpRequest, what_if_id: UUID) -> HttpResponse:
    row = cancel_what_if(visible_what_if(what_if_id))
    return redirect("calibration:what_if", row.pk)


@page("calibration.manage")
@require_POST
def what_if_save(request: HttpRequest, what_if_id: UUID) -> HttpResponse:
    row = visible_what_if(what_if_id)
    form = SaveForm(request.POST, space=row.space)
    if form.is_valid():
        values = form.cleaned_data
        try:
            saved = save_what_if(
                row,
                reason=values["reason"],
                seen=seen_of(values["seen"]),
                follows_gallery=form.follows,
            )
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            tell(request, _said(saved), None)
            return redirect("calibration:overview")
    context = _context(request, row, save_form=form)
    return render(request, "calibration/what_if/what_if.html", context, status=422)


@page("calibration.view")
@require_GET
def what_if_csv(request: HttpRequest, what_if_id: UUID) -> HttpResponse:
    """The changes as they are filtered."""
    row = _done(what_if_id)
    chosen = ChangeFilter(request.GET, report=report_of(row))
    changes = list(_with_pictures(chosen.narrow(visible_changes(row))))
    record("calibration.what_if.exported", target=row, after={"changes": len(changes)})
    return _file(changes_csv(change_rows(row, changes)), "text/csv; charset=utf-8", "what-if.csv")


@page("calibration.view")
@require_GET
def what_if_chart(request: HttpRequest, what_if_id: UUID, form: str) -> HttpResponse:
    drawn = _chart(report_of(_done(what_if_id)))
    if drawn is None or form not in {"svg", "csv"}:
        raise NotFound("This what-if has nothing to draw here.")
    if form == "csv":
        return _file(as_csv(drawn), "text/csv; charset=utf-8", "what-if-days.csv")
    svg = render_to_string("calibration/charts/file.svg", {"chart": drawn})
    return _file(svg.strip(), "image/svg+xml", "what-if-days.svg")


def _context(
    request: HttpRequest, row: WhatIf, *, save_form: SaveForm | None = None
) -> dict[str, Any]:
    context: dict[str, Any] = {"what_if": row, "job": row.job}
    if row.state != WhatIf.State.DONE:
        return context
    report = report_of(row)
    chosen = ChangeFilter(request.GET, report=report)
    found = _with_pictures(chosen.narrow(visible_changes(row)))
    shown = Paginator(found, PAGE).get_page(request.GET.get("page"))
    policy = policy_in_force(gallery_people_count(), space_id=row.space_id)
    context |= {
        "report": report,
        "chart": _chart(report),
        "filter": chosen,
        "page_obj": shown,
        "rows": change_rows(row, list(shown)),
        "policy": policy,
        "wish": wish_words(wish_of(row.wish)) if row.wish.get("fpir") else "",
        "needs_two": settings.CALIBRATION_NEEDS_TWO,
    }
    active = active_space()
    if current_actor().may("calibration.manage") and active and active.pk == row.space_id:
        seen = seen_field(rule_in_force(row.space_id))
        context["save_form"] = save_form or SaveForm(initial={"seen": seen}, space=row.space)
    return context


def _chart(report: Report) -> Chart | None:
    return days.draw(report.days)


def _with_pictures(changes: Any) -> Any:
    return changes.select_related("camera", "visit__best_face", "face__recognition")


def _done(what_if_id: UUID) -> WhatIf:
    row = visible_what_if(what_if_id)
    if row.state != WhatIf.State.DONE:
        raise NotFound("This what-if has no outcome.")
    return row


def _measured(request: HttpRequest) -> Measured | None:
    """The measurement that is named in the address, or in the form that was sent."""
    given = (request.POST if request.method == "POST" else request.GET).get("run")
    if not given:
        return None
    try:
        return measured_run(UUID(given))
    except ValueError as error:
        raise NotFound("There is no such measurement.") from error


def _number(text: object, otherwise: float) -> float:
    """What stands in a field, to be drawn; whatever is no number is not."""
    try:
        value = float(str(text))
    except ValueError:
        return otherwise
    return value if math.isfinite(value) else otherwise


def _said_of(row: WhatIf) -> str:
    if row.state == WhatIf.State.DONE:
        return headline(row.summary["changes"])
    return row.error or row.get_state_display()


def _said(saved: RuleSaved) -> str:
    if saved.rule is None:
        return "The shipped rule decides again."
    if saved.proposal is not None:
        return (
            f"Rule {saved.rule.number} is proposed. It decides once a second person has approved "
            "it."
        )
    return (
        f"Rule {saved.rule.number} decides from now on: threshold {saved.rule.threshold:.3f}. "
        "The history takes it back with one click."
    )


def _file(text: str, content_type: str, name: str) -> HttpResponse:
    return HttpResponse(
        text,
        content_type=content_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )
