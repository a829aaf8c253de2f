"""The self-test passes on a sound engine and names what is wrong with an unsound one."""

from dataclasses import replace

import numpy as np
import pytest

from recognition.config import EngineConfig
from recognition.device import DeviceChoice
from recognition.errors import SelfTestFailed, WeightsError
from recognition.pipeline import Engine, load_engine, self_test
from tests.recognition.made_models import engine_on_made_pack


def failed(report):
    return [check.name for check in report.checks if not check.ok]


def rebuilt(engine, **parts):
    whole = {
        "choice": engine.choice,
        "detector": engine._detector,
        "embedder": engine._embedder,
        "refiner": engine._sighter._refiner,
        **parts,
    }
    return Engine(engine.config, **whole)


class Altered:
    """An embedder whose crops or vectors are changed on the way."""

    def __init__(self, real, *, crops=lambda a: a, vectors=lambda v: v, precision=None):
        self._real, self._crops, self._vectors = real, crops, vectors
        self._precision = precision
        self.space = real.space
        self.crop = real.crop
        self.mean = real.mean

    @property
    def precision(self):
        return self._precision or self._real.precision

    @property
    def device(self):
        return self._real.device

    def embed(self, aligned, *, flip_fusion=None):
        crops = np.ascontiguousarray(self._crops(aligned))
        return self._vectors(self._real.embed(crops, flip_fusion=flip_fusion))


def test_a_sound_engine_passes_every_check(f32_engine):
    report = f32_engine.self_test()
    assert report.ok, failed(report)
    assert [check.name for check in report.checks] == [
        "weights",
        "detection",
        "vector",
        "channel order",
        "device",
        "index",
    ]
    report.require()


@pytest.mark.parametrize("second_look", [True, False])
@pytest.mark.parametrize("detector", ["yunet", "mtcnn", "haar"])
def test_the_engine_as_shipped_passes(cache_dir, detector, second_look):
    config = EngineConfig(
        device="cpu",
        detector=detector,
        cache_dir=cache_dir,
        flip_fusion=False,
        second_look=second_look,
    )
    report = load_engine(config).self_test()
    assert report.ok, report.checks


def test_bgr_instead_of_rgb_is_noticed(f32_engine):
    swapped = Altered(f32_engine._embedder, crops=lambda a: a[..., ::-1])
    report = rebuilt(f32_engine, embedder=swapped).self_test()
    assert failed(report) == ["vector", "channel order"]


def test_a_network_blind_to_colour_is_noticed(f32_engine):
    grey = Altered(
        f32_engine._embedder,
        crops=lambda a: np.repeat(a.mean(-1, keepdims=True), 3, -1).astype("u1"),
    )
    assert "channel order" in failed(rebuilt(f32_engine, embedder=grey).self_test())


def test_a_vector_slightly_off_is_noticed(f32_engine):
    def disturbed(vectors):
        vectors = vectors.copy()
        vectors[:, 0] += 0.002
        return vectors

    off = Altered(f32_engine._embedder, vectors=disturbed)
    report = rebuilt(f32_engine, embedder=off).self_test()
    assert failed(report) == ["vector"]
    with pytest.raises(SelfTestFailed, match=r"vector: .* \(limit 1e-03, f32\)"):
        report.require()


def test_another_precision_than_decided_is_noticed(f32_engine):
    other = Altered(f32_engine._embedder, precision="bf16")
    assert failed(rebuilt(f32_engine, embedder=other).self_test()) == ["device"]


def test_another_device_than_decided_is_noticed(f32_engine):
    asked = DeviceChoice("cuda", "a GPU", "f32", "torch")
    assert failed(rebuilt(f32_engine, choice=asked).self_test()) == ["device"]


def test_a_blind_detector_is_noticed(f32_engine):
    class Blind:
        name = "yunet"

        def detect(self, pictures):
            return [[] for _ in pictures]

    assert failed(rebuilt(f32_engine, detector=Blind()).self_test()) == ["detection"]


def test_weights_that_changed_on_disk_are_noticed(f32_engine, monkeypatch):
    def changed(weights_id):
        raise WeightsError(f"{weights_id} is another file")

    monkeypatch.setattr(self_test, "verified_path", changed)
    report = f32_engine.self_test()
    assert failed(report) == ["weights"]
    assert "another file" in report.checks[0].detail


def test_a_model_that_was_removed_meanwhile_is_noticed(f32_engine):
    class Gone(Altered):
        def __init__(self, real):
            super().__init__(real)
            self.space = replace(real.space, model_id="gone")

    report = rebuilt(f32_engine, embedder=Gone(f32_engine._embedder)).self_test()
    assert failed(report) == ["weights"]
    assert "'gone'" in report.checks[0].detail


def test_a_manifest_that_was_changed_meanwhile_is_noticed(f32_engine):
    class Other(Altered):
        def __init__(self, real):
            super().__init__(real)
            self.space = replace(real.space, preprocessing="another")

    report = rebuilt(f32_engine, embedder=Other(f32_engine._embedder)).self_test()
    assert failed(report) == ["weights"]
    assert "Start the engine again" in report.checks[0].detail


def test_an_added_model_is_held_to_the_answer_that_it_gave_when_added(tmp_path, cache_dir):
    engine = engine_on_made_pack(tmp_path, cache_dir, red_weight=3.0)
    assert engine.self_test().ok
    swapped = Altered(engine._embedder, crops=lambda a: a[..., ::-1])
    assert failed(rebuilt(engine, embedder=swapped).self_test()) == ["vector", "channel order"]


def test_an_added_file_that_changed_while_the_engine_runs_is_noticed(tmp_path, cache_dir):
    engine = engine_on_made_pack(tmp_path, cache_dir)
    (tmp_path / "kept" / "made" / "model.onnx").write_bytes(b"other")
    assert failed(engine.self_test()) == ["weights"]


def test_a_colour_blind_model_is_not_held_to_colours(tmp_path, cache_dir):
    engine = engine_on_made_pack(tmp_path, cache_dir, grey=True)
    (check,) = [c for c in engine.self_test().checks if c.name == "channel order"]
    assert check.ok
    assert "hardly looks at colours" in check.detail
