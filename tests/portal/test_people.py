"""People and the gallery: codes, consent, suspension, erasure, and what a worker then sees."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from functools import partial

import numpy as np
import pytest
from django.core import serializers
from django.db import connection
from django.utils import timezone

from portal.audit.models import AuditEntry
from portal.core.context import Actor, acting_as
from portal.core.errors import DomainError, PermissionMissing
from portal.core.models import DataKey
from portal.core.policies import permissions_of
from portal.core.vault import VaultError, key_id_of, vault
from portal.journal.models import Act
from portal.journal.services import expire_acts
from portal.people.models import Consent, FaceImage, FaceTemplate, Person
from portal.people.selectors import (
    gallery_members,
    gallery_people_count,
    gallery_revision,
    gallery_vectors,
    names_of,
    portraits_of,
    visible_people,
    visible_person,
)
from portal.people.services import (
    NewFace,
    PersonDetails,
    add_face,
    create_person,
    erase_person,
    record_consent,
    reinstate_person,
    remove_photo,
    suspend_person,
    update_person,
)
from tests.conftest import rolled_back
from tests.factories import (
    ConsentFactory,
    EnrolmentFaceFactory,
    EnrolmentFactory,
    EnrolmentPhotoFactory,
    FaceImageFactory,
    FaceTemplateFactory,
    PersonFactory,
    RecognisedFaceFactory,
    SpaceFactory,
    enrolled_person,
)
from tests.factories.faces import SPACE, vector_of
from tests.factories.pictures import jpeg

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("administrator")]


def new_face(identity: int = 0, **changes: object) -> NewFace:
    fields = {
        "vector": vector_of(identity),
        "space": SpaceFactory(),
        "portrait_key": vault().put("portraits", jpeg()),
        "aligned_key": vault().put("aligned", jpeg()),
        "source": FaceImage.Source.UPLOAD,
        "photo_sha256": f"{identity:064x}",
        "file_name": "ada.jpg",
        "quality": {"score": 0.8},
    }
    return NewFace(**{**fields, **changes})


class TestCodes:
    def test_an_empty_code_is_filled_in_and_is_different_each_time(self):
        codes = {create_person(PersonDetails(name="Ada")).code for _ in range(20)}
        assert len(codes) == 20
        assert all(code.startswith("P-") and len(code) == 8 for code in codes)

    def test_a_code_is_used_once(self):
        create_person(PersonDetails(name="Ada", code=" 17 "))
        with pytest.raises(DomainError, match="belongs to Ada") as refused:
            create_person(PersonDetails(name="Bob", code="17"))
        assert (refused.value.code, refused.value.http_status) == ("person.code_taken", 409)
        assert refused.value.data == {"code": "17"}

    def test_the_code_of_an_erased_person_stays_taken_without_naming_them(self):
        erase_person(create_person(PersonDetails(name="Ada", code="17")))
        with pytest.raises(DomainError, match="a former person") as refused:
            create_person(PersonDetails(name="Bob", code="17"))
        assert "Ada" not in refused.value.message

    @pytest.mark.parametrize(
        ("details", "code"),
        [
            ({"name": ""}, "person.name"),
            ({"name": "   "}, "person.name"),
            ({"name": "x" * 121}, "person.too_long"),
            ({"name": "Ada", "code": "1" * 41}, "person.too_long"),
        ],
    )
    def test_details_that_cannot_be(self, details, code):
        with pytest.raises(DomainError) as refused:
            PersonDetails(**details)
        assert refused.value.code == code


def test_a_change_keeps_the_code_and_is_audited():
    person = create_person(PersonDetails(name="Ada", code="17", department="A"))
    update_person(person, PersonDetails(name="Ada L.", code="18", department="B"))
    person.refresh_from_db()
    assert (person.name, person.code, str(person.department)) == ("Ada L.", "17", "B")
    entry = AuditEntry.objects.get(action="people.person.updated")
    assert (entry.before["department"], entry.after["department"]) == ("A", "B")


WRITES = {
    "create": lambda person: create_person(PersonDetails(name="Eve")),
    "update": lambda person: update_person(person, PersonDetails(name="Eve")),
    "consent": record_consent,
    "suspend": suspend_person,
    "reinstate": reinstate_person,
    "erase": erase_person,
    "add a face": lambda person: add_face(person, new_face()),
    "remove a photo": lambda person: remove_photo(person.images.get()),
}


@pytest.mark.parametrize("act", WRITES)
@pytest.mark.parametrize("role", ["officer", "auditor", "nobody"])
def test_people_are_changed_by_those_who_manage_them_only(act, role):
    person = enrolled_person()
    before = serializers.serialize("json", Person.objects.all())
    actor = Actor(kind="user", permissions=permissions_of(role))
    with acting_as(actor), pytest.raises(PermissionMissing):
        WRITES[act](person)
    assert serializers.serialize("json", Person.objects.all()) == before
    assert person.images.count() == 1


class TestConsent:
    def test_without_one_no_template_is_made(self):
        person = PersonFactory()
        with pytest.raises(DomainError) as refused:
            add_face(person, new_face())
        assert refused.value.code == "consent.missing"
        assert not FaceTemplate.objects.exists()
        assert gallery_revision() == 0

    def test_one_that_was_withdrawn_does_not_count(self):
        from django.utils import timezone

        person = PersonFactory()
        ConsentFactory(person=person, withdrawn_at=timezone.now())
        with pytest.raises(DomainError):
            add_face(person, new_face())

    def test_nor_does_one_whose_term_is_over(self):
        from django.utils import timezone

        person = PersonFactory()
        ConsentFactory(person=person, expires_at=timezone.now())
        with pytest.raises(DomainError):
            add_face(person, new_face())

    def test_an_active_one_is_kept_and_says_who_recorded_it(self):
        person = PersonFactory()
        first = record_consent(person, basis=Consent.Basis.CONTRACT)
        again = record_consent(person, basis=Consent.Basis.CONSENT)
        assert again == first
        assert (first.basis, first.recorded_by) == ("contract", "ada@example.org")
        assert AuditEntry.objects.filter(action="people.consent.recorded").count() == 1

    def test_an_erased_person_cannot_consent_again(self):
        person = enrolled_person()
        erase_person(person)
        with pytest.raises(DomainError) as refused:
            record_consent(person)
        assert refused.value.code == "person.erased"
        assert not person.consents.filter(withdrawn_at=None).exists()


class TestGallery:
    def members(self) -> dict[str, int]:
        return {who: len(ids) for who, ids in gallery_members(SPACE.id).items()}

    def test_a_face_that_is_added_is_seen_under_a_new_revision(self):
        person = PersonFactory()
        record_consent(person)
        before = gallery_revision()
        add_face(person, new_face(0))
        add_face(person, new_face(1))
        assert gallery_revision() == before + 2
        assert self.members() == {str(person.pk): 2}

    def test_the_very_same_photo_twice_is_one_photo(self):
        person = PersonFactory()
        record_consent(person)
        first = add_face(person, new_face(0))
        revision = gallery_revision()
        assert add_face(person, new_face(0)) == first
        assert FaceTemplate.objects.count() == 1
        assert gallery_revision() == revision

    @pytest.mark.parametrize(
        ("act", "is_member", "bumps", "why"),
        [
            (suspend_person, False, 1, "not recognised while suspended"),
            (reinstate_person, True, 0, "was active already"),
            (lambda p: reinstate_person(suspend_person(p)), True, 2, "recognised again"),
            (lambda p: suspend_person(suspend_person(p)), False, 1, "the second changes nothing"),
            (erase_person, False, 1, "gone"),
            (lambda p: remove_photo(p.images.get()), False, 1, "no photo left"),
            (
                lambda p: update_person(p, PersonDetails(name="Other")),
                True,
                0,
                "a name is joined after the search",
            ),
            (
                lambda p: p.consents.update(withdrawn_at="2026-01-01T00:00Z"),
                False,
                0,
                "no template outlives its consent",
            ),
        ],
    )
    def test_who_can_be_found_after_a_change(self, act, is_member, bumps, why):
        person = enrolled_person()
        other = enrolled_person(1)
        before = gallery_revision()
        act(person)
        assert (str(person.pk) in self.members()) is is_member, why
        assert str(other.pk) in self.members()
        assert gallery_people_count() == 1 + is_member
        assert gallery_revision() == before + bumps, why

    def test_a_member_without_photo_or_consent_is_none(self):
        PersonFactory()
        FaceTemplateFactory()
        ConsentFactory()
        assert self.members() == {}
        assert gallery_people_count() == 0

    def test_templates_of_another_space_are_not_mixed_in(self):
        person = enrolled_person()
        assert gallery_members("0" * 16) == {}
        assert gallery_vectors("0" * 16, [str(person.pk)]) == {}

    def test_several_consents_in_the_past_do_not_double_the_templates(self):
        from django.utils import timezone

        person = enrolled_person(photos=2)
        for _ in range(3):
            ConsentFactory(person=person, withdrawn_at=timezone.now())
        assert self.members() == {str(person.pk): 2}
        assert gallery_people_count() == 1

    def test_vectors_come_back_as_they_were_sealed(self):
        first, second = enrolled_person(3, photos=2), enrolled_person(4)
        found = gallery_vectors(SPACE.id, [str(first.pk), str(second.pk)])
        assert [len(found[str(p.pk)]) for p in (first, second)] == [2, 1]
        assert np.array_equal(found[str(second.pk)][0], vector_of(4))

    def test_the_row_of_a_template_holds_no_readable_vector(self):
        enrolled_person(3)
        with connection.cursor() as cursor:
            cursor.execute("SELECT sealed_vector FROM people_facetemplate")
            (sealed,) = cursor.fetchone()
        assert bytes(sealed)[:4] == b"GHV2"
        assert np.float32(1.0).tobytes() not in bytes(sealed)
        assert bytes(16) not in bytes(sealed)
        columns = {f.get_internal_type() for f in FaceTemplate._meta.concrete_fields}
        assert columns == {"UUIDField", "DateTimeField", "ForeignKey", "BinaryField"}

    def test_under_another_master_key_no_vector_opens(self, data_dir):
        person = enrolled_person()
        (data_dir / "keys" / "master.key").write_bytes(urlsafe_b64encode(bytes(48)))
        vault.cache_clear()
        with pytest.raises(VaultError, match=r"keys/master\.key"):
            gallery_vectors(SPACE.id, [str(person.pk)])

    def test_a_change_that_is_rolled_back_keeps_its_revision(self, published):
        person = enrolled_person()
        before = gallery_revision()
        with rolled_back():
            suspend_person(person)
        assert gallery_revision() == before
        assert str(person.pk) in self.members()

    def test_a_photo_that_is_removed_keeps_its_blobs_until_that_cannot_be_undone(
        self, vault_files, django_capture_on_commit_callbacks
    ):
        image = enrolled_person(photos=2).images.first()
        with django_capture_on_commit_callbacks(execute=True):
            act = remove_photo(image)
        assert {image.portrait_key, image.aligned_key} <= vault_files.blobs()
        Act.objects.filter(pk=act.pk).update(expires_at=timezone.now())
        with django_capture_on_commit_callbacks(execute=True):
            assert expire_acts() == 1
            assert {image.portrait_key, image.aligned_key} <= vault_files.blobs()
        assert not {image.portrait_key, image.aligned_key} & vault_files.blobs()
        assert len(vault_files.blobs()) == 2


class TestErasure:
    def test_nothing_that_tells_of_the_person_stays(
        self, vault_files, django_capture_on_commit_callbacks
    ):
        person = enrolled_person(photos=2, name="Ada Lovelace", email="ada@example.org")
        sighting = RecognisedFaceFactory(
            person=person, decision="match", candidates=[[str(person.pk), 0.8]]
        )
        kept = {sighting.recognition.picture_key}
        with django_capture_on_commit_callbacks(execute=True):
            erase_person(person, reason="asked for it")
        person.refresh_from_db()
        sighting.refresh_from_db()
        assert (person.status, person.name, person.email) == ("erased", "Erased person", "")
        assert person.department is None
        assert not FaceImage.objects.exists()
        assert not FaceTemplate.objects.exists()
        assert not person.consents.filter(withdrawn_at=None).exists()
        assert (sighting.person, sighting.portrait_key) == (None, "")
        assert names_of([str(person.pk)]) == {}
        assert not visible_people().exists()
        assert vault_files.blobs() == kept
        entry = AuditEntry.objects.get(action="people.person.erased")
        assert (entry.reason, entry.after["photos"]) == ("asked for it", 2)
        assert "Ada" not in serializers.serialize("json", AuditEntry.objects.all())

    def test_the_key_is_destroyed_so_that_no_backup_can_be_read(
        self, data_dir, django_capture_on_commit_callbacks
    ):
        person = enrolled_person()
        image, sealed = person.images.get(), bytes(person.templates.get().sealed_vector)
        backup = (data_dir / "media" / image.portrait_key).read_bytes()
        with django_capture_on_commit_callbacks(execute=True):
            erase_person(person)
        for stored, purpose in ((backup, "portraits"), (sealed, "template")):
            with pytest.raises(VaultError) as refused:
                vault().open(stored, purpose=purpose)
            assert refused.value.code == "storage.erased"
        assert bytes(DataKey.objects.get(pk=key_id_of(sealed)).wrapped) == b""

    def test_photos_of_an_enrolment_in_the_making_go_too(
        self, vault_files, django_capture_on_commit_callbacks
    ):
        person = enrolled_person()
        draft = EnrolmentFactory(person=person)
        EnrolmentFaceFactory(photo__enrolment=draft)
        EnrolmentPhotoFactory(enrolment=draft)
        with django_capture_on_commit_callbacks(execute=True):
            erase_person(person)
        assert vault_files.blobs() == set()

    def test_blobs_stay_until_the_rows_are_surely_gone(self, vault_files):
        person = enrolled_person()
        before = vault_files.blobs()
        with rolled_back():
            erase_person(person)
        person.refresh_from_db()
        assert person.status == "active"
        assert vault_files.blobs() == before
        assert vault().get(person.images.get().portrait_key)

    @pytest.mark.parametrize(
        "act",
        [
            erase_person,
            suspend_person,
            reinstate_person,
            partial(update_person, details=PersonDetails(name="Ada")),
        ],
    )
    def test_an_erased_person_cannot_be_changed(self, act):
        person = enrolled_person()
        erase_person(person)
        with pytest.raises(DomainError) as refused:
            act(person)
        assert (refused.value.code, refused.value.http_status) == ("person.erased", 409)

    def test_an_erased_person_is_not_found(self):
        person = enrolled_person()
        erase_person(person)
        with pytest.raises(DomainError) as refused:
            visible_person(person.pk)
        assert refused.value.http_status == 404


def test_the_portrait_is_the_photo_of_the_best_quality():
    person = PersonFactory()
    FaceImageFactory(person=person, quality_score=0.5)
    best = FaceImageFactory(person=person, quality_score=0.9)
    FaceImageFactory(person=person, quality_score=0.7)
    assert portraits_of([person.pk]) == {person.pk: best.pk}


def test_changes_of_the_gallery_are_announced_after_the_commit(
    published, django_capture_on_commit_callbacks
):
    person = enrolled_person()
    with django_capture_on_commit_callbacks(execute=True):
        suspend_person(person)
        assert published == []
    assert published == [("people", {"type": "gallery.changed", "revision": gallery_revision()})]
