"""One's own days: the month, and one date with the evidence behind each minute."""

from __future__ import annotations

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.attendance.selectors.whose import Whose, oneself
from portal.attendance.views.person import card_context, day_context
from portal.core.errors import NotFound
from portal.core.http import page

__all__ = ["my_day", "my_month"]


@page("self.view")
def my_month(request: HttpRequest) -> HttpResponse:
    return render(request, "attendance/my_month.html", card_context(request, _oneself()))


@page("self.view")
def my_day(request: HttpRequest, work_date: date) -> HttpResponse:
    return render(request, "attendance/my_day.html", day_context(request, _oneself(), work_date))


def _oneself() -> Whose:
    whose = oneself()
    if whose is None:
        raise NotFound(
            "Your account is not linked to a person, so there are no days of yours. Ask an "
            "administrator to write your code into your account."
        )
    return whose
