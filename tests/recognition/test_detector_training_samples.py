"""What MTCNN is trained on: every crop in its band, targets that decoding takes back, sound labels."""

import cv2
import numpy as np
import pytest

from recognition.detection import mtcnn_boxes
from recognition.detection.training import (
    MadeScenes,
    Samples,
    SamplingOptions,
    Scene,
    TrainingDataRejected,
    checked_scenes,
    read_imglab,
    read_wider,
)
from recognition.detection.training.samples import (
    LANDMARK,
    NEGATIVE,
    PART,
    POSITIVE,
    kinds_of,
    offsets_to,
    points_in,
)
from recognition.detection.training.sampling import hard_samples, landmark_samples, random_samples
from recognition.detection.training.scenes import JoinedScenes
from recognition.detection.training.scoring import score_detector
from recognition.errors import ImageRejected
from tests.faces import empty_room, jpeg_bytes

OPTIONS = SamplingOptions()


def rng(seed=0):
    return np.random.default_rng([seed, 8])


@pytest.fixture(scope="module")
def scenes():
    source = MadeScenes(12, seed=3)
    return [source.read(index) for index in range(len(source))]


@pytest.mark.parametrize("stage", ["pnet", "rnet", "onet"])
def test_every_sample_lies_in_its_band(scenes, stage):
    parts = []
    for number, scene in enumerate(scenes):
        parts.append(random_samples(scene, stage=stage, options=OPTIONS, random=rng(number)))
        parts.append(landmark_samples(scene, stage=stage, options=OPTIONS, random=rng(number)))
    samples = Samples.joined(parts, stage=stage)
    counts = samples.counts()
    assert min(counts.values()) > 100, counts
    assert samples.overlaps[samples.indices(NEGATIVE)].max() < 0.3
    assert samples.overlaps[samples.indices(POSITIVE)].min() > 0.65
    part = samples.overlaps[samples.indices(PART)]
    assert 0.4 <= part.min() <= part.max() <= 0.65
    assert samples.overlaps[samples.indices(LANDMARK)].min() > 0.65
    points = samples.points[samples.indices(LANDMARK)]
    assert 0 < points.min() <= points.max() < 1
    assert not samples.offsets[samples.indices(NEGATIVE)].any()


@pytest.mark.parametrize(
    ("overlap", "kind"),
    [
        (0.0, NEGATIVE), (0.2999, NEGATIVE), (0.3, 9), (0.3999, 9), (0.4, PART), (0.65, PART),
        (0.6501, POSITIVE), (1.0, POSITIVE),
    ],
)  # fmt: skip
def test_the_bands_have_the_published_edges(overlap, kind):
    assert kinds_of(np.array([overlap])).tolist() == [kind]


def test_the_overlap_is_that_of_the_crop_with_the_face(scenes):
    """Recomputed by hand for one scene with one face of known place."""
    scene = Scene(
        np.zeros((100, 120, 3), np.uint8),
        np.array([[40.0, 30.0, 40.0, 40.0]]),
        np.full((1, 5, 2), np.nan),
        np.empty((0, 4)),
    )
    inside = np.array([[45.0, 31.0, 84.0, 70.0]])  # counted from 1: x 44 to 83, y 30 to 69
    found = hard_samples(scene, inside, stage="rnet", options=OPTIONS, random=rng())
    assert found.overlaps[0] == pytest.approx((36 * 40) / (2 * 1600 - 36 * 40))
    assert found.kinds.tolist() == [POSITIVE]


@pytest.mark.parametrize("stage", ["rnet", "onet"])
def test_decoding_the_targets_of_later_stages_gives_the_face_back(stage):
    crops = np.array([[10.0, 20.0, 30.0, 30.0], [-5.0, 3.0, 41.0, 40.0]])
    faces = np.array([[12.5, 21.0, 24.0, 31.5], [0.0, 1.0, 30.0, 44.0]])
    corners = np.concatenate([crops[:, :2] + 1, crops[:, :2] + crops[:, 2:]], axis=1)
    decoded = mtcnn_boxes.refine(corners, offsets_to(crops, faces, stage=stage))
    assert mtcnn_boxes.to_xywh(decoded) == pytest.approx(faces, abs=1e-4)


@pytest.mark.parametrize("scale", [1.0, 0.5, 0.3])
def test_decoding_the_targets_of_the_first_stage_gives_the_face_back(scale):
    """The detector's own way from a cell of a level to a box; it cuts to whole pixels before."""
    cell = np.array([[7, 4]])
    side = 12 / scale
    crop = np.array([[2 * 7 / scale, 2 * 4 / scale, side, side]])
    face = crop + np.array([[0.1, -0.05, -0.2, 0.15]]) * side
    window = mtcnn_boxes.window_boxes(cell, np.array([scale]))
    decoded = mtcnn_boxes.refine_proposals(window, offsets_to(crop, face, stage="pnet"))
    assert mtcnn_boxes.to_xywh(decoded) == pytest.approx(face, abs=1.01)


def test_decoding_landmark_targets_gives_the_points_back():
    crops = np.array([[10.0, 20.0, 30.0, 30.0]])
    points = np.array([[[15, 25], [33, 26], [24, 35], [17, 44], [31, 44.5]]])
    corners = np.concatenate([crops[:, :2] + 1, crops[:, :2] + crops[:, 2:]], axis=1)
    decoded = mtcnn_boxes.decode_landmarks(corners, points_in(crops, points))
    assert decoded == pytest.approx(points, abs=1e-4)


def dotted(points):
    """A scene whose landmarks are bright dots of five colours."""
    picture = np.full((160, 160, 3), 40, np.uint8)
    for number, (x, y) in enumerate(points):
        cv2.circle(picture, (round(x), round(y)), 5, COLOURS[number], -1)
    return picture


COLOURS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255)]


def test_landmark_samples_show_the_points_where_their_targets_say():
    """Shifted, turned and mirrored: eyes and mouth corners change places in the mirror."""
    points = np.array([[60.0, 65.0], [100.0, 65.0], [80.0, 85.0], [65.0, 102.0], [95.0, 102.0]])
    scene = Scene(
        dotted(points), np.array([[40.0, 35.0, 80.0, 90.0]]), points[None], np.empty((0, 4))
    )
    samples = landmark_samples(scene, stage="onet", options=OPTIONS, random=rng())
    assert len(samples) >= 20
    mirrored = 0
    for crop, target in zip(samples.crops, samples.points, strict=True):
        places = target.reshape(2, 5).T * 48 - 0.5
        shown = [crop[round(float(y)), round(float(x))].astype(int) for x, y in places]
        nearest = [int(np.abs(np.array(COLOURS) - colour).sum(axis=1).argmin()) for colour in shown]
        assert nearest in ([0, 1, 2, 3, 4], [1, 0, 2, 4, 3])
        mirrored += nearest[0] == 1
        assert places[0, 0] < places[1, 0]  # the first eye stays the one on the picture's left
    assert mirrored == len(samples) / 2


def test_hard_negatives_are_limited_and_small_candidates_left_out(scenes):
    scene = Scene(
        np.zeros((200, 200, 3), np.uint8), np.empty((0, 4)), np.empty((0, 5, 2)), np.empty((0, 4))
    )
    large = np.array([[1.0 + n, 1.0, 40.0 + n, 40.0] for n in range(100)])
    small = np.array([[1.0, 1.0, 12.0, 12.0]] * 50)
    found = hard_samples(
        scene, np.concatenate([small, large]), stage="onet", options=OPTIONS, random=rng()
    )
    assert found.counts() == {"positive": 0, "part": 0, "landmark": 0, "negative": 60}


def test_faces_that_are_too_small_or_ignored_are_neither_example_nor_negative():
    small, ignored = [20.0, 20.0, 12.0, 15.0], [100.0, 100.0, 50.0, 50.0]
    scene = Scene(
        np.zeros((200, 200, 3), np.uint8),
        np.array([small]),
        np.full((1, 5, 2), np.nan),
        np.array([ignored]),
    )
    found = random_samples(
        scene, stage="pnet", options=SamplingOptions(negatives=400), random=rng()
    )
    assert set(found.kinds.tolist()) == {NEGATIVE}
    assert 0 < len(found) < 400
    assert found.overlaps.max() == 0


def test_samples_without_faces_are_refused_with_what_to_do():
    scene = MadeScenes(1, seed=1, most_faces=1).read(0)
    bare = Scene(scene.picture, np.empty((0, 4)), np.empty((0, 5, 2)), np.empty((0, 4)))
    parts = [random_samples(bare, stage="pnet", options=OPTIONS, random=rng())]
    with pytest.raises(TrainingDataRejected, match="0 positive and 50 negative"):
        Samples.joined(parts, stage="pnet")


def test_made_scenes_are_the_same_for_the_same_seed_and_others_for_another():
    one, again, other = (MadeScenes(3, seed=seed).read(2) for seed in (5, 5, 6))
    assert np.array_equal(one.picture, again.picture)
    assert np.array_equal(one.boxes, again.boxes)
    assert not np.array_equal(one.picture, other.picture)


def test_made_faces_lie_in_the_picture_with_their_points_in_their_boxes(scenes):
    faces = 0
    for scene in scenes:
        assert scene.picture.shape == (240, 320, 3)
        for (x, y, w, h), points in zip(scene.boxes, scene.landmarks, strict=True):
            faces += 1
            assert x >= 0
            assert y >= 0
            assert x + w <= 320
            assert y + h <= 240
            assert (points > [x, y]).all()
            assert (points < [x + w, y + h]).all()
            assert points[0, 0] < points[1, 0]
            assert points[:2, 1].mean() < points[2, 1] < points[3:, 1].mean()
    assert faces >= 12


def test_impossible_made_scenes_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        MadeScenes(1, seed=1, face_px=(10, 500))
    with pytest.raises(IndexError):
        MadeScenes(1, seed=1).read(1)


def test_no_scene_at_all_is_refused():
    with pytest.raises(TrainingDataRejected, match="no picture to train on"):
        checked_scenes(MadeScenes(0, seed=1))


def test_joined_sources_count_on():
    joined = JoinedScenes([MadeScenes(2, seed=1), MadeScenes(0, seed=2), MadeScenes(3, seed=4)])
    assert len(joined) == 5
    assert joined.name(1) == "made scene 1 of seed 1"
    assert joined.name(2) == "made scene 0 of seed 4"
    assert np.array_equal(joined.read(4).picture, MadeScenes(3, seed=4).read(2).picture)


WIDER = """\
0--Parade/a.jpg
2
10 20 30 40 0 0 0 0 0 0
5 6 7 8 2 0 0 1 0 0
0--Parade/none.jpg
0
0 0 0 0 0 0 0 0 0 0
"""


def test_widers_list_is_read_with_its_invalid_faces_ignored(tmp_path):
    (tmp_path / "0--Parade").mkdir()
    picture = np.zeros((60, 80, 3), np.uint8)
    for name in ("a.jpg", "none.jpg"):
        (tmp_path / "0--Parade" / name).write_bytes(jpeg_bytes(picture))
    (tmp_path / "list.txt").write_text(WIDER)
    source = read_wider(tmp_path / "list.txt", root=tmp_path)
    assert len(source) == 2
    scene = source.read(0)
    assert scene.boxes.tolist() == [[10, 20, 30, 40]]
    assert scene.ignored.tolist() == [[5, 6, 7, 8]]
    assert not scene.has_landmarks.any()
    assert source.read(1).boxes.shape == (0, 4)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a.jpg\nmany\n1 2 3 4\n", "no number"),
        ("a.jpg\n2\n1 2 3 4\n", "fewer lines than faces"),
        ("a.jpg\n1\n1 2 3\n", "three numbers"),
        ("../a.jpg\n1\n1 2 3 4\n", "a picture elsewhere"),
    ],
)
def test_other_lists_are_refused(tmp_path, text, why):
    (tmp_path / "list.txt").write_text(text)
    with pytest.raises(TrainingDataRejected):
        read_wider(tmp_path / "list.txt", root=tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no xml", "no XML"),
        (
            "<dataset><images><image file='a.jpg'><box top='1'/></image></images></dataset>",
            "imglab",
        ),
        ("<dataset><image file='../a.jpg'/></dataset>", "lies outside"),
        ('<!DOCTYPE d [<!ENTITY e "x">]><dataset>&e;</dataset>', "no XML"),
    ],
)
def test_other_xml_is_refused(tmp_path, text, message):
    (tmp_path / "a.xml").write_text(text)
    with pytest.raises(TrainingDataRejected, match=message):
        read_imglab(tmp_path / "a.xml")


def test_a_picture_that_cannot_be_read_is_an_error_of_its_own(tmp_path):
    (tmp_path / "a.xml").write_text("<dataset><image file='a.jpg'/><image file='b.jpg'/></dataset>")
    (tmp_path / "b.jpg").write_bytes(b"x")
    source = read_imglab(tmp_path / "a.xml")
    for index in range(2):
        with pytest.raises(ImageRejected):
            source.read(index)

    class Blind:
        name = "blind"

        def detect(self, pictures):
            return [[] for _ in pictures]

    score = score_detector(Blind(), source)
    assert (score.scenes, len(score.unreadable), score.recall) == (0, 2, None)


@pytest.mark.parametrize(
    ("names", "is_marked", "reason"),
    [
        (("left_eye", "right_eye", "nose", "mouth_left", "mouth_right"), True, "MTCNN's points"),
        (("00", "01", "02", "03", "04"), False, "dlib's five are corners of eyes, and the nose"),
    ],
)
def test_five_points_are_read_by_their_names_alone(tmp_path, names, is_marked, reason):
    parts = "".join(f"<part name='{name}' x='{n}' y='{2 * n}'/>" for n, name in enumerate(names))
    (tmp_path / "a.jpg").write_bytes(jpeg_bytes(empty_room(size_px=(64, 64))))
    (tmp_path / "a.xml").write_text(
        "<dataset><image file='a.jpg'><box top='1' left='1' width='30' height='30'>"
        f"{parts}</box></image></dataset>"
    )
    scene = read_imglab(tmp_path / "a.xml").read(0)
    assert scene.has_landmarks.tolist() == [is_marked], reason
    if is_marked:
        assert scene.landmarks[0].tolist() == [[n, 2 * n] for n in range(5)]


def test_sixty_eight_points_become_five(photos):
    source = read_imglab(photos / "detection" / "testing_with_face_landmarks.xml")
    scene = source.read(0)
    assert scene.has_landmarks.all()
    for (x, y, w, h), points in zip(scene.boxes, scene.landmarks, strict=True):
        assert points[0, 0] < points[1, 0]
        assert points[:2, 1].mean() < points[3:, 1].mean()
        assert (np.abs(points.mean(axis=0) - [x + w / 2, y + h / 2]) < 0.3 * np.array([w, h])).all()
