"""How a decision is answered: with what comes next, or with the page it was made on.

Public surface: ``chosen_person``, ``decided``, ``send_back``.
"""

from __future__ import annotations

import json
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from portal.core.errors import DomainError
from portal.journal.models import Act
from portal.people.models import Person
from portal.people.selectors import visible_person

__all__ = ["chosen_person", "decided", "send_back"]


def chosen_person(request: HttpRequest) -> Person:
    """Whom the form names. Raises ``DomainError`` where nobody was chosen."""
    try:
        return visible_person(UUID(request.POST.get("person", "")))
    except ValueError:
        raise DomainError("Nobody was chosen. Choose who it is.", code="review.whom") from None


def decided(response: HttpResponse, message: str, act: Act | None, *, kind: str) -> HttpResponse:
    """Have htmx show ``message``, with “Undo” where there is an act, and close the dialog."""
    toast: dict[str, str] = {"message": message, "kind": kind}
    if act is not None:
        toast |= {
            "actionLabel": "Undo",
            "actionUrl": reverse("journal:undo", args=[act.pk]),
            "actionMethod": "post",
        }
    response["HX-Trigger"] = json.dumps({"toast": toast, "dialog:close": {}})
    return response


def send_back(request: HttpRequest, fallback: str) -> HttpResponse:
    """To the page the form was on, if it says so and the page is ours."""
    back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()})
    return redirect(back if is_ours else fallback)
