"""What a camera yields: counting by several at once, the funnel, its advice, the small charts."""

from __future__ import annotations

import re
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection, connections
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from portal.cameras.advice import LEAST_FACES, Evidence, advise, faces_missing
from portal.cameras.contracts import CameraYield
from portal.cameras.models import Camera, CameraHealth, CameraHour
from portal.cameras.selectors import funnel_of, last_hours, overview
from portal.cameras.services import count_yields, forget_old_hours
from portal.cameras.wording import notices, span
from portal.ui.charts import bars
from tests.factories import CameraFactory, RecognisedFaceFactory, VisitFactory, VisitLegFactory

TEN = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)


class TestCounting:
    pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("administrator")]

    def test_counts_and_losses_of_one_hour_are_added_up(self):
        camera = CameraFactory()
        one = CameraYield(
            camera.pk, TEN, frames=5, faces=3, visits=1, losses={"blurred": 2, "too_small": 1}
        )
        count_yields([one, replace(one, losses={"blurred": 1}), replace(one, losses={})])
        count_yields([replace(one, at=TEN + timedelta(minutes=29))])
        hour = CameraHour.objects.get()
        assert hour.hour == TEN.replace(minute=0)
        assert (hour.frames, hour.faces, hour.visits) == (20, 12, 4)
        assert hour.losses == {"blurred": 5, "too_small": 2}

    def test_each_camera_and_hour_has_a_row_of_its_own(self):
        cameras = [CameraFactory(), CameraFactory()]
        later = TEN + timedelta(minutes=30)
        count_yields(
            [CameraYield(camera.pk, at, faces=1) for camera in cameras for at in (TEN, later)]
        )
        rows = CameraHour.objects.values_list("camera", "hour", "faces")
        assert set(rows) == {
            (camera.pk, at.replace(minute=0), 1) for camera in cameras for at in (TEN, later)
        }

    def test_what_holds_nothing_writes_nothing(self, django_assert_num_queries):
        camera = CameraFactory()
        with django_assert_num_queries(2):  # the savepoint alone
            count_yields([CameraYield(camera.pk, TEN)])
        assert not CameraHour.objects.exists()

    def test_a_camera_that_is_gone_takes_nobody_along(self):
        camera = CameraFactory()
        count_yields([CameraYield(uuid4(), TEN, faces=1), CameraYield(camera.pk, TEN, faces=1)])
        assert CameraHour.objects.get().camera == camera

    def test_hours_are_forgotten_after_four_hundred_days(self):
        camera = CameraFactory()
        for days in (399, 401):
            count_yields([CameraYield(camera.pk, timezone.now() - timedelta(days=days), faces=1)])
        assert forget_old_hours() == 1
        assert CameraHour.objects.get().hour > timezone.now() - timedelta(days=400)


@pytest.mark.django_db(transaction=True)
def test_two_that_count_at_once_lose_nothing(tmp_path):
    """On a file, as in production: the tests' own database lies in memory and knows no waiting."""
    camera, at_once, path = CameraFactory(), threading.Barrier(2), tmp_path / "counted.sqlite3"
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(path)) as file:
            connection.ensure_connection()
            connection.connection.backup(file)
            # As the first start leaves it: to switch over, a connection must be alone.
            file.execute("PRAGMA journal_mode=WAL")

    def count(_: int) -> tuple[int, dict[str, int]]:
        if connection.vendor == "sqlite":
            own = connections.create_connection("default")
            own.settings_dict = {**own.settings_dict, "NAME": str(path)}
            connections["default"] = own
        at_once.wait()
        try:
            for _ in range(15):
                count_yields([CameraYield(camera.pk, TEN, faces=1, losses={"blurred": 1})])
            at_once.wait()
            return CameraHour.objects.values_list("faces", "losses").get()
        finally:
            connections["default"].close()

    with ThreadPoolExecutor(2) as both:
        assert list(both.map(count, range(2))) == [(30, {"blurred": 30})] * 2


class TestFunnel:
    pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("administrator")]

    @pytest.fixture(autouse=True)
    def _half_past_ten(self, time_machine):
        time_machine.move_to(TEN, tick=False)

    def test_today_begins_at_the_camera_s_midnight(self):
        camera = CameraFactory()
        camera.site.time_zone = "America/New_York"  # 05:30 there
        camera.site.save()
        for hours_ago in (1, 5, 6, 30):
            count_yields([CameraYield(camera.pk, TEN - timedelta(hours=hours_ago), visits=1)])
        assert funnel_of(camera, "today").visits == 2
        assert funnel_of(camera, "week").visits == 4

    def test_people_faces_and_reasons(self):
        camera = CameraFactory()
        count_yields(
            [
                CameraYield(
                    camera.pk,
                    TEN,
                    faces=40,
                    usable_faces=25,
                    visits=10,
                    usable_visits=8,
                    recognised_visits=5,
                    uncertain_visits=1,
                    stranger_visits=2,
                    losses={
                        "too_small": 10,
                        "grey_band": 1,
                        "blurred": 5,
                        "below_min_size": 2,
                        "below_grey_band": 2,
                        "new_reason": 3,
                    },
                )
            ]
        )
        funnel = funnel_of(camera, "today")
        assert [(step.count, step.percent) for step in funnel.people] == [
            (10, "100%"),
            (8, "80%"),
            (5, "50%"),
        ]
        assert [(step.label, step.count) for step in funnel.others] == [
            ("To be confirmed", 1),
            ("Strangers", 2),
        ]
        assert [(loss.label, loss.count, loss.percent) for loss in funnel.ranked_losses] == [
            ("Too small", 10, "50%"),
            ("Blurred", 5, "25%"),
            ("New reason", 3, "15%"),
            ("Smaller than asked for", 2, "10%"),
        ]
        assert [(loss.label, loss.count, loss.percent) for loss in funnel.ranked_reasons] == [
            ("Nobody similar enough", 2, "67%"),
            ("Nearly similar enough", 1, "33%"),
        ], "people, who are no share of the faces"
        assert funnel.finding == "5 of 10 people recognised"

    def test_a_bar_is_never_wider_than_the_whole(self):
        camera = CameraFactory()
        # Seen in the hour before midnight, recognised in the one after.
        count_yields([CameraYield(camera.pk, TEN, visits=1, recognised_visits=2)])
        assert funnel_of(camera, "today").people[2].width == "100.0%"

    def test_the_last_day_hour_by_hour(self):
        camera, other = CameraFactory(), CameraFactory()
        for hours_ago, faces in ((0, 3), (23, 5), (24, 7)):
            at = TEN - timedelta(hours=hours_ago)
            count_yields([CameraYield(camera.pk, at, faces=faces)])
        hours = last_hours([camera.pk, other.pk])
        assert [hour.faces for hour in hours[camera.pk]] == [5, *[0] * 22, 3]
        assert hours[camera.pk][-1].start == TEN.replace(minute=0)
        assert {hour.faces for hour in hours[other.pk]} == {0}


GOOD = Evidence(
    is_online=True,
    online_s=8 * 3600,
    fps=5.0,
    wanted_fps=5.0,
    faces=400,
    usable_faces=380,
    usable_visits=100,
)


@pytest.mark.parametrize(
    ("change", "code", "why"),
    [
        ({}, None, "all is well"),
        ({"is_online": False, "faces": 0, "usable_faces": 0}, None, "its state says why"),
        ({"faces": 0, "usable_faces": 0}, "no_faces", "online for hours and nobody seen"),
        (
            {"faces": 0, "usable_faces": 0, "online_s": 7199},
            None,
            "nobody passed yet: two hours must have gone by",
        ),
        ({"fps": 2.4}, "few_pictures", "fewer than half of what is wanted"),
        ({"fps": 2.5}, None, "half is enough"),
        ({"fps": 0.5, "wanted_fps": 0.0}, None, "it sends when it likes"),
        (
            {"fps": 1.0, "usable_faces": 10, "losses": {"blurred": 390}},
            "few_pictures",
            "the network comes before the picture",
        ),
        (
            {"faces": 49, "usable_faces": 0, "losses": {"blurred": 49}},
            None,
            "one face too few to say anything",
        ),
        ({"usable_faces": 281, "losses": {"blurred": 119}}, None, "fewer than 3 in 10 are lost"),
        ({"usable_faces": 280, "losses": {"blurred": 120}}, "blurred", "3 in 10 are lost"),
        ({"usable_faces": 100, "losses": {"too_small": 300}}, "too_small", "nearly all too small"),
        (
            {"usable_faces": 100, "losses": {"turned_away": 150, "tilted": 100, "blurred": 50}},
            "turned_away",
            "both are mended by the camera's height",
        ),
        (
            {"usable_faces": 100, "losses": {"too_dark": 90, "overexposed": 80, "blurred": 130}},
            "light",
            "light in its kinds outweighs the largest single reason",
        ),
        ({"usable_faces": 100, "losses": {"cut_off": 300}}, "cut_off", "at the picture's edge"),
        ({"usable_faces": 100, "losses": {"eyes_hidden": 300}}, "covered", "dark glasses"),
        (
            {
                "usable_faces": 100,
                "losses": {"blurred": 75, "too_small": 75, "cut_off": 75, "too_dark": 75},
            },
            None,
            "no reason stands out",
        ),
        (
            {"usable_faces": 100, "losses": {"below_grey_band": 300}},
            None,
            "strangers are no loss of the camera's",
        ),
        (
            {"usable_faces": 0, "losses": {"below_min_size": 400}, "min_face_px": 300},
            "below_min_size",
            "the camera's own settings lose them",
        ),
        (
            {"usable_faces": 0, "losses": {"outside_region": 400}},
            "outside_region",
            "the region drawn on the still loses them",
        ),
        (
            {"usable_faces": 80, "losses": {"outside_region": 300, "blurred": 20}},
            "outside_region",
            "too few of those within are lost to speak of them",
        ),
        (
            {"usable_faces": 50, "losses": {"outside_region": 300, "blurred": 50}},
            "blurred",
            "what the region leaves out on purpose hides nothing of what it lets in",
        ),
        ({"losses": {"empty_gallery": 100}}, "empty_gallery", "nobody could be recognised"),
        ({"losses": {"empty_gallery": 49}}, None, "somebody was enrolled in the meantime"),
        (
            {"usable_visits": 9, "losses": {"empty_gallery": 9}},
            None,
            "fewer than ten people are chance here too",
        ),
        ({"uncertain_visits": 30}, "grey_band", "three in ten are nearly recognised"),
        ({"uncertain_visits": 29}, None, "fewer are everyday life"),
        ({"uncertain_visits": 9, "usable_visits": 9}, None, "fewer than ten are chance"),
    ],
)
def test_one_piece_of_advice_by_rule(change, code, why):
    advice = advise(replace(GOOD, **change))
    assert (advice.code if advice else None) == code, why


@pytest.mark.parametrize(
    ("width", "asked", "said"),
    [
        (38.4, 0, "Faces are 38 px wide in the middle. .*: 60 px are needed"),
        (38.4, 90, "90 px are needed"),  # what the camera's settings ask for
        (None, 0, "too few pixels wide"),  # not measured
        (80.0, 0, "too few pixels wide"),  # of those kept; the lost ones were smaller
    ],
)
def test_too_small_is_said_in_pixels(width, asked, said):
    evidence = replace(
        GOOD, usable_faces=0, losses={"too_small": 400}, face_width_px=width, min_face_px=asked
    )
    advice = advise(evidence)
    assert advice is not None
    assert re.search(said, advice.text)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (300, "faces under 300 px, and 60 px are enough"),
        (40, "nearer or zoom in: 60 px are needed"),  # to ask for less would not help
    ],
)
def test_what_the_settings_leave_out_is_said_in_pixels(asked, said):
    evidence = replace(GOOD, usable_faces=0, losses={"below_min_size": 400}, min_face_px=asked)
    advice = advise(evidence)
    assert advice is not None
    assert said in advice.text


@pytest.mark.parametrize(("faces", "missing"), [(0, 50), (49, 1), (50, 0), (999, 0)])
def test_how_much_is_missing_is_said(faces, missing):
    assert faces_missing(Evidence(is_online=True, faces=faces)) == missing


@given(
    st.builds(
        Evidence,
        is_online=st.booleans(),
        online_s=st.integers(0, 10**6),
        fps=st.floats(0, 60),
        wanted_fps=st.floats(0, 30),
        faces=st.integers(0, LEAST_FACES - 1),
        usable_faces=st.integers(0, 100),
        losses=st.dictionaries(st.sampled_from(["too_small", "blurred", "x"]), st.integers(0, 99)),
    )
)
def test_with_too_little_data_nothing_is_said_of_faces(evidence):
    advice = advise(evidence)
    assert advice is None or advice.code in {"no_faces", "few_pictures"}


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [(0, "0 ms"), (999, "999 ms"), (-1_500, "1.5 s"), (420_000, "7 min"), (7_200_000, "2 h")],
)
def test_spans_in_words(milliseconds, words):
    assert span(milliseconds) == words


class TestNotices:
    pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("administrator")]

    def said(self, *, kind=Camera.Kind.RTSP, seen=True, **fields):
        now = timezone.now()
        camera = CameraFactory(kind=kind, last_seen_at=now if seen else now - timedelta(days=1))
        status = CameraHealth.objects.create(
            camera=camera, **{"state": "online", "state_since": now, **fields}
        )
        return [notice.title for notice in notices(camera, status)]

    @pytest.mark.parametrize(
        ("fields", "title"),
        [
            ({"skew_ms": 5_000.0, "latency_ms": 400.0}, None),
            ({"skew_ms": 5_001.0}, "The camera's clock is 5.0 s ahead"),
            ({"skew_ms": -420_000.0}, "The camera's clock is 7 min behind"),
            ({"latency_ms": 420_000.0}, "Pictures arrive 7 min after they were taken"),
            ({"state": "refused"}, "The camera refuses the connection"),
            ({"state": "offline"}, "The camera gives no pictures"),
        ],
    )
    def test_what_is_amiss_comes_with_what_to_do(self, fields, title):
        assert self.said(**fields) == ([title] if title else [])

    def test_a_sender_that_is_silent_may_be_right(self):
        assert self.said(kind=Camera.Kind.PUSH, seen=False) == ["Nothing was sent for a while"]


@pytest.mark.parametrize(
    ("values", "heights"),
    [
        ([], []),
        ([0, 0], ["0.00", "0.00"]),
        ([1, 2, 4], ["5.00", "10.00", "20.00"]),
        ([1, 1000], ["1.50", "20.00"]),  # one face is seen beside a thousand
    ],
)
def test_the_tallest_bar_reaches_the_top(values, heights):
    drawn = bars(values, height=20)
    assert [bar.height for bar in drawn] == heights
    assert all(float(bar.y) + float(bar.height) == pytest.approx(20) for bar in drawn)


class TestPages:
    pytestmark = pytest.mark.django_db

    @pytest.fixture(autouse=True)
    def _as(self, administrator):
        pass

    def camera(self, name, *, state="online", **fields):
        camera = CameraFactory(
            name=name, kind=Camera.Kind.RTSP, last_seen_at=timezone.now(), **fields
        )
        CameraHealth.objects.create(
            camera=camera, state=state, state_since=timezone.now(), last_frame_at=timezone.now()
        )
        return camera

    def test_cameras_in_trouble_come_first(self):
        self.camera("Aisle")
        self.camera("Zebra", state="offline")
        self.camera("Yard", state="refused")
        CameraFactory(name="Bay")
        self.camera("Cellar", is_enabled=False)
        found = overview()
        assert [tile.camera.name for tile in found.tiles] == [
            "Zebra",
            "Yard",
            "Aisle",
            "Bay",
            "Cellar",
        ]
        assert (found.total, found.online, found.troubled) == (5, 1, 2)

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ({}, ["Aisle", "Gate"]),
            ({"state": "trouble"}, []),
            ({"state": "online"}, ["Aisle"]),
            ({"state": "nonsense", "site": "nonsense"}, ["Aisle", "Gate"]),
        ],
    )
    def test_the_list_is_narrowed(self, client_of, query, names):
        self.camera("Aisle")
        CameraFactory(name="Gate")
        page = client_of("officer").get(reverse("cameras:list"), query).content.decode()
        assert [name for name in ("Aisle", "Gate") if f">{name}<" in page] == names
        assert ("No camera is like this" in page) == (not names)

    def test_the_system_page_counts_them(self, client_of):
        client, url = client_of("administrator"), reverse("system:health")
        assert "online." not in client.get(url).content.decode()
        self.camera("Aisle")
        CameraFactory(name="New")
        assert "1 of 1 camera is online." in client.get(url).content.decode()
        self.camera("Yard", state="offline")
        page = client.get(url).content.decode()
        assert "1 of 2 cameras are online. The Cameras page says what the others lack." in page

    def test_without_a_camera_the_list_says_what_to_do(self, client_of):
        page = client_of("administrator").get(reverse("cameras:list")).content.decode()
        assert "No camera yet" in page
        assert reverse("cameras:create") in page
        assert re.search('<form[^>]* id="camera-filter"[^>]* hidden>', page), "nothing to narrow"

    def test_a_tile_shows_the_last_face_to_those_who_may_see_faces(self, client_of):
        camera = self.camera("Gate")
        face = RecognisedFaceFactory(recognition__camera=camera)
        VisitLegFactory(visit=VisitFactory(camera=camera, best_face=face), camera=camera)
        crop = reverse("sightings:crop", args=[face.pk])
        assert crop in client_of("officer").get(reverse("cameras:list")).content.decode()

    def test_the_camera_s_page_says_up_to_when_everything_is_recorded(self, client_of):
        camera = self.camera("Gate")
        url = reverse("cameras:detail", args=[camera.pk])
        client = client_of("officer")
        assert "Nothing is recorded yet" in client.get(url).content.decode()
        CameraHealth.objects.update(complete_until=timezone.now())
        assert "Everything up to" in client.get(url).content.decode()

    @pytest.mark.parametrize("period", ["today", "week", "century"])
    def test_the_funnel_can_be_read_as_a_table(self, client_of, period):
        camera = self.camera("Gate")
        count_yields(
            [
                CameraYield(
                    camera.pk,
                    timezone.now(),
                    faces=9,
                    visits=3,
                    losses={"blurred": 4, "empty_gallery": 2},
                )
            ]
        )
        url = reverse("cameras:funnel", args=[camera.pk])
        page = client_of("officer").get(url, {"period": period}).content.decode()
        assert "0 of 3 people recognised" in page
        assert "The face is too blurred to be recognised." in page
        assert "41 more are needed" in page
        assert "Nobody enrolled" in page
        assert page.count('scope="row"') == 9
