"""From one model to another and back: nobody is lost, nothing is mixed, nothing is done twice."""

from __future__ import annotations

import numpy as np
import pytest

from portal.calibration.models import EmbeddingFailure, ModelSwitch, ShadowFace
from portal.calibration.selectors.switch import kept_models, models_needed, open_switch
from portal.calibration.services.switch import (
    begin_embedding,
    cancel_switch,
    cut_over,
    roll_back,
    start_switch,
)
from portal.calibration.services.switch._moving import SwitchRefused
from portal.calibration.services.switch.threshold import measure_new
from portal.core.context import SYSTEM, acting_as
from portal.core.vault import vault
from portal.engines import selectors as engines
from portal.engines.models import DecisionRule, RuleAdoption, SpaceAdoption, WorkerReport
from portal.engines.selectors import active_space, adopted_model
from portal.engines.services import SavedRule, save_rule
from portal.jobs.models import Job
from portal.jobs.services import cancel_job
from portal.people.models import FaceImage, FaceTemplate, Person
from portal.people.selectors import gallery_members
from portal.people.services import erase_person, person_key, withdraw_consent
from portal.people.services.revision import bump_gallery_revision
from portal.sightings.models import RecognisedFace, Recognition
from recognition.calibration import Wish
from recognition.errors import IndexMismatch, WeightsError
from recognition.images import encode_jpeg
from tests.factories import RecognitionFactory
from tests.factories.faces import SPACE, face_of
from tests.factories.people import (
    ConsentFactory,
    FaceImageFactory,
    FaceTemplateFactory,
    PersonFactory,
)
from tests.factories.second_model import OTHER_SPACE, OtherEngine
from tests.factories.sightings import CameraFactory, RecognisedFaceFactory
from workers import engine_host
from workers.calibration import reembed
from workers.calibration.measure import measure_waiting
from workers.calibration.reembed import embed_waiting, needs_embedding, prepare_batch
from workers.engine_host import EngineHost, current_host, spare_host
from workers.recognise import recognise_waiting

pytestmark = pytest.mark.django_db

OLD, NEW = SPACE.model_id, OTHER_SPACE.model_id
_State = ModelSwitch.State


def crop(identity: int) -> bytes:
    return encode_jpeg(np.full((112, 112, 3), identity, np.uint8), quality=95)


def enrolled(identity: int, *, photos: int = 1, **fields: object) -> Person:
    """Somebody whose kept crops show this identity to every model."""
    person = PersonFactory(**fields)
    ConsentFactory(person=person)
    for _ in range(photos):
        photo_of(person, identity)
    bump_gallery_revision()
    return person


def photo_of(person: Person, identity: int) -> FaceImage:
    key = vault().put("aligned", crop(identity), data_key=person_key(person))
    image = FaceImageFactory(person=person, aligned_key=key)
    FaceTemplateFactory(image=image, identity=identity)
    return image


@pytest.fixture
def other(host: EngineHost, monkeypatch: pytest.MonkeyPatch) -> OtherEngine:
    """A second model that can be loaded, and every load of it counted."""
    engine = OtherEngine()
    host.checks = []

    def load(cls: type, model: str, *, owner: str, enlarges: bool = True) -> EngineHost:
        if model == NEW:
            made = EngineHost(engine, owner=owner)  # type: ignore[arg-type]
        elif model == OLD:
            made = EngineHost(host.engine, owner=owner)
        else:
            raise WeightsError(f"No embedding model is called {model!r}.")
        made.checks = []
        return made

    monkeypatch.setattr(EngineHost, "of_model", classmethod(load))
    monkeypatch.setattr(engine_host, "_spares", {})
    monkeypatch.setattr(engine_host, "_refused", None)
    monkeypatch.setattr(engines, "DEFAULT_MODEL", OLD)
    return engine


def work(*, turns: int = 50) -> None:
    """What the worker's bell rings for, until nothing is left."""
    for _ in range(turns):
        if not embed_waiting(budget_s=1.0):
            return
    raise AssertionError("it never ends")


def prepared() -> ModelSwitch:
    switch = start_switch(NEW, known=True)
    work()
    switch.refresh_from_db()
    return switch


def threshold_for_new(value: float = 0.5) -> None:
    save_rule(
        SavedRule(
            threshold=value,
            grey_band=0.05,
            min_margin=0.02,
            gallery_size=2,
            stranger_rate=0.01,
            follows_gallery=False,
            origin=DecisionRule.Origin.MODEL_SWITCH,
            reason="The new model's",
        ),
        seen=None,
        space_id=OTHER_SPACE.id,
    )


def in_use() -> ModelSwitch:
    switch = prepared()
    threshold_for_new()
    return cut_over(switch.pk)


def members() -> tuple[set[str], set[str]]:
    return set(gallery_members(SPACE.id)), set(gallery_members(OTHER_SPACE.id))


class TestPreparing:
    def test_everybody_gets_a_template_of_the_other_model_and_keeps_the_old_one(self, other):
        people = [enrolled(n, photos=2) for n in range(1, 4)]
        switch = prepared()
        assert switch.state == _State.SHADOW
        assert (switch.photos, switch.embedded, switch.failed) == (6, 6, 0)
        everybody = {str(one.pk) for one in people}
        assert members() == (everybody, everybody)
        assert (switch.job.state, switch.job.done, switch.job.total) == (Job.State.DONE, 6, 6)
        assert active_space().pk == SPACE.id, "the old model decides alone"

    def test_what_is_done_is_not_done_again_after_the_worker_was_lost(self, other, monkeypatch):
        monkeypatch.setattr(reembed, "_AT_ONCE", 2)
        for n in range(1, 6):
            enrolled(n)
        switch = start_switch(NEW, known=True)
        host = spare_host(NEW)
        assert prepare_batch(host, begin_embedding(switch.pk, host.space))
        assert FaceTemplate.objects.filter(space=OTHER_SPACE.id).count() == 2
        assert Job.objects.get().done == 2
        # Killed here: the next process has nothing but the database.
        monkeypatch.setattr(engine_host, "_spares", {})
        work()
        assert FaceTemplate.objects.filter(space=OTHER_SPACE.id).count() == 5
        assert other.embedded == 5, "none twice"
        assert Job.objects.get().state == Job.State.DONE

    @pytest.mark.parametrize("is_there", [False, True], ids=["it is gone", "it is no picture"])
    def test_a_crop_that_cannot_be_read_is_counted_named_and_keeps_its_old_vector(
        self, other, is_there
    ):
        well = enrolled(1)
        ill = enrolled(2)
        image = ill.images.get()
        vault().delete_all([image.aligned_key])
        if is_there:
            image.aligned_key = vault().put("aligned", b"no picture", data_key=person_key(ill))
            image.save()
        switch = prepared()
        assert (switch.state, switch.embedded, switch.failed) == (_State.SHADOW, 1, 1)
        failure = EmbeddingFailure.objects.get()
        assert failure.image.person == ill
        assert failure.reason
        assert switch.job.failed == 1
        assert switch.job.lines.filter(level="warning").count() == 1
        assert members() == ({str(well.pk), str(ill.pk)}, {str(well.pk)})
        assert not needs_embedding(), "it is not tried for ever"

    def test_photos_whose_consent_ended_meanwhile_get_no_template(self, other):
        gone, stays = enrolled(1), enrolled(2)
        withdraw_consent(gone, reason="They asked")
        prepared()
        assert members() == ({str(stays.pk)}, {str(stays.pk)})

    def test_a_model_that_cannot_be_loaded_fails_with_its_reason_and_changes_nothing(self, other):
        enrolled(1)
        switch = start_switch("lost-model", known=True)
        work()
        switch.refresh_from_db()
        assert switch.state == _State.FAILED
        assert "lost-model" in switch.error
        assert switch.job.state == Job.State.FAILED
        assert active_space().pk == SPACE.id
        assert start_switch(NEW, known=True).state == _State.PREPARING

    def test_only_one_switch_goes_on_at_a_time(self, other):
        start_switch(NEW, known=True)
        with pytest.raises(SwitchRefused, match="prepared already"):
            start_switch("third", known=True)

    def test_the_model_in_use_and_one_that_no_worker_has_are_refused(self, other):
        with pytest.raises(SwitchRefused, match="in use already"):
            start_switch(OLD)
        with pytest.raises(SwitchRefused, match="No recognition worker has"):
            start_switch("never-added")

    def test_cancelling_takes_the_new_vectors_away_and_no_old_one(self, other):
        someone = enrolled(1)
        switch = prepared()
        cancel_switch(switch.pk)
        assert members() == ({str(someone.pk)}, set())
        assert open_switch() is None
        assert not needs_embedding()

    def test_a_batch_that_was_at_work_when_it_was_cancelled_leaves_no_vector(
        self, other, monkeypatch
    ):
        enrolled(1)
        switch = start_switch(NEW, known=True)
        real = reembed.embedded_crop

        def cancelled_meanwhile(*args, **named):
            cancel_switch(switch.pk)
            return real(*args, **named)

        monkeypatch.setattr(reembed, "embedded_crop", cancelled_meanwhile)
        work()
        assert not FaceTemplate.objects.filter(space=OTHER_SPACE.id).exists()
        assert ModelSwitch.objects.get().state == _State.CANCELLED

    def test_cancelling_the_job_cancels_the_switch(self, other):
        enrolled(1)
        switch = start_switch(NEW, known=True)
        cancel_job(switch.job)
        work()
        switch.refresh_from_db()
        assert switch.state == _State.CANCELLED
        assert not FaceTemplate.objects.filter(space=OTHER_SPACE.id).exists()


class TestCutOver:
    def test_it_is_refused_before_the_new_model_has_a_threshold(self, other):
        enrolled(1)
        switch = prepared()
        with pytest.raises(SwitchRefused, match="No threshold was measured"):
            cut_over(switch.pk)
        assert active_space().pk == SPACE.id

    def test_it_is_refused_while_somebody_would_be_lost_and_goes_when_that_is_confirmed(
        self, other
    ):
        enrolled(1)
        lost = enrolled(2)
        vault().delete_all([lost.images.get().aligned_key])
        switch = prepared()
        threshold_for_new()
        with pytest.raises(SwitchRefused, match="1 people who are recognised now") as refused:
            cut_over(switch.pk)
        assert refused.value.data == {"people": 1}
        assert not SpaceAdoption.objects.exists()
        assert cut_over(switch.pk, unrecognised=1).state == _State.CUT_OVER

    def test_space_and_rule_change_together_and_the_rule_is_written_down(self, other):
        enrolled(1)
        switch = in_use()
        assert (active_space().pk, adopted_model()) == (OTHER_SPACE.id, NEW)
        adoption = RuleAdoption.objects.first()
        assert (adoption.cause, adoption.space_id) == ("switched", OTHER_SPACE.id)
        assert adoption.rule == switch.rule
        assert models_needed() == {OLD, NEW}

    def test_the_worker_follows_with_its_next_task_and_says_so(self, other, host):
        enrolled(1)
        in_use()
        followed = current_host()
        assert followed.space.pk == OTHER_SPACE.id
        assert len(followed.gallery) == 1
        assert followed.policy().threshold == 0.5
        assert current_host() is followed
        assert WorkerReport.objects.get().engine["space_id"] == OTHER_SPACE.id

    def test_an_engine_in_shadow_is_not_loaded_a_second_time(self, other):
        enrolled(1)
        switch = prepared()
        in_shadow = spare_host(NEW)
        threshold_for_new()
        cut_over(switch.pk)
        assert current_host() is in_shadow

    def test_a_model_that_was_exchanged_for_another_file_decides_nothing(
        self, other, host, monkeypatch
    ):
        enrolled(1)
        in_use()
        monkeypatch.setattr(engine_host, "_spares", {})
        monkeypatch.setattr(
            EngineHost,
            "of_model",
            classmethod(lambda cls, model, **named: EngineHost(host.engine, owner="x")),
        )
        for _ in range(2):
            with pytest.raises(WeightsError, match="is not the one that was taken into use"):
                current_host()
        assert WorkerReport.objects.get().state == "failed"
        roll_back(ModelSwitch.objects.get().pk)
        assert current_host() is host
        assert WorkerReport.objects.get().state == "ready"

    def test_pictures_are_decided_by_the_model_in_use_when_they_are_claimed(
        self, other, host, engine
    ):
        enrolled(1)
        prepared()
        threshold_for_new()
        picture = engine.shows(b"one", face_of(1))
        before = RecognitionFactory(picture_key=vault().put("pictures", picture))
        recognise_waiting(host, budget_s=5.0, follow=current_host)
        cut_over(open_switch().pk)
        after = RecognitionFactory(picture_key=vault().put("pictures", picture))
        recognise_waiting(host, budget_s=5.0, follow=current_host)
        before.refresh_from_db()
        after.refresh_from_db()
        assert before.space_id == SPACE.id
        assert before.faces.get().decision == "match"
        assert after.state == Recognition.State.FAILED, "the other engine was asked, not this one"


class TestBothGalleries:
    def test_a_photo_enrolled_in_shadow_gets_a_template_of_both_models(self, other):
        enrolled(1)
        prepared()
        late = enrolled(2)
        assert needs_embedding()
        work()
        assert str(late.pk) in members()[1]

    def test_a_photo_enrolled_after_the_change_is_known_after_going_back(self, other):
        enrolled(1)
        switch = in_use()
        current_host()
        late = PersonFactory()
        ConsentFactory(person=late)
        key = vault().put("aligned", crop(7), data_key=person_key(late))
        image = FaceImageFactory(person=late, aligned_key=key)
        with_new = spare_host(NEW).engine.embed(np.full((1, 112, 112, 3), 7, np.uint8))[0]
        from portal.people.vectors import seal_vector

        FaceTemplate.objects.create(
            image=image,
            person=late,
            space_id=OTHER_SPACE.id,
            sealed_vector=seal_vector(
                with_new, dimension=OTHER_SPACE.dimension, data_key=person_key(late)
            ),
        )
        bump_gallery_revision()
        work()
        roll_back(switch.pk)
        host = current_host()
        assert host.space.pk == SPACE.id
        assert str(late.pk) in host.gallery
        assert members()[0] == members()[1]

    def test_going_back_lets_the_former_rule_decide_and_can_be_done_once(self, other):
        enrolled(1)
        switch = in_use()
        roll_back(switch.pk)
        assert (active_space().pk, adopted_model()) == (SPACE.id, OLD)
        with pytest.raises(SwitchRefused, match="taken back"):
            roll_back(switch.pk)

    def test_nobody_goes_back_while_another_model_is_being_prepared(self, other):
        """The page hides the button; another tab that is still open shows it."""
        enrolled(1)
        done = in_use()
        going = start_switch(OLD, known=True)
        with pytest.raises(SwitchRefused, match="cancel it") as refused:
            roll_back(done.pk)
        assert refused.value.code == "calibration.switch_going_on"
        assert (active_space().pk, adopted_model()) == (OTHER_SPACE.id, NEW)
        cancel_switch(going.pk)
        roll_back(done.pk)
        assert adopted_model() == OLD

    def test_after_going_back_the_model_can_be_prepared_again_at_once(self, other):
        enrolled(1)
        roll_back(in_use().pk)
        current_host()
        embedded = other.embedded
        switch = prepared()
        assert switch.state == _State.SHADOW
        assert other.embedded == embedded, "every vector was there still"

    def test_an_erased_person_leaves_no_vector_in_either_space(self, other):
        person = enrolled(1)
        prepared()
        erase_person(person)
        assert not FaceTemplate.objects.exists()

    def test_only_the_models_that_are_needed_stay_loaded(self, other):
        enrolled(1)
        switch = prepared()
        assert NEW in engine_host._spares
        cancel_switch(switch.pk)
        work()
        assert engine_host._spares == {}
        assert other.is_closed
        assert [space for _, space in kept_models()] == [SPACE.id]


class TestShadow:
    def seen(self, identity: int, **fields: object) -> RecognisedFace:
        row = RecognitionFactory(
            is_done=True, source="camera", camera=CameraFactory(), face_count=1, space_id=SPACE.id
        )
        return RecognisedFaceFactory(
            recognition=row, aligned_key=vault().put("aligned", crop(identity)), **fields
        )

    def test_the_new_model_decides_about_live_faces_and_no_answer_is_touched(self, other):
        person = enrolled(5)
        prepared()
        threshold_for_new()
        known = self.seen(5, decision="unknown", reason="below_grey_band")
        stranger = self.seen(9, decision="match", reason="above_threshold", person=person)
        work()
        first, second = ShadowFace.objects.order_by("face_id")
        assert (first.face, first.decision, first.person) == (known, "match", person)
        assert first.candidates == [[str(person.pk), 1.0]]
        assert (second.decision, second.person) == ("unknown", None)
        known.refresh_from_db()
        stranger.refresh_from_db()
        assert (known.decision, stranger.decision) == ("unknown", "match")
        assert not needs_embedding()

    @pytest.mark.parametrize(
        ("fields", "why"),
        [
            ({"decision": "poor", "reason": "too_small"}, "poor for every model"),
            ({"decision": "unknown", "reason": "x", "aligned_key": ""}, "no crop is kept"),
        ],
    )
    def test_what_no_model_could_judge_is_left_out(self, other, fields, why):
        enrolled(5)
        prepared()
        row = RecognitionFactory(
            is_done=True, source="camera", camera=CameraFactory(), space_id=SPACE.id
        )
        RecognisedFaceFactory(
            recognition=row, **{"aligned_key": vault().put("aligned", crop(5)), **fields}
        )
        work()
        assert not ShadowFace.objects.exists(), why

    def test_a_threshold_saved_for_the_new_model_decides_its_answers_anew(self, other):
        person = enrolled(5)
        prepared()
        self.seen(5, decision="unknown", reason="below_grey_band")
        threshold_for_new(0.5)
        work()
        assert ShadowFace.objects.get().decision == "match"
        save_rule(
            SavedRule(
                threshold=0.5,
                grey_band=0.05,
                min_margin=0.02,
                gallery_size=1,
                stranger_rate=0.01,
                origin=DecisionRule.Origin.MODEL_SWITCH,
                reason="Twins: not by score alone",
            ),
            seen=1,
            space_id=OTHER_SPACE.id,
        )
        ShadowFace.objects.update(candidates=[[str(person.pk), 0.3]])
        assert needs_embedding()
        work()
        face = ShadowFace.objects.get()
        assert (face.decision, face.score, face.person) == ("unknown", 0.3, None)
        assert not needs_embedding()

    def test_its_threshold_is_measured_on_its_own_vectors(self, other, host):
        for identity in range(1, 6):
            enrolled(identity, photos=2)
        switch = prepared()
        run = measure_new(switch.pk, Wish.one_in(100))
        assert measure_waiting(host)
        run.refresh_from_db()
        assert (run.space_id, run.gallery_size) == (OTHER_SPACE.id, 5)
        # Five people are too few to promise one in a hundred, and it says so.
        assert run.state == "insufficient"

    def test_a_crop_that_is_gone_is_asked_for_once(self, other):
        enrolled(5)
        prepared()
        face = self.seen(5, decision="unknown", reason="x")
        vault().delete_all([face.aligned_key])
        work()
        assert ShadowFace.objects.get().reason == "crop_unreadable"
        assert not needs_embedding()


def test_vectors_of_two_spaces_are_never_in_one_index(other, host):
    """Whatever templates there are, an engine searches those of its own space alone."""
    enrolled(1)
    prepared()
    host.gallery.refresh()
    beside = spare_host(NEW)
    beside.gallery.refresh()
    assert host.gallery.mean.shape == (SPACE.dimension,)
    assert beside.gallery.mean.shape == (OTHER_SPACE.dimension,)
    with pytest.raises(IndexMismatch, match=r"shape \(1, 32\)"):
        host.gallery.search(np.zeros((1, OTHER_SPACE.dimension), np.float32))


def test_somebody_without_the_right_can_do_none_of_it(other):
    from dataclasses import replace

    from portal.core.errors import PermissionMissing

    nobody = replace(SYSTEM, permissions=frozenset({"calibration.view"}))
    switch = start_switch(NEW, known=True)
    with acting_as(nobody):
        for act in (
            lambda: start_switch(NEW),
            lambda: cancel_switch(switch.pk),
            lambda: cut_over(switch.pk),
            lambda: roll_back(switch.pk),
        ):
            with pytest.raises(PermissionMissing):
                act()
