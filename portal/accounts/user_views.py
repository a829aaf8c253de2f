"""Users: the list, one of them, the invitation."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from portal.accounts import services
from portal.accounts.forms import UserForm
from portal.accounts.mail import send_sign_in_link
from portal.accounts.models import Role, User
from portal.accounts.selectors import visible_user, visible_users
from portal.core.context import current_actor, require
from portal.core.errors import DomainError
from portal.core.http import is_partial, page, posted

__all__ = ["add_user", "deactivate", "index", "new_link", "reactivate", "user"]

PAGE = 50
_NEW_LINK = "new_sign_in_link"


@page("users.view")
def index(request: HttpRequest) -> HttpResponse:
    role, wanted = request.GET.get("role", ""), request.GET.get("q", "").strip()[:80]
    users = visible_users()
    if role in Role.values:
        users = users.filter(role=role)
    if wanted:
        users = users.filter(Q(email__icontains=wanted) | Q(name__icontains=wanted))
    context = {
        "page_obj": Paginator(users, PAGE).get_page(request.GET.get("page")),
        "roles": Role.choices,
        "role_filter": role,
        "query": wanted,
    }
    template = "accounts/_users.html" if is_partial(request) else "accounts/users.html"
    return render(request, template, context)


@page("users.manage")
@require_http_methods(["GET", "POST"])
def add_user(request: HttpRequest) -> HttpResponse:
    form = UserForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            made, link = services.invite_user(form.cleaned_data["email"], form.details())
        except DomainError as error:
            form.add_error(_field_of(error), error.message)
        else:
            return _hand_over(request, made, link)
    return _form(request, form)


@page("users.view")
@require_http_methods(["GET", "POST"])
def user(request: HttpRequest, user_id: int) -> HttpResponse:
    """One user. A new link is in the session for one look only."""
    row = visible_user(user_id)
    form = UserForm(posted(request), user=row)
    if request.method == "POST":
        require("users.manage")
        if form.is_valid():
            try:
                changed = services.update_user(row, form.details())
            except DomainError as error:
                form.add_error(_field_of(error), error.message)
            else:
                messages.success(request, f"{changed} was saved.")
                return redirect("accounts:users")
    links = request.session.pop(_NEW_LINK, {})
    return _form(
        request,
        form,
        user=row,
        new_link=links.get(str(row.pk), ""),
        is_self=str(row.pk) == current_actor().id,
    )


@page("users.manage")
@require_POST
def deactivate(request: HttpRequest, user_id: int) -> HttpResponse:
    row = visible_user(user_id)
    try:
        services.deactivate_user(row)
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"{row} cannot sign in any more, and is signed out.")
    return redirect("accounts:user", row.pk)


@page("users.manage")
@require_POST
def reactivate(request: HttpRequest, user_id: int) -> HttpResponse:
    row = services.reactivate_user(visible_user(user_id))
    messages.success(request, f"{row} can sign in again.")
    return redirect("accounts:user", row.pk)


@page("users.manage")
@require_POST
def new_link(request: HttpRequest, user_id: int) -> HttpResponse:
    row = visible_user(user_id)
    try:
        return _hand_over(request, row, services.new_sign_in_link(row))
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("accounts:user", row.pk)


def _hand_over(request: HttpRequest, row: User, link: str) -> HttpResponse:
    """By mail where that is set up; otherwise the administrator is shown the link, once."""
    if send_sign_in_link(row, link):
        messages.success(request, f"A link to choose a password was sent to {row.email}.")
    else:
        request.session[_NEW_LINK] = {str(row.pk): link}
    return redirect("accounts:user", row.pk)


def _field_of(error: DomainError) -> str | None:
    return {
        "user.exists": "email",
        "user.departments": "departments",
        "user.person": "person_code",
        "user.own_role": "role",
        "user.last_administrator": "role",
    }.get(error.code)


def _form(request: HttpRequest, form: UserForm, **context: object) -> HttpResponse:
    status = 422 if form.errors else 200
    row = context.pop("user", None)
    return render(
        request,
        "accounts/user.html",
        {"form": form, "row": row, **context},
        status=status,
    )
