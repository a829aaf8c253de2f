"""Every loss is the formula in its docstring: numpy written anew from the papers, to 1e-6."""

import math

import numpy as np
import pytest
import torch

from recognition.losses import (
    AmSoftmaxHead,
    ArcFaceHead,
    CenterLoss,
    CombinedMarginHead,
    bootstrap_cross_entropy,
    contrastive_loss,
    harmonic_triplet_loss,
    prelogits_norm,
    softmax_cross_entropy,
    triplet_loss,
)

RNG = np.random.default_rng(666)
LOGITS = RNG.normal(0, 3, (12, 7))
LABELS = RNG.integers(7, size=12)
FEATURES = RNG.normal(0, 1, (12, 5))
WEIGHT = RNG.normal(0, 1, (7, 5))


def tensor(array):
    return torch.from_numpy(np.asarray(array))


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def log_softmax(logits):
    shifted = logits - logits.max(1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(1, keepdims=True))


def test_cross_entropy_is_the_mean_negative_log_probability_of_the_label():
    expected = -log_softmax(LOGITS)[np.arange(12), LABELS].mean()
    assert softmax_cross_entropy(tensor(LOGITS), tensor(LABELS)).item() == pytest.approx(
        expected, abs=1e-6
    )


@pytest.mark.parametrize("beta", [0.0, 0.8, 1.0])
def test_bootstrapping_mixes_the_label_with_the_networks_own_answer(beta):
    target = beta * np.eye(7)[LABELS] + (1 - beta) * np.eye(7)[LOGITS.argmax(1)]
    expected = -(target * log_softmax(LOGITS)).sum(1).mean()
    found = bootstrap_cross_entropy(tensor(LOGITS), tensor(LABELS), beta=beta)
    assert found.item() == pytest.approx(expected, abs=1e-6)


def test_the_networks_own_answer_is_a_target_and_no_path_for_gradients():
    logits = tensor(LOGITS).requires_grad_()
    bootstrap_cross_entropy(logits, tensor(LABELS)).backward()
    target = 0.8 * np.eye(7)[LABELS] + 0.2 * np.eye(7)[LOGITS.argmax(1)]
    expected = (np.exp(log_softmax(LOGITS)) - target) / 12
    np.testing.assert_allclose(logits.grad.numpy(), expected, atol=1e-9)


@pytest.mark.parametrize("order", [1.0, 2.0, 3.5])
def test_the_prelogits_norm_is_the_mean_p_norm_of_magnitudes_plus_an_epsilon(order):
    expected = ((np.abs(FEATURES) + 1e-4) ** order).sum(1) ** (1 / order)
    found = prelogits_norm(tensor(FEATURES), order=order).item()
    assert found == pytest.approx(expected.mean(), abs=1e-6)


@pytest.mark.parametrize(("margin", "reduction"), [(0.2, "mean"), (0.3, "sum")])
def test_the_triplet_loss_is_the_hinge_of_squared_distances(margin, reduction):
    a, p, n = (unit(RNG.normal(size=(20, 6))) for _ in range(3))
    each = np.maximum(((a - p) ** 2).sum(1) - ((a - n) ** 2).sum(1) + margin, 0)
    found = triplet_loss(tensor(a), tensor(p), tensor(n), margin=margin, reduction=reduction)
    assert found.item() == pytest.approx(getattr(each, reduction)(), abs=1e-6)


def test_the_contrastive_loss_pulls_pairs_and_pushes_others_to_the_margin():
    first, second = (RNG.normal(size=(30, 4)) * 0.5 for _ in range(2))
    same = RNG.random(30) < 0.5
    d = np.linalg.norm(first - second, axis=1)
    expected = np.where(same, d**2, np.maximum(1.0 - d, 0) ** 2).mean() / 2
    found = contrastive_loss(tensor(first), tensor(second), tensor(same))
    assert found.item() == pytest.approx(expected, abs=1e-6)


def test_two_equal_vectors_of_two_people_have_a_finite_gradient():
    same = torch.ones(1, 3, requires_grad=True)
    contrastive_loss(same, torch.ones(1, 3), torch.tensor([False])).backward()
    assert torch.isfinite(same.grad).all()


def own_cosines():
    cosines = unit(FEATURES) @ unit(WEIGHT).T
    return cosines, np.eye(7, dtype=bool)[LABELS]


def am(cosines):
    return cosines - 0.35


def arc(cosines, margin=0.5):
    theta = np.arccos(cosines)
    return np.where(
        theta < math.pi - margin, np.cos(theta + margin), cosines - margin * math.sin(margin)
    )


def combined(cosines):
    return np.cos(1.1 * np.arccos(cosines) + 0.3) - 0.2


HEADS = {
    "AM-Softmax": (AmSoftmaxHead, {}, am, 30),
    "ArcFace": (ArcFaceHead, {}, arc, 64),
    "combined": (CombinedMarginHead, {"m1": 1.1, "m2": 0.3, "m3": 0.2}, combined, 64),
    "ArcFace, margin 0": (ArcFaceHead, {"margin": 0.0}, lambda c: c, 64),
    "AM-Softmax, margin 0": (AmSoftmaxHead, {"margin": 0.0}, lambda c: c, 30),
    "combined, margins 0": (CombinedMarginHead, {"m1": 1.0, "m2": 0.0, "m3": 0.0}, lambda c: c, 64),
}


def made_head(name):
    kind, options, formula, scale = HEADS[name]
    head = kind(classes=7, dimension=5, **options).double()
    with torch.no_grad():
        head.weight.copy_(tensor(WEIGHT))
    return head, formula, scale


@pytest.mark.parametrize("name", HEADS)
def test_a_head_changes_the_own_class_alone_and_by_its_formula(name):
    head, formula, scale = made_head(name)
    cosines, own = own_cosines()
    expected = scale * np.where(own, formula(cosines), cosines)
    found = head(tensor(FEATURES), tensor(LABELS)).detach().numpy()
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("name", [name for name in HEADS if "0" in name])
def test_without_a_margin_a_head_is_the_normalised_softmax_to_the_bit(name):
    head, _, scale = made_head(name)
    plain = scale * torch.nn.functional.linear(
        torch.nn.functional.normalize(tensor(FEATURES)),
        torch.nn.functional.normalize(tensor(WEIGHT)),
    )
    assert torch.equal(head(tensor(FEATURES), tensor(LABELS)), plain)
    assert torch.equal(head(tensor(FEATURES)), plain)


def test_arcface_keeps_falling_where_the_angle_plus_margin_passes_pi():
    """Beyond pi - m, cos(theta + m) rises again; the head must not reward the wrong side."""
    head = ArcFaceHead(classes=1, dimension=2, scale=1.0).double()
    with torch.no_grad():
        head.weight.copy_(torch.tensor([[1.0, 0.0]]))
    theta = np.linspace(0.01, math.pi - 0.001, 400)
    rows = np.stack([np.cos(theta), np.sin(theta)], axis=1)
    found = head(tensor(rows), torch.zeros(400, dtype=torch.int64))[:, 0].detach().numpy()
    beyond = theta > math.pi - 0.5
    assert beyond.sum() > 50
    np.testing.assert_allclose(
        found[beyond], np.cos(theta[beyond]) - 0.5 * math.sin(0.5), atol=1e-6
    )
    np.testing.assert_allclose(found[~beyond], np.cos(theta[~beyond] + 0.5), atol=1e-6)
    assert (np.diff(found) < 0).all()


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("towards", [1.0, -1.0])
def test_a_head_has_a_gradient_where_a_vector_lies_on_its_class(name, towards):
    kind, options, _, _ = HEADS[name]
    head = kind(classes=7, dimension=5, **options)
    features = (towards * head.weight.detach()[:3]).clone().requires_grad_()
    head(features, torch.arange(3)).sum().backward()
    assert torch.isfinite(features.grad).all()


@pytest.mark.parametrize("margins", [(1.0, 0.3, 0.2), (1.1, 0.3, 0.2), (1.35, 0.0, 0.1), (4, 0, 0)])
def test_the_combined_margin_falls_over_the_whole_half_turn(margins):
    """Else a sample on the wrong side is driven farther from its class."""
    m1, m2, m3 = margins
    head = CombinedMarginHead(classes=1, dimension=2, scale=1.0, m1=m1, m2=m2, m3=m3).double()
    plain = ArcFaceHead(classes=1, dimension=2, scale=1.0, margin=m2).double()
    theta = np.linspace(0.001, math.pi - 0.001, 2001)
    rows = tensor(np.stack([np.cos(theta), np.sin(theta)], axis=1))
    with torch.no_grad():
        for one in (head, plain):
            one.weight.copy_(torch.tensor([[1.0, 0.0]]))
        zeros = torch.zeros(len(theta), dtype=torch.int64)
        found, arcface = (one(rows, zeros)[:, 0].numpy() for one in (head, plain))
    assert (m1 * theta + m2 > math.pi).sum() > 100
    assert (np.diff(found) < 0).all()
    if m1 == 1.0:
        np.testing.assert_allclose(found + m3, arcface, atol=1e-9)


def test_half_precision_features_get_float32_angles():
    head = ArcFaceHead(classes=7, dimension=5)
    assert head(torch.ones(2, 5, dtype=torch.bfloat16), torch.tensor([0, 1])).dtype is torch.float32


def test_sixteen_centres_on_a_grid_are_found_to_five_decimals():
    """facenet's own test: a grid of +-1 and +-3, alpha 0.5, 100 updates."""
    grid = np.array([(x, y) for x in (-3, -1, 1, 3) for y in (-3, -1, 1, 3)], dtype=np.float32)
    loss = CenterLoss(classes=16, dimension=2, alpha=0.5)
    labels = torch.arange(16)
    for _ in range(100):
        value = loss(tensor(grid), labels)
        loss.follow()
    np.testing.assert_almost_equal(loss.centres.numpy(), grid, decimal=5)
    assert value.item() == pytest.approx(0, abs=1e-5)


def test_samples_of_one_class_move_its_centre_one_after_the_other_added_up():
    loss = CenterLoss(classes=3, dimension=2, alpha=0.9).double()
    start = torch.tensor([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]], dtype=torch.float64)
    loss.centres.copy_(start)
    features = torch.tensor([[0.0, 0.0], [4.0, 0.0], [5.0, 5.0]], dtype=torch.float64)
    value = loss(features, torch.tensor([0, 0, 1]))
    assert torch.equal(loss.centres, start)  # until all parts of the batch have been seen
    loss.follow()
    expected = start.numpy().copy()
    expected[0] -= 0.1 * ((np.array([1, 1]) - [0, 0]) + (np.array([1, 1]) - [4, 0]))
    expected[1] -= 0.1 * (np.array([2, 2]) - [5, 5])
    np.testing.assert_allclose(loss.centres.numpy(), expected, atol=1e-12)
    # by the old centres, over all six elements
    assert value.item() == pytest.approx((1 + 1 + 9 + 1 + 9 + 9) / 6)


def test_centres_start_at_zero_rest_in_evaluation_and_are_no_parameters():
    loss = CenterLoss(classes=2, dimension=3).eval()
    loss(torch.ones(4, 3), torch.tensor([0, 1, 1, 0]))
    loss.follow()
    assert not loss.centres.any()
    assert not list(loss.parameters())
    assert "centres" in loss.state_dict()


def test_the_harmonic_loss_is_the_triplet_loss_of_the_mined_mixed_triplets():
    new, old = (tensor(unit(RNG.normal(size=(8, 4)))) for _ in range(2))
    labels = tensor(np.repeat(np.arange(4), 2))
    found = harmonic_triplet_loss(
        new, old, labels, rng=np.random.default_rng(3), margin=0.4, rule="all_pairs"
    )
    union = np.concatenate([old.numpy(), new.numpy()])
    both = np.tile(labels.numpy(), 2)
    d = ((union[:, None] - union[None]) ** 2).sum(2)
    losses = []
    for a in range(16):
        for p in range(16):
            if a == p or both[a] != both[p]:
                continue
            fit = [n for n in range(16) if both[n] != both[a] and d[a, p] < d[a, n] < d[a, p] + 0.4]
            if fit:
                n = min(fit, key=lambda n: d[a, n])
                if max(a, p, n) >= 8:
                    losses.append(d[a, p] - d[a, n] + 0.4)
    assert len(losses) > 20
    assert found.item() == pytest.approx(np.mean(losses), abs=1e-6)


def test_old_vectors_get_no_gradient_and_no_triplet_means_no_loss():
    new = tensor(unit(RNG.normal(size=(4, 3)))).requires_grad_()
    old = tensor(unit(RNG.normal(size=(4, 3)))).requires_grad_()
    alone = torch.tensor([0, 0, 0, 0])  # nobody else: no negatives
    loss = harmonic_triplet_loss(new, old, alone, rng=np.random.default_rng(0))
    loss.backward()
    assert loss.item() == 0.0
    assert old.grad is None
    assert new.grad is not None


@pytest.mark.parametrize(
    "call",
    [
        lambda: bootstrap_cross_entropy(tensor(LOGITS), tensor(LABELS), beta=1.2),
        lambda: prelogits_norm(tensor(FEATURES), order=0.0),
        lambda: CenterLoss(classes=2, dimension=2, alpha=-0.1),
    ],
)
def test_a_parameter_without_a_meaning_is_refused(call):
    with pytest.raises(ValueError, match="expected"):
        call()
