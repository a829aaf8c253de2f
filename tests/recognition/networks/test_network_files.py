"""A network's file: what was saved is read, another architecture is refused, heads are swapped."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from recognition.embedding.inception_file import build_network as build_released
from recognition.embedding.inception_file import read_weights
from recognition.errors import ModelRejected, RecognitionError
from recognition.networks import build_network
from recognition.networks.files import (
    file_metadata,
    is_network_file,
    load_network,
    restore_into,
    save_network,
)


@pytest.fixture
def network(make_network):
    return make_network("mobilefacenet", input_px=32, embedding_size=16)


@pytest.fixture
def saved(network, tmp_path):
    path = tmp_path / "trained.safetensors"
    save_network(network, path, extra={"run": "7"})
    return path


def assert_same(first, second):
    assert first.keys() == second.keys()
    for name, value in first.items():
        assert torch.equal(value, second[name]), name


def test_a_network_comes_back_bit_for_bit_and_says_what_it_is(network, saved):
    loaded = load_network(saved)
    assert_same(network.state_dict(), loaded.state_dict())
    assert (loaded.name, loaded.input_px, loaded.embedding_size) == ("mobilefacenet", 32, 16)
    assert not loaded.training
    assert all(parameter.requires_grad for parameter in loaded.parameters())
    assert file_metadata(saved)["run"] == "7"
    assert is_network_file(saved)
    assert saved.stat().st_mode & 0o777 == 0o600, "weights learnt from people are its owner's"


def test_the_engines_reader_of_released_weights_reads_a_trained_inception_resnet(
    make_network, tmp_path
):
    network = make_network("inception-resnet-v1", input_px=80)
    path = tmp_path / "inception.safetensors"
    save_network(network, path)
    released = build_released(read_weights(path))
    images = torch.randn(2, 3, 80, 80, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert torch.equal(released(images), network.embed(images))


def test_metadata_may_not_take_the_names_that_say_what_a_file_is(network, tmp_path):
    with pytest.raises(ValueError, match=r"gatehouse\.network"):
        save_network(network, tmp_path / "x", extra={"gatehouse.network": "nn2"})


def test_a_file_that_cannot_be_written_is_said_and_the_old_one_stays(network, saved, tmp_path):
    before = saved.read_bytes()
    with pytest.raises(RecognitionError, match="nowhere") as refused:
        save_network(network, tmp_path / "nowhere" / "x.safetensors")
    assert refused.value.code == "output.unwritable"
    assert saved.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [saved.name]


# --- what is refused ----------------------------------------------------------------------


def rewritten(path, *, metadata=None, **changes):
    state = load_file(path)
    for name, change in changes.items():
        key = name.replace("__", ".")
        if change is None:
            del state[key]
        else:
            state[key] = change(state[key]) if callable(change) else change
    save_file(state, path, metadata=file_metadata(path) | (metadata or {}))


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"metadata": {"gatehouse.network": "resnet-18"}}, "model.architecture", "resnet-18"),
        ({"metadata": {"gatehouse.network": "nn4"}}, "model.names", "nn4"),
        ({"metadata": {"gatehouse.embedding_size": "many"}}, "model.unreadable", "'many'"),
        ({"metadata": {"gatehouse.embedding_size": "99"}}, "model.shape", r"\(99,\)"),
        ({"linear__weight": None}, "model.names", r"1 missing \(linear\.weight\)"),
        ({"extra__weight": torch.zeros(1)}, "model.names", r"1 unexpected \(extra\.weight\)"),
        ({"bn__bias": lambda v: v * torch.nan}, "model.values", r"bn\.bias"),
    ],
    ids=["unknown", "other", "no number", "other size", "missing", "unexpected", "NaN"],
)
def test_a_file_that_is_not_what_it_says_is_refused(saved, changes, code, words):
    rewritten(saved, **changes)
    with pytest.raises(ModelRejected, match=words) as refused:
        load_network(saved)
    assert refused.value.code == code


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no tensors", b"\x00" * 4096])
def test_a_damaged_file_is_refused(tmp_path, content):
    path = tmp_path / "damaged.safetensors"
    path.write_bytes(content)
    for read in (load_network, is_network_file):
        with pytest.raises(ModelRejected) as refused:
            read(path)
        assert refused.value.code == "model.unreadable"


def test_a_file_that_was_cut_off_is_refused(saved):
    saved.write_bytes(saved.read_bytes()[:-1000])
    with pytest.raises(ModelRejected, match="trained"):
        load_network(saved)


def test_a_file_of_tensors_alone_is_no_network_file(tmp_path):
    path = tmp_path / "plain.safetensors"
    save_file({"x": torch.zeros(2)}, path)
    assert not is_network_file(path)
    with pytest.raises(ModelRejected, match="does not say which network") as refused:
        load_network(path)
    assert refused.value.code == "model.architecture"


# --- fine-tuning --------------------------------------------------------------------------


def test_a_head_is_drawn_anew_and_everything_else_is_bit_equal(network, saved):
    fresh = build_network("mobilefacenet", input_px=32, embedding_size=16, seed=8)
    before = {name: value.clone() for name, value in fresh.state_dict().items()}
    report = restore_into(fresh, saved, head=False)
    head = {name for name in before if name.startswith(("linear.", "bn."))}
    assert set(report.left) == head
    assert set(report.restored) == before.keys() - head
    assert (report.missing, report.unexpected, report.reshaped) == ((), (), ())
    for name, value in fresh.state_dict().items():
        expected = before[name] if name in head else network.state_dict()[name]
        assert torch.equal(value, expected), name
    assert not torch.equal(fresh.linear.weight, network.linear.weight)


def test_with_its_head_the_whole_network_is_restored_in_place(network, saved):
    fresh = build_network("mobilefacenet", input_px=32, embedding_size=16, seed=8)
    held = fresh.linear.weight  # an optimiser holds it too
    report = restore_into(fresh, saved, head=True)
    assert_same(network.state_dict(), fresh.state_dict())
    assert set(report.restored) == fresh.state_dict().keys()
    assert fresh.linear.weight is held
    assert held.requires_grad


def test_a_head_of_another_size_is_reported_and_kept(network, saved):
    fresh = build_network("mobilefacenet", input_px=32, embedding_size=24, seed=8)
    before = fresh.linear.weight.detach().clone()
    report = restore_into(fresh, saved, head=True)
    assert "linear.weight" in report.reshaped
    assert torch.equal(fresh.linear.weight, before)
    assert torch.equal(fresh.conv1[0].weight, network.conv1[0].weight)


def test_released_weights_without_metadata_are_judged_by_their_names(make_network, tmp_path):
    network = make_network("squeezenet", input_px=48)
    state = {k: v for k, v in network.state_dict().items() if "num_batches" not in k}
    path = tmp_path / "released.safetensors"
    save_file(state | {"logits.weight": torch.zeros(3, 512)}, path)
    fresh = build_network("squeezenet", input_px=48, seed=8)
    report = restore_into(fresh, path, head=True)
    assert report.unexpected == ("logits.weight",)
    assert report.missing == ()
    assert torch.equal(fresh.conv10.weight, network.conv10.weight)


@pytest.mark.parametrize(
    ("name", "options", "words", "why"),
    [
        ("nn4-small2", {}, "mobilefacenet.*nn4-small2", "another architecture by its name"),
        ("mobilefacenet", {"input_px": 64}, r"pool\.0\.weight", "the same for larger pictures"),
    ],
)
def test_another_architecture_is_refused_and_nothing_is_changed(saved, name, options, words, why):
    fresh = build_network(name, seed=8, **options)
    before = {key: value.clone() for key, value in fresh.state_dict().items()}
    with pytest.raises(ModelRejected, match=words) as refused:
        restore_into(fresh, saved, head=False)
    assert refused.value.code == "model.architecture", why
    assert_same(before, fresh.state_dict())


def test_a_trunk_with_a_lost_layer_is_refused(saved):
    rewritten(saved, conv3__0__weight=None)
    fresh = build_network("mobilefacenet", input_px=32, embedding_size=16)
    with pytest.raises(ModelRejected, match=r"conv3\.0\.weight"):
        restore_into(fresh, saved, head=False)


def test_what_is_saved_is_float32_numbers_that_numpy_reads(saved):
    from safetensors.numpy import load_file as load_arrays

    arrays = load_arrays(saved)
    assert {a.dtype for n, a in arrays.items() if "num_batches" not in n} == {np.dtype("float32")}
