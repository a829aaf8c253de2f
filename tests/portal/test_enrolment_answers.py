"""What is asked during an enrolment: the same person, or another; this person after all, or not."""

from __future__ import annotations

from uuid import uuid4

import pytest

from portal.audit.models import AuditEntry
from portal.core.context import Actor, Scope, acting_as
from portal.core.errors import DomainError, NotFound
from portal.core.models import DataKey
from portal.core.policies import permissions_of
from portal.core.vault import key_id_of, vault
from portal.enrolment import services
from portal.enrolment.access import may_edit_draft
from portal.enrolment.models import Enrolment, EnrolmentPhoto, Likeness
from portal.enrolment.selectors import draft_view, lookalikes_of, visible_draft
from portal.enrolment.services import ExaminedFace, Resembled
from portal.enrolment.templatetags.enrolment import verdict_words
from portal.people.models import LookalikePair, Person
from portal.people.services import PersonDetails
from tests.factories import (
    EnrolmentFactory,
    EnrolmentPhotoFactory,
    SpaceFactory,
    enrolled_person,
)
from tests.factories.faces import SPACE, vector_towards
from tests.factories.pictures import fresh_jpeg

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("administrator")]

V = EnrolmentPhoto.Verdict
CLEO = PersonDetails(name="Cleo")


def photo_in(draft: Enrolment, identity: int, *like: tuple[Person, float], side: int = 40) -> EnrolmentPhoto:  # fmt: skip
    """A photo that was examined: whose it looks like, and whom in the gallery."""
    SpaceFactory()
    photo = EnrolmentPhotoFactory(enrolment=draft)
    key = services.data_key_of(draft)
    face = ExaminedFace(
        box=[1.0, 2.0, 3.0, 4.0],
        quality={"score": 0.8, "eye_distance_px": 60.0},
        issues=[],
        portrait_key=vault().put("portraits", fresh_jpeg(), data_key=key),
        aligned_key=vault().put("aligned", fresh_jpeg(), data_key=key),
        vector=vector_towards(identity, similarity=0.8, other=side),
        nearest_id=None,
        nearest_score=None,
        is_match=False,
        resembles=[Resembled(str(who.pk), score, 0.52) for who, score in like],
    )
    services.record_examination(
        photo.pk, space_id=SPACE.id, dimension=SPACE.dimension, faces=[face]
    )
    photo.refresh_from_db()
    return photo


def verdicts(draft: Enrolment) -> list[str]:
    return list(draft.photos.order_by("id").values_list("verdict", flat=True))


class TestLookalikes:
    @pytest.fixture
    def bob(self) -> Person:
        return enrolled_person(5, name="Bob")

    def test_both_pictures_the_score_and_the_threshold_are_shown(self, bob):
        draft = EnrolmentFactory()
        photo_in(draft, 5, (bob, 0.61))
        photo_in(draft, 5, (bob, 0.83), side=41)
        [found] = lookalikes_of(draft_view(draft))
        assert (found.person, found.portrait_id) == (bob, bob.images.get().pk)
        assert (found.likeness.score, found.likeness.threshold) == (0.83, 0.52)
        assert found.face.photo.enrolment == draft

    def test_nothing_is_confirmed_before_somebody_answered(self, bob):
        draft = EnrolmentFactory()
        photo_in(draft, 5, (bob, 0.7))
        photo_in(draft, 5, side=41)
        with pytest.raises(DomainError) as refused:
            services.confirm_enrolment(draft, CLEO, has_consent=True)
        assert (refused.value.code, refused.value.http_status) == ("enrolment.lookalike", 409)
        assert not Person.objects.filter(name="Cleo").exists()

    def test_the_same_person_gets_the_photos_and_nobody_is_enrolled_twice(
        self, bob, vault_files, django_capture_on_commit_callbacks
    ):
        draft = services.start_enrolment()
        own_key = draft.data_key_id
        photo = photo_in(draft, 5, (bob, 0.7))
        before = vault().get(photo.photo_key)
        count = len(vault_files.blobs())
        with django_capture_on_commit_callbacks(execute=True):
            services.same_person(draft, bob.pk)
        draft.refresh_from_db()
        photo.refresh_from_db()
        assert (draft.person, draft.data_key_id) == (bob, bob.data_key_id)
        assert DataKey.objects.get(pk=own_key).destroyed_at is not None
        assert vault().get(photo.photo_key) == before, "nothing was lost"
        assert key_id_of(bytes(photo.faces.get().sealed_vector)) == bob.data_key_id
        assert len(vault_files.blobs()) == count, "no copy under the former key stays behind"
        assert verdicts(draft) == [V.USABLE]
        with django_capture_on_commit_callbacks(execute=True):
            assert services.confirm_enrolment(draft, None, has_consent=False) == bob
        assert bob.images.count() == 2
        assert not LookalikePair.objects.exists()
        entry = AuditEntry.objects.get(action="enrolment.lookalike.same")
        assert entry.after == {"person": str(bob.pk), "score": 0.7, "threshold": 0.52}

    def test_photos_meant_for_somebody_else_change_hands(self, bob):
        ada = enrolled_person(9, name="Ada")
        draft = services.start_enrolment(ada)
        photo_in(draft, 5, (bob, 0.7))
        services.same_person(draft, bob.pk)
        draft.refresh_from_db()
        assert draft.person == bob
        assert DataKey.objects.get(pk=ada.data_key_id).destroyed_at is None
        assert AuditEntry.objects.get(action="enrolment.lookalike.same").before == {
            "person": str(ada.pk)
        }

    def test_the_answer_waits_for_photos_that_are_being_examined(self, bob):
        draft = EnrolmentFactory()
        photo_in(draft, 5, (bob, 0.7))
        EnrolmentPhotoFactory(enrolment=draft)
        with pytest.raises(DomainError) as refused:
            services.same_person(draft, bob.pk)
        assert refused.value.code == "enrolment.pending"

    def test_a_different_person_is_recorded_as_a_look_alike_and_the_enrolment_goes_on(self, bob):
        draft = EnrolmentFactory()
        photo_in(draft, 5, (bob, 0.61))
        photo_in(draft, 5, (bob, 0.83), side=41)
        assert verdicts(draft) == [V.OTHER_PERSON] * 2
        services.different_person(draft, bob.pk)
        assert verdicts(draft) == [V.USABLE] * 2
        assert AuditEntry.objects.get(action="enrolment.lookalike.different").after == {
            "person": str(bob.pk),
            "score": 0.83,
            "threshold": 0.52,
        }
        cleo = services.confirm_enrolment(draft, CLEO, has_consent=True)
        pair = LookalikePair.objects.get()
        assert {pair.first, pair.second} == {bob, cleo}
        assert (pair.score, pair.answer) == (0.83, LookalikePair.Answer.DIFFERENT)
        assert (pair.answered_by, pair.space_id) == ("ada@example.org", SPACE.id)
        assert pair.answered_at is not None

    def test_the_answer_holds_for_the_next_photo_of_the_draft(self, bob):
        draft = EnrolmentFactory()
        photo_in(draft, 5, (bob, 0.7))
        services.different_person(draft, bob.pk)
        photo_in(draft, 5, (bob, 0.9), side=41)
        assert verdicts(draft) == [V.USABLE] * 2
        assert {like.answered_by for like in Likeness.objects.all()} == {"ada@example.org"}

    def test_an_answer_of_an_earlier_day_is_not_asked_for_again(self, bob):
        twin = enrolled_person(6, name="Twin")
        first, second = sorted((bob, twin), key=lambda person: person.pk)
        LookalikePair.objects.create(
            first=first,
            second=second,
            space=SpaceFactory(),
            score=0.7,
            answer=LookalikePair.Answer.DIFFERENT,
            answered_by="hr@example.org",
        )
        draft = services.start_enrolment(twin)
        assert photo_in(draft, 6, (bob, 0.8)).verdict == V.USABLE

    def test_a_pair_that_nobody_answered_still_stops(self, bob):
        twin = enrolled_person(6, name="Twin")
        first, second = sorted((bob, twin), key=lambda person: person.pk)
        LookalikePair.objects.create(first=first, second=second, space=SpaceFactory(), score=0.7)
        draft = services.start_enrolment(twin)
        assert photo_in(draft, 6, (bob, 0.8)).verdict == V.OTHER_PERSON

    def test_whoever_resembles_two_is_asked_about_both(self, bob):
        carl = enrolled_person(7, name="Carl")
        draft = EnrolmentFactory()
        photo_in(draft, 5, (carl, 0.8), (bob, 0.79))
        found = lookalikes_of(draft_view(draft))
        assert [one.person for one in found] == [carl, bob]
        services.different_person(draft, carl.pk)
        assert [one.person for one in lookalikes_of(draft_view(draft))] == [bob]
        assert verdicts(draft) == [V.OTHER_PERSON]
        services.different_person(draft, bob.pk)
        assert verdicts(draft) == [V.USABLE]
        services.confirm_enrolment(draft, CLEO, has_consent=True)
        assert LookalikePair.objects.count() == 2

    def test_removing_the_photo_ends_the_question(self, bob):
        draft = EnrolmentFactory()
        photo = photo_in(draft, 5, (bob, 0.7))
        photo_in(draft, 9)
        services.drop_photo(photo)
        assert lookalikes_of(draft_view(draft)) == []
        services.confirm_enrolment(draft, CLEO, has_consent=True)
        assert not LookalikePair.objects.exists()

    def test_there_is_no_answer_where_nothing_was_asked(self, bob):
        draft = EnrolmentFactory()
        photo_in(draft, 9)
        for answer in (services.same_person, services.different_person):
            with pytest.raises(NotFound):
                answer(draft, bob.pk)
            with pytest.raises(NotFound):
                answer(draft, uuid4())


class TestScope:
    """Ines looks after one site; Bob works at another."""

    @pytest.fixture
    def bob(self) -> Person:
        return enrolled_person(5, name="Bob Sekret")

    @pytest.fixture
    def ines(self) -> Actor:
        return Actor(
            kind="user",
            id="9",
            label="ines@example.org",
            permissions=permissions_of("hr"),
            scope=Scope(site_ids=frozenset({uuid4()})),
        )

    def test_a_name_is_told_to_those_who_may_see_its_bearer(self, bob, ines):
        draft = EnrolmentFactory(created_by="ines@example.org")
        photo = photo_in(draft, 5, (bob, 0.7))
        assert "Bob Sekret" in verdict_words(photo)
        with acting_as(ines):
            [found] = lookalikes_of(draft_view(visible_draft(draft.pk)))
            assert (found.person, found.portrait_id) == (None, None)
            assert "Bob" not in verdict_words(photo)
            for answer in (services.same_person, services.different_person):
                with pytest.raises(NotFound):
                    answer(draft, bob.pk)
        assert verdicts(draft) == [V.OTHER_PERSON]

    @pytest.mark.parametrize(
        ("created_by", "of_bob", "may", "why"),
        [
            ("ines@example.org", False, True, "her own draft of somebody new"),
            ("ada@example.org", False, False, "another's draft: whose face it is nobody knows yet"),
            ("ines@example.org", True, False, "she began it, but the person moved to another site"),
        ],
    )
    def test_whose_drafts_can_be_worked_on(self, bob, ines, created_by, of_bob, may, why):
        draft = EnrolmentFactory(created_by=created_by, person=bob if of_bob else None)
        assert may_edit_draft(ines, draft) is may, why
        with acting_as(ines):
            if may:
                assert visible_draft(draft.pk) == draft
            else:
                with pytest.raises(NotFound):
                    visible_draft(draft.pk)


class TestSetAside:
    def test_a_photo_unlike_the_others_is_not_used_until_somebody_vouches(self):
        draft = EnrolmentFactory()
        photo_in(draft, 1)
        photo_in(draft, 1, side=41)
        odd = photo_in(draft, 2, side=42)
        assert (odd.verdict, odd.badge_state) == (V.UNLIKE, "warning")
        assert "0.42 is needed" in odd.message
        services.vouch_for(odd)
        assert verdicts(draft) == [V.USABLE] * 3
        entry = AuditEntry.objects.get(action="enrolment.photo.vouched")
        assert entry.after == {"photo": str(odd.pk)}
        assert "similarity" in entry.reason
        services.confirm_enrolment(draft, CLEO, has_consent=True)
        assert AuditEntry.objects.get(action="enrolment.confirmed").after == {
            "photos": 3,
            "dropped": 0,
            "vouched": 1,
            "lookalikes": 0,
        }

    def test_without_a_word_it_is_dropped_with_the_confirmation(self):
        draft = EnrolmentFactory()
        for identity, side in ((1, 40), (1, 41), (2, 42)):
            photo_in(draft, identity, side=side)
        person = services.confirm_enrolment(draft, CLEO, has_consent=True)
        assert person.images.count() == 2

    def test_verdicts_follow_what_is_added_and_removed(self):
        draft = EnrolmentFactory()
        wrong, right = photo_in(draft, 2), photo_in(draft, 1, side=41)
        assert verdicts(draft) == [V.UNLIKE] * 2, "either may be wrong"
        assert "remove those that are wrong" in draft.photos.first().message
        photo_in(draft, 1, side=42)
        assert verdicts(draft) == [V.UNLIKE, V.USABLE, V.USABLE]
        services.drop_photo(right)
        services.drop_photo(draft.photos.order_by("id").last())
        wrong.refresh_from_db()
        assert wrong.verdict == V.USABLE, "alone it is unlike nothing"

    def test_what_is_enrolled_decides(self):
        bob = enrolled_person(5, name="Bob")
        draft = services.start_enrolment(bob)
        photo_in(draft, 1)
        photo_in(draft, 1, side=41)
        assert verdicts(draft) == [V.UNLIKE] * 2
        assert "enrolled" in draft.photos.first().message

    def test_only_what_was_set_aside_can_be_vouched_for(self):
        draft = EnrolmentFactory()
        with pytest.raises(DomainError) as refused:
            services.vouch_for(photo_in(draft, 1))
        assert (refused.value.code, refused.value.http_status) == ("enrolment.not_set_aside", 409)
