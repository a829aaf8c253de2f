"""The number of people on site beside the stream: as attendance knows it.

What attendance makes of cameras with and without a direction is told in its own tests.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.attendance.selectors.today import Bucket, board
from portal.core.context import Actor, Scope, acting_as
from portal.core.errors import PermissionMissing
from portal.organisation.models import Department, Site
from portal.sightings.selectors import on_site_count
from tests.factories import PersonFactory, VisitFactory, enrolled_person
from tests.factories.muster import on_site

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("isolated", "administrator")]


def test_it_is_the_number_of_the_today_board():
    now = timezone.now()
    for zone in ("Asia/Tokyo", "America/Los_Angeles"):
        site = Site.objects.create(name=zone, time_zone=zone)
        today = now.astimezone(ZoneInfo(zone)).date()
        on_site(PersonFactory(site=site), site=site, work_date=today)
        night = today - timedelta(days=1)
        on_site(PersonFactory(site=site), site=site, work_date=night)
        on_site(PersonFactory(site=site), site=site, work_date=today, status="provisional")
    assert on_site_count() == board(now).counts[Bucket.ON_SITE] == 4


def test_a_person_is_counted_once_and_who_is_seen_without_coming_not_at_all():
    ada = PersonFactory()
    on_site(ada)
    on_site(ada, occurrence_no=2)
    VisitFactory(person=enrolled_person(1), decision="match", closed_at=None)
    VisitFactory(closed_at=None)
    assert on_site_count() == 1


def test_it_is_of_those_whom_the_actor_may_see_and_needs_no_right_to_their_days():
    here, there = Site.objects.create(name="Here"), Site.objects.create(name="There")
    department = Department.objects.create(site=here, name="Store", path="Store")
    for site in (here, there):
        on_site(PersonFactory(site=site, department=department), site=site)
    on_site(PersonFactory(site=there), site=there)
    assert on_site_count() == 3
    guard = Actor("user", "9", "guard", frozenset({"sightings.view"}))
    for scope, people in (
        (Scope(), 3),
        (Scope(department_ids=frozenset({department.pk})), 2),
        (Scope(site_ids=frozenset({here.pk})), 1),
        (Scope(site_ids=frozenset()), 0),
    ):
        with acting_as(replace(guard, scope=scope)):
            assert on_site_count() == people
    with (
        acting_as(Actor("user", "8", "clerk", frozenset({"attendance.view"}))),
        pytest.raises(PermissionMissing),
    ):
        on_site_count()


def test_it_is_asked_for_in_a_few_questions_however_many_are_here():
    asked = []
    for people in (1, 4):
        while on_site_count() < people:
            on_site()
        with CaptureQueriesContext(connection) as queries:
            assert on_site_count() == people
        asked.append(len(queries))
    assert asked[0] == asked[1] <= 3, "every Live page that is open asks once a second at most"
