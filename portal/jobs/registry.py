"""The names of all tasks and the queue each goes to. The portal knows no more of a task."""

from __future__ import annotations

from typing import Final, Literal

__all__ = ["QUEUES", "TASKS", "Queue", "TaskName"]

Queue = Literal["recognition", "light"]

TaskName = Literal[
    "recognition.drain",
    "recognition.sweep",
    "enrolment.examine",
    "sightings.purge",
]

TASKS: Final[dict[TaskName, Queue]] = {
    # A doorbell: recognise whatever waits in the database, many pictures in one pass.
    "recognition.drain": "recognition",
    # Rings again for pictures whose worker or whose doorbell was lost.
    "recognition.sweep": "light",
    "enrolment.examine": "recognition",
    "sightings.purge": "light",
}

QUEUES: Final[tuple[Queue, ...]] = ("recognition", "light")
