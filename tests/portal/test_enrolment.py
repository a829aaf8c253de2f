"""Enrolment: photos in, verdicts, the pick among several faces, one confirmation, no leftovers."""

from __future__ import annotations

from uuid import uuid4

import pytest

from portal.audit.models import AuditEntry
from portal.core.context import Actor, acting_as
from portal.core.errors import DomainError, NotFound, PermissionMissing
from portal.core.policies import permissions_of
from portal.core.vault import vault
from portal.enrolment import services
from portal.enrolment.models import Enrolment, EnrolmentFace, EnrolmentPhoto
from portal.enrolment.selectors import draft_view, visible_draft
from portal.enrolment.services import ExaminedFace, Resembled
from portal.enrolment.services.draft import MAX_PHOTOS
from portal.enrolment.templatetags.enrolment import verdict_words
from portal.enrolment.verdicts import judge
from portal.people.models import FaceImage, Person
from portal.people.selectors import gallery_members, gallery_revision
from portal.people.services import PersonDetails, erase_person
from tests.factories import (
    EnrolmentFaceFactory,
    EnrolmentFactory,
    EnrolmentPhotoFactory,
    PersonFactory,
    SpaceFactory,
    enrolled_person,
)
from tests.factories.faces import SPACE, vector_of, vector_towards
from tests.factories.pictures import REFUSED, fresh_jpeg, jpeg, refused_picture

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("administrator")]

V = EnrolmentPhoto.Verdict
ADA = PersonDetails(name="Ada Lovelace", code="17")


def found(identity: int = 0, **changes: object) -> ExaminedFace:
    fields = {
        "box": [1.0, 2.0, 3.0, 4.0],
        "quality": {"score": 0.9, "eye_distance_px": 60.0},
        "issues": [],
        "portrait_key": vault().put("portraits", jpeg()),
        "aligned_key": vault().put("aligned", jpeg()),
        "vector": vector_of(identity),
        "nearest_id": None,
        "nearest_score": None,
        "is_match": False,
    }
    if (person := changes.pop("like", None)) is not None:
        fields["resembles"] = [Resembled(str(person), 0.9, 0.5)]
    return ExaminedFace(**{**fields, **changes})


def examine(photo: EnrolmentPhoto, *faces: ExaminedFace) -> EnrolmentPhoto | None:
    SpaceFactory()
    return services.record_examination(
        photo.pk, space_id=SPACE.id, dimension=SPACE.dimension, faces=faces
    )


def usable_photo(draft: Enrolment, identity: int = 0) -> EnrolmentPhoto:
    return EnrolmentFaceFactory(photo__enrolment=draft, identity=identity).photo


def face(**changes: object) -> EnrolmentFace:
    fields = {"quality": {"score": 0.9, "eye_distance_px": 60.0}, "issues": []}
    return EnrolmentFace(**{**fields, **changes})


BLURRED = {"code": "blurred", "text": "The face is blurred."}
SMALL = {"code": "too_small", "text": "The face is too small."}
# faces, picked, positions that are somebody else's -> verdict, position, words that must be said
VERDICTS = {
    "nobody": (([], None), (V.NO_FACE, None, "No face was found")),
    "one good face": (([face()], None), (V.USABLE, 0, "quality 0.90 of 1, 60 px")),
    "one blurred face": (([face(issues=[BLURRED])], None), (V.POOR, 0, "is blurred")),
    "every issue is told": (
        ([face(issues=[SMALL, BLURRED])], None),
        (V.POOR, 0, "too small. The face is blurred"),
    ),
    "two faces": (([face(), face()], None), (V.SEVERAL_FACES, None, "2 faces")),
    "two faces, second picked": (([face(), face()], 1), (V.USABLE, 1, "Good")),
    "the picked one is poor": (
        ([face(), face(issues=[BLURRED])], 1),
        (V.POOR, 1, "blurred"),
    ),
    "only the other one is poor": (
        ([face(), face(issues=[BLURRED])], 0),
        (V.USABLE, 0, "Good"),
    ),
    "somebody else, whose name is not stored": (
        ([face()], None, {0: 0.91}),
        (V.OTHER_PERSON, 0, "belongs to somebody else already (similarity 0.91)"),
    ),
    "somebody else, and poor": (
        ([face(issues=[BLURRED])], None, {0: 0.91}),
        (V.OTHER_PERSON, 0, "somebody else"),
    ),
    "a bystander is somebody else": (
        ([face(), face()], 0, {1: 0.91}),
        (V.USABLE, 0, "Good"),
    ),
}


@pytest.mark.parametrize("name", VERDICTS)
def test_verdict_about_a_photo(name):
    (faces, chosen, *claimed), (code, position, words) = VERDICTS[name]
    verdict = judge(faces, chosen=chosen, claimed=dict(*claimed))
    assert (verdict.code, verdict.chosen) == (code, position)
    assert words in verdict.message


class TestAddingPhotos:
    def test_a_photo_is_kept_without_its_metadata_and_its_examination_asked_for(
        self, sent_tasks, django_capture_on_commit_callbacks
    ):
        draft = services.start_enrolment()
        assert draft.created_by == "ada@example.org"
        with django_capture_on_commit_callbacks(execute=True):
            row = services.add_photo(draft, jpeg(), file_name="a" * 300, source="upload")
            assert sent_tasks == []
        assert sent_tasks == [("enrolment.examine", [str(row.pk)], "recognition")]
        assert (row.verdict, row.width_px, row.height_px) == (V.PENDING, 160, 120)
        assert len(row.file_name) == 200
        assert vault().get(row.photo_key)[:2] == b"\xff\xd8"

    def test_the_same_photo_twice_is_one_photo(self, vault_files):
        draft = services.start_enrolment()
        first = services.add_photo(draft, jpeg(), file_name="a.jpg", source="upload")
        again = services.add_photo(draft, jpeg(), file_name="b.jpg", source="upload")
        assert again == first
        assert len(vault_files.blobs()) == 1
        other = services.start_enrolment()
        assert services.add_photo(other, jpeg(), file_name="a.jpg", source="upload") != first

    def test_the_twenty_first_photo_is_refused_and_leaves_nothing_behind(self, vault_files):
        draft = EnrolmentFactory()
        EnrolmentPhotoFactory.create_batch(MAX_PHOTOS, enrolment=draft)
        before = vault_files.blobs()
        with pytest.raises(DomainError, match="at most 20") as refused:
            services.add_photo(draft, fresh_jpeg(), file_name="a.jpg", source="upload")
        assert refused.value.code == "enrolment.too_many_photos"
        assert vault_files.blobs() == before

    @pytest.mark.parametrize("name", REFUSED)
    def test_a_bad_picture_is_refused_and_the_good_one_beside_it_stays(self, name):
        draft = services.start_enrolment()
        good = services.add_photo(draft, jpeg(), file_name="a.jpg", source="upload")
        status, code = REFUSED[name]
        with pytest.raises(DomainError) as refused:
            services.add_photo(draft, refused_picture(name), file_name="b.jpg", source="upload")
        assert (refused.value.http_status, refused.value.code) == (status, code)
        assert list(draft.photos.all()) == [good]

    @pytest.mark.parametrize("state", [Enrolment.State.CONFIRMED, Enrolment.State.CANCELLED])
    def test_an_enrolment_that_ended_takes_no_photo(self, state):
        with pytest.raises(DomainError) as refused:
            services.add_photo(
                EnrolmentFactory(state=state), jpeg(), file_name="a.jpg", source="upload"
            )
        assert (refused.value.code, refused.value.http_status) == ("enrolment.ended", 409)

    @pytest.mark.parametrize("role", ["officer", "auditor"])
    def test_enrolling_is_for_those_who_manage_people(self, role):
        draft, photo = EnrolmentFactory(), EnrolmentPhotoFactory()
        with acting_as(Actor(kind="user", permissions=permissions_of(role))):
            for act in (
                services.start_enrolment,
                lambda: services.add_photo(draft, jpeg(), file_name="", source="upload"),
                lambda: services.choose_face(photo, 0),
                lambda: services.drop_photo(photo),
                lambda: services.cancel_enrolment(draft),
                lambda: services.confirm_enrolment(draft, ADA, has_consent=True),
            ):
                with pytest.raises(PermissionMissing):
                    act()


class TestExamination:
    def test_what_was_found_is_written_down_once(self):
        photo = EnrolmentPhotoFactory()
        assert examine(photo, found(1)).verdict == V.USABLE
        assert examine(photo, found(2), found(3)) is None
        photo.refresh_from_db()
        assert (photo.state, photo.verdict, photo.chosen) == ("examined", V.USABLE, 0)
        assert photo.faces.count() == 1
        assert bytes(photo.faces.get().sealed_vector)[:4] == b"GHV2"

    def test_a_photo_that_was_dropped_meanwhile_is_no_error(self):
        photo = EnrolmentPhotoFactory()
        pk = photo.pk
        photo.delete()
        services.examination_failed(pk, "x")
        SpaceFactory()
        assert (
            services.record_examination(
                pk, space_id=SPACE.id, dimension=SPACE.dimension, faces=[found()]
            )
            is None
        )

    @pytest.mark.parametrize(
        ("is_match", "for_themselves", "verdict", "why"),
        [
            (True, False, V.OTHER_PERSON, "two people with one face cannot be told apart"),
            (True, True, V.USABLE, "more photos of the same person"),
            (False, False, V.USABLE, "similar, but the rule would not name them"),
        ],
    )
    def test_a_face_that_is_somebodys_already(self, is_match, for_themselves, verdict, why):
        bob = enrolled_person(0, name="Bob")
        draft = EnrolmentFactory(person=bob if for_themselves else None)
        photo = EnrolmentPhotoFactory(enrolment=draft)
        look = vector_towards(0, similarity=0.9)
        examine(photo, found(vector=look, like=bob.pk if is_match else None))
        photo.refresh_from_db()
        assert photo.verdict == verdict, why
        assert ("Bob" in verdict_words(photo)) is (verdict == V.OTHER_PERSON)
        assert "Bob" not in photo.message, "a stored name would outlive its bearer's erasure"

    def test_a_nearest_person_who_is_gone_is_nobody(self):
        photo = EnrolmentPhotoFactory()
        examine(photo, found(0, like=uuid4()))
        photo.refresh_from_db()
        assert (photo.verdict, photo.faces.get().likenesses.count()) == (V.USABLE, 0)

    def test_a_picture_that_the_engine_cannot_read_says_why(self):
        photo = EnrolmentPhotoFactory()
        services.examination_failed(photo.pk, "It is damaged. " * 100)
        photo.refresh_from_db()
        assert (photo.state, photo.verdict) == ("failed", V.UNREADABLE)
        assert photo.message.startswith("It is damaged.")
        assert examine(photo, found()) is None

    def test_examinations_whose_task_was_lost_are_asked_for_again(self, sent_tasks, time_machine):
        time_machine.move_to("2026-03-01T10:00:00Z", tick=False)
        lost = EnrolmentPhotoFactory()
        EnrolmentPhotoFactory(is_usable=True)
        EnrolmentPhotoFactory(enrolment__state=Enrolment.State.CONFIRMED)
        time_machine.shift(9)
        assert services.redispatch_waiting() == 0
        time_machine.shift(2)
        fresh = EnrolmentPhotoFactory()
        assert services.redispatch_waiting() == 1
        assert [ids for _, ids, _ in sent_tasks] == [[str(lost.pk)]]
        assert fresh.verdict == V.PENDING


class TestChoosing:
    def test_another_face_of_the_photo_may_be_picked(self):
        photo = EnrolmentPhotoFactory()
        examine(photo, found(0, issues=[BLURRED]), found(1))
        photo.refresh_from_db()
        assert (photo.verdict, photo.chosen) == (V.SEVERAL_FACES, None)
        assert services.choose_face(photo, 1).verdict == V.USABLE
        assert services.choose_face(photo, 0).verdict == V.POOR

    @pytest.mark.parametrize("position", [-1, 2, 10**9])
    def test_a_face_that_is_not_there(self, position):
        photo = EnrolmentPhotoFactory()
        examine(photo, found(0), found(1))
        with pytest.raises(DomainError) as refused:
            services.choose_face(photo, position)
        assert refused.value.code == "enrolment.no_such_face"

    def test_picking_somebody_else_says_whom(self):
        bob = enrolled_person(0, name="Bob")
        photo = EnrolmentPhotoFactory()
        examine(
            photo,
            found(1),
            found(0, like=bob.pk),
        )
        photo = services.choose_face(photo, 1)
        assert "Bob" not in photo.message, "a stored name would outlive its bearer's erasure"
        assert "Bob" in verdict_words(photo)
        assert services.choose_face(photo, 0).verdict == V.USABLE


class TestConfirming:
    def test_person_photos_templates_and_revision_appear_together(
        self, vault_files, django_capture_on_commit_callbacks
    ):
        draft = services.start_enrolment()
        photos = [usable_photo(draft, identity) for identity in (1, 2)]
        poor = EnrolmentFaceFactory(photo__enrolment=draft, photo__verdict=V.POOR).photo
        kept = {
            key for p in photos for f in p.faces.all() for key in (f.portrait_key, f.aligned_key)
        }
        revision = gallery_revision()
        with django_capture_on_commit_callbacks(execute=True):
            person = services.confirm_enrolment(draft, ADA, has_consent=True)
        assert (person.name, person.code) == ("Ada Lovelace", "17")
        assert person.consents.get().recorded_by == "ada@example.org"
        assert {image.photo_sha256 for image in person.images.all()} == {
            photo.photo_sha256 for photo in photos
        }
        assert [len(ids) for ids in gallery_members(SPACE.id).values()] == [2]
        assert gallery_revision() == revision + 2
        assert not EnrolmentPhoto.objects.exists()
        assert vault_files.blobs() == kept, "whole photos and unused faces are not kept"
        assert poor.photo_key not in vault_files.blobs()
        draft.refresh_from_db()
        assert (draft.state, draft.person) == ("confirmed", person)
        entry = AuditEntry.objects.get(action="enrolment.confirmed")
        assert entry.after == {"photos": 2, "dropped": 1, "vouched": 0, "lookalikes": 0}

    def test_only_the_picked_face_is_enrolled(self):
        draft = EnrolmentFactory()
        photo = EnrolmentPhotoFactory(enrolment=draft)
        examine(photo, found(1), found(2))
        services.choose_face(photo, 1)
        picked = photo.faces.get(position=1).portrait_key
        person = services.confirm_enrolment(draft, ADA, has_consent=True)
        assert person.images.get().portrait_key == picked

    def test_more_photos_of_somebody_known(self, django_capture_on_commit_callbacks, vault_files):
        bob = enrolled_person(1, name="Bob")
        draft = services.start_enrolment(bob)
        usable_photo(draft, 1)
        same = bob.images.get()
        twice = usable_photo(draft, 1)
        EnrolmentPhoto.objects.filter(pk=twice.pk).update(photo_sha256=same.photo_sha256)
        with django_capture_on_commit_callbacks(execute=True):
            assert services.confirm_enrolment(draft, None, has_consent=True) == bob
        assert bob.images.count() == 2, "the photo that was there already is one photo"
        assert bob.consents.count() == 1
        assert len(vault_files.blobs()) == 4
        assert vault().get(same.portrait_key)

    @pytest.mark.parametrize(
        ("prepare", "arguments", "code", "why"),
        [
            (
                lambda d: [usable_photo(d), EnrolmentPhotoFactory(enrolment=d)],
                {},
                "enrolment.pending",
                "a photo is still being examined",
            ),
            (lambda d: [], {}, "enrolment.no_photo", "no photo at all"),
            (
                lambda d: EnrolmentPhotoFactory(enrolment=d, verdict=V.POOR),
                {},
                "enrolment.no_photo",
                "no good photo",
            ),
            (usable_photo, {"has_consent": False}, "consent.missing", "no consent"),
            (usable_photo, {"details": None}, "person.name", "nobody to name"),
            (
                usable_photo,
                {"details": PersonDetails(name="Eve", code="taken")},
                "person.code_taken",
                "the code is somebody's",
            ),
        ],
    )
    def test_a_refused_confirmation_changes_nothing(self, prepare, arguments, code, why):
        PersonFactory(code="taken")
        draft = EnrolmentFactory()
        prepare(draft)
        photos, revision = draft.photos.count(), gallery_revision()
        with pytest.raises(DomainError) as refused:
            services.confirm_enrolment(draft, **{"details": ADA, "has_consent": True, **arguments})
        assert refused.value.code == code, why
        assert Person.objects.count() == 1
        assert not FaceImage.objects.exists()
        assert (draft.photos.count(), gallery_revision()) == (photos, revision)
        assert visible_draft(draft.pk) == draft

    def test_a_failure_half_way_leaves_neither_person_nor_template(self, monkeypatch, vault_files):
        from portal.enrolment.services import finish

        draft = EnrolmentFactory()
        usable_photo(draft, 1)
        usable_photo(draft, 2)
        before = vault_files.blobs()
        calls = iter([finish.add_face])

        def second_fails(*args: object) -> object:
            return next(calls)(*args)

        monkeypatch.setattr(finish, "add_face", second_fails)
        with pytest.raises(StopIteration):
            services.confirm_enrolment(draft, ADA, has_consent=True)
        assert not Person.objects.exists()
        assert not FaceImage.objects.exists()
        assert draft.photos.count() == 2
        assert vault_files.blobs() == before

    def test_a_confirmed_enrolment_cannot_be_confirmed_again(self):
        draft = EnrolmentFactory()
        usable_photo(draft)
        services.confirm_enrolment(draft, ADA, has_consent=True)
        with pytest.raises(DomainError) as refused:
            services.confirm_enrolment(draft, PersonDetails(name="Eve"), has_consent=True)
        assert refused.value.code == "enrolment.ended"
        with pytest.raises(NotFound):
            visible_draft(draft.pk)

    def test_the_draft_of_somebody_who_was_erased_is_gone(self):
        bob = enrolled_person(1)
        draft = services.start_enrolment(bob)
        usable_photo(draft)
        erase_person(bob)
        with pytest.raises(DomainError) as refused:
            services.confirm_enrolment(draft, None, has_consent=True)
        assert refused.value.code == "enrolment.ended"


class TestGivingUp:
    def test_a_photo_that_is_dropped_takes_its_blobs_along(
        self, vault_files, django_capture_on_commit_callbacks
    ):
        draft = EnrolmentFactory()
        dropped, stays = usable_photo(draft), usable_photo(draft)
        with django_capture_on_commit_callbacks(execute=True):
            services.drop_photo(dropped)
        assert list(draft.photos.all()) == [stays]
        assert len(vault_files.blobs()) == 3

    def test_a_cancelled_enrolment_leaves_nothing(
        self, vault_files, django_capture_on_commit_callbacks
    ):
        draft = EnrolmentFactory()
        usable_photo(draft)
        EnrolmentPhotoFactory(enrolment=draft)
        with django_capture_on_commit_callbacks(execute=True):
            services.cancel_enrolment(draft)
        assert vault_files.blobs() == set()
        assert not Enrolment.objects.exists()
        assert not EnrolmentFace.objects.exists()


def test_a_draft_counts_its_photos():
    draft = EnrolmentFactory()
    usable_photo(draft)
    EnrolmentPhotoFactory(enrolment=draft)
    EnrolmentPhotoFactory(enrolment=draft, verdict=V.POOR)
    view = draft_view(draft)
    assert (view.usable, view.pending, len(view.photos)) == (1, 1, 3)
