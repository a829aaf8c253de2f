"""The optimisers are TensorFlow 1's formulas with facenet's constants; averages are TensorFlow's."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from recognition.networks import build_network
from recognition.training.ema import WeightAverages
from recognition.training.optimisers import OPTIMISERS, build_optimiser

RATE, DECAY, STEPS = 0.05, 0.01, 7
START = np.random.default_rng(1).normal(size=(4, 3))
# small and large gradients: where epsilon is 0.1 or 1, they are treated quite differently
GRADIENTS = np.random.default_rng(2).normal(size=(STEPS, 4, 3)) * np.array([0.01, 1.0, 5.0])


def adam(w, gradients):
    m = v = 0.0
    for t, plain in enumerate(gradients, start=1):
        g = plain + DECAY * w
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        w = w - RATE * math.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + 0.1)
    return w


def rmsprop(w, gradients):
    s, u = 1.0, 0.0
    for plain in gradients:
        g = plain + DECAY * w
        s = 0.9 * s + 0.1 * g * g
        u = 0.9 * u + RATE * g / np.sqrt(s + 1.0)
        w = w - u
    return w


def momentum(w, gradients):
    a = 0.0
    for plain in gradients:
        g = plain + DECAY * w
        a = 0.9 * a + g
        w = w - RATE * (g + 0.9 * a)
    return w


def adagrad(w, gradients):
    a = 0.1
    for plain in gradients:
        g = plain + DECAY * w
        a = a + g * g
        w = w - RATE * g / np.sqrt(a)
    return w


def adadelta(w, gradients):
    a = d = 0.0
    for plain in gradients:
        g = plain + DECAY * w
        a = 0.9 * a + 0.1 * g * g
        u = np.sqrt(d + 1e-6) / np.sqrt(a + 1e-6) * g
        d = 0.9 * d + 0.1 * u * u
        w = w - RATE * u
    return w


FORMULAS = {
    "ADAM": adam,
    "RMSPROP": rmsprop,
    "MOM": momentum,
    "ADAGRAD": adagrad,
    "ADADELTA": adadelta,
}


def test_every_optimiser_has_a_formula_here():
    assert FORMULAS.keys() == OPTIMISERS.keys()


@pytest.mark.parametrize("name", OPTIMISERS)
def test_an_optimiser_is_tensorflows_formula(name):
    weights = nn.Parameter(torch.from_numpy(START.copy()))
    optimiser = build_optimiser(
        name, parameters=[weights], decayed=[weights], rate=RATE, weight_decay=DECAY
    )
    for gradient in GRADIENTS:
        weights.grad = torch.from_numpy(gradient.copy())
        optimiser.step()
    expected = FORMULAS[name](START, GRADIENTS)
    np.testing.assert_allclose(weights.detach().numpy(), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "constants"),
    [
        ("ADAM", {"betas": (0.9, 0.999), "eps": 0.1}),
        ("RMSPROP", {"decay": 0.9, "momentum": 0.9, "eps": 1.0}),
        ("ADADELTA", {"rho": 0.9, "eps": 1e-6}),
        ("MOM", {"momentum": 0.9, "nesterov": True}),
        ("ADAGRAD", {"initial_accumulator_value": 0.1, "eps": 0.0}),
    ],
)
def test_the_constants_are_facenets(name, constants):
    weights = nn.Parameter(torch.zeros(1))
    (group,) = build_optimiser(name, parameters=[weights], decayed=[], rate=0.1).param_groups
    assert {key: group[key] for key in constants} == constants


def test_decay_draws_the_named_weights_only_and_frozen_ones_are_left_out():
    decayed, free, frozen = (nn.Parameter(torch.ones(2)) for _ in range(3))
    frozen.requires_grad_(False)
    optimiser = build_optimiser(
        "MOM", parameters=[decayed, free, frozen], decayed=[decayed], rate=0.1, weight_decay=0.5
    )
    for parameter in (decayed, free):
        parameter.grad = torch.zeros(2)
    optimiser.step()
    assert decayed.tolist() == pytest.approx([1 - 0.1 * 1.9 * 0.5] * 2)
    assert free.tolist() == frozen.tolist() == [1.0, 1.0]
    assert not any(p is frozen for group in optimiser.param_groups for p in group["params"])


def test_a_parameter_without_a_gradient_is_not_touched():
    weights = nn.Parameter(torch.ones(2))
    for name in ("ADAM", "RMSPROP"):
        build_optimiser(
            name, parameters=[weights], decayed=[weights], rate=1.0, weight_decay=1.0
        ).step()
    assert weights.tolist() == [1.0, 1.0]


def test_averages_follow_tensorflows_rule_with_a_step_count():
    network = build_network("dummy", input_px=16, embedding_size=2, seed=0)
    averages = WeightAverages(network, decay=0.9999)
    expected = network.linear.bias.detach().numpy().copy()
    for step in range(1, 30):
        with torch.no_grad():
            network.linear.bias.fill_(float(step))
        averages.update(network)
        decay = min(0.9999, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * step
    np.testing.assert_allclose(averages.averages["linear.bias"].numpy(), expected, rtol=1e-6)


def test_averaged_weights_are_there_within_the_block_and_gone_after_it_even_after_an_error():
    network = build_network("dummy", input_px=16, embedding_size=2, seed=0)
    averages = WeightAverages(network, decay=0.5)
    own = network.linear.weight.detach().clone()
    averages.averages["linear.weight"].zero_()
    with averages.applied(network):
        assert not network.linear.weight.any()
    assert torch.equal(network.linear.weight, own)
    with pytest.raises(ZeroDivisionError), averages.applied(network):
        1 / 0  # noqa: B018
    assert torch.equal(network.linear.weight, own)


def test_a_decay_without_a_meaning_is_refused():
    with pytest.raises(ValueError, match="expected"):
        WeightAverages(nn.Linear(1, 1), decay=1.0)
