"""First run and lock-out; everything else about accounts is allauth's."""

from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from portal.accounts.forms import SetupForm
from portal.accounts.models import User
from portal.accounts.services import create_first_administrator, setup_token_is_valid
from portal.core.errors import DomainError
from portal.core.http import posted

__all__ = ["locked_out", "setup"]


@require_http_methods(["GET", "POST"])
def setup(request: HttpRequest) -> HttpResponse:
    """Make the first administrator; the token proves that the visitor can read the terminal."""
    if User.objects.exists():
        return redirect("dashboard:today")
    form = SetupForm(posted(request), initial={"token": request.GET.get("token", "")})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        if not setup_token_is_valid(data["token"].strip()):
            form.add_error("token", "This is not the token. Copy the whole line from the terminal.")
        else:
            try:
                user = create_first_administrator(
                    email=data["email"], password=data["password"], name=data["name"]
                )
            except DomainError as error:
                form.add_error("password", error.message)
            else:
                login(request, user, "allauth.account.auth_backends.AuthenticationBackend")
                messages.success(request, "Welcome to Gatehouse. You are its administrator.")
                return redirect("dashboard:today")
    return render(
        request, "accounts/setup.html", {"form": form}, status=400 if form.errors else 200
    )


def locked_out(request: HttpRequest, *_: object, **__: object) -> HttpResponse:
    """Too many wrong passwords for this account from this address."""
    message = (
        "Too many wrong passwords for this account from your address. Wait 15 minutes, or have "
        "an administrator run “manage.py axes_reset”."
    )
    context = {"message": message, "code": "sign_in.locked"}
    return render(request, "errors/403.html", context, status=429)
