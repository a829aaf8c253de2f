"""How many questions each page asks the database: as many for thirty rows as for three.

The counts stand in ``query_counts.json``; after a change that is meant, write them anew with
``UPDATE_QUERY_COUNTS=1``. A page whose count follows its rows fails in either mode.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.audit.services import record
from portal.engines.services import report_worker
from portal.hygiene.models import Finding
from portal.jobs.services import log_line
from portal.journal.services import note_act
from portal.organisation.services import department_at
from portal.people.models import LookalikePair
from portal.schedules.models import Holiday, RosterOverride
from tests.factories import (
    ApiTokenFactory,
    CameraFactory,
    FaceImageFactory,
    FaceTemplateFactory,
    JobFactory,
    LikenessFactory,
    PersonFactory,
    RecognisedFaceFactory,
    SpaceFactory,
    StrangerFactory,
    UserFactory,
    api_token,
    enrolled_person,
    visit_with_face,
)
from tests.factories.alerts import (
    AlertFactory,
    ChannelFactory,
    DeliveryFactory,
    RuleFactory,
)
from tests.factories.attendance import (
    CorrectionFactory,
    DayExceptionFactory,
    DayFactory,
    HolidayCalendarFactory,
    LeaveFactory,
    PunchFactory,
    WorkPolicyFactory,
    assigned,
    shift_with_hours,
)
from tests.factories.invitations import invitation, submission
from tests.factories.kiosks import KioskEventFactory, KioskFactory
from tests.factories.muster import MusterEntryFactory, on_site
from tests.factories.punch_imports import PunchImportFactory, PunchImportRowFactory
from tests.factories.rosters import RosterImportFactory, RosterRowFactory
from tests.factories.rules import adopted_rule, proposed_rule
from tests.factories.what_ifs import change_of_visit, what_if_of
from tests.factories.world import World, build_world, drift_of

BASELINE = Path(__file__).with_name("query_counts.json")

PAGES: dict[str, list[str]] = {
    "dashboard:today": [],
    "dashboard:board": [],
    "dashboard:activity": [],
    "dashboard:people": [],
    "dashboard:search": [],
    "muster:overview": [],
    "muster:on_site": [],
    "muster:start": ["site_id"],
    "muster:roll": ["muster_id"],
    "muster:changes": ["muster_id"],
    "muster:people": ["muster_id"],
    "attendance:month": [],
    "attendance:person": ["person_id"],
    "attendance:day": ["person_id", "work_date"],
    "attendance:exceptions": [],
    "attendance:exception": ["exception_id"],
    "attendance:punches": [],
    "attendance:corrections": [],
    "attendance:correction": ["correction_id"],
    "attendance:correct": ["person_id", "work_date"],
    "schedules:roster": [],
    "schedules:holidays": [],
    "schedules:add_calendar": [],
    "schedules:calendar": ["calendar_id"],
    "schedules:leave": [],
    "schedules:my_leave": [],
    "schedules:leave_queue": [],
    "schedules:leave_calendar": [],
    "schedules:add_leave": [],
    "schedules:leave_types": [],
    "schedules:leave_type": ["type_id"],
    "schedules:leave_detail": ["leave_id"],
    "schedules:shifts": [],
    "schedules:shift": ["shift_id"],
    "schedules:add_shift": [],
    "schedules:change_hours": ["shift_id"],
    "schedules:policies": [],
    "schedules:policy": ["policy_id"],
    "schedules:assignments": [],
    "schedules:unplanned": [],
    "schedules:assign": [],
    "schedules:end_assignment": ["assignment_id"],
    "reports:index": [],
    "reports:show": ["slug"],
    "reports:saved": [],
    "reports:periods": [],
    "reports:period": ["period_id"],
    "attendance:imports": [],
    "attendance:import_detail": ["import_id"],
    "kiosk:list": [],
    "kiosk:detail": ["kiosk_id"],
    "people:list": [],
    "people:detail": ["person_id"],
    "people:edit": ["person_id"],
    "people:merge": ["person_id"],
    "people:merge_into": ["source_id", "target_id"],
    "journal:list": [],
    "roster:start": [],
    "roster:detail": ["roster_id"],
    "hygiene:gallery": [],
    "privacy:overview": [],
    "privacy:texts": [],
    "privacy:ask_again": [],
    "privacy:erasures": [],
    "privacy:person": ["person_id"],
    "privacy:dry_run": [],
    "cameras:list": [],
    "cameras:detail": ["camera_id"],
    "cameras:settings": ["camera_id"],
    "cameras:connection": ["camera_id"],
    "cameras:health": ["camera_id"],
    "cameras:funnel": ["camera_id"],
    "sightings:live": [],
    "sightings:stream": [],
    "sightings:tiles": [],
    "sightings:visit": ["visit_id"],
    "sightings:stream_of": ["camera_id"],
    "sightings:of_person": ["person_id"],
    "sightings:detail": ["recognition_id"],
    "sightings:result": ["recognition_id"],
    "sightings:overlay": ["recognition_id"],
    "sightings:recognise": [],
    "review:queue": [],
    "review:people": [],
    "review:strangers": [],
    "review:stranger": ["stranger_id"],
    "facesearch:start": [],
    "alerts:list": [],
    "alerts:detail": ["alert_id"],
    "alerts:rules": [],
    "alerts:channels": [],
    "alerts:channel": ["channel_id"],
    "enrolment:draft": ["enrolment_id"],
    "enrolment:photos": ["enrolment_id"],
    "enrolment:check": ["enrolment_id"],
    "enrolment:lookalikes": ["enrolment_id"],
    "enrolment:walk_past": ["person_id"],
    "invitation:list": [],
    "invitation:queue": [],
    "invitation:review": ["invitation_id"],
    "calibration:overview": [],
    "calibration:accuracy": [],
    "calibration:look_alikes": [],
    "calibration:drift": [],
    "calibration:model": [],
    "calibration:own_model": [],
    "calibration:history": [],
    "calibration:rule": ["number"],
    "calibration:cameras": [],
    "calibration:what_if_new": [],
    "calibration:what_if": ["what_if_id"],
    "jobs:list": [],
    "jobs:detail": ["job_id"],
    "system:health": [],
    "system:tokens": [],
    "system:audit": [],
    "accounts:users": [],
    "accounts:user": ["user_id"],
    "organisation:index": [],
    "api:people": [],
    "api:cameras": [],
    "api:read": ["recognition_id"],
}


def crowd(world: World, *, first: int, last: int) -> None:
    """Rows ``first`` to ``last`` of everything that a page lists."""
    for number in range(first, last):
        person = enrolled_person(number, name=f"Adam {number}")
        camera = CameraFactory()
        match = {"person": person, "decision": "match", "candidates": [[str(person.pk), 0.8]]}
        RecognisedFaceFactory(recognition=world.recognition, position=number, **match)
        RecognisedFaceFactory(recognition__camera=camera, **match)
        RecognisedFaceFactory(recognition__camera=world.camera, **match)
        RecognisedFaceFactory(**{**match, "person": world.person})
        FaceTemplateFactory(image=FaceImageFactory(person=world.person))
        LikenessFactory(
            face__photo__enrolment=world.draft, face__photo__verdict="other_person", person=person
        )
        LikenessFactory(
            face__photo__enrolment=world.submitted.enrolment,
            face__photo__verdict="other_person",
            person=person,
        )
        invitation(person=person)
        invitation(refused_at=timezone.now())
        submission()
        Finding.objects.create(kind=Finding.Kind.FEW, person=person, score=1.0, count=1)
        likely = {"decision": "uncertain", "candidates": [[str(person.pk), 0.47]]}
        visit_with_face(camera=camera, **likely)
        visit_with_face(camera=camera, stranger=world.stranger)
        visit_with_face(
            camera=camera,
            stranger=StrangerFactory(visit_count=1, candidates=[[str(person.pk), 0.3]]),
        )
        alert = AlertFactory(
            rule=RuleFactory(cameras=[camera], channels=[ChannelFactory()]),
            visit=visit_with_face(camera=camera, candidates=likely["candidates"]),
        )
        DeliveryFactory(alert=alert, channel=world.channel)
        DeliveryFactory(alert=world.alert)
        LookalikePair.objects.create(
            first=world.person, second=person, space=SpaceFactory(), score=0.6
        )
        drift_of(person, camera)
        change_of_visit(
            world.what_if,
            visit_with_face(camera=camera, **match),
            after_person=world.person,
        )
        what_if_of()
        adopted_rule()
        proposed_rule()
        note_act("people.status", "an act", data={}, person_id=person.pk, other_id=world.person.pk)
        rotated = shift_with_hours(policy=WorkPolicyFactory())
        assigned(world.shift, rotated, person=person, first=timezone.localdate())
        PersonFactory()
        LeaveFactory(person=person)
        LeaveFactory(
            person=person, first=timezone.localdate() - timedelta(number), state="approved"
        )
        RosterOverride.objects.create(person=person, date=timezone.localdate(), shift=rotated)
        HolidayCalendarFactory()
        Holiday.objects.create(
            calendar=world.holiday.calendar,
            date=timezone.localdate() + timedelta(number),
            name=f"Feast {number}",
        )
        DayFactory(person=person)
        on_site(person, camera=camera, occurrence_no=2)
        MusterEntryFactory(event=world.muster, person=person)
        # Beside the one that the world has.
        DayFactory(person=world.person, occurrence_no=number + 10)
        PunchFactory(person=world.person, camera=camera, visit=world.met, face=world.met.best_face)
        DayExceptionFactory(day__person=person, day__occurrence_no=3)
        CorrectionFactory(person=person)
        PunchImportFactory()
        PunchImportRowFactory(punch_import=world.punches)
        KioskFactory()
        KioskEventFactory(kiosk=world.kiosk, punch=PunchFactory(person=person))
        JobFactory()
        RosterImportFactory()
        RosterRowFactory(roster=world.roster, person=person)
        log_line(world.job.pk, f"line {number}")
        ApiTokenFactory()
        department = department_at(world.site, f"Department {number} / Team")
        assigned(world.shift, department=department, first=timezone.localdate())
        UserFactory(role="manager").departments.add(department)
        record("people.person.looked_at", target=person)
        report_worker(f"light@{number}", role="light", state="ready", pid=number)


def questions(client: Client, world: World, headers: dict[str, str]) -> dict[str, list[str]]:
    """Per page the SQL that it asked."""
    asked = {}
    for name, names in PAGES.items():
        url = reverse(name, kwargs=world.arguments(name, names))
        query = {"q": "a"} if name == "dashboard:search" else {}
        extra = headers if name.startswith("api:") else {}
        with CaptureQueriesContext(
            connection,
        ) as captured:
            response = client.get(url, query, headers=extra)
        assert response.status_code == 200, name
        asked[name] = [entry["sql"] for entry in captured.captured_queries]
    return asked


def shapes(statements: list[str]) -> Counter[str]:
    """The statements without their values, counted."""
    return Counter(re.sub(r"'[^']*'|\b\d+\b|\(\?(, \?)*\)", "?", sql) for sql in statements)


@pytest.fixture(autouse=True)
def _badge_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The badges of the navigation are asked for every few seconds, whatever the page: not here."""
    monkeypatch.setattr("portal.core.kept_count.KEPT_S", 3600)


@pytest.mark.django_db
def test_no_page_asks_more_for_more_rows_nor_more_than_it_used_to(client_of):
    client, world = client_of("administrator"), build_world()
    _, headers = api_token("read", "recognise")
    crowd(world, first=1, last=4)
    questions(client, world, headers)  # whatever is asked once per process is asked here
    few = questions(client, world, headers)
    crowd(world, first=4, last=31)
    many = questions(client, world, headers)

    complaints = []
    for name in PAGES:
        if len(many[name]) != len(few[name]):
            more = shapes(many[name]) - shapes(few[name])
            said = "\n".join(f"  {count} more: {sql[:400]}" for sql, count in more.most_common(5))
            complaints.append(f"{name}: {len(few[name])} became {len(many[name])}\n{said}")
    assert not complaints, "\n".join(complaints)

    counts = {name: len(asked) for name, asked in many.items()}
    if os.environ.get("UPDATE_QUERY_COUNTS"):
        BASELINE.write_text(json.dumps(counts, indent=2) + "\n", encoding="utf-8")
    expected = json.loads(BASELINE.read_text(encoding="utf-8"))
    for name in PAGES:
        if counts[name] != expected.get(name):
            said = "\n".join(f"  {sql[:400]}" for sql in many[name])
            complaints.append(f"{name}: {expected.get(name)} became {counts[name]}\n{said}")
    assert not complaints, "\n".join(complaints)
    assert set(expected) == set(PAGES)
