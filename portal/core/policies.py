"""Who may do what: roles are sets of permissions, and code asks for permissions only."""

from __future__ import annotations

from typing import Final

__all__ = ["ALL_PERMISSIONS", "ROLE_PERMISSIONS", "permissions_of"]

ALL_PERMISSIONS: Final = frozenset(
    {
        "dashboard.view",
        "sightings.view",
        "sightings.recognise",
        # One's own person, consent, days and export.
        "self.view",
        "people.view",
        "people.manage",
        "people.export",
        "people.import",
        "privacy.view",
        "privacy.manage",
        "organisation.view",
        "organisation.manage",
        "users.view",
        "users.manage",
        "audit.view",
        "cameras.view",
        "cameras.manage",
        # Strangers, and names to be confirmed: to look, and to decide.
        "review.view",
        "review.decide",
        # Past visits by a face: a right of its own, used with a reason.
        "faces.search",
        "alerts.view",
        "alerts.manage",
        # How sure a name must be: to see the figures, to save a rule, to switch the model.
        "calibration.view",
        "calibration.manage",
        # Days and punches: to look; to ask for a correction of another's; to decide on one; to
        # import punches, resolve exceptions, lock periods.
        "attendance.view",
        "attendance.request",
        "attendance.decide",
        "attendance.manage",
        # Shifts, rosters, holidays and leave.
        "schedules.view",
        "schedules.manage",
        "reports.view",
        "reports.export",
        "payroll.manage",
        "muster.view",
        "muster.run",
        "kiosks.manage",
        "jobs.view",
        "jobs.manage",
        "system.view",
        "system.manage",
    }
)

ROLE_PERMISSIONS: Final = {
    "administrator": ALL_PERMISSIONS,
    # Watches the live page and looks people up, but changes neither people nor cameras.
    "officer": frozenset(
        {
            "dashboard.view",
            "sightings.view",
            "sightings.recognise",
            "people.view",
            "cameras.view",
            "review.view",
            "review.decide",
            "alerts.view",
            "muster.view",
            "muster.run",
            "jobs.view",
        }
    ),
    # Keeps the people: enrols, imports, answers for consent. No cameras, no settings, no users.
    "hr": frozenset(
        {
            "dashboard.view",
            "self.view",
            "people.view",
            "people.manage",
            "people.export",
            "people.import",
            "privacy.view",
            "privacy.manage",
            "organisation.view",
            "organisation.manage",
            "attendance.view",
            "attendance.request",
            "attendance.decide",
            "attendance.manage",
            "schedules.view",
            "schedules.manage",
            "reports.view",
            "reports.export",
            "payroll.manage",
            "muster.view",
            "muster.run",
            "kiosks.manage",
            "jobs.view",
        }
    ),
    # Looks after the people of their own departments (see Scope): who they are and when they were
    # seen. Changes nobody's face, and sees no strangers.
    # Answers for their days: sees them, asks for corrections, decides on those of others.
    "manager": frozenset(
        {
            "dashboard.view",
            "self.view",
            "people.view",
            "sightings.view",
            "attendance.view",
            "attendance.request",
            "attendance.decide",
            "schedules.view",
            "reports.view",
            "reports.export",
            "muster.view",
            "muster.run",
        }
    ),
    # Reads everything, changes nothing, and uploads nobody's face.
    "auditor": frozenset(p for p in ALL_PERMISSIONS if p.endswith(".view")),
    "employee": frozenset({"self.view"}),
}


def permissions_of(role: str) -> frozenset[str]:
    """An unknown role may do nothing (fail closed)."""
    return ROLE_PERMISSIONS.get(role, frozenset())
