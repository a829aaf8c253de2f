"""Users: invited, given a role and its reach, changed, deactivated; an administrator remains."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from portal.accounts.models import Role, User
from portal.accounts.selectors import visible_users
from portal.accounts.services import (
    UserDetails,
    deactivate_user,
    invite_user,
    new_sign_in_link,
    reactivate_user,
    update_user,
)
from portal.audit.models import AuditEntry
from portal.core.context import Actor, Scope, acting_as
from portal.core.errors import DomainError, PermissionMissing
from portal.core.policies import ALL_PERMISSIONS, permissions_of
from portal.organisation.models import Site
from portal.organisation.services import department_at
from portal.people.models import Person
from tests.conftest import SIGN_IN_BACKEND
from tests.factories import PersonFactory, UserFactory

pytestmark = pytest.mark.django_db

PASSWORD = "four unrelated words here"


@pytest.fixture
def yard():
    return department_at(Site.objects.create(name="North"), "Yard")


def as_user(user: User) -> Actor:
    return Actor(kind="user", id=str(user.pk), label=user.email, permissions=user.permissions)


def test_somebody_invited_chooses_a_password_once_and_signs_in(administrator):
    user, link = invite_user("Bob@Example.org", UserDetails(role=Role.OFFICER, name="Bob"))
    assert not user.has_usable_password()
    assert link.startswith("http://")
    path = "/" + link.split("/", 3)[3]
    client = Client()
    form = client.get(path, follow=True)
    assert "Choose a password" in form.content.decode()
    done = client.post(
        form.redirect_chain[-1][0], {"password1": PASSWORD, "password2": PASSWORD}, follow=True
    )
    assert "Your password is set" in done.content.decode()
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert "does not work any more" in Client().get(path, follow=True).content.decode()
    assert (
        client.post(
            reverse("account_login"), {"login": "bob@example.org", "password": PASSWORD}
        ).headers["Location"]
        == "/"
    )


def test_another_link_ends_the_one_before(administrator):
    user, first = invite_user("bob@example.org", UserDetails(role=Role.OFFICER))
    second = new_sign_in_link(user)
    assert "does not work any more" in Client().get(path_of(first), follow=True).content.decode()
    assert "Choose a password" in Client().get(path_of(second), follow=True).content.decode()


def path_of(link: str) -> str:
    return "/" + link.split("/", 3)[3]


def test_a_link_is_neither_stored_nor_audited(administrator):
    _, link = invite_user("bob@example.org", UserDetails(role=Role.OFFICER))
    entries = list(AuditEntry.objects.order_by("seq"))
    assert [entry.action for entry in entries] == [
        "accounts.user.created",
        "accounts.user.link_made",
    ]
    key = link.rstrip("/").rpartition("/")[2]
    assert key not in repr([(entry.before, entry.after, entry.reason) for entry in entries])


@pytest.mark.parametrize(
    ("details", "code", "why"),
    [
        (UserDetails(role="king"), "user.invalid", "no such role"),
        (UserDetails(role=Role.MANAGER), "user.departments", "a manager of nobody"),
        (UserDetails(role=Role.EMPLOYEE), "user.person", "an employee who is nobody"),
        (UserDetails(role=Role.EMPLOYEE, person_code="nope"), "user.person", "no such code"),
        (UserDetails(role=Role.OFFICER, person_code="gone"), "user.person", "an erased person"),
        (UserDetails(role=Role.OFFICER, person_code="taken"), "user.person", "has an account"),
    ],
)
def test_an_account_is_refused(administrator, details, code, why):
    PersonFactory(code="gone", status=Person.Status.ERASED)
    UserFactory(person=PersonFactory(code="taken"))
    with pytest.raises(DomainError) as refused:
        invite_user("bob@example.org", details)
    assert refused.value.code == code, why
    assert not User.objects.filter(email="bob@example.org").exists()


@pytest.mark.parametrize("email", ["no address", "", "TAKEN@example.org"])
def test_an_address_is_refused(administrator, email):
    UserFactory(email="taken@example.org")
    with pytest.raises(DomainError):
        invite_user(email, UserDetails(role=Role.OFFICER))


def test_only_limits_that_mean_something_for_the_role_are_kept(administrator, yard):
    reach = {"site_ids": frozenset({yard.site_id}), "department_ids": frozenset({yard.pk})}
    scopes = {}
    for role in (Role.ADMINISTRATOR, Role.HR, Role.MANAGER):
        user, _ = invite_user(f"{role}@example.org", UserDetails(role=role, **reach))
        scopes[role] = user.scope()
    assert scopes == {
        Role.ADMINISTRATOR: Scope(),
        Role.HR: Scope(site_ids=frozenset({yard.site_id})),
        Role.MANAGER: Scope(
            site_ids=frozenset({yard.site_id}), department_ids=frozenset({yard.pk})
        ),
    }


def test_a_changed_role_counts_at_once_and_is_written_down(administrator, yard):
    user = UserFactory(role=Role.OFFICER)
    client = Client()
    client.force_login(user, backend=SIGN_IN_BACKEND)
    assert client.get(reverse("cameras:list")).status_code == 200
    update_user(user, UserDetails(role=Role.MANAGER, department_ids=frozenset({yard.pk})))
    assert client.get(reverse("cameras:list")).status_code == 403
    entry = AuditEntry.objects.get(action="accounts.user.changed")
    assert entry.target_id == str(user.pk)
    assert (entry.before["role"], entry.after["role"]) == ("officer", "manager")
    assert entry.after["departments"] == [str(yard.pk)]
    assert user.email not in repr((entry.before, entry.after)), "the log holds ids, not names"


def test_a_change_of_nothing_is_not_written_down(administrator):
    user = UserFactory(role=Role.OFFICER)
    update_user(user, UserDetails(role=Role.OFFICER, name="Another name"))
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    "details",
    [
        UserDetails(role=Role.AUDITOR),
        UserDetails(role=Role.OFFICER),
    ],
)
def test_nobody_changes_their_own_role(details):
    user = UserFactory(role=Role.ADMINISTRATOR)
    UserFactory(role=Role.ADMINISTRATOR)
    with acting_as(as_user(user)), pytest.raises(DomainError) as refused:
        update_user(user, details)
    assert (refused.value.code, refused.value.http_status) == ("user.own_role", 403)
    user.refresh_from_db()
    assert user.role == Role.ADMINISTRATOR


def test_ones_own_name_may_be_changed():
    user = UserFactory(role=Role.ADMINISTRATOR)
    with acting_as(as_user(user)):
        update_user(user, UserDetails(role=Role.ADMINISTRATOR, name="Ada"))
    user.refresh_from_db()
    assert user.name == "Ada"


def test_nobody_deactivates_themselves():
    user = UserFactory(role=Role.ADMINISTRATOR)
    UserFactory(role=Role.ADMINISTRATOR)
    with acting_as(as_user(user)), pytest.raises(DomainError) as refused:
        deactivate_user(user)
    assert refused.value.code == "user.own_role"


@pytest.mark.parametrize(
    "act",
    [deactivate_user, lambda user: update_user(user, UserDetails(role=Role.AUDITOR))],
    ids=["deactivate", "demote"],
)
def test_the_last_administrator_who_can_sign_in_stays(administrator, act):
    last = UserFactory(role=Role.ADMINISTRATOR)
    UserFactory(role=Role.ADMINISTRATOR, is_active=False)
    with pytest.raises(DomainError) as refused:
        act(last)
    assert refused.value.code == "user.last_administrator"
    last.refresh_from_db()
    assert (last.role, last.is_active) == (Role.ADMINISTRATOR, True)
    UserFactory(role=Role.ADMINISTRATOR)
    act(last)


def test_who_is_deactivated_is_signed_out_and_may_come_back(administrator):
    user = UserFactory(role=Role.OFFICER)
    client = Client()
    client.force_login(user, backend=SIGN_IN_BACKEND)
    deactivate_user(user)
    assert client.get("/").status_code == 302
    with pytest.raises(DomainError, match="Reactivate"):
        new_sign_in_link(user)
    reactivate_user(user)
    assert client.get("/").status_code == 200
    actions = AuditEntry.objects.order_by("seq").values_list("action", flat=True)
    assert list(actions) == ["accounts.user.deactivated", "accounts.user.reactivated"]


@pytest.mark.parametrize("role", [role for role in Role if role != Role.ADMINISTRATOR])
def test_users_are_managed_by_administrators_only(role):
    user = UserFactory(role=Role.OFFICER)
    actor = Actor(kind="user", id="9", permissions=permissions_of(role))
    with acting_as(actor):
        for act in (deactivate_user, reactivate_user, new_sign_in_link):
            with pytest.raises(PermissionMissing):
                act(user)
        with pytest.raises(PermissionMissing):
            update_user(user, UserDetails(role=Role.ADMINISTRATOR))
        with pytest.raises(PermissionMissing):
            invite_user("eve@example.org", UserDetails(role=Role.ADMINISTRATOR))


def test_an_auditor_of_one_site_sees_its_users_and_themselves(yard):
    south = Site.objects.create(name="South")
    of_north, of_south, of_all, manager = (UserFactory() for _ in range(4))
    of_north.sites.add(yard.site)
    of_south.sites.add(south)
    manager.departments.add(yard)
    employee = UserFactory(person=PersonFactory(site=yard.site, department=None))
    me = UserFactory()
    actor = Actor(
        kind="user",
        id=str(me.pk),
        permissions=permissions_of("auditor"),
        scope=Scope(site_ids=frozenset({yard.site_id})),
    )
    with acting_as(actor):
        assert set(visible_users()) == {of_north, manager, employee, me}
    with acting_as(Actor(kind="user", id="1", permissions=ALL_PERMISSIONS)):
        assert {of_south, of_all} <= set(visible_users())


# --- pages ---


def test_with_mail_the_link_is_sent_and_not_shown(client_of):
    client = client_of("administrator")
    answer = client.post(
        reverse("accounts:add_user"), {"email": "bob@example.org", "role": "officer"}, follow=True
    )
    page = answer.content.decode()
    (message,) = mail.outbox
    assert message.to == ["bob@example.org"]
    assert "was sent to bob@example.org" in page
    link = re.search(r"http\S+", message.body).group()
    assert path_of(link) not in page


@pytest.mark.parametrize("trouble", ["no mail server is set", "the mail server is away"])
def test_without_mail_the_link_is_shown_exactly_once(client_of, settings, monkeypatch, trouble):
    if trouble == "no mail server is set":
        settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    else:

        def refuse(*_: object, **__: object) -> None:
            raise ConnectionRefusedError

        monkeypatch.setattr("portal.accounts.mail.send_mail", refuse)
    client = client_of("administrator")
    data = {"email": "bob@example.org", "role": "officer"}
    page = client.post(reverse("accounts:add_user"), data, follow=True).content.decode()
    link = re.search(r"http://[^\s<\"]+/password/reset/key/[^\s<\"]+", page)
    assert link is not None
    user = User.objects.get(email="bob@example.org")
    again = client.get(reverse("accounts:user", args=[user.pk])).content.decode()
    assert link.group() not in again


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"email": "bob@example.org", "role": "manager"}, "Choose at least one"),
        ({"email": "bob@example.org", "role": "employee"}, "Type that person"),
        ({"email": "taken@example.org", "role": "officer"}, "has an account already"),
        ({"email": "bob@example.org", "role": "king"}, "Select a valid choice"),
    ],
)
def test_a_refusal_stands_at_its_field(client_of, data, said):
    UserFactory(email="taken@example.org")
    answer = client_of("administrator").post(reverse("accounts:add_user"), data)
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_a_user_is_changed_and_found_again(client_of, yard):
    user = UserFactory(role=Role.OFFICER, name="Grace", email="grace@example.org")
    client = client_of("administrator")
    url = reverse("accounts:user", args=[user.pk])
    data = {"name": "Grace H.", "role": "manager", "departments": [str(yard.pk)]}
    assert client.post(url, data).status_code == 302
    user.refresh_from_db()
    assert (user.name, user.role, list(user.departments.all())) == ("Grace H.", "manager", [yard])
    for query in ({"q": "grace h"}, {"role": "manager"}, {"q": "GRACE@", "role": "manager"}):
        assert "grace@example.org" in client.get(reverse("accounts:users"), query).content.decode()
    assert "Nobody matches" in client.get(reverse("accounts:users"), {"q": "zz"}).content.decode()


def test_an_auditor_reads_a_user_and_finds_no_form(client_of):
    user = UserFactory(role=Role.OFFICER)
    page = client_of("auditor").get(reverse("accounts:user", args=[user.pk])).content.decode()
    assert "Security officer" in page
    assert "Deactivate" not in page.partition("<main")[2].partition("</main>")[0]
    assert 'name="role"' not in page


def test_refusals_on_the_page_are_said_and_change_nothing(client):
    last = UserFactory(role=Role.ADMINISTRATOR)
    client.force_login(last, backend=SIGN_IN_BACKEND)
    url = reverse("accounts:deactivate", args=[last.pk])
    assert "Nobody deactivates their own" in client.post(url, follow=True).content.decode()
    last.refresh_from_db()
    assert last.is_active


def test_the_command_knows_every_role(monkeypatch, capsys):
    import io

    from django.core.management import call_command

    for role in Role:
        monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n"))
        call_command("add_user", f"{role}@example.org", "--role", role, "--password-stdin")
    assert set(User.objects.values_list("role", flat=True)) == set(Role)
