"""Adapting the model in the worker: killed and gone on, cancelled, removed, and who is in it."""

from __future__ import annotations

import json
from datetime import timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from django.utils import timezone

from portal.calibration.models import ModelSwitch, OwnModel
from portal.calibration.selectors.own_sample import own_sample
from portal.calibration.services import own_model as services
from portal.calibration.services.own_model import (
    ask_for_own_model,
    cancel_own_model,
    is_own_model_waiting,
    remove_own_model,
    take_own_model,
)
from portal.calibration.services.switch import SwitchRefused, start_switch
from portal.jobs.models import Job
from portal.jobs.services import cancel_job
from portal.people.models import Consent
from portal.people.vectors import seal_vector
from portal.sightings.models import Visit
from portal.sightings.services.visits import seal_visit_vector
from tests.factories import enrolled_person
from tests.factories.faces import SPACE
from tests.factories.own_models import own_model_ended
from tests.factories.people import FaceImageFactory, FaceTemplateFactory
from tests.factories.visits import VisitFactory, VisitVectorFactory
from workers.calibration import own_model
from workers.calibration.own_model import adapt_waiting, gathered

pytestmark = pytest.mark.django_db
ALL_DAY_S = 86_400.0


def unit(vector):
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def site(people: int = 48, *, camera: float = 0.35):
    """Two photos and two confirmed sightings of each; ``camera`` disturbs along four directions."""
    random = np.random.default_rng(4)
    found = []
    for _ in range(people):
        centre = unit(random.normal(size=SPACE.dimension))

        def look(centre=centre):
            noise = random.normal(size=SPACE.dimension) * 0.05
            noise[:4] += random.normal(size=4) * camera
            return unit(centre + noise)

        person = enrolled_person(0, photos=0)
        for _ in range(2):
            sealed = seal_vector(look(), dimension=SPACE.dimension, data_key=person.data_key_id)
            FaceTemplateFactory(image=FaceImageFactory(person=person), sealed_vector=sealed)
            visit = VisitFactory(person=person, settled_as=Visit.Settled.CONFIRMED)
            VisitVectorFactory(visit=visit, sealed_vector=seal_visit_vector(look()))
        found.append(person)
    return found


@pytest.fixture
def packs(monkeypatch):
    """What was added and removed; the fake engine has no network that a head could be put behind."""
    made: dict[str, object] = {}

    def add(head, row):
        name = f"own-{len(made) + 1}"
        made[name] = head
        return name

    monkeypatch.setattr(own_model, "_added", add)
    monkeypatch.setattr(own_model, "_delete", made.pop)
    return made


def test_a_site_that_gains_gets_a_model_and_its_figures(host, packs):
    site()
    row = ask_for_own_model()
    assert not adapt_waiting(host, budget_s=ALL_DAY_S)
    row.refresh_from_db()
    assert (row.state, row.error) == (OwnModel.State.BETTER, "")
    assert row.model in packs
    assert (row.sightings, row.figures["people"]) == (96, 48)
    assert row.figures["judgement"]["tmr"]["low"] > 0.0
    assert row.job.state == Job.State.DONE


def test_a_site_that_does_not_gain_gets_none(host, packs):
    site(camera=0.0)
    row = ask_for_own_model()
    adapt_waiting(host, budget_s=ALL_DAY_S)
    row.refresh_from_db()
    assert (row.state, row.model, packs) == (OwnModel.State.NO_GAIN, "", {})


def test_no_vector_is_written_down(host, packs):
    site()
    row = ask_for_own_model()
    adapt_waiting(host, budget_s=ALL_DAY_S)
    row.refresh_from_db()
    assert len(json.dumps([row.figures, row.scores])) < 3_000


def test_cameras_get_their_turn_and_the_outcome_is_the_same(host, packs):
    site()
    whole = ask_for_own_model()
    adapt_waiting(host, budget_s=ALL_DAY_S)
    sliced = ask_for_own_model()
    slices = 0
    while adapt_waiting(host, budget_s=0.0):
        slices += 1
    whole.refresh_from_db()
    sliced.refresh_from_db()
    assert slices == 42, "one step in each slice"
    assert sliced.figures == whole.figures
    assert packs["own-1"].digest == packs["own-2"].digest


def test_a_killed_worker_goes_on_where_it_was(host, packs, monkeypatch):
    site()
    row = ask_for_own_model()
    for _ in range(10):
        adapt_waiting(host, budget_s=0.0)
    row.refresh_from_db()
    assert (row.state, len(row.scores)) == (OwnModel.State.TRAINING, 10)
    assert not is_own_model_waiting(), "its worker gave a sign of life just now"
    Job.objects.filter(pk=row.job_id).update(changed_at=timezone.now() - timedelta(minutes=5))
    assert is_own_model_waiting()
    noted = []
    note = services.note_scores

    def counted(own_model_id, scores, **fields):
        noted.append(len(scores))
        return note(own_model_id, scores, **fields)

    monkeypatch.setattr(own_model, "note_scores", counted)
    adapt_waiting(host, budget_s=ALL_DAY_S)
    assert noted == list(range(11, 43)), "no step is done twice"
    row.refresh_from_db()
    assert row.state == OwnModel.State.BETTER


def test_whoever_withdraws_meanwhile_is_in_no_later_step(host, packs):
    people = site(50)
    row = ask_for_own_model()
    for _ in range(10):
        adapt_waiting(host, budget_s=0.0)
    Consent.objects.filter(person=people[0]).update(withdrawn_at=timezone.now())
    adapt_waiting(host, budget_s=0.0)
    row.refresh_from_db()
    assert len(row.scores) == 1, "what was found with them is thrown away"
    sample = gathered(host, own_sample(SPACE.id))
    assert str(people[0].pk) not in sample.owners
    adapt_waiting(host, budget_s=ALL_DAY_S)
    row.refresh_from_db()
    assert row.figures["people"] == 49


def test_whoever_withdraws_during_the_last_step_is_in_no_model(host, packs, monkeypatch):
    people = site(50)
    row = ask_for_own_model()
    add = own_model._added

    def left_meanwhile(head, row):
        Consent.objects.filter(person=people[0]).update(withdrawn_at=timezone.now())
        return add(head, row)

    monkeypatch.setattr(own_model, "_added", left_meanwhile)
    assert adapt_waiting(host, budget_s=ALL_DAY_S), "there is more to do"
    assert packs == {}
    monkeypatch.setattr(own_model, "_added", add)
    adapt_waiting(host, budget_s=ALL_DAY_S)
    row.refresh_from_db()
    assert (row.state, row.figures["people"]) == (OwnModel.State.BETTER, 49)


def test_what_is_named_meanwhile_is_for_the_next_time(host, packs):
    people = site()
    row = ask_for_own_model()
    adapt_waiting(host, budget_s=0.0)
    visit = VisitFactory(
        person=people[0],
        settled_as=Visit.Settled.CONFIRMED,
        settled_at=timezone.now(),
        first_at=timezone.now(),
    )
    VisitVectorFactory(visit=visit, sealed_vector=seal_visit_vector(np.eye(SPACE.dimension)[0]))
    adapt_waiting(host, budget_s=0.0)
    row.refresh_from_db()
    assert len(row.scores) == 2, "nothing is begun again"
    assert own_sample(SPACE.id).sighting_count == 97


def test_one_worker_has_it_at_a_time(host, packs):
    site()
    row = ask_for_own_model()
    adapt_waiting(host, budget_s=0.0)
    assert take_own_model("recognition@other") is None
    assert take_own_model(host.owner) == row
    Job.objects.filter(pk=row.job_id).update(changed_at=timezone.now() - timedelta(minutes=5))
    assert take_own_model("recognition@other") == row, "its worker was lost"
    assert take_own_model(host.owner) is None


@pytest.mark.parametrize("how", ["page", "job"])
def test_a_cancelled_one_stops_and_leaves_nothing(host, packs, how):
    site()
    row = ask_for_own_model()
    adapt_waiting(host, budget_s=0.0)
    if how == "page":
        cancel_own_model(row.pk)
    else:
        cancel_job(row.job)
    assert not adapt_waiting(host, budget_s=ALL_DAY_S)
    row.refresh_from_db()
    assert (row.state, row.model, packs) == (OwnModel.State.CANCELLED, "", {})


@pytest.mark.parametrize("how", ["page", "job"])
def test_a_model_that_was_cancelled_while_it_was_written_is_deleted(host, packs, monkeypatch, how):
    site()
    row = ask_for_own_model()
    add = own_model._added

    def cancelled_meanwhile(head, taken):
        name = add(head, taken)
        if how == "page":
            cancel_own_model(row.pk)
        else:
            cancel_job(row.job)
        return name

    monkeypatch.setattr(own_model, "_added", cancelled_meanwhile)
    adapt_waiting(host, budget_s=ALL_DAY_S)
    assert packs == {}
    row.refresh_from_db()
    assert (row.state, row.model) == (OwnModel.State.CANCELLED, "")


def test_the_model_of_a_lost_worker_is_found_by_its_name(host, monkeypatch):
    """Its id is the row's; what a worker that was killed had written already makes way."""
    site()
    row = ask_for_own_model()
    name = own_model._id_of(row)
    assert name == f"own-{timezone.localdate(row.created_at):%Y-%m-%d}-{row.pk.hex[-6:]}"
    deleted = []
    monkeypatch.setattr(own_model, "models_here", lambda: [{"id": name}])
    monkeypatch.setattr(own_model, "_delete", deleted.append)
    monkeypatch.setattr("recognition.adaptation.pack.add_adapted", lambda *_, **fields: fields)
    assert own_model._added(SimpleNamespace(), row) == name
    assert deleted == [name]


def test_deleting_takes_what_loading_the_model_left(tmp_path, monkeypatch):
    monkeypatch.setattr(own_model, "_cache_dir", lambda: tmp_path)
    ours, others = (f"own-2026-11-23-{one}-0123456789abcdef-p1.onnx" for one in ("abc", "abd"))
    for name in (ours, others):
        (tmp_path / name).touch()
    own_model._delete("own-2026-11-23-abc")  # whose folder has gone before
    assert [path.name for path in tmp_path.iterdir()] == [others]


def test_what_fails_is_told_and_not_tried_for_ever(host, packs, monkeypatch):
    site()
    row = ask_for_own_model()

    def broken(*_args, **_fields):
        raise OSError("no space left")

    monkeypatch.setattr(own_model, "_added", broken)
    assert not adapt_waiting(host, budget_s=ALL_DAY_S)
    row.refresh_from_db()
    assert (row.state, row.job.state) == (OwnModel.State.FAILED, Job.State.FAILED)
    assert "worker's log" in row.error
    assert not is_own_model_waiting()


def test_people_who_left_since_it_was_asked_make_it_too_few(host, packs):
    people = site(48)
    row = ask_for_own_model()
    leaving = [person.pk for person in people[:10]]
    Consent.objects.filter(person__in=leaving).update(withdrawn_at=timezone.now())
    adapt_waiting(host, budget_s=ALL_DAY_S)
    row.refresh_from_db()
    assert row.state == OwnModel.State.TOO_FEW
    assert row.figures["more_people"] > 0


def test_a_removed_models_file_goes_and_that_is_written_down_once(host, packs):
    packs["own-1"] = SimpleNamespace()
    row = own_model_ended("better", model="own-1")
    remove_own_model(row.pk)
    assert is_own_model_waiting()
    adapt_waiting(host, budget_s=1.0)
    row.refresh_from_db()
    assert packs == {}
    assert row.removed_at is not None
    assert not is_own_model_waiting()


def test_a_removal_that_fails_holds_nobody_up_and_is_tried_again(host, packs, monkeypatch):
    site()
    removed = own_model_ended("better", model="own-0")
    remove_own_model(removed.pk)
    row = ask_for_own_model()

    def read_only(_model):
        raise PermissionError("read-only")

    monkeypatch.setattr(own_model, "_delete", read_only)
    adapt_waiting(host, budget_s=ALL_DAY_S)
    row.refresh_from_db()
    removed.refresh_from_db()
    assert (row.state, removed.removed_at) == (OwnModel.State.BETTER, None)
    assert is_own_model_waiting()


def test_a_model_that_is_being_removed_is_not_prepared(host, packs):
    row = own_model_ended("better", model="own-1")
    remove_own_model(row.pk)
    with pytest.raises(SwitchRefused, match="own-1 was removed"):
        start_switch("own-1", known=True)
    ModelSwitch.objects.create(model="own-1", from_model="test-model")
    assert services.own_models_to_remove() == [], "never under a switch that needs it"


def test_vectors_of_nobody_are_an_empty_sample(host):
    sample = gathered(host, own_sample(SPACE.id))
    assert (sample.people, sample.vectors.shape) == (0, (0, SPACE.dimension))
