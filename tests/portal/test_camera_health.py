"""How a camera is: reports of streams, snapshots, silence, the watermark, the still."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from portal.cameras.contracts import HealthReport
from portal.cameras.models import Camera, CameraHealth, CameraHour
from portal.cameras.services import (
    check_cameras,
    keep_still,
    note_snapshot,
    raise_watermarks,
    report_health,
)
from portal.core.vault import vault
from portal.sightings.selectors.worked_off import worked_off_until
from tests.factories import CameraFactory, RecognitionFactory
from tests.factories.pictures import jpeg

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("administrator")]

TEN = datetime(2026, 3, 2, 10, tzinfo=UTC)  # a Monday


@pytest.fixture
def clock(time_machine):
    """Stands at ten o'clock and is moved by hand, in seconds."""
    time_machine.move_to(TEN, tick=False)
    return time_machine.shift


def live_camera(**fields):
    return CameraFactory(kind=Camera.Kind.RTSP, sealed_address=b"sealed", **fields)


def report(camera, state="online", **fields):
    now = timezone.now()
    if state == "online":
        fields.setdefault("last_frame_at", now)
    report_health([HealthReport(camera_id=camera.pk, state=state, at=now, **fields)])
    return CameraHealth.objects.get(camera=camera)


class TestReports:
    def test_the_first_report_makes_the_row(self, clock):
        camera = live_camera()
        row = report(
            camera, fps=4.9, latency_ms=120.0, skew_ms=-80.0, width_px=1920, height_px=1080
        )
        assert (row.state, row.state_since, row.last_frame_at) == ("online", TEN, TEN)
        assert (row.fps, row.latency_ms, row.skew_ms) == (4.9, 120.0, -80.0)
        assert (row.width_px, row.height_px) == (1920, 1080)
        camera.refresh_from_db()
        assert (camera.last_seen_at, camera.health) == (TEN, "online")

    def test_since_when_changes_with_the_state_only(self, clock):
        camera = live_camera()
        report(camera)
        clock(10)
        assert report(camera).state_since == TEN
        clock(10)
        assert report(camera, "connecting").state_since == TEN + timedelta(seconds=20)

    def test_pages_hear_of_a_change_and_of_nothing_else(
        self, clock, published, django_capture_on_commit_callbacks
    ):
        camera = live_camera()

        def heard(state):
            published.clear()
            with django_capture_on_commit_callbacks(execute=True):
                report(camera, state)
            return published

        event = ("cameras", {"type": "cameras.changed", "id": str(camera.pk)})
        assert heard("online") == [event]
        clock(5)
        assert heard("online") == []
        assert heard("offline") == [event]

    def test_several_cameras_in_one_go_and_none_that_is_gone(
        self, clock, django_assert_max_num_queries
    ):
        cameras = [live_camera() for _ in range(8)]
        now = timezone.now()
        reports = [
            HealthReport(camera.pk, "online", now, last_frame_at=now, fps=number)
            for number, camera in enumerate(cameras)
        ]
        report_health(reports)
        with django_assert_max_num_queries(8):
            report_health([*reports, HealthReport(uuid4(), "online", now)])
        rates = CameraHealth.objects.order_by("fps").values_list("camera", "fps")
        assert list(rates) == [(camera.pk, number) for number, camera in enumerate(cameras)]

    def test_a_state_that_there_is_not_is_an_error(self):
        with pytest.raises(ValueError, match="sleepy"):
            report(live_camera(), "sleepy")

    def test_connected_without_a_picture_is_not_online(self, clock):
        camera = live_camera()
        assert report(camera, "online", last_frame_at=None).state == "connecting"
        report(camera)
        clock(31)
        stale = report(camera, "online", last_frame_at=TEN)
        assert stale.state == "connecting"

    def test_pictures_that_nobody_looks_at_are_not_blamed_on_the_camera(self, clock):
        camera = live_camera()
        report(camera)
        clock(31)
        row = report(camera, "online", last_frame_at=TEN, fps=5.0)
        assert row.state == "connecting"
        assert "not looked at" in row.detail

    def test_a_clock_that_was_put_back_freezes_nothing(self, clock):
        camera = live_camera()
        report(camera)
        clock(-3600)
        row = report(camera)
        now = TEN - timedelta(hours=1)
        assert (row.last_frame_at, row.state_since) == (now, now)
        camera.refresh_from_db()
        assert camera.last_seen_at == now
        clock(31)
        check_cameras()
        assert CameraHealth.objects.get().state == "offline"

    def test_what_went_wrong_is_told_until_it_is_well_again(self, clock):
        camera = live_camera()
        assert report(camera, "offline", detail="No route.").detail == "No route."
        assert report(camera, "connecting").detail == "No route."
        assert report(camera).detail == ""


class TestOutages:
    def test_an_outage_began_when_the_camera_was_heard_last(self, clock):
        camera = live_camera()
        report(camera)
        clock(33)
        assert report(camera, "offline").state_since == TEN

    def test_to_try_again_ends_no_outage(self, clock):
        camera = live_camera()
        report(camera)
        clock(33)
        for state in ("offline", "connecting", "refused", "connecting", "offline"):
            clock(5)
            row = report(camera, state)
            assert row.state in {"offline", "refused"}
            assert row.state_since == TEN, "one outage has one beginning"

    def test_two_outages_never_share_their_beginning(self, clock):
        camera, begun = live_camera(), []
        for _ in range(3):
            report(camera)
            clock(40)
            begun.append(report(camera, "offline").state_since)
            clock(1)
        assert len(set(begun)) == 3

    def test_hours_of_rest_are_no_outage(self, clock):
        camera = live_camera()
        report(camera)
        clock(60)
        report(camera, "resting")
        clock(3600)
        report(camera, "connecting")
        clock(31)
        row = report(camera, "offline")
        assert row.state_since == TEN + timedelta(seconds=3660), "since it was to be there again"


class TestWatermark:
    @pytest.mark.parametrize(
        ("said", "kept"),
        [
            (timedelta(seconds=-5), timedelta(seconds=-5)),  # follows
            (None, timedelta(seconds=-20)),  # nothing said: stays
            (timedelta(seconds=-60), timedelta(seconds=-20)),  # never back
            (timedelta(hours=1), timedelta(0)),  # never in the future
        ],
    )
    def test_it_goes_forward_only_and_never_beyond_now(self, clock, said, kept):
        camera = live_camera()
        report(camera, complete_until=TEN - timedelta(seconds=20))
        row = report(camera, complete_until=None if said is None else TEN + said)
        assert row.complete_until == TEN + kept

    def test_a_frame_from_the_future_is_taken_for_now(self, clock):
        row = report(live_camera(), last_frame_at=TEN + timedelta(minutes=7))
        assert row.last_frame_at == TEN


class TestHours:
    def test_faults_and_time_online_are_added_to_the_hour(self, clock):
        camera = live_camera()
        for _ in range(4):
            row = report(camera, new_decode_errors=2, new_reconnects=1)
            clock(5)
        hour = CameraHour.objects.get()
        assert (hour.hour, hour.decode_errors, hour.reconnects) == (TEN, 8, 4)
        assert hour.online_s == 15
        assert (row.decode_errors, row.reconnects) == (8, 4)

    def test_a_gap_is_not_counted_as_time_online(self, clock):
        camera = live_camera()
        report(camera)
        clock(600)
        report(camera)
        assert not CameraHour.objects.filter(online_s__gt=0).exists()


class TestStill:
    def test_the_newest_is_kept_and_the_one_before_deleted(
        self, vault_files, django_capture_on_commit_callbacks
    ):
        camera, now = live_camera(), timezone.now()
        pictures = [jpeg(seed=number) for number in range(3)]
        for number, at in (
            (0, now - timedelta(seconds=9)),
            (1, now),
            (2, now - timedelta(hours=1)),
        ):
            with django_capture_on_commit_callbacks(execute=True):
                keep_still(camera.pk, pictures[number], at=at)
        camera.refresh_from_db()
        assert camera.still_at == now
        assert vault().get(camera.still_key) == pictures[1]
        assert vault_files.blobs() == {camera.still_key}

    def test_of_a_camera_that_is_gone_nothing_is_kept(self, vault_files):
        keep_still(uuid4(), jpeg(), at=timezone.now())
        assert vault_files.blobs() == set()

    def test_a_clock_that_was_put_right_does_not_freeze_the_still(self):
        camera, now = live_camera(), timezone.now()
        for at in (now + timedelta(hours=5), now):
            keep_still(camera.pk, jpeg(), at=at)
        camera.refresh_from_db()
        assert camera.still_at == now


class TestSnapshots:
    def send(self, camera, *, captured_at=None):
        note_snapshot(camera, at=timezone.now(), captured_at=captured_at)
        return CameraHealth.objects.filter(camera=camera).first()

    def test_a_camera_that_sends_has_health_too(self, clock):
        camera = CameraFactory()
        row = self.send(camera, captured_at=TEN - timedelta(milliseconds=300))
        assert (row.state, row.state_since, row.last_frame_at) == ("online", TEN, TEN)
        assert (row.latency_ms, row.skew_ms) == (300.0, None)

    def test_a_clock_that_is_ahead_shows_as_skew_and_not_as_latency(self, clock):
        row = self.send(CameraFactory(), captured_at=TEN + timedelta(minutes=7))
        assert (row.latency_ms, row.skew_ms) == (None, 420_000.0)

    def test_a_sender_that_tells_no_time_has_neither(self, clock):
        row = self.send(CameraFactory())
        assert (row.latency_ms, row.skew_ms) == (None, None)

    def test_a_busy_camera_costs_no_query_but_once_in_five_seconds(
        self, clock, django_assert_num_queries
    ):
        camera = CameraFactory()
        for _ in range(10):
            self.send(camera)
            for _ in range(4):
                clock(1)
                with django_assert_num_queries(0):
                    note_snapshot(camera, at=timezone.now())
            clock(1)
        with django_assert_num_queries(5):  # the savepoint, and one statement a row
            note_snapshot(camera, at=timezone.now())
        clock(5)
        assert self.send(camera).fps == pytest.approx(1.0, abs=0.1)
        assert CameraHour.objects.get().online_s == 55

    def test_what_comes_outside_its_hours_changes_nothing(
        self, clock, published, django_capture_on_commit_callbacks
    ):
        camera = CameraFactory(schedule=[{"days": [0], "from": "11:00", "to": "12:00"}])
        with django_capture_on_commit_callbacks(execute=True):
            for _ in range(5):
                row = self.send(Camera.objects.get(pk=camera.pk))
                check_cameras()
                clock(6)
        assert (row.state, row.state_since) == ("resting", TEN)
        assert row.last_frame_at == TEN + timedelta(seconds=24)
        assert len(published) == 1

    def test_two_processes_that_see_it_at_once_write_it_once(self, clock):
        camera = CameraFactory()
        self.send(camera)
        clock(10)
        same = Camera.objects.get(pk=camera.pk)
        self.send(camera)
        self.send(same)
        assert CameraHour.objects.get().online_s == 10

    def test_it_comes_back_from_an_outage(
        self, clock, published, django_capture_on_commit_callbacks
    ):
        camera = CameraFactory()
        self.send(camera)
        clock(130)
        check_cameras()
        clock(10)
        published.clear()
        with django_capture_on_commit_callbacks(execute=True):
            row = self.send(Camera.objects.get(pk=camera.pk))
        assert (row.state, row.state_since) == ("online", TEN + timedelta(seconds=140))
        assert row.detail == ""
        assert [event["type"] for _, event in published] == ["cameras.changed"]

    def test_a_clock_that_was_put_right_does_not_silence_it(self, clock):
        camera = CameraFactory(last_seen_at=TEN + timedelta(hours=1))
        assert self.send(camera).last_frame_at == TEN


class TestSilence:
    def state_of(self, camera):
        return CameraHealth.objects.get(camera=camera).state

    def test_a_pulled_cable_is_noticed_within_forty_seconds(
        self, clock, published, django_capture_on_commit_callbacks
    ):
        camera = live_camera()
        report(camera)
        noticed = None
        for second in range(0, 60, 5):
            clock(5)
            published.clear()
            with django_capture_on_commit_callbacks(execute=True):
                check_cameras()
            if published and noticed is None:
                noticed = second + 5
        assert noticed is not None
        assert noticed <= 40
        row = CameraHealth.objects.get()
        assert (row.state, row.state_since) == ("offline", TEN), "since it was heard last"

    def test_a_streams_process_that_died_is_noticed_and_named(self, clock):
        camera = live_camera()
        report(camera)
        clock(35)
        assert check_cameras() == 1
        assert "process" in CameraHealth.objects.get().detail

    def test_a_camera_that_its_stream_still_watches_is_itself_to_blame(self, clock):
        camera = live_camera()
        report(camera)
        clock(20)
        report(camera, "connecting", detail="The server answers no more.")
        clock(29)
        report(camera, "connecting", detail="The server answers no more.")
        clock(2)
        check_cameras()
        row = CameraHealth.objects.get()
        assert (row.state, row.detail) == ("offline", "The server answers no more.")

    def test_a_new_camera_that_nobody_fetches_is_noticed(self, clock):
        camera = live_camera()
        check_cameras()
        assert self.state_of(camera) == "connecting"
        clock(31)
        check_cameras()
        assert self.state_of(camera) == "offline"

    @pytest.mark.parametrize(
        ("fields", "why"),
        [
            ({"is_enabled": False}, "switched off"),
            ({"schedule": [{"days": [0], "from": "11:00", "to": "12:00"}]}, "outside its hours"),
        ],
    )
    def test_nobody_waits_for_a_camera_that_is_not_to_send(self, clock, fields, why):
        camera = live_camera()
        report(camera)
        Camera.objects.filter(pk=camera.pk).update(**fields)
        clock(300)
        check_cameras()
        assert self.state_of(camera) == "resting", why

    def test_a_camera_that_is_switched_on_again_has_time_to_connect(self, clock):
        camera = live_camera(is_enabled=False)
        report(camera)
        check_cameras()
        clock(3600)
        Camera.objects.filter(pk=camera.pk).update(is_enabled=True)
        seen = []
        for _ in range(8):
            check_cameras()
            seen.append(self.state_of(camera))
            clock(5)
        assert seen == ["connecting"] * 7 + ["offline"]

    def test_a_file_that_was_played_to_its_end_rests_and_is_not_missed(self, clock):
        camera = CameraFactory(kind=Camera.Kind.FILE, sealed_address=b"sealed")
        report(camera)
        for _ in range(12):
            clock(10)
            report(camera, "resting", detail="The file was played to its end.")
            assert check_cameras() == 0
        camera = Camera.objects.get()
        assert (camera.health, camera.status.detail) == ("ended", "The file was played to its end.")

    def test_a_camera_that_is_asked_seldom_may_be_silent_for_longer(self, clock):
        camera = live_camera(rate_fps=0.02)
        report(camera)
        clock(149)
        assert check_cameras() == 0
        clock(2)
        assert check_cameras() == 1

    def test_what_was_heard_in_the_future_is_no_sign_of_life(self, clock):
        camera = live_camera()
        report(camera)
        clock(-3600)
        check_cameras()
        row = CameraHealth.objects.get(camera=camera)
        assert (row.state, row.state_since) == ("offline", TEN - timedelta(hours=1))

    def test_a_camera_that_never_sent_is_not_missed(self, clock):
        CameraFactory()
        clock(3600)
        assert check_cameras() == 0
        assert not CameraHealth.objects.exists()

    def test_a_second_look_changes_nothing(self, clock, django_assert_num_queries):
        report(live_camera())
        clock(60)
        assert check_cameras() == 1
        with django_assert_num_queries(1):
            assert check_cameras() == 0


class TestWorkedOff:
    """The watermark of a camera that sends its pictures."""

    def picture(self, camera, at, **fields):
        return RecognitionFactory(camera=camera, source="camera", captured_at=at, **fields)

    def until(self, camera):
        raise_watermarks(worked_off_until())
        return CameraHealth.objects.get(camera=camera).complete_until

    def test_it_is_the_newest_picture_while_none_waits(self, clock):
        camera = CameraFactory()
        note_snapshot(camera, at=TEN)
        for ago in (3, 1, 2):
            self.picture(camera, TEN - timedelta(seconds=ago), is_done=True)
        assert self.until(camera) == TEN - timedelta(seconds=1)

    def test_it_stops_at_the_oldest_that_waits(self, clock):
        camera = CameraFactory()
        note_snapshot(camera, at=TEN)
        self.picture(camera, TEN - timedelta(seconds=9), is_done=True)
        waiting = self.picture(camera, TEN - timedelta(seconds=5))
        self.picture(camera, TEN - timedelta(seconds=1), is_done=True)
        assert self.until(camera) == TEN - timedelta(seconds=5)
        waiting.state = "failed"
        waiting.save()
        assert self.until(camera) == TEN - timedelta(seconds=1), (
            "a picture that failed is done with"
        )

    def test_a_picture_that_was_kept_back_does_not_move_it_back(self, clock):
        camera = CameraFactory()
        note_snapshot(camera, at=TEN)
        self.picture(camera, TEN, is_done=True)
        assert self.until(camera) == TEN
        self.picture(camera, TEN - timedelta(hours=3))
        assert self.until(camera) == TEN

    def test_the_last_pictures_of_a_camera_that_fell_silent_are_found_later(self, clock):
        camera = CameraFactory()
        note_snapshot(camera, at=TEN)
        clock(3)
        note_snapshot(camera, at=timezone.now())
        self.picture(camera, timezone.now(), is_done=True)
        clock(4 * 3600)
        assert self.until(camera) == TEN + timedelta(seconds=3)

    def test_live_cameras_are_left_to_their_streams(self, clock):
        camera = live_camera()
        report(camera)
        self.picture(camera, TEN, is_done=True)
        assert worked_off_until() == {}
