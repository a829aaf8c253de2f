"""Users and tokens."""

from __future__ import annotations

import factory
from factory.django import DjangoModelFactory

from portal.accounts.models import ApiToken, Role, User
from portal.core.bearer import digest_of, new_secret

__all__ = ["PASSWORD", "ApiTokenFactory", "UserFactory", "api_token"]

PASSWORD = "four unrelated words here"


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"user{n}@example.org")
    name = factory.Sequence(lambda n: f"User {n}")
    role = Role.AUDITOR

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        password = kwargs.pop("password", PASSWORD)
        return model_class.objects.create_user(kwargs.pop("email"), password, **kwargs)


class ApiTokenFactory(DjangoModelFactory):
    class Meta:
        model = ApiToken

    name = factory.Sequence(lambda n: f"program {n}")
    scopes = factory.LazyFunction(lambda: [ApiToken.Scope.RECOGNISE.value])
    digest = factory.LazyFunction(lambda: digest_of(new_secret("gh_", random_bytes=32)))


def api_token(*scopes: str, **fields: object) -> tuple[ApiToken, dict[str, str]]:
    """A token and the headers that carry its secret."""
    secret = new_secret("gh_", random_bytes=32)
    row = ApiTokenFactory(digest=digest_of(secret), scopes=list(scopes), **fields)
    return row, {"Authorization": f"Bearer {secret}"}
