"""What-ifs in the light worker: the past decided anew by the code that decides live."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from portal.calibration.models import WhatIf, WhatIfChange
from portal.calibration.services import what_if as services
from portal.cameras.models import Camera
from portal.core.vault import vault
from portal.jobs.models import Job
from portal.jobs.services import cancel_job
from portal.people.models import Person
from portal.people.services import erase_person, merge_people
from portal.sightings.models import RecognisedFace, Recognition, Visit
from recognition.contracts import Candidate
from recognition.decision import DecisionPolicy, decide
from tests.factories import (
    CameraFactory,
    RecognisedFaceFactory,
    RecognitionFactory,
    SpaceFactory,
    VisitLegFactory,
    enrolled_person,
    visit_with_face,
)
from tests.factories.faces import face_of, quality, vector_towards
from tests.factories.pictures import fresh_jpeg
from tests.factories.what_ifs import what_if_of
from tests.workers.test_visit_book import Scene
from workers.calibration import replay as module
from workers.calibration.replay import replay_waiting
from workers.recognise import recognise_waiting

pytestmark = pytest.mark.django_db

START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
HERE = {"from_at": START - timedelta(days=1), "to_at": START + timedelta(days=2)}


@pytest.fixture(autouse=True)
def _fresh_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_in_hand", None)


def replayed(**fields) -> WhatIf:
    """A what-if, replayed to its end."""
    what_if = what_if_of(**{**HERE, **fields})
    while replay_waiting(budget_s=5.0):
        pass
    what_if.refresh_from_db()
    return what_if


def visit(person=None, *, candidates=(), decision="unknown", seconds=0.0, **fields) -> Visit:
    at = START + timedelta(seconds=seconds)
    return visit_with_face(
        person=person,
        decision=decision,
        reason=fields.pop("reason", "above_threshold" if person else "below_grey_band"),
        score=candidates[0][1] if candidates else None,
        candidates=[[str(who.pk), score] for who, score in candidates],
        first_at=at,
        last_at=at + timedelta(seconds=10),
        **fields,
    )


def changes(what_if: WhatIf) -> list[tuple]:
    rows = what_if.changes.order_by("at", "pk").select_related("before_person", "after_person")
    return [
        (
            row.change,
            row.before_kind,
            row.after_kind,
            row.before_person and row.before_person.name,
            row.after_person and row.after_person.name,
        )
        for row in rows
    ]


class TestTheSameCode:
    """At the policy that was in force nothing changes, whatever made the ledger."""

    def test_a_ledger_of_photos_snapshots_and_live_pictures(self, host, engine):
        ada, _bob = enrolled_person(1, name="Ada"), enrolled_person(2, name="Bob")
        threshold = host.policy().threshold
        band = vector_towards(2, similarity=threshold - 0.02)
        near = vector_towards(1, similarity=threshold + 0.03)
        strict = CameraFactory(kind=Camera.Kind.PUSH, threshold_offset=0.05)
        scene = Scene(host)
        live = scene.camera(threshold_offset=-0.04)
        shown = (face_of(1), face_of(40), face_of(band), face_of(near))
        poor = face_of(1, measured=quality(sharpness=1.0))
        for camera in (None, strict):
            data = engine.shows(fresh_jpeg(), *shown, poor)
            RecognitionFactory(
                picture_key=vault().put("pictures", data),
                source="camera" if camera else "upload",
                camera=camera,
                captured_at=START,
            )
        recognise_waiting(host, budget_s=5.0)
        for number, face in enumerate(shown):
            scene.passes(live, face, since=60.0 * number)
        assert {*RecognisedFace.objects.values_list("decision", flat=True)} == {
            "match", "uncertain", "unknown", "poor",
        }  # fmt: skip
        assert Visit.objects.filter(person=ada).exists()

        same = replayed(threshold=threshold)
        assert same.state == WhatIf.State.DONE
        assert changes(same) == []
        assert same.summary["ledger"] == {"rows": RecognisedFace.objects.count(), "changed": 0}
        assert same.summary["decided"] == Visit.objects.count() + 4

        stricter = replayed(threshold=threshold + 0.1)
        assert stricter.summary["changes"]["disappears"] > 0

    @given(
        scores=st.lists(st.floats(-0.2, 1.0), max_size=5),
        threshold=st.floats(0.1, 0.9),
        band=st.floats(0.0, 0.3),
        margin=st.floats(0.0, 0.3),
        offset=st.sampled_from([0.0, -0.1, 0.2]),
    )
    @hypothesis_settings(
        max_examples=40,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    def test_any_candidates_under_any_rule(self, people, scores, threshold, band, margin, offset):
        RecognisedFace.objects.all().delete()
        Visit.objects.all().delete()
        camera = CameraFactory(threshold_offset=offset)
        policy = DecisionPolicy(
            min(threshold + offset, 0.99) if offset else threshold,
            grey_band=band,
            min_margin=margin,
        )
        made = decide(
            [Candidate(str(one.pk), score) for one, score in zip(people, scores, strict=False)],
            quality=quality(),
            policy=policy,
        )
        visit_with_face(
            camera=camera,
            decision=made.kind,
            reason=made.reason,
            score=made.score,
            margin=made.margin,
            person=Person.objects.get(pk=made.person_id) if made.kind == "match" else None,
            candidates=[[one.person_id, one.score] for one in made.candidates],
            first_at=START,
        )
        same = replayed(threshold=threshold, grey_band=band, min_margin=margin)
        assert (same.summary["decided"], changes(same)) == (1, [])
        assert same.summary["ledger"]["changed"] == 0

    @pytest.fixture
    def people(self, db):
        return [enrolled_person(n) for n in range(5)]


class TestWhatChanges:
    @pytest.fixture
    def ada(self, db):
        return enrolled_person(1, name="Ada")

    @pytest.fixture
    def bob(self, db):
        return enrolled_person(2, name="Bob")

    @pytest.mark.parametrize(
        ("threshold", "band", "expected", "why"),
        [
            (0.61, 0.05, ("disappears", "match", "unknown", "Ada", None), "far too little now"),
            (0.58, 0.05, ("disappears", "match", "uncertain", "Ada", None), "for review now"),
            (0.55, 0.05, None, "just enough"),
        ],
    )
    def test_a_name_disappears(self, ada, threshold, band, expected, why):
        visit(ada, decision="match", candidates=[(ada, 0.55)])
        found = replayed(threshold=threshold, grey_band=band)
        assert changes(found) == ([expected] if expected else []), why

    def test_attendance_knows_what_its_own_cameras_saw_and_nothing_else(self, ada):
        """At a camera that does not count nobody comes or goes, whoever is named there."""
        desk = CameraFactory(name="Desk", is_for_attendance=True)
        yard = CameraFactory(name="Yard", site=desk.site, is_for_attendance=False)
        named = {"decision": "match", "candidates": [(ada, 0.55)]}
        visit(ada, camera=yard, **named)
        elsewhere = replayed(threshold=0.8)
        assert elsewhere.summary["changes"]["disappears"] == 1, "the name is lost all the same"
        assert elsewhere.summary["attendance"]["person_days"] == 0
        assert elsewhere.summary["attendance"]["affected"] == 0

        both = visit(ada, camera=yard, seconds=600, **named)
        seen = START + timedelta(seconds=604)
        VisitLegFactory(visit=both, camera=desk, first_at=seen, last_at=seen)
        day = replayed(threshold=0.8).summary["attendance"]
        assert (day["person_days"], day["lost"]) == (1, 1)
        (row,) = day["days"]
        assert row["before"] == [seen.isoformat()] * 2, "neither the yard's passage nor its times"

    def test_a_name_appears_from_the_review_or_from_nowhere(self, ada):
        visit(decision="uncertain", reason="grey_band", candidates=[(ada, 0.47)])
        visit(decision="unknown", candidates=[(ada, 0.41)], seconds=60)
        found = replayed(threshold=0.4)
        assert changes(found) == [
            ("appears", "uncertain", "match", None, "Ada"),
            ("appears", "unknown", "match", None, "Ada"),
        ]
        assert found.summary["review"] == {"before": 1, "after": 0, "joins": 0, "leaves": 1}
        assert found.summary["people"] == [{"id": str(ada.pk), "gains": 2, "loses": 0}]

    def test_what_goes_to_the_review_is_no_name(self, ada):
        visit(decision="unknown", candidates=[(ada, 0.41)])
        found = replayed(threshold=0.5, grey_band=0.1)
        assert changes(found) == [("kind", "unknown", "uncertain", None, None)]
        assert found.summary["review"]["joins"] == 1

    def test_a_camera_keeps_its_offset(self, ada):
        strict = CameraFactory(threshold_offset=0.1)
        visit(ada, decision="match", candidates=[(ada, 0.55)], camera=strict)
        visit(ada, decision="match", candidates=[(ada, 0.55)], seconds=60)
        found = replayed(threshold=0.5)
        assert [row.camera for row in found.changes.all()] == [strict]
        assert found.summary["offsets"] == {str(strict.pk): 0.1}

    @pytest.mark.parametrize(
        ("fields", "why"),
        [
            ({"settled_as": "confirmed"}, "settled"),
            ({"decision": "poor", "reason": "blurred", "person": None}, "poor"),
            ({"decision": "spoof", "reason": "spoof", "person": None}, "spoof"),
            ({"decision": "unknown", "reason": "person_gone", "person": None}, "person_gone"),
            ({"reason": "named_stranger"}, "named_stranger"),
            ({"person": None}, "gone"),
        ],
    )
    def test_what_no_score_decided_stays(self, ada, fields, why):
        visit(**{"person": ada, "decision": "match", "candidates": [(ada, 0.55)], **fields})
        found = replayed(threshold=0.9)
        assert changes(found) == []
        assert (found.summary["decided"], found.summary["left_out"]) == (0, {why: 1})

    def test_what_another_model_decided_is_left_out(self, ada):
        other = SpaceFactory(id="another/space")
        visit(ada, decision="match", candidates=[(ada, 0.55)], space=other)
        found = replayed(threshold=0.9, space=SpaceFactory())
        assert found.summary["left_out"] == {"other_space": 1}

    def test_a_photo_is_one_change_and_a_face_of_a_visit_is_none_of_its_own(self, ada):
        picture = RecognitionFactory(is_done=True, space=SpaceFactory(), captured_at=START)
        fields = {"person": ada, "decision": "match", "reason": "above_threshold"}
        row = [[str(ada.pk), 0.55]]
        RecognisedFaceFactory(recognition=picture, candidates=row, score=0.55, **fields)
        seen = visit(ada, decision="match", candidates=[(ada, 0.55)])
        Recognition.objects.update(space=SpaceFactory())
        found = replayed(threshold=0.9)
        assert sorted(found.changes.values_list("visit", "face"), key=str) == sorted(
            [(seen.pk, None), (None, picture.faces.get().pk)], key=str
        )
        assert found.summary["ledger"] == {"rows": 2, "changed": 2}

    def test_only_the_span_counts(self, ada):
        visit(ada, decision="match", candidates=[(ada, 0.55)], seconds=-3 * 86_400)
        visit(ada, decision="match", candidates=[(ada, 0.55)], seconds=+3 * 86_400)
        assert replayed(threshold=0.9).summary["decided"] == 0

    def test_whoever_was_merged_since_is_one_person(self, ada, bob):
        visit(bob, decision="match", candidates=[(bob, 0.7), (ada, 0.2)])
        merge_people(bob, ada)
        assert changes(replayed(threshold=0.5)) == []
        assert changes(replayed(threshold=0.8)) == [("disappears", "match", "unknown", "Ada", None)]

    def test_nobody_who_was_erased_comes_back(self, ada, bob):
        visit(decision="unknown", candidates=[(bob, 0.45)])
        visit(bob, decision="match", candidates=[(bob, 0.7)], seconds=60)
        erase_person(bob)
        found = replayed(threshold=0.4)
        assert changes(found) == []
        assert found.summary["left_out"] == {"gone": 2}

    def test_people_who_look_alike_stay_guarded(self, ada, bob):
        from portal.people.models import LookalikePair

        first, second = sorted((ada, bob), key=lambda one: one.pk)
        LookalikePair.objects.create(
            first=first, second=second, space=SpaceFactory(), score=0.6, is_alike=True
        )
        visit(decision="unknown", candidates=[(ada, 0.45)])
        found = replayed(threshold=0.42, min_margin=0.0)
        assert changes(found) == [("kind", "unknown", "uncertain", None, None)]
        assert found.summary["guarded"] == 2


class TestTheWorker:
    @pytest.fixture
    def ledger(self, db, monkeypatch):
        monkeypatch.setattr(module, "_PART", 2)
        ada = enrolled_person(1, name="Ada")
        for number in range(6):
            visit(ada, decision="match", candidates=[(ada, 0.55)], seconds=60 * number)
        return ada

    def test_it_takes_turns_with_other_tasks_and_goes_on(self, ledger):
        what_if = what_if_of(threshold=0.9, **HERE)
        assert replay_waiting(budget_s=0.0), "there is more to do"
        what_if.refresh_from_db()
        assert what_if.state == WhatIf.State.RUNNING
        assert 0 < what_if.job.done < what_if.job.total
        assert not WhatIfChange.objects.exists(), "the rows come at the end, all at once"
        while replay_waiting(budget_s=0.0):
            pass
        what_if.refresh_from_db()
        assert (what_if.state, what_if.job.state) == (WhatIf.State.DONE, Job.State.DONE)
        assert what_if.changes.count() == 6

    def test_what_a_killed_worker_left_is_begun_anew_and_nothing_is_there_twice(
        self, ledger, monkeypatch
    ):
        what_if = what_if_of(threshold=0.9, **HERE)
        for _ in range(3):
            replay_waiting(budget_s=0.0)
        monkeypatch.setattr(module, "_in_hand", None)  # kill -9: what was in memory is gone
        assert replay_waiting(budget_s=0.0) is False, "its worker may be alive still"
        assert not services.is_replay_waiting()
        silent_since = datetime.now(UTC) - timedelta(minutes=1)
        Job.objects.filter(pk=what_if.job_id).update(changed_at=silent_since)
        assert services.is_replay_waiting()
        while replay_waiting(budget_s=0.0):
            pass
        what_if.refresh_from_db()
        assert (what_if.state, what_if.replayed) == (WhatIf.State.DONE, 6)
        assert what_if.changes.count() == what_if.summary["changes"]["disappears"] == 6

    def test_two_workers_at_the_same_one_leave_one_outcome(self, ledger):
        what_if = what_if_of(threshold=0.9, **HERE)
        slow = module.Replaying(services.take_up())
        fast = module.Replaying(slow.what_if)
        while not fast.step():
            slow.step()
        while not slow.step():
            pass
        assert what_if.changes.count() == 6

    def test_a_cancelled_one_stops_and_leaves_nothing(self, ledger):
        what_if = what_if_of(threshold=0.9, **HERE)
        replay_waiting(budget_s=0.0)
        cancel_job(what_if.job)
        assert replay_waiting(budget_s=5.0) is False
        what_if.refresh_from_db()
        assert what_if.state == WhatIf.State.CANCELLED
        assert not what_if.changes.exists()

    def test_one_that_cannot_be_replayed_fails_and_does_not_block_the_next(
        self, ledger, monkeypatch
    ):
        broken, fine = what_if_of(threshold=0.9, **HERE), what_if_of(threshold=0.8, **HERE)
        usual = module.Replaying.step

        def step(self):
            if self.what_if.pk == broken.pk:
                raise RuntimeError("out of order")
            return usual(self)

        monkeypatch.setattr(module.Replaying, "step", step)
        while replay_waiting(budget_s=5.0):
            pass
        broken.refresh_from_db()
        fine.refresh_from_db()
        assert (broken.state, fine.state) == (WhatIf.State.FAILED, WhatIf.State.DONE)
        assert broken.job.state == Job.State.FAILED

    def test_what_is_deleted_in_the_middle_is_left_out(self, ledger):
        what_if = what_if_of(threshold=0.9, **HERE)
        for _ in range(2):
            replay_waiting(budget_s=0.0)
        Visit.objects.order_by("pk").first().delete()
        while replay_waiting(budget_s=0.0):
            pass
        assert what_if.changes.count() == 5
