"""A way in without a face: PINs and QR codes, from giving them to asking whose they are."""

from __future__ import annotations

import re
from datetime import timedelta

import argon2
import pytest
from django.contrib.auth import HASH_SESSION_KEY
from django.core import serializers
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from portal.audit.models import AuditEntry
from portal.core.context import Actor, acting_as
from portal.core.errors import DomainError, PermissionMissing
from portal.core.policies import permissions_of
from portal.people.models import Credential, Person
from portal.people.services import credential as credential_module
from portal.people.services import (
    issue_pin,
    issue_qr,
    mark_left,
    reinstate_person,
    revoke_credential,
    suspend_person,
    verify_credential,
)
from tests.factories import PersonFactory, enrolled_person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("administrator")]

PIN, QR = Credential.Kind.PIN, Credential.Kind.QR


@pytest.fixture(autouse=True)
def quick_argon(monkeypatch):
    """The real algorithm with less work: dozens of PINs are tried here."""
    hasher = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(credential_module, "_hasher", hasher)
    credential_module._nobodys_digest.cache_clear()
    cache.clear()


@pytest.fixture
def person():
    return PersonFactory(name="Ada", code="C-4711")


def holder(kind: str, secret: str, code: str = "") -> Person | None:
    return verify_credential(kind, secret, code=code)


class TestGiving:
    def test_a_pin_of_gatehouses_own_has_six_digits_and_is_its_holders(self, person):
        pin = issue_pin(person)
        assert re.fullmatch(r"\d{6}", pin)
        assert holder(PIN, pin, person.code) == person

    def test_pins_differ(self):
        assert len({issue_pin(PersonFactory()) for _ in range(20)}) > 15

    def test_a_qr_code_is_its_holders(self, person):
        token = issue_qr(person)
        assert holder(QR, token) == person
        assert len(token) >= 32

    def test_nothing_that_is_kept_holds_the_secret(self, person):
        secrets = [issue_pin(person, pin="27182818"), issue_qr(person)]
        kept = serializers.serialize("json", [*Credential.objects.all(), *AuditEntry.objects.all()])
        assert not [secret for secret in secrets if secret in kept]
        digest = Credential.objects.get(kind=PIN).digest
        assert digest.startswith("$argon2id$")

    def test_a_stolen_database_does_not_tell_the_pin_without_the_key_beside_it(
        self, person, data_dir
    ):
        pin = issue_pin(person, pin="27182818")
        digest = Credential.objects.get(kind=PIN).digest
        with pytest.raises(argon2.exceptions.VerifyMismatchError):
            credential_module._hasher.verify(digest, pin)
        (data_dir / "keys" / "credential.key").unlink()
        credential_module._load_pepper.cache_clear()
        assert holder(PIN, pin, person.code) is None

    def test_a_new_one_ends_the_former(self, person):
        first, second = issue_qr(person), issue_qr(person)
        assert holder(QR, first) is None
        assert holder(QR, second) == person
        assert person.credentials.filter(revoked_at=None).count() == 1
        entries = AuditEntry.objects.filter(action="people.credential.issued").order_by("seq")
        assert [entry.after["replaced"] for entry in entries] == [False, True]

    @pytest.mark.parametrize(
        ("pin", "code"),
        [
            ("0000", "credential.weak_pin"),
            ("777777", "credential.weak_pin"),
            ("1234", "credential.weak_pin"),
            ("4321", "credential.weak_pin"),
            ("67890", "credential.weak_pin"),
            ("1212", "credential.weak_pin"),
            ("123123", "credential.weak_pin"),
            ("1987", "credential.weak_pin"),
            ("2026", "credential.weak_pin"),
            ("4711", "credential.weak_pin"),
            ("471199", "credential.weak_pin"),
            ("123", "credential.pin_form"),
            ("123456789", "credential.pin_form"),
            ("12a4", "credential.pin_form"),
            ("１２３９", "credential.pin_form"),
            ("-1729", "credential.pin_form"),
        ],
    )
    def test_a_pin_that_others_would_try_first_is_refused(self, person, pin, code):
        with pytest.raises(DomainError) as refused:
            issue_pin(person, pin=pin)
        assert refused.value.code == code
        assert pin not in refused.value.message
        assert not Credential.objects.exists()

    @pytest.mark.parametrize("pin", ["8264", "2718", "31415926", "0907"])
    def test_another_is_taken(self, person, pin):
        assert issue_pin(person, pin=pin) == pin

    def test_a_last_day_in_the_past_is_refused(self, person):
        with pytest.raises(DomainError) as refused:
            issue_qr(person, valid_to=timezone.localdate() - timedelta(days=1))
        assert refused.value.code == "credential.expired"

    def test_whoever_has_left_is_given_none(self, person):
        mark_left(person, timezone.localdate())
        with pytest.raises(DomainError) as refused:
            issue_pin(person)
        assert refused.value.code == "credential.left"

    @pytest.mark.parametrize("act", [issue_pin, issue_qr, lambda p: revoke_credential(p, PIN)])
    @pytest.mark.parametrize("role", ["officer", "auditor", "manager"])
    def test_it_needs_the_right_to_manage_people(self, person, act, role):
        permissions = permissions_of(role) - {"people.manage"}
        actor = Actor(kind="user", permissions=permissions)
        with acting_as(actor), pytest.raises(PermissionMissing):
            act(person)
        assert not Credential.objects.exists()


class TestAsking:
    @pytest.mark.parametrize(
        ("spoil", "why"),
        [
            (lambda p: revoke_credential(p, PIN), "taken back"),
            (suspend_person, "suspended"),
            (lambda p: mark_left(p, timezone.localdate()), "left"),
            (
                lambda p: p.credentials.update(valid_to=timezone.localdate() - timedelta(days=2)),
                "expired",
            ),
            (lambda p: Person.objects.update(code="C-4712"), "asked with another's code"),
        ],
    )
    def test_a_pin_that_is_no_longer_good(self, person, spoil, why):
        pin = issue_pin(person)
        spoil(person)
        assert holder(PIN, pin, "C-4711") is None, why

    def test_one_works_again_after_a_suspension(self, person):
        token = issue_qr(person)
        reinstate_person(suspend_person(person))
        assert holder(QR, token) == person

    def test_the_last_day_still_counts_where_the_person_is(self, person):
        person.site.time_zone = "Pacific/Kiritimati"
        person.site.save()
        token = issue_qr(person, valid_to=timezone.localdate() + timedelta(days=1))
        assert holder(QR, token) == person

    def test_a_pin_is_nobodys_without_its_code(self, person):
        pin = issue_pin(person)
        assert holder(PIN, pin) is None
        assert holder(PIN, pin, "C-0000") is None
        assert holder(QR, pin) is None

    def test_withdrawing_the_consent_leaves_the_way_in_that_needs_no_face(self):
        from portal.people.services import withdraw_consent

        person = enrolled_person(1)
        pin = issue_pin(person)
        withdraw_consent(person, reason="asked for it")
        assert holder(PIN, pin, person.code) == person

    def test_it_is_noted_as_a_contact_with_the_person(self, person):
        holder(QR, issue_qr(person))
        person.refresh_from_db()
        assert timezone.now() - person.last_interaction_at < timedelta(minutes=1)

    def test_guessing_is_slowed_down_after_five_failures(self, person):
        pin = issue_pin(person, pin="8264")
        for guess in ("1111", "2222", "3333", "4444", "5555"):
            assert holder(PIN, guess, person.code) is None
        with pytest.raises(DomainError) as refused:
            holder(PIN, pin, person.code)
        assert (refused.value.code, refused.value.http_status) == ("credential.slow_down", 429)

    def test_a_failure_elsewhere_or_with_another_code_locks_nobody_out(self, person):
        pin = issue_pin(person, pin="8264")
        permissions = frozenset({"sightings.recognise"})
        with acting_as(Actor(kind="camera", permissions=permissions, address="198.51.100.9")):
            for _ in range(5):
                holder(PIN, "9999", person.code)
        for _ in range(5):
            holder(PIN, "9999", "C-OTHER")
        assert holder(PIN, pin, person.code) == person

    def test_a_success_forgets_the_failures_before_it(self, person):
        pin = issue_pin(person, pin="8264")
        for _ in range(3):
            for _ in range(4):
                holder(PIN, "9999", person.code)
            assert holder(PIN, pin, person.code) == person

    def test_without_the_counter_nobody_comes_in(self, person, monkeypatch):
        from redis.exceptions import ConnectionError as Gone

        def gone(*_: object) -> None:
            raise Gone("no broker")

        monkeypatch.setattr(credential_module.cache, "get", gone)
        with pytest.raises(DomainError) as refused:
            holder(QR, issue_qr(person))
        assert refused.value.http_status == 503

    def test_whoever_may_not_recognise_may_not_ask(self, person):
        token = issue_qr(person)
        actor = Actor(kind="user", permissions=permissions_of("auditor"))
        with acting_as(actor), pytest.raises(PermissionMissing):
            holder(QR, token)


class TestPages:
    def test_a_pin_is_shown_once_and_stored_in_no_session(self, client_of, person):
        client = client_of("hr")
        response = client.post(reverse("people:issue_pin", args=[person.pk]), {"pin": "8264"})
        assert "8264" in response.content.decode()
        assert response["Cache-Control"] == "no-store"
        # The session's own hash is random and may hold any four digits.
        kept = {key: value for key, value in client.session.items() if key != HASH_SESSION_KEY}
        assert "8264" not in str(kept)
        assert "8264" not in client.get(reverse("people:detail", args=[person.pk])).content.decode()

    def test_the_qr_code_that_is_printed_is_the_one_that_works(self, client_of, person):
        response = client_of("hr").post(
            reverse("people:issue_qr", args=[person.pk]),
            {"valid_to": (timezone.localdate() + timedelta(days=9)).isoformat()},
        )
        page = response.content.decode()
        assert "<svg" in page
        assert "Valid until" in page
        assert not re.search(r"<svg[^>]*style=", page)
        assert "ghq_" not in page

    def test_a_weak_pin_comes_back_with_the_reason(self, client_of, person):
        response = client_of("hr").post(
            reverse("people:issue_pin", args=[person.pk]), {"pin": "1234"}
        )
        assert response.status_code == 400
        assert "counts up or down" in response.content.decode()

    def test_taking_it_back(self, client_of, person):
        token = issue_qr(person)
        client = client_of("hr")
        url = reverse("people:revoke_credential", args=[person.pk, "qr"])
        page = client.post(url, follow=True).content.decode()
        assert "The QR code of Ada no longer works." in page
        assert holder(QR, token) is None
        assert AuditEntry.objects.get(action="people.credential.revoked").before == {"kind": "qr"}
        assert client.post(url, follow=True).status_code == 200

    def test_who_only_looks_is_not_told_of_them(self, client_of, person):
        issue_pin(person)
        page = client_of("officer").get(reverse("people:detail", args=[person.pk])).content.decode()
        assert "Ways in without a face" not in page
