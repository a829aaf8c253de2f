"""Every address, every role: generated from the URL tree, so that a new one cannot be forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from portal.accounts.models import Role
from portal.core.policies import ALL_PERMISSIONS, permissions_of
from tests.conftest import SIGN_IN_BACKEND
from tests.factories import UserFactory, api_token
from tests.factories.world import World, build_world

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Page:
    """``permission`` guards it; a write answers 405 to GET; ``post`` is the answer to a form with
    nothing useful in it, by somebody who may send it."""

    permission: str
    post: int = 200
    is_write: bool = False


def write(permission: str, post: int = 302) -> Page:
    return Page(permission, post=post, is_write=True)


PAGES = {
    "dashboard:today": Page("dashboard.view"),
    "dashboard:board": Page("dashboard.view"),
    "enrolment:start": write("people.manage"),
    "enrolment:start_for": write("people.manage"),
    "enrolment:draft": Page("people.manage", post=422),
    "enrolment:photos": Page("people.manage"),
    "enrolment:add_photo": write("people.manage", post=400),
    "enrolment:cancel": write("people.manage"),
    "enrolment:photo": Page("people.manage"),
    "enrolment:choose": write("people.manage"),
    "enrolment:drop": write("people.manage"),
    "enrolment:face": Page("people.manage"),
    "people:list": Page("people.view"),
    "people:detail": Page("people.view"),
    "people:edit": Page("people.manage", post=422),
    "people:suspend": write("people.manage"),
    "people:reinstate": write("people.manage"),
    "people:erase": write("people.manage"),
    "people:photo": Page("people.view"),
    "people:remove_photo": write("people.manage"),
    "cameras:list": Page("cameras.view"),
    "cameras:create": Page("cameras.manage", post=422),
    "cameras:detail": Page("cameras.view"),
    "cameras:renew_key": write("cameras.manage"),
    "cameras:switch": write("cameras.manage"),
    "sightings:live": Page("sightings.view"),
    "sightings:stream": Page("sightings.view"),
    "sightings:stream_of": Page("sightings.view"),
    "sightings:detail": Page("sightings.view"),
    "sightings:picture": Page("sightings.view"),
    "sightings:of_person": Page("sightings.view"),
    "sightings:crop": Page("sightings.view"),
    "sightings:result": Page("sightings.view"),
    "sightings:overlay": Page("sightings.view"),
    "sightings:recognise": Page("sightings.recognise"),
    "sightings:submit": write("sightings.recognise", post=400),
    "sightings:refused": write("sightings.recognise", post=404),
    "sightings:start_batch": write("sightings.recognise", post=400),
    "sightings:webcam": Page("sightings.recognise"),
    "sightings:frame": write("sightings.recognise", post=422),
    "jobs:list": Page("jobs.view"),
    "jobs:detail": Page("jobs.view"),
    "jobs:cancel": write("jobs.manage"),
    "system:health": Page("system.view"),
    "system:tokens": Page("system.view"),
    "system:create_token": write("system.manage", post=400),
    "system:revoke_token": write("system.manage"),
}

# Open to everybody, with the reason.
PUBLIC = {
    "healthz": "a probe has no account, and learns nothing",
    "readyz": "a probe has no account, and learns two names",
    "favicon.ico": "a redirection to a static file",
    "accounts:setup": "guarded by the set-up token, and closed once somebody exists",
    "api:openapi-json": "the description of the API holds no data",
    "api:api-root": "a name for reversing only; it answers 404",
}

# For whoever is signed in, each entry filtered by their rights.
SIGNED_IN = {"dashboard:search"}

# Answered by a bearer token or a camera's key, never by a session.
BY_TOKEN = {
    "api:recognise": ("POST", "recognise"),
    "api:read": ("GET", "recognise"),
    "api:cameras": ("GET", "read"),
    "api:people": ("GET", "read"),
    "api:snapshot": ("POST", None),
}

# allauth guards its own views; these are what a visitor without an account may reach.
ALLAUTH_OPEN = {
    "account_login",
    "account_signup",
    "account_inactive",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "account_confirm_email",
    "account_email_verification_sent",
    "account_confirm_login_code",
    "mfa_authenticate",
    "mfa_login_webauthn",
    "account_logout",
}
ALLAUTH_SIGNED_IN = {
    "account_reauthenticate",
    "account_email",
    "account_change_password",
    "account_set_password",
    "mfa_index",
    "mfa_reauthenticate",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "mfa_download_recovery_codes",
    "mfa_list_webauthn",
    "mfa_add_webauthn",
    "mfa_reauthenticate_webauthn",
}
# The same, with somebody's passkey in the address.
ALLAUTH_OF_A_KEY = {"mfa_remove_webauthn", "mfa_edit_webauthn"}


def patterns(
    resolver: URLResolver, namespace: tuple[str, ...] = ()
) -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            inner = (*namespace, entry.namespace) if entry.namespace else namespace
            yield from patterns(entry, inner)
        else:
            yield ":".join([*namespace, entry.name or str(entry.pattern)]), entry


TREE = dict(patterns(get_resolver()))
ROLES = [Role.AUDITOR, Role.OFFICER, Role.ADMINISTRATOR]


def test_every_address_is_in_exactly_one_table():
    tables = [
        set(PAGES),
        set(PUBLIC),
        SIGNED_IN,
        set(BY_TOKEN),
        ALLAUTH_OPEN,
        ALLAUTH_SIGNED_IN,
        ALLAUTH_OF_A_KEY,
    ]
    named = [name for table in tables for name in table]
    assert sorted(named) == sorted(set(named))
    assert set(TREE) == set(named), "a new address needs an entry that says who may go there"


@pytest.mark.parametrize("name", PAGES)
def test_every_view_carries_the_permission_of_the_table(name):
    assert TREE[name].callback.required_permission == PAGES[name].permission
    assert PAGES[name].permission in ALL_PERMISSIONS


def test_no_other_view_of_ours_claims_to_be_guarded():
    guarded = {n for n, p in TREE.items() if hasattr(p.callback, "required_permission")}
    assert guarded == set(PAGES)


@pytest.fixture
def world(db) -> World:
    return build_world()


def address(world: World, name: str) -> str:
    return reverse(name, kwargs=world.arguments(name, list(TREE[name].pattern.converters)))


def ask(client: Client, method: str, url: str) -> int:
    """The status, with whatever the request wrote undone."""
    with transaction.atomic():
        response = client.post(url, {"x": "1"}) if method == "POST" else client.get(url)
        transaction.set_rollback(True)
    if response.status_code == 302 and response.headers["Location"].startswith("/account/login/"):
        return 401
    return response.status_code


@pytest.mark.parametrize("area", sorted({name.partition(":")[0] for name in PAGES}))
def test_who_may_open_a_page(area, world, client_of):
    clients = {role: client_of(role) for role in ROLES}
    expected, found = {}, {}
    for name, page in PAGES.items():
        if not name.startswith(f"{area}:"):
            continue
        url = address(world, name)
        for role in [None, *ROLES]:
            for method in ("GET", "POST"):
                case = (name, role and str(role), method)
                found[case] = ask(clients[role] if role else Client(), method, url)
                if role is None:
                    expected[case] = 401
                elif page.permission not in permissions_of(role):
                    expected[case] = 403
                elif method == "POST":
                    expected[case] = page.post
                else:
                    expected[case] = 405 if page.is_write else 200
    assert {c: f for c, f in found.items() if f != expected[c]} == {}
    assert found


def test_a_missing_right_is_a_page_with_the_reason_and_leaks_nothing(world, client_of):
    response = client_of("officer").get(address(world, "people:edit"))
    page = response.content.decode()
    assert response.status_code == 403
    assert "people.manage" in page
    assert "Ada Lovelace" not in page


def test_a_deactivated_user_reaches_nothing(world):
    user = UserFactory(role=Role.ADMINISTRATOR)
    client = Client()
    client.force_login(user, backend=SIGN_IN_BACKEND)
    assert ask(client, "GET", address(world, "people:list")) == 200
    user.is_active = False
    user.save()
    found = {name: ask(client, "GET", address(world, name)) for name in PAGES}
    assert set(found.values()) == {401}, found


def test_search_is_for_who_is_signed_in_and_shows_what_they_may_see(world, client_of):
    url = reverse("dashboard:search")
    assert ask(Client(), "GET", url) == 401
    for role in ROLES:
        assert client_of(role).get(url, {"q": "Ada"}).status_code == 200


def test_allauths_own_pages_send_visitors_to_sign_in():
    UserFactory()
    found = {
        (name, method): ask(Client(), method, reverse(name))
        for name in ALLAUTH_SIGNED_IN
        for method in ("GET", "POST")
    }
    assert {case: status for case, status in found.items() if status not in {401, 405}} == {}


def test_nobody_signs_up(client):
    UserFactory()
    response = client.post(
        reverse("account_signup"),
        {"email": "eve@example.org", "password1": "four unrelated words", "password2": "x"},
    )
    assert response.status_code in {200, 403}
    assert "closed" in response.content.decode().lower()


@pytest.mark.parametrize("name", BY_TOKEN)
def test_the_api_answers_tokens_with_the_right_scope_only(name, world, client_of):
    method, scope = BY_TOKEN[name]
    url = address(world, name)
    UserFactory()
    for client in (Client(), client_of("administrator")):
        response = client.post(url) if method == "POST" else client.get(url)
        assert response.status_code == 401, "a session is no token"
        assert response.json()["error"]["code"] in {"token.invalid", "camera.key"}
    if scope is None:
        return
    for tried in ("recognise", "read"):
        _, headers = api_token(tried)
        response = (
            Client().post(url, headers=headers)
            if method == "POST"
            else Client().get(url, headers=headers)
        )
        if tried == scope or name == "api:read":
            assert response.status_code not in {401, 403}
        else:
            assert response.status_code in {403, 422}


def test_the_wrong_scope_is_refused_before_the_picture_is_looked_at(world):
    from django.core.files.uploadedfile import SimpleUploadedFile

    _, headers = api_token("read")
    response = Client().post(
        reverse("api:recognise"), {"image": SimpleUploadedFile("a.jpg", b"x")}, headers=headers
    )
    assert response.status_code == 403
    assert response.json()["error"]["code"] == "permission.missing"


def test_no_post_is_taken_without_the_csrf_token(world, client_of):
    client = client_of("administrator", enforce_csrf_checks=True)
    others = ALLAUTH_SIGNED_IN | {"account_login", "account_logout", "accounts:setup"}
    urls = {name: address(world, name) for name in PAGES} | {n: reverse(n) for n in others}
    taken = []
    for name, url in urls.items():
        response = client.post(url, {"x": "1"})
        if response.status_code != 403 or "security token" not in response.content.decode():
            taken.append((name, response.status_code))
    assert taken == []


def test_the_csrf_token_of_a_page_is_taken(world, client_of):
    client = client_of("administrator", enforce_csrf_checks=True)
    client.get(reverse("people:list"))
    token = client.cookies["csrftoken"].value
    url = address(world, "people:suspend")
    assert client.post(url, headers={"X-CSRFToken": token}).status_code == 302
    assert client.post(url, {"csrfmiddlewaretoken": token}).status_code == 302
    assert client.post(url, headers={"X-CSRFToken": token[::-1]}).status_code == 403
