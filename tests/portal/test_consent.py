"""Consent: what a record of it holds, when it ends, and what ends with it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from portal.audit.models import AuditEntry
from portal.core.context import Actor, acting_as
from portal.core.errors import DomainError, PermissionMissing
from portal.core.policies import permissions_of
from portal.core.vault import VaultError, key_id_of, vault
from portal.enrolment.models import Enrolment, Invitation
from portal.people.consents import active_consents, people_to_ask_again, text_in_force
from portal.people.models import Consent, FaceImage, FaceTemplate, LookalikePair
from portal.people.selectors import gallery_members, gallery_revision
from portal.people.services import (
    erase_person,
    expire_consents,
    publish_text,
    record_consent,
    remove_person,
    set_legal_hold,
    withdraw_consent,
)
from tests.conftest import rolled_back
from tests.factories import (
    EnrolmentFaceFactory,
    EnrolmentFactory,
    PersonFactory,
    SpaceFactory,
    enrolled_person,
)
from tests.factories.faces import SPACE
from tests.factories.privacy import SCAN

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("administrator")]


def publish(body: str = "I agree.", **fields: object):
    return publish_text(title="Consent", body=body, **fields)


def invite(person, **fields: object) -> Invitation:
    return Invitation.objects.create(
        person=person,
        digest=f"{Invitation.objects.count():064x}",
        expires_at=timezone.now() + timedelta(hours=24),
        **fields,
    )


class TestRecording:
    def test_it_holds_text_method_signer_address_and_term(self, time_machine):
        time_machine.move_to("2026-03-01T10:00:00Z", tick=False)
        text = publish(term_days=365)
        consent = record_consent(
            PersonFactory(),
            policy=text,
            method=Consent.Method.LINK,
            signer=" Grace Hopper ",
            address="192.0.2.1",
        )
        assert (consent.policy, consent.method, consent.signer) == (text, "link", "Grace Hopper")
        assert (consent.address, consent.recorded_by) == ("192.0.2.1", "ada@example.org")
        assert consent.expires_at == timezone.now() + timedelta(days=365)
        assert consent.person.last_interaction_at == timezone.now()

    def test_a_text_without_a_term_makes_a_consent_without_an_end(self):
        assert record_consent(PersonFactory(), policy=publish()).expires_at is None

    def test_the_scan_is_sealed_with_the_persons_own_key(self, data_dir):
        person = PersonFactory()
        consent = record_consent(person, evidence=SCAN)
        person.refresh_from_db()
        sealed = (data_dir / "media" / consent.evidence_key).read_bytes()
        assert SCAN not in sealed
        assert key_id_of(sealed) == person.data_key_id
        assert vault().get(consent.evidence_key) == SCAN

    @pytest.mark.parametrize(
        ("again", "is_new", "why"),
        [
            ({}, False, "nothing new is said"),
            ({"basis": "contract"}, False, "the one that is active stays"),
            ({"policy": "same"}, False, "the very same text"),
            ({"policy": "newer"}, True, "another text"),
            ({"evidence": SCAN}, True, "a signed sheet"),
        ],
    )
    def test_an_active_one_stays_unless_the_new_one_says_more(self, again, is_new, why):
        text, person = publish(), PersonFactory()
        first = record_consent(person, policy=text)
        if "policy" in again:
            again = {"policy": text if again["policy"] == "same" else publish("Another text.")}
        second = record_consent(person, **again)
        first.refresh_from_db()
        assert (second != first) is is_new, why
        assert (first.withdrawn_at is not None) is is_new
        assert active_consents().filter(person=person).count() == 1

    def test_a_new_text_takes_nothing_from_the_gallery(self):
        person = enrolled_person(1, photos=2)
        record_consent(person, policy=publish())
        assert gallery_members(SPACE.id).keys() == {str(person.pk)}
        assert person.images.count() == 2

    def test_an_expired_one_is_followed_by_a_new_one(self, time_machine):
        time_machine.move_to("2026-03-01T10:00:00Z", tick=False)
        person, text = PersonFactory(), publish(term_days=1)
        first = record_consent(person, policy=text)
        time_machine.shift(timedelta(days=2))
        assert record_consent(person, policy=text) != first

    def test_a_scan_that_is_too_large_is_refused_with_the_numbers(self):
        with pytest.raises(DomainError, match="11 MB") as refused:
            record_consent(PersonFactory(), evidence=bytes(11 * 1024 * 1024))
        assert (refused.value.code, refused.value.http_status) == (
            "consent.evidence_too_large",
            413,
        )
        assert not Consent.objects.exists()


class TestWithdrawal:
    def test_templates_photos_drafts_and_invitations_go_and_the_person_stays(
        self, vault_files, django_capture_on_commit_callbacks
    ):
        person, twin = enrolled_person(1, photos=2, name="Ada"), enrolled_person(2)
        draft = EnrolmentFactory(person=person)
        EnrolmentFaceFactory(photo__enrolment=draft)
        invite(person)
        used = invite(person, used_at=timezone.now())
        first, second = sorted([person, twin], key=lambda one: one.pk)
        LookalikePair.objects.create(first=first, second=second, space=SpaceFactory(), score=0.4)
        before = gallery_revision()
        with django_capture_on_commit_callbacks(execute=True):
            outcome = withdraw_consent(person, reason="changed her mind")
        person.refresh_from_db()
        assert (person.status, person.name) == ("active", "Ada")
        assert (outcome.images, outcome.templates, outcome.drafts, outcome.invitations) == (
            2,
            2,
            1,
            1,
        )
        assert not person.images.exists()
        assert not FaceTemplate.objects.filter(person=person).exists()
        assert not Enrolment.objects.filter(person=person).exists()
        assert not LookalikePair.objects.exists()
        assert Invitation.objects.get(revoked_at=None) == used
        assert gallery_revision() == outcome.revision == before + 1
        assert gallery_members(SPACE.id).keys() == {str(twin.pk)}
        kept = twin.images.get()
        assert vault_files.blobs() == {kept.portrait_key, kept.aligned_key}
        entry = AuditEntry.objects.get(action="people.consent.withdrawn")
        assert (entry.reason, entry.after["images"]) == ("changed her mind", 2)
        assert "Ada" not in str(entry.after)

    def test_it_is_one_transaction(self, vault_files):
        person = enrolled_person(1)
        blobs, revision = vault_files.blobs(), gallery_revision()
        with rolled_back():
            withdraw_consent(person)
        assert person.templates.count() == 1
        assert active_consents().filter(person=person).exists()
        assert (vault_files.blobs(), gallery_revision()) == (blobs, revision)

    def test_a_pin_goes_on_working(self):
        person = enrolled_person(1)
        person.credentials.create(kind="pin", digest="x")
        withdraw_consent(person)
        assert person.credentials.filter(revoked_at=None).count() == 1

    def test_the_signed_sheet_stays_as_proof_of_what_was(self):
        person = PersonFactory()
        consent = record_consent(person, evidence=SCAN)
        withdraw_consent(person)
        assert vault().get(consent.evidence_key) == SCAN

    def test_where_nothing_is_to_end_it_says_so(self):
        with pytest.raises(DomainError, match="nothing to withdraw") as refused:
            withdraw_consent(PersonFactory(name="Ada"))
        assert (refused.value.code, refused.value.http_status) == ("consent.none", 409)

    @pytest.mark.parametrize("role", ["officer", "auditor", "manager", "employee"])
    def test_who_may_not_manage_people_ends_nothing(self, role):
        person = enrolled_person(1)
        with acting_as(Actor(kind="user", permissions=permissions_of(role))):
            for act in (withdraw_consent, record_consent):
                with pytest.raises(PermissionMissing):
                    act(person)
        assert person.templates.count() == 1


class TestLegalHold:
    def test_templates_go_and_photos_stay_out_of_use_until_the_hold_ends(
        self, vault_files, django_capture_on_commit_callbacks
    ):
        person = enrolled_person(1, photos=2)
        set_legal_hold(person, True, reason="lawsuit")
        person.refresh_from_db()
        with django_capture_on_commit_callbacks(execute=True):
            outcome = withdraw_consent(person)
        assert (outcome.images, outcome.held, outcome.templates) == (0, 2, 2)
        assert not FaceTemplate.objects.exists()
        assert {image.state for image in FaceImage.objects.all()} == {"set_aside"}
        assert len(vault_files.blobs()) == 4
        with django_capture_on_commit_callbacks(execute=True):
            set_legal_hold(person, False, reason="settled")
        assert not FaceImage.objects.exists()
        assert vault_files.blobs() == set()

    def test_the_end_of_a_hold_takes_nothing_from_who_still_consents(self):
        person = enrolled_person(1)
        set_legal_hold(person, True, reason="lawsuit")
        set_legal_hold(person, False, reason="settled")
        assert person.images.count() == person.templates.count() == 1
        assert AuditEntry.objects.filter(action="people.person.legal_hold").count() == 2

    def test_nobody_under_a_hold_is_erased(self, vault_files):
        person = enrolled_person(1, legal_hold=True)
        before = vault_files.blobs()
        with pytest.raises(DomainError, match="legal hold") as refused:
            erase_person(person)
        assert (refused.value.code, refused.value.http_status) == ("person.legal_hold", 409)
        assert vault_files.blobs() == before

    def test_nor_with_somebody_they_were_merged_into(self):
        whole = enrolled_person(1)
        PersonFactory(status="merged", merged_into=whole, legal_hold=True)
        with pytest.raises(DomainError):
            erase_person(whole)


def test_consents_whose_term_is_over_end_with_all_that_rests_on_them(time_machine):
    time_machine.move_to("2026-03-01T10:00:00Z", tick=False)
    year, ever = publish(term_days=365), publish("For ever.")
    ada, bob, carol = enrolled_person(1), enrolled_person(2), enrolled_person(3)
    record_consent(ada, policy=year)
    record_consent(bob, policy=ever)
    time_machine.shift(timedelta(days=365, seconds=-1))
    assert expire_consents() == 0
    time_machine.shift(timedelta(seconds=1))
    assert expire_consents() == 1
    assert expire_consents() == 0
    assert gallery_members(SPACE.id).keys() == {str(bob.pk), str(carol.pk)}
    assert ada.consents.filter(policy=year).get().withdrawn_reason == "Its term was over"


def test_somebody_removed_stops_nobody_elses_term_from_ending():
    ada, bob = enrolled_person(1), enrolled_person(2)
    Consent.objects.update(expires_at=timezone.now())
    remove_person(ada)
    assert expire_consents() == 1
    assert not bob.templates.exists()
    assert expire_consents() == 0


def test_erasure_reaches_merged_entries_credentials_consents_and_the_journal(
    vault_files, django_capture_on_commit_callbacks
):
    from portal.core.models import DataKey
    from portal.journal.models import Act
    from portal.journal.services import note_act

    whole = enrolled_person(1, name="Ada Lovelace")
    half = enrolled_person(2, name="Ada King", email="king@example.org")
    half.status, half.merged_into = "merged", whole
    half.save()
    bystander = enrolled_person(3, name="Bob")
    consent = record_consent(whole, signer="Her Mother", address="192.0.2.1", evidence=SCAN)
    whole.credentials.create(kind="qr", digest="x")
    invite(whole)
    note_act("x", "Ada Lovelace was suspended", data={}, person_id=whole.pk)
    note_act("x", "Moved from Ada", data={}, person_id=bystander.pk, other_id=whole.pk)
    kept_act = note_act("x", "Bob was suspended", data={}, person_id=bystander.pk)
    with django_capture_on_commit_callbacks(execute=True):
        erase_person(whole, reason="asked for it")
    half.refresh_from_db()
    consent.refresh_from_db()
    assert (half.status, half.name, half.email) == ("erased", "Erased person", "")
    assert (consent.signer, consent.address, consent.evidence_key) == ("", "", "")
    assert consent.withdrawn_at is not None
    assert not whole.credentials.exists()
    assert not Invitation.objects.exists()
    assert Act.objects.get() == kept_act
    image = bystander.images.get()
    assert vault_files.blobs() == {image.portrait_key, image.aligned_key}
    after = AuditEntry.objects.get(action="people.person.erased").after
    assert (after["photos"], after["consents"], after["entries"]) == (2, 3, 2)
    assert DataKey.objects.exclude(destroyed_at=None).count() == len(after["keys_destroyed"]) == 2
    for blob in (half, whole):
        assert blob.templates.count() == 0
    with pytest.raises(VaultError):
        vault().keys.cipher(DataKey.objects.exclude(destroyed_at=None)[0].pk)


class TestTexts:
    def test_versions_count_up_and_the_newest_is_in_force(self):
        assert text_in_force() is None
        first, second = publish("One."), publish("Two.")
        assert (first.version, second.version) == (1, 2)
        assert text_in_force() == second
        assert text_in_force("de") is None

    def test_the_very_same_text_is_not_published_twice(self):
        publish("One.\r\nTwo.")
        with pytest.raises(DomainError) as refused:
            publish("One.\nTwo.  \n")
        assert refused.value.code == "policy.unchanged"

    def test_whoever_agreed_to_less_is_to_be_asked_again(self):
        early, late, none = (enrolled_person(n) for n in range(3))
        contract = PersonFactory()
        record_consent(contract, basis=Consent.Basis.CONTRACT)
        assert not people_to_ask_again().exists(), "while there is no text nobody is asked"
        record_consent(early, policy=publish("One."))
        record_consent(late, policy=publish("Two."))
        assert set(people_to_ask_again()) == {early, none}
        found = {one.pk: one.consented_version for one in people_to_ask_again()}
        assert found == {early.pk: 1, none.pk: None}
        record_consent(early, policy=text_in_force())
        assert set(people_to_ask_again()) == {none}
