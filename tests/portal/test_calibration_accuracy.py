"""The Accuracy page: what people said of names, who waits, who is nearest to a mistake, and for
whom all that is to be seen."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from portal.audit.models import AuditEntry
from portal.calibration.figures import LowMarginFigure, Span
from portal.calibration.models import CalibrationRun
from portal.calibration.selectors.accuracy import accuracy
from portal.calibration.selectors.leads import small_leads
from portal.calibration.selectors.neglected import not_seen, old_photos, photo_findings
from portal.calibration.selectors.observed import Names, observed_names
from portal.calibration.selectors.shares import Share
from portal.calibration.selectors.waits import review_waits
from portal.cameras.contracts import CameraYield
from portal.cameras.services import count_yields
from portal.core.context import SYSTEM, Actor, Scope, acting_as
from portal.core.errors import PermissionMissing
from portal.core.policies import permissions_of
from portal.engines.models import DecisionRule, RuleAdoption
from portal.engines.selectors import policy_in_force
from portal.hygiene.models import Finding
from portal.organisation.models import Site
from portal.people.models import FaceImage, Person
from portal.people.services.revision import bump_gallery_revision
from portal.sightings.models import Visit
from tests.factories import CameraFactory, SpaceFactory, VisitFactory, enrolled_person
from tests.factories.figures import made_figures, missed_at, missed_figure, run_done

pytestmark = pytest.mark.django_db

# A Wednesday; the tests' zone is UTC.
NOW = datetime(2026, 3, 18, 12, 0, tzinfo=UTC)


@pytest.fixture
def _now():
    with time_machine.travel(NOW, tick=False):
        yield


def passed(person: Person | None, *, days_ago: float = 1.0, **fields) -> Visit:
    """``person`` was named by Gatehouse."""
    at = timezone.now() - timedelta(days=days_ago)
    values = {
        "person": person,
        "decision": "match",
        "reason": "above_threshold",
        "candidates": [[str(person.pk), 0.8]] if person else [],
        "first_at": at,
        **fields,
    }
    return VisitFactory(**values)


def settled(visit: Visit, how: str, person: Person | None, *, after: timedelta) -> Visit:
    """As ``portal.review`` leaves it."""
    visit.settled_as, visit.person, visit.settled_at = how, person, visit.last_at + after
    visit.save()
    return visit


MINUTE = timedelta(minutes=1)


@pytest.mark.usefixtures("administrator", "_now")
class TestWhatPeopleSaid:
    def test_each_answer_counts_where_it_belongs(self):
        ada, bob = enrolled_person(1, name="Ada"), enrolled_person(2, name="Bob")
        camera = CameraFactory(name="Gate")
        passed(ada, camera=camera)
        settled(passed(ada, camera=camera), "confirmed", ada, after=MINUTE)
        settled(passed(ada, camera=camera), "refused", None, after=MINUTE)
        settled(passed(ada, camera=camera), "assigned", bob, after=MINUTE)
        settled(passed(ada, camera=camera), "assigned", ada, after=MINUTE)
        settled(passed(ada, camera=camera), "not_a_face", None, after=MINUTE)
        found = observed_names()
        assert found.total == Names(given=6, confirmed=2, refused=1, corrected=1, no_face=1)
        assert (found.total.wrong, found.total.looked_at, found.total.not_looked_at) == (3, 5, 1)
        (line,) = found.cameras
        assert (line.camera_name, line.names) == ("Gate", found.total)

    @pytest.mark.parametrize(
        ("decision", "settled_as", "why"),
        [
            ("unknown", "assigned", "no name was given, a human gave it"),
            ("uncertain", "confirmed", "Gatehouse asked and named nobody"),
            ("uncertain", "refused", "a question is no name"),
            ("poor", "", "nobody was compared"),
        ],
    )
    def test_what_gatehouse_did_not_name_is_no_name_given(self, decision, settled_as, why):
        ada = enrolled_person(1)
        visit = passed(ada, decision=decision)
        if settled_as:
            settled(visit, settled_as, ada, after=MINUTE)
        assert observed_names().total == Names(), why

    @pytest.mark.parametrize(
        ("decision", "settled_as", "enrolled_before", "counted"),
        [
            ("unknown", "assigned", True, 1),
            ("uncertain", "confirmed", True, 1),
            ("uncertain", "refused", True, 0),
            ("unknown", "assigned", False, 0),
            ("match", "assigned", True, 0),
        ],
        ids=[
            "missed",
            "asked about",
            "rightly not named",
            "enrolled later, so nobody could know",
            "named, if wrongly",
        ],
    )
    def test_people_whom_a_human_had_to_name(self, decision, settled_as, enrolled_before, counted):
        ada, bob = enrolled_person(1), enrolled_person(2)
        made_at = NOW - timedelta(days=9 if enrolled_before else 0)
        FaceImage.objects.update(created_at=made_at)
        visit = passed(bob, decision=decision, days_ago=2)
        settled(visit, settled_as, None if settled_as == "refused" else ada, after=MINUTE)
        assert observed_names().named_by_hand == counted

    def test_somebody_merged_since_is_still_the_one_who_was_named(self):
        source, target = enrolled_person(1), enrolled_person(2)
        settled(passed(source), "assigned", target, after=MINUTE)
        assert observed_names().total.corrected == 1
        Person.objects.filter(pk=source.pk).update(status="merged", merged_into=target)
        assert observed_names().total == Names(given=1, confirmed=1)

    def test_a_month_and_eight_weeks_are_looked_at(self):
        ada = enrolled_person(1)
        for days in (0, 2.6, 29.9, 30.1, 51, 52):
            passed(ada, days_ago=days)
        found = observed_names()
        assert found.total.given == 3
        assert [week.start.isoformat() for week in found.weeks][::7] == ["2026-01-26", "2026-03-16"]
        # Monday of this week is two and a half days ago, and the first week began 51.5 days ago.
        assert [week.names.given for week in found.weeks] == [1, 0, 0, 2, 0, 0, 1, 1]

    def test_a_week_begins_by_the_clocks_of_the_house(self):
        ada = enrolled_person(1)
        # Sunday, half past eleven at night in London: Monday in Berlin.
        passed(ada, first_at=datetime(2026, 3, 15, 23, 30, tzinfo=UTC))
        assert [week.names.given for week in observed_names().weeks][-2:] == [1, 0]
        with timezone.override("Europe/Berlin"):
            found = observed_names().weeks
        assert [week.names.given for week in found][-2:] == [0, 1]
        assert found[-1].start.isoformat() == "2026-03-16"

    def test_corrections_are_told_by_week_and_camera_too(self):
        ada, bob = enrolled_person(1), enrolled_person(2)
        settled(passed(ada, days_ago=40), "assigned", bob, after=MINUTE)
        settled(passed(ada, days_ago=1), "assigned", bob, after=MINUTE)
        found = observed_names()
        assert found.total == Names(given=1, corrected=1)
        assert [week.names.corrected for week in found.weeks] == [0, 1, 0, 0, 0, 0, 0, 1]


@pytest.mark.parametrize(
    ("part", "whole", "low", "high", "why"),
    [
        (0, 100, 0.0, 0.0362, "none of a hundred"),
        (3, 120, 0.0052, 0.0713, "scipy.stats.beta.ppf"),
        (10, 10, 0.6915, 1.0, "all"),
        (1, 1, 0.0250, 1.0, "one alone says next to nothing"),
    ],
)
def test_a_share_has_the_exact_interval(part, whole, low, high, why):
    share = Share(part, whole)
    assert (share.low, share.high) == pytest.approx((low, high), abs=5e-5), why


def test_of_nothing_there_is_no_share():
    assert Share(0, 0).value is None
    assert (Share(0, 0).said, Share(0, 0).range) == ("none yet", "")


@pytest.mark.usefixtures("administrator", "_now")
class TestWaits:
    def test_answers_are_timed_from_when_somebody_was_last_seen(self):
        for minutes in (1, 5, 60):
            asked = passed(None, decision="uncertain")
            settled(asked, "refused", None, after=timedelta(minutes=minutes))
        passed(None, decision="uncertain", days_ago=3)
        passed(None, decision="uncertain", days_ago=2)
        passed(None, decision="unknown")
        found = review_waits(days=30)
        assert (found.asked.part, found.asked.whole, found.answered) == (5, 6, 3)
        assert (found.middle, found.longest) == (timedelta(minutes=5), timedelta(minutes=60))
        assert (found.waiting, found.oldest_at) == (2, NOW - timedelta(days=3))

    def test_without_questions_nothing_waited(self):
        found = review_waits(days=30)
        assert (found.asked.whole, found.middle, found.longest, found.oldest_at) == (
            0,
            None,
            None,
            None,
        )

    def test_an_answer_before_the_visit_was_over_took_no_time(self):
        settled(passed(None, decision="uncertain"), "refused", None, after=-MINUTE)
        assert review_waits(days=30).middle == timedelta()


@pytest.mark.usefixtures("administrator", "_now")
class TestLeads:
    def test_the_smallest_mean_comes_first_with_the_next_most_similar(self):
        ada, bob, eve = (enrolled_person(n, name=name) for n, name in enumerate(("A", "B", "E")))
        for margin, second in ((0.05, eve), (0.15, bob), (0.10, bob)):
            candidates = [[str(ada.pk), 0.6], [str(second.pk), 0.6 - margin]]
            passed(ada, margin=margin, candidates=candidates)
            passed(bob, margin=0.4)
        first, second = small_leads(days=30)
        assert (first.person.name, first.passages, first.second.name) == ("A", 3, "E")
        assert (first.mean, first.least) == pytest.approx((0.10, 0.05))
        assert (second.person.name, second.second) == ("B", None)

    def test_two_passages_say_nothing_yet(self):
        ada = enrolled_person(1)
        passed(ada, margin=0.01)
        passed(ada, margin=0.01)
        assert small_leads(days=30) == ()

    def test_a_lead_is_not_the_one_whose_name_was_put_in(self):
        ada, bob = enrolled_person(1), enrolled_person(2)
        for _ in range(3):
            settled(passed(ada, margin=0.01), "assigned", bob, after=MINUTE)
        assert small_leads(days=30) == ()


class TestMeasuredLeads:
    """What a measurement found, for a site where nobody passed often enough yet."""

    @pytest.fixture
    def measured(self):
        self.north, south = (Site.objects.create(name=name) for name in ("North", "South"))
        self.ada = enrolled_person(1, name="Ada", site=self.north, department=None)
        self.bob = enrolled_person(2, name="Bob", site=south, department=None)
        gone = "01a2085c-0000-7000-8000-000000000000"
        ada, bob = str(self.ada.pk), str(self.bob.pk)
        low = (
            LowMarginFigure(gone, ada, 0.6, 0.6, 0.0),
            LowMarginFigure(bob, ada, 0.58, 0.55, 0.03),
            LowMarginFigure(ada, bob, 0.55, 0.56, -0.01),
        )
        return run_done(made_figures(low_margin=low))

    def test_they_stand_in_and_say_where_they_are_from(self, measured, administrator, client_of):
        found = accuracy()
        assert found.leads == ()
        assert [(one.person.name, one.lead, one.second.name) for one in found.measured_leads] == [
            ("Ada", -0.01, "Bob"),
            ("Bob", 0.03, "Ada"),
        ], "the smallest first, and nobody who is gone"
        page = client_of("administrator").get(reverse("calibration:accuracy")).content.decode()
        assert "from the measurement" in page
        assert "Measured lead" in page

    def test_nobody_is_named_whom_the_actor_may_not_see(self, measured):
        rights, scope = permissions_of("auditor"), Scope(frozenset({self.north.pk}))
        with acting_as(Actor("user", "3", "kim", rights, scope=scope)):
            (only,) = accuracy().measured_leads
        assert (only.person.name, only.second) == ("Ada", None)
        with acting_as(Actor("user", "3", "kim", frozenset({"calibration.view"}))):
            assert accuracy().measured_leads is None

    def test_passages_go_before_a_measurement(self, measured, administrator):
        for _ in range(3):
            passed(self.ada, margin=0.1)
        found = accuracy()
        assert [one.person.name for one in found.leads] == ["Ada"]
        assert found.measured_leads is None


@pytest.mark.usefixtures("administrator", "_now")
class TestNeglected:
    def test_whoever_was_not_seen_for_so_long_is_listed_never_seen_first(self):
        ada, bob, eve, new = (
            enrolled_person(n, name=name) for n, name in enumerate(("Ada", "Bob", "Eve", "New"))
        )
        FaceImage.objects.exclude(person=new).update(created_at=NOW - timedelta(days=60))
        passed(ada, days_ago=5)
        passed(bob, days_ago=40)
        passed(bob, days_ago=45)
        found = not_seen(days=30)
        assert (found.count, found.people) == (2, 3)
        assert [(one.name, one.last_at) for one in found.first] == [
            ("Eve", None),
            ("Bob", NOW - timedelta(days=40)),
        ]
        assert {one.id for one in found.first} == {bob.pk, eve.pk}

    def test_one_new_photo_is_enough(self):
        old, both = enrolled_person(1, name="Old"), enrolled_person(2, name="Both", photos=2)
        FaceImage.objects.update(created_at=NOW - timedelta(days=800))
        FaceImage.objects.filter(pk=both.images.first().pk).update(created_at=NOW)
        found = old_photos()
        assert (found.count, found.people) == (1, 2)
        assert [one.id for one in found.first] == [old.pk]

    def test_findings_are_counted_by_person(self):
        ada = enrolled_person(1)
        Finding.objects.create(kind=Finding.Kind.FEW, person=ada, score=1.0, count=1)
        (found,) = photo_findings()
        assert (found.label, found.people) == ("Too few photos", 1)


@pytest.mark.usefixtures("administrator")
class TestMeasured:
    def test_before_the_first_measurement_there_are_no_figures(self):
        found = accuracy()
        assert found.measured is None
        assert found.in_force.rule is None

    def test_the_newest_finished_one_of_the_space_in_use_counts(self):
        threshold = policy_in_force(0).threshold
        run_done(made_figures(threshold=threshold))
        newest = run_done(made_figures(threshold=threshold))
        CalibrationRun.objects.create(space=newest.space, state="running")
        CalibrationRun.objects.create(
            space=newest.space, state="failed", finished_at=timezone.now()
        )
        other = SpaceFactory(id="f" * 16)
        type(other).objects.filter(pk=other.pk).update(created_at=NOW - timedelta(days=999))
        run_done(made_figures(threshold=0.9), space=other)
        measured = accuracy().measured
        assert measured.run == newest
        assert measured.figures.now.threshold == threshold
        assert not measured.is_older

    def test_one_without_enough_evidence_still_measured_the_rule_in_force(self):
        run_done(state=CalibrationRun.State.INSUFFICIENT)
        assert accuracy().measured.figures.now.strangers.people == 213

    def test_it_is_older_once_the_gallery_changed(self):
        run_done(made_figures(threshold=policy_in_force(0).threshold))
        with acting_as(SYSTEM):
            bump_gallery_revision()
        measured = accuracy().measured
        assert (measured.is_gallery_changed, measured.is_rule_changed) == (True, False)

    def test_it_is_older_once_another_rule_is_in_force(self):
        run = run_done(made_figures(threshold=policy_in_force(0).threshold))
        rule = DecisionRule.objects.create(
            number=1,
            space=run.space,
            origin="calibrated",
            threshold=0.61,
            gallery_size=50,
            follows_gallery=False,
            stranger_rate=0.001,
            grey_band=0.05,
            min_margin=0.05,
            reason="Strangers were named",
        )
        RuleAdoption.objects.create(rule=rule, space=run.space, cause="saved", actor_label="ada@x")
        found = accuracy()
        assert (found.in_force.rule, found.in_force.threshold) == (rule, 0.61)
        assert found.measured.is_rule_changed

    def test_cameras_have_what_they_saw_and_how_often_they_miss(self):
        gate, yard = CameraFactory(name="Gate"), CameraFactory(name="Yard")
        count_yields(
            [
                CameraYield(
                    gate.pk, timezone.now(), visits=9, recognised_visits=7, losses={"blurred": 2}
                )
            ]
        )
        run_done(made_figures(cameras=(missed_at(gate, 0.1),)))
        first, second = accuracy().cameras
        assert (first.camera, first.funnel.visits, first.funnel.recognised_visits) == (gate, 9, 7)
        assert first.missed.missed == missed_figure(0.1)
        assert (second.camera, second.funnel.visits, second.missed) == (yard, 0, None)


class TestPage:
    def page(self, client_of, role: str = "auditor", **query: str):
        return client_of(role).get(reverse("calibration:accuracy"), query)

    def test_it_says_every_figure_in_words(self, client_of):
        ada = enrolled_person(1, name="Ada Lovelace")
        run_done(made_figures(threshold=policy_in_force(1).threshold))
        passed(ada)
        settled(passed(ada), "refused", None, after=MINUTE)
        text = self.page(client_of).content.decode()
        assert "1 in 330" in text
        assert "0.12 %" in text
        assert "0.83 %" in text
        assert "1 in 50" in text
        assert "Of <strong>2 names</strong> given in the last 30 days people said of" in text
        assert "These figures are older" not in text
        assert "Printed by" in text

    def test_older_figures_are_said_to_be_older(self, client_of):
        run_done(made_figures(threshold=0.2))
        auditor = self.page(client_of).content.decode()
        assert "These figures are older than what decides now" in auditor
        # Who may not measure is offered no measurement.
        assert "Measure anew" not in auditor
        assert "Measure anew" in self.page(client_of, "administrator").content.decode()

    def test_with_nothing_at_all_it_says_what_to_do(self, client_of):
        text = self.page(client_of, "administrator").content.decode()
        assert "Nothing was measured yet" in text
        assert "Measure now" in text
        assert "No name was given yet" in text

    @pytest.mark.parametrize(
        ("days", "used"), [("7", 7), ("90", 90), ("8", 30), ("x", 30), ("", 30)]
    )
    def test_how_long_is_long_can_be_chosen(self, client_of, days, used):
        found = self.page(client_of, days=days).context["accuracy"]
        assert found.not_seen.days == used

    def test_nobody_missed_is_no_promise_that_nobody_will_be(self, client_of):
        figures = made_figures()
        missed = replace(missed_figure(0.0), rate=Span(0.0, 0.0, 0.008))
        run_done(replace(figures, now=replace(figures.now, missed=missed)))
        text = self.page(client_of).content.decode()
        assert "none of 640 searches missed theirs" in text
        assert "at most <strong>1 in 120</strong>" in text

    def test_a_measurement_that_found_nothing_is_shown_as_that(self, client_of):
        figures = made_figures()
        now = type(figures.now)(threshold=0.5, strangers=None, missed=None)
        run_done(made_figures(now=now))
        text = self.page(client_of).content.decode()
        assert "Not measured: there are no strangers" in text
        assert "Not measured: it needs people with two photos" in text


class TestScope:
    @pytest.fixture
    def two(self):
        """At each of two sites somebody who was seen there three times with a small lead."""
        sites = [Site.objects.create(name=name) for name in ("North", "South")]
        people = []
        for number, site in enumerate(sites):
            person = enrolled_person(number, name=f"Person {site}", site=site, department=None)
            camera = CameraFactory(site=site, name=f"Gate {site}")
            for _ in range(3):
                passed(person, camera=camera, margin=0.1)
            passed(None, camera=camera, decision="uncertain", days_ago=2)
            people.append(person)
        FaceImage.objects.update(created_at=timezone.now() - timedelta(days=900))
        Visit.objects.update(first_at=timezone.now() - timedelta(days=10))
        return sites[0], people[0]

    def test_a_site_sees_its_own(self, two):
        site, person = two
        rights = permissions_of("auditor")
        with acting_as(Actor("user", "3", "kim", rights, scope=Scope(frozenset({site.pk})))):
            found = accuracy(seen_days=7)
        assert [one.camera_name for one in found.observed.cameras] == ["Gate North"]
        assert found.observed.total.given == 3
        assert [line.camera.name for line in found.cameras] == ["Gate North"]
        assert (found.waits.asked.part, found.waits.asked.whole) == (1, 4)
        assert [lead.person.name for lead in found.leads] == [person.name]
        assert [one.name for one in found.not_seen.first] == [person.name]
        assert [one.name for one in found.old_photos.first] == [person.name]
        # How many people are compared with is the installation's, whoever asks.
        assert found.in_force.gallery_size == 2

    def test_each_part_needs_its_own_right(self, two):
        with acting_as(Actor("user", "3", "kim", frozenset({"calibration.view"}))):
            found = accuracy()
        parts = (found.observed, found.cameras, found.waits, found.leads, found.not_seen)
        assert parts == (None,) * 5
        assert (found.old_photos, found.findings) == (None, None)

    def test_without_the_right_there_is_nothing(self):
        kim = Actor("user", "3", "kim", frozenset({"people.view"}))
        with acting_as(kim), pytest.raises(PermissionMissing):
            accuracy()


class TestDownload:
    def csv(self, client, table: str, **query: str) -> list[list[str]]:
        response = client.get(reverse("calibration:accuracy_csv", args=[table]), query)
        assert response.status_code == 200, response.content
        assert response["Cache-Control"] == "no-store"
        assert f'filename="accuracy-{table}-' in response["Content-Disposition"]
        return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))

    def test_the_measured_figures_come_as_numbers(self, client_of):
        run_done()
        head, strangers, missed, *_ = self.csv(client_of("auditor"), "measured")
        assert head[:4] == ["figure", "value", "95 % from", "95 % to"]
        assert strangers[:5] == ["strangers named (FPIR)", "0.003", "0.0012", "0.0083", "213.0"]
        assert missed[1] == "0.02"

    def test_no_cell_is_a_formula(self, client_of):
        passed(enrolled_person(1), camera=CameraFactory(name="=HYPERLINK(1)"))
        _, line, _ = self.csv(client_of("auditor"), "names")
        assert line[0] == "'=HYPERLINK(1)"

    @pytest.mark.parametrize("table", ["names", "weeks", "cameras", "review"])
    def test_tables_of_counts_are_for_everybody_who_sees_the_page(self, client_of, table):
        CameraFactory()
        head, *rows = self.csv(client_of("auditor"), table)
        assert rows
        assert all(len(row) == len(head) for row in rows)

    @pytest.mark.parametrize("table", ["leads", "not-seen", "old-photos"])
    def test_lists_of_people_need_the_right_to_export_people(self, client_of, table):
        ada = enrolled_person(1, name="@Ada")
        for _ in range(3):
            passed(ada, margin=0.1, days_ago=20)
        FaceImage.objects.update(created_at=timezone.now() - timedelta(days=900))
        address = reverse("calibration:accuracy_csv", args=[table])
        auditor = client_of("auditor")
        assert auditor.get(address).status_code == 403
        assert address not in auditor.get(reverse("calibration:accuracy")).content.decode()
        administrator = client_of("administrator")
        _, row = self.csv(administrator, table, days="7")
        assert row[:2] == [ada.code, "'@Ada"]
        assert (
            address
            in administrator.get(reverse("calibration:accuracy"), {"days": "7"}).content.decode()
        )
        entry = AuditEntry.objects.filter(action="calibration.accuracy.exported").latest("seq")
        assert entry.after == {"table": table, "rows": 1}

    @pytest.mark.parametrize("table", ["measured", "nothing"])
    def test_a_table_that_is_not_there_is_not_found(self, client_of, table):
        answer = client_of("auditor").get(reverse("calibration:accuracy_csv", args=[table]))
        assert answer.status_code == 404
