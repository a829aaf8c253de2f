"""Inception-ResNet-v1: its size to the parameter, its arithmetic, and weights under other names."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it

from recognition.embedding.inception_file import build_network, read_weights, write_weights
from recognition.embedding.inception_names import tensorflow_names
from recognition.embedding.inception_resnet import InceptionResnetV1, PerImageStandardisation
from recognition.embedding.inception_torch import TorchInception
from recognition.embedding.preparation import fixed_standardise, prewhiten
from recognition.embedding_spec import CropSpec, EmbeddingSpec
from recognition.errors import ModelRejected
from recognition.models.onnx_writer import write_onnx
from recognition.runtime import NetworkSpec
from recognition.runtime.openvino import OpenVinoNetwork
from tests.recognition.made_models import made_inception, tensorflow_name, to_tensorflow

pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture(scope="module")
def network():
    return made_inception()


@pytest.fixture(scope="module")
def plain_network():
    """As facenet trained it: batch normalisation without gamma."""
    return made_inception(has_gamma=False, seed=3)


@pytest.fixture(scope="module")
def faces():
    rng = np.random.default_rng(4)
    coarse = rng.uniform(0, 255, (2, 10, 10, 3)).astype(np.float32)
    return np.clip(coarse.repeat(16, 1).repeat(16, 2), 0, 255).astype(np.uint8)


def pixels_of(faces, prepare=fixed_standardise):
    return torch.from_numpy(np.ascontiguousarray(prepare(faces).transpose(0, 3, 1, 2)))


@pytest.mark.parametrize(
    ("dimension", "has_gamma", "expected", "why"),
    [
        (512, True, 23_482_624, "facenet-pytorch's count"),
        (512, False, 23_467_824, "facenet's own; Intel's model card says 23.469 million"),
        (128, True, 22_793_728, "the width of the paper"),
    ],
)
def test_the_number_of_parameters_is_exact(dimension, has_gamma, expected, why):
    with torch.device("meta"):
        network = InceptionResnetV1(dimension=dimension, has_gamma=has_gamma)
    assert sum(parameter.numel() for parameter in network.parameters()) == expected, why


def test_answers_have_unit_length_and_rows_do_not_touch_each_other(network, faces):
    with torch.inference_mode():
        together = network(pixels_of(faces))
        alone = network(pixels_of(faces[1:2]))
    np.testing.assert_allclose(together.norm(dim=1), 1.0, atol=1e-6)
    np.testing.assert_allclose(together[1:2], alone, atol=1e-5)
    assert float(together[0] @ together[1]) < 0.99


def test_the_inside_agrees_with_the_published_block_sizes(network):
    sizes = {}

    def note(name):
        return lambda module, inputs, output: sizes.__setitem__(name, tuple(output.shape[1:]))

    handles = [
        network.get_submodule(name).register_forward_hook(note(name))
        for name in ("conv2d_4b", "repeat_1", "mixed_6a", "mixed_7a", "block8")
    ]
    with torch.inference_mode():
        network(torch.zeros(1, 3, 160, 160))
    for handle in handles:
        handle.remove()
    assert sizes == {
        "conv2d_4b": (256, 17, 17),
        "repeat_1": (256, 17, 17),
        "mixed_6a": (896, 8, 8),
        "mixed_7a": (1792, 3, 3),
        "block8": (1792, 3, 3),
    }


class Direct:
    """facenet's inference written with functions over TensorFlow's own variables: an oracle."""

    def __init__(self, variables):
        self.v = {
            k.removeprefix("InceptionResnetV1/"): torch.from_numpy(v.copy())
            for k, v in variables.items()
        }

    def conv(self, x, scope, *, stride=1, same=False):
        weights = self.v[f"{scope}/weights"].permute(3, 2, 0, 1)
        padding = tuple(side // 2 for side in weights.shape[2:]) if same else 0
        return F.relu(self.norm(F.conv2d(x, weights, stride=stride, padding=padding), scope))

    def norm(self, x, scope):
        beta, mean, variance = (
            self.v[f"{scope}/BatchNorm/{part}"]
            for part in ("beta", "moving_mean", "moving_variance")
        )
        shape = (1, -1) + (1,) * (x.ndim - 2)
        return (x - mean.view(shape)) / (variance.view(shape) + 1e-3).sqrt() + beta.view(shape)

    def chain(self, x, place, *scopes):
        for scope in scopes:
            x = self.conv(x, f"{place}/{scope}", same=True)
        return x

    def block(self, x, place, branches, scale, *, relu=True):
        parts = [self.chain(x, f"{place}/Branch_{i}", *b) for i, b in enumerate(branches)]
        weights = self.v[f"{place}/Conv2d_1x1/weights"].permute(3, 2, 0, 1)
        up = F.conv2d(torch.cat(parts, 1), weights, self.v[f"{place}/Conv2d_1x1/biases"])
        x = x + scale * up
        return F.relu(x) if relu else x

    def __call__(self, x):
        x = self.conv(x, "Conv2d_1a_3x3", stride=2)
        x = self.conv(x, "Conv2d_2a_3x3")
        x = self.conv(x, "Conv2d_2b_3x3", same=True)
        x = self.conv(F.max_pool2d(x, 3, 2), "Conv2d_3b_1x1")
        x = self.conv(self.conv(x, "Conv2d_4a_3x3"), "Conv2d_4b_3x3", stride=2)
        one, two = ["Conv2d_1x1"], ["Conv2d_0a_1x1", "Conv2d_0b_3x3"]
        for i in range(1, 6):
            x = self.block(x, f"Repeat/block35_{i}", [one, two, [*two, "Conv2d_0c_3x3"]], 0.17)
        a, b = "Mixed_6a/Branch_0", "Mixed_6a/Branch_1"
        reduced = self.conv(self.chain(x, b, *two), f"{b}/Conv2d_1a_3x3", stride=2)
        x = torch.cat(
            [self.conv(x, f"{a}/Conv2d_1a_3x3", stride=2), reduced, F.max_pool2d(x, 3, 2)], 1
        )
        for i in range(1, 11):
            long = ["Conv2d_0a_1x1", "Conv2d_0b_1x7", "Conv2d_0c_7x1"]
            x = self.block(x, f"Repeat_1/block17_{i}", [one, long], 0.10)
        parts = []
        for i, scopes in enumerate([two[:1], two[:1], two]):
            place = f"Mixed_7a/Branch_{i}"
            parts.append(
                self.conv(self.chain(x, place, *scopes), f"{place}/Conv2d_1a_3x3", stride=2)
            )
        x = torch.cat([*parts, F.max_pool2d(x, 3, 2)], 1)
        short = [one, ["Conv2d_0a_1x1", "Conv2d_0b_1x3", "Conv2d_0c_3x1"]]
        for i in range(1, 6):
            x = self.block(x, f"Repeat_2/block8_{i}", short, 0.20)
        x = self.block(x, "Block8", short, 1.0, relu=False).mean((2, 3))
        return F.normalize(self.norm(x @ self.v["Bottleneck/weights"], "Bottleneck"))


def test_weights_under_tensorflows_names_give_what_tensorflow_computed(
    plain_network, faces, tmp_path
):
    variables = to_tensorflow(plain_network.state_dict())
    slots = {
        "global_step:0": np.array(5),
        "Logits/weights:0": np.zeros((512, 9), np.float32),
        "InceptionResnetV1/Conv2d_1a_3x3/weights/Adam:0": np.zeros(1, np.float32),
    }
    path = tmp_path / "facenet.npz"
    np.savez(path, **{f"{name}:0": value for name, value in variables.items()}, **slots)
    network = build_network(read_weights(path))
    assert sum(p.numel() for p in network.parameters()) == 23_467_824
    with torch.inference_mode():
        got = network(pixels_of(faces))
        expected = Direct(variables)(pixels_of(faces))
    assert float((got - expected).abs().max()) <= 1e-5


def test_a_moving_average_is_preferred_to_its_variable(plain_network, tmp_path):
    variables = to_tensorflow(plain_network.state_dict())
    name = "InceptionResnetV1/Bottleneck/weights"
    averaged = variables[name] + 1
    path = tmp_path / "facenet.npz"
    np.savez(path, **variables, **{f"{name}/ExponentialMovingAverage": averaged})
    np.testing.assert_array_equal(read_weights(path)["last_linear.weight"], averaged.T)


def test_the_two_lists_of_names_agree(plain_network):
    parameters = [n for n in plain_network.state_dict() if not n.endswith("num_batches_tracked")]
    assert {tensorflow_name(name): name for name in parameters} == tensorflow_names()


def test_a_facenet_pytorch_file_loads_with_its_classifier_left_out(network, faces, tmp_path):
    state = network.state_dict() | {
        "logits.weight": torch.zeros(8631, 512),
        "logits.bias": torch.zeros(8631),
    }
    path = tmp_path / "20180402-114759-vggface2.pt"
    torch.save(state, path)
    loaded = build_network(read_weights(path))
    assert sum(p.numel() for p in loaded.parameters()) == 23_482_624
    with torch.inference_mode():
        np.testing.assert_array_equal(loaded(pixels_of(faces)), network(pixels_of(faces)))


def _damaged(network, **changes):
    state = {k: v.detach().numpy().copy() for k, v in network.state_dict().items()}
    state = {k: v for k, v in state.items() if not k.endswith("num_batches_tracked")}
    for name, value in changes.items():
        key = name.replace("__", ".")
        if value is None:
            del state[key]
        else:
            state[key] = value(state[key]) if callable(value) else value
    return state


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"block8__conv2d__bias": None}, "model.names", r"1 missing \(block8\.conv2d\.bias\)"),
        ({"head__weight": np.zeros(2, np.float32)}, "model.names", r"1 unexpected \(head\.weight"),
        ({"last_bn__weight": None}, "model.names", "last_bn.weight"),
        ({"conv2d_1a__conv__weight": lambda a: a[:16]}, "model.shape", r"\(16, 3, 3, 3\)"),
        ({"last_linear__weight": lambda a: a[:100]}, "model.shape", "128 or 512"),
        ({"last_bn__bias": lambda a: a * np.nan}, "model.values", "not finite"),
        ({"last_bn__running_var": lambda a: a - 1e6}, "model.values", "negative"),
    ],
    ids=["missing", "unexpected", "one gamma lost", "shape", "width", "NaN", "variance"],
)
def test_wrong_parameters_are_refused_by_name(network, tmp_path, changes, code, words):
    path = tmp_path / "made.safetensors"
    path.write_bytes(write_weights(_damaged(network, **changes)))
    with pytest.raises(ModelRejected, match=words) as refused:
        build_network(read_weights(path))
    assert refused.value.code == code


class Command:
    """What a malicious pickle holds: a call."""

    def __reduce__(self):
        return print, ("this ran",)


@pytest.mark.parametrize("ending", [".pt", ".safetensors", ".npz"])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"\x00" * 4096])
def test_damaged_files_are_refused(tmp_path, ending, content):
    path = tmp_path / f"damaged{ending}"
    path.write_bytes(content)
    with pytest.raises(ModelRejected) as refused:
        read_weights(path)
    assert refused.value.code == "model.unreadable"


def test_a_file_that_wants_to_run_code_does_not(tmp_path, capsys):
    torch.save({"last_linear.weight": Command()}, tmp_path / "evil.pt")
    np.savez(tmp_path / "evil.npz", **{"a/b": np.array([Command()], dtype=object)})
    for name in ("evil.pt", "evil.npz"):
        with pytest.raises(ModelRejected) as refused:
            read_weights(tmp_path / name)
        assert refused.value.code == "model.unreadable"
        assert "weights_only" not in refused.value.message
    assert "this ran" not in capsys.readouterr().out


@pytest.mark.parametrize("scaling", ["fixed", "per_image"])
def test_openvino_and_torch_agree_on_the_same_pixels(network, faces, tmp_path, scaling):
    spec = EmbeddingSpec(512, "rgb", scaling, CropSpec("box-margin", 160, 32), "unit")
    by_torch = TorchInception(network, spec=spec, device="cpu", precision="f32")
    got = by_torch.run(faces)["embedding"]
    assert (by_torch.device, by_torch.precision) == ("cpu", "f32")
    whole = (
        network if scaling == "fixed" else torch.nn.Sequential(PerImageStandardisation(), network)
    )
    path = tmp_path / "network.onnx"
    path.write_bytes(write_onnx(whole.eval(), size_px=160, dimension=512))
    mean, scale = (127.5, 128.0) if scaling == "fixed" else (0.0, 1.0)
    by_openvino = OpenVinoNetwork(NetworkSpec(path, mean=mean, scale=scale)).run(faces)
    np.testing.assert_allclose(by_openvino["embedding"], got, atol=1e-5)
    prepare = fixed_standardise if scaling == "fixed" else prewhiten
    with torch.inference_mode():
        np.testing.assert_allclose(got, network(pixels_of(faces, prepare)), atol=1e-5)


def test_half_precision_stays_close(faces):
    network = made_inception(seed=0)
    spec = EmbeddingSpec(512, "rgb", "fixed", CropSpec("box-margin", 160, 32), "unit")
    full = TorchInception(network, spec=spec, device="cpu", precision="f32").run(faces)["embedding"]
    half = TorchInception(network, spec=spec, device="cpu", precision="bf16")
    vectors = half.run(faces)["embedding"]
    assert half.precision == "bf16"
    assert ((full * vectors).sum(1) / np.linalg.norm(vectors, axis=1)).min() > 0.995


def test_the_writer_names_what_it_cannot_write():
    with pytest.raises(ModelRejected, match="GELU"):
        write_onnx(torch.nn.Sequential(torch.nn.GELU()).eval(), size_px=8, dimension=1)


def test_the_writer_leaves_dropout_out_of_a_network_that_answers_and_refuses_one_that_trains():
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 2, 8), torch.nn.Dropout())
    with pytest.raises(ModelRejected, match="Dropout"):
        write_onnx(network.train(), size_px=8, dimension=2)
    assert b"Dropout" not in write_onnx(network.eval(), size_px=8, dimension=2)
