"""Aligning folders: exact crops, resuming, sharing among processes, and what goes wrong on the way."""

import fcntl
import multiprocessing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recognition.alignment import ARCFACE_TEMPLATE_112, align_faces, centre_crop, crop_resized
from recognition.alignment.folder import BOXES_FILE, align_folder, merge_boxes
from recognition.alignment.plan import Recipe, choose_faces, list_jobs
from recognition.contracts import Box, Detection

MARGIN = Recipe(size=48, margin=10)


def detection(x, y, side, score=0.9):
    points = (ARCFACE_TEMPLATE_112 - 56) * (side / 112) + [x + side / 2, y + side / 2]
    return Detection(Box(x, y, side, side), points.astype(np.float32), score)


def detect(pictures):
    """As many made faces as the red value of the first pixel says; none depends on the network."""
    return [
        [detection(20.0 + 60 * i, 30.0, 40.0 + i) for i in range(int(picture[0, 0, 0]))]
        for picture in pictures
    ]


def picture_of(faces, seed):
    picture = np.random.default_rng(seed).integers(0, 256, (120, 240, 3), dtype=np.uint8)
    picture[0, 0] = faces
    return picture


@pytest.fixture
def folder(tmp_path):
    """Two people, four pictures: one face, none, three, and one that is no picture."""
    for seed, (name, faces) in enumerate(
        [("ann/1.png", 1), ("ann/2.png", 0), ("bob/1.png", 3)], start=1
    ):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture_of(faces, seed)).save(path)
    (tmp_path / "in/bob/2.jpg").write_bytes(b"no picture")
    (tmp_path / "in/bob/notes.txt").write_text("not looked at")
    (tmp_path / "in/.hidden").mkdir()
    (tmp_path / "in/.hidden/1.png").write_bytes(b"")
    return tmp_path


def run(folder, recipe=MARGIN, output="out"):
    jobs = list_jobs(folder / "in")
    totals = align_folder(jobs, folder / output, recipe=recipe, detect=detect)
    merge_boxes(folder / output, jobs, recipe=recipe)
    return totals


def crops(folder, output="out"):
    """Every visible file below the output, by its name."""
    root = folder / output
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".align" not in path.parts
    }


def pixels(path):
    with Image.open(path) as opened:
        return np.asarray(opened)


def test_the_crop_of_one_face_is_its_box_with_the_margin(folder):
    totals = run(folder)
    np.testing.assert_array_equal(
        pixels(folder / "out/ann/1.png"),
        crop_resized(picture_of(1, 1), (15, 25, 65, 75), size=48),
    )
    assert (totals.pictures, totals.faces, totals.without_face) == (4, 2, 1)
    assert [Path(path).name for path, _ in totals.unreadable] == ["2.jpg"]


def test_the_boxes_file_names_failures_by_their_path_alone(folder):
    run(folder)
    lines = (folder / "out" / BOXES_FILE).read_text().splitlines()
    # The rule of the middle: of three faces in 240 px the second stands nearest.
    assert lines == ["ann/1.png 15 25 65 75", "ann/2.png", "bob/1.png 75 25 126 76"]


def test_all_faces_are_numbered_and_each_has_its_line(folder):
    run(folder, Recipe(size=48, margin=10, faces="all"))
    names = {name for name in crops(folder) if name.startswith("bob")}
    assert names == {"bob/1_0.png", "bob/1_1.png", "bob/1_2.png"}
    lines = (folder / "out" / BOXES_FILE).read_text().splitlines()
    assert [line.split()[0] for line in lines] == [
        "ann/1_0.png", "ann/2.png", "bob/1_0.png", "bob/1_1.png", "bob/1_2.png",
    ]  # fmt: skip


def test_five_points_give_the_aligned_crop(folder):
    run(folder, Recipe(method="similarity", size=64))
    (expected,) = align_faces(picture_of(1, 1), [detection(20.0, 30.0, 40.0).landmarks], size=64)
    np.testing.assert_array_equal(pixels(folder / "out/ann/1.png"), expected)


def test_the_fallback_is_the_middle_of_the_picture(folder):
    totals = run(folder, Recipe(size=48, margin=10, fallback=True, centre_scale=0.87))
    np.testing.assert_array_equal(
        pixels(folder / "out/ann/2.png"), centre_crop(picture_of(0, 2), size=48, scale=0.87)
    )
    assert (totals.fallback, totals.without_face, totals.faces) == (1, 0, 2)
    assert "ann/2.png" in (folder / "out" / BOXES_FILE).read_text().splitlines()


def test_pictures_that_are_aligned_already_need_no_detector(folder):
    def never(pictures):
        raise AssertionError("detected")

    jobs = list_jobs(folder / "in")
    recipe = Recipe(method="centre", size=64)
    align_folder(jobs, folder / "out", recipe=recipe, detect=never)
    np.testing.assert_array_equal(pixels(folder / "out/bob/1.png"), picture_of(3, 3)[28:92, 88:152])


def test_a_second_run_does_only_what_is_missing_and_changes_nothing(folder):
    run(folder)
    before = crops(folder)
    (folder / "out/.align/ann/1.png.txt").unlink()
    totals = run(folder)
    assert (totals.pictures, totals.done_before) == (2, 2)  # the one lost, and the unreadable one
    assert crops(folder) == before


def test_an_unreadable_picture_is_tried_again_when_it_is_mended(folder):
    run(folder)
    Image.fromarray(picture_of(1, 9)).save(folder / "in/bob/2.jpg", "PNG")
    totals = run(folder)
    assert (totals.faces, totals.unreadable) == (1, [])
    assert (folder / "out/bob/2.png").is_file()


def test_another_recipe_is_not_mixed_into_the_same_folder(folder):
    run(folder)
    with pytest.raises(ValueError, match="other options"):
        run(folder, Recipe(size=48, margin=12))


def _work(root, start):
    jobs = list_jobs(Path(root) / "in")
    shifted = jobs[start:] + jobs[:start]
    return align_folder(shifted, Path(root) / "shared", recipe=MARGIN, detect=detect)


def test_four_processes_do_each_picture_once_and_make_what_one_makes(tmp_path):
    for number in range(40):
        path = tmp_path / "in" / f"{number % 5}" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture_of(number % 4, number)).save(path)
    run(tmp_path, output="alone")
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        totals = pool.starmap(_work, [(str(tmp_path), start) for start in (0, 10, 20, 30)])
    merge_boxes(tmp_path / "shared", list_jobs(tmp_path / "in"), recipe=MARGIN)
    assert sum(part.pictures for part in totals) == 40
    assert crops(tmp_path, "shared") == crops(tmp_path, "alone")
    assert not list((tmp_path / "shared").rglob("*.lock"))


def test_a_picture_that_another_process_holds_is_left_to_it(folder):
    record = folder / "out/.align/ann/1.png.txt.lock"
    record.parent.mkdir(parents=True)
    with record.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert run(folder).elsewhere == 1
    assert not (folder / "out/ann/1.png").exists()
    assert run(folder).faces == 1  # the lock of a process that is gone holds nobody


def test_large_photos_are_cut_at_full_size(tmp_path):
    (tmp_path / "in").mkdir()
    picture = np.zeros((100, 5120, 3), np.uint8)
    picture[:, 2400:2640] = np.random.default_rng(1).integers(0, 256, (100, 240, 3))
    Image.fromarray(picture).save(tmp_path / "in/wide.png")

    def halved(pictures):
        assert pictures[0].shape[1] == 2560
        return [[detection(1210.0, 10.0, 30.0)]]

    jobs = list_jobs(tmp_path / "in")
    align_folder(jobs, tmp_path / "out", recipe=Recipe(size=60, margin=0), detect=halved)
    np.testing.assert_array_equal(pixels(tmp_path / "out/wide.png"), picture[20:80, 2420:2480])


def test_pictures_of_one_name_keep_their_suffix_apart(tmp_path):
    for name in ("a.jpg", "a.png", "b.webp", "A.JPG"):
        (tmp_path / name).write_bytes(b"")
    names = {job.source.name: job.name for job in list_jobs(tmp_path)}
    assert names == {"A.JPG": "A.png", "a.jpg": "a.png", "a.png": "a.png.png", "b.webp": "b.png"}


def test_a_seed_shuffles_the_same_way_each_time(tmp_path):
    for number in range(20):
        (tmp_path / f"{number:02}.png").write_bytes(b"")
    plain = list_jobs(tmp_path)
    shuffled = list_jobs(tmp_path, order_seed=3)
    assert shuffled == list_jobs(tmp_path, order_seed=3) != plain
    assert sorted(shuffled, key=lambda job: job.name) == plain


FOUND = [
    detection(0, 0, 100, score=0.8),
    detection(100, 70, 60, score=0.9),
    detection(190, 100, 20, score=0.99),
]


@pytest.mark.parametrize(
    ("faces", "chosen"),
    # Centres are 112, 30 and 103 px from the middle (125, 125 less 250 high): weights by the rule.
    [("central", [1]), ("largest", [0]), ("probable", [2]), ("all", [1, 0, 2])],
)
def test_which_of_several_faces_is_taken(faces, chosen):
    taken = choose_faces(FOUND, faces=faces, width_px=250, height_px=200)
    weights = [f.box.area - 2 * ((f.box.centre[0] - 125) ** 2 + (f.box.centre[1] - 100) ** 2)
               for f in FOUND]  # fmt: skip
    assert sorted(range(3), key=lambda i: -weights[i]) == [1, 0, 2]
    assert taken == [FOUND[i] for i in chosen]


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"size": 0}, "size is 0"),
        ({"margin": -1.0}, "margin is -1"),
        ({"margin": 160.0, "size": 160, "convention": "facenet-pytorch"}, "leaves no face"),
        ({"centre_scale": 0.0}, "centre scale"),
    ],
)
def test_an_impossible_recipe_is_refused(numbers, message):
    with pytest.raises(ValueError, match=message):
        Recipe(**numbers)
