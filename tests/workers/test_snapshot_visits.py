"""Pictures that cameras send become visits by the same rules, without a tracker."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import Sum

from portal.cameras.models import Camera, CameraHour
from portal.core.vault import vault
from portal.people.services import suspend_person
from portal.sightings.models import RecognisedFace, Recognition, Visit
from portal.sightings.services.visits import GAP, close_visits
from portal.sightings.services.visits.absorb import absorb
from tests.factories import (
    CameraFactory,
    RecognitionFactory,
    VisitFactory,
    VisitLegFactory,
    enrolled_person,
)
from tests.factories.faces import face_of, quality, vector_towards
from tests.factories.pictures import fresh_jpeg
from workers import recognise
from workers.recognise import recognise_waiting
from workers.tasks.recognition import sweep

pytestmark = pytest.mark.django_db

START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


@pytest.fixture
def camera(db) -> Camera:
    return CameraFactory(kind=Camera.Kind.PUSH)


@pytest.fixture
def sends(engine, host):
    """A camera's picture at a time, recognised at once unless it is to wait."""

    def send(camera, seconds, *faces, waits=False, **fields) -> Recognition:
        data = engine.shows(fresh_jpeg(), *faces)
        row = RecognitionFactory(
            picture_key=vault().put("pictures", data),
            source=Recognition.Source.CAMERA,
            camera=camera,
            captured_at=START + timedelta(seconds=seconds),
            **fields,
        )
        if not waits:
            recognise_waiting(host, budget_s=5.0)
        return row

    return send


def test_a_snapshot_begins_a_visit_and_the_next_ones_go_on_with_it(sends, camera):
    ada = enrolled_person(1)
    sends(camera, 0, face_of(1))
    visit = Visit.objects.get()
    assert (visit.decision, visit.person, visit.is_confirmed) == ("match", ada, False)
    sends(camera, 2, face_of(1))
    sends(camera, 4, face_of(1))
    visit = Visit.objects.get()
    assert visit.is_confirmed, "two agree over more than a moment"
    assert (visit.faces_seen, visit.faces_usable, visit.faces_agreeing) == (3, 3, 3)
    assert (visit.first_at, visit.last_at) == (START, START + timedelta(seconds=4))
    assert visit.faces.count() == RecognisedFace.objects.count() == 3
    assert visit.legs.get().faces == 3


def test_faces_of_one_pass_over_many_pictures_come_to_the_same(sends, camera, host):
    enrolled_person(1)
    for number in range(6):
        sends(camera, number, face_of(1), face_of(40), waits=True)
    recognise_waiting(host, budget_s=5.0)
    assert sorted(Visit.objects.values_list("decision", "faces_usable", "is_confirmed")) == [
        ("match", 6, True),
        ("unknown", 6, False),
    ]


def test_the_best_face_keeps_its_aligned_crop(sends, camera):
    sends(camera, 0, face_of(40, measured=quality(score=0.4)))
    sends(camera, 1, face_of(40, measured=quality(score=0.9)))
    sends(camera, 2, face_of(40, measured=quality(score=0.5)))
    best = Visit.objects.get().best_face
    assert best.quality["score"] == 0.9
    assert vault().get(best.aligned_key)[:2] == b"\xff\xd8"


@pytest.mark.parametrize("who", [1, 40])
@pytest.mark.parametrize(("gap_s", "visits"), [(5.0, 1), (19.0, 1), (25.0, 2)])
def test_who_comes_again_in_time_goes_on_with_the_visit(sends, camera, who, gap_s, visits):
    enrolled_person(1)
    sends(camera, 0, face_of(who))
    sends(camera, gap_s, face_of(who))
    assert Visit.objects.count() == visits


def test_another_camera_of_the_site_goes_on_with_it_too(sends, camera):
    door = CameraFactory(kind=Camera.Kind.PUSH)
    sends(camera, 0, face_of(40))
    sends(door, 60, face_of(40))
    visit = Visit.objects.get()
    assert [leg.camera for leg in visit.legs.all()] == [camera, door]
    assert visit.last_camera == door


def test_two_faces_of_one_picture_are_two_people(sends, camera):
    sends(camera, 0, face_of(40), face_of(40))
    assert Visit.objects.count() == 2


def test_two_people_in_a_row_are_never_one_visit(sends, camera):
    sends(camera, 0, face_of(40))
    sends(camera, 1, face_of(41))
    assert Visit.objects.count() == 2


def test_a_late_picture_joins_the_visit_that_it_belongs_to(sends, camera):
    sends(camera, 0, face_of(40))
    sends(camera, 300, face_of(40))
    close_visits(START + timedelta(hours=1))
    sends(camera, 8, face_of(40))
    first, second = Visit.objects.order_by("first_at")
    assert (first.faces_seen, second.faces_seen) == (2, 1)
    assert first.last_at == START + timedelta(seconds=8)


def test_a_late_picture_of_somebody_else_makes_a_visit_of_its_own(sends, camera):
    sends(camera, 0, face_of(40))
    sends(camera, 1, face_of(41))
    sends(camera, 0.5, face_of(42))
    assert Visit.objects.count() == 3


def test_pictures_of_one_pass_are_taken_in_the_order_in_which_they_were_captured(
    sends, camera, host
):
    for seconds in (30, 15, 0):
        sends(camera, seconds, face_of(40), waits=True)
    recognise_waiting(host, budget_s=5.0)
    visit = Visit.objects.get()
    assert visit.last_at - visit.first_at == timedelta(seconds=30)


def test_uploads_and_pictures_of_programs_make_no_visits(sends, camera, engine, host):
    for source in (Recognition.Source.UPLOAD, Recognition.Source.API):
        data = engine.shows(fresh_jpeg(), face_of(40))
        RecognitionFactory(picture_key=vault().put("pictures", data), source=source)
    recognise_waiting(host, budget_s=5.0)
    assert RecognisedFace.objects.count() == 2
    assert not Visit.objects.exists()
    assert not RecognisedFace.objects.exclude(aligned_key="").exists()


def test_a_task_that_is_delivered_twice_counts_a_face_once(sends, camera, host, monkeypatch):
    row = sends(camera, 0, face_of(40), waits=True)
    real = recognise.complete_recognitions

    def twice(results, **kwargs):
        kept = real(results, **kwargs)
        assert real(results, **kwargs) == []
        return kept

    monkeypatch.setattr(recognise, "complete_recognitions", twice)
    recognise_waiting(host, budget_s=5.0)
    row.refresh_from_db()
    assert row.state == "done"
    assert Visit.objects.get().faces_seen == 1


def test_what_fails_on_its_way_to_the_visits_is_not_half_written(sends, camera, host, monkeypatch):
    from portal.sightings.services.visits import writer

    row = sends(camera, 0, face_of(40), waits=True)

    def fails(*args, **kwargs):
        raise RuntimeError("the database went away")

    with monkeypatch.context() as broken:
        broken.setattr(writer, "save_vectors", fails)
        with pytest.raises(RuntimeError):
            recognise_waiting(host, budget_s=5.0)
    row.refresh_from_db()
    assert row.state == "running", "its lease runs out, and it is done again"
    assert not Visit.objects.exists()
    assert not RecognisedFace.objects.exists()


def test_a_poor_face_goes_with_a_visit_but_makes_none(sends, camera):
    poor = quality(sharpness=0.5)
    sends(camera, 0, face_of(40, measured=poor))
    assert not Visit.objects.exists()
    sends(camera, 1, face_of(40))
    sends(camera, 2, face_of(40, measured=poor))
    visit = Visit.objects.get()
    assert (visit.faces_seen, visit.faces_usable) == (2, 1)


def test_who_is_suspended_meanwhile_is_not_named_by_the_visit_either(
    sends, camera, host, monkeypatch
):
    ada = enrolled_person(1)
    sends(camera, 0, face_of(1), waits=True)
    real = recognise.complete_recognitions

    def first_suspend(*args, **kwargs):
        suspend_person(ada)
        return real(*args, **kwargs)

    monkeypatch.setattr(recognise, "complete_recognitions", first_suspend)
    recognise_waiting(host, budget_s=5.0)
    visit = Visit.objects.get()
    assert (visit.decision, visit.reason, visit.person) == ("unknown", "person_gone", None)


def test_the_cameras_own_threshold_and_region_hold_for_its_snapshots(sends, host):
    enrolled_person(1)
    host.gallery.refresh()
    face = face_of(vector_towards(1, similarity=host.policy().threshold + 0.05))
    strict = CameraFactory(kind=Camera.Kind.PUSH, threshold_offset=0.1)
    row = sends(strict, 0, face)
    assert Visit.objects.get().decision == row.faces.get().decision == "uncertain"
    row.refresh_from_db()
    assert row.threshold == pytest.approx(host.policy().threshold + 0.1)
    elsewhere = [[0.9, 0.9], [1.0, 0.9], [1.0, 1.0]]
    blind = CameraFactory(kind=Camera.Kind.PUSH, region=elsewhere)
    sends(blind, 0, face_of(1))
    assert Visit.objects.count() == 1


def test_the_sweep_ends_visits_of_cameras_that_send_nothing_more(sends, camera):
    sends(camera, 0, face_of(40))
    sweep()
    assert Visit.objects.get().closed_at is not None
    assert close_visits(START + GAP) == 0


def test_what_a_camera_yields_is_counted_by_the_hour(sends, camera):
    sends(camera, 0, face_of(40), face_of(41, measured=quality(sharpness=0.5)))
    hour = CameraHour.objects.get(camera=camera)
    assert (hour.frames, hour.faces, hour.usable_faces, hour.losses) == (1, 2, 1, {"blurred": 1})


def people_at(camera) -> dict[str, int]:
    names = ("visits", "usable_visits", "recognised_visits", "uncertain_visits", "stranger_visits")
    sums = CameraHour.objects.filter(camera=camera).aggregate(*map(Sum, names))
    return {name: count for name in names if (count := sums[f"{name}__sum"])}


def test_people_who_pass_are_counted_by_what_they_end_as(sends, camera):
    enrolled_person(1)
    for seconds, who in ((0, 1), (60, 40), (120, vector_towards(1, similarity=0.30))):
        sends(camera, seconds, face_of(who))
        sends(camera, seconds + 2, face_of(who))
    assert not people_at(camera), "they may still be there"
    close_visits(START + timedelta(hours=1))
    decisions = sorted(Visit.objects.values_list("decision", "reason"))
    assert people_at(camera)["visits"] == people_at(camera)["usable_visits"] == 3
    assert people_at(camera)["recognised_visits"] == 1
    hour = CameraHour.objects.get(camera=camera)
    assert sum(hour.losses.values()) == 2
    assert set(hour.losses) == {reason for kind, reason in decisions if kind != "match"}


def test_where_nobody_is_enrolled_the_people_say_so(sends, camera):
    sends(camera, 0, face_of(40))
    close_visits(START + timedelta(hours=1))
    assert CameraHour.objects.get(camera=camera).losses == {"empty_gallery": 1}


def test_a_visit_that_is_taken_up_again_is_counted_once_at_each_camera(sends, camera):
    """A picture that comes late, and another camera, go on with what had ended."""
    enrolled_person(1)
    inner = CameraFactory(kind=Camera.Kind.PUSH)
    sends(camera, 0, face_of(1))
    close_visits(START + timedelta(seconds=30))
    sends(camera, 5, face_of(1))
    close_visits(START + timedelta(seconds=40))
    assert people_at(camera)["visits"] == 1
    sends(inner, 60, face_of(1))
    close_visits(START + timedelta(hours=1))
    assert Visit.objects.count() == 1
    for one in (camera, inner):
        assert people_at(one) == {"visits": 1, "usable_visits": 1, "recognised_visits": 1}


def test_what_a_visit_becomes_part_of_is_not_counted_again(camera):
    gone, survivor = VisitFactory(camera=camera), VisitFactory(camera=camera)
    VisitLegFactory(visit=gone, is_counted=True)
    VisitLegFactory(visit=survivor)
    absorb(gone, survivor)
    assert survivor.legs.get().is_counted
