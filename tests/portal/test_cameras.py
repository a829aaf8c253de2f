"""Cameras: keys that are shown once, switching off, signs of life."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core import serializers
from django.utils import timezone

from portal.audit.models import AuditEntry
from portal.cameras.models import Camera
from portal.cameras.selectors import camera_of_key, visible_camera
from portal.cameras.services import create_camera, note_snapshot, renew_key, set_enabled
from portal.core.bearer import digest_of
from portal.core.context import Actor, acting_as
from portal.core.errors import DomainError, NotFound, PermissionMissing
from portal.core.policies import permissions_of
from tests.factories import CameraFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("administrator")]


def test_only_the_digest_of_a_key_is_stored():
    camera, key = create_camera(name="Gate", place="North")
    assert camera.key_digest == digest_of(key)
    everything = serializers.serialize("json", [*Camera.objects.all(), *AuditEntry.objects.all()])
    assert key not in everything
    assert key.removeprefix("ghc_") not in everything


def test_a_camera_proves_itself_by_its_key_and_may_send_pictures_only():
    camera, key = create_camera(name="Gate")
    found, actor = camera_of_key(camera.pk, key, address="192.0.2.9")
    assert found == camera
    assert (actor.kind, actor.id, actor.label) == ("camera", str(camera.pk), "Gate")
    assert actor.permissions == {"sightings.recognise"}


def test_unknown_cameras_and_wrong_keys_are_answered_alike():
    camera, key = create_camera(name="Gate")
    _, other_key = create_camera(name="Door")
    answers = set()
    for camera_id, tried in (
        (camera.pk, ""),
        (camera.pk, key + "x"),
        (camera.pk, other_key),
        (uuid4(), key),
    ):
        with pytest.raises(DomainError) as refused:
            camera_of_key(camera_id, tried)
        error = refused.value
        answers.add((error.code, error.http_status, error.message))
    assert len(answers) == 1
    assert next(iter(answers))[:2] == ("camera.key", 401)


def test_a_renewed_key_replaces_the_old_one_at_once():
    camera, old = create_camera(name="Gate")
    new = renew_key(camera)
    assert camera_of_key(camera.pk, new)[0] == camera
    with pytest.raises(DomainError):
        camera_of_key(camera.pk, old)


def test_a_camera_that_is_switched_off_is_refused_until_it_is_on_again():
    camera, key = create_camera(name="Gate")
    set_enabled(camera, is_enabled=False)
    with pytest.raises(DomainError) as refused:
        camera_of_key(camera.pk, key)
    assert (refused.value.code, refused.value.http_status) == ("camera.disabled", 403)
    set_enabled(camera, is_enabled=True)
    set_enabled(camera, is_enabled=True)
    assert camera_of_key(camera.pk, key)[0] == camera
    actions = AuditEntry.objects.order_by("seq").values_list("action", flat=True)
    assert list(actions) == [
        "cameras.camera.created",
        "cameras.camera.disabled",
        "cameras.camera.enabled",
    ]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"name": "  "}, "camera.name"),
        ({"name": "GATE"}, "camera.name_taken"),
        ({"name": "Door", "kind": "film"}, "camera.kind"),
    ],
)
def test_a_camera_is_refused(fields, code):
    create_camera(name="Gate")
    with pytest.raises(DomainError) as refused:
        create_camera(**fields)
    assert refused.value.code == code
    assert Camera.objects.count() == 1


@pytest.mark.parametrize("role", ["officer", "auditor"])
def test_cameras_are_changed_by_those_who_manage_them_only(role):
    camera = CameraFactory()
    with acting_as(Actor(kind="user", permissions=permissions_of(role))):
        for act in (
            lambda: create_camera(name="Eve"),
            lambda: renew_key(camera),
            lambda: set_enabled(camera, is_enabled=False),
        ):
            with pytest.raises(PermissionMissing):
                act()
    assert Camera.objects.get() == camera


def test_an_unknown_camera_is_not_found():
    with pytest.raises(NotFound):
        visible_camera(uuid4())


@pytest.mark.parametrize(
    ("is_enabled", "silent_for", "health"),
    [
        (True, None, "never_seen"),
        (True, timedelta(seconds=119), "online"),
        (True, timedelta(seconds=121), "silent"),
        (False, timedelta(seconds=1), "disabled"),
        (False, None, "disabled"),
    ],
)
def test_health_of_a_camera(is_enabled, silent_for, health):
    seen = None if silent_for is None else timezone.now() - silent_for
    assert Camera(is_enabled=is_enabled, last_seen_at=seen).health == health


def test_a_busy_camera_is_written_seldom_and_announced_when_it_comes_back(
    published, django_capture_on_commit_callbacks, django_assert_num_queries, time_machine
):
    time_machine.move_to("2026-03-01T10:00:00Z", tick=False)
    camera = CameraFactory()

    def snapshot() -> list[str]:
        published.clear()
        with django_capture_on_commit_callbacks(execute=True):
            note_snapshot(camera, at=timezone.now())
        return [event["type"] for _, event in published]

    assert snapshot() == ["cameras.changed"], "seen for the first time"
    time_machine.shift(4)
    with django_assert_num_queries(0):
        note_snapshot(camera, at=timezone.now())
    time_machine.shift(2)
    assert snapshot() == [], "written, but it was online all the time"
    camera.refresh_from_db()
    assert camera.last_seen_at == timezone.now()
    time_machine.shift(600)
    assert snapshot() == ["cameras.changed"], "it was silent"
