"""Saving a rule, a second person's word on it, and the way back: versions are never overwritten."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import pytest
from django.db import connection, connections

from portal.audit.models import AuditEntry
from portal.core.context import Actor, acting_as
from portal.core.errors import NotFound, PermissionMissing
from portal.core.policies import ALL_PERMISSIONS, permissions_of
from portal.engines.models import DecisionRule, RuleAdoption, RuleProposal, SpaceAdoption
from portal.engines.selectors import (
    duplicate_policy,
    policy_in_force,
    policy_of,
    rule_in_force,
)
from portal.engines.services import (
    OwnProposal,
    ProposalAnswered,
    RuleChanged,
    RuleRefused,
    SavedRule,
    adopt_switched,
    approve_proposal,
    go_back,
    refuse_proposal,
    save_rule,
    seen_field,
    seen_of,
    withdraw_proposal,
)
from tests.factories import SpaceFactory
from tests.factories.rules import saved_rule

pytestmark = pytest.mark.django_db

STRICT = SavedRule(
    threshold=0.52,
    grey_band=0.04,
    min_margin=0.06,
    gallery_size=120,
    stranger_rate=0.001,
    reason="Strangers were given names at the gate.",
    wish={"fpir": 0.001, "days": None, "strangers_a_day": None},
    evidence={"fpir": {"value": 0.0006, "low": 0.0002, "high": 0.0009}},
)
MILD = replace(STRICT, threshold=0.45, reason="Too many were not named.")


def somebody(name: str, *, permissions: frozenset[str] = ALL_PERMISSIONS, kind: str = "user"):
    return Actor(kind=kind, id=name, label=f"{name}@example.org", permissions=permissions)


ADA, BEN = somebody("ada"), somebody("ben")


@pytest.fixture
def space():
    return SpaceFactory()


@pytest.fixture
def other_space(space):
    """Of a model that is not in use."""
    SpaceAdoption.objects.create(space=space, model="m")
    return SpaceFactory(id="f" * 16, model_id="other-model")


@pytest.fixture
def _ada(space) -> Iterator[None]:
    with acting_as(ADA):
        yield


@pytest.fixture
def _needs_two(settings) -> None:
    settings.CALIBRATION_NEEDS_TWO = True


@pytest.fixture
def other_in_use(other_space):
    """The model that comes with Gatehouse was left for another."""
    SpaceAdoption.objects.create(space=other_space, model="other-model")
    return other_space


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("seq").values_list("action", flat=True))


@pytest.mark.usefixtures("_ada")
class TestSaving:
    def test_a_saved_rule_decides_from_then_on_and_says_who_when_why_and_by_what(self, space):
        saved = save_rule(STRICT, seen=None)
        rule = rule_in_force()
        assert saved.is_in_force
        assert rule == saved.rule
        assert (rule.number, rule.space, rule.author_label) == (1, space, "ada@example.org")
        assert (rule.reason, rule.evidence, rule.wish) == (
            STRICT.reason,
            STRICT.evidence,
            STRICT.wish,
        )
        policy = policy_in_force(120)
        assert (policy.threshold, policy.grey_band, policy.min_margin) == (0.52, 0.04, 0.06)

    def test_each_version_keeps_its_own_numbers_and_the_next_has_the_next_number(self):
        first = save_rule(STRICT, seen=None).rule
        second = save_rule(MILD, seen=1).rule
        first.refresh_from_db()
        assert (first.number, first.threshold) == (1, 0.52)
        assert (second.number, rule_in_force()) == (2, second)
        assert RuleAdoption.objects.count() == 2

    def test_it_is_audited_with_the_numbers_before_and_after(self):
        save_rule(STRICT, seen=None)
        save_rule(MILD, seen=1)
        saved = AuditEntry.objects.filter(action="calibration.rule.saved").latest("seq")
        assert (saved.before["threshold"], saved.after["threshold"]) == (0.52, 0.45)
        assert saved.reason == MILD.reason
        assert actions() == ["calibration.rule.saved", "calibration.rule.adopted"] * 2

    @pytest.mark.django_db(transaction=True)
    def test_open_pages_are_told_once_it_is_committed(self, published):
        save_rule(STRICT, seen=None)
        assert ("calibration", {"type": "calibration.changed", "part": "rule"}) in published

    def test_it_moves_with_the_gallery_only_where_it_is_to(self):
        save_rule(STRICT, seen=None)
        assert policy_in_force(1200).threshold > policy_in_force(120).threshold
        save_rule(replace(STRICT, follows_gallery=False), seen=1)
        assert policy_in_force(1200).threshold == policy_in_force(120).threshold == 0.52

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"threshold": 1.5}, "calibration.rule_out_of_range"),
            ({"threshold": -0.2}, "calibration.rule_out_of_range"),
            ({"threshold": float("nan")}, "calibration.rule_out_of_range"),
            ({"grey_band": -0.01}, "calibration.rule_out_of_range"),
            ({"min_margin": 2.5}, "calibration.rule_out_of_range"),
            ({"stranger_rate": 0.0}, "calibration.rule_out_of_range"),
            ({"stranger_rate": 0.9}, "calibration.rule_out_of_range"),
            ({"gallery_size": -1}, "calibration.rule_out_of_range"),
            ({"origin": "guessed"}, "calibration.rule_out_of_range"),
            ({"evidence": {"fpir": float("nan")}}, "calibration.rule_out_of_range"),
            ({"evidence": {"vector": b"\0"}}, "calibration.rule_out_of_range"),
            ({"reason": "  "}, "calibration.reason_missing"),
            ({"reason": "x" * 501}, "calibration.reason_missing"),
        ],
        ids=lambda value: str(value)[:40],
    )
    def test_numbers_that_no_decision_can_follow_are_refused_and_change_nothing(
        self, changes, code
    ):
        with pytest.raises(RuleRefused) as refused:
            save_rule(replace(STRICT, **changes), seen=None)
        assert (refused.value.code, refused.value.http_status) == (code, 422)
        assert not DecisionRule.objects.exists()
        assert actions() == []

    @pytest.mark.parametrize("seen", [None, 2])
    def test_a_rule_that_somebody_saved_meanwhile_is_not_overwritten_unseen(self, seen):
        save_rule(STRICT, seen=None)
        with pytest.raises(RuleChanged, match="rule 1 decides") as refused:
            save_rule(MILD, seen=seen)
        assert (refused.value.http_status, refused.value.data) == (409, {"in_force": 1})
        assert rule_in_force().number == 1

    def test_figures_of_a_model_that_is_not_in_use_are_refused(self, other_space):
        with pytest.raises(RuleRefused, match="other-model") as refused:
            save_rule(STRICT, seen=None, space_id=other_space.pk)
        assert refused.value.code == "calibration.other_space"
        with_model = replace(STRICT, origin=DecisionRule.Origin.MODEL_SWITCH)
        assert save_rule(with_model, seen=None, space_id=other_space.pk).rule.space == other_space
        assert rule_in_force() is None, "it decides in its own space only"

    def test_what_the_form_carries_comes_back_as_it_went(self):
        assert seen_of(seen_field(None)) is None
        assert seen_of(seen_field(save_rule(STRICT, seen=None).rule)) == 1
        for rubbish in ("", "x", "-1", "1.5", "٣", "9" * 30):
            with pytest.raises(RuleRefused):
                seen_of(rubbish)


def test_without_a_model_there_is_nothing_that_a_rule_could_be_for(db):
    with acting_as(ADA), pytest.raises(RuleRefused, match="No recognition worker"):
        save_rule(STRICT, seen=None)


@pytest.mark.parametrize("role", ["officer", "hr", "manager", "auditor", "employee"])
def test_only_administrators_change_rules(space, role):
    with acting_as(ADA):
        rule = save_rule(STRICT, seen=None).rule
    proposal = RuleProposal.objects.create(rule=rule)
    with acting_as(somebody("eve", permissions=permissions_of(role))):
        for change in (
            lambda: save_rule(MILD, seen=1),
            lambda: go_back(None, seen=1),
            lambda: approve_proposal(proposal.pk, seen=1),
            lambda: refuse_proposal(proposal.pk, answer="no"),
            lambda: withdraw_proposal(proposal.pk),
            lambda: adopt_switched(None, space_id=space.pk),
        ):
            with pytest.raises(PermissionMissing):
                change()
    assert rule_in_force() == rule


@pytest.mark.usefixtures("_ada")
class TestGoingBack:
    def test_an_earlier_rule_decides_again_by_a_new_adoption(self):
        first = save_rule(STRICT, seen=None).rule
        save_rule(MILD, seen=1)
        done = go_back(first, seen=2, reason="Too many strangers again.")
        assert rule_in_force() == first
        assert done.cause == RuleAdoption.Cause.WENT_BACK
        assert [one.rule.number for one in RuleAdoption.objects.all()] == [1, 2, 1]
        assert DecisionRule.objects.count() == 2, "no version is made for it"
        assert actions()[-1] == "calibration.rule.adopted"

    def test_the_shipped_rule_can_be_gone_back_to_and_left_again(self):
        first = save_rule(STRICT, seen=None).rule
        shipped = policy_in_force(120, space_id="none")
        go_back(None, seen=1)
        assert rule_in_force() is None
        assert policy_in_force(120) == shipped
        go_back(first, seen=None)
        assert rule_in_force() == first

    def test_what_cannot_be_gone_back_to(self, other_space):
        first = save_rule(STRICT, seen=None).rule
        with pytest.raises(RuleRefused) as refused:
            go_back(first, seen=1)
        assert refused.value.code == "calibration.already_in_force"
        with pytest.raises(RuleChanged):
            go_back(None, seen=None)
        elsewhere = replace(STRICT, origin=DecisionRule.Origin.MODEL_SWITCH)
        of_other = save_rule(elsewhere, seen=None, space_id=other_space.pk).rule
        with pytest.raises(RuleRefused) as refused:
            go_back(of_other, seen=1, space_id=first.space_id)
        assert refused.value.code == "calibration.other_space"

    def test_the_rule_of_a_new_model_comes_into_force_with_it(self, other_space):
        elsewhere = replace(STRICT, origin=DecisionRule.Origin.MODEL_SWITCH)
        rule = save_rule(elsewhere, seen=None, space_id=other_space.pk).rule
        adoption = adopt_switched(rule, space_id=other_space.pk, reason="Cut over.")
        assert (adoption.cause, adoption.rule) == (RuleAdoption.Cause.SWITCHED, rule)


@pytest.mark.usefixtures("_ada")
class TestAnotherModel:
    """The shipped model's curve, and the rules that stand on it, mean nothing to another model."""

    def test_the_shipped_rule_cannot_be_gone_back_to(self, other_in_use):
        rule = save_rule(STRICT, seen=None).rule
        with pytest.raises(
            RuleRefused, match=r"Measure other-model .* or take the model back"
        ) as no:
            go_back(None, seen=rule.number)
        assert (no.value.code, no.value.http_status) == ("calibration.other_space", 409)
        assert rule_in_force() == rule

    @pytest.mark.usefixtures("_needs_two")
    def test_nor_is_it_proposed(self, other_in_use):
        with pytest.raises(RuleRefused, match="means nothing to other-model"):
            go_back(None, seen=None)
        assert not RuleProposal.objects.exists()

    def test_a_rule_is_kept_as_one_that_stays_as_people_come(self, other_in_use):
        rule = save_rule(STRICT, seen=None).rule
        assert not rule.follows_gallery
        assert policy_in_force(12_000).threshold == policy_in_force(120).threshold == 0.52

    def test_one_that_was_saved_to_follow_the_gallery_stays_too(self, other_in_use):
        """Saved by an earlier version of Gatehouse, along a curve that is not this model's."""
        rule = saved_rule(space=other_in_use, threshold=0.52, gallery_size=120)
        assert rule.follows_gallery
        assert policy_of(rule, 12_000).threshold == 0.52
        shipped = saved_rule(threshold=0.52, gallery_size=120)
        assert policy_of(shipped, 12_000).threshold > 0.52

    def test_who_is_enrolled_twice_is_decided_by_the_usual_rule(self, space, other_in_use):
        mild = replace(MILD, threshold=0.2)
        save_rule(mild, seen=None)
        assert duplicate_policy(120) == policy_in_force(120)
        assert duplicate_policy(120, space_id=other_in_use.pk).threshold == 0.2
        assert duplicate_policy(120, space_id=space.pk).threshold > 0.3, "the shipped model's bar"


@pytest.mark.usefixtures("_ada", "_needs_two")
class TestTwoPeople:
    def test_a_rule_waits_until_somebody_else_approves_it(self):
        saved = save_rule(STRICT, seen=None)
        assert not saved.is_in_force
        assert rule_in_force() is None
        with acting_as(BEN):
            approve_proposal(saved.proposal.pk, seen=None, answer="Looked at the what-if.")
        assert rule_in_force() == saved.rule
        adoption = RuleAdoption.objects.get()
        assert (saved.rule.author_label, adoption.actor_label, adoption.cause) == (
            "ada@example.org",
            "ben@example.org",
            "approved",
        )
        assert actions() == [
            "calibration.rule.saved",
            "calibration.proposal.made",
            "calibration.proposal.approved",
            "calibration.rule.adopted",
        ]

    def test_its_author_cannot_be_the_second_person(self):
        proposal = save_rule(STRICT, seen=None).proposal
        for answer in (
            lambda: approve_proposal(proposal.pk, seen=None),
            lambda: refuse_proposal(proposal.pk, answer="no"),
        ):
            with pytest.raises(OwnProposal):
                answer()
        assert rule_in_force() is None

    def test_neither_can_a_command(self):
        """Whoever proposed on the page could type the command: it proves no second person."""
        proposal = save_rule(STRICT, seen=None).proposal
        with acting_as(somebody("calibrate", kind="command")), pytest.raises(OwnProposal):
            approve_proposal(proposal.pk, seen=None)

    def test_a_refusal_says_why_and_the_proposal_is_over(self):
        proposal = save_rule(STRICT, seen=None).proposal
        with acting_as(BEN):
            with pytest.raises(RuleRefused, match="why"):
                refuse_proposal(proposal.pk, answer=" ")
            refuse_proposal(proposal.pk, answer="Too strict for the gate.")
            with pytest.raises(ProposalAnswered, match="ben@"):
                approve_proposal(proposal.pk, seen=None)
        with pytest.raises(ProposalAnswered):
            withdraw_proposal(proposal.pk)
        with pytest.raises(RuleRefused) as refused:
            go_back(proposal.rule, seen=None)
        assert refused.value.code == "calibration.never_in_force"
        assert rule_in_force() is None

    def test_only_its_author_withdraws_it(self):
        proposal = save_rule(STRICT, seen=None).proposal
        with acting_as(BEN), pytest.raises(OwnProposal, match="ada@"):
            withdraw_proposal(proposal.pk)
        assert withdraw_proposal(proposal.pk).state == RuleProposal.State.WITHDRAWN

    def test_an_approval_is_for_what_the_page_compared_it_with(self):
        first, second = save_rule(STRICT, seen=None), save_rule(MILD, seen=None)
        with acting_as(BEN):
            approve_proposal(first.proposal.pk, seen=None)
            with pytest.raises(RuleChanged):
                approve_proposal(second.proposal.pk, seen=None)
            approve_proposal(second.proposal.pk, seen=1)
        assert rule_in_force() == second.rule

    def test_a_proposal_of_a_model_that_was_left_meanwhile_is_not_approved(self, other_space):
        proposal = save_rule(STRICT, seen=None).proposal
        SpaceAdoption.objects.create(space=other_space, model="other-model")
        with acting_as(BEN), pytest.raises(RuleRefused) as refused:
            approve_proposal(proposal.pk, seen=None)
        assert refused.value.code == "calibration.other_space"

    def test_one_person_undoes_the_latest_change_but_goes_no_further_back_alone(self, settings):
        settings.CALIBRATION_NEEDS_TWO = False
        first = save_rule(STRICT, seen=None).rule
        second = save_rule(MILD, seen=1).rule
        settings.CALIBRATION_NEEDS_TWO = True
        again = go_back(None, seen=2, reason="All of it was wrong.")
        assert isinstance(again, RuleProposal)
        assert rule_in_force() == second
        assert isinstance(go_back(first, seen=2), RuleAdoption)
        with acting_as(BEN):
            approve_proposal(again.pk, seen=1)
        assert (rule_in_force().number, rule_in_force().reason) == (3, "All of it was wrong.")

    @pytest.mark.parametrize("size", [1, 50, 700])
    def test_the_shipped_rule_proposed_again_decides_as_it_did(self, settings, size):
        shipped = policy_in_force(size)
        settings.CALIBRATION_NEEDS_TWO = False
        save_rule(STRICT, seen=None)
        save_rule(MILD, seen=1)
        settings.CALIBRATION_NEEDS_TWO = True
        proposal = go_back(None, seen=2)
        with acting_as(BEN):
            approve_proposal(proposal.pk, seen=2)
        assert policy_in_force(size).threshold == pytest.approx(shipped.threshold)

    def test_there_is_no_such_proposal(self):
        with pytest.raises(NotFound):
            approve_proposal(SpaceAdoption().pk, seen=None)


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    @pytest.fixture
    def save_at_once(self, tmp_path):
        """Everybody saves the same rule in the same moment; answered by its number, or by why not.

        On a file, as in production: the tests' own database lies in memory and knows no waiting.
        """
        SpaceFactory()
        path, at_once = tmp_path / "rules.sqlite3", threading.Barrier(4)

        def save(name: str) -> int | str:
            if connection.vendor == "sqlite":
                own = connections.create_connection("default")
                own.settings_dict = {**own.settings_dict, "NAME": str(path)}
                connections["default"] = own
            at_once.wait()
            try:
                with acting_as(somebody(name)):
                    return save_rule(STRICT, seen=None).rule.number
            except RuleChanged as error:
                return error.code
            finally:
                connections["default"].close()

        def all_four() -> list[int | str]:
            if connection.vendor == "sqlite":
                with closing(sqlite3.connect(path)) as file:
                    connection.ensure_connection()
                    connection.connection.backup(file)
                    # As the first start leaves it: to switch over, a connection must be alone.
                    file.execute("PRAGMA journal_mode=WAL")
            with ThreadPoolExecutor(4) as pool:
                return sorted(pool.map(save, ["ada", "ben", "cleo", "dan"]), key=str)

        return all_four

    def test_one_of_those_who_save_is_in_force_and_the_others_are_told(self, save_at_once):
        assert save_at_once() == [1, *["calibration.rule_changed"] * 3]

    @pytest.mark.usefixtures("_needs_two")
    def test_proposals_have_numbers_of_their_own(self, save_at_once):
        assert save_at_once() == [1, 2, 3, 4]
