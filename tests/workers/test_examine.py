"""Examining enrolment photos: what the worker writes down, and what it leaves behind."""

from __future__ import annotations

import numpy as np
import pytest

from portal.core.vault import vault
from portal.enrolment.models import EnrolmentPhoto
from portal.enrolment.templatetags.enrolment import verdict_words
from portal.people.vectors import open_vector
from tests.factories import EnrolmentFactory, EnrolmentPhotoFactory, enrolled_person
from tests.factories.faces import face_of, quality, vector_of, vector_towards
from tests.factories.pictures import fresh_jpeg
from workers import examine as module
from workers.examine import examine_photo
from workers.tasks.enrolment import examine

pytestmark = pytest.mark.django_db


@pytest.fixture
def photo_of(engine):
    def make(*faces, **fields) -> EnrolmentPhoto:
        data = engine.shows(fresh_jpeg(), *faces)
        return EnrolmentPhotoFactory(photo_key=vault().put("photos", data), **fields)

    return make


def verdict(photo: EnrolmentPhoto) -> tuple[str, int | None]:
    photo.refresh_from_db()
    return photo.verdict, photo.chosen


@pytest.mark.parametrize(
    ("faces", "expected"),
    [
        ([], ("no_face", None)),
        ([face_of(1)], ("usable", 0)),
        ([face_of(1), face_of(2)], ("several_faces", None)),
        ([face_of(1, measured=quality(eye_distance_px=12.0))], ("poor", 0)),
    ],
)
def test_verdict_for_what_a_photo_shows(host, photo_of, faces, expected):
    photo = photo_of(*faces)
    examine(str(photo.pk))
    assert verdict(photo) == expected
    assert photo.faces.count() == len(faces)


def test_the_vector_and_the_pictures_of_a_face_are_sealed(host, photo_of):
    photo = photo_of(face_of(5))
    examine_photo(host, photo.pk)
    face = photo.faces.get()
    assert open_vector(face.sealed_vector).tolist() == vector_of(5).tolist()
    for key in (face.portrait_key, face.aligned_key):
        assert vault().get(key)[:2] == b"\xff\xd8"


def test_every_issue_says_what_to_do(host, photo_of):
    photo = photo_of(face_of(1, measured=quality(sharpness=1.0, brightness=0.05)))
    examine_photo(host, photo.pk)
    photo.refresh_from_db()
    assert "blurred" in photo.message
    assert "Turn towards a light" in photo.message


def test_a_face_of_somebody_enrolled_is_told_by_name(host, photo_of):
    enrolled_person(1, name="Bob")
    photo = photo_of(face_of(1))
    examine_photo(host, photo.pk)
    assert verdict(photo) == ("other_person", 0)
    assert "Bob" in verdict_words(photo)


def test_more_photos_of_the_same_person_are_no_double(host, photo_of):
    bob = enrolled_person(1)
    photo = photo_of(face_of(1), enrolment=EnrolmentFactory(person=bob))
    examine_photo(host, photo.pk)
    assert verdict(photo) == ("usable", 0)


def test_a_double_is_said_by_a_stricter_rule_than_a_match(host, photo_of):
    enrolled_person(1)
    host.gallery.refresh()
    usual, strict = host.policy().threshold, host.duplicate_policy().threshold
    assert strict > usual
    photo = photo_of(face_of(vector_towards(1, similarity=(usual + strict) / 2)))
    examine_photo(host, photo.pk)
    assert verdict(photo) == ("usable", 0)


def test_a_photo_that_cannot_be_read_says_so(host, data_dir):
    unknown = EnrolmentPhotoFactory()
    gone = EnrolmentPhotoFactory()
    (data_dir / "media" / gone.photo_key).unlink()
    for photo in (unknown, gone):
        examine_photo(host, photo.pk)
        assert verdict(photo) == ("unreadable", None)
        assert photo.message


def test_a_second_delivery_examines_nothing(host, photo_of, engine):
    photo = photo_of(face_of(1))
    examine_photo(host, photo.pk)
    examine_photo(host, photo.pk)
    assert len(engine.batches) == 1
    assert photo.faces.count() == 1


def test_a_photo_that_was_dropped_before_is_not_looked_at(host, photo_of, engine):
    photo = photo_of(face_of(1))
    identifier = photo.pk
    photo.delete()
    examine_photo(host, identifier)
    assert engine.batches == []


def test_a_photo_that_is_dropped_meanwhile_leaves_no_face_behind(
    host, photo_of, monkeypatch, vault_files
):
    photo = photo_of(face_of(1), face_of(2))
    before = vault_files.blobs()
    real = module.record_examination

    def first_drop(*args, **kwargs):
        photo.delete()
        return real(*args, **kwargs)

    monkeypatch.setattr(module, "record_examination", first_drop)
    examine_photo(host, photo.pk)
    assert vault_files.blobs() == before


def test_a_face_between_two_alike_is_asked_about_both(host, photo_of):
    """By the rule for cameras it is neither's, being too close to both; it is no new face either."""
    twins = [enrolled_person(n, name=f"Twin {n}") for n in (1, 2)]
    between = (vector_of(1) + vector_of(2)) / np.sqrt(2.0, dtype=np.float32)
    photo = photo_of(face_of(between))
    examine_photo(host, photo.pk)
    assert verdict(photo) == ("other_person", 0)
    found = {like.person for like in photo.faces.get().likenesses.all()}
    assert found == set(twins)


def test_the_side_of_a_face_is_written_down(host, photo_of):
    photo = photo_of(face_of(1, measured=quality(yaw_degrees=-21.0)))
    examine_photo(host, photo.pk)
    assert photo.faces.get().pose == "right"
