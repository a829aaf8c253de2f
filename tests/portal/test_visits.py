"""Visits as pages read them, and what becomes of them when people or results go."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from portal.alerts.rows import alert_rows
from portal.core.context import Actor, Scope, acting_as
from portal.core.policies import ALL_PERMISSIONS
from portal.core.vault import vault
from portal.organisation.models import Department, Site
from portal.people.services import erase_person, merge_people, withdraw_consent
from portal.people.services.unmerge import undo_merge
from portal.privacy.expired import results, unknown_crops
from portal.review.models import Anchor
from portal.sightings.models import RecognisedFace, Recognition, Visit, VisitVector
from portal.sightings.reasons import explain
from portal.sightings.rows import rows_of
from portal.sightings.selectors import (
    view_of,
    visible_visits,
    visit_faces,
)
from portal.sightings.selectors.live import (
    VisitFilter,
    visits_after,
    visits_among,
    visits_changed,
    visits_newest,
)
from portal.sightings.services import delete_recognitions, drop_crops
from tests.factories import (
    AnchorFactory,
    CameraFactory,
    StrangerFactory,
    VisitFactory,
    VisitLegFactory,
    enrolled_person,
    visit_with_face,
)
from tests.factories.alerts import AlertFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("isolated", "administrator")]


def named(person, **fields) -> Visit:
    return visit_with_face(
        decision="match",
        reason="above_threshold",
        person=person,
        score=0.8,
        candidates=[[str(person.pk), 0.8]],
        **fields,
    )


def scoped(**scope) -> Actor:
    return Actor("user", "9", "m", ALL_PERMISSIONS, scope=Scope(**scope))


@pytest.fixture
def two_sites():
    """A site with Yara, and Ada who belongs to another one."""
    here, there = Site.objects.create(name="Here"), Site.objects.create(name="There")
    return (
        here,
        enrolled_person(1, name="Ada", site=there),
        enrolled_person(2, name="Yara", site=here),
    )


class TestViews:
    def test_a_likely_name_is_told_from_a_sure_one(self):
        ada = enrolled_person(1, name="Ada")
        likely, sure = view_of([named(ada), named(ada, is_confirmed=True)])
        assert (likely.title, likely.state_text, likely.is_provisional) == (
            "Ada",
            "Provisional",
            True,
        )
        assert (sure.title, sure.state_text, sure.is_provisional) == ("Ada", "Confirmed", False)
        assert "more must agree" in likely.why
        assert sure.why.endswith("3 of 3 usable faces agree.")
        assert likely.portrait_id == ada.images.get().pk
        assert likely.face_id == likely.visit.best_face_id

    def test_a_suggestion_and_a_stranger_are_given_no_name(self):
        ada = enrolled_person(1, name="Ada")
        perhaps = VisitFactory(
            decision="uncertain", reason="grey_band", candidates=[[str(ada.pk), 0.47]]
        )
        grouped = VisitFactory(stranger=StrangerFactory(number=12))
        views = view_of([perhaps, VisitFactory(), grouped])
        assert [view.title for view in views] == ["Perhaps Ada", "Unknown face", "Stranger 12"]
        assert [view.person for view in views] == [None, None, None]
        assert views[0].nearest[0][1] == 0.47

    def test_only_who_is_most_alike_of_all_is_suggested(self, two_sites):
        here, ada, yara = two_sites
        visit = visit_with_face(
            decision="uncertain",
            reason="grey_band",
            candidates=[[str(ada.pk), 0.47], [str(yara.pk), 0.08]],
            camera__site=here,
        )
        with acting_as(scoped(site_ids=frozenset({here.pk}))):
            (view,), (face,) = view_of([visit]), visit_faces(visit)
            (row,) = rows_of([view])
        assert view.title == "Perhaps somebody of another site"
        assert [who.name for who, _ in view.nearest] == ["Yara"], "who may be seen is listed"
        assert (view.suggested, row.enrolled, row.portrait_id) == (None, None, None)
        assert (row.confirm_url, row.refuse_url) == ("", ""), "whoever sees no face cannot compare"
        assert "Yara" not in " ".join(explain(row))
        assert "Ada" not in view.title + " ".join(explain(row))
        assert face.suggested is None
        (view,) = view_of([visit])
        assert (view.title, view.suggested.name) == ("Perhaps Ada", "Ada")

    def test_an_alert_names_nobody_in_place_of_who_is_most_alike_of_all(self, two_sites):
        here, ada, yara = two_sites
        visit = visit_with_face(
            candidates=[[str(ada.pk), 0.47], [str(yara.pk), 0.08]], camera__site=here
        )
        alert = AlertFactory(visit=visit)
        (row,) = alert_rows([alert])
        assert row.nearest is not None
        assert (row.nearest[0].name, row.nearest[1]) == ("Ada", 0.47)
        with acting_as(scoped(site_ids=frozenset({here.pk}))):
            (row,) = alert_rows([alert])
        assert row.nearest is None

    def test_a_face_suggests_who_is_most_alike_of_all(self, two_sites):
        here, ada, yara = two_sites
        visit = visit_with_face(camera__site=here)
        visit.best_face.decision = "uncertain"
        visit.best_face.candidates = [[str(ada.pk), 0.47], [str(yara.pk), 0.08]]
        visit.best_face.save()
        (face,) = visit_faces(visit)
        assert (face.title, face.suggested.name) == ("Perhaps Ada", "Ada")
        with acting_as(scoped(site_ids=frozenset({here.pk}))):
            (face,) = visit_faces(visit)
        assert (face.title, face.suggested) == ("Perhaps somebody of another site", None)

    def test_who_was_erased_leaves_no_suggestion_to_the_next(self):
        ada, yara = enrolled_person(1, name="Ada"), enrolled_person(2, name="Yara")
        visit = VisitFactory(
            decision="uncertain",
            reason="grey_band",
            candidates=[[str(ada.pk), 0.47], [str(yara.pk), 0.08]],
        )
        erase_person(ada)
        (view,) = view_of([visit])
        assert (view.title, view.suggested) == ("Unknown face", None)

    def test_whoever_was_merged_goes_by_the_entry_that_is_left(self):
        ada, twice, left = (enrolled_person(n, name=name) for n, name in enumerate("ABC", 1))
        visit = VisitFactory(
            decision="uncertain",
            reason="grey_band",
            candidates=[[str(ada.pk), 0.47], [str(left.pk), 0.4], [str(twice.pk), 0.2]],
        )
        merge_people(ada, twice)
        act = merge_people(twice, left)
        (view,) = view_of([visit])
        assert (view.title, view.suggested.id) == ("Perhaps C", str(left.pk))
        assert [(who.name, score) for who, score in view.nearest] == [("C", 0.47)], "once"
        undo_merge(act)
        (view,) = view_of([visit])
        assert (view.title, [who.name for who, _ in view.nearest]) == ("Perhaps B", ["B", "C"])

    def test_what_a_human_said_goes_before_the_decision(self):
        visit = VisitFactory(settled_as=Visit.Settled.NOT_A_FACE, settled_by="ada@example.org")
        (view,) = view_of([visit])
        assert (view.title, view.state_text) == ("Not a face", "Not a face")
        assert view.why == "Not a face by ada@example.org."

    def test_who_was_erased_is_nowhere_in_a_view(self):
        ada = enrolled_person(1, name="Ada")
        visit = VisitFactory(candidates=[[str(ada.pk), 0.47]])
        erase_person(ada)
        (view,) = view_of([visit])
        assert (view.nearest, view.portrait_id) == ((), None)

    def test_a_page_that_was_away_asks_for_what_came_or_changed_since(self):
        first, second = VisitFactory(), VisitFactory()
        newest = visits_newest(VisitFilter(), limit=40)
        assert [v.id for v in newest] == [second.pk, first.pk]
        later, _ = visits_after(VisitFilter(), first.pk, limit=40, count_to=40)
        assert [v.id for v in later] == [second.pk]
        since = timezone.now()
        first.save()
        changed, _ = visits_changed(VisitFilter(), since, first_id=first.pk, limit=40)
        assert [v.id for v in changed] == [first.pk]

    def test_visits_are_filtered_by_every_camera_that_saw_them(self):
        visit, door = VisitFactory(), CameraFactory()
        VisitLegFactory(visit=visit)
        VisitLegFactory(visit=visit, camera=door)
        VisitFactory()
        for camera_id in (door.pk, visit.camera_id):
            found = visits_newest(VisitFilter(camera_id=camera_id), limit=40)
            assert [v.id for v in found] == [visit.pk]
        assert visits_newest(VisitFilter(state="match"), limit=40) == []

    def test_the_faces_of_a_visit_come_in_the_order_of_their_decisions(self):
        visit = visit_with_face()
        assert [view.face.pk for view in visit_faces(visit)] == [visit.best_face_id]


class TestScope:
    def test_nobody_sees_the_visits_of_another_site(self):
        here, there = VisitFactory(), VisitFactory(camera__site=Site.objects.create(name="There"))
        with acting_as(scoped(site_ids=frozenset({here.site_id}))):
            assert list(visible_visits()) == [here]
            assert visits_among(VisitFilter(), [there.pk]) == []

    def test_a_manager_sees_the_own_people_and_no_strangers(self):
        ada, bob = enrolled_person(1), enrolled_person(2)
        ada.department = Department.objects.create(site=ada.site, name="Press", path="Press")
        ada.save()
        mine = named(ada)
        named(bob)
        VisitFactory()
        with acting_as(scoped(department_ids=frozenset({ada.department_id}))):
            assert list(visible_visits()) == [mine]

    def test_without_the_right_nothing_is_read(self):
        with (
            acting_as(Actor("user", "9", "m", frozenset())),
            pytest.raises(Exception, match="right"),
        ):
            visible_visits()


class TestPeopleGo:
    def test_erasure_takes_name_crops_and_vector_of_all_their_visits(
        self, django_capture_on_commit_callbacks
    ):
        ada = enrolled_person(1)
        visit = named(ada)
        first = RecognisedFace.objects.get(pk=visit.best_face_id)
        unnamed = visit_with_face()
        RecognisedFace.objects.filter(visit=unnamed).update(visit=visit)
        keys = [k for f in visit.faces.all() for k in (f.portrait_key, f.aligned_key)]
        assert len(keys) == 4
        with django_capture_on_commit_callbacks(execute=True):
            erase_person(ada)
        visit.refresh_from_db()
        first.refresh_from_db()
        assert (visit.person, first.person, first.portrait_key, first.aligned_key) == (
            None,
            None,
            "",
            "",
        )
        assert not VisitVector.objects.filter(visit=visit).exists()
        assert VisitVector.objects.filter(visit=unnamed).exists(), "another's stays"
        for key in keys:
            with pytest.raises(Exception, match="gone"):
                vault().get(key)

    def test_a_consent_that_ends_takes_the_vectors_with_it(
        self, django_capture_on_commit_callbacks
    ):
        ada = enrolled_person(1)
        visit = named(ada)
        with django_capture_on_commit_callbacks(execute=True):
            withdraw_consent(ada)
        assert not VisitVector.objects.exists()
        face = RecognisedFace.objects.get(visit=visit)
        assert (bool(face.portrait_key), face.aligned_key) == (True, "")

    def test_a_merge_takes_visits_strangers_and_what_was_refused_along_and_back(self):
        ada, bob = enrolled_person(1, name="Ada"), enrolled_person(2, name="Bob")
        visit, own = named(ada), named(bob)
        stranger = StrangerFactory(person=ada)
        anchor = AnchorFactory(kind=Anchor.Kind.NOT_PERSON, person=ada)
        act = merge_people(ada, bob)
        for row in (visit, stranger, anchor):
            row.refresh_from_db()
            assert row.person == bob
        undo_merge(act)
        for row in (visit, stranger, anchor):
            row.refresh_from_db()
            assert row.person == ada
        own.refresh_from_db()
        assert own.person == bob

    def test_a_merge_of_an_earlier_version_can_still_be_taken_back(self):
        ada, bob = enrolled_person(1), enrolled_person(2)
        visit = named(ada)
        act = merge_people(ada, bob)
        for key in ("visits", "strangers", "anchors"):
            del act.data[key]
        act.save()
        undo_merge(act)
        visit.refresh_from_db()
        assert visit.person == bob, "what the act does not name stays"


class TestResultsGo:
    @pytest.fixture
    def old(self):
        def make(**fields) -> Visit:
            visit = visit_with_face(**fields)
            then = timezone.now() - timedelta(days=40)
            Recognition.objects.filter(faces__visit=visit).update(created_at=then)
            return visit

        return make

    def test_with_its_results_a_visit_goes(self, old):
        gone, stays = old(), visit_with_face()
        keys = [gone.best_face.portrait_key, gone.best_face.aligned_key]
        delete_recognitions(results(timezone.now() - timedelta(days=30)))
        assert list(Visit.objects.all()) == [stays]
        assert VisitVector.objects.get().visit == stays
        for key in keys:
            with pytest.raises(Exception, match="gone"):
                vault().get(key)

    def test_a_visit_that_newer_results_tell_of_stays(self, old):
        visit = old()
        newer = visit_with_face()
        RecognisedFace.objects.filter(visit=newer).update(visit=visit)
        delete_recognitions(results(timezone.now() - timedelta(days=30)))
        assert Visit.objects.filter(pk=visit.pk).exists()

    def test_with_the_crops_of_strangers_their_vectors_go(self, old):
        stranger, ada = old(), enrolled_person(1)
        known = old(decision="match", reason="above_threshold", person=ada)
        drop_crops(unknown_crops(timezone.now() - timedelta(days=30)))
        face = RecognisedFace.objects.get(visit=stranger)
        assert (face.portrait_key, face.aligned_key) == ("", "")
        assert VisitVector.objects.get().visit == known
        assert Visit.objects.filter(pk=stranger.pk).exists(), "what was decided stays"

    def test_nothing_of_somebody_under_a_legal_hold_goes(self, old):
        ada = enrolled_person(1, legal_hold=True)
        visit = old()
        Visit.objects.filter(pk=visit.pk).update(person=ada)
        delete_recognitions(results(timezone.now() - timedelta(days=30)))
        assert Visit.objects.filter(pk=visit.pk).exists()
