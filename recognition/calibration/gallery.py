"""Evidence from vectors: everybody enrolled against everybody else, strangers, labelled faces.

Scores are those of ``index.CentredIndex`` over fused templates: the cosine about the mean of the
people enrolled. Matrix products in blocks; nothing of people times people is kept. Public surface:
``Gallery``, ``Labelled``, ``leave_one_out``, ``search_strangers``, ``search_enrolled``,
``build_evidence``, ``searched``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognition.calibration.errors import EvidenceRejected
from recognition.calibration.evidence import (
    Evidence,
    MatedSearches,
    MatedSource,
    StrangerSearches,
)
from recognition.calibration.histogram import Histogram
from recognition.contracts import Vectors
from recognition.decision.intra_class import IdentitySpread, intra_class_rule
from recognition.geometry.centring import PRIOR_PEOPLE, centred, site_mean

__all__ = [
    "Gallery",
    "Labelled",
    "build_evidence",
    "leave_one_out",
    "search_enrolled",
    "search_strangers",
    "searched",
]

Keys = NDArray[np.str_]
Rows = NDArray[np.int64]

_BLOCK = 512  # rows of faces scored at once: 20 MB of float64 for 5,000 people


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Faces with a name: ``vectors`` ``(F, D) float32`` plain unit rows, whose each is, and the
    camera that took it (None: none did)."""

    vectors: Vectors
    person_ids: Sequence[str]
    camera_ids: Sequence[str] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """The people enrolled, N of them with R reference photos, in the order of their ids.

    ``person_ids`` ``(N,)``; ``templates`` ``(N, D)`` and ``references`` ``(R, D)`` are plain unit
    rows, as they are stored; ``owners`` ``(R,)`` says whose reference it is, as a row of
    ``templates``; ``prior_mean`` ``(D,)`` is the network's own.
    """

    person_ids: Keys
    templates: Vectors
    references: Vectors
    owners: Rows
    prior_mean: NDArray[np.float32]
    mean: NDArray[np.float32]

    @classmethod
    def of(
        cls, vectors: Vectors, *, person_ids: Sequence[str] | Keys, prior_mean: NDArray[Any]
    ) -> Gallery:
        """From plain reference vectors ``(R, D)`` and whose each is, in any order.

        Raises ``EvidenceRejected`` where they are not as many, or nobody is there, and
        ``IndexMismatch`` for shapes that do not fit.
        """
        if len(person_ids) != len(vectors) or not len(vectors):
            raise EvidenceRejected(
                f"{len(person_ids)} person ids came with {len(vectors)} reference vectors; expected "
                "one for each, and at least one."
            )
        names, owners = np.unique(np.asarray(person_ids, np.str_), return_inverse=True)
        order = np.argsort(owners, kind="stable")
        references = np.asarray(vectors, np.float32)[order]
        owners = owners[order].astype(np.int64)
        templates = _directions(_sums(references, owners, len(names)))
        mean = site_mean(templates, prior=prior_mean)
        return cls(names, templates, references, owners, np.asarray(prior_mean, np.float32), mean)

    def __len__(self) -> int:
        """How many people."""
        return len(self.person_ids)


def build_evidence(
    gallery: Gallery, *, strangers: Labelled | None = None, enrolled: Labelled | None = None
) -> Evidence:
    """Leave-one-out over the gallery, with a folder of strangers and of enrolled people if given."""
    parts = [leave_one_out(gallery)]
    if strangers is not None:
        parts.append(search_strangers(gallery, strangers))
    if enrolled is not None:
        parts.append(search_enrolled(gallery, enrolled, source="folder"))
    return parts[0].joined(*parts[1:])


def leave_one_out(gallery: Gallery) -> Evidence:
    """Every reference photo once as an enrolled person's search, once as a stranger's.

    As an enrolled person's it meets its person's *other* photos and everybody else, about the mean as
    it is; people with one photo make none. As a stranger's it meets everybody else, about the mean
    that the gallery would have without this person, to the last digit but rounding: in a
    gallery of ten that mean is noticeably another, and the person would else take part in their
    own search.
    """
    people, count = len(gallery), np.bincount(gallery.owners)
    mated: list[MatedSearches] = []
    strangers: list[StrangerSearches] = []
    genuine, others = Histogram.none(), Histogram.none()
    templates = centred(gallery.templates, mean=gallery.mean).astype(np.float64)
    own_scores = _own_scores(gallery, count)
    for block in _blocks(len(gallery.references)):
        owners = gallery.owners[block]
        here = np.arange(len(owners))
        if people > 1:
            scores = _scores_without(gallery, block)
            scores[here, owners] = -np.inf
            others = others.plus(Histogram.of(scores))
            nearest = scores.argmax(axis=1)
            strangers.append(
                StrangerSearches.of(
                    scores[here, nearest].clip(-1.0, 1.0),
                    person_ids=gallery.person_ids[owners],
                    nearest_ids=gallery.person_ids[nearest],
                    gallery_size=people - 1,
                    source="leave_one_out",
                )
            )
        several = count[owners] > 1
        if several.any():
            rows = centred(gallery.references[block][several], mean=gallery.mean)
            mated.append(
                _mated(
                    rows.astype(np.float64) @ templates.T,
                    gallery,
                    owners[several],
                    own=own_scores[block][several],
                    source="leave_one_out",
                )
            )
            genuine = genuine.plus(Histogram.of(mated[-1].own_scores))
    return Evidence(
        people,
        _all(strangers, StrangerSearches.none()),
        _all(mated, MatedSearches.none()),
        genuine,
        others,
        Histogram.none(),
        _widest(gallery, count),
    )


def search_strangers(gallery: Gallery, faces: Labelled) -> Evidence:
    """Faces of people who are known not to be enrolled. Raises ``EvidenceRejected`` if one is."""
    names = np.asarray(faces.person_ids, np.str_)
    known = np.intersect1d(names, gallery.person_ids)
    if len(known):
        raise EvidenceRejected(
            f"{len(known)} of the strangers are enrolled. Give them as enrolled people."
        )
    found: list[StrangerSearches] = []
    counts = Histogram.none()
    for block, scores in searched(gallery, faces.vectors):
        counts = counts.plus(Histogram.of(scores))
        nearest = scores.argmax(axis=1)
        found.append(
            StrangerSearches.of(
                scores[np.arange(len(scores)), nearest].clip(-1.0, 1.0),
                person_ids=names[block],
                nearest_ids=gallery.person_ids[nearest],
                gallery_size=len(gallery),
                camera_ids=_cameras_of(faces, block),
            )
        )
    return Evidence(
        len(gallery),
        _all(found, StrangerSearches.none()),
        MatedSearches.none(),
        Histogram.none(),
        Histogram.none(),
        counts,
    )


def search_enrolled(
    gallery: Gallery, faces: Labelled, *, source: MatedSource = "confirmed"
) -> Evidence:
    """Faces of enrolled people. Raises ``EvidenceRejected`` where one is not enrolled."""
    names = np.asarray(faces.person_ids, np.str_)
    rows = np.searchsorted(gallery.person_ids, names).clip(0, len(gallery) - 1)
    strange = gallery.person_ids[rows] != names
    if strange.any():
        raise EvidenceRejected(
            f"{int(strange.sum())} faces are of people who are not enrolled. Give them as strangers."
        )
    found: list[MatedSearches] = []
    genuine, others = Histogram.none(), Histogram.none()
    for block, scores in searched(gallery, faces.vectors):
        owners = rows[block]
        found.append(
            _mated(scores, gallery, owners, source=source, cameras=_cameras_of(faces, block))
        )
        genuine = genuine.plus(Histogram.of(found[-1].own_scores))
        others = others.plus(Histogram.of(scores))  # the own ones are -inf by now
    return Evidence(
        len(gallery),
        StrangerSearches.none(),
        _all(found, MatedSearches.none()),
        genuine,
        others,
        Histogram.none(),
    )


def _mated(
    scores: NDArray[np.float64],
    gallery: Gallery,
    owners: Rows,
    *,
    source: MatedSource,
    own: NDArray[np.float64] | None = None,
    cameras: Sequence[str] | None = None,
) -> MatedSearches:
    here = np.arange(len(owners))
    mine = scores[here, owners].copy() if own is None else own
    scores[here, owners] = -np.inf
    nearest = scores.argmax(axis=1)
    best = scores[here, nearest]
    return MatedSearches.of(
        mine.clip(-1.0, 1.0),
        other_scores=best.clip(-np.inf, 1.0),
        person_ids=gallery.person_ids[owners],
        other_ids=np.where(np.isneginf(best), "", gallery.person_ids[nearest]),
        camera_ids=cameras,
        source=source,
    )


def _own_scores(gallery: Gallery, count: Rows) -> NDArray[np.float64]:
    """``(R,)``: each reference against the template of its person's other references."""
    rows = gallery.references.astype(np.float64)
    rest = _sums(gallery.references, gallery.owners, len(gallery))[gallery.owners] - rows
    found = np.full(len(rows), np.nan)
    several = count[gallery.owners] > 1
    if several.any():
        others = centred(_directions(rest[several]), mean=gallery.mean)
        mine = centred(gallery.references[several], mean=gallery.mean)
        found[several] = np.einsum("ij,ij->i", mine, others, dtype=np.float64)
    return found


def _scores_without(gallery: Gallery, block: slice) -> NDArray[np.float64]:
    """A block of references against all templates, each about the mean without its own person.

    With t the person's template, n people and the prior's weight w, that mean is
    m + d with d = (m - t) / (n + w - 1); the products with it follow from those with m and t.
    """
    faces = gallery.references[block].astype(np.float64)
    templates = gallery.templates.astype(np.float64)
    mean = gallery.mean.astype(np.float64)
    own = templates[gallery.owners[block]]
    means = mean + (mean - own) / (len(gallery) + PRIOR_PEOPLE - 1.0)
    products = faces @ templates.T
    with_mean = means @ templates.T
    square = np.einsum("ij,ij->i", means, means)
    moved = faces - means
    lengths = np.linalg.norm(moved, axis=1)
    # |t - m|^2 = 1 - 2 t m + m m, the templates being unit vectors
    other = np.sqrt(np.maximum(1.0 - 2.0 * with_mean + square[:, None], 1e-12))
    with_face = np.einsum("ij,ij->i", faces, means)
    scores = products - with_mean - with_face[:, None] + square[:, None]
    return np.asarray(scores / (lengths[:, None] * other))


def searched(gallery: Gallery, vectors: Vectors) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Blocks of plain vectors, and their scores ``(block, N) float64`` against all templates."""
    templates = centred(gallery.templates, mean=gallery.mean).astype(np.float64)
    for block in _blocks(len(vectors)):
        faces = centred(vectors[block], mean=gallery.mean).astype(np.float64)
        yield block, faces @ templates.T


def _widest(gallery: Gallery, count: Rows) -> IdentitySpread | None:
    several = count[gallery.owners] > 1
    if not several.any():
        return None
    rows = centred(gallery.references[several], mean=gallery.mean)
    owners = gallery.person_ids[gallery.owners[several]].tolist()
    return intra_class_rule(rows, person_ids=owners).widest


def _blocks(rows: int) -> Iterator[slice]:
    return (slice(start, min(start + _BLOCK, rows)) for start in range(0, rows, _BLOCK))


def _sums(rows: Vectors, owners: Rows, people: int) -> NDArray[np.float64]:
    """``(people, D)``: each one's rows added; ``owners`` rises."""
    starts = np.searchsorted(owners, np.arange(people))
    return np.add.reduceat(rows.astype(np.float64), starts, axis=0)


def _directions(sums: NDArray[np.float64]) -> Vectors:
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    if (lengths < 1e-3).any():
        raise EvidenceRejected("The photos of a person contradict each other: their mean is zero.")
    return np.asarray(sums / lengths, np.float32)


def _cameras_of(faces: Labelled, block: slice) -> Sequence[str] | None:
    return None if faces.camera_ids is None else faces.camera_ids[block]


def _all(parts: list[Any], empty: Any) -> Any:
    whole = empty
    for part in parts:
        whole = whole.joined(part)
    return whole
