"""FaceNet's optimisers with its unusual constants, exact as TensorFlow 1 computed them.

The constants matter: Adam with epsilon 0.1 and RMSProp with epsilon 1.0 are close to momentum
descent where gradients are small. torch's own Adam and RMSProp put epsilon elsewhere, which these
constants turn from a detail into another step size; hence two of our own. Public surface:
``OPTIMISERS``, ``OptimiserName``, ``TensorFlowAdam``, ``TensorFlowRmsProp``, ``build_optimiser``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Literal

import torch
from torch import Tensor, nn, optim

__all__ = ["OPTIMISERS", "OptimiserName", "TensorFlowAdam", "TensorFlowRmsProp", "build_optimiser"]

OptimiserName = Literal["ADAGRAD", "ADADELTA", "ADAM", "RMSPROP", "MOM"]
Groups = list[dict[str, Any]]


class TensorFlowAdam(optim.Optimizer):
    """``p -= lr sqrt(1 - b2^t) / (1 - b1^t) * m / (sqrt(v) + eps)``, eps not corrected for bias."""

    def __init__(
        self,
        params: Iterable[nn.Parameter] | Groups,
        *,
        lr: float,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 0.1,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(
            params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        )

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for parameter, gradient in _gradients(group):
                state = self.state[parameter]
                if not state:
                    state["step"] = 0
                    state["mean"] = torch.zeros_like(parameter)
                    state["square"] = torch.zeros_like(parameter)
                state["step"] += 1
                mean, square, t = state["mean"], state["square"], state["step"]
                mean.lerp_(gradient, 1.0 - beta1)
                square.mul_(beta2).addcmul_(gradient, gradient, value=1.0 - beta2)
                size = group["lr"] * math.sqrt(1.0 - beta2**t) / (1.0 - beta1**t)
                parameter.addcdiv_(mean, square.sqrt().add_(group["eps"]), value=-size)


class TensorFlowRmsProp(optim.Optimizer):
    """``s = d s + (1 - d) g^2``, ``u = m u + lr g / sqrt(s + eps)``, ``p -= u``; s starts at 1."""

    def __init__(
        self,
        params: Iterable[nn.Parameter] | Groups,
        *,
        lr: float,
        decay: float = 0.9,
        momentum: float = 0.9,
        eps: float = 1.0,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "decay": decay,
                "momentum": momentum,
                "eps": eps,
                "weight_decay": weight_decay,
            },
        )

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            decay = group["decay"]
            for parameter, gradient in _gradients(group):
                state = self.state[parameter]
                if not state:
                    state["square"] = torch.ones_like(parameter)
                    state["update"] = torch.zeros_like(parameter)
                square, update = state["square"], state["update"]
                square.mul_(decay).addcmul_(gradient, gradient, value=1.0 - decay)
                root = square.add(group["eps"]).sqrt_()
                update.mul_(group["momentum"]).addcdiv_(gradient, root, value=group["lr"])
                parameter.sub_(update)


OPTIMISERS: Mapping[OptimiserName, Callable[[Groups, float], optim.Optimizer]] = MappingProxyType(
    {
        # TensorFlow's accumulator starts at 0.1 and has no epsilon.
        "ADAGRAD": lambda groups, rate: optim.Adagrad(
            groups, lr=rate, initial_accumulator_value=0.1, eps=0.0
        ),
        "ADADELTA": lambda groups, rate: optim.Adadelta(groups, lr=rate, rho=0.9, eps=1e-6),
        "ADAM": lambda groups, rate: TensorFlowAdam(groups, lr=rate),
        "RMSPROP": lambda groups, rate: TensorFlowRmsProp(groups, lr=rate),
        "MOM": lambda groups, rate: optim.SGD(groups, lr=rate, momentum=0.9, nesterov=True),
    }
)


def build_optimiser(
    name: OptimiserName,
    *,
    parameters: Iterable[nn.Parameter],
    decayed: Iterable[nn.Parameter],
    rate: float,
    weight_decay: float = 0.0,
) -> optim.Optimizer:
    """The optimiser ``name``; ``weight_decay * W`` joins the gradient of the ``decayed`` weights.

    That is the gradient of facenet's penalty ``weight_decay * |W|^2 / 2``. Parameters that need no
    gradient are left out.
    """
    is_decayed = {id(parameter) for parameter in decayed}
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    groups: Groups = [
        {"params": [p for p in trained if id(p) in is_decayed], "weight_decay": weight_decay},
        {"params": [p for p in trained if id(p) not in is_decayed], "weight_decay": 0.0},
    ]
    return OPTIMISERS[name]([group for group in groups if group["params"]], rate)


def _gradients(group: dict[str, Any]) -> Iterable[tuple[nn.Parameter, Tensor]]:
    for parameter in group["params"]:
        if parameter.grad is not None:
            decay = group["weight_decay"]
            gradient = parameter.grad
            yield parameter, gradient.add(parameter, alpha=decay) if decay else gradient
