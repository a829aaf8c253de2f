"""Merging, moving and undoing: the cases that the random tests do not name."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import serializers
from django.utils import timezone

from portal.audit.models import AuditEntry
from portal.core.context import Actor, acting_as
from portal.core.errors import DomainError, PermissionMissing
from portal.core.policies import permissions_of
from portal.core.vault import VaultError, vault
from portal.journal.models import Act
from portal.journal.services import expire_acts, undo_act
from portal.people.models import Credential, FaceImage, LookalikePair, Person
from portal.people.selectors import gallery_members, gallery_vectors, visible_people
from portal.people.services import (
    PersonDetails,
    create_person,
    erase_person,
    leave_when_due,
    mark_left,
    merge_people,
    move_photo,
    plan_merge,
    reinstate_person,
    remove_person,
    remove_photo,
    restore_person,
    set_aside,
    suspend_person,
    take_in,
    withdraw_consent,
)
from portal.people.services.merge_plan import MOVES, STAYS
from tests.conftest import rolled_back
from tests.factories import (
    ConsentFactory,
    EnrolmentFactory,
    FaceImageFactory,
    FaceTemplateFactory,
    PersonFactory,
    RecognisedFaceFactory,
    SpaceFactory,
    enrolled_person,
)
from tests.factories.faces import SPACE

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("administrator")]


def members() -> dict[str, int]:
    return {who: len(ids) for who, ids in gallery_members(SPACE.id).items()}


def refused(act: Act) -> str:
    """The reason why it cannot be undone."""
    with pytest.raises(DomainError) as error:
        undo_act(act)
    assert (error.value.code, error.value.http_status) == ("journal.in_the_way", 409)
    return error.value.message


class TestMerging:
    def test_two_people_may_bear_the_same_name(self):
        """photoprism#2397 made one of them."""
        first = create_person(PersonDetails(name="Ada Lovelace"))
        second = create_person(PersonDetails(name="Ada Lovelace"))
        assert first.pk != second.pk
        assert first.code != second.code
        assert visible_people().filter(name="Ada Lovelace").count() == 2

    def test_what_is_the_sources_is_the_targets_and_is_found_as_such(self):
        source, target = enrolled_person(0, photos=2), enrolled_person(1)
        RecognisedFaceFactory(person=source, decision="match")
        merge_people(source, target)
        source.refresh_from_db()
        assert (source.status, source.merged_into) == ("merged", target)
        assert members() == {str(target.pk): 3}
        assert len(gallery_vectors(SPACE.id, [str(target.pk)])[str(target.pk)]) == 3
        assert target.sightings.count() == 1
        assert list(visible_people()) == [target]

    def test_the_code_of_the_one_that_went_stays_taken(self):
        source, target = enrolled_person(0, code="17"), enrolled_person(1)
        merge_people(source, target)
        with pytest.raises(DomainError, match="17"):
            create_person(PersonDetails(name="Eve", code="17"))

    def test_the_plan_says_beforehand_what_the_merge_does(self):
        source, target = enrolled_person(0, photos=2, name="Ada"), enrolled_person(1, name="Bob")
        target.consents.all().delete()
        same = FaceImageFactory(person=source)
        FaceImageFactory(person=target, photo_sha256=same.photo_sha256)
        for person, kind in ((source, "pin"), (source, "qr"), (target, "pin")):
            Credential.objects.create(person=person, kind=kind, digest=f"{kind} {person.pk}")
        EnrolmentFactory(person=source)
        RecognisedFaceFactory(person=source, decision="match")
        plan = plan_merge(source, target)
        assert (plan.photos, plan.templates, plan.sightings) == (2, 2, 1)
        assert (plan.consents, plan.credentials, plan.drafts) == (1, 1, 1)
        said = " ".join(plan.stays)
        assert source.code in said
        assert "1 photo is the same in both" in said
        assert "The PIN of Ada stops working" in said
        before = target.images.count()
        merge_people(source, target)
        assert target.images.count() == before + plan.photos
        assert target.sightings.count() == plan.sightings
        assert target.consents.count() == plan.consents

    def test_a_merge_against_what_was_said_before_is_warned_of(self):
        source, target = sorted((enrolled_person(0), enrolled_person(1)), key=lambda p: p.pk)
        LookalikePair.objects.create(
            first=source, second=target, space=SpaceFactory(), score=0.6,
            answer="different", answered_by="eve@example.org", answered_at=timezone.now(),
        )  # fmt: skip
        (warning,) = plan_merge(target, source).warnings
        assert "marked as different people" in warning
        assert "eve@example.org" in warning

    def test_whoever_is_not_active_is_warned_of(self):
        source, target = enrolled_person(0), enrolled_person(1)
        suspend_person(target)
        target.refresh_from_db()
        (warning,) = plan_merge(source, target).warnings
        assert "Suspended" in warning

    @pytest.mark.parametrize("gone", [remove_person, erase_person], ids=["removed", "erased"])
    def test_nobody_is_merged_with_who_is_gone(self, gone):
        source, target = enrolled_person(0), enrolled_person(1)
        gone(target)
        for pair in ((source, target), (target, source), (source, source)):
            with pytest.raises(DomainError):
                merge_people(*pair)
        assert members() == {str(source.pk): 1}

    def test_after_an_erasure_of_the_one_that_remains_nothing_of_either_can_be_read(
        self, data_dir, django_capture_on_commit_callbacks
    ):
        source, target = enrolled_person(0, name="Ada"), enrolled_person(1, name="Bob")
        with django_capture_on_commit_callbacks(execute=True):
            merge_people(source, target)
        backups = [
            (data_dir / "media" / image.portrait_key).read_bytes() for image in target.images.all()
        ]
        with django_capture_on_commit_callbacks(execute=True):
            erase_person(target)
        assert len(backups) == 2
        for sealed in backups:
            with pytest.raises(VaultError):
                vault().open(sealed, purpose="portraits")
        assert not Act.objects.exists(), "the journal forgets whom it named"
        stored = serializers.serialize("json", [*Person.objects.all(), *Act.objects.all()])
        assert "Ada" not in stored
        assert "Bob" not in stored

    def test_every_table_that_points_at_a_person_is_decided_about(self):
        pointing = {
            f"{field.related_model._meta.label}.{field.field.name}"
            for field in Person._meta.get_fields(include_hidden=True)
            if field.auto_created and (field.one_to_many or field.one_to_one)
        }
        assert pointing == MOVES | set(STAYS), (
            "a new table about people moves with a merge or stays, with the reason"
        )


class TestUndoOfAMerge:
    @pytest.mark.parametrize(
        ("since", "reason"),
        [
            (lambda source, target, other: remove_person(target), "“Removed” by now"),
            (lambda source, target, other: merge_people(target, other), "“Merged” by now"),
            (
                lambda source, target, other: move_photo(
                    target.images.get(photo_sha256="a"), other
                ),
                "is Third's by now",
            ),
        ],
    )
    def test_what_stands_in_the_way_is_said_and_can_be_undone_first(self, since, reason):
        source, target, other = (enrolled_person(n) for n in range(3))
        Person.objects.filter(pk=other.pk).update(name="Third")
        FaceTemplateFactory(image=FaceImageFactory(person=source, photo_sha256="a"))
        other.refresh_from_db()
        act = merge_people(source, target)
        later = since(source, target, other)
        assert reason in refused(act)
        undo_act(later)
        undo_act(act)
        assert members()[str(source.pk)] == 2

    def test_photos_taken_under_the_consent_that_came_along_are_not_left_without_one(self):
        source, target = enrolled_person(0), PersonFactory()
        act = merge_people(source, target)
        new = FaceImageFactory(person=target)
        FaceTemplateFactory(image=new)
        assert "left without any" in refused(act)
        remove_photo(new)
        undo_act(act)
        assert members() == {str(source.pk): 1}

    def test_after_a_withdrawal_the_two_can_still_be_told_apart(self):
        source, target = enrolled_person(0, name="Ada"), enrolled_person(1, name="Bob")
        act = merge_people(source, target)
        withdraw_consent(Person.objects.get(pk=target.pk))
        undo_act(act)
        source.refresh_from_db()
        assert (source.status, source.name) == ("active", "Ada")
        assert not FaceImage.objects.exists()

    def test_only_once_and_only_for_thirty_days(self):
        source, target = enrolled_person(0), enrolled_person(1)
        act = merge_people(source, target)
        undo_act(act)
        with pytest.raises(DomainError, match="undone already"):
            undo_act(act)
        late = merge_people(Person.objects.get(pk=source.pk), Person.objects.get(pk=target.pk))
        Act.objects.filter(pk=late.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
        with pytest.raises(DomainError, match="30 days only"):
            undo_act(late)

    def test_blobs_are_written_before_and_deleted_after_the_commit(
        self, vault_files, django_capture_on_commit_callbacks
    ):
        source, target = enrolled_person(0), enrolled_person(1)
        before = vault_files.blobs()
        with rolled_back():
            merge_people(source, target)
        assert before <= vault_files.blobs(), "a crash loses no picture"
        image = source.images.get()
        assert vault().get(image.portrait_key)
        with django_capture_on_commit_callbacks(execute=True):
            merge_people(source, target)
        assert not {image.portrait_key, image.aligned_key} & vault_files.blobs()


class TestMoving:
    def test_without_a_consent_of_the_other_no_photo_is_moved(self):
        image, other = enrolled_person(0).images.get(), PersonFactory()
        with pytest.raises(DomainError) as error:
            move_photo(image, other)
        assert error.value.code == "consent.missing"

    def test_a_photo_that_was_set_aside_is_in_use_with_whom_it_belongs_to(self):
        image, other = enrolled_person(0).images.get(), enrolled_person(1)
        set_aside(image, reason="unlike")
        act = move_photo(image, other)
        assert members() == {str(other.pk): 2}
        undo_act(act)
        image.refresh_from_db()
        assert (image.state, image.state_reason) == ("set_aside", "unlike")

    def test_the_same_photo_is_not_moved_onto_itself(self):
        first, second = enrolled_person(0), enrolled_person(1)
        image = first.images.get()
        FaceImageFactory(person=second, photo_sha256=image.photo_sha256)
        for target, code in ((first, "photo.same_person"), (second, "photo.repeated")):
            with pytest.raises(DomainError) as error:
                move_photo(image, target)
            assert error.value.code == code

    def test_an_undo_after_the_others_consent_ended_is_refused(self):
        first, second = enrolled_person(0, photos=2), enrolled_person(1)
        act = move_photo(first.images.all()[0], second)
        withdraw_consent(first)
        assert "consent was withdrawn" in refused(act)


class TestLeaving:
    @pytest.fixture
    def person(self):
        made = enrolled_person(0)
        Credential.objects.create(person=made, kind="pin", digest="x")
        return made

    def test_who_left_has_no_template_in_use_and_no_credential(self, person):
        act = mark_left(person, timezone.localdate())
        assert members() == {}
        assert not person.credentials.filter(revoked_at=None).exists()
        undo_act(act)
        person.refresh_from_db()
        assert (person.status, person.employed_to) == ("active", None)
        assert members() == {str(person.pk): 1}
        assert person.credentials.filter(revoked_at=None).count() == 1

    def test_a_day_to_come_is_noted_and_kept(self, person):
        tomorrow = timezone.localdate() + timedelta(days=1)
        mark_left(person, tomorrow)
        person.refresh_from_db()
        assert (person.status, person.employed_to) == ("active", tomorrow)
        assert leave_when_due() == 0
        Person.objects.update(employed_to=timezone.localdate() - timedelta(days=1))
        assert leave_when_due() == 1
        assert leave_when_due() == 0
        assert members() == {}

    def test_the_last_day_is_not_before_the_first(self, person):
        person.employed_from = timezone.localdate()
        person.save()
        with pytest.raises(DomainError, match="before the first"):
            mark_left(person, timezone.localdate() - timedelta(days=1))

    def test_somebody_who_comes_back_has_no_last_day(self, person):
        mark_left(person, timezone.localdate())
        reinstate_person(person)
        person.refresh_from_db()
        assert (person.status, person.employed_to) == ("active", None)

    def test_a_pin_given_since_stays_the_valid_one(self, person):
        act = remove_person(person)
        restore_person(person)
        new = Credential.objects.create(person=person, kind="pin", digest="new")
        suspended = suspend_person(person)
        assert "by now" in refused(act)
        assert suspended.credentials.get(revoked_at=None) == new


class TestRemoving:
    def test_who_was_removed_is_nowhere_and_comes_back_whole(self):
        person = enrolled_person(0, photos=2, name="Ada")
        act = remove_person(person, reason="entered by mistake")
        assert not visible_people().exists()
        assert members() == {}
        undo_act(act)
        assert visible_people().get().name == "Ada"
        assert members() == {str(person.pk): 2}
        assert AuditEntry.objects.get(action="people.person.removed").reason == "entered by mistake"

    def test_a_photo_that_is_sent_again_is_in_use_again(self):
        from portal.people.services import add_face
        from tests.portal.test_people import new_face

        person = PersonFactory()
        ConsentFactory(person=person)
        image = add_face(person, new_face(0))
        act = remove_photo(image)
        assert add_face(person, new_face(0)) == image
        assert members() == {str(person.pk): 1}
        assert "“In use” by now" in refused(act)
        Act.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        assert expire_acts() == 1
        assert members() == {str(person.pk): 1}, "what is in use is not deleted with the old act"

    def test_of_two_deletions_the_later_one_decides_when_the_photo_goes(self):
        image = enrolled_person(0).images.get()
        first = remove_photo(image)
        FaceImage.objects.filter(pk=image.pk).update(state="active")
        remove_photo(image)
        Act.objects.filter(pk=first.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
        assert expire_acts() == 1
        assert FaceImage.objects.filter(pk=image.pk).exists()

    def test_what_is_so_already_is_refused_and_noted_once(self):
        image = enrolled_person(0).images.get()
        set_aside(image)
        with pytest.raises(DomainError, match="already"):
            set_aside(image)
        take_in(image)
        assert Act.objects.count() == 2


ACTS = {
    "merge": merge_people,
    "plan": plan_merge,
    "move": lambda person, other: move_photo(person.images.get(), other),
    "remove": lambda person, other: remove_person(person),
    "restore": lambda person, other: restore_person(person),
    "left": lambda person, other: mark_left(person, timezone.localdate()),
    "set aside": lambda person, other: set_aside(person.images.get()),
    "take in": lambda person, other: take_in(person.images.get()),
}


@pytest.mark.parametrize("name", ACTS)
@pytest.mark.parametrize("role", ["officer", "auditor", "manager", "employee", "nobody"])
def test_only_those_who_manage_people_may(name, role):
    person, other = enrolled_person(0), enrolled_person(1)
    actor = Actor(kind="user", permissions=permissions_of(role))
    with acting_as(actor), pytest.raises(PermissionMissing):
        ACTS[name](person, other)
    assert not Act.objects.exists()
