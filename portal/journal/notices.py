"""Messages that offer to undo what was just done: ``tell`` for pages, ``with_undo`` for htmx."""

from __future__ import annotations

import json

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from portal.journal.models import Act

__all__ = ["tell", "with_undo"]


def tell(request: HttpRequest, message: str, act: Act | None) -> None:
    """Shown on the next page, with “Undo” where there is an act."""
    messages.success(request, message, extra_tags=f"undo:{act.pk}" if act else "")


def with_undo(response: HttpResponse, message: str, act: Act) -> HttpResponse:
    """Have the page show ``message`` with “Undo” when htmx receives this response."""
    response["HX-Trigger"] = json.dumps(
        {
            "toast": {
                "message": message,
                "kind": "success",
                "actionLabel": "Undo",
                "actionUrl": reverse("journal:undo", args=[act.pk]),
                "actionMethod": "post",
            }
        }
    )
    return response
