"""NN3: NN2's modules on 160 px pictures. Public surface: ``build``. Imports torch."""

from __future__ import annotations

from recognition.networks.nn2 import build

__all__ = ["build"]
