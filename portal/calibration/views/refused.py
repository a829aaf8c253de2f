"""What a service refuses is told on the history, which shows how things stand by now.

Public surface: ``told``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from portal.engines.services import OwnProposal, ProposalAnswered, RuleChanged, RuleRefused

__all__ = ["told"]

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def told(view: View[P]) -> View[P]:
    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except (OwnProposal, ProposalAnswered, RuleChanged, RuleRefused) as error:
            messages.error(request, error.message)
            return redirect("calibration:history")

    return guarded
