"""Users and API tokens."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar, Final
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models

from portal.core.context import Scope
from portal.core.models import Record
from portal.core.policies import permissions_of
from portal.organisation.selectors import with_descendants

__all__ = ["ApiToken", "Role", "User", "UserManager"]


# An employee whose account names no person sees nobody.
NOBODY: Final = UUID(int=0)


class Role(models.TextChoices):
    ADMINISTRATOR = "administrator", "Administrator"
    OFFICER = "officer", "Security officer"
    HR = "hr", "Human resources"
    MANAGER = "manager", "Manager"
    AUDITOR = "auditor", "Auditor"
    EMPLOYEE = "employee", "Employee"


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, role=Role.ADMINISTRATOR, **fields)


class User(AbstractBaseUser):
    """Signs in with an e-mail address; what it may do follows from its role alone."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True)
    role = models.CharField(max_length=20, choices=Role, default=Role.AUDITOR)
    is_active = models.BooleanField(default=True)
    # What the role is limited to (see ``scope``): no site named means every site; a manager sees
    # the departments named and what is below them, an employee their own person.
    sites = models.ManyToManyField("organisation.Site", blank=True, related_name="users")
    departments = models.ManyToManyField(
        "organisation.Department", blank=True, related_name="managers"
    )
    person = models.OneToOneField(
        "people.Person", null=True, blank=True, on_delete=models.SET_NULL, related_name="user"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        ordering = ("email",)

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def permissions(self) -> frozenset[str]:
        return permissions_of(self.role) if self.is_active else frozenset()

    def scope(self) -> Scope:
        """What the rights reach. Administrators, who could widen it themselves, have no limit."""
        if self.role == Role.ADMINISTRATOR:
            return Scope()
        if self.role == Role.EMPLOYEE:
            return Scope(person_id=self.person_id or NOBODY)
        sites = frozenset(site.pk for site in self.sites.all()) or None
        if self.role != Role.MANAGER:
            return Scope(site_ids=sites)
        own = [department.pk for department in self.departments.all()]
        return Scope(site_ids=sites, department_ids=with_descendants(own))

    def reaches(self, *, person_id: UUID, site_id: UUID, above: Collection[UUID]) -> bool:
        """``scope`` asked the other way round, for one person of many users: ``above`` are the
        person's department and those that it lies in, so that none has to be unfolded."""
        if self.role == Role.ADMINISTRATOR:
            return True
        if self.role == Role.EMPLOYEE:
            return self.person_id == person_id
        sites = {site.pk for site in self.sites.all()}
        if sites and site_id not in sites:
            return False
        return self.role != Role.MANAGER or any(own.pk in above for own in self.departments.all())

    def has_permission(self, permission: str) -> bool:
        return permission in self.permissions


class ApiToken(Record):
    """A bearer token for programs. Only its SHA-256 is kept; the token is shown once."""

    class Scope(models.TextChoices):
        RECOGNISE = "recognise", "Recognise pictures"
        READ = "read", "Read people, cameras and results"

    name = models.CharField(max_length=80)
    scopes = models.JSONField(default=list)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.name
