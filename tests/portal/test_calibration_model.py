"""The Model page: what is in use, the way to another model, and the way back."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.audit.models import AuditEntry
from portal.calibration.figures import RuleFigure
from portal.calibration.models import CalibrationRun, EmbeddingFailure, ModelSwitch, ShadowFace
from portal.calibration.selectors.comparison import compare, compare_pictures
from portal.calibration.selectors.shares import Share
from portal.core.context import SYSTEM, acting_as
from portal.engines.models import RuleAdoption, Space, WorkerReport
from portal.engines.selectors import active_space, rule_in_force
from portal.engines.services import report_worker
from portal.people.models import FaceTemplate
from portal.people.services.revision import bump_gallery_revision
from recognition.config import DEFAULT_MODEL
from tests.factories import enrolled_person
from tests.factories.figures import made_figures, missed_figure, run_done, stranger_figure
from tests.factories.people import SpaceFactory
from tests.factories.second_model import OTHER_SPACE
from tests.factories.sightings import CameraFactory, RecognisedFaceFactory, RecognitionFactory
from tests.factories.visits import StrangerFactory, VisitFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("isolated")]

NEW = OTHER_SPACE.model_id
_State = ModelSwitch.State


def text(answer) -> str:
    html = re.sub(r"(?s)<(svg|script).*?</\1>", " ", answer.content.decode())
    return " ".join(re.sub(r"<[^>]+>", " ", html).split()).replace("&#x27;", "'")


def page(client) -> str:
    answer = client.get(reverse("calibration:model"))
    assert answer.status_code == 200
    return text(answer)


def post(client, view: str, switch: ModelSwitch | None = None, **data: object) -> str:
    kwargs = {"switch_id": switch.pk} if switch is not None else {}
    return text(client.post(reverse(f"calibration:{view}", kwargs=kwargs), data, follow=True))


def by_hand(client, switch: ModelSwitch, *, seen: str = "shipped", **data: object) -> str:
    """The threshold's form, from a page that showed this rule, or none."""
    return post(client, "model_threshold", switch, seen=seen, **data)


@pytest.fixture
def worker(db) -> None:
    """A recognition worker that has the shipped model and another one."""
    models = [
        {"id": DEFAULT_MODEL, "licence": "Apache-2.0", "dimension": 128, "space_id": "a",
         "is_shipped": True},
        {"id": NEW, "licence": "non-commercial research", "dimension": OTHER_SPACE.dimension,
         "space_id": OTHER_SPACE.id, "is_shipped": False},
    ]  # fmt: skip
    report_worker(
        "recognition@here",
        role=WorkerReport.Role.RECOGNITION,
        state=WorkerReport.State.READY,
        pid=1,
        engine={"space_id": SpaceFactory().pk, "models": models},
    )


def other_space() -> Space:
    return SpaceFactory(
        id=OTHER_SPACE.id,
        model_id=OTHER_SPACE.model_id,
        weights_sha256=OTHER_SPACE.weights_sha256,
        dimension=OTHER_SPACE.dimension,
    )


def in_shadow(**fields: object) -> ModelSwitch:
    """Prepared: everybody has a template of the new model."""
    space = other_space()
    for template in FaceTemplate.objects.exclude(space=space):
        FaceTemplate.objects.create(
            image=template.image, person=template.person, space=space, sealed_vector=b"sealed"
        )
    bump_gallery_revision()
    values = {
        "model": NEW,
        "from_model": DEFAULT_MODEL,
        "from_space": SpaceFactory(),
        "to_space": space,
        "state": _State.SHADOW,
        "shadow_at": timezone.now(),
        "photos": 2,
        "embedded": 2,
    }
    return ModelSwitch.objects.create(**{**values, **fields})


def shadowed(switch, old: tuple, new: tuple, *, kind: str = "push", **visit: object) -> ShadowFace:
    """A face that the two decided so: ``(decision, person)``."""
    camera = CameraFactory(kind=kind)
    row = RecognitionFactory(
        is_done=True, source="camera", camera=camera, space=switch.from_space, face_count=1
    )
    face = RecognisedFaceFactory(
        recognition=row,
        decision=old[0],
        reason="r",
        person=old[1],
        visit=VisitFactory(camera=camera, **visit) if visit else None,
    )
    return ShadowFace.objects.create(
        switch=switch, face=face, decision=new[0], reason="r", person=new[1], threshold=0.5
    )


class TestBefore:
    def test_it_says_which_model_recognises_and_which_others_there_are(self, client_of, worker):
        said = page(client_of("administrator"))
        assert f"Faces are recognised by {DEFAULT_MODEL} , the model that comes with" in said
        assert "Apache-2.0" in said
        assert f"{NEW} Licence: non-commercial research" in said

    def test_without_a_worker_it_says_that_nobody_knows_the_models(self, client_of):
        assert "No recognition worker has reported yet" in page(client_of("administrator"))

    def test_a_worker_that_cannot_load_its_model_is_told_of_with_its_reason(
        self, client_of, worker
    ):
        WorkerReport.objects.update(
            state="failed", checks=[{"name": "x", "ok": False, "detail": "The file is gone."}]
        )
        said = page(client_of("administrator"))
        assert "The recognition worker cannot load its model The file is gone." in said

    def test_preparing_begins_and_is_shown_with_its_progress(self, client_of, worker):
        client = client_of("administrator")
        said = post(client, "model_prepare", model=NEW)
        assert f"Preparing {NEW}" in said
        assert "Loading the model" in said
        switch = ModelSwitch.objects.get()
        switch.photos, switch.embedded, switch.failed = 10, 6, 1
        switch.save()
        said = page(client)
        assert "1 photo could not be used so far; their old vectors stay." in said
        assert AuditEntry.objects.filter(action="calibration.switch.started").exists()

    def test_a_model_that_no_worker_has_is_refused_in_words(self, client_of, worker):
        said = post(client_of("administrator"), "model_prepare", model="never-added")
        assert "No recognition worker has a model called" in said
        assert not ModelSwitch.objects.exists()

    def test_an_auditor_sees_everything_and_changes_nothing(self, client_of, worker):
        client = client_of("auditor")
        assert "Prepare" not in re.sub("Prepared|prepare one|To prepare", "", page(client))
        in_shadow()
        said = page(client)
        assert "is in shadow" in said
        assert "Use this model" not in said

    def test_a_failed_preparation_says_why(self, client_of, worker):
        in_shadow(state=_State.FAILED, error="It is no network of faces.")
        said = page(client_of("administrator"))
        assert "The last preparation failed" in said
        assert "It is no network of faces." in said


class TestShadow:
    def test_before_it_has_a_threshold_it_cannot_be_used(self, client_of, worker):
        enrolled_person(1)
        switch = in_shadow()
        client = client_of("administrator")
        said = page(client)
        assert "Nothing is known of its scores yet" in said
        assert "can be used once it has a threshold" in said
        assert "No threshold was measured" in post(client, "model_use", switch)
        assert active_space() == switch.from_space

    def test_a_threshold_by_hand_decides_in_its_space_alone(self, client_of, worker):
        enrolled_person(1)
        switch = in_shadow()
        client = client_of("administrator")
        said = by_hand(client, switch, threshold="0.61", reason="From its maker")
        assert "a face needs 0.610" in said
        assert rule_in_force(switch.from_space_id) is None
        rule = rule_in_force(switch.to_space_id)
        assert (rule.threshold, rule.origin, rule.follows_gallery) == (0.61, "model_switch", False)

    @pytest.mark.parametrize(
        ("data", "why"),
        [
            ({"threshold": "1.5", "reason": "x", "seen": "shipped"}, "above every score"),
            ({"threshold": "0.5", "reason": "", "seen": "shipped"}, "nobody would know why"),
        ],
    )
    def test_a_threshold_that_cannot_be_is_not_saved(self, client_of, worker, data, why):
        switch = in_shadow()
        url = reverse("calibration:model_threshold", kwargs={"switch_id": switch.pk})
        assert client_of("administrator").post(url, data).status_code == 422, why
        assert rule_in_force(switch.to_space_id) is None

    def test_neither_a_number_nor_a_measurement_is_refused(self, client_of, worker):
        said = by_hand(client_of("administrator"), in_shadow(), reason="x")
        assert "Say the threshold, or measure it." in said

    def test_of_two_administrators_the_second_sees_the_first_ones_threshold_before_theirs_counts(
        self, client_of, worker
    ):
        enrolled_person(1)
        switch = in_shadow()
        url = reverse("calibration:model")
        first, second = client_of("administrator"), client_of("administrator")
        page_of_both = second.get(url).content.decode()
        assert page_of_both.count('name="seen" value="shipped"') == 1
        by_hand(first, switch, threshold="0.61", reason="From its maker")
        said = by_hand(second, switch, threshold="0.3", reason="From a forum")
        assert "By now rule 1 decides: somebody changed it since this page was opened." in said
        assert rule_in_force(switch.to_space_id).threshold == 0.61
        assert 'name="seen" value="1"' in second.get(url).content.decode()
        by_hand(second, switch, threshold="0.3", reason="From a forum", seen="1")
        assert rule_in_force(switch.to_space_id).threshold == 0.3

    def test_a_measured_threshold_is_not_saved_over_one_that_was_not_seen_either(
        self, client_of, worker
    ):
        enrolled_person(1)
        switch = in_shadow()
        run = run_done(
            made_figures(chosen=RuleFigure(0.57, stranger_figure(), missed_figure())),
            space=switch.to_space,
        )
        client = client_of("administrator")
        said = client.get(reverse("calibration:model")).content.decode()
        assert said.count('name="seen" value="shipped"') == 2, "of a measurement, and by hand"
        by_hand(client, switch, threshold="0.61", reason="From its maker")
        assert "By now rule 1 decides" in by_hand(client, switch, run=run.pk, reason="Measured")
        by_hand(client, switch, run=run.pk, reason="Measured", seen="1")
        assert rule_in_force(switch.to_space_id).threshold == 0.57

    def test_a_form_that_says_no_rule_that_was_seen_is_refused(self, client_of, worker):
        said = by_hand(
            client_of("administrator"), in_shadow(), threshold="0.6", seen="", reason="x"
        )
        assert "Open the page again" in said

    def test_it_is_measured_in_its_own_space(self, client_of, worker):
        switch = in_shadow()
        said = post(client_of("administrator"), "model_measure", switch, one_in="100")
        run = CalibrationRun.objects.get()
        assert (run.space, run.wish["fpir"]) == (switch.to_space, 0.01)
        assert "Measuring" in said

    def test_people_who_would_be_lost_are_named_and_have_to_be_confirmed(self, client_of, worker):
        lost = enrolled_person(1, name="Ada Lovelace")
        switch = in_shadow(embedded=1, failed=1)
        FaceTemplate.objects.filter(space=switch.to_space, person=lost).delete()
        EmbeddingFailure.objects.create(
            image=lost.images.get(), space=switch.to_space, reason="It is gone."
        )
        bump_gallery_revision()
        client = client_of("administrator")
        by_hand(client, switch, threshold="0.5", reason="x")
        said = page(client)
        assert "1 person has no usable photo for" in said
        assert "Ada Lovelace" in said
        assert "1 people who are recognised now would not be" in post(client, "model_use", switch)
        assert active_space() == switch.from_space
        assert "recognises from this second on" in post(
            client, "model_use", switch, unrecognised="1"
        )
        assert active_space() == switch.to_space

    def test_cancelling_leaves_everything_as_it_was(self, client_of, worker):
        enrolled_person(1)
        switch = in_shadow()
        said = post(client_of("administrator"), "model_cancel", switch)
        assert "was in use all along" in said
        assert not FaceTemplate.objects.filter(space=switch.to_space).exists()
        assert FaceTemplate.objects.filter(space=switch.from_space).exists()


class TestChange:
    def test_one_click_uses_it_and_one_click_goes_back(self, client_of, worker):
        enrolled_person(1)
        switch = in_shadow()
        client = client_of("administrator")
        by_hand(client, switch, threshold="0.5", reason="x")
        said = post(client, "model_use", switch, reason="Better with masks")
        assert f"Faces are recognised by {NEW}" in said
        assert f"Go back to {DEFAULT_MODEL}" in said
        assert RuleAdoption.objects.first().cause == "switched"
        said = post(client, "model_back", switch)
        assert f"{DEFAULT_MODEL} recognises again" in said
        assert "Taken back" in said
        assert active_space() == switch.from_space

    def test_what_changed_meanwhile_is_said_and_nothing_is_done_twice(self, client_of, worker):
        switch = in_shadow(state=_State.CANCELLED)
        said = post(client_of("administrator"), "model_use", switch)
        assert "is cancelled by now" in said


class TestComparison:
    def test_names_that_appear_disappear_and_change_are_counted(self, worker):
        ada, grace = enrolled_person(1), enrolled_person(2)
        switch = in_shadow()
        match, unknown = "match", "unknown"
        for old, new in (
            ((match, ada), (match, ada)),
            ((match, ada), (match, grace)),
            ((match, ada), (unknown, None)),
            ((unknown, None), (match, ada)),
            ((unknown, None), (unknown, None)),
            # A suggestion is no name.
            (("uncertain", ada), (unknown, None)),
        ):
            shadowed(switch, old, new)
        with acting_as(SYSTEM):
            found = compare(switch)
        assert (found.faces, found.same_name, found.no_name) == (6, 1, 2)
        assert (found.appears, found.disappears, found.changes) == (1, 1, 1)

    def test_errors_are_counted_only_where_a_human_said_who_it_was(self, worker):
        ada = enrolled_person(1)
        switch = in_shadow()
        match, unknown = "match", "unknown"
        confirmed = {"person": ada, "settled_as": "confirmed"}
        shadowed(switch, (match, ada), (unknown, None), **confirmed)
        shadowed(switch, (unknown, None), (match, ada), **confirmed)
        shadowed(switch, (match, ada), (match, ada), **confirmed)
        watched = StrangerFactory(state="watched")
        shadowed(switch, (match, ada), (unknown, None), stranger=watched, person=None)
        # Nobody said anything of these.
        shadowed(switch, (unknown, None), (match, ada), stranger=StrangerFactory(), person=None)
        shadowed(switch, (match, ada), (unknown, None))
        with acting_as(SYSTEM):
            found = compare(switch)
        assert found.old.missed == Share(1, 3)
        assert found.new.missed == Share(1, 3)
        assert found.old.strangers_named == Share(1, 1)
        assert found.new.strangers_named == Share(0, 1)

    def test_what_only_the_model_in_use_saw_more_of_is_counted_apart(self, client_of, worker):
        """A stream's row is a passage's, decided from many pictures; the new model had one crop."""
        ada = enrolled_person(1)
        switch = in_shadow()
        match, unknown = "match", "unknown"
        for kind in ("rtsp", "mjpeg", "snapshot", "file"):
            shadowed(switch, (match, ada), (unknown, None), kind=kind)
        for kind in ("push", "browser"):
            shadowed(switch, (match, ada), (match, ada), kind=kind)
        with acting_as(SYSTEM):
            everything, fair = compare(switch), compare_pictures(switch)
        assert (everything.faces, everything.disappears) == (6, 4)
        assert (fair.faces, fair.same_name, fair.disappears) == (2, 2, 0)
        said = page(client_of("administrator"))
        assert "Not all of this is a fair comparison" in said
        assert "Of 2 single pictures" in said

    def test_without_streams_there_is_nothing_to_set_apart(self, client_of, worker):
        switch = in_shadow()
        shadowed(switch, ("unknown", None), ("unknown", None))
        assert "fair comparison" not in page(client_of("administrator"))

    def test_the_page_shows_both_side_by_side_with_the_faces(self, client_of, worker):
        ada = enrolled_person(1, name="Ada Lovelace")
        switch = in_shadow()
        shadowed(switch, ("match", ada), ("unknown", None), person=ada)
        said = page(client_of("administrator"))
        assert "A name disappears 1 no name" in said
        assert "Ada Lovelace" in said

    def test_as_many_questions_for_thirty_faces_as_for_three(self, client_of, worker):
        ada = enrolled_person(1)
        switch = in_shadow()
        client = client_of("administrator")
        page(client)
        counts = []
        for number in (3, 27):
            for _ in range(number):
                shadowed(switch, ("match", ada), ("unknown", None), person=ada)
            with CaptureQueriesContext(connection) as asked:
                page(client)
            counts.append(len(asked))
        assert counts[0] == counts[1]
