"""Django's four error handlers: a page for people, JSON for the API."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from portal.core.http import wants_json

__all__ = ["bad_request", "forbidden", "not_found", "server_error"]


def _answer(request: HttpRequest, status: int, code: str, message: str) -> HttpResponse:
    if wants_json(request):
        return JsonResponse({"error": {"code": code, "message": message}}, status=status)
    context = {"message": message, "code": code}
    return render(request, f"errors/{status}.html", context, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 400, "request.invalid", "The request could not be understood.")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 403, "permission.missing", "You do not have the right to see this.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 404, "not_found", "There is nothing here, or it was deleted.")


def server_error(request: HttpRequest) -> HttpResponse:
    return _answer(request, 500, "server.error", "Something went wrong here; it has been logged.")
