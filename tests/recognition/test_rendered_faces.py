"""The drawn faces that other tests rely on: found by both detectors, and told apart by SFace."""

import io
from itertools import combinations

import cv2
import numpy as np
import pytest
from PIL import Image

from recognition.alignment import align_faces
from recognition.detection.mtcnn import MtcnnDetector
from recognition.detection.mtcnn_weights import load_mtcnn_weights
from recognition.weights import verified_path
from tests.faces import (
    BETWEEN_AT_MOST,
    DISTINCT,
    WITHIN_AT_LEAST,
    empty_room,
    jpeg_bytes,
    name_of,
    photo,
    portrait_frames,
    render_face,
    render_scene,
    write_mjpeg,
    write_roster,
    write_y4m,
)

PICTURES = [(identity, number) for identity in range(16) for number in range(3)]


@pytest.fixture(scope="module")
def mtcnn():
    paths = [verified_path(f"mtcnn-{name}") for name in ("pnet", "rnet", "onet")]
    return MtcnnDetector(load_mtcnn_weights(*paths))


@pytest.fixture(scope="module")
def yunet():
    """OpenCV's own reading of the network: an opinion that does not depend on our code."""
    network = cv2.FaceDetectorYN.create(str(verified_path("yunet-2023mar")), "", (640, 480), 0.7)

    def count(picture):
        network.setInputSize((picture.shape[1], picture.shape[0]))
        faces = network.detect(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1]
        return 0 if faces is None else len(faces)

    return count


@pytest.fixture(scope="module")
def embed(mtcnn):
    network = cv2.FaceRecognizerSF.create(str(verified_path("sface-2021dec")), "")

    def vector(picture):
        (face,) = mtcnn.detect([picture])[0]
        (crop,) = align_faces(picture, [face.landmarks])
        total = sum(
            network.feature(cv2.cvtColor(view, cv2.COLOR_RGB2BGR))[0]
            for view in (crop, np.ascontiguousarray(crop[:, ::-1]))
        )
        return total / np.linalg.norm(total)

    return vector


def test_at_least_95_percent_are_found_by_both_detectors_and_nothing_else_is(mtcnn, yunet):
    pictures = [photo(identity, number) for identity, number in PICTURES]
    by_mtcnn = [len(faces) for faces in mtcnn.detect(pictures)]
    by_yunet = [yunet(picture) for picture in pictures]
    assert len(pictures) == 48
    both = sum(a == b == 1 for a, b in zip(by_mtcnn, by_yunet, strict=True))
    assert both >= 0.95 * 48
    assert max(by_mtcnn + by_yunet) == 1


def test_an_empty_room_shows_nobody(mtcnn, yunet):
    rooms = [empty_room(seed=seed) for seed in range(4)]
    assert [len(faces) for faces in mtcnn.detect(rooms)] == [0, 0, 0, 0]
    assert [yunet(room) for room in rooms] == [0, 0, 0, 0]


def test_the_cast_is_alike_within_and_unlike_between(embed):
    vectors = {
        (identity, number): embed(photo(identity, number))
        for identity in DISTINCT
        for number in range(3)
    }
    within, between = [], []
    for (a, x), (b, y) in combinations(vectors.items(), 2):
        (within if a[0] == b[0] else between).append(float(x @ y))
    assert min(within) >= WITHIN_AT_LEAST
    assert max(between) <= BETWEEN_AT_MOST


@pytest.mark.parametrize("size_px", [(256, 256), (1280, 720)])
def test_identity_survives_another_picture_size(embed, size_px):
    first, other = DISTINCT[:2]
    reference = embed(photo(first))
    resized = embed(photo(first, 1, size_px=size_px))
    assert reference @ resized >= WITHIN_AT_LEAST
    assert embed(photo(other, 1, size_px=size_px)) @ reference <= BETWEEN_AT_MOST


def test_several_people_in_one_photo_are_all_found_and_themselves(mtcnn, embed):
    people = DISTINCT[:3]
    scene = render_scene([(p, 20 + 210 * i, 110, 190) for i, p in enumerate(people)])
    found = sorted(mtcnn.detect([scene])[0], key=lambda face: face.box.x)
    assert len(found) == 3
    for face, person in zip(found, people, strict=True):
        left = int(max(face.box.x - 30, 0))
        right = int(face.box.x + face.box.width + 30)
        assert embed(scene[:, left:right]) @ embed(photo(person)) >= WITHIN_AT_LEAST - 0.05


def test_the_same_arguments_give_the_same_picture():
    np.testing.assert_array_equal(render_face(7, seed=3), render_face(7, seed=3))
    assert not np.array_equal(render_face(7, seed=3), render_face(7, seed=4))


def test_a_jpeg_decodes_to_nearly_the_same_picture():
    picture = photo(DISTINCT[0], size_px=(320, 240))
    decoded = np.asarray(Image.open(io.BytesIO(jpeg_bytes(picture))))
    assert decoded.shape == (240, 320, 3)
    assert cv2.PSNR(decoded, picture) > 30


def test_a_roster_has_a_folder_for_each_person(tmp_path):
    written = write_roster(tmp_path, people=2, photos=2, size_px=(160, 120))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["Ada_Brink", "Ben_Okoro"]
    assert [path.name for path in written[DISTINCT[0]]] == [
        "Ada_Brink_0001.jpg",
        "Ada_Brink_0002.jpg",
    ]
    with Image.open(written[DISTINCT[1]][1]) as picture:
        assert picture.size == (160, 120)


def test_every_member_of_the_cast_has_a_name_of_their_own():
    assert len({name_of(identity) for identity in DISTINCT}) == len(DISTINCT) >= 8


@pytest.mark.parametrize(("name", "write"), [("walk.y4m", write_y4m), ("walk.mjpeg", write_mjpeg)])
def test_videos_decode_to_their_frames(tmp_path, name, write):
    frames = list(portrait_frames(DISTINCT[0], 3, size_px=(160, 120)))
    capture = cv2.VideoCapture(str(write(tmp_path / name, frames)))
    decoded = []
    while (shot := capture.read())[0]:
        decoded.append(cv2.cvtColor(shot[1], cv2.COLOR_BGR2RGB))
    capture.release()
    assert len(decoded) == 3
    for frame, original in zip(decoded, frames, strict=True):
        assert cv2.PSNR(frame, original) > 27


def test_videos_that_no_player_reads_are_refused(tmp_path):
    with pytest.raises(ValueError, match="even"):
        write_y4m(tmp_path / "odd.y4m", [np.zeros((11, 10, 3), np.uint8)])
    with pytest.raises(ValueError, match="at least one"):
        write_y4m(tmp_path / "none.y4m", [])
    two_sizes = [np.zeros((10, 10, 3), np.uint8), np.zeros((12, 10, 3), np.uint8)]
    with pytest.raises(ValueError, match="like the first"):
        write_y4m(tmp_path / "two.y4m", two_sizes)
