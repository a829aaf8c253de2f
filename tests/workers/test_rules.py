"""A rule that is saved decides within a second, in every worker, and the ledger says which did."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from portal.cameras.models import Camera
from portal.cameras.selectors import camera_settings
from portal.core.vault import vault
from portal.engines.models import DecisionRule
from portal.engines.services import SavedRule, go_back, save_rule
from portal.sightings.models import Recognition, Visit
from recognition.contracts import ImageAnalysis
from tests.factories import CameraFactory, RecognitionFactory, SpaceFactory, enrolled_person
from tests.factories.faces import face_of, vector_towards
from tests.factories.pictures import fresh_jpeg
from workers import engine_host
from workers.recognise import recognise_waiting
from workers.visits import SeenFrame, VisitBook
from workers.visits.rules import rules_of

pytestmark = pytest.mark.django_db

STRICT = SavedRule(
    threshold=0.8,
    grey_band=0.05,
    min_margin=0.05,
    gallery_size=1,
    stranger_rate=0.001,
    follows_gallery=False,
    reason="Strangers were given names.",
)
# Enough for the shipped rule, not for the strict one.
SIMILAR = 0.7


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    """The worker's own, in seconds: it looks at the database by it."""
    now_s = [100.0]
    monkeypatch.setattr(engine_host.time, "monotonic", lambda: now_s[0])
    return now_s


@pytest.fixture
def recognise(host, engine):
    """What becomes of a camera's picture that shows Ada at ``SIMILAR``."""
    enrolled_person(1, name="Ada")
    camera = CameraFactory(kind=Camera.Kind.PUSH)

    def one() -> Recognition:
        data = engine.shows(fresh_jpeg(), face_of(vector_towards(1, similarity=SIMILAR)))
        row = RecognitionFactory(
            picture_key=vault().put("pictures", data),
            source=Recognition.Source.CAMERA,
            camera=camera,
        )
        recognise_waiting(host, budget_s=5.0)
        row.refresh_from_db()
        return row

    return one


def test_a_saved_rule_is_followed_within_a_second_without_asking_for_each_face(
    host, clock, django_assert_num_queries
):
    shipped = host.policy().threshold
    rule = save_rule(STRICT, seen=None).rule
    with django_assert_num_queries(0):
        assert host.policy().threshold == shipped, "within half a second nobody asks again"
    clock[0] += 1.0
    assert (host.policy().threshold, host.deciding().rule_id) == (0.8, rule.pk)
    go_back(None, seen=1)
    clock[0] += 1.0
    assert (host.policy().threshold, host.deciding().rule_id) == (shipped, None)


def test_each_row_of_the_ledger_says_which_rule_decided(recognise, clock):
    first = recognise()
    rule = save_rule(STRICT, seen=None).rule
    clock[0] += 1.0
    second = recognise()
    assert (first.faces.get().decision, first.rule) == ("match", None)
    assert (second.faces.get().decision, second.rule, second.threshold) == ("unknown", rule, 0.8)


def test_a_visit_says_which_rule_its_decision_is_of(host, clock):
    enrolled_person(1, name="Ada")
    rule = save_rule(STRICT, seen=None).rule
    camera = CameraFactory(kind=Camera.Kind.FILE)
    VisitBook(host).see(
        [
            SeenFrame(
                camera=camera_settings(camera),
                analysis=ImageAnalysis(400, 300, (face_of(1),)),
                picture=np.full((120, 160, 3), 90, np.uint8),
                captured_at=camera.created_at,
                at_s=100.0,
            )
        ]
    )
    visit = Visit.objects.get()
    assert (visit.person.name, visit.rule, visit.threshold) == ("Ada", rule, 0.8)
    assert Recognition.objects.get().rule == rule


def test_a_pass_is_decided_by_one_rule_even_where_another_is_saved_in_the_middle(host, clock):
    rules = rules_of(host)
    rules.refresh()
    before = rules.policy().threshold
    save_rule(STRICT, seen=None)
    clock[0] += 1.0
    assert (rules.policy().threshold, rules.in_force().rule_id) == (before, None)
    rules.refresh()
    assert rules.policy(0.05).threshold == pytest.approx(0.85)
    assert rules.in_force().rule_id == DecisionRule.objects.get().pk


def test_a_rule_of_another_model_decides_nothing_here(host, clock):
    other = SpaceFactory(id="f" * 16, model_id="other-model")
    shipped = host.policy()
    of_switch = replace(STRICT, origin=DecisionRule.Origin.MODEL_SWITCH)
    save_rule(of_switch, seen=None, space_id=other.pk)
    clock[0] += 1.0
    assert (host.policy(), host.deciding().rule_id) == (shipped, None)
