"""``models`` on the command line: list, verify, add, test, remove; people and programs served."""

import json

import numpy as np
import pytest

from recognition import cli, weights
from recognition.embedding_spec import CropSpec
from recognition.images import encode_jpeg
from recognition.models.golden import golden_face
from recognition.runtime import NetworkSpec
from recognition.runtime.openvino import OpenVinoNetwork
from tests.recognition.made_models import made_pack


@pytest.fixture
def run(tmp_path, cache_dir, capsys):
    """Run ``models ...`` on this test's own folder: (exit code, output, errors)."""

    def models(*arguments):
        common = ["--models-dir", str(tmp_path / "kept"), "--cache-dir", str(cache_dir)]
        code = cli.main(["models", *common, *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return models


@pytest.fixture
def pack(tmp_path):
    return made_pack(tmp_path / "made.onnx")


def add(run, pack, *more):
    return run("add", pack, "--id", "made", "--licence", "mine", *more)


def test_add_list_verify_test_remove(run, pack):
    code, output, _ = add(run, pack, "--channel-order", "rgb")
    assert code == 0
    assert "16 numbers, arcface112-similarity-rgb-symmetric" in output
    assert "self-test --model made" in output

    code, output, _ = run()
    assert code == 0
    assert run("list")[1] == output
    (line,) = [line for line in output.splitlines() if " made " in line]
    assert line.startswith("ok")
    assert weights.sha256_of(pack)[:12] in line

    code, output, _ = run("verify", "made")
    assert code == 0
    assert "golden vector off by" in output

    code, output, _ = run("test", "made", "--calls", "3", "--faces", "2", "--device", "cpu")
    assert code == 0
    assert "p99 ms" in output

    assert run("remove", "made")[0] == 0
    assert " made " not in run()[1]
    code, _, errors = run("remove", "made")
    assert code == 1
    assert "weights.unknown" in errors


def test_json_works_before_and_after_the_action(run, pack):
    code, output, _ = add(run, pack, "--channel-order", "rgb", "--json")
    assert code == 0
    added = json.loads(output)
    assert added["added"] == "made"
    for arguments in [("--json",), ("--json", "list"), ("list", "--json")]:
        rows = {row["id"]: row for row in json.loads(run(*arguments)[1])["models"]}
        assert rows["made"]["space_id"] == added["space_id"]
        assert rows["made"]["evidence"] == "declared, not measured"
        assert rows["yunet-2023mar"]["space_id"] is None
    times = json.loads(run("test", "made", "--json", "--calls", "2", "--device", "cpu")[1])
    assert [row["faces"] for row in times["times"]] == [1, 16]


def test_a_refusal_is_exit_code_1_with_its_code(run, pack):
    code, _, errors = add(run, pack)
    assert code == 1
    assert errors.startswith("model.channel_order: ")
    code, output, _ = add(run, pack, "--json", "--channel-order", "rgb", "--sha256", "00")
    assert code == 1
    assert json.loads(output)["code"] == "model.digest"


def test_a_golden_pair_is_read_from_its_files(run, pack, tmp_path):
    crop = golden_face().crop(CropSpec())
    (tmp_path / "crop.jpg").write_bytes(encode_jpeg(crop[0], quality=100))
    network = OpenVinoNetwork(NetworkSpec(pack, channel_order="bgr", mean=127.5, scale=127.5))
    np.save(tmp_path / "vector.npy", network.run(crop)["vector"])
    pair = f"{tmp_path / 'crop.jpg'}:{tmp_path / 'vector.npy'}"
    code, output, _ = add(run, pack, "--golden", pair)
    assert code == 0
    assert "channel order bgr: The golden vector's similarity is" in output
    code, _, errors = add(run, pack, "--golden", f"gone.png:{tmp_path / 'vector.npy'}")
    assert code == 1
    assert "gone.png" in errors


def test_wrong_usage_is_exit_code_2(run, pack, capsys):
    for arguments in [
        ("add", pack, "--id", "made"),
        ("add", pack, "--id", "made", "--licence", "mine", "--golden", "only.png"),
        ("dance",),
    ]:
        with pytest.raises(SystemExit) as left:
            run(*arguments)
        assert left.value.code == 2
    assert run("test", "sface-2021dec", "--calls", "0")[0] == 2


def test_a_broken_model_is_listed_with_its_reason_beside_the_sound_ones(run, pack, tmp_path):
    add(run, pack, "--channel-order", "rgb")
    (tmp_path / "kept" / "made" / "model.onnx").write_bytes(b"gone")
    code, output, errors = run()
    assert code == 1
    assert output.count("FAIL") == 1
    assert errors.startswith("made: The weights 'made'")


def test_photos_without_a_face_are_named(run, pack, tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "grey.jpg").write_bytes(encode_jpeg(np.full((200, 200, 3), 99, np.uint8)))
    (photos / "broken.jpg").write_bytes(b"no picture")
    code, _, errors = add(run, pack, "--photos", photos)
    assert code == 1
    assert "No face was found in the 2 photos" in errors


@pytest.mark.parametrize("action", [(), ("add",), ("test",), ("verify",), ("list",), ("remove",)])
def test_help_teaches(action, capsys):
    with pytest.raises(SystemExit) as left:
        cli.main(["models", *action, "--help"])
    assert left.value.code == 0
    assert len(capsys.readouterr().out) > 300
