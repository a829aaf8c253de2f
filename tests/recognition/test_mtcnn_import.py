"""Importing MTCNN weights: files in facenet's and facenet-pytorch's layout, and hostile ones."""

import io
import os
import pickle

import numpy as np
import pytest
import torch

from recognition.detection.mtcnn import MtcnnDetector
from recognition.detection.mtcnn_import import import_mtcnn
from recognition.detection.mtcnn_weights import SHAPES, MtcnnWeights, load_mtcnn_weights
from recognition.errors import WeightsError
from recognition.weights import verified_path
from tests.faces import render_face

# The layers of each network in our order: name in the npy files, name in the pt files.
LAYERS = {
    "pnet": [
        *[(f"conv{n}", f"conv{n}") for n in (1, 2, 3)],
        ("conv4-2", "conv4_2"),
        ("conv4-1", "conv4_1"),
    ],
    "rnet": [
        *[(f"conv{n}", f"conv{n}") for n in (1, 2, 3)],
        ("conv4", "dense4"),
        ("conv5-2", "dense5_2"),
        ("conv5-1", "dense5_1"),
    ],
    "onet": [
        *[(f"conv{n}", f"conv{n}") for n in (1, 2, 3, 4)],
        ("conv5", "dense5"),
        ("conv6-2", "dense6_2"),
        ("conv6-3", "dense6_3"),
        ("conv6-1", "dense6_1"),
    ],
}


@pytest.fixture(scope="module")
def weights():
    return load_mtcnn_weights(*(verified_path(f"mtcnn-{n}") for n in ("pnet", "rnet", "onet")))


def layers_of(weights, network):
    """Per layer: both names, kernel, bias, and slopes or None."""
    arrays = list(getattr(weights, network))
    for npy_name, pt_name in LAYERS[network]:
        kernel, bias = arrays.pop(0), arrays.pop(0)
        is_head = "-" in npy_name
        yield npy_name, pt_name, kernel, bias, None if is_head else arrays.pop(0).reshape(-1)


def npy_content(weights, network):
    """facenet's dictionary: kernels of transposed pictures, so height and width change places."""
    content = {}
    for name, _, kernel, bias, slopes in layers_of(weights, network):
        turned = kernel.swapaxes(0, 1) if kernel.ndim == 4 else kernel
        content[name] = {"weights": turned, "biases": bias}
        if slopes is not None:
            prelu = "PReLU" if network == "pnet" else "prelu"  # as in the published files
            content[f"{prelu}{name[-1]}"] = {"alpha": slopes}
    return content


def write_npy(path, content):
    np.save(path, np.array(content, dtype=object), allow_pickle=True)
    return path


def npy_files(folder, weights):
    return [
        write_npy(folder / f"det{n}.npy", npy_content(weights, network))
        for n, network in enumerate(("pnet", "rnet", "onet"), start=1)
    ]


def pt_files(folder, weights):
    paths = []
    for network in ("pnet", "rnet", "onet"):
        state = {}
        for _, name, kernel, bias, slopes in layers_of(weights, network):
            turned = kernel.transpose(3, 2, 0, 1) if kernel.ndim == 4 else kernel.T
            state[f"{name}.weight"] = torch.from_numpy(turned.copy())
            state[f"{name}.bias"] = torch.from_numpy(bias.copy())
            if slopes is not None:
                state[f"prelu{name[-1]}.weight"] = torch.from_numpy(slopes.copy())
        paths.append(folder / f"{network}.pt")
        torch.save(state, paths[-1])
    return paths


@pytest.mark.parametrize("write", [npy_files, pt_files], ids=["npy", "pt"])
def test_imported_files_give_the_published_arrays_and_the_same_faces(tmp_path, weights, write):
    paths = write(tmp_path, weights)
    imported = import_mtcnn(paths[::-1])  # what a file is for is in the file
    for network in ("pnet", "rnet", "onet"):
        for ours, own in zip(getattr(imported, network), getattr(weights, network), strict=True):
            np.testing.assert_array_equal(ours, own.reshape(ours.shape))
    picture = render_face(3)
    (expected,), (found,) = (
        MtcnnDetector(source).detect([picture])[0] for source in (weights, imported)
    )
    assert found.box == expected.box
    np.testing.assert_array_equal(found.landmarks, expected.landmarks)


def test_the_published_files_of_python_2_are_read(tmp_path, weights):
    # protocol 2 with raw bytes as text, as numpy wrote det1.npy under Python 2
    paths = npy_files(tmp_path, weights)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|O", "fortran_order": False, "shape": ()}
    )
    content = np.array(npy_content(weights, "pnet"), dtype=object)
    paths[0].write_bytes(header.getvalue() + pickle.dumps(content, protocol=2))
    imported = import_mtcnn(paths)
    np.testing.assert_array_equal(imported.pnet[0], weights.pnet[0])


def lnet_layers(rng):
    """A random L-Net as Caffe names it; kernels of transposed pictures."""
    shapes, content, arrays = iter(SHAPES["lnet"]), {}, []

    def array():
        arrays.append(rng.normal(0, 0.05, next(shapes)).astype(np.float32))
        return arrays[-1]

    def layer(conv, prelu):
        kernel = array()
        turned = kernel.swapaxes(0, 1) if kernel.ndim == 4 else kernel
        content[conv] = {"weights": turned, "biases": array()}
        if prelu:
            content[prelu] = {"alpha": array()}

    for patch in range(1, 6):
        for stage in range(1, 4):
            layer(f"conv{stage}_{patch}", f"prelu{stage}_{patch}")
    layer("fc4", "prelu4")
    for point in range(1, 6):
        layer(f"fc4_{point}", f"prelu4_{point}")
        layer(f"fc5_{point}", None)
    return content, arrays


def test_an_l_net_comes_with_a_fourth_file(tmp_path, weights):
    content, arrays = lnet_layers(np.random.default_rng(2))
    paths = [*npy_files(tmp_path, weights), write_npy(tmp_path / "det4.npy", content)]
    imported = import_mtcnn(paths)
    assert len(imported.lnet) == len(arrays) == len(SHAPES["lnet"])
    for found, expected in zip(imported.lnet, arrays, strict=True):
        np.testing.assert_array_equal(found, expected)
    assert import_mtcnn(paths[:3]).lnet == ()


class Exploit:
    def __reduce__(self):
        return (os.mkdir, ("owned",))


def hostile_npy(path):
    return write_npy(path, {"conv1": Exploit()})


def hostile_pt(path):
    torch.save({"conv1.weight": Exploit()}, path)
    return path


def hostile_old_pt(path):
    path.write_bytes(pickle.dumps(Exploit()))
    return path


@pytest.mark.parametrize(
    ("write", "name"),
    [(hostile_npy, "a.npy"), (hostile_pt, "a.pt"), (hostile_old_pt, "a.pt")],
    ids=["npy", "pt", "pt without zip"],
)
def test_a_file_with_code_in_it_is_refused_and_the_code_does_not_run(
    tmp_path, monkeypatch, weights, write, name
):
    monkeypatch.chdir(tmp_path)
    others = npy_files(tmp_path, weights)[1:]
    with pytest.raises(WeightsError, match=f"{name} is not a readable file") as refused:
        import_mtcnn([write(tmp_path / name), *others])
    assert "weights_only" not in str(refused.value)  # torch's advice is to run the code
    assert not (tmp_path / "owned").exists()


def with_layer(content, name, **parts):
    return {**content, name: parts}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: {**c, "conv9": c["conv1"]}, "which are no network of MTCNN"),
        (lambda c: {k: v for k, v in c.items() if k != "conv1"}, "which are no network"),
        (lambda c: [1, 2], "expected one dictionary"),
        (lambda c: "layers", "does not hold a dictionary of layers"),
        (lambda c: {**c, "conv1": 3}, "does not hold a dictionary of layers"),
        (lambda c: with_layer(c, "conv1", weights="x", biases="y"), "no array as conv1's weights"),
        (
            lambda c: with_layer(c, "conv1", weights=c["conv2"]["weights"], biases=np.zeros(10)),
            "pnet's array 0 must be",
        ),
        (lambda c: with_layer(c, "conv1", weights=np.zeros(3, int), biases=0), "expected floats"),
        (lambda c: {**c, "conv1": {"weights": {1j: 2}}}, "asks for builtins.complex"),
        (lambda c: {**c, "conv1": (1, 2)}, "holds a tuple"),
    ],
)
def test_an_npy_file_of_other_content_is_named(tmp_path, weights, change, message):
    paths = npy_files(tmp_path, weights)
    write_npy(paths[0], change(npy_content(weights, "pnet")))
    with pytest.raises(WeightsError, match=message):
        import_mtcnn(paths)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("det1.npy", b"", "not a readable file"),
        ("det1.npy", b"\x93NUMPY\x01\x00", "not a readable file"),
        ("det1.npy", b"not numpy's", "not a readable file"),
        ("pnet.pt", b"PK\x03\x04 broken", "not a readable file"),
        ("pnet.pt", b"", "not a readable file"),
        ("pnet.lz4", b"", "neither a .npy nor a .pt"),
    ],
)
def test_a_broken_file_is_named(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WeightsError, match=f"{name} .*{message}"):
        import_mtcnn([tmp_path / name])


def test_a_truncated_npy_file_is_refused_wherever_it_ends(tmp_path, weights):
    paths = npy_files(tmp_path, weights)
    whole = paths[0].read_bytes()
    for length in range(100, len(whole), len(whole) // 25):
        paths[0].write_bytes(whole[:length])
        with pytest.raises(WeightsError, match=r"det1\.npy"):
            import_mtcnn(paths)


def test_a_plain_array_and_a_missing_file_are_refused(tmp_path):
    np.save(tmp_path / "det1.npy", np.zeros(3))
    with pytest.raises(WeightsError, match="expected one dictionary"):
        import_mtcnn([tmp_path / "det1.npy"])
    with pytest.raises(WeightsError, match=r"det2\.npy is not a readable"):
        import_mtcnn([tmp_path / "det2.npy"])


def test_missing_and_doubled_networks_are_named(tmp_path, weights):
    paths = npy_files(tmp_path, weights)
    with pytest.raises(WeightsError, match=r"no file for onet among det1\.npy, det2\.npy"):
        import_mtcnn(paths[:2])
    with pytest.raises(WeightsError, match="no file for pnet, rnet, onet among none"):
        import_mtcnn([])
    with pytest.raises(WeightsError, match="second file for pnet"):
        import_mtcnn([*paths, paths[0]])


def test_weights_of_an_import_are_checked_like_any_others(weights):
    with pytest.raises(WeightsError, match="lnet takes"):
        MtcnnWeights(weights.pnet, weights.rnet, weights.onet, weights.pnet)
