"""Writes to the tree of departments."""

from __future__ import annotations

from typing import Final

from django.db import transaction

from portal.audit.services import record
from portal.core.context import require
from portal.core.errors import DomainError
from portal.organisation.changes import OrganisationChange, What, tell
from portal.organisation.models import PATH_SEPARATOR, Department, Site

__all__ = [
    "MAX_DEPTH",
    "change_department",
    "create_department",
    "delete_department",
    "department_at",
]

MAX_DEPTH: Final = 6
_MAX_NAME: Final = 80
_MAX_PATH: Final = 300


@transaction.atomic
def department_at(site: Site, path: str) -> Department | None:
    """The department that ``Year 7 / 7b`` names, made with what is above it where it is new.

    None for an empty path. Raises ``DomainError`` ``department.path`` for one that is too deep or
    has too long a name in it.
    """
    names = [name for name in (part.strip() for part in path.split("/")) if name]
    if not names:
        return None
    if len(names) > MAX_DEPTH or any(len(name) > _MAX_NAME for name in names):
        raise DomainError(
            f"A department lies at most {MAX_DEPTH} deep, and each name has at most {_MAX_NAME} "
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


@transaction.atomic
def create_department(site: Site, *, name: str, parent: Department | None = None) -> Department:
    """A new department below ``parent``, or at the top of the site."""
    require("organisation.manage")
    department = Department(site=site, parent=parent, name=_checked(name))
    department.path = _path_below(parent, department.name)
    _check_place(department)
    department.save(force_insert=True)
    record("organisation.department.created", target=department, after={"path": department.path})
    return department


@transaction.atomic
def change_department(
    department: Department, *, name: str, parent: Department | None
) -> Department:
    """Rename it, move it within its site, or both; the paths of all that lies below follow.

    What holds for the department above holds for its people from three days ago on. Raises
    ``DomainError``; also what whoever plans by the tree refuses.
    """
    require("organisation.manage")
    # The whole tree of the site: two moves at once could make a circle of it.
    tree = {
        row.pk: row
        for row in Department.objects.select_for_update().filter(site_id=department.site_id)
    }
    locked = tree[department.pk]
    before = locked.path
    if parent is not None:
        above: Department | None = tree.get(parent.pk)
        while above is not None:
            if above.pk == locked.pk:
                raise DomainError(
                    f"{locked.name} cannot lie below itself. Choose another place.",
                    code="department.circle",
                )
            above = tree[above.parent_id] if above.parent_id else None
    is_moved = locked.parent_id != (parent.pk if parent is not None else None)
    locked.name, locked.parent = _checked(name), parent
    locked.path = _path_below(parent, locked.name)
    below = [row for row in tree.values() if row.path.startswith(before + PATH_SEPARATOR)]
    for row in below:
        row.path = locked.path + row.path[len(before) :]
    for row in (locked, *below):
        _check_place(row, moving=frozenset(r.pk for r in (locked, *below)))
    locked.save()
    Department.objects.bulk_update(below, ["path"])
    if locked.path != before:
        record(
            "organisation.department.changed",
            target=locked,
            before={"path": before},
            after={"path": locked.path, "below": len(below)},
        )
    if is_moved:
        moved = frozenset(row.pk for row in (locked, *below))
        tell(OrganisationChange(what=What.PARENT, site_id=locked.site_id, department_ids=moved))
    return locked


@transaction.atomic
def delete_department(department: Department) -> None:
    """Raises ``DomainError`` ``organisation.not_empty`` while anything belongs to it."""
    require("organisation.manage")
    locked = Department.objects.select_for_update().get(pk=department.pk)
    held = [
        word
        for word, rows in (
            ("departments below it", locked.children),
            ("people or former people", locked.people),
            ("managers", locked.managers),
        )
        if rows.exists()
    ]
    if held:
        raise DomainError(
            f"{locked.path} cannot be deleted: it still has {', '.join(held)}. Move them first.",
            code="organisation.not_empty",
            http_status=409,
        )
    record("organisation.department.deleted", target=locked, before={"path": locked.path})
    locked.delete()


def _checked(name: str) -> str:
    name = name.strip()
    if not name or len(name) > _MAX_NAME or "/" in name:
        raise DomainError(
            f"A department needs a name of at most {_MAX_NAME} characters without “/”, which "
            "separates the levels.",
            code="department.name",
        )
    return name


def _path_below(parent: Department | None, name: str) -> str:
    return f"{parent.path}{PATH_SEPARATOR}{name}" if parent is not None else name


def _check_place(department: Department, *, moving: frozenset[object] = frozenset()) -> None:
    """``moving`` are those that give their present paths up."""
    if department.path.count(PATH_SEPARATOR) >= MAX_DEPTH or len(department.path) > _MAX_PATH:
        raise DomainError(
            f"{department.path} would lie more than {MAX_DEPTH} levels deep, or its whole path be "
            f"longer than {_MAX_PATH} characters.",
            code="department.path",
        )
    others = Department.objects.filter(site_id=department.site_id, path__iexact=department.path)
    if others.exclude(pk__in={department.pk, *moving}).exists():
        raise DomainError(
            f"There is a department {department.path} at this site already.",
            code="department.taken",
            http_status=409,
        )
