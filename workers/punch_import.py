"""Files of punches in the workers: read, then entered, a little at a time.

Public surface: ``import_waiting``. How far a file was read is kept in this process between two
turns, so that cameras' punches are not kept waiting; a process that is lost takes no more than
that with it, and the next one reads the file anew.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Final
from uuid import UUID

from portal.attendance.models import PunchImport
from portal.attendance.services.punch_import_apply import apply_lot
from portal.attendance.services.punch_import_lease import (
    MAX_ATTEMPTS,
    acting_as_importer,
    claim,
)
from portal.attendance.services.punch_import_lifecycle import end_import
from portal.attendance.services.punch_import_reading import read_in_steps
from portal.core.errors import DomainError

__all__ = ["import_waiting"]

_begun: Final[dict[UUID, Iterator[None]]] = {}


def import_waiting(*, budget_s: float) -> bool:
    """Work until nothing waits or the time is up; True where there is more to do."""
    deadline = time.monotonic() + budget_s
    while (imported := claim(_owner())) is not None:
        _forget_others(imported.pk)
        try:
            if imported.attempts > MAX_ATTEMPTS:
                raise DomainError(
                    f"{MAX_ATTEMPTS} workers were lost over this file. Split it and try again.",
                    code="punches.given_up",
                )
            with acting_as_importer(imported):
                _work(imported, deadline)
        except DomainError as error:
            _begun.pop(imported.pk, None)
            _give_up(imported, error.message)
        if time.monotonic() >= deadline:
            return True
    _begun.clear()
    return False


def _work(imported: PunchImport, deadline: float) -> None:
    """One step at least, so that a short time is no standstill."""
    while _step(imported) and time.monotonic() < deadline:
        pass


def _step(imported: PunchImport) -> bool:
    if imported.state == PunchImport.State.APPLYING:
        return apply_lot(imported, owner=_owner())
    steps = _begun.get(imported.pk)
    if steps is None:
        steps = _begun[imported.pk] = read_in_steps(imported, owner=_owner())
    for _ in steps:
        return True
    del _begun[imported.pk]
    return False


def _give_up(imported: PunchImport, message: str) -> None:
    is_begun = imported.state == PunchImport.State.APPLYING
    state = PunchImport.State.STOPPED if is_begun else PunchImport.State.REFUSED
    end_import(imported, state=state, message=message)


def _forget_others(import_id: UUID) -> None:
    for other in set(_begun) - {import_id}:
        del _begun[other]


def _owner() -> str:
    """This very process: what another one of the same name left behind is not its own."""
    return f"{os.uname().nodename}:{os.getpid()}"
