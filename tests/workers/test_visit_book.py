"""Frames of cameras become visits: followed, voted on, named, and written down once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.cameras.models import Camera, CameraHour
from portal.cameras.selectors import camera_settings
from portal.core.vault import vault
from portal.people.services import suspend_person
from portal.sightings.models import RecognisedFace, Recognition, Visit, VisitLeg
from portal.sightings.services.visits import CROSSING, GAP, close_visits, open_visit_vector
from recognition.contracts import Box, Detection, ImageAnalysis
from tests.factories import CameraFactory, enrolled_person
from tests.factories.faces import face_of, quality, vector_towards
from workers.visits import SeenFrame, VisitBook

pytestmark = pytest.mark.django_db

START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
PICTURE = np.full((120, 160, 3), 90, np.uint8)


def at(face, x: float, y: float = 12.0, *, side: float = 60.0):
    """The same face elsewhere in the picture."""
    shift = np.array([x - face.detection.box.x, y - face.detection.box.y], np.float32)
    moved = Detection(
        Box(x, y, side, side * 7 / 6), face.detection.landmarks + shift, face.detection.score
    )
    return replace(face, detection=moved)


class Scene:
    """Cameras in front of which people pass, at five frames a second."""

    def __init__(self, host) -> None:
        self.host = host
        self.book = VisitBook(host)
        self.yields = []

    def camera(self, **fields) -> Camera:
        return CameraFactory(kind=Camera.Kind.FILE, **fields)

    def frame(self, camera, seconds, *faces) -> SeenFrame:
        return SeenFrame(
            camera=camera_settings(camera),
            analysis=ImageAnalysis(400, 300, tuple(faces)),
            picture=PICTURE,
            captured_at=START + timedelta(seconds=seconds),
            at_s=100.0 + seconds,
        )

    def shows(self, camera, seconds, *faces) -> None:
        self.yields += self.book.see([self.frame(camera, seconds, *faces)])

    def passes(self, camera, face, *, since=0.0, frames=6, every=0.2) -> float:
        """One face for some frames; returns the time of the last."""
        for number in range(frames):
            self.shows(camera, since + number * every, face)
        return since + (frames - 1) * every

    def restart(self) -> None:
        """As after kill -9: whatever was in memory only is gone."""
        self.book = VisitBook(self.host)

    def sum(self, name: str) -> int:
        return sum(getattr(one, name) for one in self.yields)


@pytest.fixture
def scene(host) -> Scene:
    return Scene(host)


def ledger(visit: Visit) -> list[tuple[str, str]]:
    return [(f.decision, f.reason) for f in visit.faces.order_by("id")]


def test_a_name_is_provisional_at_once_and_confirmed_when_three_frames_agree(scene):
    ada, camera = enrolled_person(1, name="Ada"), scene.camera()
    scene.shows(camera, 0.0, face_of(1))
    visit = Visit.objects.get()
    assert (visit.decision, visit.person, visit.is_confirmed) == ("match", ada, False)
    assert visit.named_at is not None
    assert visit.confirmed_at is None
    scene.shows(camera, 0.2, face_of(1))
    assert not Visit.objects.get().is_confirmed
    scene.shows(camera, 0.4, face_of(1))
    visit = Visit.objects.get()
    assert visit.is_confirmed
    assert visit.confirmed_at is not None
    assert visit.faces_agreeing == 3
    assert ledger(visit) == [("match", "above_threshold")] * 2, "one row a decision, none a frame"


def test_three_frames_within_a_blink_confirm_nobody(scene):
    enrolled_person(1)
    camera = scene.camera()
    scene.passes(camera, face_of(1), frames=4, every=0.05)
    assert not Visit.objects.get().is_confirmed


def test_where_frames_are_few_two_confirm(scene):
    enrolled_person(1)
    camera = scene.camera(rate_fps=1.0)
    scene.passes(camera, face_of(1), frames=2, every=1.0)
    assert Visit.objects.get().is_confirmed


def test_the_ledger_has_the_frame_the_crops_and_the_numbers_of_the_decision(scene):
    ada, camera = enrolled_person(1), scene.camera(name="Gate")
    scene.passes(camera, face_of(1), frames=1)
    row, face = Recognition.objects.get(), RecognisedFace.objects.get()
    assert (row.source, row.state, row.camera, row.gallery_size) == ("camera", "done", camera, 1)
    assert row.threshold == pytest.approx(scene.host.policy().threshold)
    assert set(row.timings_ms) == {"decode", "detect", "embed", "search"}
    assert face.person == ada
    assert face.candidates[0] == [str(ada.pk), pytest.approx(1.0)]
    for key in (row.picture_key, face.portrait_key, face.aligned_key):
        assert vault().get(key)[:2] == b"\xff\xd8"
    visit = Visit.objects.get()
    assert visit.best_face == face
    assert open_visit_vector(visit.vector.sealed_vector) == pytest.approx(face_of(1).embedding)
    assert bytes(face_of(1).embedding.tobytes()) not in bytes(visit.vector.sealed_vector)


def test_a_stranger_is_one_visit_without_a_name(scene):
    enrolled_person(1)
    scene.passes(scene.camera(), face_of(40), frames=20)
    visit = Visit.objects.get()
    assert (visit.decision, visit.reason, visit.person) == ("unknown", "below_grey_band", None)
    assert not visit.is_confirmed


def test_a_likely_person_is_kept_as_a_suggestion_only(scene):
    bob, camera = enrolled_person(2), scene.camera()
    near = vector_towards(2, similarity=scene.host.policy().threshold - 0.02)
    scene.host.gallery.refresh()
    near = vector_towards(2, similarity=scene.host.policy().threshold - 0.02)
    scene.passes(camera, face_of(near))
    visit = Visit.objects.get()
    assert (visit.decision, visit.person) == ("uncertain", None)
    assert visit.candidates[0][0] == str(bob.pk)


def test_a_name_that_later_frames_contradict_is_withdrawn_and_the_ledger_says_so(scene):
    enrolled_person(1)
    scene.host.gallery.refresh()
    camera, threshold = scene.camera(), scene.host.policy().threshold
    likely = face_of(vector_towards(1, similarity=threshold + 0.01, other=40))
    unlike = face_of(vector_towards(1, similarity=0.1, other=40))
    scene.passes(camera, likely, frames=1)
    assert Visit.objects.get().person is not None
    scene.passes(camera, unlike, since=0.2, frames=6)
    visit = Visit.objects.get()
    assert (visit.decision, visit.person, visit.named_at) == ("unknown", None, None)
    assert ("unknown", "name_withdrawn") in ledger(visit) or (
        "uncertain",
        "name_withdrawn",
    ) in ledger(visit)


class TestFacesThatAreNotLookedInto:
    """Recognising is most of the work; whoever is known for sure needs it only now and then."""

    def wants(self, scene, camera, seconds, *faces) -> list[bool]:
        return scene.book.wants(
            camera_settings(camera),
            [face.detection for face in faces],
            size_px=(400, 300),
            at_s=100.0 + seconds,
        )

    def glimpsed(self, scene, camera, seconds, *faces) -> None:
        frame = scene.frame(camera, seconds)
        seen = replace(frame.analysis, glimpsed=tuple(face.detection for face in faces))
        scene.yields += scene.book.see([replace(frame, analysis=seen)])

    def test_a_name_that_is_sure_is_borne_out_once_a_second(self, scene):
        ada, camera = enrolled_person(1), scene.camera()
        for number in range(3):
            assert self.wants(scene, camera, number * 0.2, face_of(1)) == [True]
            scene.shows(camera, number * 0.2, face_of(1))
        assert Visit.objects.get().is_confirmed
        for number in range(3, 7):
            assert self.wants(scene, camera, number * 0.2, face_of(1)) == [False]
            self.glimpsed(scene, camera, number * 0.2, face_of(1))
        assert self.wants(scene, camera, 1.4, face_of(1)) == [True]
        scene.shows(camera, 1.4, face_of(1))
        scene.book.close()
        visit = Visit.objects.get()
        assert (visit.person, visit.faces_seen, visit.faces_usable) == (ada, 8, 4)
        assert visit.last_at == START + timedelta(seconds=1.4)
        assert scene.sum("faces") == scene.sum("usable_faces") == 8

    def test_whoever_is_not_sure_is_looked_into_in_every_frame(self, scene):
        enrolled_person(1)
        camera = scene.camera()
        for number in range(12):
            assert self.wants(scene, camera, number * 0.2, face_of(40)) == [True]
            scene.shows(camera, number * 0.2, face_of(40))

    @pytest.mark.parametrize(
        ("reason", "x", "expected"),
        [
            ("the same place", 12.0, False),
            ("somewhere else in the picture", 300.0, True),
        ],
    )
    def test_a_newcomer_is_looked_into(self, scene, reason, x, expected):
        enrolled_person(1)
        camera = scene.camera()
        scene.passes(camera, at(face_of(1), 12.0), frames=3)
        assert self.wants(scene, camera, 0.6, at(face_of(2), x)) == [expected], reason

    def test_two_who_are_near_each_other_are_both_looked_into(self, scene):
        enrolled_person(1), enrolled_person(2)
        camera = scene.camera()
        far = at(face_of(1), 12.0), at(face_of(2), 300.0)
        for number in range(3):
            scene.shows(camera, number * 0.2, *far)
        assert self.wants(scene, camera, 0.6, *far) == [False, False]
        near = at(face_of(1), 30.0), at(face_of(2), 120.0)
        assert self.wants(scene, camera, 0.6, *near) == [True, True]

    def test_who_takes_the_place_of_somebody_sure_is_a_visit_of_their_own(self, scene):
        ada, bob = enrolled_person(1), enrolled_person(2)
        camera = scene.camera()
        scene.passes(camera, face_of(1), frames=3)
        for number in range(3, 15):
            seconds = number * 0.2
            if self.wants(scene, camera, seconds, face_of(2)) == [True]:
                scene.shows(camera, seconds, face_of(2))
            else:
                self.glimpsed(scene, camera, seconds, face_of(2))
        scene.book.close()
        assert {visit.person for visit in Visit.objects.all()} == {ada, bob}

    def test_what_does_not_count_at_this_camera_is_never_looked_into(self, scene):
        enrolled_person(1)
        camera = scene.camera(min_face_px=80)
        face = at(face_of(1), 12.0)
        assert self.wants(scene, camera, 0.0, face) == [False]
        self.glimpsed(scene, camera, 0.0, face)
        assert not Visit.objects.exists()
        assert scene.yields[-1].losses == {"below_min_size": 1}

    def test_a_glimpse_of_nobody_known_waits_for_the_next_frame(self, scene):
        camera = scene.camera()
        self.glimpsed(scene, camera, 0.0, face_of(40))
        assert not Visit.objects.exists()
        assert self.wants(scene, camera, 0.2, face_of(40)) == [True]


def test_one_bad_frame_among_good_ones_changes_nothing(scene):
    ada = enrolled_person(1)
    enrolled_person(2)
    camera = scene.camera()
    last = scene.passes(camera, face_of(1), frames=3)
    scene.shows(camera, last + 0.2, face_of(2))
    scene.passes(camera, face_of(1), since=last + 0.4, frames=3)
    assert Visit.objects.get().person == ada


def test_two_people_who_cross_are_two_visits(scene):
    ada, bob = enrolled_person(1), enrolled_person(2)
    camera = scene.camera()
    last = scene.passes(camera, face_of(1), frames=5)
    scene.passes(camera, face_of(2), since=last + 0.2, frames=5)
    assert {v.person for v in Visit.objects.all()} == {ada, bob}
    assert Visit.objects.count() == 2
    assert all(v.is_confirmed for v in Visit.objects.all())


def test_people_beside_each_other_are_never_one_visit_however_alike(scene):
    camera = scene.camera()
    for number in range(5):
        scene.shows(camera, number * 0.2, face_of(40), at(face_of(40), 200.0))
    assert Visit.objects.count() == 2


@pytest.mark.parametrize(
    ("gap_s", "visits", "reason"),
    [
        (5.0, 1, "somebody turned round"),
        (GAP.total_seconds() - 1, 1, "just within the gap"),
        (GAP.total_seconds() + 5, 2, "they went and came again"),
    ],
)
@pytest.mark.parametrize("who", [1, 40])
def test_who_comes_back_to_a_camera_in_time_goes_on_with_the_visit(
    scene, who, gap_s, visits, reason
):
    enrolled_person(1)
    camera = scene.camera()
    last = scene.passes(camera, face_of(who))
    scene.book.tick(START + timedelta(seconds=last + gap_s - 0.5))
    scene.passes(camera, face_of(who), since=last + gap_s)
    assert Visit.objects.count() == visits, reason


@pytest.mark.parametrize("who", [1, 40])
@pytest.mark.parametrize(("later_s", "visits"), [(0.0, 1), (60.0, 1), (125.0, 2)])
def test_one_person_passing_two_cameras_of_a_site_is_one_visit(scene, who, later_s, visits):
    enrolled_person(1)
    one, two = scene.camera(), scene.camera()
    last = scene.passes(one, face_of(who))
    scene.book.tick(START + timedelta(seconds=last + later_s))
    scene.passes(two, face_of(who), since=last + later_s)
    assert Visit.objects.count() == visits
    assert VisitLeg.objects.count() == 2
    if visits == 1:
        assert Visit.objects.get().last_camera == two
        assert [leg.camera for leg in Visit.objects.get().legs.all()] == [one, two]
        assert Visit.objects.get().closed_at is None, "it goes on"


def test_two_people_one_after_the_other_are_never_merged_by_time_alone(scene):
    one, two = scene.camera(), scene.camera()
    last = scene.passes(one, face_of(40), frames=3)
    scene.passes(one, at(face_of(41), 300.0), since=last + 0.2, frames=3)
    scene.passes(two, face_of(42), since=last + 0.2, frames=3)
    assert Visit.objects.count() == 3


def test_another_site_makes_its_own_visit(scene):
    from portal.organisation.models import Site

    enrolled_person(1)
    here, there = scene.camera(), scene.camera(site=Site.objects.create(name="Annexe"))
    last = scene.passes(here, face_of(1))
    scene.passes(there, face_of(1), since=last + 1)
    assert Visit.objects.count() == 2


def test_who_is_recognised_late_joins_the_visit_that_was_theirs_all_along(scene):
    """Back from behind a pillar, first seen too badly to be told."""
    ada, camera = enrolled_person(1), scene.camera()
    last = scene.passes(camera, face_of(1))
    first = Visit.objects.get()
    side = face_of(vector_towards(1, similarity=0.3, other=50))
    scene.passes(camera, side, since=last + 5, frames=1)
    assert Visit.objects.count() == 2
    scene.passes(camera, face_of(1), since=last + 5.2, frames=8)
    assert Visit.objects.get() == first
    assert first.faces.filter(visit=first).count() == RecognisedFace.objects.count()
    assert Visit.objects.get().person == ada
    assert VisitLeg.objects.get().faces == Visit.objects.get().faces_seen


def test_an_hour_in_view_is_one_visit_with_few_rows(scene):
    enrolled_person(1)
    camera = scene.camera()
    for minute in range(60):
        for second in range(0, 60, 10):
            at_s = minute * 60.0 + second
            scene.shows(camera, at_s, face_of(1))
            scene.book.tick(START + timedelta(seconds=at_s + 1))
    visit = Visit.objects.get()
    assert visit.last_at - visit.first_at > timedelta(minutes=59)
    assert visit.faces_seen == 360
    assert visit.closed_at is None
    assert RecognisedFace.objects.count() < 5


def test_after_a_restart_the_open_visits_are_taken_up_again(scene):
    enrolled_person(1)
    camera = scene.camera()
    last = scene.passes(camera, face_of(1))
    last = scene.passes(camera, at(face_of(40), 300.0), since=last + 1)
    scene.restart()
    scene.passes(camera, face_of(1), since=last + 8)
    scene.passes(camera, at(face_of(40), 300.0), since=last + 9)
    assert Visit.objects.count() == 2
    assert Visit.objects.filter(is_confirmed=True).count() == 1
    assert Visit.objects.get(person__isnull=False).faces_agreeing > 4, "the vote went on"


def test_visits_end_when_nothing_was_seen_for_the_gap(scene):
    camera = scene.camera()
    last = scene.passes(camera, face_of(40))
    gone = START + timedelta(seconds=last) + GAP
    scene.book.tick(gone)
    assert Visit.objects.get().closed_at is None
    scene.book.tick(gone + timedelta(seconds=1))
    assert Visit.objects.get().closed_at is not None


def test_what_a_killed_process_left_open_is_ended_by_whoever_sweeps(scene):
    last = scene.passes(scene.camera(), face_of(40))
    scene.restart()
    assert close_visits(START + timedelta(seconds=last) + GAP + timedelta(seconds=1)) == 1
    assert close_visits(START + timedelta(days=1)) == 0


def test_a_visit_that_ended_keeps_its_clearest_faces(scene):
    camera = scene.camera()
    for number, score in enumerate([0.3, 0.4, 0.9, 0.8, 0.2, 0.7]):
        scene.shows(camera, number * 1.0, face_of(40, measured=quality(score=score)))
        scene.book.tick(START + timedelta(seconds=number))
    scene.book.tick(START + timedelta(seconds=60))
    visit = Visit.objects.get()
    assert visit.best_face.quality["score"] == 0.9
    assert visit.faces.count() == 3


def test_faces_outside_the_region_or_too_small_count_as_lost_and_make_no_visit(scene):
    left_half = [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]
    camera = scene.camera(region=left_half, min_face_px=50)
    inside, outside = face_of(40), at(face_of(41), 300.0)
    small = at(face_of(42), 120.0, side=30.0)
    scene.shows(camera, 0.0, inside, outside, small)
    assert Visit.objects.count() == 1
    assert scene.yields[0].faces == 3
    assert scene.yields[0].usable_faces == 1
    assert scene.yields[0].losses == {"outside_region": 1, "below_min_size": 1}


def test_a_face_too_poor_to_compare_makes_a_visit_only_when_it_stays(scene):
    enrolled_person(1)
    camera = scene.camera()
    dark = face_of(1, measured=quality(brightness=0.01))
    scene.passes(camera, dark, frames=2)
    assert not Visit.objects.exists()
    scene.passes(camera, dark, since=0.4, frames=2)
    visit = Visit.objects.get()
    assert (visit.decision, visit.reason, visit.person) == ("poor", "too_dark", None)
    scene.passes(camera, face_of(1), since=0.8, frames=4)
    assert Visit.objects.get().is_confirmed, "and is named when the face is seen at last"


def test_a_stricter_camera_needs_a_higher_score(scene):
    enrolled_person(1)
    scene.host.gallery.refresh()
    face = face_of(vector_towards(1, similarity=scene.host.policy().threshold + 0.05))
    scene.passes(scene.camera(threshold_offset=0.1), face)
    visit = Visit.objects.get()
    assert (visit.decision, visit.threshold) == (
        "uncertain",
        pytest.approx(scene.host.policy().threshold + 0.1),
    )


def test_who_was_suspended_while_the_frame_was_on_its_way_is_not_named(scene, monkeypatch):
    ada, camera = enrolled_person(1), scene.camera()
    frame = scene.frame(camera, 0.0, face_of(1))
    real = type(scene.book._rules).in_force

    def then_suspend(self):
        suspend_person(ada)
        return real(self)

    monkeypatch.setattr(type(scene.book._rules), "in_force", then_suspend)
    scene.book.see([frame])
    visit, face = Visit.objects.get(), RecognisedFace.objects.get()
    assert (visit.person, visit.decision, visit.reason) == (None, "unknown", "person_gone")
    assert face.person is None


def test_what_a_human_settled_is_changed_by_no_later_frame(scene):
    enrolled_person(1)
    camera = scene.camera()
    last = scene.passes(camera, face_of(1), frames=1)
    Visit.objects.update(
        settled_as=Visit.Settled.REFUSED, person=None, decision="unknown", reason="below_grey_band"
    )
    scene.passes(camera, face_of(1), since=last + 0.2, frames=8)
    visit = Visit.objects.get()
    assert (visit.person, visit.decision, visit.is_confirmed) == (None, "unknown", False)


def test_the_yields_add_up_to_the_funnel(scene):
    enrolled_person(1)
    camera = scene.camera()
    last = scene.passes(camera, face_of(1), frames=4)
    last = scene.passes(camera, at(face_of(40), 300.0), since=last + 1, frames=4)
    scene.book.tick(START + timedelta(seconds=last + 30))
    scene.shows(camera, last + 31)
    assert (scene.sum("frames"), scene.sum("faces"), scene.sum("usable_faces")) == (9, 8, 8)
    assert (scene.sum("visits"), scene.sum("usable_visits")) == (2, 2)
    assert (scene.sum("recognised_visits"), scene.sum("stranger_visits")) == (1, 1)
    assert [one.losses for one in scene.yields if one.visits] == [{"below_grey_band": 1}]
    assert not CameraHour.objects.exists(), "it is for the streams to count what they follow"


def statements(queries) -> list[str]:
    """What was asked of the database, but for keys, which a process outside of tests remembers, and
    for the rule and whom it guards, which are read twice a second at most."""
    seldom = ("core_datakey", "engines_ruleadoption", "people_lookalikepair")
    asked = [q["sql"] for q in queries.captured_queries]
    return [sql for sql in asked if not any(name in sql for name in seldom)]


def test_many_cameras_are_written_in_one_transaction(scene):
    cameras = [scene.camera() for _ in range(8)]
    frames = [scene.frame(c, 0.0, face_of(40 + n)) for n, c in enumerate(cameras)]
    with CaptureQueriesContext(connection) as queries:
        scene.book.see(frames)
    assert Visit.objects.count() == 8
    assert len(statements(queries)) < 20


def test_frames_in_which_nothing_new_is_seen_write_nothing(scene):
    enrolled_person(1)
    camera = scene.camera()
    last = scene.passes(camera, face_of(1), frames=8)
    frame = scene.frame(camera, last + 0.1, face_of(1))
    with CaptureQueriesContext(connection) as queries:
        scene.book.see([frame])
    assert all(sql.startswith("SELECT") for sql in statements(queries))


def test_a_camera_that_is_deleted_while_people_pass_takes_nobody_elses_visits_along(scene):
    gone, stays = scene.camera(), scene.camera()
    frames = [scene.frame(gone, 0.0, face_of(40)), scene.frame(stays, 0.0, face_of(41))]
    scene.book.see(frames)
    later = [scene.frame(gone, 2.0, face_of(40)), scene.frame(stays, 2.0, face_of(41))]
    gone.delete()
    scene.book.see(later)
    assert Visit.objects.get().faces_seen == 2
    scene.book.forget(later[0].camera.id)
    scene.book.tick(START + timedelta(seconds=60))
    assert Visit.objects.get().closed_at is not None


def test_a_clock_that_jumps_back_breaks_nothing(scene):
    enrolled_person(1)
    camera = scene.camera()
    scene.passes(camera, face_of(1), since=100.0)
    scene.passes(camera, face_of(1), since=50.0)
    scene.book.tick(START)
    assert Visit.objects.filter(is_confirmed=True).exists()


def test_somebody_who_walks_fast_is_still_one_visit(scene):
    """Two steps a frame: the boxes hardly overlap before the speed is known."""
    camera = scene.camera()
    for number in range(6):
        scene.shows(camera, number * 0.2, at(face_of(40), number * 45.0))
    assert Visit.objects.count() == 1
    assert Recognition.objects.count() == 1


def test_what_was_seen_badly_at_first_is_told_by_the_faces_that_follow(scene):
    """A stranger comes back in view from aside, and is the same stranger a moment later."""
    camera = scene.camera()
    last = scene.passes(camera, face_of(40))
    scene.passes(camera, face_of(vector_towards(40, similarity=0.3)), since=last + 5, frames=1)
    assert Visit.objects.count() == 2
    scene.passes(camera, face_of(40), since=last + 5.2, frames=14)
    visit = Visit.objects.get()
    assert visit.faces.count() == Recognition.objects.count()


def test_crossing_is_longer_than_the_gap():
    assert CROSSING > GAP
