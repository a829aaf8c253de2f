"""Random parameters to begin with. Public surface: ``initialise``. Imports torch."""

from __future__ import annotations

from torch import nn

__all__ = ["initialise"]

_PRELU_SLOPE = 0.25


def initialise(network: nn.Module) -> None:
    """He's normal for convolutions, Glorot's uniform for linear layers, zero biases.

    Normalisation begins as the identity, PReLU with a slope of 0.25. Glorot keeps the embedding's
    variance that of the features, for any size.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        elif isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
        elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.reset_parameters()
        elif isinstance(module, nn.PReLU):
            nn.init.constant_(module.weight, _PRELU_SLOPE)
        if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)
