"""Self-enrolment: the life of a link, what its holder may do, and the administrator's answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from portal.audit.models import AuditEntry
from portal.core.bearer import digest_of
from portal.core.context import Actor, Scope, acting_as
from portal.core.errors import DomainError, NotFound, PermissionMissing
from portal.core.models import DataKey
from portal.core.policies import permissions_of
from portal.enrolment import services
from portal.enrolment.invitations import open_by_token, own_face, own_photo, waiting_count
from portal.enrolment.models import (
    Enrolment,
    EnrolmentFace,
    EnrolmentPhoto,
    Invitation,
    Likeness,
)
from portal.enrolment.own_verdicts import own_view, progress_of
from portal.people.models import Consent, FaceImage, LookalikePair, Person
from portal.people.selectors import gallery_members
from portal.people.services import mark_left, merge_people, publish_text, withdraw_consent
from portal.people.vectors import seal_vector
from portal.privacy.services import purge_everything
from tests.factories import (
    EnrolmentFaceFactory,
    EnrolmentFactory,
    EnrolmentPhotoFactory,
    PersonFactory,
    enrolled_person,
)
from tests.factories.faces import SPACE, vector_towards
from tests.factories.invitations import actor_of, invitation, submission
from tests.factories.pictures import fresh_jpeg

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("administrator")]

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(hours=24)


def acts() -> list[str]:
    return list(AuditEntry.objects.order_by("seq").values_list("action", flat=True))


class TestTheLifeOfALink:
    @pytest.mark.parametrize(
        ("after", "does_work", "reason"),
        [
            (timedelta(0), True, "it works at once"),
            (DAY - timedelta(minutes=1), True, "23:59 is within a day"),
            (DAY - timedelta(microseconds=1), True, "so is the last instant"),
            (DAY, False, "a day is over at 24:00"),
            (DAY + timedelta(days=300), False, "and it stays over"),
        ],
    )
    def test_it_works_for_a_day(self, after, does_work, reason):
        with time_machine.travel(NOON, tick=False) as clock:
            link = services.create_invitation(PersonFactory())
            clock.shift(after)
            assert (open_by_token(link.token) is not None) is does_work, reason

    @pytest.mark.parametrize(
        ("ended", "state"),
        [
            ({"used_at": NOON}, "expired"),
            ({"revoked_at": NOON}, "revoked"),
            ({"refused_at": NOON}, "refused"),
            ({"declined_at": NOON}, "declined"),
            ({"expires_at": NOON}, "expired"),
        ],
    )
    def test_it_ends_in_one_of_these_ways(self, ended, state):
        row, token = invitation(**ended)
        assert open_by_token(token) is None
        assert row.state == state

    @pytest.mark.parametrize("status", sorted(set(Person.Status) - Person.LIVING))
    def test_it_ends_with_the_person(self, status):
        row, token = invitation()
        Person.objects.filter(pk=row.person_id).update(status=status)
        assert open_by_token(token) is None

    def test_the_token_is_256_bits_and_only_its_digest_is_kept(self):
        link = services.create_invitation(PersonFactory())
        secret = link.token.removeprefix("ghj_")
        assert len(secret) == 43, "43 characters of 6 bits"
        assert link.invitation.digest == digest_of(link.token)
        kept = [str(value) for value in Invitation.objects.values_list().get()]
        kept += [str(row) for row in AuditEntry.objects.values_list()]
        assert not [one for one in kept if secret in one]

    def test_a_new_link_ends_the_earlier_one_and_deletes_what_came_by_it(self, vault_files):
        row, first = invitation(agreed=True)
        EnrolmentFaceFactory(photo__enrolment=row.enrolment)
        assert vault_files.blobs()
        second = services.create_invitation(row.person).token
        assert open_by_token(first) is None
        assert open_by_token(second) is not None
        assert Enrolment.objects.count() == 0

    def test_renewing_keeps_the_photos_and_ends_the_old_link(self):
        row, old = invitation(agreed=True, expires_at=timezone.now() - DAY)
        EnrolmentPhotoFactory(enrolment=row.enrolment)
        link = services.renew_invitation(row)
        assert open_by_token(old) is None
        assert open_by_token(link.token).enrolment == row.enrolment
        assert row.enrolment.photos.count() == 1

    @pytest.mark.parametrize("ended", ["revoked_at", "refused_at", "declined_at"])
    def test_what_ended_for_a_reason_is_not_renewed(self, ended):
        row, _ = invitation(**{ended: NOON})
        with pytest.raises(DomainError, match="Invite the person anew"):
            services.renew_invitation(row)

    def test_revoking_ends_it_once(self):
        row, token = invitation(agreed=True)
        services.revoke_invitation(row)
        assert open_by_token(token) is None
        assert Enrolment.objects.count() == 0
        with pytest.raises(DomainError, match="was revoked already"):
            services.revoke_invitation(row)
        assert acts().count("enrolment.invitation.revoked") == 1

    def test_withdrawing_the_consent_and_leaving_end_it(self):
        first, second = enrolled_person(1), enrolled_person(2)
        _, of_first = invitation(person=first)
        _, of_second = invitation(person=second)
        withdraw_consent(first)
        mark_left(second, on=NOON.date())
        assert open_by_token(of_first) is None
        assert open_by_token(of_second) is None


class TestInviting:
    def test_many_are_invited_and_who_cannot_be_is_named_with_the_reason(self):
        good, gone, waiting = PersonFactory(), PersonFactory(), submission().person
        Person.objects.filter(pk=gone.pk).update(status=Person.Status.LEFT)
        invited = services.invite_many([good, gone, waiting])
        assert [link.invitation.person for link in invited.links] == [good]
        assert [person for person, _ in invited.skipped] == [gone, waiting]
        assert "has left" in invited.skipped[0][1]
        assert "wait for approval" in invited.skipped[1][1]

    def test_a_scope_limits_whom_one_may_invite(self):
        here, there = PersonFactory(), PersonFactory(department_path="Kitchen")
        scope = Scope(department_ids=frozenset({here.department_id}))
        hr = Actor(kind="user", id="9", permissions=permissions_of("hr"), scope=scope)
        with acting_as(hr):
            assert services.create_invitation(here).token
            with pytest.raises(NotFound):
                services.create_invitation(there)
            assert waiting_count() == 0
        submission(person=there)
        with acting_as(hr):
            assert waiting_count() == 0
        assert waiting_count() == 1

    @pytest.mark.parametrize("role", ["officer", "manager", "auditor", "employee"])
    def test_others_invite_nobody(self, role):
        person = PersonFactory()
        row, _ = invitation(person=person)
        with acting_as(Actor(kind="user", id="3", permissions=permissions_of(role))):
            for act in (
                lambda: services.create_invitation(person),
                lambda: services.renew_invitation(row),
                lambda: services.revoke_invitation(row),
                lambda: services.approve(row),
                lambda: services.send_back(row, note="x"),
                lambda: services.decline(row),
                waiting_count,
            ):
                with pytest.raises(PermissionMissing):
                    act()


class TestMail:
    def test_a_worker_mails_a_link_of_its_own_and_nobody_else_ever_sees_it(
        self, sent_tasks, django_capture_on_commit_callbacks
    ):
        person = PersonFactory(email="ada@example.org")
        with django_capture_on_commit_callbacks(execute=True):
            link = services.create_invitation(person, by_mail=True)
        assert link.token == ""
        assert ("invitation.mail", [], "light") in sent_tasks
        assert services.mail_invitations() == 1
        [message] = mail.outbox
        assert message.to == ["ada@example.org"]
        [url] = [word for word in message.body.split() if "/join/" in word]
        assert open_by_token(url.rstrip("/").rpartition("/")[2]).person == person
        link.invitation.refresh_from_db()
        assert link.invitation.mail == Invitation.Mail.SENT
        assert services.mail_invitations() == 0, "nobody is mailed twice"

    def test_a_mail_server_that_refuses_costs_that_mail_alone(self, monkeypatch):
        for name in ("first", "second"):
            person = PersonFactory(email=f"{name}@example.org")
            services.create_invitation(person, by_mail=True)
        from portal.enrolment.services import mailing

        send = mailing.send_link

        def refuse(person: Person, **facts: object) -> None:
            if person.email.startswith("first"):
                raise ConnectionRefusedError
            send(person, **facts)

        monkeypatch.setattr(mailing, "send_link", refuse)
        assert services.mail_invitations() == 1
        states = Invitation.objects.order_by("id").values_list("mail", flat=True)
        assert list(states) == ["failed", "sent"]

    def test_a_link_that_ended_meanwhile_is_not_mailed(self):
        person = PersonFactory(email="ada@example.org")
        link = services.create_invitation(person, by_mail=True)
        services.revoke_invitation(link.invitation)
        late = services.create_invitation(PersonFactory(email="b@example.org"), by_mail=True)
        with time_machine.travel(late.invitation.expires_at, tick=False):
            assert services.mail_invitations() == 0
        assert mail.outbox == []

    @pytest.mark.parametrize("backend", ["console", "dummy", "filebased"])
    def test_no_link_is_mailed_into_a_log(self, settings, backend):
        settings.EMAIL_BACKEND = f"django.core.mail.backends.{backend}.EmailBackend"
        with pytest.raises(DomainError, match="No mail server is set up"):
            services.create_invitation(PersonFactory(email="a@example.org"), by_mail=True)

    def test_without_an_address_there_is_nothing_to_mail_to(self):
        with pytest.raises(DomainError, match="no e-mail address"):
            services.create_invitation(PersonFactory(), by_mail=True)


class TestAgreeing:
    def test_the_consent_names_text_signer_address_and_moment(self):
        text = publish_text(title="Faces", body="We keep faces.")
        row, _ = invitation()
        with acting_as(actor_of(row)), time_machine.travel(timezone.now(), tick=False):
            services.agree(row, policy=text, signer=" Grace Hopper ", is_guardian=True)
            row.refresh_from_db()
            assert row.consented_at == timezone.now()
        assert row.policy == text
        assert row.signer == "Grace Hopper (parent or guardian)"
        assert row.consent_address == "192.0.2.9"
        assert not Consent.objects.exists(), "it counts with the approval"

    def test_a_text_that_was_replaced_meanwhile_is_read_again(self):
        old = publish_text(title="Faces", body="We keep faces.")
        publish_text(title="Faces", body="We keep faces for long.")
        row, _ = invitation()
        with acting_as(actor_of(row)), pytest.raises(DomainError, match="read it again"):
            services.agree(row, policy=old, signer="Ada", is_guardian=False)
        row.refresh_from_db()
        assert row.enrolment is None

    def test_nobody_agrees_without_a_name(self):
        row, _ = invitation()
        with acting_as(actor_of(row)), pytest.raises(DomainError, match="type your full name"):
            services.agree(row, policy=None, signer="  ", is_guardian=False)

    def test_no_photo_is_taken_before_the_consent(self):
        row, _ = invitation()
        submitted = pytest.raises(DomainError, match="agree first")
        with acting_as(actor_of(row)), submitted:
            services.submit(row)

    def test_a_refusal_keeps_nothing_and_tells_the_administrator(
        self, vault_files, django_capture_on_commit_callbacks
    ):
        row, token = invitation(agreed=True)
        EnrolmentFaceFactory(photo__enrolment=row.enrolment)
        with acting_as(actor_of(row)), django_capture_on_commit_callbacks(execute=True):
            services.refuse(row)
        assert vault_files.blobs() == set()
        row.refresh_from_db()
        assert (row.signer, row.consent_address, row.consented_at) == ("", "", None)
        assert row.state == "refused"
        assert open_by_token(token) is None
        assert waiting_count() == 1
        assert not DataKey.objects.filter(use=DataKey.Use.PERSON, destroyed_at=None).exists()
        services.note_refusal(row)
        assert waiting_count() == 0


class TestWhatTheHolderMayDo:
    def test_photos_are_added_picked_dropped_and_sent_in(self):
        row, token = invitation(agreed=True)
        with acting_as(actor_of(row)):
            photo = services.add_photo(
                row.enrolment, fresh_jpeg(), file_name="me.jpg", source=FaceImage.Source.LINK
            )
            services.drop_photo(photo)
            EnrolmentFaceFactory(photo__enrolment=row.enrolment)
            services.submit(row)
        row.refresh_from_db()
        assert row.state == "submitted"
        assert row.enrolment.state == Enrolment.State.SUBMITTED
        assert open_by_token(token) is None, "a link is used once"

    def test_after_sending_in_nothing_of_it_is_changed_by_them(self):
        row = submission()
        photo = row.enrolment.photos.get()
        with acting_as(actor_of(row)):
            for act in (
                lambda: services.add_photo(
                    row.enrolment, fresh_jpeg(), file_name="x.jpg", source="link"
                ),
                lambda: services.drop_photo(photo),
                lambda: services.choose_face(photo, 0),
                lambda: services.submit(row),
                lambda: services.refuse(row),
            ):
                with pytest.raises((PermissionMissing, NotFound)):
                    act()
        assert row.enrolment.photos.count() == 1

    def test_a_link_reaches_its_own_photos_only(self):
        mine, _ = invitation(agreed=True)
        theirs, _ = invitation(agreed=True)
        face = EnrolmentFaceFactory(photo__enrolment=theirs.enrolment)
        somebodys = EnrolmentFactory()
        with acting_as(actor_of(mine)):
            with pytest.raises(NotFound):
                own_photo(mine, face.photo_id)
            with pytest.raises(NotFound):
                own_face(mine, face.pk)
            with pytest.raises(NotFound):
                own_photo(theirs, face.photo_id)
            for draft in (theirs.enrolment, somebodys):
                with pytest.raises(PermissionMissing):
                    services.add_photo(draft, fresh_jpeg(), file_name="x.jpg", source="link")
            with pytest.raises(PermissionMissing):
                services.drop_photo(face.photo)

    def test_it_neither_approves_nor_answers_for_anybody(self):
        row = submission()
        with acting_as(actor_of(row)):
            for act in (
                lambda: services.approve(row),
                lambda: services.confirm_enrolment(row.enrolment, None, has_consent=True),
                lambda: services.different_person(row.enrolment, row.person_id),
                lambda: services.create_invitation(row.person),
            ):
                with pytest.raises(PermissionMissing):
                    act()

    def test_nothing_is_sent_in_while_a_photo_waits_or_none_is_good(self):
        row, _ = invitation(agreed=True)
        with acting_as(actor_of(row)):
            with pytest.raises(DomainError, match="No photo is good enough"):
                services.submit(row)
            EnrolmentPhotoFactory(enrolment=row.enrolment)
            with pytest.raises(DomainError, match="still being looked at"):
                services.submit(row)


class TestWhatTheHolderIsTold:
    """Behind a link a photo is judged by itself: no answer depends on who is enrolled."""

    @pytest.mark.parametrize(
        "verdict",
        [
            EnrolmentPhoto.Verdict.USABLE,
            EnrolmentPhoto.Verdict.OTHER_PERSON,
            EnrolmentPhoto.Verdict.UNLIKE,
            EnrolmentPhoto.Verdict.REPEATED,
        ],
    )
    def test_a_face_that_is_known_here_looks_like_any_other(self, verdict):
        row, _ = invitation(agreed=True)
        face = EnrolmentFaceFactory(
            photo__enrolment=row.enrolment,
            photo__verdict=verdict,
            photo__message="This face belongs to somebody else already (similarity 0.91).",
        )
        other = enrolled_person(1, name="Grace Hopper")
        if verdict == EnrolmentPhoto.Verdict.OTHER_PERSON:
            Likeness.objects.create(face=face, person=other, score=0.9, threshold=0.5)
        shown = own_view(face.photo)
        assert (shown.verdict, shown.badge_state) == ("usable", "accepted")
        assert "0.9" not in shown.message
        assert "somebody" not in shown.message
        assert progress_of([face.photo]).may_submit

    def test_a_poor_photo_says_why(self):
        row, _ = invitation(agreed=True)
        issues = [{"code": "blurred", "text": "The face is blurred: hold the phone still."}]
        face = EnrolmentFaceFactory(
            photo__enrolment=row.enrolment, photo__verdict="poor", issues=issues
        )
        shown = own_view(face.photo)
        assert (shown.verdict, shown.badge_label) == ("poor", "Not used")
        assert "hold the phone still" in shown.message

    def test_the_angles_that_are_missing_are_named(self):
        row, _ = invitation(agreed=True)
        for pose in ("front", "left"):
            EnrolmentFaceFactory(photo__enrolment=row.enrolment, pose=pose)
        seen = progress_of(row.enrolment.photos.all())
        assert (seen.good, seen.suggested, seen.missing) == (2, 3, ("right",))


class TestTheAnswer:
    def test_an_approval_records_the_consent_and_makes_the_person_recognisable(self):
        row = submission(identity=5)
        given = row.consented_at
        person = services.approve(row)
        consent = Consent.objects.get()
        assert (consent.person, consent.method) == (row.person, Consent.Method.LINK)
        assert (consent.signer, consent.address) == ("Ada Lovelace", "192.0.2.9")
        assert consent.given_at == given
        assert str(person.pk) in gallery_members(SPACE.id)
        assert FaceImage.objects.get().person == person
        row.refresh_from_db()
        assert row.state == "approved"
        assert "enrolment.invitation.approved" in acts()
        with pytest.raises(DomainError, match="answered already"):
            services.approve(row)

    def test_sent_back_the_same_link_works_another_day_with_the_note(self):
        row, token = invitation(agreed=True)
        EnrolmentFaceFactory(photo__enrolment=row.enrolment)
        with acting_as(actor_of(row)):
            services.submit(row)
        with time_machine.travel(timezone.now() + timedelta(days=3), tick=False):
            services.send_back(row, note="Please without the cap.")
            found = open_by_token(token)
            assert found.note == "Please without the cap."
            assert found.expires_at == timezone.now() + DAY
            assert found.enrolment.state == Enrolment.State.DRAFT
            with acting_as(actor_of(found)):
                services.submit(found)
            assert open_by_token(token) is None

    def test_sent_back_somebody_with_an_address_is_told_without_the_link(self):
        row = submission(person=PersonFactory(email="ada@example.org"))
        digest = row.digest
        services.send_back(row, note="Please without the cap.")
        assert services.mail_invitations() == 1
        [message] = mail.outbox
        assert "without the cap" in message.body
        assert "/join/" not in message.body
        row.refresh_from_db()
        assert row.digest == digest, "the link they have is the one that works"

    def test_a_note_is_needed(self):
        with pytest.raises(DomainError, match="what should be better"):
            services.send_back(submission(), note="  ")

    def test_a_declined_submission_leaves_nothing(
        self, vault_files, django_capture_on_commit_callbacks
    ):
        row = submission()
        with django_capture_on_commit_callbacks(execute=True):
            services.decline(row, reason="not the person")
        assert vault_files.blobs() == set()
        assert not Enrolment.objects.exists()
        row.refresh_from_db()
        assert (row.state, row.signer, row.consent_address) == ("declined", "", "")
        row.person.refresh_from_db()
        assert row.person.data_key_id is None
        assert not DataKey.objects.filter(use=DataKey.Use.PERSON, destroyed_at=None).exists()

    def test_a_decline_touches_no_photo_that_was_enrolled_before(self):
        person = enrolled_person(3)
        row = submission(identity=3, person=person)
        services.decline(row)
        assert str(person.pk) in gallery_members(SPACE.id)
        person.refresh_from_db()
        assert person.data_key.destroyed_at is None

    def test_a_face_of_somebody_else_waits_for_an_answer(self):
        other = enrolled_person(5, name="Grace Hopper")
        row = submission(identity=5)
        like = _claim(row, other)
        with pytest.raises(DomainError, match="belongs to somebody else"):
            services.approve(row)
        assert not Consent.objects.filter(person=row.person).exists()
        services.different_person(row.enrolment, like.person_id)
        services.approve(row)
        assert LookalikePair.objects.get().answer == LookalikePair.Answer.DIFFERENT

    def test_the_same_person_gets_the_photos_and_the_consent(self):
        other = enrolled_person(5, name="Grace Hopper")
        Consent.objects.all().delete()
        row = submission(identity=5)
        EnrolmentFace.objects.update(
            sealed_vector=seal_vector(
                vector_towards(5, similarity=0.8),
                dimension=SPACE.dimension,
                data_key=row.enrolment.data_key_id,
            )
        )
        _claim(row, other)
        services.same_person(row.enrolment, other.pk)
        row.refresh_from_db()
        assert services.approve(row) == other
        assert Consent.objects.get().person == other
        assert not row.person.images.exists()
        assert other.images.count() == 2

    def test_what_waits_outlives_a_merge(self):
        row, known = submission(identity=5), enrolled_person(9, name="Grace Hopper")
        merge_people(row.person, known)
        assert waiting_count() == 1
        row.refresh_from_db()
        services.rejudge(row.enrolment)
        with pytest.raises(DomainError, match="No photo is usable"):
            services.approve(row)  # the face is unlike the one that is enrolled
        services.vouch_for(row.enrolment.photos.get())
        assert services.approve(row) == known
        assert known.images.count() == 2


class TestThePurge:
    def test_expired_links_lose_their_photos_and_others_nothing(
        self, vault_files, django_capture_on_commit_callbacks
    ):
        expired, _ = invitation(agreed=True, expires_at=timezone.now())
        EnrolmentFaceFactory(photo__enrolment=expired.enrolment)
        before = vault_files.blobs()
        running, _ = invitation(agreed=True)
        EnrolmentFaceFactory(photo__enrolment=running.enrolment)
        waiting = submission()
        Invitation.objects.filter(pk=waiting.pk).update(expires_at=timezone.now())
        with django_capture_on_commit_callbacks(execute=True):
            assert services.purge_invitations() == 1
        assert not vault_files.blobs() & before
        assert set(Enrolment.objects.all()) == {running.enrolment, waiting.enrolment}
        expired.refresh_from_db()
        assert expired.state == "expired"
        assert expired.person.data_key_id is None

    def test_the_nightly_purge_leaves_a_link_that_works_and_ends_what_nobody_approved(self):
        with time_machine.travel(NOON, tick=False) as clock:
            forgotten, sent_back = submission(), submission()
            clock.shift(timedelta(days=13))
            services.send_back(sent_back, note="Without the cap, please.")
            clock.shift(timedelta(hours=23))
            purge_everything()
            assert Enrolment.objects.count() == 2
            with acting_as(actor_of(sent_back)):
                services.submit(sent_back)
            clock.shift(timedelta(hours=2))
            purge_everything()
        assert Enrolment.objects.get() == sent_back.enrolment
        forgotten.refresh_from_db()
        assert forgotten.state == "expired"
        assert forgotten.person.data_key_id is None

    def test_rows_go_a_month_after_their_end(self):
        with time_machine.travel(NOON, tick=False) as clock:
            invitation()
            submission()
            clock.shift(timedelta(days=30, hours=23))
            services.purge_invitations()
            assert Invitation.objects.count() == 2
            clock.shift(timedelta(hours=1))
            services.purge_invitations()
            assert Invitation.objects.get().state == "submitted"

    def test_a_legal_hold_keeps_them(self):
        person = PersonFactory(legal_hold=True)
        invitation(person=person, agreed=True, expires_at=timezone.now())
        assert services.purge_invitations() == 0
        assert Enrolment.objects.count() == 1


def _claim(row: Invitation, other: Person) -> Likeness:
    """The face that was sent in is taken for ``other``."""
    photo = row.enrolment.photos.get()
    EnrolmentPhoto.objects.filter(pk=photo.pk).update(verdict=EnrolmentPhoto.Verdict.OTHER_PERSON)
    face = photo.faces.get()
    return Likeness.objects.create(face=face, person=other, score=0.91, threshold=0.5)
