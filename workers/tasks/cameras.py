"""The task of the clock that looks after cameras."""

from __future__ import annotations

from portal.config.celery import app
from portal.core.context import SYSTEM, acting_as
from workers.cameras import check_all

__all__ = ["check"]


@app.task(name="cameras.check")  # type: ignore[untyped-decorator]
def check() -> None:
    with acting_as(SYSTEM):
        check_all()
