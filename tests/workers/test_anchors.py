"""What somebody said of a face stays said: “not X” and “ignored”, in every later search."""

from __future__ import annotations

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.core.vault import vault
from portal.engines.models import Space
from portal.journal.services import undo_act
from portal.people.services import erase_person, merge_people
from portal.review.models import Anchor
from portal.review.services import refuse_visit, watch_strangers
from portal.sightings.models import Visit, VisitVector
from recognition.contracts import Candidate
from recognition.images import encode_jpeg
from tests.factories import (
    AnchorFactory,
    StrangerFactory,
    enrolled_person,
    visit_with_face,
)
from tests.factories.faces import vector_of, vector_towards
from workers.anchors import NEAR, AnchorFollower, renew_vectors

pytestmark = pytest.mark.django_db

ADA, GUEST = 1, 9


def follower(host) -> AnchorFollower:
    host.gallery.refresh()
    made = AnchorFollower(host)
    made.refresh()
    return made


def named(host, anchors: AnchorFollower, probe) -> list[str]:
    """Whom a search names, by falling score, after what was said is applied."""
    host.gallery.refresh()
    anchors.refresh()
    (found,) = anchors.apply(host.gallery.nearest([probe]), [probe])
    return [one.person_id for one in found]


class TestNotX:
    def test_who_was_refused_is_no_candidate_any_more(self, host):
        ada, bob = enrolled_person(ADA), enrolled_person(2)
        AnchorFactory(kind="not_person", person=ada, identity=GUEST)
        probe = vector_towards(GUEST, similarity=0.8, other=ADA)
        anchors = follower(host)
        assert named(host, anchors, probe) == [str(bob.pk)]

    def test_the_persons_own_face_stays_theirs(self, host):
        """However alike the guest is: nearer to Ada than to the guest is Ada."""
        ada = enrolled_person(ADA)
        AnchorFactory(kind="not_person", person=ada, identity=GUEST)
        probe = vector_towards(ADA, similarity=0.8, other=GUEST)
        assert probe @ vector_of(GUEST) >= NEAR
        assert named(host, follower(host), probe)[0] == str(ada.pk)

    @pytest.mark.parametrize(
        ("similarity", "stays"),
        [(NEAR - 0.02, True), (NEAR + 0.02, False)],
        ids=["below the bar it is somebody else", "from the bar on it is the same face"],
    )
    def test_only_a_face_near_the_anchor_is_meant(self, host, similarity, stays):
        ada = enrolled_person(ADA)
        AnchorFactory(kind="not_person", person=ada, identity=GUEST)
        probe = vector_towards(GUEST, similarity=similarity, other=40)
        found = (Candidate(str(ada.pk), similarity - 0.01),)
        kept = follower(host).apply([found], [probe])[0]
        assert bool(kept) is stays

    def test_it_does_not_return_with_the_next_index(self, host):
        """photoprism#3654: a face that was removed from a person came back at the next run."""
        ada = enrolled_person(ADA)
        visit = visit_with_face(
            identity=GUEST, decision="uncertain", candidates=[[str(ada.pk), 0.47]]
        )
        anchors = follower(host)
        probe = vector_towards(GUEST, similarity=0.8, other=ADA)
        assert named(host, anchors, probe) == [str(ada.pk)]
        refuse_visit(visit, ada)
        assert named(host, anchors, probe) == []
        enrolled_person(5)  # the gallery changes, and is read anew
        assert str(ada.pk) not in named(host, anchors, probe)
        assert str(ada.pk) not in named(host, follower(host), probe), "in a new process, too"

    def test_it_goes_along_when_people_are_merged_and_comes_back_with_the_undo(self, host):
        ada, ada_again, third = enrolled_person(ADA), enrolled_person(ADA), enrolled_person(3)
        visit = visit_with_face(
            identity=GUEST, decision="uncertain", candidates=[[str(ada.pk), 0.47]]
        )
        refuse_visit(visit, ada)
        of_third = AnchorFactory(kind="not_person", person=third, identity=7)
        anchors = follower(host)
        probe = vector_towards(GUEST, similarity=0.8, other=ADA)
        merged = merge_people(ada, ada_again)
        assert str(ada_again.pk) not in named(host, anchors, probe)
        of_third.refresh_from_db()
        assert of_third.person == third, "a merge touches no third person"
        undo_act(merged)
        found = named(host, anchors, probe)
        assert str(ada.pk) not in found
        assert str(ada_again.pk) in found

    def test_it_goes_with_the_person(self, host):
        ada = enrolled_person(ADA)
        anchor = AnchorFactory(kind="not_person", person=ada, identity=GUEST)
        anchors = follower(host)
        erase_person(ada)
        host.gallery.refresh()
        assert anchors.refresh()
        assert len(anchors) == 0
        assert not Anchor.objects.filter(pk=anchor.pk).exists()


class TestIgnored:
    def test_whoever_is_ignored_is_known_again(self, host):
        stranger = StrangerFactory(state="ignored")
        AnchorFactory(stranger=stranger, identity=GUEST)
        anchors = follower(host)
        near, far = vector_towards(GUEST, similarity=0.6), vector_of(20)
        assert anchors.is_ignored([near, far]) == [True, False]
        assert anchors.is_ignored([]) == []

    def test_who_is_watched_again_is_ignored_no_more(self, host):
        stranger = StrangerFactory(state="ignored", visit_count=1)
        AnchorFactory(stranger=stranger, identity=GUEST)
        anchors = follower(host)
        watch_strangers([stranger])
        assert anchors.refresh()
        assert anchors.is_ignored([vector_of(GUEST)]) == [False]


class TestFollowing:
    def test_one_query_while_nothing_changed(self, host):
        AnchorFactory(identity=GUEST)
        anchors = follower(host)
        with CaptureQueriesContext(connection) as queries:
            assert not anchors.refresh()
        assert len(queries) == 1

    def test_without_anchors_nothing_is_changed(self, host):
        found = [(Candidate("a", 0.9),), ()]
        assert follower(host).apply(found, [vector_of(1), vector_of(2)]) == found


class TestAnotherModel:
    def other_space(self) -> Space:
        return Space.objects.create(
            id="former", model_id="former", weights_sha256="cd" * 32, dimension=8, preprocessing="x"
        )

    def crop_of(self, identity: int) -> str:
        grey = np.full((112, 112, 3), identity, dtype=np.uint8)
        return vault().put("aligned", encode_jpeg(grey, quality=95))

    def test_what_was_said_holds_in_the_new_model(self, host):
        ada = enrolled_person(ADA)
        AnchorFactory(
            kind="not_person", person=ada, space=self.other_space(), aligned_key=self.crop_of(GUEST)
        )
        anchors = follower(host)
        probe = vector_towards(GUEST, similarity=0.8, other=ADA)
        assert named(host, anchors, probe) == [str(ada.pk)]
        assert not renew_vectors(host)
        assert named(host, anchors, probe) == []

    def former_visit(self, former: Space, **fields: object) -> Visit:
        visit = visit_with_face(identity=3, **fields)
        visit.vector.space = former
        visit.vector.save()
        visit.best_face.aligned_key = self.crop_of(GUEST)
        visit.best_face.save()
        return visit

    @pytest.mark.parametrize("whose", ["a stranger's", "nobody's", "somebody's"])
    def test_visits_are_made_anew_too(self, host, whose):
        """Strangers are grouped by them, and the search by a face compares all of them."""
        fields = {
            "a stranger's": {"stranger": StrangerFactory()},
            "nobody's": {},
            "somebody's": {"person": enrolled_person(ADA), "decision": "match"},
        }[whose]
        visit = self.former_visit(self.other_space(), **fields)
        assert not renew_vectors(host)
        visit.vector.refresh_from_db()
        assert visit.vector.space == host.space

    def test_strangers_come_first(self, host, monkeypatch):
        monkeypatch.setattr("workers.anchors._AT_ONCE", 2)
        former, ada = self.other_space(), enrolled_person(ADA)
        known = [{"person": ada, "decision": "match"}] * 2
        visits = [
            self.former_visit(former, **fields)
            for fields in [{"stranger": StrangerFactory()}, {}, *known]
        ]
        renewed = []
        while True:
            is_more = renew_vectors(host)
            there = VisitVector.objects.filter(space=host.space)
            renewed.append(set(there.values_list("pk", flat=True)))
            if not is_more:
                break
        pks = [visit.pk for visit in visits]
        assert renewed[:2] == [set(pks[:2]), set(pks)]

    def test_crops_that_cannot_be_read_are_in_nobodys_way(self, host, monkeypatch):
        monkeypatch.setattr("workers.anchors._AT_ONCE", 2)
        former = self.other_space()
        good = self.former_visit(former)
        for _ in range(3):
            vault().delete(self.former_visit(former).best_face.aligned_key)
        while renew_vectors(host):
            pass
        assert VisitVector.objects.get(space=host.space).pk == good.pk

    def test_a_crop_that_cannot_be_read_is_asked_for_once(self, host):
        anchor = AnchorFactory(space=self.other_space())
        vault().delete(anchor.aligned_key)
        renew_vectors(host)
        anchor.refresh_from_db()
        assert (anchor.aligned_key, anchor.space_id) == ("", "former")
