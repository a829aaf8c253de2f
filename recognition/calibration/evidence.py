"""The searches and comparisons that a threshold is judged by, all of them with a known answer.

A *stranger's* search is one by somebody who is not enrolled, or by an enrolled person who was left
out of the gallery for it; a *mated* search is one by somebody enrolled. Faces that nobody has named
have no place here: there is no source for them. People and cameras are opaque keys; an enrolled
person has one key everywhere, and a stranger's is never an enrolled person's. Public surface: the names in ``__all__``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from recognition.calibration.errors import EvidenceRejected
from recognition.calibration.histogram import Histogram
from recognition.decision.intra_class import IdentitySpread

__all__ = [
    "Evidence",
    "EvidenceCounts",
    "MatedSearches",
    "MatedSource",
    "StrangerSearches",
    "StrangerSource",
]

Floats = NDArray[np.float64]
Keys = NDArray[np.str_]

StrangerSource = Literal["stranger", "leave_one_out"]
MatedSource = Literal["leave_one_out", "confirmed", "folder"]


@dataclass(frozen=True, slots=True, eq=False)
class StrangerSearches:
    """Searches that should have named nobody, ``(S,)`` each.

    ``scores`` are the best cosines in [-1, 1], ``nearest_ids`` whose template gave each,
    ``person_ids`` who searched, ``gallery_sizes`` how many people the search met, ``camera_ids``
    "" where there was none, ``sources`` a ``StrangerSource`` each. Raises ``EvidenceRejected``.
    """

    scores: Floats
    person_ids: Keys
    nearest_ids: Keys
    gallery_sizes: NDArray[np.int64]
    camera_ids: Keys
    sources: Keys

    def __post_init__(self) -> None:
        _require_columns(self, StrangerSource)
        _require_cosines("a stranger's score", self.scores)
        if (self.gallery_sizes < 1).any():
            raise EvidenceRejected("A search met a gallery of nobody; leave such searches out.")
        if (self.person_ids == self.nearest_ids).any():
            raise EvidenceRejected(
                "A stranger's nearest person is the stranger. Take them out of the gallery first."
            )

    @classmethod
    def of(
        cls,
        scores: Sequence[float] | NDArray[Any],
        *,
        person_ids: Sequence[str] | Keys,
        nearest_ids: Sequence[str] | Keys,
        gallery_size: int | Sequence[int] | NDArray[Any],
        camera_ids: Sequence[str] | Keys | None = None,
        source: StrangerSource = "stranger",
    ) -> StrangerSearches:
        """One source's searches; ``gallery_size`` is one number for all, or one for each."""
        values = np.asarray(scores, np.float64)
        return cls(
            values,
            _keys(person_ids),
            _keys(nearest_ids),
            np.broadcast_to(np.asarray(gallery_size, np.int64), values.shape).copy(),
            _cameras(camera_ids, len(values)),
            np.full(len(values), source),
        )

    @classmethod
    def none(cls) -> StrangerSearches:
        return cls.of([], person_ids=[], nearest_ids=[], gallery_size=1)

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def people(self) -> int:
        """How many different people searched."""
        return len(np.unique(self.person_ids))

    def only(self, chosen: NDArray[Any]) -> StrangerSearches:
        """Those rows, by mask or number."""
        return StrangerSearches(*(column[chosen] for column in _columns(self)))

    def joined(self, other: StrangerSearches) -> StrangerSearches:
        return StrangerSearches(*_joined(self, other))


@dataclass(frozen=True, slots=True, eq=False)
class MatedSearches:
    """Searches by enrolled people, ``(M,)`` each.

    ``own_scores`` are those of their own template, ``other_scores`` the best of anybody else's,
    ``other_ids`` whose; a score that is not known, because it was too low to be kept or there is
    nobody else, is -inf. ``sources`` is a ``MatedSource`` each. Raises ``EvidenceRejected``.
    """

    own_scores: Floats
    other_scores: Floats
    person_ids: Keys
    other_ids: Keys
    camera_ids: Keys
    sources: Keys

    def __post_init__(self) -> None:
        _require_columns(self, MatedSource)
        for name, scores in (("own", self.own_scores), ("other's", self.other_scores)):
            _require_cosines(f"an {name} score", scores[~np.isneginf(scores)])

    @classmethod
    def of(
        cls,
        own_scores: Sequence[float] | NDArray[Any],
        *,
        other_scores: Sequence[float] | NDArray[Any],
        person_ids: Sequence[str] | Keys,
        other_ids: Sequence[str] | Keys | None = None,
        camera_ids: Sequence[str] | Keys | None = None,
        source: MatedSource = "confirmed",
    ) -> MatedSearches:
        """One source's searches; ``other_ids`` "" where nobody knows whose the score was."""
        own = np.asarray(own_scores, np.float64)
        return cls(
            own,
            np.asarray(other_scores, np.float64),
            _keys(person_ids),
            _cameras(other_ids, len(own)),
            _cameras(camera_ids, len(own)),
            np.full(len(own), source),
        )

    @classmethod
    def none(cls) -> MatedSearches:
        return cls.of([], other_scores=[], person_ids=[])

    def __len__(self) -> int:
        return len(self.own_scores)

    @property
    def people(self) -> int:
        """How many different people searched."""
        return len(np.unique(self.person_ids))

    def only(self, chosen: NDArray[Any]) -> MatedSearches:
        """Those rows, by mask or number."""
        return MatedSearches(*(column[chosen] for column in _columns(self)))

    def joined(self, other: MatedSearches) -> MatedSearches:
        return MatedSearches(*_joined(self, other))


@dataclass(frozen=True, slots=True)
class EvidenceCounts:
    """What stands behind a figure. A search by a stranger is one trial for the FPIR, and as many
    comparisons as there were people in the gallery; ``people_strangers`` and ``people_left_out``
    say who made them."""

    stranger_searches: int
    stranger_comparisons: int
    people_strangers: int
    people_left_out: int
    mated_searches: int
    mated_people: int


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Everything known about a gallery of ``gallery_size`` people in one embedding space.

    The histograms count comparisons: a face and its own template, an enrolled person's face and
    somebody else's template, a stranger's face and anybody's. ``widest`` is the person whose own
    photos differ most. Evidence of two spaces must never be joined; the caller keeps them apart.
    """

    gallery_size: int
    strangers: StrangerSearches
    mated: MatedSearches
    genuine: Histogram
    other_enrolled: Histogram
    stranger: Histogram
    widest: IdentitySpread | None = None

    @classmethod
    def of_searches(
        cls,
        *,
        gallery_size: int,
        strangers: StrangerSearches | None = None,
        mated: MatedSearches | None = None,
    ) -> Evidence:
        """From searches alone, as a ledger holds them: of the comparisons only the best of each is
        known, so the histograms of others hold one score a search."""
        no_names = StrangerSearches.none() if strangers is None else strangers
        names = MatedSearches.none() if mated is None else mated
        others = [names.other_scores, no_names.scores[no_names.sources == "leave_one_out"]]
        return cls(
            gallery_size,
            no_names,
            names,
            Histogram.of(names.own_scores),
            Histogram.of(np.concatenate(others)),
            Histogram.of(no_names.scores[no_names.sources == "stranger"]),
        )

    def joined(self, *others: Evidence) -> Evidence:
        """All of it together; the gallery's size is the first one's, which is the present one."""
        whole = self
        for other in others:
            spreads = [each for each in (whole.widest, other.widest) if each is not None]
            whole = Evidence(
                self.gallery_size,
                whole.strangers.joined(other.strangers),
                whole.mated.joined(other.mated),
                whole.genuine.plus(other.genuine),
                whole.other_enrolled.plus(other.other_enrolled),
                whole.stranger.plus(other.stranger),
                min(spreads, key=lambda spread: spread.cosine, default=None),
            )
        return whole

    @property
    def counts(self) -> EvidenceCounts:
        left_out = self.strangers.sources == "leave_one_out"
        return EvidenceCounts(
            stranger_searches=len(self.strangers),
            stranger_comparisons=int(self.strangers.gallery_sizes.sum()),
            people_strangers=self.strangers.only(~left_out).people,
            people_left_out=self.strangers.only(left_out).people,
            mated_searches=len(self.mated),
            mated_people=self.mated.people,
        )


def _columns(searches: StrangerSearches | MatedSearches) -> list[NDArray[Any]]:
    return [getattr(searches, name) for name in searches.__slots__]


def _joined(one: Any, other: Any) -> list[NDArray[Any]]:
    return [np.concatenate(pair) for pair in zip(_columns(one), _columns(other), strict=True)]


def _keys(values: Sequence[str] | Keys) -> Keys:
    return np.asarray(values, np.str_)


def _cameras(values: Sequence[str] | Keys | None, count: int) -> Keys:
    return np.full(count, "") if values is None else _keys(values)


def _require_columns(searches: StrangerSearches | MatedSearches, sources: Any) -> None:
    lengths = {name: len(getattr(searches, name)) for name in searches.__slots__}
    if len(set(lengths.values())) > 1:
        raise EvidenceRejected(f"Columns of one search each differ in length: {lengths}.")
    unknown = {*np.unique(searches.sources).tolist()} - {*get_args(sources)}
    if unknown:
        raise EvidenceRejected(
            f"Searches of source {', '.join(sorted(unknown))} came; only {', '.join(get_args(sources))} "
            "have a known answer."
        )


def _require_cosines(what: str, scores: Floats) -> None:
    if not (np.isfinite(scores).all() and (np.abs(scores) <= 1.0 + 1e-4).all()):
        raise EvidenceRejected(f"A number given as {what} is no cosine from -1 to 1.")
