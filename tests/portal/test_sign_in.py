"""First visit, signing in, and what happens to somebody who guesses passwords."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from portal.accounts.models import User
from portal.accounts.services import setup_link
from tests.factories import UserFactory
from tests.factories.accounts import PASSWORD

pytestmark = pytest.mark.django_db

LOGIN = "/account/login/"


def token() -> str:
    return setup_link().partition("?token=")[2]


class TestFirstVisit:
    FORM = {"email": "ada@example.org", "name": "Ada", "password": PASSWORD}

    @pytest.mark.parametrize("path", ["/", "/people/", LOGIN, "/system/", "/no/such/place"])
    def test_without_anybody_every_page_leads_to_the_set_up(self, path):
        response = Client().get(path)
        assert (response.status_code, response["Location"]) == (302, "/setup/")

    @pytest.mark.parametrize("path", ["/healthz", "/readyz", "/api/v1/openapi.json", "/setup/"])
    def test_probes_and_programs_are_not_sent_there(self, path):
        assert Client().get(path).status_code == 200

    def test_the_link_fills_the_token_in(self):
        link = setup_link()
        page = Client().get(link[link.index("/setup/") :]).content.decode()
        assert token() in page

    def test_the_right_token_makes_an_administrator_and_signs_in(self):
        client = Client()
        response = client.post("/setup/", {**self.FORM, "token": f" {token()} "})
        assert (response.status_code, response["Location"]) == (302, "/")
        user = User.objects.get()
        assert (user.email, user.name, user.role) == ("ada@example.org", "Ada", "administrator")
        assert client.get("/").status_code == 200
        assert client.get("/setup/")["Location"] == "/"

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"token": "wrong"}, "This is not the token"),
            ({"token": ""}, "required"),
            ({"password": "short"}, "too short"),
            ({"email": "nobody"}, "valid email"),
        ],
    )
    def test_anything_else_makes_nobody(self, change, words):
        response = Client().post("/setup/", {**self.FORM, "token": token(), **change})
        assert response.status_code == 400
        assert words in response.content.decode()
        assert not User.objects.exists()

    def test_a_used_token_is_worth_nothing(self):
        used = token()
        Client().post("/setup/", {**self.FORM, "token": used})
        response = Client().post(
            "/setup/", {**self.FORM, "email": "eve@example.org", "token": used}
        )
        assert response["Location"] == "/"
        assert User.objects.count() == 1


def sign_in(email: str, password: str = PASSWORD, *, address: str = "192.0.2.1"):
    return Client(REMOTE_ADDR=address).post(LOGIN, {"login": email, "password": password})


class TestSigningIn:
    @pytest.fixture(autouse=True)
    def users(self):
        UserFactory(email="ada@example.org", role="administrator")
        UserFactory(email="bob@example.org", role="officer")

    def test_the_page_renders_without_an_account(self):
        page = Client().get(LOGIN)
        assert page.status_code == 200
        assert 'name="login"' in page.content.decode()
        assert 'name="password"' in page.content.decode()

    def test_the_right_password_leads_to_the_first_page(self):
        response = sign_in("Ada@example.org")
        assert (response.status_code, response["Location"]) == (302, "/")

    def test_one_is_led_to_where_one_wanted_to_go_but_never_out_of_the_house(self):
        for target, leads_to in (("/people/", "/people/"), ("https://evil.example/", "/")):
            response = Client().post(
                f"{LOGIN}?next={target}",
                {"login": "ada@example.org", "password": PASSWORD, "next": target},
            )
            assert response["Location"] == leads_to

    def test_a_wrong_password_and_an_unknown_address_are_answered_alike(self):
        pages = []
        for email in ("ada@example.org", "nobody@example.org"):
            response = sign_in(email, "wrong password here")
            assert response.status_code == 200
            page = response.content.decode()
            start = page.index("not correct")
            pages.append(page[start - 60 : start + 20])
        assert pages[0] == pages[1]

    def test_a_deactivated_user_does_not_get_in(self):
        User.objects.filter(email="ada@example.org").update(is_active=False)
        response = sign_in("ada@example.org")
        assert response.headers.get("Location") != "/"

    def test_the_session_cookie_is_out_of_reach_of_scripts_and_strangers(self):
        client = Client()
        client.post(LOGIN, {"login": "ada@example.org", "password": PASSWORD})
        cookie = client.cookies["sessionid"]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"

    def test_signing_out_needs_a_post(self):
        client = Client()
        client.post(LOGIN, {"login": "ada@example.org", "password": PASSWORD})
        client.get(reverse("account_logout"))
        assert client.get("/").status_code == 200
        client.post(reverse("account_logout"))
        assert client.get("/").status_code == 302


class TestGuessing:
    @pytest.fixture(autouse=True)
    def users(self, settings):
        settings.AXES_ENABLED = True
        UserFactory(email="ada@example.org", role="administrator")
        UserFactory(email="bob@example.org", role="officer")

    def guess(self, times: int, email: str = "ada@example.org", address: str = "192.0.2.1"):
        return [sign_in(email, "wrong password here", address=address) for _ in range(times)]

    def test_four_wrong_passwords_are_forgiven(self):
        self.guess(4)
        assert sign_in("ada@example.org").status_code == 302

    def test_the_fifth_locks_the_account_for_this_address(self):
        last = self.guess(5)[-1]
        assert last.status_code == 429
        assert "Wait 15 minutes" in last.content.decode()
        response = sign_in("ada@example.org")
        assert response.status_code == 429, "the right password does not help any more"

    def test_somebody_elses_address_is_not_locked_out(self):
        self.guess(6)
        assert sign_in("ada@example.org", address="192.0.2.2").status_code == 302

    def test_another_account_from_the_same_address_is_not_locked_out(self):
        self.guess(6)
        assert sign_in("bob@example.org").status_code == 302

    def test_the_case_of_the_address_gives_no_fresh_attempts(self):
        for email in ("ada@example.org", "ADA@example.org", "Ada@Example.org"):
            self.guess(2, email)
        assert sign_in("ada@example.org").status_code == 429

    def test_a_success_forgets_the_failures_before_it(self):
        for _ in range(2):
            self.guess(4)
            assert sign_in("ada@example.org").status_code == 302

    def test_the_lock_ends_by_itself(self, time_machine):
        time_machine.move_to("2026-03-01T10:00:00Z", tick=False)
        self.guess(5)
        time_machine.shift(16 * 60)
        assert sign_in("ada@example.org").status_code == 302
