"""Every network has the size that its publication says, counted without computing anything."""

import math

import pytest
import torch
from torch import nn

from recognition.networks import NETWORKS, NetworkShape, build_network, count_multiply_adds
from recognition.networks.inception_resnet_v1 import InceptionResnetV1
from recognition.networks.inception_resnet_v2 import InceptionResnetV2


def on_meta(name, **options):
    with torch.device("meta"):
        return build_network(name, **options)


def parameters_of(network, *, without=()):
    named = network.named_parameters()
    return sum(p.numel() for name, p in named if not name.startswith(tuple(without)))


@pytest.mark.parametrize("name", NETWORKS)
def test_the_registry_says_what_the_network_is(name):
    spec, network = NETWORKS[name], on_meta(name)
    assert (network.name, network.input_px) == (spec.name, spec.input_px) == (name, spec.input_px)
    assert network.embedding_size == spec.embedding_size
    assert parameters_of(network) == spec.parameters
    assert count_multiply_adds(network) == spec.flops
    assert spec.source


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_takes_any_embedding_size(name):
    network = on_meta(name, embedding_size=64)
    side = network.input_px
    assert network(torch.zeros(2, 3, side, side, device="meta")).shape == (2, 64)


@pytest.mark.parametrize(
    ("name", "embedding_size", "published", "why"),
    [
        ("inception-resnet-v1", 512, 23_482_624, "facenet-pytorch's count"),
        ("inception-resnet-v1", 128, 22_793_728, "the width of the paper"),
        ("nn4-small2", 128, 3_733_968, "OpenFace's table of models"),
        ("vgg-16", 1000, 138_357_544, "configuration D with ImageNet's 1,000 classes"),
        ("vgg-19", 1000, 143_667_240, "configuration E with ImageNet's 1,000 classes"),
    ],
)
def test_published_counts_are_met_exactly(name, embedding_size, published, why):
    assert parameters_of(on_meta(name, embedding_size=embedding_size)) == published, why


def test_facenets_own_normalisation_without_gamma_has_the_count_of_intels_card():
    with torch.device("meta"):
        network = InceptionResnetV1(NetworkShape("x", 160, 512), has_gamma=False)
    assert parameters_of(network) == 23_467_824


def test_the_trunk_of_inception_resnet_v2_is_that_of_the_released_one():
    """54,276,192 trainable parameters without gamma and classifier, as Keras counts."""
    with torch.device("meta"):
        network = InceptionResnetV2(NetworkShape("x", 160, 512), has_gamma=False)
    assert parameters_of(network, without=network.head) == 54_276_192


@pytest.mark.parametrize(
    ("name", "parameters", "multiply_adds", "tolerance", "why"),
    [
        ("nn1", 140e6, 1.6e9, 0.03, "FaceNet, table 1"),
        ("nn2", 7.5e6, 1.6e9, 0.03, "FaceNet, table 2"),
        ("nn4", None, 285e6, 0.03, "FaceNet, section 3.3"),
        ("nns1", 26e6, 220e6, 0.03, "FaceNet's budget; the design is ours"),
        ("nns2", 4.3e6, 20e6, 0.03, "FaceNet's budget; the design is ours"),
        ("inception-resnet-v1", None, 2.846e9 / 2, 0.01, "Intel's card: 2.846 GFLOPs, two an add"),
        ("iresnet-50", 43.59e6, 6.31e9, 0.01, "InsightFace's table of backbones"),
        ("iresnet-100", 65.16e6, 12.1e9, 0.01, "InsightFace's table of backbones"),
        ("vgg-16", None, 15.5e9, 0.01, "the sum of the published layers"),
        ("mobilefacenet", None, 221e6, 0.01, "MobileFaceNet's paper"),
    ],
)
def test_published_budgets_are_kept(name, parameters, multiply_adds, tolerance, why):
    network = on_meta(name)
    if parameters is not None:
        assert parameters_of(network) == pytest.approx(parameters, rel=tolerance), why
    assert count_multiply_adds(network) == pytest.approx(multiply_adds, rel=tolerance), why


def test_mobilefacenet_has_less_than_a_million_parameters_as_its_paper_counts():
    """0.99 million, 4.0 MB: of the network that is deployed, where each normalisation is a bias."""
    network = on_meta("mobilefacenet", embedding_size=128)
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
    folded = parameters_of(network) - sum(norm.num_features for norm in norms)
    assert folded == 993_344
    assert parameters_of(network, without=network.head) < 1_000_000


def test_nn3_is_nn2_on_smaller_pictures_and_computes_half_as_much():
    large, small = on_meta("nn2"), on_meta("nn3")
    assert parameters_of(large) == parameters_of(small)
    assert count_multiply_adds(small) / count_multiply_adds(large) == pytest.approx(
        (160 / 224) ** 2, rel=0.01
    )


@pytest.mark.parametrize(("name", "features"), [("nn4", 896), ("nn4-small2", 736)])
def test_the_numbers_before_the_embedding_are_facenets(name, features):
    assert on_meta(name).linear.in_features == features


def test_squeeze_and_excitation_adds_two_layers_to_each_unit_and_nothing_else():
    plain, squeezed = on_meta("iresnet-50"), on_meta("iresnet-50-se")
    units = zip((64, 128, 256, 512), (3, 4, 14, 3), strict=True)
    added = sum(n * (2 * c * (c // 16) + c // 16 + c) for c, n in units)
    assert parameters_of(squeezed) - parameters_of(plain) == added


def test_multiply_adds_are_those_of_a_layer_computed_by_hand_and_leave_the_network_as_it_was():
    network = on_meta("dummy", embedding_size=7, input_px=16)
    assert count_multiply_adds(network) == 3 * 16 * 16 * 7
    network = on_meta("squeezenet")
    network.fire2.eval()
    assert count_multiply_adds(network) == NETWORKS["squeezenet"].flops
    assert network.training
    assert network.fire3.training
    assert not network.fire2.training
    assert not any(module._forward_hooks for module in network.modules())


def test_grouped_convolutions_are_counted_per_group():
    network = on_meta("mobilefacenet")
    side = math.ceil(112 / 2)
    assert network.conv2[0].groups == 64
    counted = side * side * 64 * 9
    without = NETWORKS["mobilefacenet"].flops - counted
    network.conv2[0] = nn.Identity()
    assert count_multiply_adds(network) == without
