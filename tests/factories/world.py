"""One of everything, for tests that visit every address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from portal.calibration.figures import SizeFigure, Span
from portal.calibration.models import DriftFinding, ModelSwitch
from portal.cameras.models import Camera
from portal.core.context import SYSTEM, acting_as
from portal.facesearch.models import FaceSearch
from portal.hygiene.models import Finding, Scan
from portal.jobs.models import Job
from portal.people.models import LookalikePair
from portal.people.services import set_aside
from portal.reports.models import SavedReport
from portal.schedules.models import Holiday, SiteCalendar
from tests.factories.accounts import ApiTokenFactory, UserFactory
from tests.factories.alerts import AlertFactory, ChannelFactory, DeliveryFactory, RuleFactory
from tests.factories.attendance import (
    CorrectionFactory,
    DayExceptionFactory,
    DayFactory,
    HolidayCalendarFactory,
    LeaveFactory,
    PeriodFactory,
    PunchFactory,
    assigned,
    shift_with_hours,
)
from tests.factories.drift import aged, scored_days
from tests.factories.enrolment import (
    EnrolmentFaceFactory,
    EnrolmentFactory,
    FrameFactory,
    LikenessFactory,
)
from tests.factories.figures import made_figures, run_done
from tests.factories.invitations import invitation, submission
from tests.factories.kiosks import KioskFactory
from tests.factories.muster import muster_with
from tests.factories.own_models import own_model_ended
from tests.factories.people import SpaceFactory, enrolled_person, stored
from tests.factories.privacy import PolicyTextFactory, erasure, signed_consent
from tests.factories.punch_imports import PunchImportFactory
from tests.factories.rosters import RosterImportFactory
from tests.factories.rules import proposed_rule
from tests.factories.sightings import (
    CameraFactory,
    JobFactory,
    RecognisedFaceFactory,
    RecognitionFactory,
)
from tests.factories.visits import StrangerFactory, visit_with_face
from tests.factories.what_ifs import what_if_outcome

__all__ = ["World", "build_world", "drift_of"]


@dataclass(frozen=True, slots=True)
class World:
    user: Any
    site: Any
    department: Any
    person: Any
    image: Any
    draft: Any
    draft_photo: Any
    draft_face: Any
    frame: Any
    camera: Any
    browser: Any
    recognition: Any
    face: Any
    job: Any
    token: Any
    second: Any
    act: Any
    scan: Any
    finding: Any
    pair: Any
    text: Any
    consent: Any
    erasure: Any
    roster: Any
    invited: Any
    submitted: Any
    visit: Any
    met: Any
    stranger: Any
    search: Any
    switch: Any
    own_model: Any
    rule: Any
    channel: Any
    alert: Any
    delivery: Any
    drift: Any
    proposal: Any
    measured: Any
    what_if: Any
    punches: Any
    kiosk: Any
    period: Any
    saved: Any
    muster: Any
    correction: Any
    exception: Any
    shift: Any
    assignment: Any
    holiday: Any
    leave: Any

    def arguments(self, view: str, names: list[str]) -> dict[str, Any]:
        """What stands for these names in the address of ``view``."""
        values = {
            "person_id": self.person.pk,
            "filter_id": self.person.pk,
            "kind": "pin",
            "image_id": self.image.pk,
            "enrolment_id": self.draft.pk,
            "photo_id": self.draft_photo.pk,
            "frame_id": self.frame.pk,
            "position": 0,
            "face_id": self.draft_face.pk if view.startswith("enrolment:") else self.face.pk,
            "camera_id": (
                self.browser.pk
                if view in {"sightings:webcam", "sightings:frame"}
                else self.camera.pk
            ),
            "recognition_id": self.recognition.pk,
            "job_id": self.job.pk,
            "token_id": self.token.pk,
            "user_id": self.user.pk,
            "site_id": self.site.pk,
            "department_id": self.department.pk,
            "source_id": self.second.pk,
            "target_id": self.person.pk,
            "act_id": self.act.pk,
            "finding_id": self.drift.pk if view.startswith("calibration:") else self.finding.pk,
            "pair_id": self.pair.pk,
            "text_id": self.text.pk,
            "consent_id": self.consent.pk,
            "seq": self.erasure.seq,
            "roster_id": self.roster.pk,
            "invitation_id": (
                self.invited.pk
                if view in {"invitation:renew", "invitation:revoke"}
                else self.submitted.pk
            ),
            "other_id": self.person.pk,
            "answer": "different",
            "change": "drop",
            "visit_id": self.met.pk if view == "sightings:visit" else self.visit.pk,
            "stranger_id": self.stranger.pk,
            "search_id": self.search.pk,
            "switch_id": self.switch.pk,
            "own_model_id": self.own_model.pk,
            "rule_id": self.rule.pk,
            "channel_id": self.channel.pk,
            "channel_kind": "webhook",
            "alert_id": self.alert.pk,
            "delivery_id": self.delivery.pk,
            "action": "watch",
            "number": self.proposal.rule.number,
            "proposal_id": self.proposal.pk,
            "table": "names",
            "run_id": self.measured.pk,
            "chart": "sizes",
            "what_if_id": self.what_if.pk,
            "import_id": self.punches.pk,
            "kiosk_id": self.kiosk.pk,
            "period_id": self.period.pk,
            "report_id": self.saved.pk,
            "slug": "arrivals",
            "muster_id": self.muster.pk,
            "correction_id": self.correction.pk,
            "exception_id": self.exception.pk,
            "calendar_id": self.holiday.calendar_id,
            "holiday_id": self.holiday.pk,
            "leave_id": self.leave.pk,
            "type_id": self.leave.type_id,
            "shift_id": self.shift.pk,
            "policy_id": self.shift.versions.get().policy_id,
            "assignment_id": self.assignment.pk,
            "work_date": timezone.localdate(),
        }
        return {name: values[name] for name in names}


def drift_of(person: Any, camera: Any) -> DriftFinding:
    """Scores of two days and more, which fell."""
    scored_days(aged(person), [0.72, 0.71, 0.6], camera=camera)
    return DriftFinding.objects.create(
        person=person,
        space=SpaceFactory(),
        before=0.72,
        after=0.6,
        since_at=timezone.now() - timedelta(days=1),
        chance=0.001,
        faces=3,
        days=3,
        looked_at=timezone.now(),
    )


def build_world() -> World:
    user = UserFactory()  # without a user every address leads to the set-up page
    person = enrolled_person(1, name="Ada Lovelace")
    second = enrolled_person(2, name="Grace Hopper", photos=2)
    with acting_as(SYSTEM):
        act = set_aside(second.images.all()[0])
    draft = EnrolmentFactory()
    draft_face = EnrolmentFaceFactory(photo__enrolment=draft)
    LikenessFactory(face=draft_face, person=person)
    camera = CameraFactory(still_key=stored("stills"), still_at=timezone.now())
    recognition = RecognitionFactory(is_done=True, camera=camera, source="camera", face_count=1)
    face = RecognisedFaceFactory(
        recognition=recognition,
        person=person,
        decision="match",
        reason="above_threshold",
        score=0.8,
        candidates=[[str(person.pk), 0.8]],
    )
    stranger = StrangerFactory(visit_count=1, candidates=[[str(person.pk), 0.3]])
    seen = visit_with_face(camera=camera, stranger=stranger)
    # Leads to where nothing may be sent.
    channel = ChannelFactory(kind="webhook", url="http://127.0.0.1:9/")
    rule = RuleFactory(site=person.site, channels=[channel])
    alert = AlertFactory(rule=rule, visit=seen)
    named = visit_with_face(
        camera=camera,
        person=person,
        decision="match",
        reason="above_threshold",
        score=0.55,
        candidates=[[str(person.pk), 0.55]],
    )
    day = DayFactory(person=person)
    PunchFactory(person=person, camera=camera, visit=named, face=named.best_face)
    shift = shift_with_hours(site=person.site)
    holiday = Holiday.objects.create(
        calendar=HolidayCalendarFactory(), date=timezone.localdate(), name="A day of rest"
    )
    SiteCalendar.objects.get_or_create(site=person.site, defaults={"calendar": holiday.calendar})
    return World(
        user=user,
        site=person.site,
        department=person.department,
        person=person,
        image=person.images.get(),
        draft=draft,
        draft_photo=draft_face.photo,
        draft_face=draft_face,
        frame=FrameFactory(enrolment=draft),
        camera=camera,
        browser=CameraFactory(kind=Camera.Kind.BROWSER),
        recognition=recognition,
        face=face,
        job=JobFactory(state=Job.State.RUNNING),
        token=ApiTokenFactory(),
        second=second,
        act=act,
        scan=Scan.objects.create(space=SpaceFactory(), people=2, photos=3, ceiling=0.5, revision=1),
        finding=Finding.objects.create(kind=Finding.Kind.FEW, person=person, score=1.0, count=1),
        pair=LookalikePair.objects.create(
            first=person, second=second, space=SpaceFactory(), score=0.6
        ),
        text=PolicyTextFactory(),
        consent=signed_consent(person),
        erasure=erasure(),
        roster=RosterImportFactory(),
        invited=invitation(agreed=True)[0],
        submitted=submission(),
        visit=visit_with_face(
            camera=camera,
            decision="uncertain",
            reason="grey_band",
            score=0.47,
            candidates=[[str(person.pk), 0.47]],
        ),
        met=visit_with_face(
            camera=camera,
            person=person,
            decision="match",
            reason="above_threshold",
            is_confirmed=True,
            score=0.8,
            candidates=[[str(person.pk), 0.8]],
        ),
        stranger=stranger,
        # Nobody's who is in the tests.
        switch=ModelSwitch.objects.create(
            model="another-model",
            from_model="test-model",
            from_space=SpaceFactory(),
            to_space=SpaceFactory(),
            state=ModelSwitch.State.CUT_OVER,
            cut_over_at=timezone.now(),
        ),
        own_model=own_model_ended(),
        search=FaceSearch.objects.create(
            actor_id="0",
            reason="A bag was left in the lobby",
            expires_at=timezone.now() + FaceSearch.LIFE,
        ),
        rule=rule,
        channel=channel,
        alert=alert,
        delivery=DeliveryFactory(alert=alert, channel=channel),
        proposal=proposed_rule(),
        drift=drift_of(person, camera),
        what_if=what_if_outcome(named),
        period=PeriodFactory(site=person.site),
        saved=SavedReport.objects.create(owner=user, name="Arrivals", kind="arrivals"),
        muster=muster_with(person),
        correction=CorrectionFactory(
            person=person, evidence_key=stored("evidence", of="person"), evidence_name="note.jpg"
        ),
        exception=DayExceptionFactory(day=day),
        shift=shift,
        assignment=assigned(shift, person=person, first=timezone.localdate()),
        holiday=holiday,
        leave=LeaveFactory(person=person),
        punches=PunchImportFactory(),
        kiosk=KioskFactory(),
        measured=run_done(
            made_figures(sizes=tuple(SizeFigure(n, Span(0.1, 0.0, 0.2)) for n in (40, 400)))
        ),
    )
