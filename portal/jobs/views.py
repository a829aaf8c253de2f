"""Jobs: the list, one job with its log, and the cancellation."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from portal.core.http import is_partial, page
from portal.jobs.models import Job
from portal.jobs.selectors import job_lines, visible_job, visible_jobs
from portal.jobs.services import cancel_job

__all__ = ["cancel", "detail", "index"]

PAGE = 40


@page("jobs.view")
def index(request: HttpRequest) -> HttpResponse:
    state = request.GET.get("state", "")
    jobs = visible_jobs().filter(state=state) if state in Job.State.values else visible_jobs()
    context = {
        "page_obj": Paginator(jobs, PAGE).get_page(request.GET.get("page")),
        "state_filter": state,
        "states": Job.State.choices,
    }
    template = "jobs/_table.html" if is_partial(request) else "jobs/list.html"
    return render(request, template, context)


@page("jobs.view")
def detail(request: HttpRequest, job_id: UUID) -> HttpResponse:
    job = visible_job(job_id)
    template = "jobs/_job.html" if is_partial(request) else "jobs/detail.html"
    return render(request, template, {"job": job, "lines": job_lines(job)})


@page("jobs.manage")
@require_POST
def cancel(request: HttpRequest, job_id: UUID) -> HttpResponse:
    job = cancel_job(visible_job(job_id))
    messages.success(request, f"“{job.title}” was cancelled. What was done already stays.")
    return redirect("jobs:detail", job.pk)
