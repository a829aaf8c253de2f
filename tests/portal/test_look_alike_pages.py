"""The register of look-alikes and the page of the drift watch."""

from __future__ import annotations

import pytest
from django.urls import reverse

from portal.calibration.figures import NearFigure
from portal.calibration.models import DriftFinding
from portal.calibration.selectors import look_alikes
from portal.calibration.selectors.look_alikes import neighbours, register
from portal.core.context import SYSTEM, Actor, acting_as
from portal.core.policies import ALL_PERMISSIONS
from portal.people.models import LookalikePair
from portal.people.services import suspend_person
from tests.factories import CameraFactory, SpaceFactory, enrolled_person
from tests.factories.drift import aged, fell, scored_days
from tests.factories.visits import StrangerFactory
from tests.factories.world import drift_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("isolated")]


def pair(first, second, **fields) -> LookalikePair:
    one, other = sorted((first, second), key=lambda person: person.pk)
    values = {"space": SpaceFactory(), "score": 0.61, **fields}
    return LookalikePair.objects.create(first=one, second=other, **values)


@pytest.fixture
def ada():
    return enrolled_person(1, name="Ada Byron")


@pytest.fixture
def ida():
    return enrolled_person(2, name="Ida Byron")


def html(client, name="look_alikes", **query) -> str:
    response = client.get(reverse(f"calibration:{name}"), query)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


class TestRegister:
    def test_a_pair_is_shown_with_both_photos_its_score_and_the_guard(self, client_of, ada, ida):
        pair(ada, ida)
        page = html(client_of("auditor"))
        assert "Ada Byron" in page
        assert "Ida Byron" in page
        assert page.count("/photo/") + page.count("/photos/") >= 2
        assert "0.610" in page
        assert "Guarded" in page
        assert "One person twice?" in page

    def test_who_may_only_look_gets_no_buttons(self, client_of, ada, ida):
        pair(ada, ida)
        page = html(client_of("auditor"))
        assert "Same person: merge" not in page
        assert "Different people</span></button>" not in page

    def test_told_apart_they_stay_in_the_register_and_are_asked_about_no_more(
        self, client_of, ada, ida
    ):
        row, client = pair(ada, ida), client_of("administrator")
        url = reverse("calibration:different", args=[row.pk])
        response = client.post(f"{url}?q=ada", follow=True)
        assert response.redirect_chain == [("/calibration/look-alikes/?q=ada", 302)]
        row.refresh_from_db()
        assert row.answer == "different"
        page = html(client)
        assert "Different people" in page
        assert "Same person: merge" not in page
        assert "Guarded" in page

    @pytest.mark.parametrize(
        ("query", "found", "why"),
        [
            ({}, 2, "everybody"),
            ({"answer": "open"}, 1, "not answered"),
            ({"answer": "different"}, 1, "answered"),
            ({"q": "ida"}, 1, "a part of a name"),
            ({"q": "ida byron"}, 1, "words in any order of the two"),
            ({"q": "nobody"}, 0, "no such name"),
        ],
    )
    def test_it_can_be_narrowed(self, client_of, ada, ida, query, found, why):
        pair(ada, ida)
        others = [enrolled_person(n, name=f"Otto {n}") for n in (3, 4)]
        pair(*others, answer="different", answered_by="hr@example.org")
        assert html(client_of("auditor"), **query).count('data-pair="') == found, why

    @pytest.mark.parametrize(
        "gone",
        [
            lambda row: suspend_person(row.first),
            lambda row: LookalikePair.objects.update(is_alike=False),
        ],
        ids=["suspended", "no longer alike"],
    )
    def test_pairs_that_are_no_more_leave_it(self, client_of, ada, ida, gone):
        row = pair(ada, ida)
        with acting_as(SYSTEM):
            gone(row)
        page = html(client_of("auditor"))
        assert 'data-pair="' not in page
        assert "No two people look alike" in page

    def test_somebody_elsewhere_is_counted_and_not_shown(self, ada, ida):
        pair(ada, ida)
        nowhere = Actor(
            kind="user", id="9", label="x", permissions=ALL_PERMISSIONS, scope=scope_of_no_site()
        )
        with acting_as(nowhere):
            assert not register().exists()
            assert neighbours().hidden == 1

    def test_the_person_page_says_what_it_means(self, client_of, ada, ida):
        pair(ada, ida)
        response = client_of("hr").get(reverse("people:detail", args=[ada.pk]))
        page = " ".join(response.content.decode().split())
        assert "Looks like" in page
        assert "Ada Byron is named only when Gatehouse is surer than usual." in page


def scope_of_no_site():
    from portal.core.context import Scope

    return Scope(site_ids=frozenset())


class TestCeilings:
    def test_the_nearest_two_are_named_with_their_distance_to_the_threshold(
        self, client_of, ada, ida
    ):
        pair(ada, ida, score=0.93)
        page = html(client_of("auditor"))
        assert "are as near as <strong" in page
        assert "the threshold alone does not keep them apart" in page

    def test_the_nearest_stranger_comes_from_the_last_measurement(
        self, client_of, monkeypatch, ada
    ):
        stranger = StrangerFactory(visit_count=1)

        class Found:
            nearest_stranger = NearFigure(0.31, str(stranger.pk), str(ada.pk))
            nearest_other = None

        monkeypatch.setattr(look_alikes, "_last_measured", lambda space_id: (None, Found()))
        page = html(client_of("auditor"))
        assert str(stranger) in page
        assert "no stranger known so far is given a name" in page

    def test_without_a_measurement_it_says_what_it_takes(self, client_of):
        page = html(client_of("auditor"))
        assert page.count("Not known yet.") == 2


class TestDriftPage:
    @pytest.fixture
    def found(self, ada):
        camera = CameraFactory()
        scored_days(aged(ada), fell(), camera=camera)
        row = drift_of(ada, camera)
        row.before, row.after = 0.72, 0.6
        row.save()
        return row

    def test_it_says_who_and_how_much_and_leads_to_the_enrolment(self, client_of, found):
        page = html(client_of("administrator"), "drift")
        assert "Scores of Ada Byron fell by 0.12 since " in page
        assert ": enrol anew" in page
        assert reverse("enrolment:start_for", args=[found.person_id]) in page
        assert "data-chart-point" in page
        assert "<summary>The values as a table</summary>" in page

    def test_a_camera_is_to_be_cleaned(self, client_of, found):
        camera = CameraFactory(name="Lobby")
        DriftFinding.objects.filter(pk=found.pk).update(person=None, camera=camera)
        page = html(client_of("auditor"), "drift")
        assert "Scores at Lobby fell by 0.12" in page
        assert "clean the lens, check the light" in page
        assert "nothing left to draw" in page

    def test_its_values_come_as_a_file_with_the_means_drawn(self, client_of, found):
        client = client_of("auditor")
        table = client.get(reverse("calibration:drift_csv", args=[found.pk])).content.decode()
        assert table.splitlines()[0] == "Day,Mean score,Visits"
        picture = client.get(reverse("calibration:drift_svg", args=[found.pk])).content.decode()
        assert picture.startswith("<svg")
        assert "fell by 0.12" in picture

    def test_dismissed_it_is_among_those_that_ended(self, client_of, found):
        client = client_of("administrator")
        client.post(reverse("calibration:dismiss_drift", args=[found.pk]))
        page = html(client, "drift")
        assert "Ended lately (1)" in page
        assert "data-finding=" not in page
        again = client.post(reverse("calibration:dismiss_drift", args=[found.pk]))
        assert again.status_code == 404

    def test_before_the_first_night_it_promises_nothing(self, client_of):
        assert "Nothing to say yet" in html(client_of("auditor"), "drift")
