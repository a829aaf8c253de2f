"""Pages that only whoever holds a link or a tablet may see. Public surface: ``kept_private``."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponseBase

__all__ = ["kept_private"]

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def kept_private(view: View[P]) -> View[P]:
    """Neither caches nor search engines keep the answer, and its address goes nowhere else."""

    @wraps(view)
    def private(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        response["Cache-Control"] = "no-store, private"
        response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
        # Not "no-referrer": browsers then name no origin with a form either, and it is refused.
        response["Referrer-Policy"] = "strict-origin"
        return response

    return private
