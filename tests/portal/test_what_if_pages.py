"""The pages of what-ifs: asking, watching, reading the outcome, and saving the rule."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.calibration.figures import RuleFigure, Span, WishFigure
from portal.calibration.models import CalibrationRun, WhatIf
from portal.calibration.selectors.runs import measured_run
from portal.calibration.services.save import save_measured
from portal.calibration.services.what_if import finish
from portal.core.context import SYSTEM, acting_as
from portal.engines.models import DecisionRule, Space, SpaceAdoption
from portal.engines.selectors import policy_in_force, policy_of, rule_in_force
from portal.engines.services import seen_field
from portal.jobs.models import Job
from portal.organisation.models import Site
from portal.people.models import Person
from portal.privacy.services import purge_everything
from tests.conftest import SIGN_IN_BACKEND
from tests.factories import (
    CameraFactory,
    SpaceFactory,
    UserFactory,
    enrolled_person,
    visit_with_face,
)
from tests.factories.figures import made_figures, missed_figure, run_done, stranger_figure
from tests.factories.what_ifs import what_if_done, what_if_of, what_if_outcome

pytestmark = pytest.mark.django_db

NEW = "/calibration/what-if/"


@pytest.fixture
def admin(client):
    client.force_login(UserFactory(role="administrator"), backend=SIGN_IN_BACKEND)
    return client


@pytest.fixture
def ada(db):
    return enrolled_person(1, name="=Ada Lovelace")


@pytest.fixture
def outcome(ada) -> WhatIf:
    """Ada's name disappears once, at the North gate."""
    camera = CameraFactory(name="North gate", threshold_offset=0.02)
    seen = visit_with_face(
        camera=camera,
        person=ada,
        decision="match",
        score=0.55,
        threshold=0.52,
        candidates=[[str(ada.pk), 0.55]],
        reason="above_threshold",
    )
    return what_if_outcome(seen, summary={"left_out": {"settled": 4}})


def page(row: WhatIf, name: str = "what_if") -> str:
    return reverse(f"calibration:{name}", args=[row.pk])


class TestAsking:
    FORM = {"threshold": "0.55", "grey_band": "0.05", "min_margin": "0.05", "span": "30"}

    def test_the_form_begins_with_the_rule_in_force(self, admin, ada):
        text = admin.get(NEW).content.decode()
        now = policy_in_force(1)
        assert f'value="{now.threshold:.3f}"' in text
        assert "Nothing was tried yet" in text

    def test_a_rule_is_tried_as_a_job_on_the_days_that_were_chosen(self, admin, ada):
        answer = admin.post(NEW, self.FORM)
        row = WhatIf.objects.get()
        assert answer["Location"] == page(row)
        assert (row.threshold, row.state, row.job.kind) == (0.55, "waiting", Job.Kind.WHAT_IF)
        assert row.to_at - row.from_at == timedelta(days=30)

    def test_days_of_your_own_are_whole_days(self, admin, ada):
        last = timezone.localdate() - timedelta(days=2)
        first = last - timedelta(days=3)
        own = {"span": "own", "from_day": first.isoformat(), "to_day": last.isoformat()}
        admin.post(NEW, {**self.FORM, **own})
        row = WhatIf.objects.get()
        assert timezone.localtime(row.from_at).date() == first
        assert row.to_at - row.from_at == timedelta(days=4)

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"threshold": "1.5"}, "less than or equal to 0.99"),
            ({"threshold": "nan"}, "Enter a number"),
            ({"grey_band": "-1"}, "greater than or equal to 0.0"),
            ({"span": "own"}, "Choose a day."),
            ({"span": "own", "from_day": "2026-05-02", "to_day": "2026-05-01"}, "in their order"),
            ({"span": "own", "from_day": "2020-01-01", "to_day": "2026-05-01"}, "366 at most"),
            ({"span": "own", "from_day": "2999-01-01", "to_day": "2999-01-02"}, "that are over"),
        ],
    )
    def test_what_cannot_be_is_said_beside_the_field(self, admin, ada, change, said):
        answer = admin.post(NEW, {**self.FORM, **change})
        assert answer.status_code == 422
        assert said in answer.content.decode()
        assert not WhatIf.objects.exists()

    def test_before_anything_was_recognised_there_is_nothing_to_try(self, admin):
        answer = admin.post(NEW, self.FORM)
        assert answer.status_code == 409
        assert "Nothing was recognised yet" in answer.content.decode()

    def test_no_more_than_a_few_wait_at_once(self, admin, ada):
        for _ in range(5):
            what_if_of()
        assert admin.post(NEW, self.FORM).status_code == 409

    def test_an_auditor_reads_and_does_not_ask(self, client, ada, outcome):
        client.force_login(UserFactory(role="auditor"), backend=SIGN_IN_BACKEND)
        assert "An administrator tries rules" in client.get(NEW).content.decode()
        assert client.post(NEW, self.FORM).status_code == 403
        text = client.get(page(outcome)).content.decode()
        assert "One name" in text or "1 name would disappear" in text
        assert "Save this rule" not in text


class TestWatching:
    def test_the_gallery_is_that_of_when_it_was_asked_for(self):
        """The threshold was chosen for it; the worker may come to it hours later."""
        row = what_if_of(state="running", summary={"gallery_size": 40})
        finish(
            row.pk, changes=[], summary={**what_if_done().summary, "gallery_size": 90}, replayed=0
        )
        row.refresh_from_db()
        assert (row.state, row.summary["gallery_size"]) == ("done", 40)

    def test_it_says_how_far_it_is_and_can_be_stopped(self, admin):
        row = what_if_of(state="running")
        Job.objects.filter(pk=row.job_id).update(total=10, done=4, state="running")
        text = admin.get(page(row)).content.decode()
        assert 'value="4"' in text
        assert 'max="10"' in text
        assert admin.post(page(row, "what_if_cancel")).status_code == 302
        row.refresh_from_db()
        assert (row.state, row.job.state) == ("cancelled", "cancelled")
        assert "It was stopped" in admin.get(page(row)).content.decode()

    def test_one_that_failed_says_why(self, admin):
        row = what_if_of(state="failed", error="The disk is full.")
        assert "The disk is full." in admin.get(page(row)).content.decode()


class TestTheOutcome:
    def test_it_is_said_in_words_with_people_cameras_days_and_attendance(self, admin, outcome):
        text = admin.get(page(outcome)).content.decode()
        assert "1 name would disappear, none would appear, none would change." in text
        assert "1 person-day would lose its only sighting." in text
        assert "Their only sighting disappears" in text
        assert "North gate" in text
        assert "=Ada Lovelace" in text
        assert "4 somebody has decided about already" in text
        assert "0.620" in text, "the proposed threshold with the camera's offset"
        assert "0.520" in text, "the threshold of then"

    def test_nothing_would_change_is_said_plainly(self, admin):
        text = admin.get(page(what_if_done(summary={"decided": 9}))).content.decode()
        assert text.count("Nothing would change") == 2

    def test_days_without_anything_say_so(self, admin):
        text = admin.get(page(what_if_done())).content.decode()
        assert "There was nothing to decide anew" in text

    @pytest.mark.parametrize(
        ("query", "shown"),
        [
            ("change=disappears", True),
            ("change=names", True),
            ("change=appears", False),
            ("change=to_review", False),
            ("change=nonsense", True),
            ("person={ada}", True),
            ("camera={camera}", True),
            ("camera=none", True),
            ("day={day}", True),
            ("day=2001-01-01", False),
        ],
    )
    def test_the_list_is_narrowed(self, admin, ada, outcome, query, shown):
        change = outcome.changes.get()
        day = timezone.localtime(change.at).date()
        query = query.format(ada=ada.pk, camera=change.camera_id, day=day)
        text = admin.get(
            f"{page(outcome)}?part=changes&{query}", headers={"HX-Request": "true"}
        ).content.decode()
        assert ("c-change__way" in text) is shown

    def test_the_file_runs_no_formula(self, admin, outcome):
        answer = admin.get(page(outcome, "what_if_csv"))
        _, row = list(csv.reader(io.StringIO(answer.content.decode())))
        assert "'=Ada Lovelace" in row
        assert "0.62" in row
        assert answer["Content-Disposition"] == 'attachment; filename="what-if.csv"'

    def test_the_chart_is_there_as_picture_and_values(self, admin, outcome):
        svg = admin.get(page(outcome, "what_if_svg"))
        assert svg["Content-Type"] == "image/svg+xml"
        assert b"<title>1 name, all on " in svg.content
        assert admin.get(page(outcome, "what_if_days")).content.splitlines()[1].endswith(b"1,1,0,0")
        assert admin.get(page(what_if_done(), "what_if_svg")).status_code == 404

    def test_whoever_sees_one_site_sees_its_changes_only(self, client, outcome):
        elsewhere = Site.objects.create(name="Elsewhere")
        user = UserFactory(role="auditor")
        user.sites.add(elsewhere)
        client.force_login(user, backend=SIGN_IN_BACKEND)
        text = client.get(page(outcome)).content.decode()
        assert "=Ada Lovelace" not in text
        assert "c-change__way" not in text
        assert "North gate" not in text

    def test_it_goes_with_the_visit_that_it_is_of(self, outcome):
        outcome.changes.get().visit.delete()
        assert not outcome.changes.exists()


class TestSaving:
    def test_the_rule_decides_with_what_was_found_as_evidence(self, admin, outcome):
        answer = admin.post(
            page(outcome, "what_if_save"),
            {"seen": seen_field(None), "reason": "Strangers were named", "follows_gallery": "on"},
        )
        assert answer.status_code == 302
        rule = rule_in_force()
        assert (rule.threshold, rule.origin, rule.reason) == (
            0.6,
            "by_hand",
            "Strangers were named",
        )
        assert rule.evidence["replay"]["disappears"] == 1
        assert policy_in_force(1).threshold == pytest.approx(0.6)

    def test_it_is_for_the_gallery_that_it_was_tried_for_not_for_the_one_of_now(self, admin, ada):
        row = what_if_done(threshold=0.6, summary={"gallery_size": 400})
        admin.post(
            page(row, "what_if_save"),
            {"seen": seen_field(None), "reason": "Tried with 400", "follows_gallery": "on"},
        )
        assert rule_in_force().gallery_size == 400
        assert policy_in_force(400).threshold == pytest.approx(0.6), "as it was tried"
        assert policy_in_force(1).threshold < 0.6, "with one person left a stranger meets fewer"

    def test_of_another_model_it_stays_as_it_is_whatever_the_form_says(self, admin, ada):
        other = SpaceFactory(id="f" * 16, model_id="other-model")
        SpaceAdoption.objects.create(space=other, model="other-model")
        row = what_if_done(space=other, threshold=0.6)
        text = admin.get(page(row)).content.decode()
        assert "follows_gallery" not in text, "nobody knows how: there is nothing to tick"
        assert "how other-model has to follow their number is not known" in text
        form = {"seen": seen_field(None), "reason": "Better", "follows_gallery": "on"}
        assert admin.post(page(row, "what_if_save"), form).status_code == 302
        assert not rule_in_force().follows_gallery
        assert policy_in_force(9_000).threshold == 0.6

    def test_over_a_rule_that_somebody_saved_meanwhile_it_is_refused(self, admin, outcome):
        saved = {"seen": seen_field(None), "reason": "First"}
        admin.post(page(outcome, "what_if_save"), saved)
        answer = admin.post(page(outcome, "what_if_save"), {**saved, "reason": "Second"})
        assert answer.status_code == 422
        assert "somebody changed it" in answer.content.decode()
        assert DecisionRule.objects.count() == 1

    def test_without_a_reason_nothing_is_saved(self, admin, outcome):
        answer = admin.post(page(outcome, "what_if_save"), {"seen": seen_field(None)})
        assert answer.status_code == 422
        assert not DecisionRule.objects.exists()

    def test_before_the_outcome_is_there_nothing_is_saved(self, admin, ada):
        row = what_if_of()
        answer = admin.post(
            page(row, "what_if_save"), {"seen": seen_field(None), "reason": "In a hurry"}
        )
        assert answer.status_code == 422
        assert not DecisionRule.objects.exists()


class TestRetention:
    def test_it_is_forgotten_after_its_time_unless_somebody_in_it_is_kept(self, outcome, ada):
        old = timezone.now() - timedelta(days=31)
        gone, kept = what_if_done(), outcome
        WhatIf.objects.update(created_at=old)
        fresh = what_if_done()
        Person.objects.filter(pk=ada.pk).update(legal_hold=True)
        with acting_as(SYSTEM):
            purge_everything()
        assert {*WhatIf.objects.values_list("pk", flat=True)} == {kept.pk, fresh.pk}
        assert not WhatIf.objects.filter(pk=gone.pk).exists()


class TestFromAMeasurement:
    @pytest.fixture
    def measured(self, ada):
        chosen = RuleFigure(0.61, stranger_figure(), missed_figure())
        figures = made_figures(chosen=chosen, wish=WishFigure(0.001), gallery_size=1)
        return run_done(replace(figures, threshold=Span(0.61, 0.58, 0.65)))

    def test_its_threshold_is_tried_and_goes_with_the_rule(self, admin, measured):
        text = admin.get(f"{NEW}?run={measured.pk}").content.decode()
        assert 'value="0.610"' in text
        assert "at most 1 stranger in 1,000 named" in text
        form = {**TestAsking.FORM, "threshold": "0.61", "run": str(measured.pk)}
        assert admin.post(NEW, form).status_code == 302
        row = WhatIf.objects.get()
        assert (row.run_id, row.wish["fpir"]) == (measured.pk, 0.001)

    def test_moved_by_hand_it_is_nobodys_measurement(self, admin, measured):
        """The wish and the intervals are promised of the measured threshold, of no other."""
        form = {**TestAsking.FORM, "threshold": "0.609", "run": str(measured.pk)}
        assert admin.post(NEW, form).status_code == 302
        row = WhatIf.objects.get()
        assert (row.run, row.wish) == (None, {})

    def tried(self, measured, **fields) -> WhatIf:
        values = {"threshold": 0.61, "run": measured, "wish": {"fpir": 0.001}, **fields}
        return what_if_done(**values)

    def save(self, admin, row) -> DecisionRule:
        admin.post(page(row, "what_if_save"), {"seen": seen_field(None), "reason": "Tried"})
        return DecisionRule.objects.get()

    def test_what_was_measured_is_kept_beside_what_the_replay_found(self, admin, measured):
        rule = self.save(admin, self.tried(measured, replayed=9))
        assert (rule.origin, rule.stranger_rate) == ("calibrated", 0.001)
        assert rule.evidence["run"] == str(measured.pk)
        assert rule.evidence["fpir"] == {
            "value": 0.003,
            "low": 0.0012,
            "high": 0.0083,
            "supported": True,
        }
        assert rule.evidence["replay"]["rows"] == 9
        text = admin.get("/calibration/history/").content.decode()
        assert "0.580 to 0.650" in text
        assert "1 in 330" in text
        assert "9 decisions decided anew" in text

    def test_whoever_approves_it_sees_both(self, admin, client_of, measured, settings):
        settings.CALIBRATION_NEEDS_TWO = True
        self.save(admin, self.tried(measured, replayed=9))
        text = client_of("administrator").get("/calibration/history/").content.decode()
        assert "Proposed: Rule 1" in text
        assert "0.580 to 0.650" in text
        assert "9 decisions decided anew" in text

    def test_one_that_an_earlier_version_linked_though_it_was_moved_is_by_hand(
        self, admin, measured
    ):
        rule = self.save(admin, self.tried(measured, threshold=0.5))
        assert (rule.origin, rule.wish) == ("by_hand", {})
        assert {"run", "fpir", "missed", "threshold"}.isdisjoint(rule.evidence)

    def test_when_people_came_since_it_is_tried_as_it_would_be_saved_now(self, admin, measured):
        """The threshold page saves the measured pair of threshold and gallery, which follows."""
        figures = made_figures(
            chosen=RuleFigure(0.61, None, None),
            wish=WishFigure(0.001),
            gallery_size=5_000,
        )
        run = run_done(figures)
        with acting_as(SYSTEM):
            saved = save_measured(
                measured_run(run.pk), grey_band=0.05, min_margin=0.05, reason="x", seen=None
            )
        now = policy_of(saved.rule, 1).threshold
        assert now < 0.58
        text = admin.get(f"{NEW}?run={run.pk}").content.decode()
        assert f'value="{now:.3f}"' in text
        assert "with 5000 people enrolled, for today's 1" in " ".join(text.split())
        form = {**TestAsking.FORM, "threshold": f"{now:.3f}", "run": str(run.pk)}
        admin.post(NEW, form)
        row = WhatIf.objects.get()
        assert (row.run, row.summary) == (run, {"gallery_size": 1}), "it is the measured one"
        admin.post(NEW, {**form, "threshold": "0.61"})
        assert WhatIf.objects.first().run is None, "that is for 5,000 people"

    def test_of_another_model_nothing_is_moved(self, admin, ada):
        other = SpaceFactory(id="f" * 16, model_id="other-model")
        SpaceAdoption.objects.create(space=other, model="other-model")
        figures = made_figures(chosen=RuleFigure(0.61, None, None), gallery_size=5_000)
        run = run_done(figures, space=other)
        assert 'value="0.610"' in admin.get(f"{NEW}?run={run.pk}").content.decode()

    def test_one_of_another_model_is_refused(self, admin, measured):
        CalibrationRun.objects.update(space=SpaceFactory(id="former/space"))
        Space.objects.filter(pk="former/space").update(
            created_at=timezone.now() - timedelta(days=9)
        )
        form = {**TestAsking.FORM, "run": str(measured.pk)}
        assert admin.post(NEW, form).status_code == 409
        assert not WhatIf.objects.exists()

    @pytest.mark.parametrize("run", ["nonsense", "01a204c1-32e2-7eab-81a9-3bc09b9d7a35"])
    def test_one_that_is_not_there_is_not_found(self, admin, run):
        assert admin.get(f"{NEW}?run={run}").status_code == 404
