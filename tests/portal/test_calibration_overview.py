"""The Calibration page: what it says, what it asks for, and what saving does."""

from __future__ import annotations

import csv
import io
import re
import xml.etree.ElementTree as ET

import pytest
from django.urls import reverse

from portal.audit.models import AuditEntry
from portal.calibration.charts import CHARTS, chart_of
from portal.calibration.figures import from_json
from portal.calibration.forms.overview import WishForm
from portal.calibration.models import CalibrationRun
from portal.calibration.services.measure import fail_run, finish_run
from portal.core.context import SYSTEM, acting_as
from portal.engines.models import DecisionRule
from portal.engines.selectors import policy_in_force, rule_in_force
from recognition.calibration import Evidence, Wish
from tests.factories import enrolled_person
from tests.factories.measured import made_evidence, run_of
from tests.factories.people import SpaceFactory
from tests.factories.sightings import CameraFactory
from tests.factories.visits import StrangerFactory, VisitFactory, visit_with_face

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("isolated")]


def page(client, **query) -> str:
    answer = client.get(reverse("calibration:overview"), query)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def text(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def save_form(client, measured, **changes):
    rule = rule_in_force()
    values = {
        "run": measured.pk,
        "seen": "shipped" if rule is None else rule.number,
        "reason": "Strangers were named at the gate",
        "grey_band": "0.05",
        "min_margin": "0.05",
        **changes,
    }
    return client.post(reverse("calibration:save"), values)


def test_before_anything_was_measured_the_page_says_what_to_do(client_of):
    said = page(client_of("administrator"))
    assert "Nobody is enrolled yet" in said
    assert "Nothing was measured yet" in said


def test_who_may_only_look_is_offered_nothing_to_press(client_of):
    enrolled_person()
    run_of()
    said = page(client_of("auditor"))
    assert "Threshold" in said
    for offered in (">Measure<", "Save this threshold"):
        assert offered not in said


def test_a_measurement_is_told_in_words_with_its_intervals_and_its_evidence(client_of):
    enrolled_person()
    run_of(made_evidence(strangers=40, camera_id=str(CameraFactory(name="North door").pk)))
    said = text(page(client_of("administrator")))
    assert re.search(r"about 1 in 1[0-9]0 strangers would be given a name", said)
    assert re.search(r"The threshold (rises|falls) from 0\.400 to 0\.\d{3}\.", said)
    assert said.count("95 % sure") >= 3
    assert "300 people, 900 photos" in said
    assert "40 watched or ignored in the review" in said
    assert "3,000" in said, "ten times the people"
    assert "North door" in said
    assert "Nearest stranger" in said
    assert "Best accuracy on pairs" in said


def test_where_nobody_has_two_photos_nobody_is_said_to_be_missed(client_of):
    enrolled_person()
    whole = made_evidence()
    run_of(Evidence.of_searches(gallery_size=300, strangers=whole.strangers))
    said = text(page(client_of("administrator")))
    assert "strangers would be given a name" in said
    assert "nobody has two photos, and no sighting was confirmed" in said


def test_too_little_evidence_says_how_much_more_and_what_can_be_claimed(client_of):
    enrolled_person()
    run = run_of(wish=Wish.one_in(3000))
    assert run.state == CalibrationRun.State.INSUFFICIENT
    said = text(page(client_of("administrator")))
    lacking = from_json(run.result).lacking
    assert f"Insufficient data: {lacking.more_needed:,} more strangers needed" in said
    assert "rule of three" in said or "were named" in said
    assert "Settle strangers" in said
    assert "Save this threshold" not in said


def test_a_failure_is_said_until_another_measurement_ends(client_of):
    enrolled_person()
    run = CalibrationRun.objects.create(state=CalibrationRun.State.RUNNING, wish={"fpir": 0.01})
    with acting_as(SYSTEM):
        fail_run(run, "Nobody is enrolled yet.")
    client = client_of("administrator")
    assert "Nobody is enrolled yet." in page(client)
    run_of()
    assert "ended without a result" not in page(client)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"one_in": "1000"}, 0.001),
        ({"one_in": "own", "own": "250"}, 0.004),
        ({"one_in": "days", "days": "30", "strangers_a_day": "40"}, 1 / 1200),
    ],
)
def test_a_wish_is_asked_for_in_the_words_of_the_site(client_of, sent_tasks, choice, expected,
                                                     django_capture_on_commit_callbacks):  # fmt: skip
    with django_capture_on_commit_callbacks(execute=True):
        answer = client_of("administrator").post(reverse("calibration:measure"), choice)
    assert answer.status_code == 302
    run = CalibrationRun.objects.get()
    assert run.wish["fpir"] == pytest.approx(expected)
    assert ("calibration.measure", [], "recognition") in sent_tasks
    assert run.job.total == 3
    assert AuditEntry.objects.filter(action="calibration.run.asked").exists()


@pytest.mark.parametrize(
    ("choice", "field"),
    [
        ({}, "one_in"),
        ({"one_in": "7"}, "one_in"),
        ({"one_in": "own"}, "own"),
        ({"one_in": "own", "own": "1"}, "own"),
        ({"one_in": "own", "own": "-4"}, "own"),
        ({"one_in": "own", "own": "lots"}, "own"),
        ({"one_in": "days", "days": "30"}, "strangers_a_day"),
        ({"one_in": "days", "strangers_a_day": "40"}, "days"),
        ({"one_in": "days", "days": "0.5", "strangers_a_day": "1"}, "days"),
        ({"one_in": "days", "days": "nan", "strangers_a_day": "1"}, "days"),
        ({"one_in": "days", "days": "1e400", "strangers_a_day": "1"}, "days"),
    ],
)
def test_a_wish_that_says_nothing_is_sent_back_with_a_word_at_the_field(choice, field):
    form = WishForm(choice)
    assert not form.is_valid()
    assert field in form.errors


def test_a_refused_wish_starts_nothing(client_of):
    answer = client_of("administrator").post(reverse("calibration:measure"), {"one_in": "own"})
    assert answer.status_code == 422
    assert "Say one in how many strangers" in answer.content.decode()
    assert not CalibrationRun.objects.exists()


def test_the_sites_own_traffic_is_what_a_wish_by_days_begins_with(client_of):
    for _ in range(6):
        VisitFactory()
    VisitFactory(decision="match", person=enrolled_person())
    VisitFactory(settled_as="not_a_face")
    said = text(page(client_of("administrator")))
    assert "6 visits of nobody known in the last 1 day, about 6 a day" in said


def test_saving_makes_the_rule_that_decides_and_keeps_why_and_the_figures(client_of):
    enrolled_person()
    run = run_of()
    answer = save_form(client_of("administrator"), run, grey_band="0.07", min_margin="0.03")
    assert answer.status_code == 302
    rule = DecisionRule.objects.get()
    figures = from_json(run.result)
    assert rule == rule_in_force(run.space_id)
    assert rule.threshold == figures.chosen.threshold
    assert (rule.grey_band, rule.min_margin) == (0.07, 0.03)
    assert rule.reason == "Strangers were named at the gate"
    assert rule.stranger_rate == 0.01
    assert rule.evidence["run"] == str(run.pk)
    assert rule.evidence["fpir"]["value"] == figures.chosen.strangers.rate.value
    assert policy_in_force(300, space_id=run.space_id).threshold == pytest.approx(rule.threshold)
    said = text(page(client_of("administrator")))
    assert "rule 1, saved" in said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"reason": ""}, "This field is required"),
        ({"seen": "7"}, "somebody changed it since"),
        ({"seen": "rubbish"}, "Open the page again"),
        ({"grey_band": "-1"}, "greater than or equal to 0"),
        ({"min_margin": "nan"}, "Enter a number"),
        ({"run": "00000000-0000-0000-0000-000000000000"}, "There is no such measurement"),
        ({"run": "x"}, ""),
    ],
)
def test_what_cannot_be_saved_is_sent_back_and_nothing_changes(client_of, changes, said):
    enrolled_person()
    answer = save_form(client_of("administrator"), run_of(), **changes)
    assert answer.status_code == 422
    assert said in text(answer.content.decode())
    assert not DecisionRule.objects.exists()


def test_whoever_was_overtaken_can_save_once_they_have_seen_the_page_again(client_of):
    enrolled_person()
    first, client = run_of(), client_of("administrator")
    assert save_form(client, first).status_code == 302
    newer = run_of(made_evidence(seed=9))
    answer = save_form(client, first, seen="shipped", reason="Mine")
    assert answer.status_code == 422
    form = answer.context["save_form"]
    assert (str(form["run"].value()), form["seen"].value()) == (str(newer.pk), "1")
    assert form["reason"].value() == "Mine"
    again = save_form(client, newer, seen="1", reason="Mine")
    assert again.status_code == 302
    assert rule_in_force(newer.space_id).number == 2


def test_a_measurement_without_a_threshold_cannot_be_saved(client_of):
    enrolled_person()
    answer = save_form(client_of("administrator"), run_of(wish=Wish.one_in(3000)))
    assert answer.status_code == 422
    assert not DecisionRule.objects.exists()


def test_a_measurement_of_another_model_is_not_shown(client_of):
    SpaceFactory()
    run_of(space=SpaceFactory(id="former", model_id="former-model"))
    enrolled_person()
    from portal.engines.models import SpaceAdoption

    SpaceAdoption.objects.create(space=SpaceFactory(), model="test-model")
    assert "Nothing was measured yet" in page(client_of("administrator"))


def test_a_change_of_the_gallery_since_is_said(client_of):
    run_of()
    enrolled_person()
    assert "The gallery changed since this was measured" in page(client_of("administrator"))


def test_the_pairs_behind_the_ceilings_are_shown_with_names_and_crops(client_of):
    ada, bob = enrolled_person(0, name="Ada"), enrolled_person(1, name="Bob")
    stranger = StrangerFactory(state="ignored", number=12)
    visit = visit_with_face(stranger=stranger)
    visit.best_face.portrait_key = visit.best_face.aligned_key
    visit.best_face.save()
    evidence = made_evidence(
        people=120, ids=(str(ada.pk), str(bob.pk)), stranger_ids=(str(stranger.pk),)
    )
    run_of(evidence, wish=Wish.one_in(20))
    said = page(client_of("administrator"))
    assert "Stranger 12" in said
    assert "Ada" in said
    assert reverse("sightings:crop", args=[visit.best_face_id]) in said


@pytest.mark.parametrize("key", sorted(CHARTS))
def test_each_chart_is_drawn_read_and_downloaded(client_of, key):
    run = run_of(made_evidence(strangers=30))
    client = client_of("auditor")
    html = client.get(reverse("calibration:overview")).content.decode()
    chart = chart_of(from_json(run.result), key)
    assert f'id="chart-{key}"' in html
    assert html.count("data-chart-point=") >= len(chart.points)
    svg = client.get(reverse("calibration:chart_svg", args=[run.pk, key]))
    assert svg["Content-Type"] == "image/svg+xml"
    assert "attachment" in svg["Content-Disposition"]
    root = ET.fromstring(svg.content)  # noqa: S314 - our own file
    assert root.find("{http://www.w3.org/2000/svg}title").text == chart.title
    answer = client.get(reverse("calibration:chart_csv", args=[run.pk, key]))
    rows = list(csv.reader(io.StringIO(answer.content.decode())))
    assert tuple(rows[0]) == chart.head
    assert len(rows) == len(chart.rows) + 1


def test_every_coordinate_lies_inside_the_picture():
    figures = from_json(run_of(made_evidence(strangers=30)).result)
    for key in CHARTS:
        chart = chart_of(figures, key)
        for point in chart.points:
            assert 110 <= float(point.x) <= 624
            assert 26 <= float(point.y) <= 256
        for tick in chart.x_ticks:
            assert 110 <= float(tick.at) <= 624
        assert len(chart.x_ticks) >= 2
        assert 0 <= chart.start < len(chart.points)


def test_a_chart_that_is_none_and_a_run_that_is_gone_are_not_found(client_of):
    run = run_of()
    client = client_of("administrator")
    for name in ("calibration:chart_svg", "calibration:chart_csv"):
        assert client.get(reverse(name, args=[run.pk, "nothing"])).status_code == 404
        gone = "00000000-0000-0000-0000-000000000000"
        assert client.get(reverse(name, args=[gone, "det"])).status_code == 404


def test_the_oldest_are_forgotten_but_one_that_a_rule_rests_on(client_of, monkeypatch):
    monkeypatch.setattr("portal.calibration.services.measure._KEPT", 2)
    enrolled_person()
    run = run_of()
    save_form(client_of("administrator"), run)
    others = [run_of(made_evidence(people=120)) for _ in range(3)]
    with acting_as(SYSTEM):
        last = CalibrationRun.objects.create(state=CalibrationRun.State.RUNNING, wish=run.wish)
        finish_run(
            last, space=run.space, gallery_size=1, revision=0, result=run.result, is_enough=True
        )
    assert set(CalibrationRun.objects.all()) == {run, others[-1], last}


def test_a_measurement_under_way_is_shown_with_its_progress(client_of):
    client = client_of("administrator")
    client.post(reverse("calibration:measure"), {"one_in": "1000"})
    said = page(client)
    assert "Measuring on this site" in said
    assert "every 2s" in said
