"""What every network promises: prelogits and unit rows, the same from the same seed."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from recognition import networks
from recognition.errors import RecognitionError
from recognition.networks import (
    NETWORKS,
    FaceNetwork,
    build_network,
    decayed_parameters,
    set_batch_norm_decay,
    unit_rows,
)

# The smallest picture that each trunk can be given, so that all of them run in seconds.
SMALL_PX = {
    "inception-resnet-v1": 80,
    "inception-resnet-v2": 80,
    "squeezenet": 48,
}
# The others are the same classes with more units, or too wide to be run in a test.
QUICK = [
    "inception-resnet-v1",
    "squeezenet",
    "nn2",
    "nn4",
    "nn4-small2",
    "nns2",
    "resface-20",
    "iresnet-50-se",
    "mobilefacenet",
    "vgg-16",
    "dummy",
]


def pictures(network, count=2, seed=3):
    side = network.input_px
    return torch.randn(count, 3, side, side, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", QUICK)
def test_a_network_answers_prelogits_and_their_unit_rows(name, make_network):
    network = make_network(name, input_px=SMALL_PX.get(name, 32), embedding_size=24)
    images = pictures(network)
    with torch.inference_mode():
        prelogits, unit = network(images), network.embed(images)
        alone = network(images[1:])
    assert prelogits.shape == (2, 24)
    assert prelogits.dtype == torch.float32
    np.testing.assert_allclose(unit.norm(dim=1), 1.0, atol=1e-6)
    np.testing.assert_allclose(unit, prelogits / prelogits.norm(dim=1, keepdim=True), atol=1e-6)
    np.testing.assert_allclose(alone, prelogits[1:], atol=1e-4 * float(prelogits.abs().max()))
    assert float(unit[0] @ unit[1]) < 0.9999


@pytest.mark.parametrize("name", [*QUICK, "inception-resnet-v2", "iresnet-50"])
def test_every_parameter_gets_a_gradient(name):
    """What gets none is a part that stands in the count and takes no part."""
    network = build_network(
        name, seed=0, input_px=SMALL_PX.get(name, 32), embedding_size=8, dropout=0.1
    )
    network(pictures(network, count=4)).square().mean().backward()
    without = [name for name, p in network.named_parameters() if p.grad is None]
    assert without == []
    assert all(torch.isfinite(p.grad).all() for p in network.parameters())


def test_an_even_picture_gives_finite_gradients_through_the_root_of_l2_pooling():
    network = build_network("nn4-small2", seed=0, input_px=32)
    network(torch.zeros(2, 3, 32, 32)).sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in network.parameters())


def test_the_same_seed_gives_the_same_network_and_leaves_torchs_generator_alone():
    torch.manual_seed(9)
    expected = torch.rand(1)
    torch.manual_seed(9)
    first = build_network("mobilefacenet", seed=4)
    assert torch.rand(1) == expected
    second, other = build_network("mobilefacenet", seed=4), build_network("mobilefacenet", seed=5)
    for (name, a), b in zip(first.state_dict().items(), second.state_dict().values(), strict=True):
        assert torch.equal(a, b), name
    assert not torch.equal(first.linear.weight, other.linear.weight)


def test_dropout_is_before_the_embedding_and_in_training_only():
    network = build_network("dummy", seed=0, dropout=0.5, input_px=16)
    images = pictures(network)
    torch.manual_seed(0)
    assert not torch.equal(network(images), network(images))
    network.eval()
    assert torch.equal(network(images), network(images))


def test_a_row_of_zeros_has_no_length_and_stays_zero():
    rows = unit_rows(torch.tensor([[3.0, 4.0], [0.0, 0.0], [1e-6, 0.0]]))
    assert rows.tolist() == [
        [pytest.approx(0.6), pytest.approx(0.8)],
        [0, 0],
        [pytest.approx(0.1), 0],
    ]


def test_a_long_row_of_half_floats_does_not_overflow():
    """65504 is the largest: the squares of 300 are beyond it."""
    rows = unit_rows(torch.full((1, 4), 300.0, dtype=torch.float16))
    assert rows.dtype == torch.float16
    assert rows.tolist() == [[0.5] * 4]


# --- weight decay -------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORKS)
def test_weight_decay_is_for_the_weights_of_convolutions_and_linear_layers_alone(name):
    with torch.device("meta"):
        network = build_network(name)
    decayed, others = decayed_parameters(network)
    names = {id(p): n for n, p in network.named_parameters()}
    assert len({id(p) for p in decayed + others}) == len(decayed) + len(others) == len(names)
    # a matrix or a filter has two dimensions or more; biases, norms and slopes have one
    assert all(p.ndim >= 2 for p in decayed), [names[id(p)] for p in decayed if p.ndim < 2]
    assert all(p.ndim == 1 for p in others), [names[id(p)] for p in others if p.ndim != 1]


def test_weight_decay_leaves_a_matrix_that_no_layer_owns_to_its_owner():
    class Head(nn.Module):
        def __init__(self):
            super().__init__()
            self.centres = nn.Parameter(torch.zeros(3, 2))
            self.linear = nn.Linear(2, 3)

    head = Head()
    decayed, others = decayed_parameters(head)
    assert [id(p) for p in decayed] == [id(head.linear.weight)]
    assert [id(p) for p in others] == [id(head.centres), id(head.linear.bias)]


# --- batch normalisation ------------------------------------------------------------------


def test_facenets_decay_is_kept_and_can_be_shortened():
    network = build_network("inception-resnet-v1", seed=0)
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
    assert {(norm.momentum, norm.eps) for norm in norms} == {(0.005, 1e-3)}
    set_batch_norm_decay(network, decay=0.9)
    assert {round(norm.momentum, 9) for norm in norms} == {0.1}
    with pytest.raises(ValueError, match=r"1\.5"):
        set_batch_norm_decay(network, decay=1.5)


# --- wrong use ----------------------------------------------------------------------------


def test_an_unknown_network_is_answered_with_the_known_ones():
    with pytest.raises(RecognitionError, match="mobilefacenet") as refused:
        build_network("resnet-18")
    assert refused.value.code == "network.unknown"


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"embedding_size": 0}, "no number is no embedding"),
        ({"input_px": 8}, "no face is left"),
        ({"input_px": 40, "name": "inception-resnet-v1"}, "the last pooling finds nothing"),
        ({"input_px": 24, "name": "vgg-16"}, "five halvings leave nothing"),
        ({"dropout": 1.0}, "everything would be dropped"),
    ],
)
def test_a_network_that_cannot_be_built_so_is_refused(options, why):
    name = options.pop("name", "dummy")
    with pytest.raises(RecognitionError, match=name) as refused:
        build_network(name, **options)
    assert refused.value.code == "network.shape", why


def test_the_list_of_networks_is_there_without_torch():
    code = (
        "import sys; from recognition.networks import NETWORKS; "
        "assert 'nn2' in NETWORKS; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_names_that_need_torch_are_found_and_others_are_not():
    assert networks.FaceNetwork is FaceNetwork
    with pytest.raises(AttributeError, match="Facenet"):
        networks.Facenet  # noqa: B018 - the look-up is what is tested
