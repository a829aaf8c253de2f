"""First run, users, API tokens: what is created, what is refused, what is stored."""

from __future__ import annotations

import json
import stat

import pytest
from django.core import serializers
from django.utils import timezone

from portal.accounts.models import ApiToken, Role, User
from portal.accounts.selectors import actor_of_token
from portal.accounts.services import (
    create_api_token,
    create_first_administrator,
    create_user,
    ensure_first_administrator,
    revoke_api_token,
    setup_link,
    setup_token_is_valid,
)
from portal.audit.models import AuditEntry
from portal.core.bearer import digest_of
from portal.core.context import Actor, acting_as
from portal.core.errors import DomainError, PermissionMissing
from portal.core.policies import ALL_PERMISSIONS, ROLE_PERMISSIONS, permissions_of
from tests.factories import UserFactory
from tests.factories.accounts import PASSWORD

pytestmark = pytest.mark.django_db


def test_the_first_administrator_is_made_once_only():
    first = create_first_administrator(email="Ada@Example.org", password=PASSWORD)
    assert (first.email, first.role) == ("ada@example.org", Role.ADMINISTRATOR)
    with pytest.raises(DomainError) as refused:
        create_first_administrator(email="eve@example.org", password=PASSWORD)
    assert (refused.value.code, refused.value.http_status) == ("setup.already_done", 409)
    assert User.objects.count() == 1


def test_any_user_at_all_ends_the_first_run():
    UserFactory(role=Role.AUDITOR, is_active=False)
    with pytest.raises(DomainError):
        create_first_administrator(email="eve@example.org", password=PASSWORD)
    assert ensure_first_administrator(email="eve@example.org", password=PASSWORD) is None
    assert setup_link() is None


def test_the_environment_makes_an_administrator_on_an_empty_installation():
    created = ensure_first_administrator(email="ada@example.org", password=PASSWORD)
    assert created == "ada@example.org"
    assert ensure_first_administrator(email="ada@example.org", password=PASSWORD) is None


def test_the_set_up_token_is_private_and_dies_with_its_use(data_dir):
    link = setup_link()
    assert link == setup_link(), "a restart must not change the link"
    token = link.partition("?token=")[2]
    path = data_dir / "keys" / "setup.token"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert setup_token_is_valid(token)
    for wrong in ("", token[:-1], token + "x", "é", token.swapcase()):
        assert not setup_token_is_valid(wrong)
    create_first_administrator(email="ada@example.org", password=PASSWORD)
    assert not path.exists()
    assert not setup_token_is_valid(token)


@pytest.mark.parametrize(
    ("change", "code", "why"),
    [
        ({"email": "not an address"}, "user.invalid", "an address is needed to sign in"),
        ({"email": ""}, "user.invalid", "an address is needed to sign in"),
        ({"password": "short"}, "user.invalid", "ten characters at least"),
        ({"password": "password1234"}, "user.invalid", "a common password"),
        ({"password": "ada@example.org"}, "user.invalid", "too similar to the address"),
        ({"role": "king"}, "user.invalid", "no such role"),
        ({"email": "TAKEN@example.org"}, "user.exists", "the case of an address means nothing"),
    ],
)
def test_a_user_is_refused(administrator, change, code, why):
    UserFactory(email="taken@example.org")
    good = {"email": "ada@example.org", "password": PASSWORD, "role": Role.OFFICER}
    with pytest.raises(DomainError) as refused:
        create_user(**{**good, **change})
    assert refused.value.code == code, why
    assert User.objects.count() == 1


def test_a_password_is_never_stored_or_audited(administrator):
    create_user(email="ada@example.org", password=PASSWORD, role=Role.OFFICER)
    everything = serializers.serialize("json", [*User.objects.all(), *AuditEntry.objects.all()])
    assert PASSWORD not in everything
    assert AuditEntry.objects.get().after == {"role": "officer"}


def test_users_are_made_by_those_who_manage_the_system_only():
    for role in (Role.OFFICER, Role.AUDITOR, "nobody"):
        actor = Actor(kind="user", permissions=permissions_of(role))
        with acting_as(actor), pytest.raises(PermissionMissing):
            create_user(email="eve@example.org", password=PASSWORD, role=Role.ADMINISTRATOR)
    assert not User.objects.exists()


def test_only_the_digest_of_a_token_is_stored(administrator):
    token, secret = create_api_token(name="turnstile", scopes=["recognise"])
    assert secret.startswith("gh_")
    assert len(secret) > 40
    assert token.digest == digest_of(secret)
    everything = serializers.serialize("json", [*ApiToken.objects.all(), *AuditEntry.objects.all()])
    assert secret not in everything
    assert secret.removeprefix("gh_") not in everything


@pytest.mark.parametrize(
    ("scopes", "permissions"),
    [
        (["recognise"], {"sightings.recognise"}),
        (["read"], {"people.view", "cameras.view", "sightings.view"}),
        (
            ["read", "recognise", "read"],
            {"people.view", "cameras.view", "sightings.view", "sightings.recognise"},
        ),
    ],
)
def test_a_token_may_do_what_its_scopes_say(administrator, scopes, permissions):
    token, secret = create_api_token(name="turnstile", scopes=scopes)
    actor = actor_of_token(secret, address="192.0.2.1")
    assert actor.permissions == permissions
    assert (actor.kind, actor.id, actor.label) == ("token", str(token.pk), "turnstile")


@pytest.mark.parametrize(
    ("name", "scopes", "code"),
    [
        ("turnstile", [], "token.scope"),
        ("turnstile", ["recognise", "everything"], "token.scope"),
        ("  ", ["recognise"], "token.name"),
    ],
)
def test_a_token_is_refused(administrator, name, scopes, code):
    with pytest.raises(DomainError) as refused:
        create_api_token(name=name, scopes=scopes)
    assert refused.value.code == code
    assert not ApiToken.objects.exists()


def test_a_scope_that_is_no_longer_known_gives_nothing():
    secret = "gh_x"
    ApiToken.objects.create(name="old", scopes=["everything"], digest=digest_of(secret))
    assert actor_of_token(secret).permissions == frozenset()


def test_a_revoked_or_unknown_token_is_nobody(administrator):
    token, secret = create_api_token(name="turnstile", scopes=["recognise"])
    assert actor_of_token(secret + "x") is None
    assert actor_of_token("") is None
    revoke_api_token(token)
    first = ApiToken.objects.get().revoked_at
    assert actor_of_token(secret) is None
    revoke_api_token(token)
    assert ApiToken.objects.get().revoked_at == first, "the second revocation changes nothing"
    actions = list(AuditEntry.objects.order_by("seq").values_list("action", flat=True))
    assert actions == ["accounts.token.created", "accounts.token.revoked"]


def test_the_last_use_of_a_token_is_written_once_a_minute(
    administrator, time_machine, django_assert_num_queries
):
    _, secret = create_api_token(name="turnstile", scopes=["recognise"])
    time_machine.move_to("2026-03-01T10:00:00Z", tick=False)
    actor_of_token(secret)
    assert ApiToken.objects.get().last_used_at == timezone.now()
    time_machine.shift(59)
    with django_assert_num_queries(1):
        actor_of_token(secret)
    time_machine.shift(2)
    actor_of_token(secret)
    assert ApiToken.objects.get().last_used_at == timezone.now()


def test_roles_hold_known_permissions_only():
    for role in Role.values:
        assert ROLE_PERMISSIONS[role] <= ALL_PERMISSIONS
    assert permissions_of("administrator") == ALL_PERMISSIONS
    assert not any(p.endswith((".manage", ".recognise")) for p in permissions_of("auditor"))
    assert not any(p.endswith(".manage") for p in permissions_of("officer"))
    assert permissions_of("unheard of") == frozenset()


def test_a_deactivated_user_may_do_nothing():
    user = UserFactory(role=Role.ADMINISTRATOR, is_active=False)
    assert user.permissions == frozenset()
    assert not user.has_permission("people.view")


def test_commands_make_users_and_tokens_as_the_operator(capsys, monkeypatch):
    import io

    from django.core.management import CommandError, call_command

    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n"))
    call_command("add_user", "Bob@example.org", "--role", "auditor", "--password-stdin")
    assert User.objects.get().check_password(PASSWORD)
    call_command("api_token", "turnstile")
    secret = capsys.readouterr().out.splitlines()[-1]
    assert actor_of_token(secret).permissions == {"sightings.recognise"}
    entries = AuditEntry.objects.order_by("seq")
    assert {entry.actor_kind for entry in entries} == {"command"}
    assert entries[1].actor_id == "api_token"
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    with pytest.raises(CommandError, match="too short"):
        call_command("add_user", "eve@example.org", "--password-stdin")
    assert json.loads(json.dumps(entries[0].after)) == {"role": "auditor"}
