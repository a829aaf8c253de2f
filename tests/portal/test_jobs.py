"""Jobs: the state machine, progress, cancellation, and the tasks that are sent."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from kombu.exceptions import OperationalError
from redis.exceptions import ConnectionError as RedisConnectionError

from portal.audit.models import AuditEntry
from portal.config.celery import app
from portal.core.context import Actor, acting_as
from portal.core.errors import DomainError, PermissionMissing
from portal.jobs import dispatch as bell
from portal.jobs.dispatch import answer_doorbell, dispatch, dispatch_on_commit, ring, ring_on_commit
from portal.jobs.models import Job, JobLine
from portal.jobs.registry import TASKS
from portal.jobs.services import (
    advance_job,
    cancel_job,
    close_abandoned,
    create_job,
    finish_job,
    log_line,
    start_job,
)
from tests.conftest import rolled_back
from tests.factories import JobFactory

pytestmark = pytest.mark.django_db

S = Job.State
# From each state: what it may become. Everything else is refused.
MAY_BECOME = {
    S.QUEUED: {S.RUNNING, S.DONE, S.FAILED, S.CANCELLED},
    S.RUNNING: {S.DONE, S.FAILED, S.CANCELLED},
    S.DONE: set(),
    S.FAILED: set(),
    S.CANCELLED: set(),
}


@pytest.mark.parametrize("before", S.values)
@pytest.mark.parametrize("after", S.values)
def test_every_transition_is_allowed_or_refused_as_the_table_says(before, after):
    job = JobFactory(state=before)
    if S(after) in MAY_BECOME[S(before)]:
        assert finish_job(job.pk, state=after).state == after
        return
    with pytest.raises(DomainError) as refused:
        finish_job(job.pk, state=after)
    assert (refused.value.code, refused.value.http_status) == ("job.state", 409)
    job.refresh_from_db()
    assert (job.state, job.finished_at) == (before, None)


def test_terminal_states_are_those_from_which_nothing_follows():
    assert {state for state, after in MAY_BECOME.items() if not after} == Job.TERMINAL


def test_starting_again_after_a_worker_was_lost_changes_nothing(time_machine):
    time_machine.move_to("2026-03-01T10:00:00Z", tick=False)
    job = JobFactory()
    started = start_job(job.pk, total=5).started_at
    time_machine.shift(60)
    again = start_job(job.pk, total=99)
    assert (again.started_at, again.total, again.state) == (started, 5, S.RUNNING)


@pytest.mark.parametrize("state", sorted(Job.TERMINAL))
def test_a_job_that_ended_cannot_be_started(state):
    with pytest.raises(DomainError):
        start_job(JobFactory(state=state).pk)


def test_a_job_is_done_once_every_part_ended_well_or_not():
    job = JobFactory(total=3)
    assert advance_job(job.pk, done=1).state == S.RUNNING
    assert advance_job(job.pk, failed=1).state == S.RUNNING
    last = advance_job(job.pk, done=1)
    assert (last.state, last.done, last.failed) == (S.DONE, 2, 1)
    assert last.started_at is not None
    assert last.finished_at is not None
    assert last.progress_words == "2 of 3, 1 not usable"


def test_a_job_without_a_total_is_not_finished_by_its_parts():
    assert advance_job(JobFactory(total=0).pk, done=7).state == S.RUNNING


def test_a_part_that_arrives_after_the_cancellation_is_counted_and_changes_no_state(administrator):
    job = JobFactory(total=1)
    cancel_job(job)
    late = advance_job(job.pk, done=1)
    assert (late.state, late.done) == (S.CANCELLED, 1)


def test_a_cancellation_is_audited_and_needs_the_right(administrator):
    job = cancel_job(JobFactory())
    assert job.state == S.CANCELLED
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.before, entry.after) == (
        "jobs.job.cancelled",
        {"state": "queued"},
        {"state": "cancelled"},
    )
    other = JobFactory()
    reader = Actor(kind="user", permissions=frozenset({"jobs.view"}))
    with acting_as(reader), pytest.raises(PermissionMissing):
        cancel_job(other)
    other.refresh_from_db()
    assert other.state == S.QUEUED


@pytest.mark.parametrize("state", sorted(Job.TERMINAL))
def test_a_finished_job_cannot_be_cancelled(administrator, state):
    with pytest.raises(DomainError):
        cancel_job(JobFactory(state=state))


@pytest.mark.parametrize(
    ("kind", "state", "silent_minutes", "is_closed", "why"),
    [
        (Job.Kind.RECOGNISE_PHOTOS, S.QUEUED, 11, True, "the browser was closed at once"),
        (Job.Kind.RECOGNISE_PHOTOS, S.RUNNING, 11, True, "the browser was closed half-way"),
        (Job.Kind.RECOGNISE_PHOTOS, S.RUNNING, 9, False, "somebody is on a slow line"),
        (Job.Kind.RECOGNISE_PHOTOS, S.DONE, 11, False, "it has ended already"),
        (Job.Kind.ENROL_FOLDER, S.RUNNING, 11, False, "another kind is nobody's browser"),
    ],
)
def test_abandoned_batches_are_closed(kind, state, silent_minutes, is_closed, why, time_machine):
    time_machine.move_to("2026-03-01T10:00:00Z", tick=False)
    job = JobFactory(kind=kind, state=state, total=5, done=2, failed=1)
    time_machine.shift(timedelta(minutes=silent_minutes))
    closed = close_abandoned(Job.Kind.RECOGNISE_PHOTOS, silent_for=timedelta(minutes=10))
    job.refresh_from_db()
    assert closed == int(is_closed), why
    assert job.state == (S.CANCELLED if is_closed else state)
    if is_closed:
        assert job.message == "2 photos were never sent: the page was closed."


def test_a_job_remembers_who_asked_for_it_and_what_happened(administrator):
    job = create_job(kind=Job.Kind.PURGE, title="x" * 300)
    assert (job.actor_label, len(job.title)) == ("ada@example.org", 200)
    log_line(job.pk, "y" * 900, level=JobLine.Level.WARNING)
    assert len(job.lines.get().text) == 500


def test_every_change_of_a_job_is_announced_after_the_commit(
    published, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        job = create_job(kind=Job.Kind.PURGE, title="Purge")
        start_job(job.pk)
        finish_job(job.pk)
        assert published == []
    assert [(topic, event["state"]) for topic, event in published] == [
        ("jobs", "queued"),
        ("jobs", "running"),
        ("jobs", "done"),
    ]


def test_a_task_goes_to_its_own_queue(sent_tasks):
    for task in TASKS:
        assert dispatch(task, "an-id") is True
    assert sent_tasks == [(task, ["an-id"], queue) for task, queue in TASKS.items()]


def test_tasks_are_sent_after_the_commit_and_never_after_a_rollback(
    sent_tasks, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        with rolled_back():
            dispatch_on_commit("enrolment.examine", "undone")
            ring_on_commit("recognition.drain")
        dispatch_on_commit("enrolment.examine", "kept")
        assert sent_tasks == []
    assert sent_tasks == [("enrolment.examine", ["kept"], "recognition")]


def test_the_doorbell_is_rung_once_until_it_is_answered(sent_tasks):
    for _ in range(5):
        ring("recognition.drain")
    assert len(sent_tasks) == 1
    answer_doorbell("recognition.drain")
    ring("recognition.drain")
    assert len(sent_tasks) == 2


def test_rings_in_quick_succession_are_heard_at_once_and_then_after_the_pause(monkeypatch):
    from portal.config.celery import app

    cache.clear()
    later: list[int] = []
    monkeypatch.setattr(app, "send_task", lambda *_, countdown=0, **__: later.append(countdown))
    ring("alerts.consider", pause_s=60)
    answer_doorbell("alerts.consider")
    ring("alerts.consider", pause_s=60)
    ring("alerts.consider", pause_s=60)
    assert later == [0, 60]
    answer_doorbell("alerts.consider")
    ring("alerts.consider", pause_s=60)
    assert later == [0, 60, 60], "whatever comes after the answer is rung for again"


def test_a_bell_that_nobody_answers_is_rung_again_after_a_while(sent_tasks, monkeypatch):
    monkeypatch.setattr(bell, "_DOORBELL_S", 0.01)
    ring("recognition.drain")
    from time import sleep

    sleep(0.02)
    ring("recognition.drain")
    assert len(sent_tasks) == 2


@pytest.mark.parametrize(
    "failure", [OperationalError("no broker"), RedisConnectionError("gone"), OSError("socket")]
)
def test_a_broker_that_is_away_costs_the_task_not_the_row(
    monkeypatch, failure, django_capture_on_commit_callbacks
):
    def refuse(*args: object, **kwargs: object) -> None:
        raise failure

    monkeypatch.setattr(app, "send_task", refuse)
    assert dispatch("sightings.purge") is False
    with django_capture_on_commit_callbacks(execute=True):
        job = create_job(kind=Job.Kind.PURGE, title="Purge")
        ring_on_commit("recognition.drain")
    assert Job.objects.filter(pk=job.pk).exists()


def test_a_cache_that_is_away_is_no_error_either(monkeypatch, sent_tasks):
    def refuse(*args: object, **kwargs: object) -> None:
        raise RedisConnectionError("gone")

    monkeypatch.setattr(cache, "add", refuse)
    ring("recognition.drain")
    assert sent_tasks == []
