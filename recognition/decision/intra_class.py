"""The maximum intra-identity distance rule: the people enrolled set their own threshold.

Each person's photos span a greatest distance; the greatest of those, T, is how far a face may lie
from its nearest photo and still be named. Public surface: ``intra_class_rule``,
``IntraClassRule``, ``IdentitySpread``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recognition.contracts import Vectors
from recognition.decision.policy import DecisionPolicy
from recognition.decision.quality import PROBE_FLOORS, QualityFloors

__all__ = ["IdentitySpread", "IntraClassRule", "intra_class_rule"]


@dataclass(frozen=True, slots=True)
class IdentitySpread:
    """How far apart a person's photos are: the lowest cosine between two of them."""

    person_id: str
    photos: int
    cosine: float

    @property
    def distance(self) -> float:
        """The same as Euclidean distance of unit vectors, in [0, 2]."""
        return math.sqrt(max(0.0, 2.0 - 2.0 * self.cosine))


@dataclass(frozen=True, slots=True)
class IntraClassRule:
    """The rule of one gallery. ``spreads`` are the people with two photos or more, widest first.

    T follows the worst enrolment: one wrong or poor photo opens the gallery to strangers for
    everyone. LFW, 374 people with three photos: T is 1.244 (cosine 0.227) and every one of 2,614
    strangers is named; without the widest 20 people (cosine 0.452) 1.9 % are, with 99.2 % of the
    enrolled named right. So ``widest`` is to be looked at, and ``threshold`` to be compared with
    what ``decision.threshold_for`` gives for the same number of photos.
    """

    spreads: tuple[IdentitySpread, ...]

    @property
    def widest(self) -> IdentitySpread:
        """The person who alone sets T."""
        return self.spreads[0]

    @property
    def distance(self) -> float:
        """T, the Euclidean distance up to which a face is named."""
        return self.widest.distance

    @property
    def threshold(self) -> float:
        """T as a cosine: ``1 - T² / 2``."""
        return self.widest.cosine

    def policy(self, *, floors: QualityFloors = PROBE_FLOORS) -> DecisionPolicy:
        """The rule for ``decide``, to be searched over every photo: no grey band, no margin.

        Raises ``ValueError`` where two photos of a person are opposites.
        """
        return DecisionPolicy(self.threshold, grey_band=0.0, min_margin=0.0, floors=floors)


def intra_class_rule(vectors: Vectors, *, person_ids: Sequence[str]) -> IntraClassRule:
    """Read the rule off a gallery: ``(N, D) float32`` unit rows and whose each is.

    People with one photo take no part, because they have no spread. Raises ``ValueError`` where
    the ids are not as many as the vectors, or nobody has two photos.
    """
    if len(person_ids) != len(vectors):
        raise ValueError(
            f"{len(person_ids)} person ids came with {len(vectors)} vectors. Send one for each."
        )
    rows_of: dict[str, list[int]] = {}
    for row, person_id in enumerate(person_ids):
        rows_of.setdefault(person_id, []).append(row)
    spreads = [
        IdentitySpread(person_id, len(rows), _lowest_cosine(vectors[rows]))
        for person_id, rows in rows_of.items()
        if len(rows) > 1
    ]
    if not spreads:
        raise ValueError(
            "Nobody has two photos, so no distance within a person is known. Enrol somebody with "
            "at least two, or use a threshold by error rate."
        )
    return IntraClassRule(
        tuple(sorted(spreads, key=lambda spread: (spread.cosine, spread.person_id)))
    )


def _lowest_cosine(photos: Vectors) -> float:
    rows = photos.astype(np.float64)
    first, second = np.triu_indices(len(rows), k=1)
    return float((rows @ rows.T)[first, second].clip(-1.0, 1.0).min())
