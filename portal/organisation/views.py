"""The organisation: its sites, and the tree of departments of each."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from portal.core.context import current_actor
from portal.core.errors import DomainError
from portal.core.http import page, posted
from portal.organisation import services
from portal.organisation.forms import DepartmentForm, SiteForm
from portal.organisation.selectors import organisation_tree, visible_department, visible_site

__all__ = [
    "add_department",
    "add_site",
    "delete_department",
    "delete_site",
    "department",
    "index",
    "site",
]


@page("organisation.view")
def index(request: HttpRequest) -> HttpResponse:
    context = {"tree": organisation_tree(), "may_add_site": current_actor().scope.site_ids is None}
    return render(request, "organisation/index.html", context)


@page("organisation.manage")
@require_http_methods(["GET", "POST"])
def add_site(request: HttpRequest) -> HttpResponse:
    form = SiteForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            made = services.create_site(form.details())
        except DomainError as error:
            form.add_error("name", error.message)
        else:
            messages.success(request, f"{made.name} was added.")
            return redirect("organisation:index")
    return _form(request, "organisation/site.html", form=form, site=None)


@page("organisation.manage")
@require_http_methods(["GET", "POST"])
def site(request: HttpRequest, site_id: UUID) -> HttpResponse:
    row = visible_site(site_id)
    form = SiteForm(posted(request), site=row)
    if request.method == "POST" and form.is_valid():
        try:
            changed = services.update_site(row, form.details())
        except DomainError as error:
            form.add_error("name", error.message)
        else:
            messages.success(request, f"{changed.name} was saved.")
            return redirect("organisation:index")
    return _form(request, "organisation/site.html", form=form, site=row)


@page("organisation.manage")
@require_POST
def delete_site(request: HttpRequest, site_id: UUID) -> HttpResponse:
    row = visible_site(site_id)
    try:
        services.delete_site(row)
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("organisation:site", row.pk)
    messages.success(request, f"{row.name} was deleted.")
    return redirect("organisation:index")


@page("organisation.manage")
@require_http_methods(["GET", "POST"])
def add_department(request: HttpRequest, site_id: UUID) -> HttpResponse:
    row = visible_site(site_id)
    form = DepartmentForm(posted(request), site=row, parent_id=request.GET.get("below", ""))
    if request.method == "POST" and form.is_valid():
        try:
            made = services.create_department(row, **form.cleaned_data)
        except DomainError as error:
            form.add_error("name", error.message)
        else:
            messages.success(request, f"{made.path} was added.")
            return redirect("organisation:index")
    return _form(request, "organisation/department.html", form=form, site=row, department=None)


@page("organisation.manage")
@require_http_methods(["GET", "POST"])
def department(request: HttpRequest, department_id: UUID) -> HttpResponse:
    row = visible_department(department_id)
    form = DepartmentForm(posted(request), site=row.site, department=row)
    if request.method == "POST" and form.is_valid():
        try:
            changed = services.change_department(row, **form.cleaned_data)
        except DomainError as error:
            form.add_error("name", error.message)
        else:
            messages.success(request, f"{changed.path} was saved.")
            return redirect("organisation:index")
    return _form(request, "organisation/department.html", form=form, site=row.site, department=row)


@page("organisation.manage")
@require_POST
def delete_department(request: HttpRequest, department_id: UUID) -> HttpResponse:
    row = visible_department(department_id)
    try:
        services.delete_department(row)
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("organisation:department", row.pk)
    messages.success(request, f"{row.path} was deleted.")
    return redirect("organisation:index")


def _form(request: HttpRequest, template: str, **context: object) -> HttpResponse:
    form = context["form"]
    status = 422 if getattr(form, "errors", None) else 200
    return render(request, template, context, status=status)
