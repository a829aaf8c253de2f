"""MTCNN's losses by their formulas, and networks that learn, repeat themselves and go on."""

import json
import math

import cv2
import numpy as np
import pytest
import torch

from recognition.detection.mtcnn import MtcnnDetector
from recognition.detection.mtcnn_networks import ONet, PNet, RNet, load_keras_arrays
from recognition.detection.mtcnn_options import MtcnnOptions
from recognition.detection.mtcnn_weights import MtcnnWeights, read_mtcnn_weights, save_mtcnn_weights
from recognition.detection.training import MadeScenes, Samples, SamplingOptions, score_detector
from recognition.detection.training.cascade import STAGES, CascadeOptions, train_cascade
from recognition.detection.training.colours import jitter_colours, prepared
from recognition.detection.training.fitting import DROPS, FitOptions, TrainingDiverged, fit
from recognition.detection.training.losses import (
    WEIGHTS,
    box_loss,
    face_loss,
    joint_loss,
    landmark_loss,
)
from recognition.detection.training.networks import fresh_network, keras_arrays
from recognition.detection.training.samples import LANDMARK, NEGATIVE, PART, POSITIVE
from recognition.detection.training.sampling import landmark_samples, random_samples
from recognition.geometry.boxes import iou_matrix

pytestmark = pytest.mark.usefixtures("one_torch_thread")
KINDS = torch.tensor([POSITIVE, NEGATIVE, PART, LANDMARK])


def test_the_published_weights_of_the_losses():
    assert {s: (w.face, w.box, w.landmarks) for s, w in WEIGHTS.items()} == {
        "pnet": (1, 0.5, 0.5),
        "rnet": (1, 0.5, 0.5),
        "onet": (1, 0.5, 1),
    }


def test_the_face_loss_is_the_mean_cross_entropy_of_the_hardest_seventy_percent():
    logits = torch.tensor(np.random.default_rng(1).normal(size=(20, 2)), dtype=torch.float64)
    kinds = torch.tensor([POSITIVE, NEGATIVE] * 10)
    each = sorted(
        (
            math.log(math.exp(a) + math.exp(b)) - (b if kind == POSITIVE else a)
            for (a, b), kind in zip(logits.tolist(), kinds.tolist(), strict=True)
        ),
        reverse=True,
    )
    assert float(face_loss(logits, kinds)) == pytest.approx(sum(each[:14]) / 14, abs=1e-12)
    assert float(face_loss(logits, kinds, hard_share=1.0)) == pytest.approx(sum(each) / 20)


def test_easy_samples_give_no_gradient():
    logits = torch.tensor([[9.0, 0.0]] * 3 + [[0.0, 1.0]] * 7, requires_grad=True)
    face_loss(logits, torch.full((10,), NEGATIVE)).backward()
    assert (logits.grad[:3] == 0).all()
    assert (logits.grad[3:] != 0).all()


def test_each_kind_counts_in_its_own_losses_only():
    """face: positive, negative; box: positive, part; landmarks: landmark samples."""
    logits = torch.zeros(4, 2, requires_grad=True)
    offsets = torch.zeros(4, 4, requires_grad=True)
    points = torch.zeros(4, 10, requires_grad=True)
    losses = joint_loss(
        logits, offsets, points,
        kinds=KINDS, true_offsets=torch.ones(4, 4), true_points=torch.ones(4, 10),
        weights=WEIGHTS["onet"],
    )  # fmt: skip
    losses.total.backward()
    assert [bool(row.any()) for row in offsets.grad] == [True, False, True, False]
    assert [bool(row.any()) for row in points.grad] == [False, False, False, True]
    assert not logits.grad[2:].any()
    assert losses.box.item() == pytest.approx(4)
    assert losses.landmarks.item() == pytest.approx(10)
    assert losses.face.item() == pytest.approx(math.log(2))
    assert losses.total.item() == pytest.approx(math.log(2) + 0.5 * 4 + 10)


def test_a_batch_without_a_kind_has_none_of_its_loss():
    kinds = torch.full((3,), PART)
    assert float(face_loss(torch.ones(3, 2), kinds)) == 0
    assert float(landmark_loss(torch.ones(3, 10), torch.zeros(3, 10), kinds)) == 0
    assert float(box_loss(torch.ones(3, 4), torch.zeros(3, 4), torch.full((3,), LANDMARK))) == 0


@pytest.mark.parametrize(
    ("stage", "kind", "parameters"),
    [("pnet", PNet, 6_632), ("rnet", RNet, 100_178), ("onet", ONet, 389_040)],
)
def test_a_trained_network_answers_as_the_detectors_does(stage, kind, parameters):
    network = fresh_network(stage, seed=3)
    arrays = keras_arrays(network)
    assert sum(array.size for array in arrays) == parameters
    loaded = kind()
    load_keras_arrays(loaded, arrays)
    side = {"pnet": 12, "rnet": 24, "onet": 48}[stage]
    crops = torch.randn(5, 3, side, side, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        logits, offsets, points = network(crops)
        answer = [value.flatten(1) if value.ndim > 1 else value for value in loaded(crops)]
    assert torch.allclose(logits.softmax(dim=1)[:, 1], answer[0].reshape(-1), atol=1e-6)
    assert torch.allclose(offsets, answer[1], atol=1e-6)
    if stage == "onet":
        assert torch.allclose(points, answer[2], atol=1e-6)


def test_colour_jitter_changes_colours_and_keeps_shapes():
    crops = prepared(torch.randint(0, 256, (6, 12, 12, 3), dtype=torch.uint8))
    assert (crops.min(), crops.max()) > (-1, 0)
    one, again = (
        jitter_colours(crops, generator=torch.Generator().manual_seed(4)) for _ in range(2)
    )
    assert torch.equal(one, again)
    assert not torch.allclose(one, crops, atol=0.05)
    assert one.abs().max() <= 127.5 / 128
    grey = torch.full((1, 3, 4, 4), 0.25)
    jittered = jitter_colours(grey, generator=torch.Generator().manual_seed(4))
    assert jittered.amax(dim=1) == pytest.approx(jittered.amin(dim=1).numpy(), abs=1e-2)


def stage_samples(count, seed, stage="pnet"):
    source = MadeScenes(count, seed=seed)
    parts = []
    for index in range(count):
        random = np.random.default_rng([seed, index])
        scene = source.read(index)
        parts += [
            take(scene, stage=stage, options=SamplingOptions(), random=random)
            for take in (random_samples, landmark_samples)
        ]
    return Samples.joined(parts, stage=stage)


@pytest.fixture(scope="module")
def samples():
    return stage_samples(60, seed=21)


@pytest.fixture(scope="module")
def trained(samples):
    network = fresh_network("pnet", seed=1)
    curve = fit(
        network, samples, options=FitOptions(14, batch_size=192, learning_rate=0.05, seed=1)
    )
    return network, curve


def balanced_accuracy(network, samples):
    """Mean over positives and negatives: one answer for all is worth 0.5."""
    shares = []
    for kind, answer in ((POSITIVE, 1), (NEGATIVE, 0)):
        crops = prepared(torch.from_numpy(samples.crops[samples.indices(kind)]))
        with torch.inference_mode():
            shares.append(float((network(crops)[0].argmax(dim=1) == answer).float().mean()))
    return sum(shares) / 2


def test_a_network_learns_what_a_face_is_on_scenes_it_has_not_seen(trained):
    held_out = stage_samples(25, seed=22)
    untrained = [balanced_accuracy(fresh_network("pnet", seed=s), held_out) for s in range(5)]
    assert max(untrained) < 0.75
    assert balanced_accuracy(trained[0], held_out) > 0.9


def proposals(network, source):
    """Faces with a proposal of IoU 0.4 and more, faces, and windows a scene."""
    rest = {s: keras_arrays(fresh_network(s, seed=1)) for s in ("rnet", "onet")}
    detector = MtcnnDetector(
        MtcnnWeights(pnet=keras_arrays(network), **rest),
        options=MtcnnOptions(thresholds=(0.6, 0.7, 0.7)),
    )
    found = faces = windows = 0
    for index in range(len(source)):
        scene = source.read(index)
        (corners,) = detector.candidates([scene.picture], network="rnet")
        boxes = np.concatenate([corners[:, :2] - 1, corners[:, 2:] - corners[:, :2] + 1], axis=1)
        windows += len(boxes)
        faces += len(scene.boxes)
        if len(boxes) and len(scene.boxes):
            found += int((iou_matrix(scene.boxes, boxes).max(axis=1) >= 0.4).sum())
    return found, faces, windows / len(source)


def test_its_proposals_hold_nine_faces_of_ten_among_few_windows(trained):
    """Few, so that no network passes by proposing everything: a scene has some 10,000 windows."""
    found, faces, windows = proposals(trained[0], MadeScenes(15, seed=23))
    assert faces > 20
    assert found / faces >= 0.9
    assert windows < 150
    found, _, windows = proposals(fresh_network("pnet", seed=1), MadeScenes(15, seed=23))
    assert found / faces < 0.9 or windows > 150


def test_the_same_seed_gives_the_same_curve_and_weights(samples, trained):
    again = fresh_network("pnet", seed=1)
    options = FitOptions(2, batch_size=192, learning_rate=0.05, seed=1)
    curve = fit(again, samples, options=options)
    third = fresh_network("pnet", seed=1)
    assert fit(third, samples, options=options) == curve
    for one, other in zip(keras_arrays(again), keras_arrays(third), strict=True):
        assert np.array_equal(one, other)
    assert curve[0].loss == trained[1][0].loss  # the rate falls later, the first epoch is the same


def test_the_learning_rate_falls_at_its_drops():
    options = FitOptions(20, learning_rate=0.1, drops=(0.5, 0.75))
    assert options.rate_at(0) == options.rate_at(9) == pytest.approx(0.1)
    assert options.rate_at(10) == options.rate_at(14) == pytest.approx(0.01)
    assert options.rate_at(19) == pytest.approx(0.001)


def test_the_drops_of_a_cascade_are_those_of_its_networks():
    """These shares are the published epochs."""
    options = CascadeOptions(drops=(0.27, 0.63, 0.9), learning_rate=1.0).of_stage("rnet")
    falls = [epoch for epoch in range(1, 22) if options.rate_at(epoch) < options.rate_at(epoch - 1)]
    assert falls == [6, 14, 20]


def test_a_loss_that_is_no_number_stops_with_its_batch_named(samples):
    broken = Samples(
        samples.crops, samples.kinds, samples.overlaps,
        np.full_like(samples.offsets, np.nan), samples.points,
    )  # fmt: skip
    with pytest.raises(TrainingDiverged, match=r"loss of pnet is nan in epoch 1, batch 1\b"):
        fit(fresh_network("pnet", seed=1), broken, options=FitOptions(1, batch_size=96))


TINY = CascadeOptions(
    epochs=dict.fromkeys(STAGES, 1),
    batch_size=48,
    learning_rate=0.01,
    sampling=SamplingOptions(negatives=10, jittered=8, hard_negatives=10, landmark_shifts=2),
    seed=5,
)


def test_a_cascade_is_a_file_that_the_detector_takes_and_goes_on_where_it_stopped(tmp_path):
    scenes = MadeScenes(4, seed=31, size_px=(200, 160), face_px=(30, 60))
    done = {}
    whole = train_cascade(
        scenes, options=TINY, finished=lambda report, arrays: done.update({report.stage: arrays})
    )
    save_mtcnn_weights(whole, tmp_path / "mtcnn.safetensors")
    detector = MtcnnDetector(read_mtcnn_weights(tmp_path / "mtcnn.safetensors"))
    assert score_detector(detector, scenes).scenes == 4
    seen = []
    again = train_cascade(
        scenes,
        options=TINY,
        kept={"pnet": done["pnet"], "rnet": done["rnet"]},
        finished=lambda report, arrays: seen.append(report),
    )
    assert [report.stage for report in seen] == ["onet"]
    assert seen[0].samples["positive"] > 0
    for stage in STAGES:
        for one, other in zip(getattr(whole, stage), getattr(again, stage), strict=True):
            assert np.array_equal(one, other), stage


@pytest.fixture
def train(run, tmp_path):
    """The command on a few scenes, a single epoch each."""

    def call(*more):
        return run(
            *("train", "mtcnn", "--out", tmp_path / "out", "--made", 3, "--holdout", 2),
            *("--epochs", 1, 1, 1, "--batch-size", 24, "--seed", 9, "--threads", 1, *more),
        )

    return call


def test_the_command_trains_records_and_goes_on_after_an_interruption(train, run, tmp_path):
    out = tmp_path / "out"
    code, printed, complaints = train()
    assert code == 0
    assert "On 2 made scenes of another seed" in printed
    assert [line.split()[0] for line in printed.splitlines()[2:]] == ["ours", "published"]
    record = json.loads((out / "training.json").read_text())
    assert set(record["networks"]) == {"pnet", "rnet", "onet"}
    assert record["networks"]["onet"]["curve"][0]["loss"] > 0
    assert record["held_out"]["published"]["found"] > 0
    assert record["arguments"]["drops"] == list(DROPS)
    assert json.loads((out / "revision.json").read_text())["torch"] == torch.__version__
    for stage in STAGES:
        assert cv2.imread(str(out / f"learning_curves_{stage}.png")).shape[1] > 800
    # as a version wrote it that had no such option
    del record["arguments"]["drops"]
    (out / "training.json").write_text(json.dumps(record))
    whole = (out / "mtcnn.safetensors").read_bytes()
    (out / "mtcnn.safetensors").unlink()
    (out / "onet.safetensors").write_bytes(b"half")  # killed while it wrote, or damaged
    code, _, complaints = train()
    assert code == 0
    assert [line.split()[0] for line in complaints.splitlines() if "accuracy" in line] == [
        "onet",
        "onet:",
    ]
    assert (out / "mtcnn.safetensors").read_bytes() == whole
    assert (out / "revision.2.json").is_file()
    for other in (("--learning-rate", 0.02), ("--drops", 0.27, 0.63, 0.9)):
        code, _, complaints = train(*other)
        assert code == 1
        assert "holds a training with other arguments" in complaints
    code, printed, _ = run(
        *("evaluate", "detection", "--made", 2, "--weights", out / "mtcnn.safetensors", "--json")
    )
    assert code == 0
    (scores,) = json.loads(printed)["sets"].values()
    assert set(scores) == {"published", str(out / "mtcnn.safetensors")}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--wider", "list.txt"), "--wider and --root go together"),
        (("--imglab", "none.xml"), "cannot be read"),
        (("--learning-rate", -1), "above 0 is needed"),
    ],
)
def test_wrong_options_are_refused_before_the_work(run, tmp_path, options, message):
    code, _, complaints = run("train", "mtcnn", "--out", tmp_path / "out", *options)
    assert code == 1
    assert message in complaints
