"""The main face is the large and central one."""

import pytest

from recognition.contracts import Box
from recognition.decision import main_face_order

CASES = {
    "nobody": ([], []),
    "the larger of two, equally central": ([Box(60, 60, 80, 80), Box(50, 50, 100, 100)], [1, 0]),
    "central before slightly larger at the edge": (
        [Box(0, 0, 110, 110), Box(50, 50, 100, 100)],
        [1, 0],
    ),
    "much larger wins even off centre": ([Box(85, 85, 30, 30), Box(0, 10, 170, 170)], [1, 0]),
    "equals keep their order": ([Box(50, 90, 20, 20), Box(130, 90, 20, 20)], [0, 1]),
    "a degenerate box weighs nothing": ([Box(100, 100, -5, 10), Box(95, 95, 10, 10)], [1, 0]),
}


@pytest.mark.parametrize("name", CASES)
def test_orders_by_size_and_place(name: str) -> None:
    boxes, expected = CASES[name]
    assert main_face_order(boxes, width_px=200, height_px=200) == expected


def test_the_weight_is_area_minus_twice_the_squared_distance() -> None:
    # 10 px off centre costs 2 * 100 px²: a 40 x 40 box (1,600) there equals 1,400 px² at the centre
    off_centre = Box(90, 80, 40, 40)
    for area, first in ((1399.0, 0), (1401.0, 1)):
        side = area**0.5
        central = Box(100 - side / 2, 100 - side / 2, side, side)
        assert main_face_order([off_centre, central], width_px=200, height_px=200)[0] == first
