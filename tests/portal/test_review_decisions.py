"""Decisions on strangers and visits: what they change, who may make them, and the way back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from zipfile import ZipFile

import pytest
from django.test import TestCase

from portal.audit.models import AuditEntry
from portal.core.context import Actor, Scope, acting_as
from portal.core.errors import DomainError, NotFound, PermissionMissing
from portal.core.policies import permissions_of
from portal.core.vault import VaultError, vault
from portal.enrolment.models import Enrolment
from portal.journal.models import Act
from portal.journal.services import undo_act
from portal.people.models import FaceImage
from portal.people.services import PersonDetails, erase_person, merge_people, update_person
from portal.privacy.services import export_person
from portal.review.models import Anchor, Stranger
from portal.review.selectors import suggestions
from portal.review.services import (
    acknowledge_stranger,
    assign_strangers,
    confirm_visits,
    dismiss_strangers,
    enrol_stranger,
    follow_enrolments,
    forget_strangers,
    ignore_strangers,
    merge_strangers,
    name_visit,
    refuse_visit,
    split_stranger,
    watch_strangers,
)
from portal.review.services.group import release_recognised
from portal.sightings.models import Visit
from portal.sightings.services.visits import announce_visits
from portal.sightings.services.visits.absorb import absorb
from tests.factories import (
    CameraFactory,
    EnrolmentFactory,
    PersonFactory,
    StrangerFactory,
    enrolled_person,
    visit_with_face,
)
from tests.factories.faces import GOOD_QUALITY

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("isolated", "administrator")]


def stranger_with(visits: int = 2, *, identity: int = 0, **fields: Any) -> Stranger:
    """A stranger seen so often, each time with a face that is good enough to be a reference."""
    stranger = StrangerFactory(visit_count=visits, **fields)
    for _ in range(visits):
        visit = visit_with_face(identity=identity, stranger=stranger)
        visit.best_face.quality = asdict(GOOD_QUALITY)
        visit.best_face.save()
    return stranger


def suggestion(person: Any, **fields: Any) -> Visit:
    """A visit in the grey band."""
    return visit_with_face(
        decision="uncertain", reason="grey_band", candidates=[[str(person.pk), 0.47]], **fields
    )


def officer(**scope: Any) -> Actor:
    return Actor(
        kind="user",
        id="8",
        label="bob@example.org",
        permissions=permissions_of("officer"),
        scope=Scope(**scope),
    )


class TestItIsX:
    def test_all_visits_get_the_name_and_the_ledger_keeps_its_decisions(self):
        ada, stranger = PersonFactory(name="Ada"), stranger_with(3)
        assign_strangers([stranger], ada)
        stranger.refresh_from_db()
        assert (stranger.state, stranger.person) == ("named", ada)
        for visit in stranger.visits.all():
            assert (visit.person, visit.settled_as) == (ada, "assigned")
            assert visit.settled_by == "ada@example.org"
            assert visit.best_face.person is None
            assert visit.best_face.decision == "unknown"

    def test_several_strangers_become_one_person_and_strangers_again(self):
        ada, many = PersonFactory(), [stranger_with(1) for _ in range(3)]
        act = assign_strangers(many, ada)
        assert ada.visits.count() == 3
        undo_act(act)
        assert ada.visits.count() == 0
        assert {one.state for one in Stranger.objects.all()} == {"open"}
        assert not Visit.objects.exclude(settled_as="").exists()

    def test_a_visit_that_somebody_confirmed_keeps_its_name(self):
        """Its stranger may be told whose face the others are long after."""
        ada, bob, stranger = PersonFactory(), PersonFactory(), stranger_with(3)
        first, *_ = stranger.visits.order_by("pk")
        Visit.objects.filter(pk=first.pk).update(settled_as="confirmed", person=ada)
        act = assign_strangers([stranger], bob)
        first.refresh_from_db()
        assert (first.person, first.settled_as, first.stranger) == (ada, "confirmed", None)
        assert (bob.visits.count(), act.data["left"]) == (2, 1)
        undo_act(act)
        first.refresh_from_db()
        assert (first.person, first.settled_as, first.stranger) == (ada, "confirmed", stranger)
        assert bob.visits.count() == 0

    def test_the_audit_log_names_ids_only(self):
        ada, stranger = PersonFactory(name="Ada Lovelace"), stranger_with(1)
        assign_strangers([stranger], ada)
        entry = AuditEntry.objects.get(action="review.stranger.assigned")
        assert entry.after["strangers"] == [str(stranger.pk)]
        assert "Lovelace" not in str(entry.after)

    def test_the_second_of_two_officers_is_told_who_was_faster(self):
        stranger = stranger_with(1)
        with acting_as(officer()):
            assign_strangers([stranger], PersonFactory())
        with pytest.raises(DomainError, match=r"bob@example\.org was faster") as refused:
            assign_strangers([stranger], PersonFactory())
        assert refused.value.http_status == 409

    def test_what_somebody_said_it_is_not_it_cannot_become(self):
        ada, stranger = enrolled_person(1), stranger_with(0)
        visit = suggestion(ada)
        refuse_visit(visit, ada)
        Visit.objects.filter(pk=visit.pk).update(stranger=stranger)
        with pytest.raises(DomainError) as refused:
            assign_strangers([stranger], ada)
        assert refused.value.code == "review.contradiction"

    def test_an_officer_names_and_takes_it_back_without_the_right_to_people(self):
        stranger, ada = stranger_with(1), PersonFactory()
        with acting_as(officer()):
            undo_act(assign_strangers([stranger], ada))
            with pytest.raises(PermissionMissing):
                assign_strangers([stranger], ada, add_reference=True)

    def test_nobody_decides_without_the_right(self):
        stranger, ada, visit = stranger_with(1), PersonFactory(), visit_with_face()
        nobody = Actor(kind="user", permissions=permissions_of("auditor"))
        with acting_as(nobody):
            for act in (
                lambda: assign_strangers([stranger], ada),
                lambda: enrol_stranger(stranger),
                lambda: ignore_strangers([stranger]),
                lambda: watch_strangers([stranger]),
                lambda: dismiss_strangers([stranger]),
                lambda: split_stranger(stranger, [visit]),
                lambda: merge_strangers([stranger]),
                lambda: acknowledge_stranger(stranger, memo=""),
                lambda: confirm_visits([visit]),
                lambda: refuse_visit(visit, ada),
                lambda: name_visit(visit, ada),
            ):
                with pytest.raises(PermissionMissing):
                    act()

    def test_another_sites_strangers_and_visits_are_not_there(self):
        stranger, ada, visit = stranger_with(1), enrolled_person(1), suggestion(enrolled_person(2))
        with acting_as(officer(site_ids=frozenset())):
            for act in (
                lambda: assign_strangers([stranger], ada),
                lambda: ignore_strangers([stranger]),
                lambda: confirm_visits([visit]),
                lambda: name_visit(visit, ada),
            ):
                with pytest.raises(NotFound):
                    act()


class TestReference:
    def test_the_best_face_waits_for_the_worker(self, sent_tasks):
        ada, stranger = enrolled_person(1), stranger_with(2)
        with TestCase.captureOnCommitCallbacks(execute=True):
            act = assign_strangers([stranger], ada, add_reference=True)
        assert act.data["reference"]["state"] == "waiting"
        assert ("review.reference", [str(act.pk)], "recognition") in sent_tasks

    def test_a_face_that_is_too_small_is_refused_by_name_of_the_floor(self):
        ada, stranger = enrolled_person(1), stranger_with(1)
        face = stranger.visits.get().best_face
        face.quality = {**asdict(GOOD_QUALITY), "eye_distance_px": 12.0}
        face.save()
        with pytest.raises(DomainError, match="12 px between the eyes") as refused:
            assign_strangers([stranger], ada, add_reference=True)
        assert "without adding a reference" in refused.value.message
        assert ada.visits.count() == 0
        assign_strangers([stranger], ada)
        assert ada.visits.count() == 1

    def test_without_a_consent_no_reference_is_kept(self):
        stranger = stranger_with(1)
        with pytest.raises(DomainError) as refused:
            assign_strangers([stranger], PersonFactory(), add_reference=True)
        assert refused.value.code == "consent.missing"


class TestOtherDecisions:
    def test_ignored_for_good_keeps_the_faces_beyond_the_visits(self):
        stranger = stranger_with(2)
        act = ignore_strangers([stranger])
        stranger.refresh_from_db()
        assert stranger.state == "ignored"
        anchors = Anchor.objects.filter(stranger=stranger, kind="ignored")
        assert anchors.count() == 2
        stranger.visits.all().delete()
        assert anchors.count() == 2
        undo_act(act)
        assert anchors.count() == 0

    def test_watching_ends_ignoring(self):
        stranger = stranger_with(1)
        ignore_strangers([stranger])
        watch_strangers([stranger])
        stranger.refresh_from_db()
        assert stranger.state == "watched"
        watch_strangers([stranger], is_watched=False)
        stranger.refresh_from_db()
        assert stranger.state == "open"
        with pytest.raises(DomainError, match="was faster"):
            watch_strangers([stranger], is_watched=False)

    def test_what_is_no_face_settles_its_visits(self):
        stranger = stranger_with(2)
        act = dismiss_strangers([stranger])
        assert {v.settled_as for v in stranger.visits.all()} == {"not_a_face"}
        undo_act(act)
        assert {v.settled_as for v in stranger.visits.all()} == {""}

    @pytest.mark.parametrize("said", ["confirmed", "assigned"])
    def test_a_visit_that_has_a_name_is_a_face(self, said):
        ada, stranger = PersonFactory(), stranger_with(2)
        first, second = stranger.visits.order_by("pk")
        Visit.objects.filter(pk=first.pk).update(settled_as=said, person=ada)
        act = dismiss_strangers([stranger])
        first.refresh_from_db()
        second.refresh_from_db()
        assert (first.person, first.settled_as, first.stranger) == (ada, said, None)
        assert (second.settled_as, act.data["left"]) == ("not_a_face", 1)

    def test_a_memo_is_kept_with_who_wrote_it(self):
        stranger = stranger_with(1)
        act = acknowledge_stranger(stranger, memo="  The gardener.  ")
        stranger.refresh_from_db()
        assert (stranger.memo, stranger.acknowledged_by) == ("The gardener.", "ada@example.org")
        with pytest.raises(DomainError, match="at most 500"):
            acknowledge_stranger(stranger, memo="x" * 501)
        undo_act(act)
        stranger.refresh_from_db()
        assert (stranger.memo, stranger.acknowledged_at) == ("", None)

    def test_watching_and_a_memo_do_not_stand_in_each_others_way(self):
        stranger = stranger_with(1)
        watched = watch_strangers([stranger])
        stranger.refresh_from_db()
        acknowledge_stranger(stranger, memo="The gardener.")
        undo_act(watched)
        stranger.refresh_from_db()
        assert (stranger.state, stranger.memo) == ("open", "The gardener.")


class TestRegrouping:
    def test_split_visits_are_a_new_stranger_and_the_first_ones_again(self):
        stranger = stranger_with(3)
        first, *_ = stranger.visits.order_by("pk")
        act = split_stranger(stranger, [first])
        made = Stranger.objects.exclude(pk=stranger.pk).get()
        assert made.number > stranger.number
        assert (made.visit_count, list(made.visits.all())) == (1, [first])
        joined = visit_with_face(stranger=made)
        undo_act(act)
        assert not Stranger.objects.filter(pk=made.pk).exists()
        stranger.refresh_from_db()
        assert stranger.visit_count == 4
        assert joined in stranger.visits.all()

    def test_a_visit_split_off_a_named_stranger_has_no_name(self):
        ada, stranger = PersonFactory(), stranger_with(2)
        assign_strangers([stranger], ada)
        first, second = stranger.visits.order_by("pk")
        split_stranger(stranger, [second])
        second.refresh_from_db()
        assert (second.person, second.settled_as) == (None, "")
        first.refresh_from_db()
        assert first.person == ada

    def test_not_all_visits_can_be_split_off(self):
        stranger = stranger_with(2)
        with pytest.raises(DomainError) as refused:
            split_stranger(stranger, stranger.visits.all())
        assert refused.value.code == "review.split_all"

    def test_a_visit_that_somebody_split_off_already_is_a_conflict(self):
        stranger = stranger_with(3)
        first = stranger.visits.order_by("pk")[0]
        split_stranger(stranger, [first])
        with pytest.raises(DomainError, match="somebody was faster") as refused:
            split_stranger(stranger, [first])
        assert refused.value.http_status == 409

    def test_strangers_put_together_keep_the_first_number(self):
        older, newer, third = stranger_with(1), stranger_with(2), stranger_with(1)
        act = merge_strangers([newer, older])
        older.refresh_from_db()
        newer.refresh_from_db()
        assert (older.visit_count, newer.visit_count, newer.state) == (3, 0, "merged")
        assert third.visits.count() == 1
        undo_act(act)
        newer.refresh_from_db()
        assert (newer.visit_count, newer.state) == (2, "open")

    def test_a_merge_that_a_name_rests_on_is_not_undone_before_it(self):
        one, two, ada = stranger_with(1), stranger_with(1), PersonFactory()
        merged = merge_strangers([one, two])
        named = assign_strangers([one], ada)
        with pytest.raises(DomainError, match="was done since") as refused:
            undo_act(merged)
        assert refused.value.code == "journal.in_the_way"
        undo_act(named)
        undo_act(merged)
        assert ada.visits.count() == 0


class TestVisits:
    def test_yes_to_many_at_once(self):
        ada, bob = enrolled_person(1), enrolled_person(2)
        visits = [suggestion(ada), suggestion(bob), suggestion(ada)]
        act = confirm_visits(visits)
        assert (ada.visits.count(), bob.visits.count()) == (2, 1)
        assert {v.settled_as for v in Visit.objects.all()} == {"confirmed"}
        undo_act(act)
        assert {v.settled_as for v in Visit.objects.all()} == {""}

    def test_a_settled_visit_is_a_conflict_and_none_is_confirmed(self):
        ada = enrolled_person(1)
        first, second = suggestion(ada), suggestion(ada)
        with acting_as(officer()):
            refuse_visit(second, ada)
        with pytest.raises(DomainError, match=r"bob@example\.org was faster") as refused:
            confirm_visits([first, second])
        assert refused.value.http_status == 409
        first.refresh_from_db()
        assert first.settled_as == ""

    def test_not_x_makes_an_anchor_and_no_second_one(self):
        ada = enrolled_person(1)
        visit = suggestion(ada)
        act = refuse_visit(visit, ada)
        anchor = Anchor.objects.get()
        assert (anchor.kind, anchor.person, anchor.visit) == ("not_person", ada, visit)
        with pytest.raises(DomainError):
            refuse_visit(visit, ada)
        undo_act(act)
        assert not Anchor.objects.exists()
        visit.refresh_from_db()
        assert visit.settled_as == ""

    def test_a_name_that_was_given_wrongly_can_be_refused(self):
        ada = enrolled_person(1)
        visit = visit_with_face(decision="match", person=ada, candidates=[[str(ada.pk), 0.8]])
        refuse_visit(visit, ada)
        visit.refresh_from_db()
        assert (visit.person, visit.settled_as) == (None, "refused")
        assert visit.best_face.person == ada, "the ledger is never altered"

    def test_nobody_is_refused_whom_nobody_suggested(self):
        visit = suggestion(enrolled_person(1))
        with pytest.raises(DomainError) as refused:
            refuse_visit(visit, enrolled_person(2))
        assert refused.value.code == "review.no_suggestion"

    def test_who_is_merely_less_unlike_is_not_refused_in_place_of_the_suggestion(self):
        ada, yara = enrolled_person(1), enrolled_person(2)
        visit = suggestion(ada)
        visit.candidates.append([str(yara.pk), 0.08])
        visit.save()
        with pytest.raises(DomainError) as refused:
            refuse_visit(visit, yara)
        assert (refused.value.code, refused.value.http_status) == ("review.changed", 409)
        visit.refresh_from_db()
        assert visit.settled_as == "", "Ada still waits for an answer"
        assert not Anchor.objects.exists()

    def test_somebody_else_is_named_and_the_suggestion_refused_for_good(self):
        ada, bob = enrolled_person(1), enrolled_person(2)
        visit = suggestion(ada)
        name_visit(visit, bob)
        visit.refresh_from_db()
        assert (visit.person, visit.settled_as) == (bob, "assigned")
        assert Anchor.objects.get().person == ada

    def test_a_refused_visit_may_still_be_named(self):
        ada, bob = enrolled_person(1), enrolled_person(2)
        visit = suggestion(ada)
        refuse_visit(visit, ada)
        name_visit(visit, bob)
        visit.refresh_from_db()
        assert visit.person == bob
        with pytest.raises(DomainError, match="was faster"):
            name_visit(visit, ada)

    def test_a_confirmed_visit_leaves_its_stranger(self):
        """It was unknown for long enough to be grouped, and uncertain in the end."""
        stranger, ada = stranger_with(2), enrolled_person(2)
        visit = stranger.visits.order_by("pk")[0]
        visit.decision, visit.candidates = "uncertain", [[str(ada.pk), 0.47]]
        visit.save()
        act = confirm_visits([visit])
        visit.refresh_from_db()
        stranger.refresh_from_db()
        assert (visit.person, visit.stranger, stranger.visit_count) == (ada, None, 1)
        undo_act(act)
        visit.refresh_from_db()
        stranger.refresh_from_db()
        assert (visit.person, visit.stranger, stranger.visit_count) == (None, stranger, 2)

    def test_a_named_visit_leaves_its_stranger(self):
        stranger, bob = stranger_with(2), enrolled_person(2)
        visit = stranger.visits.order_by("pk")[0]
        act = name_visit(visit, bob)
        stranger.refresh_from_db()
        assert stranger.visit_count == 1
        undo_act(act)
        stranger.refresh_from_db()
        assert stranger.visit_count == 2

    @pytest.mark.parametrize("answer", ["yes", "no", "somebody else"])
    def test_what_waits_for_somebody_who_was_merged_is_the_remaining_ones(self, answer):
        ada, left, eve = enrolled_person(1), enrolled_person(2), enrolled_person(3)
        visit, other = suggestion(ada), suggestion(eve)
        merge_people(ada, left)
        assert suggestions([visit])[0].person.id == str(left.pk)
        assert suggestions([visit])[0].portrait_id in left.images.values_list("pk", flat=True)
        if answer == "yes":
            confirm_visits([visit, other])
            assert list(left.visits.all()) == [visit], "and none of the others is held up"
            assert list(eve.visits.all()) == [other]
        elif answer == "no":
            refuse_visit(visit, left)
            assert Anchor.objects.get().person == left
        else:
            name_visit(visit, eve)
            assert Anchor.objects.get().person == left

    def test_what_waits_is_the_first_entrys_again_once_a_merge_is_taken_back(self):
        ada, left = enrolled_person(1), enrolled_person(2)
        visit = suggestion(ada)
        undo_act(merge_people(ada, left))
        assert suggestions([visit])[0].person.id == str(ada.pk)
        confirm_visits([visit])
        assert list(ada.visits.all()) == [visit]

    def test_uncertain_visits_stay_in_the_queue_whatever_becomes_of_the_people(self):
        """Nothing is lost while nobody looks."""
        ada, bob = enrolled_person(1), enrolled_person(2)
        visit = suggestion(ada)
        merge_people(ada, bob)
        waiting = Visit.objects.filter(decision="uncertain", settled_as="")
        assert list(waiting) == [visit]


class TestEnrolling:
    def test_the_best_crops_are_the_drafts_photos(self, sent_tasks):
        stranger = stranger_with(2)
        with TestCase.captureOnCommitCallbacks(execute=True):
            draft = enrol_stranger(stranger)
        assert draft.photos.count() >= 1
        assert {photo.source for photo in draft.photos.all()} == {FaceImage.Source.SIGHTING}
        assert "enrolment.examine" in {task for task, _, _ in sent_tasks}
        assert enrol_stranger(stranger) == draft, "pressed twice it is one draft"

    def test_an_officer_may_not_enrol(self):
        stranger = stranger_with(1)
        with acting_as(officer()), pytest.raises(PermissionMissing):
            enrol_stranger(stranger)

    def test_a_confirmed_enrolment_names_the_stranger_once(self):
        ada, stranger = enrolled_person(1), stranger_with(2)
        draft = EnrolmentFactory(person=ada, state=Enrolment.State.CONFIRMED)
        Stranger.objects.filter(pk=stranger.pk).update(enrolment=draft)
        assert follow_enrolments() == 1
        stranger.refresh_from_db()
        assert (stranger.state, stranger.person) == ("named", ada)
        undo_act(Act.objects.get())
        assert follow_enrolments() == 0, "whoever takes it back is not overruled"

    def test_without_a_crop_there_is_nothing_to_enrol_with(self):
        stranger = stranger_with(1)
        face = stranger.visits.get().best_face
        face.portrait_key = ""
        face.save()
        with pytest.raises(DomainError) as refused:
            enrol_stranger(stranger)
        assert refused.value.code == "review.no_crop"


class TestForgetting:
    def test_strangers_go_with_their_last_visit_but_for_the_ignored(self):
        gone, ignored, kept = stranger_with(1), stranger_with(1), stranger_with(1)
        ignore_strangers([ignored])
        Visit.objects.exclude(stranger=kept).delete()
        assert forget_strangers() == 1
        assert set(Stranger.objects.all()) == {ignored, kept}
        assert not Stranger.objects.filter(pk=gone.pk).exists()

    @pytest.mark.parametrize("answer", ["yes", "somebody else"])
    def test_a_stranger_to_whom_an_undo_may_give_a_visit_back_stays(self, answer):
        stranger, ada, eve = stranger_with(2), enrolled_person(2), enrolled_person(3)
        visit, recognised = stranger.visits.order_by("pk")
        visit.decision, visit.candidates = "uncertain", [[str(ada.pk), 0.47]]
        visit.save()
        act = confirm_visits([visit]) if answer == "yes" else name_visit(visit, eve)
        Visit.objects.filter(pk=recognised.pk).update(decision="match", person=ada)
        assert release_recognised() == 1
        assert forget_strangers() == 0
        undo_act(act)
        assert list(stranger.visits.all()) == [visit]

    def test_a_visit_that_was_part_of_another_is_counted_once(self):
        stranger, lost = stranger_with(2), stranger_with(1)
        first, second = stranger.visits.order_by("pk")
        absorb(second, first)
        first.save()
        absorb(lost.visits.get(), first)
        first.save()
        release_recognised()
        stranger.refresh_from_db()
        assert stranger.visit_count == 1
        assert not Stranger.objects.filter(pk=lost.pk).exists(), "nobody looked at it"

    def test_whoever_has_a_name_takes_over_no_stranger(self):
        stranger, ada = stranger_with(1), enrolled_person(1)
        sure = visit_with_face(decision="match", is_confirmed=True, person=ada)
        absorb(stranger.visits.get(), sure)
        sure.save()
        assert sure.stranger is None

    @pytest.mark.parametrize(
        ("fields", "is_rung", "why"),
        [
            ({}, True, "it waits to be grouped"),
            ({"decision": "match", "is_grouped": True}, True, "it is no stranger's any more"),
            ({"decision": "match"}, False, "strangers are not concerned"),
        ],
    )
    def test_whoever_groups_is_told_of_what_concerns_strangers(
        self, fields, is_rung, why, sent_tasks
    ):
        stranger = stranger_with(0) if "is_grouped" in fields else None
        decision = fields.get("decision", "unknown")
        visit = visit_with_face(stranger=stranger, decision=decision)
        with TestCase.captureOnCommitCallbacks(execute=True):
            announce_visits([visit])
        assert ("review.group" in {task for task, _, _ in sent_tasks}) is is_rung, why

    def test_what_an_undo_may_bring_back_stays(self):
        one, two = stranger_with(1), stranger_with(1)
        act = merge_strangers([one, two])
        assert forget_strangers() == 0
        undo_act(act)
        assert two.visits.count() == 1


def test_a_camera_that_is_deleted_takes_its_visits_and_undo_still_works():
    camera, ada = CameraFactory(), PersonFactory()
    stranger = stranger_with(1)
    visit_with_face(camera=camera, stranger=stranger)
    act = assign_strangers([stranger], ada)
    camera.delete()
    undo_act(act)
    stranger.refresh_from_db()
    assert (stranger.state, stranger.visit_count) == ("open", 1)


class TestMergedPeople:
    """Names that moved with a merge of people, given and taken back around it."""

    def test_a_name_given_before_a_merge_is_taken_back_only_after_it_is(self):
        ada, again, stranger = enrolled_person(1), enrolled_person(1), stranger_with(2)
        named = assign_strangers([stranger], ada)
        merged = merge_people(ada, again)
        stranger.refresh_from_db()
        assert stranger.person == again
        with pytest.raises(DomainError) as refused:
            undo_act(named)
        assert refused.value.code == "journal.in_the_way"
        undo_act(merged)
        undo_act(named)
        assert (ada.visits.count(), again.visits.count()) == (0, 0)

    def test_a_visit_named_after_a_merge_returns_to_whom_it_was_before(self):
        ada, again, bob = enrolled_person(1), enrolled_person(1), enrolled_person(2)
        visit = visit_with_face(decision="match", person=ada, candidates=[[str(ada.pk), 0.8]])
        merged = merge_people(ada, again)
        visit.refresh_from_db()
        assert visit.person == again
        named = name_visit(visit, bob)
        undo_act(merged)
        undo_act(named)
        visit.refresh_from_db()
        assert visit.person == ada

    def test_a_third_persons_strangers_and_visits_are_not_touched(self):
        """immich#6374 merged a third person too."""
        ada, again, third = enrolled_person(1), enrolled_person(1), enrolled_person(3)
        theirs = stranger_with(2)
        assign_strangers([theirs], third)
        assign_strangers([stranger_with(1)], ada)
        merge_people(ada, again)
        theirs.refresh_from_db()
        assert theirs.person == third
        assert {visit.person for visit in theirs.visits.all()} == {third}

    def test_a_person_renamed_to_a_name_that_is_taken_keeps_strangers_and_refusals_apart(self):
        """photoprism#2397: two people of one name became one."""
        ada, other = enrolled_person(1, name="Ada"), enrolled_person(2, name="Eve")
        assign_strangers([stranger_with(1)], ada)
        refuse_visit(suggestion(other), other)
        update_person(other, PersonDetails(name="Ada"))
        assert ada.visits.count() == 1
        assert other.visits.count() == 0
        assert Anchor.objects.get().person == other


def test_a_persons_own_export_shows_nobody_who_was_taken_for_them():
    ada = enrolled_person(1)
    refuse_visit(suggestion(ada), ada)
    key = Anchor.objects.get().aligned_key
    with export_person(ada, reason="asked for it") as file, ZipFile(file) as archive:
        pictures = [archive.read(name) for name in archive.namelist() if "pictures/" in name]
        tables = "".join(archive.read(n).decode() for n in archive.namelist() if ".json" in n)
    assert pictures
    assert vault().get(key) not in pictures
    assert key not in tables


def test_what_was_said_goes_with_whom_it_was_said_of():
    ada = enrolled_person(1)
    refuse_visit(suggestion(ada), ada)
    key = Anchor.objects.get().aligned_key
    with TestCase.captureOnCommitCallbacks(execute=True):
        erase_person(ada)
    assert not Anchor.objects.exists()
    with pytest.raises(VaultError):
        vault().get(key)


def test_a_visit_split_off_an_ignored_stranger_is_not_ignored_with_it():
    stranger = stranger_with(2)
    ignore_strangers([stranger])
    first, second = stranger.visits.order_by("pk")
    act = split_stranger(stranger, [second])
    made = Stranger.objects.exclude(pk=stranger.pk).get()
    assert made.state == "open"
    assert Anchor.objects.get(visit=second).stranger == made
    assert Anchor.objects.get(visit=first).stranger == stranger
    undo_act(act)
    assert Anchor.objects.filter(stranger=stranger).count() == 2
