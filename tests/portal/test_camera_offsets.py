"""A camera's offset to the threshold, where two people are needed to be more lenient."""

from __future__ import annotations

import pytest
from django.urls import reverse

from portal.cameras.models import Camera
from portal.cameras.services import CameraDetails, set_offset, update_camera
from portal.core.errors import DomainError
from tests.factories import CameraFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("administrator")]


@pytest.mark.parametrize(
    ("before", "after", "is_refused", "why"),
    [
        (0.05, 0.0, True, "taken away it is more lenient than now"),
        (0.0, -0.1, True, "more lenient than everywhere"),
        (-0.05, -0.06, True, "a little more still"),
        (0.0, 0.05, False, "stricter lets nobody in"),
        (-0.1, 0.0, False, "stricter than it was, if not than elsewhere"),
        (0.05, 0.05, False, "as it was: its name can be changed"),
    ],
)
def test_one_person_makes_no_camera_more_lenient_where_two_are_needed(
    settings, before, after, is_refused, why
):
    camera = CameraFactory(name="Gate", threshold_offset=before)
    changes = (
        lambda: set_offset(camera, after),
        lambda: update_camera(camera, CameraDetails(name="Door", threshold_offset=after)),
    )
    settings.CALIBRATION_NEEDS_TWO = True
    for change in changes:
        if is_refused:
            with pytest.raises(DomainError, match="Two people are needed") as refused:
                change()
            assert refused.value.code == "camera.offset_needs_two"
            assert Camera.objects.get().threshold_offset == before, why
        else:
            change()
            assert Camera.objects.get().threshold_offset == after, why
    settings.CALIBRATION_NEEDS_TWO = False
    set_offset(camera, -0.1)
    assert Camera.objects.get().threshold_offset == -0.1, "one person may where one is enough"


def test_the_page_says_beside_the_offset_that_two_are_needed(client_of, settings):
    settings.CALIBRATION_NEEDS_TWO = True
    camera = CameraFactory(name="Gate", threshold_offset=0.05)
    address, client = reverse("cameras:settings", args=[camera.pk]), client_of("administrator")
    assert "needs two people" in client.get(address).content.decode()
    answer = client.post(
        address,
        {
            "name": "Gate",
            "direction": "none",
            "rate_fps": "5",
            "min_face_px": "0",
            "threshold_offset": "0",
        },
    )
    assert answer.status_code == 422
    (said,) = answer.context["details"].errors["threshold_offset"]
    assert "second person" in said
    assert Camera.objects.get().threshold_offset == 0.05
