"""How many questions each page asks the database: as many for thirty rows as for three.

The counts stand in ``query_counts.json``; after a change that is meant, write them anew with
``UPDATE_QUERY_COUNTS=1``. A page whose count follows its rows fails in either mode.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
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
from tests.factories import (
    ApiTokenFactory,
    CameraFactory,
    FaceImageFactory,
    FaceTemplateFactory,
    JobFactory,
    LikenessFactory,
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
from tests.factories.invitations import invitation, submission
from tests.factories.rosters import RosterImportFactory, RosterRowFactory
from tests.factories.world import World, build_world

BASELINE = Path(__file__).with_name("query_counts.json")

PAGES: dict[str, list[str]] = {
    "dashboard:today": [],
    "dashboard:board": [],
    "dashboard:search": [],
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
        note_act("people.status", "an act", data={}, person_id=person.pk, other_id=world.person.pk)
        JobFactory()
        RosterImportFactory()
        RosterRowFactory(roster=world.roster, person=person)
        log_line(world.job.pk, f"line {number}")
        ApiTokenFactory()
        department = department_at(world.site, f"Department {number} / Team")
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
    """The badge beside “Review” is asked for every few seconds, whatever the page: not here."""
    monkeypatch.setattr("portal.review.selectors.counts.KEPT_S", 3600)


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
