"""The pages of the rule: its history, a second person's answer, and what single cameras add."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.urls import reverse

from portal.cameras.models import Camera
from portal.core.context import acting_as
from portal.engines.models import DecisionRule, RuleAdoption, RuleProposal, SpaceAdoption
from portal.engines.selectors import policy_in_force, policy_of, rule_in_force
from portal.engines.services import SavedRule, go_back, save_rule
from tests.factories import (
    CameraFactory,
    RecognisedFaceFactory,
    RecognitionFactory,
    SpaceFactory,
    UserFactory,
    visit_with_face,
)
from tests.portal.test_rules import MILD, STRICT, somebody

pytestmark = pytest.mark.django_db

HISTORY = "/calibration/history/"


@pytest.fixture
def space():
    return SpaceFactory()


@pytest.fixture
def saved(space) -> list[DecisionRule]:
    """Two rules, of which the second decides."""
    with acting_as(somebody("ada")):
        first = save_rule(STRICT, seen=None).rule
        return [first, save_rule(MILD, seen=1).rule]


@pytest.fixture
def ada(client_of):
    return client_of("administrator")


def text_of(answer) -> str:
    return " ".join(answer.content.decode().split())


class TestHistory:
    def test_before_anything_was_saved_the_shipped_rule_is_explained(self, ada, space):
        text = text_of(ada.get(HISTORY))
        assert "The shipped rule" in text
        assert "At most 1 stranger in 333 named, as measured on public pictures" in text
        assert "Go back to this" not in text

    def test_it_says_what_each_rule_means_who_saved_it_why_and_by_what(self, ada, saved):
        text = text_of(ada.get(HISTORY))
        assert text.index("Rule 2") < text.index("Rule 1"), "the newest first"
        assert "At most 1 stranger in 1,000 named." in text
        assert "ada@example.org" in text
        assert f"“{MILD.reason}”" in text
        assert "Threshold 0.450 for 120 people" in text
        assert "1 in 1,600 (95 % sure: 1 in 5,000 to 1 in 1,100)" in text

    def test_one_click_goes_back_and_the_dialog_said_what_would_happen(self, ada, saved):
        page = text_of(ada.get(HISTORY))
        assert "Go back to rule 1?" in page
        after = policy_of(saved[0], 0).threshold
        assert f"{policy_in_force(0).threshold:.3f} → {after:.3f}, stricter" in page
        answer = ada.post(f"{HISTORY}back/", {"rule": "1", "seen": "2", "reason": "Too mild."})
        assert (answer.status_code, answer["Location"]) == (302, HISTORY)
        assert rule_in_force() == saved[0]
        adoption = RuleAdoption.objects.first()
        assert (adoption.cause, adoption.reason) == ("went_back", "Too mild.")
        assert "Rule 1 decides again" in text_of(ada.get(HISTORY))

    def test_the_shipped_rule_is_one_click_away_too(self, ada, saved):
        ada.post(f"{HISTORY}back/", {"rule": "shipped", "seen": "2"})
        assert rule_in_force() is None

    @pytest.mark.parametrize(
        ("form", "words"),
        [
            ({"rule": "1", "seen": "1"}, "By now rule 2 decides"),
            ({"rule": "2", "seen": "2"}, "this rule decides already"),
            ({"rule": "1"}, "Open the page again"),
            ({"seen": "2"}, "Open the page again"),
            ({"rule": "x", "seen": "2"}, "Open the page again"),
        ],
    )
    def test_what_is_refused_is_said_on_the_page_and_changes_nothing(self, ada, saved, form, words):
        answer = ada.post(f"{HISTORY}back/", form, follow=True)
        assert answer.status_code == 200
        assert words in text_of(answer)
        assert rule_in_force() == saved[1]

    def test_a_rule_that_never_was_is_not_found(self, ada, saved):
        assert ada.get(f"{HISTORY}99/").status_code == 404
        assert ada.post(f"{HISTORY}back/", {"rule": "99", "seen": "2"}).status_code == 404

    def test_rules_of_another_model_are_shown_without_a_way_back(self, ada, saved):
        other = SpaceFactory(id="f" * 16, model_id="other-model")
        SpaceAdoption.objects.create(space=other, model="other-model")
        assert saved[0].space.model_id in text_of(ada.get(HISTORY))
        with acting_as(somebody("ada")):
            save_rule(replace(STRICT, reason="For the new model."), seen=None)
        text = text_of(ada.get(HISTORY))
        assert "Go back to this: rule 3" not in text, "it decides"
        assert "Go back to this: rule 1" not in text, "its threshold means nothing to the new model"
        assert "Go back to this: the shipped rule" not in text, "it is of the model that was left"
        assert "Go back to the shipped rule?" not in text
        assert "its threshold means nothing to other-model, which recognises now" in text
        refused = ada.post(f"{HISTORY}back/", {"rule": "shipped", "seen": "3"}, follow=True)
        assert "take the model back" in text_of(refused)
        assert rule_in_force().number == 3

    def test_an_auditor_reads_it_and_has_no_buttons(self, client_of, saved):
        text = text_of(client_of("auditor").get(HISTORY))
        assert "Rule 2" in text
        assert "Go back" not in text

    def test_an_open_page_reads_its_part_again(self, ada, saved):
        part = ada.get(HISTORY, headers={"HX-Request": "true"})
        assert b"<html" not in part.content
        assert b"Rule 2" in part.content

    def test_one_rule_has_a_page_with_all_its_numbers(self, ada, saved):
        text = text_of(ada.get(f"{HISTORY}1/"))
        for words in (STRICT.reason, "0.520, chosen for 120 people", "up to 0.040 below", "0.060"):
            assert words in text
        assert "Go back to this" in text
        assert "Go back to this" not in text_of(ada.get(f"{HISTORY}2/"))

    @pytest.mark.parametrize(
        ("evidence", "words"),
        [
            ({}, "Nothing was measured for this rule"),
            ({"fpir": "much", "counts": None}, "Nothing was measured for this rule"),
            ({"fpir": {"value": 0.01, "low": 0.001, "high": 0.02, "supported": False}}, "too few"),
            ({"missed": {"value": 0.025, "low": 0.01, "high": 0.05}}, "2.5 % (95 % sure: 1 % to"),
            ({"threshold": {"low": 0.48, "high": 0.55}}, "0.480 to 0.550"),
            (
                {"threshold": {"low": 0.48, "high": 0.55}, "gallery_size": 80},
                "0.480 to 0.550, for 80 people",
            ),
            ({"prior": {"name": "SFace on LFW", "threshold": 0.5}}, "SFace on LFW"),
            (
                {"replay": {"rows": 1200, "appears": 3, "disappears": 14, "changes": 0}},
                "1,200 decisions decided anew: 3 names appear, 14 disappear, 0 change",
            ),
            (
                {"counts": {"stranger_searches": 900, "people_strangers": 90}},
                "900 searches of 90 people",
            ),
        ],
        ids=lambda value: str(value)[:24],
    )
    def test_the_evidence_is_said_in_words_and_what_is_missing_is_left_out(
        self, ada, space, evidence, words
    ):
        with acting_as(somebody("ada")):
            save_rule(replace(STRICT, evidence=evidence), seen=None)
        assert words in text_of(ada.get(f"{HISTORY}1/"))


class TestTwoPeople:
    @pytest.fixture
    def proposal(self, space, settings) -> RuleProposal:
        settings.CALIBRATION_NEEDS_TWO = True
        with acting_as(somebody("ben")):
            return save_rule(STRICT, seen=None).proposal

    def test_it_is_counted_beside_calibration_and_told_on_its_pages(self, ada, proposal):
        assert "A rule waits for your answer" in text_of(ada.get("/calibration/"))
        assert "Proposed: Rule 1" in text_of(ada.get(HISTORY))

    def test_somebody_else_approves_it_with_a_word_about_it(self, ada, proposal):
        address = reverse("calibration:approve", args=[proposal.pk])
        ada.post(address, {"seen": "shipped", "answer": "Seen the what-if."})
        assert rule_in_force() == proposal.rule
        text = text_of(ada.get(f"{HISTORY}1/"))
        assert "Seen the what-if." in text
        assert "ben@example.org" in text
        assert "waits for your answer" not in text

    def test_a_refusal_without_a_reason_is_asked_for_one(self, ada, proposal):
        address = reverse("calibration:refuse", args=[proposal.pk])
        assert "Say why" in text_of(ada.post(address, follow=True))
        ada.post(address, {"answer": "Too strict."})
        proposal.refresh_from_db()
        assert (proposal.state, proposal.answer) == ("refused", "Too strict.")

    def test_who_proposed_it_is_not_counted_and_can_only_withdraw(self, client_of, proposal, space):
        user = UserFactory(role="administrator")
        rule = proposal.rule
        rule.author_id, rule.author_label = str(user.pk), user.email
        rule.save()
        client = client_of("administrator")
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        text = text_of(client.get(HISTORY))
        assert "waits for your answer" not in text
        assert "Withdraw" in text
        approve = reverse("calibration:approve", args=[proposal.pk])
        answer = client.post(approve, {"seen": "shipped"}, follow=True)
        assert "needs a second person" in text_of(answer)
        client.post(reverse("calibration:withdraw", args=[proposal.pk]))
        assert rule_in_force() is None
        proposal.refresh_from_db()
        assert proposal.state == "withdrawn"


class TestCameras:
    def test_it_shows_what_is_inherited_and_what_is_own(self, ada, saved):
        CameraFactory(name="Gate", threshold_offset=0.03)
        CameraFactory(name="Lobby")
        text = text_of(ada.get("/calibration/cameras/"))
        threshold = policy_in_force(0).threshold
        assert "As everywhere" in text
        assert "0.03 stricter" in text
        assert f"{threshold + 0.03:.3f}" in text
        assert "Rule 2" in text

    def test_an_offset_is_set_and_taken_away_here(self, ada, saved):
        camera = CameraFactory(name="Gate")
        address = reverse("calibration:offset", args=[camera.pk])
        ada.post(address, {"offset": "0.05"})
        assert Camera.objects.get().threshold_offset == 0.05
        assert Camera.objects.get().revision > camera.revision, "streams follow it"
        ada.post(address, {"offset": "0"})
        assert Camera.objects.get().threshold_offset == 0.0

    def test_where_two_are_needed_it_is_never_lowered_here(self, ada, saved, settings):
        settings.CALIBRATION_NEEDS_TWO = True
        camera = CameraFactory(name="Gate", threshold_offset=0.05)
        assert "can only be made stricter here" in text_of(ada.get("/calibration/cameras/"))
        address = reverse("calibration:offset", args=[camera.pk])
        answer = text_of(ada.post(address, {"offset": "0"}, follow=True))
        assert "Two people are needed" in answer
        assert "Nothing was changed" in answer
        assert Camera.objects.get().threshold_offset == 0.05
        ada.post(address, {"offset": "0.1"})
        assert Camera.objects.get().threshold_offset == 0.1

    @pytest.mark.parametrize("offset", ["0.5", "-1", "nan", "", "much"])
    def test_an_offset_that_no_camera_may_have_is_refused(self, ada, saved, offset):
        camera = CameraFactory()
        address = reverse("calibration:offset", args=[camera.pk])
        answer = ada.post(address, {"offset": offset}, follow=True)
        assert "Nothing was changed" in text_of(answer)
        assert Camera.objects.get().threshold_offset == 0.0

    def test_who_may_not_change_cameras_reads_only(self, client_of, saved):
        CameraFactory()
        assert "Own offset" not in text_of(client_of("auditor").get("/calibration/cameras/"))


class TestWhereTheThresholdIsShown:
    def test_a_recognition_says_which_rule_decided(self, ada, saved):
        row = RecognitionFactory(is_done=True, rule=saved[0], threshold=0.52)
        RecognisedFaceFactory(recognition=row)
        address = reverse("sightings:detail", args=[row.pk])
        assert f'decided by <a href="{HISTORY}1/">rule 1</a>' in text_of(ada.get(address))

    def test_a_visit_says_which_rule_decided(self, ada, saved):
        visit = visit_with_face(camera=CameraFactory(), threshold=0.52, rule=saved[1])
        assert f'href="{HISTORY}2/"' in text_of(
            ada.get(reverse("sightings:visit", args=[visit.pk]))
        )
        older = visit_with_face(camera=CameraFactory(), threshold=0.52)
        assert "the shipped rule" in text_of(ada.get(reverse("sightings:visit", args=[older.pk])))

    def test_the_system_page_says_which_rule_is_in_force(self, ada, saved):
        assert "of rule 2, saved on the Calibration page" in text_of(ada.get("/system/"))
        with acting_as(somebody("ada")):
            go_back(None, seen=2)
        assert "saved on the Calibration page" not in text_of(ada.get("/system/"))


def test_a_rule_set_by_hand_promises_nothing_that_was_not_measured(ada, space):
    by_hand = SavedRule(
        threshold=0.5,
        grey_band=0.05,
        min_margin=0.05,
        gallery_size=10,
        stranger_rate=0.01,
        reason="Tried it on the past.",
        origin=DecisionRule.Origin.BY_HAND,
    )
    with acting_as(somebody("ada")):
        save_rule(by_hand, seen=None)
    assert "Set by hand; if the model&#x27;s own figures hold" in text_of(ada.get(HISTORY))
