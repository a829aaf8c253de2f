"""What the log says of a scheduled task while the broker is being replaced."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from celery import Celery
from celery.beat import ScheduleEntry, Scheduler

from portal.core.lost_broker import OneLineWhenBrokerIsAway


def test_a_task_that_the_broker_cannot_take_is_one_line_without_a_stack(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = Celery(broker=f"redis+socket://{tmp_path}/nobody.sock")
    app.conf.broker_transport_options = {"max_retries": 1, "interval_start": 0, "interval_step": 0}
    entry = ScheduleEntry(name="sweep", task="sweep", schedule=1, app=app)
    scheduler = Scheduler(app, lazy=True)
    shortens = OneLineWhenBrokerIsAway()
    logging.getLogger("celery.beat").addFilter(shortens)
    try:
        scheduler.apply_entry(entry)
    finally:
        logging.getLogger("celery.beat").removeFilter(shortens)
    [record] = caplog.records
    assert record.levelname == "WARNING"
    assert record.exc_info is None
    assert record.getMessage().startswith("Couldn't apply scheduled task sweep: Error")
    assert record.getMessage().endswith("It is sent at its next time.")
    assert "File " not in record.getMessage()


def test_any_other_failure_keeps_its_stack() -> None:
    error = ValueError("no such task")
    record = logging.LogRecord(
        "celery.beat", logging.ERROR, __file__, 1, "Message Error: %s\n%s", (error, ["File …"]),
        (ValueError, error, None),
    )  # fmt: skip
    assert OneLineWhenBrokerIsAway().filter(record)
    assert record.exc_info is not None
    assert record.levelname == "ERROR"
    assert "File …" in record.getMessage()
