"""A camera's settings: its address, which nobody sees again, its region, hours and threshold."""

from __future__ import annotations

import json
import socket
from datetime import datetime, timedelta

import pytest
from django.core import serializers
from django.urls import reverse
from django.utils import timezone

from portal.audit.models import AuditEntry
from portal.cameras.models import Camera, CameraHealth
from portal.cameras.regions import checked_region
from portal.cameras.selectors import camera_settings, connection_of, settings_of
from portal.cameras.services import (
    CameraDetails,
    Source,
    create_camera,
    delete_camera,
    keep_still,
    replace_source,
    set_region,
    set_schedule,
    update_camera,
)
from portal.cameras.videos import video_names, video_path
from portal.core.context import Actor, acting_as
from portal.core.errors import DomainError, PermissionMissing
from portal.core.policies import permissions_of
from portal.core.vault import vault
from portal.core.week import Week
from portal.privacy.selectors import would_delete
from portal.privacy.services import purge_everything
from portal.sightings.services import submit_snapshot
from tests.factories import CameraFactory, RecognitionFactory
from tests.factories.pictures import jpeg

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("administrator", "names")]

SECRET = "Sommer#2026@/:ü"
SQUARE = [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]]


@pytest.fixture
def names(monkeypatch):
    """The name server knows one camera."""

    def getaddrinfo(host, port, *args, **kwargs):
        if host != "camera.example":
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.10", port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.fixture
def administrator_client(client_of):
    return client_of("administrator")


@pytest.fixture
def videos(data_dir):
    tmp_path = data_dir
    folder = tmp_path / "videos"
    folder.mkdir()
    (folder / "gate.mp4").write_bytes(b"film")
    (folder / "notes.txt").write_text("no film")
    (folder / "list.m3u8").write_text("#EXTM3U\nfile:///etc/passwd\n")
    (tmp_path / "outside.mp4").write_bytes(b"film")
    (folder / "link.mp4").symlink_to(tmp_path / "outside.mp4")
    return folder


def rtsp(name: str = "Gate", **fields) -> Camera:
    source = Source("rtsp://camera.example/channel-7", username="viewer", password=SECRET)
    return create_camera(name=name, kind="rtsp", source=source, **fields)[0]


# --- the address ---


def test_an_address_is_sealed_and_opened_for_the_streams_only(administrator_client):
    camera = rtsp()
    settings = camera_settings(Camera.objects.select_related("site").get())
    quoted = "viewer:Sommer%232026%40%2F%3A%C3%BC"
    assert settings.address == f"rtsp://{quoted}@camera.example/channel-7"
    assert settings == settings_of([camera.pk])[camera.pk]
    assert SECRET not in repr(settings)

    everything = serializers.serialize("json", [*Camera.objects.all(), *AuditEntry.objects.all()])
    pages = [
        administrator_client.get(reverse(f"cameras:{name}", args=[camera.pk])).content.decode()
        for name in ("settings", "detail", "connection")
    ]
    for text in (everything, *pages):
        for hidden in ("camera.example", "viewer", "Sommer", "channel-7"):
            assert hidden not in text
    assert "An address is stored. Enter a new one to replace it" in pages[0]


def test_user_name_and_password_may_be_pasted_with_the_address():
    source = Source("rtsp://admin:p%40ss@camera.example:8554/1")
    camera, _ = create_camera(name="Gate", kind="rtsp", source=source)
    assert camera_settings(camera).address == "rtsp://admin:p%40ss@camera.example:8554/1"
    replaced = replace_source(
        camera, Source("rtsp://admin:x@camera.example/1", username="eve", password="new")
    )
    assert camera_settings(replaced).address == "rtsp://eve:new@camera.example/1"


@pytest.mark.parametrize(
    ("kind", "source", "code"),
    [
        ("rtsp", None, "address.empty"),
        ("rtsp", Source("http://camera.example/"), "address.scheme"),
        ("mjpeg", Source("rtsp://camera.example/"), "address.scheme"),
        ("snapshot", Source("file:///etc/passwd"), "address.scheme"),
        ("snapshot", Source("http://169.254.169.254/"), "address.network"),
        ("snapshot", Source("http://127.0.0.1:8000/"), "address.network"),
        ("rtsp", Source("rtsp://elsewhere.example/"), "address.unknown"),
        ("rtsp", Source("rtsp://camera.example/", password="x"), "address.credentials"),
        ("rtsp", Source("rtsp://camera.example/", username="a\nb"), "address.credentials"),
        ("file", Source("../gatehouse.sqlite3"), "camera.video"),
        ("file", Source("/etc/passwd"), "camera.video"),
        ("file", Source("outside.mp4"), "camera.video"),
        ("file", Source("link.mp4"), "camera.video"),
        ("file", Source("notes.txt"), "camera.video"),
        ("file", Source("list.m3u8"), "camera.video"),
        ("file", Source("gate.mp4\x00"), "camera.video"),
        ("file", Source(""), "camera.video"),
        ("file", Source("http://camera.example/gate.mp4"), "camera.video"),
    ],
)
def test_a_source_is_refused(kind, source, code, videos):
    with pytest.raises(DomainError) as refused:
        create_camera(name="Gate", kind=kind, source=source)
    assert refused.value.code == code
    assert not Camera.objects.exists()


def test_a_video_is_one_of_the_folder(videos):
    assert video_names() == ["gate.mp4"]
    camera, _ = create_camera(name="Film", kind="file", source=Source("gate.mp4"))
    assert video_path(camera_settings(camera).address) == videos / "gate.mp4"


def test_without_the_folder_there_is_no_video(data_dir):
    assert video_names() == []


def test_a_kind_that_sends_its_pictures_keeps_no_address():
    camera, _ = create_camera(name="Door", kind="push", source=Source("http://camera.example/"))
    assert camera.sealed_address is None
    with pytest.raises(DomainError, match="no address"):
        replace_source(camera, Source("http://camera.example/"))


# --- changes ---


def test_every_change_raises_the_revision_is_audited_and_announced(
    published, django_capture_on_commit_callbacks
):
    camera = rtsp()
    changes = [
        lambda: update_camera(camera, CameraDetails(name="Gate", rate_fps=2.0)),
        lambda: set_region(camera, SQUARE),
        lambda: set_schedule(camera, Week.of([{"days": [0], "from": "07:00", "to": "19:00"}])),
        lambda: replace_source(camera, Source("rtsp://camera.example/2")),
    ]
    for number, change in enumerate(changes, start=2):
        published.clear()
        with django_capture_on_commit_callbacks(execute=True):
            change()
        assert Camera.objects.get().revision == number
        assert [event["type"] for _, event in published] == ["cameras.changed"]
    written = AuditEntry.objects.order_by("seq").values_list("action", "before", "after")
    assert list(written)[1:] == [
        ("cameras.camera.updated", {"rate_fps": 5.0}, {"rate_fps": 2.0}),
        ("cameras.camera.region_set", {"region": []}, {"region": SQUARE}),
        (
            "cameras.camera.schedule_set",
            {"schedule": []},
            {"schedule": [{"days": [0], "from": "07:00", "to": "19:00"}]},
        ),
        ("cameras.camera.address_replaced", {}, {"revision": 5, "verifies_certificate": True}),
    ]


def test_what_is_saved_unchanged_disturbs_no_stream():
    camera = rtsp()
    update_camera(camera, CameraDetails(name="Gate"))
    set_region(camera, [])
    set_schedule(camera, Week())
    assert Camera.objects.get().revision == 1
    assert AuditEntry.objects.count() == 1


@pytest.mark.parametrize(
    ("details", "code"),
    [
        ({"name": " "}, "camera.name"),
        ({"name": "DOOR"}, "camera.name_taken"),
        ({"rate_fps": 0.0}, "camera.rate"),
        ({"rate_fps": float("nan")}, "camera.rate"),
        ({"rate_fps": 31.0}, "camera.rate"),
        ({"min_face_px": -1}, "camera.min_face"),
        ({"threshold_offset": -0.11}, "camera.offset"),
        ({"threshold_offset": 0.21}, "camera.offset"),
        ({"direction": "up"}, "camera.direction"),
    ],
)
def test_settings_that_make_no_sense_are_refused(details, code):
    CameraFactory(name="Door")
    camera = rtsp()
    with pytest.raises(DomainError) as refused:
        update_camera(camera, CameraDetails(**{"name": "Gate", **details}))
    assert refused.value.code == code
    assert Camera.objects.get(pk=camera.pk).revision == 1


@pytest.mark.parametrize("role", ["officer", "auditor", "hr"])
def test_settings_are_changed_by_those_who_manage_cameras_only(role):
    camera = rtsp()
    with acting_as(Actor(kind="user", permissions=permissions_of(role))):
        for act in (
            lambda: update_camera(camera, CameraDetails(name="Gate")),
            lambda: set_region(camera, []),
            lambda: set_schedule(camera, Week()),
            lambda: replace_source(camera, Source("rtsp://camera.example/")),
            lambda: delete_camera(camera),
        ):
            with pytest.raises(PermissionMissing):
                act()


# --- the region ---


@pytest.mark.parametrize(
    "corners",
    [
        [],
        SQUARE,
        [[0, 0], [1, 0], [1, 1]],
        [[0.5, 0.1], [0.9, 0.9], [0.5, 0.5], [0.1, 0.9]],
        [[n / 20, 0.1 if n % 2 else 0.2] for n in range(10)] + [[0.5, 0.9], [0.1, 0.9]],
    ],
    ids=["whole picture", "square", "triangle of whole numbers", "arrow", "many corners"],
)
def test_a_region_is_taken(corners):
    assert checked_region(corners) == corners


@pytest.mark.parametrize(
    ("corners", "code"),
    [
        ("all", "camera.region"),
        ({"x": 1}, "camera.region"),
        (None, "camera.region"),
        ([1, 2, 3], "camera.region"),
        ([[0, 0], [1, 0], [1]], "camera.region"),
        ([[0, 0], [1, 0], [1, 1, 1]], "camera.region"),
        ([[0, 0], [1, 0], [1, "1"]], "camera.region"),
        ([[0, 0], [1, 0], [1, True]], "camera.region"),
        ([[0, 0], [1, 0], [1, None]], "camera.region"),
        ([[0, 0], [1, 0], [1, float("nan")]], "camera.region"),
        ([[0, 0], [1, 0], [1, float("inf")]], "camera.region"),
        ([[0, 0], [1, 0], [1, 10**400]], "camera.region"),
        ([[0, 0]] * 1000, "camera.region"),
        ([[0.1, 0.1], [0.9, 0.9]], "camera.region.corners"),
        ([[n / 21, (n % 2) / 2] for n in range(21)], "camera.region.corners"),
        ([[0, 0], [1.2, 0], [1, 1]], "camera.region.outside"),
        ([[0, 0], [1, -0.1], [1, 1]], "camera.region.outside"),
        ([[0.1, 0.1], [0.5, 0.5], [0.9, 0.9]], "camera.region.flat"),
        ([[0.5, 0.5]] * 4, "camera.region.flat"),
        ([[0.5, 0.5], [0.55, 0.5], [0.55, 0.55], [0.5, 0.55]], "camera.region.flat"),
        ([[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.8]], "camera.region.crossing"),
    ],
)
def test_a_region_is_refused(corners, code):
    with pytest.raises(DomainError) as refused:
        checked_region(corners)
    assert refused.value.code == code


# --- deleting ---


def test_a_camera_that_saw_nobody_is_deleted_with_its_still(django_capture_on_commit_callbacks):
    camera = rtsp()
    keep_still(camera.pk, jpeg(64, 48), at=timezone.now())
    camera.refresh_from_db()
    with django_capture_on_commit_callbacks(execute=True):
        delete_camera(camera)
    assert not Camera.objects.exists()
    with pytest.raises(DomainError, match="gone"):
        vault().get(camera.still_key)
    assert AuditEntry.objects.latest("seq").action == "cameras.camera.deleted"


def test_a_camera_that_sightings_rest_on_stays():
    camera = rtsp()
    RecognitionFactory(camera=camera, source="camera")
    with pytest.raises(DomainError) as refused:
        delete_camera(camera)
    assert (refused.value.code, refused.value.http_status) == ("camera.has_seen", 409)
    assert Camera.objects.exists()


# --- whether pictures arrive ---


@pytest.mark.parametrize(
    ("kind", "state", "ago_s", "title"),
    [
        ("rtsp", None, None, "Connecting…"),
        ("rtsp", "connecting", None, "Connecting…"),
        ("rtsp", "online", 1, "Pictures arrive (12 fps, 1280×720)"),
        ("rtsp", "offline", 90, "The camera gives no pictures"),
        ("rtsp", "refused", 90, "The camera refuses the connection"),
        ("push", None, None, "Waiting for the first picture"),
        ("browser", None, None, "Waiting for the first picture"),
        ("push", None, 1, "Pictures arrive"),
        ("push", None, 900, "Nothing was sent for a while"),
    ],
)
def test_the_page_says_whether_pictures_arrive(kind, state, ago_s, title, administrator_client):
    seen = None if ago_s is None else timezone.now() - timedelta(seconds=ago_s)
    camera = CameraFactory(kind=kind, last_seen_at=seen)
    if state:
        CameraHealth.objects.create(
            camera=camera,
            state=state,
            state_since=timezone.now(),
            detail="It did not answer." if state == "offline" else "",
            fps=12.0,
            width_px=1280,
            height_px=720,
        )
    text = administrator_client.get(reverse("cameras:connection", args=[camera.pk]))
    assert title in text.content.decode()
    assert ("It did not answer." in text.content.decode()) == (state == "offline")


def test_a_camera_that_nobody_looks_at_is_said_to_be_so():
    camera = rtsp()
    Camera.objects.update(created_at=timezone.now() - timedelta(minutes=2))
    camera = Camera.objects.get()
    assert connection_of(camera).title == "Nobody has looked at this camera yet"
    camera.is_enabled = False
    assert connection_of(camera).title == "Switched off"


def test_looking_at_the_last_picture_is_written_down(administrator_client):
    camera = rtsp()
    url = reverse("cameras:still", args=[camera.pk])
    assert administrator_client.get(url).status_code == 404
    keep_still(camera.pk, jpeg(64, 48), at=timezone.now())
    answer = administrator_client.get(url)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")
    assert "private" in answer.headers["Cache-Control"]
    assert AuditEntry.objects.latest("seq").action == "cameras.still.viewed"


# --- the pages ---


def test_a_live_camera_is_made_from_the_page(administrator_client):
    posted = {
        "kind": "rtsp",
        "name": "Gate",
        "place": "North",
        "address": "rtsp://camera.example/1",
        "username": "viewer",
        "password": SECRET,
        "direction": "in",
    }
    answer = administrator_client.post(reverse("cameras:create"), posted)
    camera = Camera.objects.get()
    assert answer.headers["Location"] == reverse("cameras:settings", args=[camera.pk])
    assert (camera.direction, camera.verifies_certificate) == ("in", False)
    assert "Connecting…" in administrator_client.get(answer.headers["Location"]).content.decode()


@pytest.mark.parametrize(
    ("posted", "words"),
    [
        ({}, "This field is required"),
        ({"address": ""}, "An address is needed"),
        ({"address": "http://camera.example/"}, "does not begin with rtsp:// or rtsps://"),
        ({"address": "rtsp://127.0.0.1/"}, "GATEHOUSE_OPENED_NETWORKS"),
        ({"kind": "film"}, "not one of the available choices"),
        ({"kind": "file"}, "Choose a video"),
        ({"kind": "file", "video": "../x.mp4"}, "not one of the available choices"),
        ({"name": "Gate\x00"}, "Null characters"),
        ({"address": "rtsp://camera.example/" + "a" * 900}, "at most 800 characters"),
        ({"direction": "up"}, "not one of the available choices"),
    ],
)
def test_what_is_wrong_with_a_new_camera_is_said_and_the_password_is_not(
    posted, words, administrator_client
):
    good = {"kind": "rtsp", "name": "Gate", "address": "rtsp://camera.example/1"}
    sent = {**good, "username": "viewer", "password": SECRET, **posted} if posted else {}
    answer = administrator_client.post(reverse("cameras:create"), sent)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert "Sommer" not in answer.content.decode()
    assert not Camera.objects.exists()


def test_settings_region_hours_and_address_are_saved_from_the_page(administrator_client):
    camera = rtsp()

    def post(view, **posted):
        answer = administrator_client.post(reverse(f"cameras:{view}", args=[camera.pk]), posted)
        assert answer.headers.get("Location") == reverse("cameras:settings", args=[camera.pk])

    post(
        "settings",
        name="Main gate",
        place="North",
        direction="out",
        is_for_access="on",
        rate_fps="0.5",
        min_face_px="40",
        threshold_offset="0.05",
    )
    post("region", corners=json.dumps(SQUARE))
    post(
        "schedule",
        **{
            "hours-TOTAL_FORMS": "7",
            "hours-INITIAL_FORMS": "0",
            "hours-0-days": ["0", "4"],
            "hours-0-start": "22:00",
            "hours-0-end": "06:00",
        },
    )
    post("address", address="rtsp://camera.example/2")
    camera = Camera.objects.get()
    assert (camera.name, camera.direction, camera.rate_fps) == ("Main gate", "out", 0.5)
    assert (camera.is_for_attendance, camera.is_for_access) == (False, True)
    assert (camera.min_face_px, camera.threshold_offset) == (40, 0.05)
    assert camera.region == SQUARE
    assert camera.schedule == [{"days": [0, 4], "from": "22:00", "to": "06:00"}]
    assert camera_settings(camera).address == "rtsp://camera.example/2"
    page = administrator_client.get(reverse("cameras:settings", args=[camera.pk])).content.decode()
    assert 'value="22:00"' in page


@pytest.mark.parametrize(
    ("view", "posted", "words"),
    [
        ("settings", {"name": "Gate", "direction": "in"}, "This field is required"),
        (
            "settings",
            {
                "name": "Gate",
                "direction": "in",
                "rate_fps": "1e400",
                "min_face_px": "1",
                "threshold_offset": "0",
            },
            "Enter a number",
        ),
        ("region", {"corners": "[[0,0],[1,1]]"}, "expected 3 to 20"),
        ("region", {"corners": "{{"}, "cannot be read"),
        ("region", {"corners": "[" * 1900}, "cannot be read"),
        ("region", {"corners": "[[0,0],[NaN,1],[1,1]]"}, "cannot be read"),
        ("region", {}, "This field is required"),
        ("schedule", {}, "ManagementForm data is missing"),
        (
            "schedule",
            {"hours-TOTAL_FORMS": "1", "hours-INITIAL_FORMS": "0", "hours-0-start": "07:00"},
            "Tick the days",
        ),
        (
            "schedule",
            {"hours-TOTAL_FORMS": "1", "hours-INITIAL_FORMS": "0", "hours-0-days": "1"},
            "Give a time",
        ),
        (
            "schedule",
            {"hours-TOTAL_FORMS": "1", "hours-INITIAL_FORMS": "0", "hours-0-days": "9"},
            "not one of the available choices",
        ),
        ("address", {"address": "gopher://camera.example/"}, "does not begin with rtsp"),
    ],
)
def test_what_cannot_be_saved_is_said_on_the_page(view, posted, words, administrator_client):
    camera = rtsp()
    answer = administrator_client.post(reverse(f"cameras:{view}", args=[camera.pk]), posted)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert Camera.objects.get().revision == 1


def test_a_camera_is_deleted_from_the_page(administrator_client):
    camera = rtsp()
    answer = administrator_client.post(reverse("cameras:delete", args=[camera.pk]))
    assert answer.headers["Location"] == reverse("cameras:list")
    assert not Camera.objects.exists()


# --- the still ---


def test_a_camera_that_sends_its_pictures_keeps_one_a_minute_as_its_still(time_machine):
    time_machine.move_to("2026-03-01T10:00:00Z", tick=False)
    camera = CameraFactory()

    def still_after(seconds: float) -> datetime:
        time_machine.shift(seconds)
        camera.refresh_from_db()
        submit_snapshot(camera, jpeg(64, 48, seed=int(timezone.now().timestamp()) % 99))
        camera.refresh_from_db()
        return camera.still_at

    first = still_after(0)
    assert first == timezone.now()
    assert still_after(59) == first
    assert still_after(1) == timezone.now()
    assert still_after(600) == timezone.now()


def test_the_still_of_a_camera_that_is_off_goes_with_the_other_pictures(
    time_machine,
):
    time_machine.move_to("2026-03-01T10:00:00Z", tick=False)
    camera = rtsp()
    keep_still(camera.pk, jpeg(64, 48), at=timezone.now())
    camera.refresh_from_db()
    assert (would_delete()["pictures"], purge_everything()["pictures"]) == (0, 0)
    time_machine.shift(timedelta(days=31))
    assert (would_delete()["pictures"], purge_everything()["pictures"]) == (1, 1)
    with pytest.raises(DomainError, match="gone"):
        vault().get(camera.still_key)
    camera.refresh_from_db()
    assert (camera.still_key, camera.still_at) == ("", None)
