"""Policies: what holds, in sentences; new ones; other rules from a date on; trying them on a day."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.attendance.engine import InvalidRule, Policy
from portal.core.errors import DomainError
from portal.core.http import page, posted
from portal.schedules.forms.parts import add_error_of
from portal.schedules.forms.policies import (
    NameForm,
    PolicyForm,
    PolicyVersionForm,
    RulesForm,
    TrialForm,
)
from portal.schedules.models import WorkPolicy
from portal.schedules.selectors.shifts import (
    PolicyRow,
    policy_history,
    policy_rows,
    shift_rows,
    visible_policies,
    visible_policy,
)
from portal.schedules.selectors.versions import engine_policy
from portal.schedules.services import policies as services
from portal.schedules.services.reach import reaches
from portal.schedules.trial import TrialError, try_day
from portal.schedules.views.acting import act_on

__all__ = ["change", "create", "detail", "index", "rename", "retire", "try_rules"]


@page("schedules.view")
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    rows = policy_rows(list(visible_policies()), on=timezone.localdate())
    context = {
        "rows": [row for row in rows if row.policy.retired_at is None],
        "retired": [row for row in rows if row.policy.retired_at is not None],
        "may_change": reaches(None),
    }
    return render(request, "schedules/policies.html", context)


@page("schedules.view")
@require_GET
def detail(request: HttpRequest, policy_id: UUID) -> HttpResponse:
    policy = visible_policy(policy_id)
    today = timezone.localdate()
    context = {
        "row": _row(policy),
        "history": policy_history(policy, on=today),
        "may_change": reaches(None),
        "name_form": NameForm(initial={"name": policy.name}),
    }
    return render(request, "schedules/policy.html", context)


@page("schedules.manage")
@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    form = PolicyForm(posted(request), rules=Policy())
    if request.method == "POST" and form.is_valid():
        try:
            policy = services.create_policy(form.cleaned_data["name"], form.rules)
        except DomainError as error:
            add_error_of(form, error)
        else:
            messages.success(request, f"The policy “{policy.name}” is made.")
            return redirect("schedules:policy", policy.pk)
    context = {"form": form, "trial": TrialForm(), "row": None}
    return render(
        request, "schedules/policy_form.html", context, status=422 if form.errors else 200
    )


@page("schedules.manage")
@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, policy_id: UUID) -> HttpResponse:
    policy = visible_policy(policy_id)
    row = _row(policy)
    newest = policy.versions.order_by("-number")[0]
    form = PolicyVersionForm(posted(request), rules=engine_policy(newest))
    preview = None
    if request.method == "POST" and form.is_valid():
        done, version, preview = act_on(
            form,
            lambda: services.change_policy(
                policy,
                form.rules,
                valid_from=form.begins(),
                reason=form.cleaned_data["reason"],
            ),
        )
        if done and version is not None:
            messages.success(
                request,
                f"“{policy.name}” has other rules from {form.begins():%-d %B %Y} on. Days before "
                "it keep theirs.",
            )
            return redirect("schedules:policy", policy.pk)
    context = {"form": form, "trial": _trial_of(row), "row": row, "preview": preview}
    return render(
        request, "schedules/policy_form.html", context, status=422 if form.errors else 200
    )


@page("schedules.manage")
@require_POST
def rename(request: HttpRequest, policy_id: UUID) -> HttpResponse:
    policy = visible_policy(policy_id)
    form = NameForm(request.POST)
    if form.is_valid():
        try:
            policy = services.rename_policy(policy, form.cleaned_data["name"])
        except DomainError as error:
            messages.error(request, error.message)
        else:
            messages.success(request, f"It is called “{policy.name}” now.")
    else:
        messages.error(request, "A policy needs a name.")
    return redirect("schedules:policy", policy.pk)


@page("schedules.manage")
@require_POST
def retire(request: HttpRequest, policy_id: UUID) -> HttpResponse:
    policy = visible_policy(policy_id)
    is_back = request.POST.get("back") == "1"
    try:
        if is_back:
            services.reinstate_policy(policy)
        else:
            services.retire_policy(policy)
    except DomainError as error:
        messages.error(request, error.message)
    else:
        words = "can be given to shifts again" if is_back else "is retired"
        messages.success(request, f"“{policy.name}” {words}.")
    return redirect("schedules:policy", policy.pk)


@page("schedules.manage")
@require_POST
def try_rules(request: HttpRequest) -> HttpResponse:
    """What the rules of the form, as they are typed, make of one day; nothing is saved."""
    rules, trial = RulesForm(request.POST, rules=Policy()), TrialForm(request.POST)
    problems = []
    outcome = None
    if rules.is_valid() and trial.is_valid():
        day = trial.cleaned_data
        try:
            outcome = try_day(
                day["try_times"], policy=rules.rules, start=day["try_start"], end=day["try_end"]
            )
        except (TrialError, InvalidRule) as error:
            problems.append(str(error))
    else:
        problems += _problems(rules) + _problems(trial)
    context = {"outcome": outcome, "problems": problems}
    return render(request, "schedules/_trial.html", context)


def _problems(form: RulesForm | TrialForm) -> list[str]:
    return [
        f"{form.fields[name].label if name in form.fields else 'Rules'}: {error}"
        for name, errors in form.errors.items()
        for error in errors
    ]


def _row(policy: WorkPolicy) -> PolicyRow:
    (row,) = policy_rows([policy], on=timezone.localdate())
    return row


def _trial_of(row: PolicyRow) -> TrialForm:
    """With the hours of a shift that goes by it, where there is one."""
    shifts = shift_rows(row.shifts[:1], on=timezone.localdate())
    if not shifts:
        return TrialForm()
    version = shifts[0].version
    return TrialForm(initial={"try_start": version.start, "try_end": version.end})
