"""The names of all tasks and the queue each goes to. The portal knows no more of a task."""

from __future__ import annotations

from typing import Final, Literal

__all__ = ["QUEUES", "TASKS", "Queue", "TaskName"]

Queue = Literal["recognition", "light"]

TaskName = Literal[
    "recognition.drain",
    "recognition.sweep",
    "enrolment.examine",
    "enrolment.read_frame",
    "invitation.mail",
    "sightings.purge",
    "hygiene.scan",
    "faces.search",
    "faces.sweep",
    "privacy.expire",
    "cameras.check",
    "roster.check",
    "roster.apply",
    "roster.sweep",
    "roster.purge",
    "review.group",
    "review.anchor",
    "review.reference",
    "review.sweep",
    "review.purge",
    "alerts.consider",
    "alerts.deliver",
]

TASKS: Final[dict[TaskName, Queue]] = {
    # A doorbell: recognise whatever waits in the database, many pictures in one pass.
    "recognition.drain": "recognition",
    # Rings again for pictures whose worker or whose doorbell was lost.
    "recognition.sweep": "light",
    "enrolment.examine": "recognition",
    # One frame of a webcam, for the coach or the walk-past test.
    "enrolment.read_frame": "recognition",
    # A doorbell: mail whatever link waits to be mailed.
    "invitation.mail": "light",
    # Works off every retention clock.
    "sightings.purge": "light",
    # Compares everybody with everybody: it needs the engine's own mean.
    "hygiene.scan": "recognition",
    # Compares one face with past visits.
    "faces.search": "recognition",
    # Forgets searches after their day, and rings again for those whose worker was lost.
    "faces.sweep": "light",
    # Withdraws consents whose term is over.
    "privacy.expire": "light",
    # Notices cameras that fell silent.
    "cameras.check": "light",
    # Doorbells: make the dry run of whatever roster waits for it, apply whatever was begun.
    "roster.check": "light",
    "roster.apply": "recognition",
    # Rings again for rosters whose worker was lost.
    "roster.sweep": "light",
    "roster.purge": "light",
    # Doorbells: put visits to the strangers they are of, remake vectors after a change of model.
    "review.group": "recognition",
    "review.anchor": "recognition",
    # One face of a sighting becomes somebody's reference.
    "review.reference": "recognition",
    # Rings for all three where a bell or a worker was lost, and after somebody was enrolled.
    "review.sweep": "light",
    "review.purge": "light",
    # Doorbells: raise what the rules ask for since the last time, send what waits to be sent.
    "alerts.consider": "light",
    "alerts.deliver": "light",
}

QUEUES: Final[tuple[Queue, ...]] = ("recognition", "light")
