"""One consistent view of the database for as long as a report is read.

Public surface: ``snapshot``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from portal.attendance.models import CollectMark

__all__ = ["snapshot"]


@contextmanager
def snapshot() -> Iterator[datetime]:
    """What is read inside is as it was at one moment, which is given; writers go on beside it.

    Inside a transaction that began before, it is that transaction's own view.
    """
    if connection.in_atomic_block:
        yield timezone.now()
        return
    with _reading():
        # What is read first fixes the view.
        CollectMark.objects.filter(pk=0).exists()
        yield timezone.now()


@contextmanager
def _reading() -> Iterator[None]:
    if connection.vendor != "sqlite":
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield
        return
    # Else SQLite's transactions take the one lock for writing when they begin.
    wrapper: Any = connection
    mode = wrapper.transaction_mode
    wrapper.transaction_mode = "DEFERRED"
    try:
        with transaction.atomic():
            wrapper.transaction_mode = mode
            yield
    finally:
        wrapper.transaction_mode = mode
