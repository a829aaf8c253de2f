"""Finding a head: within-class whitening, drawn towards the identity.

What one person's pictures differ in (light, pose, a camera's colours) is what a site can learn of
its own pictures without learning its people. In a short
trial a margin loss over a free matrix was no clearer a gain, and worse than the base model where it
was let loose (``docs/own-model-figures.md``); this has a closed form. Public surface: ``fit_head``,
``crowd_mean``, ``STRENGTHS``.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from recognition.adaptation.head import LinearHead
from recognition.adaptation.sample import Sample
from recognition.contracts import Vectors
from recognition.geometry.centring import centred, site_mean

__all__ = ["STRENGTHS", "crowd_mean", "fit_head"]

# 0 is the base model itself, so that whoever chooses can always choose to change nothing.
STRENGTHS: Final = (0.0, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8)


def fit_head(sample: Sample, *, rows: NDArray[np.int64], strength: float) -> LinearHead:
    """The head of these rows of the sample; closed form, so the same numbers every time.

    ``strength`` mixes the people's own spread into an even one: 0 gives the identity, 1 would
    trust the spread wholly. Raises ``ValueError`` for a strength outside [0, 1), for no person
    with two pictures, and for numbers that are not finite.
    """
    if not 0.0 <= strength < 1.0:
        raise ValueError(f"strength is {strength}; expected at least 0 and below 1")
    vectors, owners = sample.vectors[rows], sample.owners[rows]
    mean = crowd_mean(vectors, owners, prior=sample.prior_mean)
    spread = _within(centred(vectors, mean=mean), owners)
    even = np.eye(len(mean)) * np.trace(spread) / len(mean)
    values, axes = np.linalg.eigh((1.0 - strength) * even + strength * spread)
    weights = (axes / np.sqrt(values)) @ axes.T
    weights *= np.sqrt(len(mean) / np.square(weights).sum())
    return LinearHead(
        weights.astype(np.float32),
        mean,
        sample.base_space,
        strength,
        len(np.unique(owners)),
        len(rows),
    )


def crowd_mean(
    vectors: Vectors, owners: NDArray[np.str_], *, prior: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The mean that the base model's vectors of these people are compared about, as in service:
    zeros for a model that is compared by plain cosines."""
    if not prior.any():
        return np.zeros_like(prior)
    _, places = np.unique(owners, return_inverse=True)
    sums = np.zeros((int(places.max(initial=-1)) + 1, vectors.shape[1]))
    np.add.at(sums, places, vectors)
    templates = sums / np.linalg.norm(sums, axis=1, keepdims=True)
    return site_mean(templates.astype(np.float32), prior=prior)


def _within(vectors: Vectors, owners: NDArray[np.str_]) -> NDArray[np.float64]:
    """Covariance of pictures about their own person's mean, ``(D, D)``."""
    _, places, counts = np.unique(owners, return_inverse=True, return_counts=True)
    freedom = int((counts - 1).sum())
    if freedom < 1:
        raise ValueError("Nobody has two pictures, so nothing is known of how pictures differ.")
    sums = np.zeros((len(counts), vectors.shape[1]))
    np.add.at(sums, places, vectors)
    about = vectors - (sums / counts[:, None])[places]
    return np.asarray(about.T @ about / freedom, np.float64)
