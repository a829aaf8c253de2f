"""Exponential moving averages of weights. Public surface: ``WeightAverages``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

__all__ = ["WeightAverages"]


class WeightAverages:
    """``a <- d a + (1 - d) w`` after every step, with ``d = min(decay, (1 + n) / (10 + n))``.

    As ``tf.train.ExponentialMovingAverage`` with a step count n, which facenet uses with decay
    0.9999: without the second term the start would be remembered for 10,000 steps. Parameters are
    averaged; buffers (batch statistics) are averages already and stay the network's own.
    """

    def __init__(self, module: nn.Module, *, decay: float = 0.9999) -> None:
        if not 0.0 <= decay < 1.0:
            raise ValueError(f"decay is {decay}; expected a share from 0 up to, not with, 1")
        self.decay = decay
        self.updates = 0
        self.averages: dict[str, Tensor] = {
            name: parameter.detach().clone() for name, parameter in module.named_parameters()
        }

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Take in the weights as they are now."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        for name, parameter in module.named_parameters():
            self.averages[name].lerp_(parameter.detach(), 1.0 - decay)

    @contextmanager
    def applied(self, module: nn.Module) -> Iterator[None]:
        """Within the block ``module`` has the averaged weights, to be judged or written."""
        own = {name: parameter.detach().clone() for name, parameter in module.named_parameters()}
        _put(module, self.averages)
        try:
            yield
        finally:
            _put(module, own)


@torch.no_grad()
def _put(module: nn.Module, weights: dict[str, Tensor]) -> None:
    for name, parameter in module.named_parameters():
        parameter.copy_(weights[name])
