"""The page of the site's own model: what it says, whom it lets, what it refuses."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import Role
from portal.audit.models import AuditEntry
from portal.calibration.models import ModelSwitch, OwnModel
from portal.calibration.selectors.own_sample import own_sample
from portal.calibration.services.own_model import (
    OwnModelRefused,
    ask_for_own_model,
    cancel_own_model,
    remove_own_model,
)
from portal.core.context import SYSTEM, acting_as
from portal.engines.services.adopt_space import adopt_space
from portal.jobs.models import Job
from portal.people.models import Consent
from portal.people.services import suspend_person
from portal.sightings.models import Visit
from tests.factories import enrolled_person
from tests.factories.own_models import own_model_ended, own_model_waiting
from tests.factories.people import FaceImageFactory, FaceTemplateFactory, SpaceFactory
from tests.factories.second_model import OTHER_SPACE
from tests.factories.sightings import CameraFactory
from tests.factories.visits import VisitFactory, VisitVectorFactory

pytestmark = pytest.mark.django_db
PAGE = reverse("calibration:own_model")


@pytest.fixture(autouse=True)
def _as_system(isolated):
    with acting_as(SYSTEM):
        yield


@pytest.fixture
def portal(client_of):
    return client_of(Role.ADMINISTRATOR)


def site(people: int = 3, photos: int = 2):
    return [enrolled_person(number, photos=photos) for number in range(people)]


def confirmed(person, **fields):
    visit = VisitFactory(person=person, settled_as=Visit.Settled.CONFIRMED, **fields)
    VisitVectorFactory(visit=visit)
    return visit


def space_of(person):
    return person.templates.first().space_id


def shown(client) -> str:
    response = client.get(PAGE)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_it_counts_photos_of_people_with_consent_and_sightings_that_a_human_named():
    first, second, third = site()
    camera = CameraFactory()
    confirmed(first, camera=camera)
    confirmed(second, camera=camera)
    visit = VisitFactory(person=third, camera=camera)
    VisitVectorFactory(visit=visit)
    found = own_sample(space_of(first))
    assert (found.enrolled, found.photo_count) == (3, 6)
    assert (found.sighting_count, found.cameras) == (2, 1), "what no human confirmed is none"


@pytest.mark.parametrize("how", ["withdrawn", "suspended"])
def test_whoever_left_is_in_no_sample_and_neither_are_their_sightings(how):
    first, second, _ = site()
    confirmed(first)
    if how == "withdrawn":
        Consent.objects.filter(person=first).update(withdrawn_at=timezone.now())
    else:
        suspend_person(first)
    found = own_sample(space_of(second))
    assert str(first.pk) not in found.photos
    assert str(first.pk) not in found.sightings
    assert found.enrolled == 2


def test_vectors_of_another_space_are_not_counted():
    first, *_ = site()
    visit = VisitFactory(person=first, settled_as=Visit.Settled.CONFIRMED)
    VisitVectorFactory(visit=visit, space=SpaceFactory(id=OTHER_SPACE.id, model_id="other-model"))
    assert own_sample(space_of(first)).sighting_count == 0


def test_a_sighting_that_became_a_reference_is_not_there_twice():
    first, *_ = site()
    confirmed(first, first_at=timezone.now() - timedelta(hours=1))
    image = FaceImageFactory(person=first, source="sighting")
    FaceTemplateFactory(image=image, space_id=space_of(first))
    assert own_sample(space_of(first)).sighting_count == 0


def test_too_few_people_are_told_how_many_more_and_offered_no_button(portal):
    site()
    text = shown(portal)
    assert "Too few people yet" in text
    assert "3 of 3 people enrolled have two pictures or more" in text
    assert reverse("calibration:own_model_start") not in text


def test_the_service_refuses_too_few_people_with_the_number_that_is_missing():
    site()
    with pytest.raises(OwnModelRefused, match="more are needed") as caught:
        ask_for_own_model()
    assert caught.value.code == "calibration.own_model_too_few"
    assert caught.value.data["more_people"] > 0
    assert not OwnModel.objects.exists()


@pytest.fixture
def enough(monkeypatch):
    """Six people are enough, so that a test need not enrol fifty."""
    monkeypatch.setattr("recognition.adaptation.sample.MIN_PEOPLE", 6)
    monkeypatch.setattr("recognition.adaptation.sample.MIN_COMPARISONS", 1)
    return site(6)


def test_it_is_asked_for_written_down_and_only_once(portal, enough):
    assert portal.post(reverse("calibration:own_model_start")).status_code == 302
    row = OwnModel.objects.get()
    assert (row.state, row.job.kind) == (OwnModel.State.WAITING, Job.Kind.OWN_MODEL)
    assert AuditEntry.objects.filter(action="calibration.own_model.asked").exists()
    assert "recognises meanwhile" in shown(portal)
    with pytest.raises(OwnModelRefused, match="being made already"):
        ask_for_own_model()


def test_no_model_is_made_on_top_of_one_that_was_made_here(enough):
    own_model_ended(model="own-1")
    adopt_space(SpaceFactory(id="f" * 16, model_id="own-1"), model="own-1", reason="")
    with pytest.raises(OwnModelRefused, match="made here itself"):
        ask_for_own_model()


def test_a_cancelled_one_is_over_with_its_job(enough):
    row = cancel_own_model(ask_for_own_model().pk)
    row.job.refresh_from_db()
    assert (row.state, row.job.state) == (OwnModel.State.CANCELLED, Job.State.CANCELLED)
    with pytest.raises(OwnModelRefused, match="has ended by now"):
        cancel_own_model(row.pk)


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        ("better", "Better than test-model on people that it never saw."),
        ("no_gain", "No gain: test-model is as good for your people"),
        ("too_few_people", "20 people have two pictures or more; about 25 more are needed"),
    ],
)
def test_the_verdict_is_said_plainly(portal, verdict, said):
    own_model_ended(verdict)
    assert said in shown(portal)


def test_no_gain_offers_nothing_to_prepare_or_remove(portal):
    own_model_ended("no_gain")
    text = shown(portal)
    assert reverse("calibration:model_prepare") not in text
    assert "/remove/" not in text


def test_a_better_one_leads_to_the_model_switch_once_a_worker_has_it(portal, monkeypatch):
    own_model_ended("better", model="own-1")
    assert "The workers have not told of its file yet" in shown(portal)
    installed = type("Installed", (), {"id": "own-1"})()
    monkeypatch.setattr(
        "portal.calibration.selectors.own_model.installed_models", lambda: [installed]
    )
    text = shown(portal)
    assert reverse("calibration:model_prepare") in text
    assert 'value="own-1"' in text


def test_a_model_that_is_needed_is_not_removed():
    row = own_model_ended("better", model="own-1")
    switch = ModelSwitch.objects.create(model="own-1", from_model="test-model")
    with pytest.raises(OwnModelRefused, match="Change to another model first"):
        remove_own_model(row.pk)
    switch.delete()
    assert remove_own_model(row.pk).removal_asked_at is not None
    assert AuditEntry.objects.filter(action="calibration.own_model.removed").exists()
    with pytest.raises(OwnModelRefused, match="removed already"):
        remove_own_model(row.pk)


def test_who_may_only_look_sees_the_figures_and_no_button(client_of):
    row = own_model_ended("better")
    text = shown(client_of(Role.AUDITOR))
    assert "97 %" in text
    assert reverse("calibration:own_model_remove", args=[row.pk]) not in text


def test_the_curve_is_drawn_while_it_grows_and_can_be_taken_away(portal):
    row = own_model_waiting(state=OwnModel.State.TRAINING, scores={"0/0/0": 0.9, "0/0/0.1": 0.91})
    assert "data-chart-plot" in shown(portal)
    answer = portal.get(reverse("calibration:own_model_csv", args=[row.pk]))
    assert answer.content.decode().splitlines() == ["strength,part 1", "0,+0.00", "0.1,+1.00"]
    svg = portal.get(reverse("calibration:own_model_svg", args=[row.pk]))
    assert svg["Content-Type"] == "image/svg+xml"


def test_nothing_to_draw_is_not_found(portal):
    row = own_model_waiting()
    path = reverse("calibration:own_model_svg", args=[row.pk])
    assert portal.get(path).status_code == 404
