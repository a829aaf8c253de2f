"""Colour jitter of a batch of crops: light and cameras differ, faces stay. Imports torch.

Public surface: ``jitter_colours``, ``prepared``.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["jitter_colours", "prepared"]

# The published ranges.
_CONTRAST = (0.5, 1.5)
_SATURATION = (0.5, 1.5)
_BRIGHTNESS = 0.2
_HUE_TURNS = 0.2

_TO_YIQ = ((0.299, 0.587, 0.114), (0.596, -0.274, -0.322), (0.211, -0.523, 0.312))


def prepared(crops: Tensor) -> Tensor:
    """``(N, S, S, 3) uint8`` to ``(N, 3, S, S) float32``, ``(x - 127.5) / 128``."""
    return (crops.permute(0, 3, 1, 2).float() - 127.5) / 128.0


def jitter_colours(crops: Tensor, *, generator: torch.Generator) -> Tensor:
    """Prepared crops with contrast, brightness, saturation and hue each drawn per crop."""

    def drawn(least: float, most: float) -> Tensor:
        values = torch.rand(len(crops), generator=generator) * (most - least) + least
        return values.to(crops.device)

    to_yiq = torch.tensor(_TO_YIQ, device=crops.device)
    from_yiq = torch.linalg.inv(to_yiq)
    turn = drawn(-_HUE_TURNS, _HUE_TURNS) * 2 * torch.pi
    saturation = drawn(*_SATURATION)
    cos, sin = torch.cos(turn) * saturation, torch.sin(turn) * saturation
    zero, one = torch.zeros_like(cos), torch.ones_like(cos)
    turned = torch.stack([one, zero, zero, zero, cos, -sin, zero, sin, cos], dim=1).reshape(
        -1, 3, 3
    )
    mix = from_yiq @ turned @ to_yiq  # (N, 3, 3)
    mixed = torch.einsum("nij,njhw->nihw", mix, crops)
    mean = mixed.mean(dim=(1, 2, 3), keepdim=True)
    contrast = drawn(*_CONTRAST).reshape(-1, 1, 1, 1)
    brightness = drawn(-_BRIGHTNESS, _BRIGHTNESS).reshape(-1, 1, 1, 1)
    return ((mixed - mean) * contrast + mean + brightness).clamp(-127.5 / 128, 127.5 / 128)
