"""The Today board: its numbers, its lists, whose they are, and which day it is where."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import Role
from portal.attendance.selectors.presence import last_seen
from portal.attendance.selectors.today import Bucket, board, members_of, people_of
from portal.core.context import SYSTEM, Actor, Scope, acting_as
from portal.core.errors import PermissionMissing
from portal.dashboard.arrivals import arrival_chart
from portal.dashboard.board import ListQuery, board_page
from portal.organisation.models import Site
from portal.organisation.services import default_site, department_at
from tests.conftest import SIGN_IN_BACKEND
from tests.factories import CameraFactory, PersonFactory, UserFactory, VisitFactory
from tests.factories.attendance import (
    DayFactory,
    PunchFactory,
    WorkPolicyFactory,
    shift_with_hours,
)

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
TODAY = NOON.date()


@pytest.fixture(autouse=True)
def as_system():
    with acting_as(SYSTEM):
        default_site()  # before any other site is made
        yield


def day(status: str, *, came: bool | None = None, **fields):
    """A day of nine to five that is ``status``."""
    seen = came if came is not None else status in {"in_progress", "provisional", "incomplete"}
    fields.setdefault("work_date", TODAY)
    if not seen:
        fields = {"first_in": None, "last_out": None} | fields
    elif status in {"in_progress", "incomplete"}:
        fields = {"last_out": None} | fields
    return DayFactory(status=status, **fields)


@pytest.fixture
def shift():
    return shift_with_hours().versions.get()


@pytest.fixture
def crowd(shift):
    """Somebody of each kind, at one site."""
    return {
        "here": day("in_progress", shift=shift),
        "late": day("in_progress", shift=shift, late_min=12),
        "gone": day("provisional", shift=shift),
        "odd": day("incomplete", shift=shift),
        "to come": day("expected", shift=shift),
        "missing": day("not_arrived", shift=shift),
        "unknown": day("pending", shift=shift),
        "absent": day("absent", shift=shift),
        "half absent": day("half_leave_absent", shift=shift),
        "away": day("on_leave", shift=shift),
        "holiday": day("holiday", shift=shift),
        "off": day("day_off"),
        "unscheduled": day("in_progress"),
    }


WHO = {
    Bucket.EXPECTED: {
        *("here", "late", "gone", "odd", "to come", "missing", "unknown"),
        *("absent", "half absent"),
    },
    Bucket.CAME: {"here", "late", "gone", "odd", "unscheduled"},
    Bucket.LATE: {"late"},
    Bucket.ON_SITE: {"here", "late", "unscheduled"},
    Bucket.TO_COME: {"to come"},
    Bucket.NOT_ARRIVED: {"missing"},
    Bucket.PENDING: {"unknown"},
    Bucket.ABSENT: {"absent", "half absent"},
    Bucket.ON_LEAVE: {"away"},
    Bucket.INCOMPLETE: {"odd"},
    Bucket.UNSCHEDULED: {"unscheduled"},
}


@pytest.mark.parametrize("bucket", Bucket)
def test_a_list_holds_whom_its_name_says(bucket, crowd):
    wanted = {crowd[who].person for who in WHO[bucket]}
    assert set(people_of(bucket, NOON)) == wanted


@pytest.mark.parametrize("bucket", Bucket)
def test_a_number_equals_its_list_everywhere(bucket, crowd, shift):
    elsewhere = Site.objects.create(name="Depot", time_zone="Asia/Tokyo")
    hall = department_at(elsewhere, "Hall")
    for status in ("in_progress", "absent", "not_arrived", "on_leave"):
        someone = PersonFactory(site=elsewhere, department=hall)
        day(status, shift=shift, person=someone)
        loose = PersonFactory(site=elsewhere, department=None)
        day(status, shift=shift, person=loose, late_min=1)
    # Two shifts a day are one person.
    day("in_progress", shift=shift, person=crowd["gone"].person, occurrence_no=2, late_min=3)
    found = board(NOON)
    assert len(found.sites) == 2
    assert found.counts[bucket] == people_of(bucket, NOON).count()
    for site in found.sites:
        where = {"site_id": site.site_date.site.pk}
        assert site.counts[bucket] == people_of(bucket, NOON, **where).count()
        for each in site.departments:
            theirs = {
                "department_id": each.department.pk if each.department else None,
                "has_no_department": each.department is None,
            }
            assert each.counts[bucket] == people_of(bucket, NOON, **where, **theirs).count()
        assert site.counts[bucket] == sum(each.counts[bucket] for each in site.departments)


def test_each_site_has_its_own_today(shift):
    # In Auckland it is Wednesday already, in Honolulu still Tuesday.
    auckland = Site.objects.create(name="Auckland", time_zone="Pacific/Auckland")
    honolulu = Site.objects.create(name="Honolulu", time_zone="Pacific/Honolulu")
    wednesday, tuesday = date(2026, 11, 25), date(2026, 11, 24)
    expected = set()
    for site, own in ((auckland, wednesday), (honolulu, tuesday)):
        for work_date in (tuesday, wednesday):
            person = PersonFactory(site=site, department=None)
            day("absent", shift=shift, person=person, site=site, work_date=work_date)
            if work_date == own:
                expected.add(person)
    found = board(NOON)
    assert {s.site_date.site.name: s.site_date.today for s in found.sites} == {
        "Auckland": wednesday,
        "Honolulu": tuesday,
    }
    assert found.counts[Bucket.ABSENT] == 2
    assert set(people_of(Bucket.ABSENT, NOON)) == expected


def test_a_night_shift_that_began_yesterday_is_on_site_and_is_nothing_else_today(shift):
    early = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
    night = day(
        "in_progress",
        shift=shift,
        work_date=TODAY - timedelta(days=1),
        start=early - timedelta(hours=5),
        end=early + timedelta(hours=3),
        first_in=early - timedelta(hours=5),
        window_end=early + timedelta(hours=7),
        late_min=4,
    )
    old = day("in_progress", shift=shift, work_date=TODAY - timedelta(days=3))
    found = board(early)
    assert found.counts[Bucket.ON_SITE] == 1
    assert sum(found.counts.values()) == 1
    assert list(people_of(Bucket.ON_SITE, early)) == [night.person]
    assert old.person not in people_of(Bucket.ON_SITE, early)


class TestWhoWasSeenLastByACameraWithoutADirection:
    """They may have gone: they are here until their shift ends, or for two hours."""

    CASES = {
        "the shift is running": ("unknown", 2, 10, True),
        "the shift is over, but they were seen an hour ago": ("unknown", -1, 1, True),
        "the shift is over, and they were seen long ago": ("unknown", -1, 3, False),
        "an exit camera saw them go": ("out", 2, 1, False),
    }

    @pytest.mark.parametrize("case", CASES)
    def test_is_here_or_is_not(self, case, shift):
        direction, end_in_h, seen_h_ago, is_here = self.CASES[case]
        seen = NOON - timedelta(hours=seen_h_ago)
        person = PersonFactory()
        day(
            "provisional",
            shift=shift,
            person=person,
            first_in=NOON - timedelta(hours=11),
            last_out=seen,
            end=NOON + timedelta(hours=end_in_h),
            window_end=NOON + timedelta(hours=end_in_h + 4),
        )
        PunchFactory(person=person, at=NOON - timedelta(hours=11), direction="unknown")
        PunchFactory(person=person, at=seen - timedelta(seconds=20), last_at=seen,
                     direction=direction)  # fmt: skip
        found = board(NOON)
        assert found.counts[Bucket.ON_SITE] == is_here
        assert found.perhaps_on_site == is_here

    def test_a_punch_that_was_taken_back_says_nothing(self, shift):
        person = PersonFactory()
        day("provisional", shift=shift, person=person, last_out=NOON,
            end=NOON + timedelta(hours=2), window_end=NOON + timedelta(hours=3))  # fmt: skip
        PunchFactory(person=person, at=NOON, direction="unknown", voided_at=NOON)
        assert board(NOON).counts[Bucket.ON_SITE] == 0


class TestWhoWasNeverSeenLeaving:
    """The time for leaving is over and they may be inside all the same: in an alarm it is worse
    to overlook somebody than to look for somebody who went."""

    @staticmethod
    def came_at_nine(shift, **fields):
        """Until 17:00, and the cameras wait for a leaving until 21:00."""
        person = fields.pop("person", None) or PersonFactory()
        came = NOON - timedelta(hours=3)
        fields = {
            "status": "incomplete",
            "flags": ["missing_out"],
            "first_in": came,
            "last_out": None,
            "end": came + timedelta(hours=8),
            "window_end": came + timedelta(hours=12),
        } | fields
        row = day(shift=shift, person=person, **fields)
        PunchFactory(person=person, at=came, direction="in")
        return row

    CASES = {
        "until the window ends, for certain": (12 - 1, {"status": "in_progress", "flags": []}, 1),
        "just after": (12.1, {}, 1),
        "and the policy closed the day": (
            12.1, {"status": "present", "flags": ["auto_closed"], "closed": 8}, 1
        ),
        "before anybody knew of every camera": (
            12.1, {"status": "provisional", "flags": ["auto_closed"], "closed": 8}, 1
        ),
        "as long as a session may last": (15.9, {}, 1),
        "but no longer": (16.1, {}, 0),
        "who left is gone": (12.1, {"status": "present", "flags": [], "closed": 8}, 0),
        "of a leaving alone nothing follows": (
            12.1, {"flags": ["missing_in"], "first_in": None, "closed": 8}, 0
        ),
    }  # fmt: skip

    @pytest.mark.parametrize("case", CASES)
    def test_is_perhaps_here(self, case, shift):
        hours, fields, is_here = self.CASES[case]
        fields = dict(fields)
        closed = fields.pop("closed", None)
        if closed is not None:
            fields["last_out"] = NOON + timedelta(hours=closed - 3)
        row = self.came_at_nine(shift, **fields)
        if "who left" in case or "leaving alone" in case:
            PunchFactory(person=row.person, at=row.last_out, direction="out")
        now = NOON - timedelta(hours=3) + timedelta(hours=hours)
        found = board(now)
        assert found.counts[Bucket.ON_SITE] == is_here
        assert people_of(Bucket.ON_SITE, now).count() == is_here
        assert found.perhaps_on_site == (is_here if hours > 12 else 0)

    def test_the_policy_of_the_day_says_how_long(self, shift):
        short = WorkPolicyFactory(version__max_session_min=13 * 60).versions.get()
        person = self.came_at_nine(shift, policy=short).person
        for hours, there in ((12.9, [person]), (13.1, [])):
            now = NOON - timedelta(hours=3) + timedelta(hours=hours)
            assert list(people_of(Bucket.ON_SITE, now)) == there

    def test_who_came_back_is_here_for_as_long_again(self, shift):
        person = self.came_at_nine(shift).person
        back = NOON + timedelta(hours=4)
        PunchFactory(person=person, at=NOON, direction="out")
        PunchFactory(person=person, at=back, direction="in")
        late = NOON + timedelta(hours=11.5)
        assert list(people_of(Bucket.ON_SITE, late)) == [person]

    def test_a_leaving_that_closes_nothing_is_one_all_the_same(self, shift):
        person = self.came_at_nine(shift).person
        PunchFactory(person=person, at=NOON + timedelta(hours=9), direction="out")
        assert not people_of(Bucket.ON_SITE, NOON + timedelta(hours=9.5)).exists()

    def test_whoever_was_at_work_elsewhere_since_is_where_that_row_says(self, shift):
        """A camera without a direction saw them go from the second shift."""
        evening = NOON + timedelta(hours=5)
        row = self.came_at_nine(shift, window_end=NOON + timedelta(hours=6))
        day("present", shift=shift, person=row.person, occurrence_no=2, first_in=evening,
            last_out=evening + timedelta(hours=1), window_end=evening + timedelta(hours=2))  # fmt: skip
        for at in (evening, evening + timedelta(hours=1)):
            PunchFactory(person=row.person, at=at, direction="unknown")
        assert not people_of(Bucket.ON_SITE, evening + timedelta(hours=2.5)).exists()


class TestScope:
    def test_whoever_sees_a_department_sees_its_people_alone(self, crowd, shift):
        other = PersonFactory(department_path="Elsewhere")
        day("absent", shift=shift, person=other)
        scope = Scope(department_ids=frozenset({other.department.pk}))
        manager = Actor("user", "1", "m", frozenset({"attendance.view"}), scope=scope)
        with acting_as(manager):
            found = board(NOON)
            assert found.counts[Bucket.ABSENT] == found.counts[Bucket.EXPECTED] == 1
            assert list(people_of(Bucket.ABSENT, NOON)) == [other]

    def test_without_the_right_there_is_no_board(self):
        nobody = Actor("user", "1", "x", frozenset({"self.view"}))
        with acting_as(nobody), pytest.raises(PermissionMissing):
            board(NOON)
        with acting_as(nobody), pytest.raises(PermissionMissing):
            people_of(Bucket.CAME, NOON)


class TestWhereSomebodyWasSeenLast:
    def test_is_the_later_of_punch_and_visit(self):
        ada, bruno = PersonFactory(), PersonFactory()
        gate = CameraFactory(name="Gate", place="")
        lab = CameraFactory(name="Lab camera", place="Laboratory")
        for person, visit_ago in ((ada, 5), (bruno, 50)):
            PunchFactory(person=person, at=NOON - timedelta(minutes=20), camera=gate)
            VisitFactory(
                person=person,
                camera=lab,
                decision="match",
                is_confirmed=True,
                first_at=NOON - timedelta(minutes=visit_ago),
            )
        found = last_seen([ada.pk, bruno.pk], now=NOON)
        assert found[ada.pk].place == "Laboratory"
        assert found[bruno.pk].place == "Gate"
        assert found[bruno.pk].at == NOON - timedelta(minutes=20)

    def test_is_not_told_by_a_likely_name_or_a_punch_that_does_not_count(self):
        ada = PersonFactory()
        VisitFactory(person=ada, decision="match", is_confirmed=False, first_at=NOON)
        PunchFactory(person=ada, at=NOON, state="pending")
        PunchFactory(person=ada, at=NOON, voided_at=NOON)
        assert last_seen([ada.pk], now=NOON) == {}


class TestArrivals:
    def test_are_counted_by_the_clock_of_each_site(self, shift):
        tokyo = Site.objects.create(name="Tokyo", time_zone="Asia/Tokyo")
        there = PersonFactory(site=tokyo, department=None)
        # 08:57 by both clocks.
        day("in_progress", shift=shift, first_in=datetime(2026, 11, 24, 8, 57, tzinfo=UTC))
        day("in_progress", shift=shift, person=there, site=tokyo,
            first_in=datetime(2026, 11, 23, 23, 57, 59, 900, tzinfo=UTC))  # fmt: skip
        day("in_progress", shift=shift, first_in=datetime(2026, 11, 24, 9, 0, tzinfo=UTC))
        found = board(NOON).arrivals
        assert found.by_minute == ((8 * 60 + 50, 2), (9 * 60, 1))
        chart = arrival_chart(found)
        assert chart is not None
        assert chart.finding == "Most came between 08:50 and 09:00: 2 of 3"
        assert sum(each.bar.value for each in chart.bars) == chart.total == 3

    def test_of_a_whole_day_are_drawn_in_wider_bars(self, shift):
        for hour in range(24):
            day("in_progress", shift=shift, first_in=datetime(2026, 11, 24, hour, 59, tzinfo=UTC))
        chart = arrival_chart(board(NOON).arrivals)
        assert chart is not None
        assert chart.step_min == 30
        assert [each.bar.value for each in chart.bars] == [0, 1] * 24
        assert len(chart.hours) == 8

    def test_of_nobody_are_not_drawn(self, shift):
        day("absent", shift=shift)
        assert arrival_chart(board(NOON).arrivals) is None


class TestThePages:
    @pytest.fixture
    def officer(self):
        return self.client_of(Role.OFFICER)

    @pytest.fixture
    def hr(self):
        return self.client_of(Role.HR)

    def client_of(self, role):
        client = Client()
        client.force_login(UserFactory(role=role), backend=SIGN_IN_BACKEND)
        return client

    def test_before_there_is_a_shift_the_page_says_so_and_shows_the_cameras(self, hr):
        page = hr.get(reverse("dashboard:today")).content.decode()
        assert "There are no shifts yet" in page
        assert "First steps" in page

    def test_with_shifts_and_nobody_in_them_it_says_that(self, hr, shift):
        page = hr.get(reverse("dashboard:today")).content.decode()
        assert "Nobody is expected today" in page
        assert "There are no shifts yet" not in page

    def test_numbers_lead_to_lists_of_as_many(self, hr, shift):
        today = timezone.now().date()
        for status in ("in_progress", "not_arrived", "not_arrived"):
            day(status, shift=shift, work_date=today)
        page = hr.get(reverse("dashboard:today"))
        tiles = {tile.bucket: tile for tile in page.context["page"].tiles}
        assert tiles[Bucket.NOT_ARRIVED].count == 2
        for tile in tiles.values():
            assert tile.url.replace("&", "&amp;") in page.content.decode()
            listed = hr.get(tile.url).context["listed"]
            assert listed.page.paginator.count == tile.count
            assert len(listed.rows) == tile.count

    def test_a_row_says_who_which_shift_since_when_and_where(self, hr, shift):
        today = timezone.now().date()
        row = day("in_progress", shift=shift, work_date=today, late_min=12,
                  person__name="Ada Lovelace")  # fmt: skip
        camera = CameraFactory(name="North door", place="")
        PunchFactory(person=row.person, camera=camera, at=timezone.now())
        text = hr.get(reverse("dashboard:people"), {"list": "late"}).content.decode()
        for word in ("Ada Lovelace", shift.shift.name, "09:00", "12 min late", "North door"):
            assert word in text

    def test_whoever_may_not_see_attendance_sees_the_cameras_alone(self, officer, crowd):
        page = officer.get(reverse("dashboard:today"))
        assert page.context["page"] is None
        assert "Last faces" in page.content.decode()
        assert officer.get(reverse("dashboard:board")).status_code == 403
        assert officer.get(reverse("dashboard:people")).status_code == 403

    @pytest.mark.parametrize(
        "query",
        ["list=nonsense", "site=x", "department=%00", "q=%00", "q=" + "a+" * 900, "page=-3"],
    )
    def test_a_query_that_makes_no_sense_is_no_failure(self, hr, query):
        assert hr.get(f"{reverse('dashboard:people')}?{query}").status_code == 200

    def test_a_search_finds_names_and_codes_within_the_list(self, hr, shift):
        today = timezone.now().date()
        ada = day("absent", shift=shift, work_date=today, person__name="Ada", person__code="X1")
        day("absent", shift=shift, work_date=today, person__name="Bruno")
        day("on_leave", shift=shift, work_date=today, person__name="Adam")
        for text in ("ada", "x1"):
            rows = hr.get(reverse("dashboard:people"), {"list": "absent", "q": text})
            assert [row.person for row in rows.context["listed"].rows] == [ada.person]


def test_members_keep_the_order_of_their_names_and_their_own_rows(shift):
    chloe, bruno = PersonFactory(name="Chloe"), PersonFactory(name="Bruno")
    first = day("in_progress", shift=shift, person=chloe)
    day("absent", shift=shift, person=chloe, occurrence_no=2)
    second = day("in_progress", shift=shift, person=bruno)
    people = list(people_of(Bucket.ON_SITE, NOON))
    assert people == [bruno, chloe]
    members = members_of(Bucket.ON_SITE, people, NOON)
    assert [member.days for member in members] == [(second,), (first,)]


def test_a_board_of_one_site_without_departments_is_one_line(shift):
    day("absent", shift=shift, person=PersonFactory(department=None))
    assert [line.depth for line in board_page(NOON).lines] == [0]
    assert ListQuery.of({"department": "none"}).has_no_department
