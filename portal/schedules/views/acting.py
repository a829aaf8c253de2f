"""Doing what a form asks, after a look at what it would do to days that are over.

Public surface: ``act_on``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from portal.core.errors import DomainError, PermissionMissing
from portal.schedules.forms.parts import ChangeForm, add_error_of
from portal.schedules.services.changing import Preview, preview_of

__all__ = ["act_on"]

T = TypeVar("T")


def act_on(form: ChangeForm, act: Callable[[], T]) -> tuple[bool, T | None, Preview | None]:
    """(done, what came of it, what it would do). A valid form that reaches into the past is not
    acted on before its preview was confirmed; a refusal becomes an error of the form."""
    try:
        if form.reaches_back and not form.is_confirmed:
            return False, None, preview_of(act, first=form.begins())
        return True, act(), None
    except PermissionMissing:
        raise
    except DomainError as error:
        add_error_of(form, error)
        return False, None, None
