"""What is printed, drawn and kept: cells, JSON, plots by suffix, and vectors between runs."""

import json

import numpy as np
import pytest
from PIL import Image

from recognition.contracts import EmbeddingSpace
from recognition.errors import IndexMismatch
from recognition.evaluation import plots
from recognition.evaluation.bootstrap import Interval
from recognition.evaluation.calibration import reliability
from recognition.evaluation.intervals import share_of
from recognition.evaluation.invariance import SweepPoint
from recognition.evaluation.report import HEADER, Measure, as_json, measure_cells, percent, thinned
from recognition.evaluation.subjects import Subject
from recognition.evaluation.vector_cache import VectorCache
from recognition.evaluation.verification import roc_curve

SPACE = EmbeddingSpace("test", "0" * 64, 3, "v1")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.99483, "99.48 %"),
        (1.0, "100.00 %"),
        (0.0, "0.00 %"),
        (0.00012, "0.012 %"),
        (0.003, "0.30 %"),
    ],
)
def test_shares_are_percentages_and_small_ones_keep_their_digits(value, expected):
    assert percent(value) == expected


def test_a_figure_is_a_row():
    cells = measure_cells(Measure("EER", 0.0063, Interval(0.004, 0.009), 6000, "why"))
    assert dict(zip(HEADER, cells, strict=True)) == {
        "figure": "EER",
        "value": "0.63 %",
        "95 % interval": "0.40 % … 0.90 %",
        "of": "6,000",
        "remark": "why",
    }
    assert measure_cells(Measure("threshold", 0.48921, is_share=False))[1] == "0.4892"
    assert measure_cells(Measure("ratio", None))[1:4] == ("–", "", "")


def test_everything_becomes_json():
    value = {
        "measure": Measure("EER", float("nan")),
        "curve": np.array([0.5, np.inf]),
        "share": share_of(1, 4),
        1: (np.int64(3), np.bool_(True)),
    }
    found = json.loads(json.dumps(as_json(value), allow_nan=False))
    assert found["measure"]["value"] is None
    assert found["curve"] == [0.5, None]
    assert (found["share"]["count"], found["share"]["total"]) == (1, 4)
    assert found["1"] == [3, True]


def test_long_curves_are_thinned_with_both_ends():
    long = np.arange(10_000)
    (kept,) = thinned(long, points=50)
    assert (len(kept), kept[0], kept[-1]) == (50, 0, 9_999)
    assert thinned(long[:10], points=50)[0] is not None
    np.testing.assert_array_equal(thinned(long[:10], points=50)[0], long[:10])


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Every plot in both formats, by name."""
    folder = tmp_path_factory.mktemp("plots")
    random = np.random.default_rng(0)
    genuine, impostors = random.normal(0.7, 0.1, 200), random.normal(0.1, 0.1, 300)
    impostors[0] = -np.inf  # a stranger without a face
    is_genuine = np.arange(500) < 200
    curve = roc_curve(np.concatenate([genuine, impostors]), is_genuine)
    told = reliability(random.random(500), is_genuine)
    sweep = [
        SweepPoint("scale", v, None if v < 0.6 else v, v / 2, 9, 10, 0.9) for v in (0.5, 0.7, 1)
    ]
    for suffix in ("png", "svg"):
        files = {kind: folder / f"{kind}.{suffix}" for kind in
                 ("roc", "det", "dir", "cmc", "scores", "calibration", "sweep")}  # fmt: skip
        plots.save_roc(files["roc"], curve, title="99 % match")
        plots.save_det(files["det"], curve, title="99 % match")
        plots.save_dir(files["dir"], curve, title="99 % match")
        plots.save_cmc(files["cmc"], np.array([0.9, 1.0]), title="99 % match")
        plots.save_histogram(files["scores"], genuine, impostors, title="99 % match", threshold=0.4)
        plots.save_calibration(files["calibration"], {"logistic": told}, title="99 % match")
        plots.save_sweep(files["sweep"], sweep, title="99 % match", unit="scale")
    return folder


@pytest.mark.parametrize("kind", ["roc", "det", "dir", "cmc", "scores", "calibration", "sweep"])
def test_plots_are_pictures_of_the_kind_that_their_suffix_says(drawn, kind):
    with Image.open(drawn / f"{kind}.png") as picture:
        assert picture.format == "PNG"
        assert min(picture.size) > 500
        assert len(set(np.asarray(picture.convert("L")).ravel().tolist())) > 10
    text = (drawn / f"{kind}.svg").read_text()
    assert "<svg" in text
    assert "<!-- 99 % match -->" in text  # the title, which matplotlib writes as outlines


def test_the_same_figures_draw_the_same_file(tmp_path):
    for name in ("one.svg", "two.svg"):
        plots.save_cmc(tmp_path / name, np.array([0.9, 1.0]), title="same")
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
    with pytest.raises(ValueError, match=r"expected .png or .svg"):
        plots.save_cmc(tmp_path / "plot.pdf", np.array([0.9]), title="no")


def test_kept_vectors_come_back(tmp_path):
    path = tmp_path / "kept.npz"
    kept = VectorCache.open(path, space=SPACE)
    kept.put("a", Subject(np.array([1, 2, 3], np.float32)))
    kept.put("b", Subject(None, "no face was found"))
    kept.put("wide", Subject(np.arange(6, dtype=np.float32)))  # both mirror images side by side
    kept.save()
    again = VectorCache.open(path, space=SPACE)
    assert len(again) == 3
    np.testing.assert_array_equal(again.get("a").vector, [1, 2, 3])
    np.testing.assert_array_equal(again.get("wide").vector, np.arange(6))
    assert (again.get("b").vector, again.get("b").problem) == (None, "no face was found")
    assert again.get("c") is None
    assert [file.name for file in tmp_path.iterdir()] == ["kept.npz"]


def test_vectors_of_another_space_or_another_file_are_refused(tmp_path):
    path = tmp_path / "kept.npz"
    kept = VectorCache.open(path, space=SPACE)
    kept.put("a", Subject(np.array([1, 2, 3], np.float32)))
    kept.save()
    with pytest.raises(IndexMismatch, match="Name another file for this model"):
        VectorCache.open(path, space=EmbeddingSpace("other", "0" * 64, 3, "v1"))
    path.write_bytes(b"something else")
    with pytest.raises(IndexMismatch, match="holds no kept vectors"):
        VectorCache.open(path, space=SPACE)
    np.savez(path, anything=np.zeros(3))
    with pytest.raises(IndexMismatch, match="holds no kept vectors"):
        VectorCache.open(path, space=SPACE)
