"""The drift watch: what opens, follows and ends a finding, and the weekly report."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from smtplib import SMTPException

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from portal.audit.models import AuditEntry
from portal.calibration.models import DriftFinding, DriftLook, DriftReport
from portal.calibration.selectors.drift import by_camera, genuine_scores
from portal.calibration.selectors.drift.findings import open_findings
from portal.calibration.services.drift import dismiss_drift, due_monday, send_report
from portal.calibration.services.drift import report as report_module
from portal.engines.models import Space
from portal.engines.services.adopt_space import adopt_space
from portal.journal.models import Act
from portal.journal.services import undo_act
from portal.people.models import FaceImage, FaceTemplate
from portal.people.services import erase_person, suspend_person
from portal.sightings.models import Visit
from tests.factories import CameraFactory, FaceImageFactory, FaceTemplateFactory, UserFactory
from tests.factories.drift import aged, fell, scored_days
from tests.factories.faces import SPACE
from tests.factories.people import enrolled_person
from workers.calibration.watch import report_when_due, watch_scores
from workers.tasks.calibration import report, watch

pytestmark = pytest.mark.django_db


@pytest.fixture
def space(host) -> Space:
    return Space.objects.get(pk=SPACE.id)


@pytest.fixture
def ada(space):
    return aged(enrolled_person(1, name="Ada Byron"))


@pytest.fixture
def lobby(space):
    return CameraFactory(name="Lobby")


def finding() -> DriftFinding:
    return DriftFinding.objects.get()


@pytest.mark.parametrize(
    ("scores", "opened", "why"),
    [
        (fell(), 1, "a lasting fall of 0.14"),
        (fell(before=0.7, after=0.68), 0, "0.02 is less than matters"),
        (fell(before=0.58, after=0.72), 0, "better than before is no trouble"),
        ([0.7, 0.71, 0.69] * 8, 0, "steady"),
        ([0.72] * 3 + [0.55] * 3, 0, "too few days to say"),
        ([0.7, 0.71, 0.69] * 7 + [0.4], 0, "one bad day is no fall"),
    ],
)
def test_what_opens_a_finding(ada, lobby, scores, opened, why):
    scored_days(ada, scores, camera=lobby)
    watch()
    assert DriftFinding.objects.filter(person=ada).count() == opened, why


def test_a_finding_says_since_when_and_by_how_much(ada, lobby):
    scored_days(ada, fell(), camera=lobby)
    watch()
    row = DriftFinding.objects.get(person=ada)
    assert row.change == pytest.approx(-0.14, abs=0.01)
    assert row.since_at.date() == (timezone.now() - timedelta(days=12)).date()
    assert (row.faces, row.days) == (24, 24)
    look = DriftLook.objects.get()
    assert (look.people, look.cameras, look.too_few) == (1, 1, 0)


@pytest.mark.parametrize(
    ("change", "counts", "why"),
    [
        ({"decision": "uncertain", "settled_as": "confirmed"}, True, "somebody confirmed it"),
        ({"decision": "unknown", "settled_as": "assigned"}, True, "somebody named it"),
        ({"settled_as": "refused", "person": None}, False, "somebody else after all"),
        ({"is_confirmed": False}, False, "too few faces agreed"),
        ({"decision": "unknown", "candidates": []}, False, "nobody said who it is"),
    ],
)
def test_only_names_that_are_right_count(ada, lobby, space, change, counts, why):
    scored_days(ada, [0.6], camera=lobby)
    Visit.objects.update(**change)
    assert bool(genuine_scores(space.pk)) is counts, why


def test_the_same_night_twice_is_one_finding(ada, lobby):
    scored_days(ada, fell(), camera=lobby)
    watch()
    watch()
    assert DriftFinding.objects.filter(person=ada).count() == 1


def test_a_camera_is_judged_by_what_each_person_usually_scores_there(space, lobby):
    """Others in front of it, who score less, are no change of the camera."""
    strong, weak = (aged(enrolled_person(n, name=f"Person {n}")) for n in (2, 3))
    middle = timezone.now() - timedelta(days=14)
    scored_days(strong, [0.75, 0.74, 0.76] * 4, camera=lobby, until=middle)
    scored_days(weak, [0.55, 0.54, 0.56] * 4, camera=lobby)
    watch()
    assert not DriftFinding.objects.filter(camera=lobby).exists()
    # Both of them lower from one day on: that is the camera.
    Visit.objects.all().delete()
    for person, usual in ((strong, 0.75), (weak, 0.6)):
        scored_days(person, fell(before=usual, after=usual - 0.1), camera=lobby)
    watch()
    assert finding().camera == lobby, "nobody is to be enrolled anew because of the camera"
    assert finding().change == pytest.approx(-0.1, abs=0.01)


def test_one_person_who_fell_is_no_camera(space, lobby):
    ada, bob = (aged(enrolled_person(n, name=f"Person {n}")) for n in (2, 3))
    scored_days(ada, fell(before=0.75, after=0.55), camera=lobby)
    scored_days(bob, fell(before=0.7, after=0.7), camera=lobby)
    watch()
    assert finding().person == ada


def test_somebody_who_fell_at_other_cameras_too_is_told_of_beside_the_camera(space, lobby):
    ada, bob, eve = (aged(enrolled_person(n, name=f"Person {n}")) for n in (2, 3, 4))
    for person in (ada, bob, eve):
        scored_days(person, fell(before=0.7, after=0.58), camera=lobby)
    scored_days(ada, fell(before=0.7, after=0.58), camera=CameraFactory())
    watch()
    assert {row.camera or row.person for row in DriftFinding.objects.all()} == {lobby, ada}


def test_a_visit_that_several_cameras_saw_is_no_single_cameras(ada, lobby, space):
    scored_days(ada, [0.6, 0.6], camera=lobby)
    Visit.objects.update(last_camera=CameraFactory())
    assert by_camera(genuine_scores(space.pk)) == {}


class TestEnding:
    @pytest.fixture(autouse=True)
    def open_finding(self, ada, lobby):
        """Of the person alone: her visits are at one camera, which is switched off."""
        self.ada, self.lobby = ada, lobby
        scored_days(ada, fell(), camera=lobby)
        lobby.is_enabled = False
        lobby.save()
        watch()
        assert finding().closed_at is None

    def test_scores_that_are_well_again_close_it(self):
        scored_days(self.ada, [0.71] * 6, camera=self.lobby, until=timezone.now())
        Visit.objects.filter(first_at__lt=timezone.now() - timedelta(days=6)).delete()
        watch()
        assert (finding().closed_as, finding().closed_by) == ("well", "")

    def test_it_stays_once_the_visits_before_the_fall_are_deleted(self):
        before = finding().before
        Visit.objects.filter(score__gt=0.65).delete()
        watch()
        assert finding().closed_at is None
        assert finding().before == before

    def test_new_photos_hide_it_at_once_and_close_it_in_the_night(self):
        FaceTemplateFactory(image=FaceImageFactory(person=self.ada))
        assert not open_findings().exists()
        watch()
        assert finding().closed_as == "enrolled"
        watch()
        assert finding().closed_as == "enrolled", "the old scores say nothing of the new photos"

    def space_in_shadow(self) -> Space:
        """Of another model; the one in use goes on to decide."""
        space = Space.objects.get(pk=SPACE.id)
        adopt_space(space, model=space.model_id, reason="")
        return Space.objects.create(pk="other", model_id="other", dimension=SPACE.dimension)

    def test_templates_made_anew_of_old_photos_close_nothing(self):
        """Another model's preparation, and a space that is filled again, make a template of every
        photo there is; nobody came for a new one."""
        (image,) = self.ada.images.all()
        FaceImage.objects.update(created_at=timezone.now() - timedelta(days=60))
        other = self.space_in_shadow()
        FaceTemplateFactory(image=image, space=other)
        FaceTemplate.objects.filter(space=SPACE.id).update(created_at=timezone.now())
        assert open_findings().exists()
        watch()
        assert finding().closed_at is None

    def test_a_photo_that_is_only_in_another_space_closes_nothing_yet(self):
        FaceImage.objects.update(created_at=timezone.now() - timedelta(days=60))
        other = self.space_in_shadow()
        FaceTemplateFactory(image=FaceImageFactory(person=self.ada), space=other)
        assert open_findings().exists(), "the model in use does not compare with it"
        watch()
        assert finding().closed_at is None

    def test_somebody_not_in_use_is_not_watched(self):
        suspend_person(self.ada)
        watch()
        assert finding().closed_as == "gone"

    def test_an_erasure_takes_it_along(self):
        erase_person(self.ada, reason="asked")
        assert not DriftFinding.objects.exists()

    def test_what_was_dismissed_is_told_again_only_when_it_is_worse(self):
        act = dismiss_drift(finding())
        watch()
        assert finding().closed_as == "dismissed"
        Visit.objects.filter(score__lt=0.65).update(score=0.45)
        watch()
        assert DriftFinding.objects.filter(closed_at=None).count() == 1
        assert act == Act.objects.get()

    def test_a_dismissal_can_be_undone(self):
        act = dismiss_drift(finding())
        assert not open_findings().exists()
        undo_act(act)
        assert open_findings().count() == 1

    def test_undoing_a_dismissal_makes_no_second_finding_beside_a_new_one(self):
        act = dismiss_drift(finding())
        Visit.objects.filter(score__lt=0.65).update(score=0.45)
        watch()
        undo_act(act)
        assert open_findings().count() == 1


MONDAY = datetime(2026, 9, 7, tzinfo=UTC)


class TestReport:
    @pytest.fixture(autouse=True)
    def mail_server(self, settings, space):
        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
        settings.TIME_ZONE = "UTC"
        UserFactory(role="administrator", email="ada@example.org")
        UserFactory(role="administrator", email="bob@example.org")
        UserFactory(role="auditor", email="eve@example.org")
        UserFactory(role="administrator", email="gone@example.org", is_active=False)

    @pytest.mark.parametrize(
        ("hours", "is_due", "why"),
        [
            (6.9, False, "not before seven on Monday"),
            (7, True, "seven on Monday"),
            (40, True, "the worker was away on Monday"),
            (24 * 4, False, "no report on any odd day"),
            (-5, False, "Sunday"),
        ],
    )
    def test_when_it_is_due(self, hours, is_due, why):
        now = MONDAY + timedelta(hours=hours)
        assert due_monday(now) == (date(2026, 9, 7) if is_due else None), why

    def test_the_hour_is_the_sites_own(self, settings):
        settings.TIME_ZONE = "America/New_York"
        timezone.get_default_timezone.cache_clear()
        try:
            assert due_monday(MONDAY + timedelta(hours=8)) is None
            assert due_monday(MONDAY + timedelta(hours=12)) == date(2026, 9, 7)
        finally:
            settings.TIME_ZONE = "UTC"
            timezone.get_default_timezone.cache_clear()

    @time_machine.travel(MONDAY + timedelta(hours=8), tick=False)
    def test_every_administrator_gets_one_however_often_the_worker_starts(self):
        for _ in range(3):
            report()
        assert sorted(to for one in mail.outbox for to in one.to) == [
            "ada@example.org",
            "bob@example.org",
        ]
        sent = DriftReport.objects.get()
        assert (sent.recipients, sent.failed) == (2, 0)
        assert AuditEntry.objects.get(action="calibration.report.sent").after["recipients"] == 2

    def test_a_worker_that_died_while_sending_sends_no_second_one(self):
        DriftReport.objects.create(monday=date(2026, 9, 7))
        assert due_monday(MONDAY + timedelta(hours=9)) is None
        assert send_report(date(2026, 9, 7)) is None
        assert not mail.outbox

    @time_machine.travel(MONDAY + timedelta(hours=8), tick=False)
    def test_a_mail_server_that_is_away_is_tried_again(self, monkeypatch):
        def refuse(*args: object) -> None:
            raise SMTPException("away")

        with monkeypatch.context() as patched:
            patched.setattr(report_module, "send_mail", refuse)
            assert not report_when_due()
        assert report_when_due()
        assert len(mail.outbox) == 2

    def test_without_a_mail_server_nothing_is_claimed(self, settings):
        settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
        assert send_report(date(2026, 9, 7)) is None
        assert not DriftReport.objects.exists()

    def test_nothing_found_is_said_too(self):
        send_report(date(2026, 9, 7))
        assert "nobody's scores fell" in mail.outbox[0].subject
        assert "Nobody's scores fell, and no camera's." in mail.outbox[0].body

    def test_people_are_named_by_initials_and_number_and_no_face_is_in_it(self, ada, lobby):
        scored_days(ada, fell(), camera=CameraFactory())
        for number in (5, 6):
            person = aged(enrolled_person(number, name=f"Person {number}"))
            scored_days(person, fell(), camera=lobby)
        watch_scores()
        send_report(date(2026, 9, 7))
        letter = mail.outbox[0]
        assert f"* A. B. ({ada.code}): by 0.14 since " in letter.body
        assert "* Lobby: by 0.14 since " in letter.body
        assert "Enrol this person anew" in letter.body
        assert "Byron" not in letter.body + letter.subject
        assert not letter.attachments
        assert letter.subject.endswith("lower scores, 1 person and 1 camera")
