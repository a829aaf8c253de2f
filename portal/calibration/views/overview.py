"""The Calibration page: the rule in force, a wish, what was measured for it, and the saving."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from portal.calibration.charts import as_csv, chart_of
from portal.calibration.forms.overview import SaveForm, WishForm
from portal.calibration.selectors.overview import Overview, overview_of_page
from portal.calibration.selectors.runs import Measured, measured_run, site_traffic
from portal.calibration.services.measure import ask_for_run
from portal.calibration.services.save import save_measured
from portal.core.context import current_actor
from portal.core.errors import DomainError, NotFound
from portal.core.http import is_partial, page
from portal.engines.models import DecisionRule
from portal.engines.services import RuleSaved, seen_field, seen_of
from portal.journal.notices import tell

__all__ = ["chart_csv", "chart_svg", "measure", "overview", "save"]


@page("calibration.view")
def overview(request: HttpRequest) -> HttpResponse:
    template = "calibration/_overview.html" if is_partial(request) else "calibration/overview.html"
    return render(request, template, _context(overview_of_page()))


@page("calibration.manage")
@require_POST
def measure(request: HttpRequest) -> HttpResponse:
    """Have the gallery measured for what was chosen."""
    form = WishForm(request.POST)
    if not form.is_valid():
        found = _context(overview_of_page(), wish_form=form)
        return render(request, "calibration/overview.html", found, status=422)
    ask_for_run(form.wish)
    return redirect(f"{reverse('calibration:overview')}#result")


@page("calibration.manage")
@require_POST
def save(request: HttpRequest) -> HttpResponse:
    form = SaveForm(request.POST)
    if form.is_valid():
        values = form.cleaned_data
        try:
            saved = save_measured(
                measured_run(values["run"]),
                grey_band=values["grey_band"],
                min_margin=values["min_margin"],
                reason=values["reason"],
                seen=seen_of(values["seen"]),
            )
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            tell(request, _said(saved), None)
            return redirect("calibration:overview")
    found = overview_of_page()
    context = _context(found, save_form=_once_more(form, found))
    return render(request, "calibration/overview.html", context, status=422)


@page("calibration.view")
@require_GET
def chart_svg(request: HttpRequest, run_id: UUID, chart: str) -> HttpResponse:
    drawn = _chart(run_id, chart)
    svg = render_to_string("calibration/charts/file.svg", {"chart": drawn})
    return _file(svg.strip(), "image/svg+xml", f"gatehouse-{chart}.svg")


@page("calibration.view")
@require_GET
def chart_csv(request: HttpRequest, run_id: UUID, chart: str) -> HttpResponse:
    return _file(as_csv(_chart(run_id, chart)), "text/csv; charset=utf-8", f"gatehouse-{chart}.csv")


def _chart(run_id: UUID, key: str) -> Any:
    drawn = chart_of(measured_run(run_id).figures, key)
    if drawn is None:
        raise NotFound("This measurement has nothing to draw here.")
    return drawn


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


def _said(saved: RuleSaved) -> str:
    number = saved.rule.number
    if saved.proposal is not None:
        return f"Rule {number} is proposed. It decides once a second person has approved it."
    return (
        f"Rule {number} decides from now on: threshold {saved.rule.threshold:.3f}. "
        "The history takes it back with one click."
    )


def _context(
    found: Overview, *, wish_form: WishForm | None = None, save_form: SaveForm | None = None
) -> dict[str, Any]:
    traffic = site_traffic()
    context: dict[str, Any] = {
        "found": found,
        "figures": found.result.figures if found.result else None,
        "run": found.result.run if found.result else None,
        "traffic": traffic,
        "wish_form": wish_form or _wish_form(found, traffic.suggestion),
        "needs_two": settings.CALIBRATION_NEEDS_TWO,
    }
    if found.result is not None and current_actor().may("calibration.manage"):
        context["save_form"] = save_form or _save_form(found.result, found.in_force.rule)
    return context


def _once_more(form: SaveForm, found: Overview) -> SaveForm | None:
    """What was filled in and what is wrong with it, for the measurement and the rule that the page
    shows now: whoever presses again has seen these."""
    if found.result is None:
        return None
    data = {
        **dict(form.data.items()),
        "run": found.result.run.pk,
        "seen": seen_field(found.in_force.rule),
    }
    again = SaveForm(data)
    for message in form.non_field_errors():
        again.add_error(None, message)
    return again


def _wish_form(found: Overview, strangers_a_day: int) -> WishForm:
    initial: dict[str, Any] = {"one_in": "1000", "days": 30, "strangers_a_day": strangers_a_day}
    wish = found.result.figures.wish if found.result else None
    if wish is not None:
        strangers = round(1.0 / wish.fpir)
        if wish.days is not None:
            initial |= {"one_in": "days", "days": f"{wish.days:g}"}
            initial["strangers_a_day"] = f"{wish.strangers_a_day:g}"
        elif str(strangers) in dict(WishForm.CHOICES):
            initial["one_in"] = str(strangers)
        else:
            initial |= {"one_in": "own", "own": strangers}
    return WishForm(initial=initial)


def _save_form(measured: Measured, rule: DecisionRule | None) -> SaveForm:
    return SaveForm(
        initial={
            "run": measured.run.pk,
            "seen": seen_field(rule),
            "grey_band": measured.figures.grey_band,
            "min_margin": measured.figures.min_margin,
        }
    )
