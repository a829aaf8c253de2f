"""The command line: exit codes, and messages for people and for programs."""

import json

import pytest

from recognition import cli, device, weights
from recognition.errors import WeightsError


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(device, "_NVIDIA_NODES", ())


def test_self_test_says_that_the_engine_is_ready(cache_dir, capsys):
    code = cli.main(["self-test", "--device", "cpu", "--cache-dir", str(cache_dir)])
    output = capsys.readouterr().out
    assert code == 0, output
    assert "The engine is ready: openvino on cpu" in output
    assert "FAIL" not in output


def test_self_test_in_json(cache_dir, capsys):
    assert cli.main(["self-test", "--json", "--device", "cpu", "--cache-dir", str(cache_dir)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is True
    assert {check["name"] for check in report["checks"]} >= {"vector", "device"}
    assert report["engine"]["device"] == "cpu"


@pytest.mark.usefixtures("no_gpu")
def test_a_gpu_that_is_not_there_fails_the_preflight_with_a_reason(capsys):
    assert cli.main(["self-test", "--device", "cuda"]) == 1
    assert "device.no_gpu: device=cuda was asked for" in capsys.readouterr().err
    assert cli.main(["self-test", "--device", "cuda", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["code"] == "device.no_gpu"


def test_a_failed_self_test_is_exit_code_1(cache_dir, capsys, monkeypatch):
    def changed(weights_id):
        raise WeightsError(f"{weights_id} is another file")

    monkeypatch.setattr("recognition.pipeline.self_test.verified_path", changed)
    assert cli.main(["self-test", "--device", "cpu", "--cache-dir", str(cache_dir)]) == 1
    output = capsys.readouterr().out
    assert "FAIL weights: " in output
    assert "must not be used" in output


def test_analyse_prints_one_line_a_file_and_goes_on_after_a_bad_one(
    cache_dir, capsys, tmp_path, golden_bytes
):
    good, bad = tmp_path / "good.png", tmp_path / "bad.jpg"
    good.write_bytes(golden_bytes)
    bad.write_bytes(b"no picture")
    files = [str(bad), str(tmp_path / "gone.jpg"), str(good)]
    code = cli.main(["analyse", "--device", "cpu", "--cache-dir", str(cache_dir), *files])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert code == 1
    assert [line["file"] for line in lines] == files
    assert lines[0]["error"].startswith("image.")
    assert lines[1]["error"] == "image.unreadable"
    (face,) = lines[2]["faces"]
    assert len(face["embedding"]) == 128
    assert face["score"] > 0.7


def test_models_are_listed_and_verified(capsys, monkeypatch):
    assert cli.main(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("ok ") for line in lines) >= len(weights.manifest())

    def changed(item):
        raise WeightsError("a byte differs")

    monkeypatch.setattr("recognition.cli.models.verified", changed)
    assert cli.main(["models", "--json"]) == 1
    assert all(
        row["problem"] == "a byte differs" for row in json.loads(capsys.readouterr().out)["models"]
    )
