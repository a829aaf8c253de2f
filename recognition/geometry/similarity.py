"""The similarity transform (scale, rotation, shift) that best carries one point set to another.

Closed form, pure numpy. Public surface: ``fit_similarity``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["fit_similarity"]

# Relative to the points' own size: float32 landmarks carry about seven digits, so anything
# smaller is rounding and not a distance.
_DEGENERATE = 1e-6


def fit_similarity(source: NDArray[Any], target: NDArray[Any]) -> NDArray[np.float64]:
    """Return the ``(2, 3) float64`` matrix M that minimises the sum of ``|M [x y 1] - target|^2``.

    ``source`` and ``target`` are ``(N, 2)``, N of at least 2, matched by row. The result never
    mirrors. In the plane the minimum of S. Umeyama, "Least-squares estimation of transformation
    parameters between two point patterns" (PAMI 13(4), 1991) is one complex division: with z and
    w the centred points as complex numbers, scale and rotation are ``sum(conj(z) w) / sum(|z|^2)``.

    Raises ``ValueError`` when the shapes do not fit, a coordinate is not finite, all points of a
    set coincide, or the best scale is zero (one set is the other's mirror image).
    """
    start, goal = _points(source, "source"), _points(target, "target")
    if start.shape != goal.shape:
        raise ValueError(f"source has {len(start)} points and target {len(goal)}; they must match")
    start_centre, goal_centre = start.mean(), goal.mean()
    z, w = start - start_centre, goal - goal_centre
    z_spread, w_spread = float(np.vdot(z, z).real), float(np.vdot(w, w).real)
    for name, points, spread in (("source", start, z_spread), ("target", goal, w_spread)):
        if spread <= (_DEGENERATE * float(np.abs(points).max())) ** 2:
            raise ValueError(f"all {name} points coincide: no scale or rotation can be fitted")
    turn = complex(np.vdot(z, w)) / z_spread
    if abs(turn) ** 2 * z_spread <= _DEGENERATE**2 * w_spread:
        raise ValueError(
            "the best similarity shrinks everything to a point: "
            "the points are mirrored, or their order is wrong"
        )
    shift = goal_centre - turn * start_centre
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def _points(values: NDArray[Any], name: str) -> NDArray[np.complex128]:
    """``(N, 2)`` as ``(N,)`` complex numbers x + iy."""
    points = np.asarray(values, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 2:
        raise ValueError(f"{name} must have the shape (N, 2) with N >= 2, got {points.shape}")
    if not np.isfinite(points).all():
        raise ValueError(f"{name} has a coordinate that is not a finite number")
    numbers: NDArray[np.complex128] = points[:, 0] + 1j * points[:, 1]
    return numbers
