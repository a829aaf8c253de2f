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
    "hygiene.compare",
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
    "calibration.measure",
    "calibration.sweep",
    "calibration.replay",
    "calibration.reembed",
    "calibration.own_model",
    "calibration.watch",
    "calibration.report",
    "attendance.collect",
    "attendance.recompute",
    "attendance.sweep",
    "attendance.nightly",
    "attendance.import",
    "attendance.tell",
    "reports.send",
    "muster.follow",
    "kiosk.settle",
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
    # A doorbell: compare whoever was enrolled just now with everybody.
    "hygiene.compare": "recognition",
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
    # Doorbells: measure the gallery for whatever run waits, decide the past anew for whatever
    # what-if waits, make templates in the space of whatever model is being prepared.
    "calibration.measure": "recognition",
    "calibration.replay": "light",
    "calibration.reembed": "recognition",
    # A doorbell: adapt the model in use to the site, a part at a time, and remove models so made.
    "calibration.own_model": "recognition",
    # Rings again for all of them where a bell or a worker was lost.
    "calibration.sweep": "light",
    # Every night whose scores fell; the report of it every week.
    "calibration.watch": "light",
    "calibration.report": "light",
    # Doorbells: make punches of visits that changed, compute the days that something changed.
    "attendance.collect": "light",
    "attendance.recompute": "light",
    # Rings again for both, and for days that the clock alone has changed.
    "attendance.sweep": "light",
    # Days to come, and whatever nobody told of.
    "attendance.nightly": "light",
    # A doorbell: read whatever file of punches waits.
    "attendance.import": "light",
    # Mails what was decided on corrections.
    "attendance.tell": "light",
    # Mails the reports that are due.
    "reports.send": "light",
    # Who was seen at the meeting point is safe.
    "muster.follow": "light",
    # What kiosks sent and was looked at meanwhile.
    "kiosk.settle": "light",
}

QUEUES: Final[tuple[Queue, ...]] = ("recognition", "light")
