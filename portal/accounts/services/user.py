"""Users: made, changed, deactivated. Never deleted, since the audit log names them.

Nobody changes their own role or reach, and one administrator who can sign in always remains.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.apps import apps
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from portal.accounts.models import Role, User
from portal.audit.services import record
from portal.core.context import current_actor, require
from portal.core.errors import DomainError
from portal.organisation.models import Department, Site

__all__ = [
    "UserDetails",
    "add_user",
    "create_user",
    "deactivate_user",
    "reactivate_user",
    "update_user",
]


@dataclass(frozen=True, slots=True)
class UserDetails:
    """What is said about a user but for address and password.

    ``site_ids`` limits the role to these sites (none: every site; administrators have no limit);
    ``department_ids`` are a manager's; ``person_code`` names the person whose account it is.
    """

    role: str
    name: str = ""
    site_ids: frozenset[UUID] = frozenset()
    department_ids: frozenset[UUID] = frozenset()
    person_code: str = ""


@transaction.atomic
def create_user(*, email: str, password: str, role: str, name: str = "") -> User:
    """An account with a password, without limits: for commands and the first administrator."""
    require("users.manage")
    email = email.strip().lower()
    try:
        validate_password(password, User(email=email, name=name))
    except ValidationError as error:
        raise DomainError(" ".join(error.messages), code="user.invalid") from error
    _check_role(role)
    return _make(email, password, role=role, name=name.strip())


@transaction.atomic
def add_user(email: str, details: UserDetails) -> User:
    """An account without a password, as it is before somebody chose one."""
    require("users.manage")
    _check(details)
    user = _make(
        email.strip().lower(),
        None,
        after=_details_snapshot(details),
        role=details.role,
        name=details.name.strip(),
    )
    _set_reach(user, details)
    return user


@transaction.atomic
def update_user(user: User, details: UserDetails) -> User:
    require("users.manage")
    locked = User.objects.select_for_update().get(pk=user.pk)
    _check(details, user=locked)
    before = _snapshot(locked)
    locked.name = details.name.strip()
    if _is_self(locked) and _changes_rights(before, details):
        raise DomainError(
            "Nobody changes their own role or what it reaches. Ask another administrator.",
            code="user.own_role",
            http_status=403,
        )
    if details.role != Role.ADMINISTRATOR:
        _keep_an_administrator(locked)
    locked.role = details.role
    locked.save(update_fields=["name", "role"])
    _set_reach(locked, details)
    after = _snapshot(locked)
    if after != before:
        record("accounts.user.changed", target=locked, before=before, after=after)
    return locked


@transaction.atomic
def deactivate_user(user: User) -> User:
    """Signs in no more, and is signed out wherever they are; may be reactivated."""
    require("users.manage")
    locked = User.objects.select_for_update().get(pk=user.pk)
    if _is_self(locked):
        raise DomainError(
            "Nobody deactivates their own account. Ask another administrator.",
            code="user.own_role",
            http_status=403,
        )
    _keep_an_administrator(locked)
    return _set_active(locked, is_active=False, action="accounts.user.deactivated")


@transaction.atomic
def reactivate_user(user: User) -> User:
    require("users.manage")
    locked = User.objects.select_for_update().get(pk=user.pk)
    return _set_active(locked, is_active=True, action="accounts.user.reactivated")


def _make(
    email: str, password: str | None, *, after: dict[str, Any] | None = None, **fields: str
) -> User:
    try:
        validate_email(email)
    except ValidationError as error:
        raise DomainError(" ".join(error.messages), code="user.invalid") from error
    if User.objects.filter(email=email).exists():
        raise DomainError(f"{email} has an account already.", code="user.exists", http_status=409)
    user = User.objects.create_user(email, password, **fields)
    record("accounts.user.created", target=user, after=after or {"role": user.role})
    return user


def _set_active(user: User, *, is_active: bool, action: str) -> User:
    if user.is_active != is_active:
        user.is_active = is_active
        user.save(update_fields=["is_active"])
        record(action, target=user)
    return user


def _check_role(role: str) -> None:
    if role not in Role.values:
        raise DomainError(
            f"There is no role “{role}”; expected one of {', '.join(Role.values)}.",
            code="user.invalid",
        )


def _check(details: UserDetails, *, user: User | None = None) -> None:
    _check_role(details.role)
    if details.role == Role.MANAGER and not details.department_ids:
        raise DomainError(
            "A manager sees the people of certain departments only. Choose at least one.",
            code="user.departments",
        )
    if details.role == Role.EMPLOYEE and not details.person_code.strip():
        raise DomainError(
            "An employee sees one person only: themselves. Type that person's code.",
            code="user.person",
        )
    person = _person_of(details)
    others = User.objects.exclude(pk=user.pk) if user is not None else User.objects.all()
    if person is not None and others.filter(person=person).exists():
        raise DomainError(
            f"The person with the code {person.code} has an account already.",
            code="user.person",
            http_status=409,
        )


def _person_of(details: UserDetails) -> Any:
    """The living person of the code. By name, since people know of users, not users of people."""
    code = details.person_code.strip()
    if not code:
        return None
    people = apps.get_model("people", "Person")
    person = people.objects.filter(code__iexact=code, status__in=people.LIVING).first()
    if person is None:
        raise DomainError(
            f"Nobody has the code {code}. It is shown on the person's page.", code="user.person"
        )
    return person


def _set_reach(user: User, details: UserDetails) -> None:
    """Of the limits only those that mean something for the role are kept."""
    limited = details.role not in {Role.ADMINISTRATOR, Role.EMPLOYEE}
    is_manager = details.role == Role.MANAGER
    user.sites.set(Site.objects.filter(pk__in=details.site_ids if limited else ()))
    user.departments.set(
        Department.objects.filter(pk__in=details.department_ids if is_manager else ())
    )
    user.person = _person_of(details)
    user.save(update_fields=["person"])


def _keep_an_administrator(user: User) -> None:
    """Raises where ``user`` is the last administrator who can sign in.

    All of them are locked: of two who demote each other at once, the second is refused.
    """
    able = list(
        User.objects.select_for_update()
        .filter(role=Role.ADMINISTRATOR, is_active=True)
        .values_list("pk", flat=True)
    )
    if able == [user.pk]:
        raise DomainError(
            f"{user} is the last administrator. Make somebody else one first.",
            code="user.last_administrator",
            http_status=409,
        )


def _is_self(user: User) -> bool:
    actor = current_actor()
    return actor.kind == "user" and actor.id == str(user.pk)


def _changes_rights(before: dict[str, Any], details: UserDetails) -> bool:
    wanted = _details_snapshot(details)
    return any(before[key] != wanted[key] for key in ("role", "sites", "departments"))


def _snapshot(user: User) -> dict[str, Any]:
    return {
        "role": user.role,
        "sites": sorted(str(pk) for pk in user.sites.values_list("pk", flat=True)),
        "departments": sorted(str(pk) for pk in user.departments.values_list("pk", flat=True)),
        "person": str(user.person_id or ""),
    }


def _details_snapshot(details: UserDetails) -> dict[str, Any]:
    person = _person_of(details)
    return {
        "role": details.role,
        "sites": sorted(str(pk) for pk in details.site_ids),
        "departments": sorted(str(pk) for pk in details.department_ids),
        "person": str(person.pk) if person is not None else "",
    }
