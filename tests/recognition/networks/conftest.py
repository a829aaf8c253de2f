"""Networks with random weights that are small enough to be run in a test."""

from __future__ import annotations

import pytest
import torch

from recognition.networks import build_network, set_batch_norm_decay


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """On a busy machine two threads that wait for one another are ten times as slow."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def make_network():
    """A network whose running statistics are those of a batch, as if it had been trained.

    With others a hundred layers amplify what they should normalise, rounding errors too.
    """

    def make(name, **options):
        network = build_network(name, seed=1, **options)
        generator = torch.Generator().manual_seed(2)
        side = network.input_px
        set_batch_norm_decay(network, decay=0.0)
        with torch.no_grad():
            network(torch.randn(4, 3, side, side, generator=generator))
        return network.eval()

    return make
