"""The portal's task names and the workers' tasks are one and the same list."""

from __future__ import annotations

from typing import get_args

from portal.config.celery import app as sender
from portal.jobs.registry import QUEUES, TASKS, Queue, TaskName
from workers.app import app
from workers.schedule import SCHEDULE


def own_tasks() -> set[str]:
    return {name for name in app.tasks if not name.startswith("celery.")}


def test_every_task_of_the_registry_exists_and_no_other():
    assert own_tasks() == set(TASKS)


def test_the_typed_names_are_the_registered_ones():
    assert set(get_args(TaskName)) == set(TASKS)
    assert set(get_args(Queue)) == set(QUEUES) == set(TASKS.values())


def test_the_portal_sends_with_the_application_that_the_workers_run():
    assert app is sender
    assert app.conf.task_serializer == "json"
    assert app.conf.accept_content == ["json"], "nothing pickled is ever taken"
    assert app.conf.task_ignore_result is True
    assert app.conf.task_acks_late is True
    assert app.conf.worker_prefetch_multiplier == 1


def test_tasks_take_ids_only():
    import inspect

    for name in own_tasks():
        parameters = inspect.signature(app.tasks[name].run).parameters.values()
        assert all(p.annotation == "str" for p in parameters), name


def test_the_clock_rings_known_tasks_into_their_own_queues_and_no_pile_of_them():
    for entry in SCHEDULE.values():
        assert entry["task"] in TASKS
        assert entry["options"]["queue"] == TASKS[entry["task"]]
        assert entry["options"]["expires"] > 0
    assert app.conf.beat_schedule == SCHEDULE
