"""Who may do what: roles are sets of permissions, and code asks for permissions only."""

from __future__ import annotations

from typing import Final

__all__ = ["ALL_PERMISSIONS", "ROLE_PERMISSIONS", "permissions_of"]

ALL_PERMISSIONS: Final = frozenset(
    {
        "dashboard.view",
        "sightings.view",
        "sightings.recognise",
        "people.view",
        "people.manage",
        "cameras.view",
        "cameras.manage",
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
            "jobs.view",
        }
    ),
    # Reads everything, changes nothing, and uploads nobody's face.
    "auditor": frozenset(p for p in ALL_PERMISSIONS if p.endswith(".view")),
}


def permissions_of(role: str) -> frozenset[str]:
    """An unknown role may do nothing (fail closed)."""
    return ROLE_PERMISSIONS.get(role, frozenset())
