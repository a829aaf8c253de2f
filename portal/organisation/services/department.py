"""Writes to the tree of departments."""

from __future__ import annotations

from django.db import transaction

from portal.audit.services import record
from portal.core.errors import DomainError
from portal.organisation.models import PATH_SEPARATOR, Department, Site

__all__ = ["department_at"]

MAX_DEPTH = 6


@transaction.atomic
def department_at(site: Site, path: str) -> Department | None:
    """The department that ``Year 7 / 7b`` names, made with what is above it where it is new.

    None for an empty path. Raises ``DomainError`` ``department.path`` for one that is too deep or
    has too long a name in it.
    """
    names = [name for name in (part.strip() for part in path.split("/")) if name]
    if not names:
        return None
    if len(names) > MAX_DEPTH or any(len(name) > 80 for name in names):
        raise DomainError(
            f"A department lies at most {MAX_DEPTH} deep, and each name has at most 80 "
            "characters; this path has more.",
            code="department.path",
        )
    department: Department | None = None
    for depth in range(1, len(names) + 1):
        full = PATH_SEPARATOR.join(names[:depth])
        known = Department.objects.filter(site=site, path__iexact=full).first()
        if known is None:
            known = Department.objects.create(
                site=site, parent=department, name=names[depth - 1], path=full
            )
            record("organisation.department.created", target=known, after={"path": full})
        department = known
    return department
