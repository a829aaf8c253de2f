"""How far a right reaches: by site, by department, and what of a picture that leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.urls import reverse

from portal.cameras.models import Camera
from portal.cameras.selectors import visible_cameras
from portal.cameras.services import create_camera
from portal.core.context import SYSTEM, Actor, Scope, acting_as
from portal.core.errors import DomainError, NotFound
from portal.core.policies import permissions_of
from portal.dashboard.selectors import today
from portal.jobs.selectors import visible_jobs
from portal.organisation.models import Site
from portal.organisation.services import department_at
from portal.people.models import Person
from portal.people.selectors import (
    gallery_people_count,
    is_within,
    names_of,
    portraits_of,
    visible_people,
    within_scope,
)
from portal.sightings.selectors import (
    faces_of,
    latest_faces,
    own_recognition,
    picture_of,
    visible_face,
    visible_recognition,
    visible_recognitions,
)
from tests.factories import (
    CameraFactory,
    JobFactory,
    RecognisedFaceFactory,
    RecognitionFactory,
    enrolled_person,
)

pytestmark = pytest.mark.django_db


@dataclass
class Two:
    """Two sites, at each a camera and somebody; both people were seen at both cameras."""

    north: Site
    south: Site
    ada: Any
    zelda: Any
    at_north: Any
    at_south: Any
    uploaded: Any


@pytest.fixture
def two(db) -> Two:
    north, south = Site.objects.create(name="North"), Site.objects.create(name="South")
    ada = enrolled_person(1, name="Ada", site=north, department=department_at(north, "Yard / Gate"))
    zelda = enrolled_person(2, name="Zelda", site=south, department=department_at(south, "Hall"))
    seen = {}
    for site in (north, south):
        row = RecognitionFactory(is_done=True, source="camera", camera=CameraFactory(site=site))
        for position, person in enumerate((ada, zelda)):
            RecognisedFaceFactory(
                recognition=row,
                position=position,
                person=person,
                decision="match",
                candidates=[[str(person.pk), 0.8]],
            )
        seen[site.name] = row
    uploaded = RecognitionFactory(is_done=True, actor_id="7", actor_label="seven")
    RecognisedFaceFactory(recognition=uploaded)
    return Two(north, south, ada, zelda, seen["North"], seen["South"], uploaded)


def actor(role: str, **scope: Any) -> Actor:
    return Actor(
        kind="user", id="7", label="seven", permissions=permissions_of(role), scope=Scope(**scope)
    )


def of_site(role: str, site: Site) -> Actor:
    return actor(role, site_ids=frozenset({site.pk}))


def test_the_condition_and_its_twin_in_python_agree(two):
    scopes = [
        Scope(),
        Scope(site_ids=frozenset({two.north.pk})),
        Scope(department_ids=frozenset({two.ada.department_id})),
        Scope(
            site_ids=frozenset({two.south.pk}), department_ids=frozenset({two.ada.department_id})
        ),
        Scope(department_ids=frozenset()),
        Scope(person_id=two.zelda.pk),
    ]
    for scope in scopes:
        asked = set(Person.objects.filter(within_scope(scope)))
        assert asked == {person for person in (two.ada, two.zelda) if is_within(scope, person)}


def test_names_and_portraits_of_others_are_simply_not_in_the_answer(two):
    ids = {str(two.ada.pk), str(two.zelda.pk)}
    with acting_as(of_site("officer", two.north)):
        assert set(names_of(ids)) == {str(two.ada.pk)}
        assert set(portraits_of([two.ada.pk, two.zelda.pk])) == {two.ada.pk}
        assert list(visible_people()) == [two.ada]
    with acting_as(SYSTEM):
        assert set(names_of(ids)) == ids
        assert len(portraits_of([two.ada.pk, two.zelda.pk])) == 2


def test_an_officer_of_a_site_sees_its_cameras_faces_and_the_names_of_its_people(two):
    with acting_as(of_site("officer", two.north)):
        assert set(visible_recognitions()) == {two.at_north, two.uploaded}
        titles = [view.title for view in faces_of(visible_recognition(two.at_north.pk))]
        assert titles == ["Ada", "Known person, name not shown"]
        assert picture_of(two.at_north)
        with pytest.raises(NotFound):
            visible_recognition(two.at_south.pk)
        with pytest.raises(NotFound):
            own_recognition(two.at_south.pk)
        with pytest.raises(NotFound):
            visible_face(two.at_south.faces.all()[0].pk)


def test_a_picture_without_a_camera_is_for_who_submitted_it_and_who_sees_every_site(two):
    other = RecognitionFactory(is_done=True, actor_id="8")
    with acting_as(of_site("officer", two.north)):
        assert other not in visible_recognitions()
    with acting_as(actor("officer")):
        assert {other, two.uploaded} <= set(visible_recognitions())


def test_a_manager_sees_their_peoples_faces_at_every_camera_and_no_others(two):
    manager = actor("manager", department_ids=frozenset({two.ada.department_id}))
    with acting_as(manager):
        assert [view.title for view in latest_faces()] == ["Ada", "Ada"]
        assert set(visible_recognitions()) == {two.at_north, two.at_south}
        assert [view.title for view in faces_of(two.at_south)] == ["Ada"]
        with pytest.raises(NotFound):
            picture_of(two.at_south)
        foreign = two.at_south.faces.get(person=two.zelda)
        with pytest.raises(NotFound):
            visible_face(foreign.pk)
        foreign.delete()
        assert picture_of(two.at_south), "now it shows nobody else"


def test_a_manager_of_nothing_sees_nobody(two):
    with acting_as(actor("manager", department_ids=frozenset())):
        assert not visible_people().exists()
        assert not visible_recognitions().exists()
        assert latest_faces() == []
        assert today().enrolled == 0


def test_todays_figures_are_those_of_the_scope_but_the_threshold_knows_everybody(two):
    with acting_as(of_site("officer", two.south)):
        figures = today()
        assert (figures.enrolled, figures.counts) == (1, {"match": 2, "unknown": 1})
        assert [camera.site_id for camera in figures.cameras] == [two.south.pk]
        assert gallery_people_count() == 2
    with acting_as(actor("hr")):
        figures = today()
        assert (figures.enrolled, figures.counts, figures.latest, figures.cameras) == (
            2,
            {},
            [],
            [],
        )


def test_cameras_are_those_of_the_site(two):
    with acting_as(of_site("officer", two.north)):
        assert list(visible_cameras()) == [two.at_north.camera]


def test_jobs_of_others_are_not_shown_to_whoever_is_limited(two):
    own, other = JobFactory(actor_label="seven"), JobFactory(actor_label="eight")
    with acting_as(of_site("officer", two.north)):
        assert list(visible_jobs()) == [own]
    with acting_as(actor("officer")):
        assert set(visible_jobs()) == {own, other}


# --- the site of a camera ---


def test_a_camera_stands_at_the_site_that_was_chosen(client_of, two):
    answer = client_of("administrator").post(
        reverse("cameras:create"), {"name": "Gate", "kind": "push", "site_id": str(two.south.pk)}
    )
    assert answer.status_code == 302
    assert Camera.objects.get(name="Gate").site == two.south


def test_where_there_is_one_site_none_is_asked_for(client_of):
    client = client_of("administrator")
    assert 'name="site_id"' not in client.get(reverse("cameras:create")).content.decode()
    client.post(reverse("cameras:create"), {"name": "Gate", "kind": "push"})
    assert Camera.objects.get().site == Site.objects.get()


@pytest.mark.parametrize("site_id", ["", "x", "00000000-0000-0000-0000-000000000000"])
def test_a_site_that_is_none_is_refused(client_of, two, site_id):
    answer = client_of("administrator").post(
        reverse("cameras:create"), {"name": "Gate", "kind": "push", "site_id": site_id}
    )
    assert answer.status_code == 422
    assert not Camera.objects.filter(name="Gate").exists()


def test_nobody_puts_a_camera_at_a_site_beyond_their_own(two):
    limited = Actor(
        kind="user",
        id="7",
        permissions=permissions_of("administrator"),
        scope=Scope(site_ids=frozenset({two.south.pk})),
    )
    with acting_as(limited):
        camera, _ = create_camera(name="Gate")
        assert camera.site == two.south
        with pytest.raises(DomainError) as refused:
            create_camera(name="Yard", site_id=two.north.pk)
    assert refused.value.code == "camera.site"
