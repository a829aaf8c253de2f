"""Both runtimes compute the same, on the device that was decided, and nothing loads unasked."""

from pathlib import Path

import numpy as np
import pytest

from recognition import device
from recognition.device import DeviceChoice, choose_device
from recognition.errors import DeviceUnavailable, ModelRejected
from recognition.runtime import NetworkSpec, float_graph, open_network, torch_graph
from recognition.runtime import openvino as openvino_runtime
from recognition.runtime.int8 import int8_ranges
from recognition.runtime.openvino import OpenVinoNetwork, _batches
from recognition.runtime.torch_graph import TorchNetwork
from tests.faces import DISTINCT, jpeg_bytes, photo
from tests.recognition.fresh_process import modules_loaded_by

NETWORKS = [("sface-2021dec", "rgb", (3, 112, 112, 3)), ("yunet-2023mar", "bgr", (2, 128, 256, 3))]


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(device, "_NVIDIA_NODES", ())


@pytest.fixture
def gpu_node(monkeypatch):
    monkeypatch.setattr(device, "_NVIDIA_NODES", (Path("/dev/null"),))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def random_pictures(shape):
    return np.random.default_rng(5).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize(("weights_id", "order", "shape"), NETWORKS)
def test_torch_and_openvino_agree_in_f32(cache_dir, weights_id, order, shape):
    spec = NetworkSpec(float_graph(weights_id, cache_dir=cache_dir), channel_order=order)
    pictures = random_pictures(shape)
    ours = TorchNetwork(spec, device="cpu", precision="f32").run(pictures)
    theirs = OpenVinoNetwork(spec, precision="f32").run(pictures)
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        assert value.shape == theirs[name].shape
        np.testing.assert_allclose(value, theirs[name], atol=1e-4, rtol=0)


def test_torch_in_bf16_stays_close(cache_dir):
    spec = NetworkSpec(float_graph("sface-2021dec", cache_dir=cache_dir))
    pictures = random_pictures((2, 112, 112, 3))
    reduced = TorchNetwork(spec, device="cpu", precision="bf16")
    exact = TorchNetwork(spec, device="cpu", precision="f32").run(pictures)["fc1"]
    got = reduced.run(pictures)["fc1"]
    cosine = (got * exact).sum(1) / np.linalg.norm(got, axis=1) / np.linalg.norm(exact, axis=1)
    assert (cosine > 0.998).all()
    assert (reduced.device, reduced.precision) == ("cpu", "bf16")


@pytest.mark.parametrize("runtime", ["openvino", "torch"])
def test_mean_scale_and_channel_order_are_applied_before_the_graph(cache_dir, runtime):
    # SFace subtracts 127.5 itself: feeding it (x - 127.5) / 0.5 of a picture equals feeding the
    # plain network the values 2 x - 255, here chosen to stay within 0..255.
    path = float_graph("sface-2021dec", cache_dir=cache_dir)
    choice = DeviceChoice("cpu", "test", "f32", runtime)
    pictures = np.random.default_rng(2).integers(128, 255, (1, 112, 112, 3), dtype=np.uint8)
    plain = open_network(NetworkSpec(path), choice).run(
        (pictures.astype(int) * 2 - 255)[..., ::-1].astype(np.uint8)
    )
    shaped = open_network(NetworkSpec(path, "bgr", mean=127.5, scale=0.5), choice).run(pictures)
    np.testing.assert_allclose(shaped["fc1"], plain["fc1"], atol=1e-3)


def test_any_batch_gives_each_picture_its_own_answer(cache_dir):
    network = OpenVinoNetwork(
        NetworkSpec(float_graph("sface-2021dec", cache_dir=cache_dir)), precision="f32"
    )
    pictures = random_pictures((23, 112, 112, 3))  # fours, twos and single ones
    together = network.run(pictures)["fc1"]
    assert together.shape == (23, 128)
    for position in (0, 15, 16, 20, 21, 22):
        alone = network.run(pictures[position : position + 1])["fc1"]
        np.testing.assert_allclose(together[position], alone[0], atol=1e-4)


@pytest.mark.parametrize(
    ("count", "streams", "expected"),
    [
        (1, 2, [1]),
        (3, 2, [1, 1, 1]),  # a batch of two would leave the other stream idle
        (5, 2, [2, 2, 1]),
        (8, 2, [4, 4]),
        (23, 2, [4, 4, 4, 4, 2, 2, 1, 1, 1]),
        (23, 4, [4, 4, 4, 4, 1, 1, 1, 1, 1, 1, 1]),
        (7, 1, [4, 2, 1]),
    ],
)
def test_every_stream_gets_as_many_batches_of_a_size(count, streams, expected):
    assert _batches(count, pixels=112 * 112, streams=streams) == expected


def test_large_pictures_run_one_by_one():
    assert _batches(9, pixels=640 * 640, streams=2) == [1] * 9


def prelu_network(path, slopes):
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    item = helper.make_tensor_value_info
    slopes = np.array(slopes, np.float32).reshape(-1, 1, 1)
    graph = helper.make_graph(
        [helper.make_node("PRelu", ["x", "slope"], ["y"])],
        "g",
        [item("x", TensorProto.FLOAT, ["n", 3, "h", "w"])],
        [item("y", TensorProto.FLOAT, ["n", 3, "h", "w"])],
        [numpy_helper.from_array(slopes, "slope")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)]), path)


def test_a_spread_prelu_is_the_same_for_slopes_of_every_kind(tmp_path):
    slopes = [-0.5, 0.25, 1.12]  # SFace has some below zero and some above one
    prelu_network(tmp_path / "prelu.onnx", slopes)
    pictures = random_pictures((2, 8, 8, 3))
    # values on both sides of zero
    network = OpenVinoNetwork(NetworkSpec(tmp_path / "prelu.onnx", mean=128.0))
    values = pictures.transpose(0, 3, 1, 2).astype(np.float32) - 128.0
    expected = np.where(values > 0, values, values * np.array(slopes).reshape(1, 3, 1, 1))
    np.testing.assert_allclose(network.run(pictures)["y"], expected, atol=1e-4)


@pytest.fixture(scope="module")
def drawn_faces(f32_engine):
    files = [jpeg_bytes(photo(person)) for person in DISTINCT[:3]]
    return np.stack([item.faces[0].aligned for item in f32_engine.analyse(files)])


def sface(cache_dir, **options):
    path = float_graph("sface-2021dec", cache_dir=cache_dir)
    return NetworkSpec(path, **options)


def test_int8_stays_close_to_f32_and_says_so(cache_dir, drawn_faces):
    exact = OpenVinoNetwork(sface(cache_dir)).run(drawn_faces)["fc1"]
    spec = sface(cache_dir, int8_ranges=int8_ranges("sface-2021dec"))
    reduced = OpenVinoNetwork(spec, int8=True)
    got = reduced.run(drawn_faces)["fc1"]
    cosine = (got * exact).sum(1) / np.linalg.norm(got, axis=1) / np.linalg.norm(exact, axis=1)
    assert (cosine > 0.99).all()
    assert not np.allclose(got, exact, atol=1e-3)  # or it was float arithmetic after all
    assert reduced.precision == "int8"


def test_int8_without_measured_ranges_stays_in_floats(cache_dir, drawn_faces):
    network = OpenVinoNetwork(sface(cache_dir), int8=True)
    network.run(drawn_faces[:1])
    assert network.precision == "f32"
    assert int8_ranges("a network that nobody measured") == {}


def test_ranges_without_int8_change_nothing(cache_dir, drawn_faces):
    spec = sface(cache_dir, int8_ranges=int8_ranges("sface-2021dec"))
    np.testing.assert_array_equal(
        OpenVinoNetwork(spec).run(drawn_faces[:1])["fc1"],
        OpenVinoNetwork(sface(cache_dir)).run(drawn_faces[:1])["fc1"],
    )


def test_ranges_of_another_network_are_refused_by_name(cache_dir, drawn_faces):
    spec = sface(cache_dir, int8_ranges={"no such tensor": (0.0, 1.0)})
    with pytest.raises(ValueError, match="'no such tensor'"):
        OpenVinoNetwork(spec, int8=True).run(drawn_faces[:1])


def test_torch_takes_more_pictures_than_fit_at_once_in_parts(cache_dir, monkeypatch):
    network = TorchNetwork(sface(cache_dir), device="cpu", precision="f32")
    pictures = random_pictures((5, 112, 112, 3))
    together = network.run(pictures)["fc1"]
    monkeypatch.setattr(torch_graph, "_MAX_PIXELS", 2 * 112 * 112)
    np.testing.assert_allclose(network.run(pictures)["fc1"], together, atol=1e-4)


def test_more_batches_than_run_at_once_keep_their_places(cache_dir, monkeypatch):
    monkeypatch.setattr(openvino_runtime, "_MAX_RUNNING", 1)
    network = OpenVinoNetwork(sface(cache_dir), threads=2)
    pictures = random_pictures((23, 112, 112, 3))
    few_at_once = network.run(pictures)["fc1"]
    monkeypatch.undo()
    np.testing.assert_allclose(network.run(pictures)["fc1"], few_at_once, atol=1e-4)


@pytest.mark.parametrize("runtime", ["openvino", "torch"])
def test_outputs_that_are_not_wanted_change_nothing_in_the_others(cache_dir, runtime):
    path = float_graph("yunet-2023mar", cache_dir=cache_dir)
    choice = DeviceChoice("cpu", "test", "f32", runtime)
    pictures = random_pictures((2, 64, 96, 3))
    everything = open_network(NetworkSpec(path), choice).run(pictures)
    wanted = ("kps_32", "cls_32")
    found = open_network(NetworkSpec(path, outputs=wanted), choice).run(pictures)
    assert found.keys() == set(wanted)
    for name in wanted:
        np.testing.assert_allclose(found[name], everything[name], atol=1e-5)


@pytest.mark.parametrize("runtime", ["openvino", "torch"])
def test_an_output_that_the_file_lacks_is_named(cache_dir, runtime):
    spec = NetworkSpec(float_graph("sface-2021dec", cache_dir=cache_dir), outputs=("fc2",))
    choice = DeviceChoice("cpu", "test", "f32", runtime)
    with pytest.raises(ValueError, match="has no output fc2; it has fc1"):
        open_network(spec, choice).run(random_pictures((1, 112, 112, 3)))


def test_results_survive_the_next_run(cache_dir):
    network = OpenVinoNetwork(
        NetworkSpec(float_graph("sface-2021dec", cache_dir=cache_dir)), precision="f32"
    )
    first = network.run(random_pictures((1, 112, 112, 3)))["fc1"]
    kept = first.copy()
    network.run(np.zeros((1, 112, 112, 3), np.uint8))
    np.testing.assert_array_equal(first, kept)


def test_programs_for_many_shapes_do_not_pile_up(cache_dir):
    network = OpenVinoNetwork(
        NetworkSpec(float_graph("yunet-2023mar", cache_dir=cache_dir)), precision="f32"
    )
    for side in range(64, 64 + 32 * 18, 32):
        network.run(np.zeros((1, 64, side, 3), np.uint8))
    assert len(network._programs) == 16


@pytest.mark.parametrize(
    "pictures",
    [
        np.zeros((0, 112, 112, 3), np.uint8),
        np.zeros((112, 112, 3), np.uint8),
        np.zeros((1, 3, 112, 112), np.uint8),
        np.zeros((1, 112, 112, 3), np.float32),
    ],
    ids=["no picture", "no batch axis", "channels first", "floats"],
)
def test_wrong_arrays_are_refused(cache_dir, pictures):
    spec = NetworkSpec(float_graph("sface-2021dec", cache_dir=cache_dir))
    for network in (OpenVinoNetwork(spec), TorchNetwork(spec, device="cpu", precision="f32")):
        with pytest.raises(ValueError, match=r"\(N, H, W, 3\) uint8"):
            network.run(pictures)


def test_torch_names_an_operator_it_does_not_know(tmp_path):
    import onnx
    from onnx import TensorProto, helper

    item = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Erf", ["x"], ["y"])],
        "g",
        [item("x", TensorProto.FLOAT, [1, 3, 8, 8])],
        [item("y", TensorProto.FLOAT, [1, 3, 8, 8])],
    )
    onnx.save(helper.make_model(graph), tmp_path / "erf.onnx")
    with pytest.raises(ModelRejected, match="'Erf'"):
        TorchNetwork(NetworkSpec(tmp_path / "erf.onnx"), device="cpu", precision="f32")


def test_a_gpu_that_was_asked_for_and_is_not_there_is_an_error(no_gpu):
    with pytest.raises(DeviceUnavailable, match="driver") as caught:
        choose_device("cuda", "auto")
    assert caught.value.code == "device.no_gpu"


def test_a_driver_without_a_cuda_torch_is_an_error_for_cuda_and_a_processor_for_auto(
    gpu_node, monkeypatch
):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(DeviceUnavailable, match=r"requirements-gpu\.txt") as caught:
        choose_device("cuda", "auto")
    assert caught.value.code == "device.no_cuda_torch"
    assert choose_device("auto", "f32").device == "cpu"


def test_auto_takes_the_gpu_that_torch_sees(gpu_node, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.get_device_name", lambda _: "a GPU")
    assert choose_device("auto", "auto") == DeviceChoice("cuda", "a GPU", "f16", "torch")


def test_hidden_gpus_do_not_count(gpu_node, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert choose_device("auto", "f32").device == "cpu"


@pytest.mark.parametrize(
    ("flags", "precision", "expected"),
    [
        ("avx2 avx512_bf16", "auto", "bf16"),
        ("avx2 amx_bf16", "auto", "bf16"),
        ("avx2 avx512f", "auto", "f32"),  # emulated bf16 is slower and no better
        ("avx512_bf16", "f32", "f32"),
    ],
)
@pytest.mark.usefixtures("no_gpu")
def test_precision_follows_the_processor(monkeypatch, tmp_path, flags, precision, expected):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"model name\t: Some CPU\nflags\t\t: {flags}\n")
    monkeypatch.setattr(device, "_CPUINFO", cpuinfo)
    choice = choose_device("auto", precision)
    assert (choice.precision, choice.device_name) == (expected, "Some CPU")


@pytest.mark.parametrize("precision", ["bf16", "f16"])
def test_a_precision_that_is_not_there_is_an_error(no_gpu, monkeypatch, tmp_path, precision):
    (tmp_path / "cpuinfo").write_text("model name : Old CPU\nflags : avx2\n")
    monkeypatch.setattr(device, "_CPUINFO", tmp_path / "cpuinfo")
    with pytest.raises(DeviceUnavailable) as caught:
        choose_device("auto", precision)
    assert caught.value.code == "device.precision"


def test_the_processor_path_imports_neither_torch_nor_onnx_once_the_cache_is_warm(
    cache_dir, golden_bytes, f32_engine, tmp_path
):
    f32_engine.analyse([golden_bytes])
    (tmp_path / "face.png").write_bytes(golden_bytes)
    code = (
        "from pathlib import Path; from recognition.pipeline import load_engine;"
        "from recognition.config import EngineConfig;"
        "e = load_engine(EngineConfig(device='cpu', cache_dir=Path(sys.argv[1])));"
        "assert len(e.analyse([Path(sys.argv[2]).read_bytes()])[0].faces) == 1"
    )
    arguments = (str(cache_dir), str(tmp_path / "face.png"))
    assert modules_loaded_by(code, *arguments, among={"torch", "onnx", "django", "faiss"}) == []


def test_importing_the_pipeline_loads_no_runtime():
    runtimes = {"torch", "onnx", "openvino", "faiss"}
    assert modules_loaded_by("import recognition.pipeline", among=runtimes) == []
