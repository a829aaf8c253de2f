"""The rules: what is told of, to whom."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from portal.alerts import services
from portal.alerts.forms import RuleForm
from portal.alerts.rows import rule_rows
from portal.alerts.selectors import visible_rule, visible_rules
from portal.core.errors import DomainError
from portal.core.http import page, posted

__all__ = ["create", "delete", "edit", "index", "switch"]


@page("alerts.view")
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "alerts/rules.html", {"rows": rule_rows(visible_rules())})


@page("alerts.manage")
def create(request: HttpRequest) -> HttpResponse:
    form = RuleForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            rule = services.create_rule(form.details())
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, f"The rule “{rule.name}” is made.")
            return redirect("alerts:rules")
    context = {"form": form, "title": "New rule"}
    return render(request, "alerts/rule.html", context, status=422 if form.errors else 200)


@page("alerts.manage")
def edit(request: HttpRequest, rule_id: UUID) -> HttpResponse:
    rule = visible_rule(rule_id)
    form = RuleForm(posted(request), rule=rule)
    if request.method == "POST" and form.is_valid():
        try:
            services.update_rule(rule, form.details())
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, f"The rule “{rule.name}” is saved.")
            return redirect("alerts:rules")
    (row,) = rule_rows([rule])
    context = {"form": form, "title": rule.name, "row": row}
    return render(request, "alerts/rule.html", context, status=422 if form.errors else 200)


@page("alerts.manage")
@require_POST
def switch(request: HttpRequest, rule_id: UUID) -> HttpResponse:
    is_enabled = request.POST.get("is_enabled") == "1"
    rule = services.set_rule_enabled(visible_rule(rule_id), is_enabled=is_enabled)
    messages.success(request, f"“{rule.name}” is switched {'on' if is_enabled else 'off'}.")
    return redirect("alerts:rules")


@page("alerts.manage")
@require_POST
def delete(request: HttpRequest, rule_id: UUID) -> HttpResponse:
    rule = visible_rule(rule_id)
    services.delete_rule(rule)
    messages.success(request, f"The rule “{rule.name}” is deleted.")
    return redirect("alerts:rules")
