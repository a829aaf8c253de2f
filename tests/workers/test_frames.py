"""Looking at a webcam's frame: what the worker writes down, and that nothing of it stays."""

from __future__ import annotations

import pytest

from portal.core.vault import vault
from portal.enrolment.models import Frame
from portal.enrolment.services import data_key_of
from portal.people.services import person_key
from portal.sightings.models import Recognition
from tests.factories import EnrolmentFactory, FrameFactory, enrolled_person
from tests.factories.faces import face_of, quality, vector_towards
from tests.factories.pictures import fresh_jpeg
from workers.tasks.enrolment import read_frame

pytestmark = pytest.mark.django_db


@pytest.fixture
def coached(engine):
    def make(*faces) -> Frame:
        draft = EnrolmentFactory()
        data = engine.shows(fresh_jpeg(), *faces)
        key = vault().put("frames", data, data_key=data_key_of(draft))
        return FrameFactory(enrolment=draft, picture_key=key)

    return make


@pytest.fixture
def tested(engine):
    def make(person, *faces) -> Frame:
        data = engine.shows(fresh_jpeg(), *faces)
        key = vault().put("frames", data, data_key=person_key(person))
        return FrameFactory(
            purpose=Frame.Purpose.WALK_PAST, enrolment=None, person=person, picture_key=key
        )

    return make


def result_of(frame: Frame) -> dict:
    read_frame(str(frame.pk))
    frame.refresh_from_db()
    return frame.result


def test_a_coached_frame_is_measured_and_not_recognised(host, coached):
    enrolled_person(1)
    result = result_of(coached(face_of(1, measured=quality(yaw_degrees=21.0))))
    assert result["faces"] == 1
    assert result["quality"]["yaw_degrees"] == 21.0
    assert set(result) == {"faces", "middle", "quality"}


def test_nothing_is_kept_of_a_frame(host, tested, vault_files, django_capture_on_commit_callbacks):
    person = enrolled_person(1)
    before = vault_files.blobs()
    with django_capture_on_commit_callbacks(execute=True):
        result_of(tested(person, face_of(1)))
    assert vault_files.blobs() == before
    assert not Recognition.objects.exists()


def test_a_walk_past_is_decided_by_the_rule_of_the_cameras(host, tested):
    ada, bob = enrolled_person(1), enrolled_person(2)
    result = result_of(tested(ada, face_of(1)))
    host.gallery.refresh()
    assert result["threshold"] == host.policy().threshold
    [face] = result["faces"]
    assert (face["kind"], face["person_id"]) == ("match", str(ada.pk))
    [face] = result_of(tested(ada, face_of(2)))["faces"]
    assert face["person_id"] == str(bob.pk), "whoever stands there, not whom it was asked about"


def test_somebody_enrolled_a_moment_ago_is_recognised(host, tested):
    host.gallery.refresh()
    ada = enrolled_person(1)
    [face] = result_of(tested(ada, face_of(vector_towards(1, similarity=0.95))))["faces"]
    assert face["kind"] == "match"


def test_every_face_counts(host, tested):
    ada = enrolled_person(1)
    assert len(result_of(tested(ada, face_of(1), face_of(2)))["faces"]) == 2


def test_a_frame_that_cannot_be_read_says_so(host, data_dir):
    unknown, gone = FrameFactory(), FrameFactory()
    (data_dir / "media" / gone.picture_key).unlink()
    for frame in (unknown, gone):
        assert result_of(frame)["error"]


def test_a_second_delivery_looks_at_nothing(host, coached, engine):
    frame = coached(face_of(1))
    result_of(frame)
    result_of(frame)
    assert len(engine.batches) == 1


def test_a_frame_that_was_forgotten_is_no_error(host):
    frame = FrameFactory()
    identifier = str(frame.pk)
    frame.delete()
    read_frame(identifier)
