"""What people said lastingly of faces, followed like the gallery: “not X” and “ignored”.

Public surface: ``AnchorFollower``, ``renew_vectors``, ``embedded_crop``, ``NEAR``, ``IGNORED``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID
from weakref import WeakKeyDictionary

import numpy as np
import structlog
from numpy.typing import NDArray

from portal.core.vault import VaultError, vault
from portal.review.services.group import give_up_crop, renew_anchor, renew_visit_vector
from portal.review.waiting import (
    AnchorState,
    OpenedAnchor,
    anchor_state,
    anchors_to_renew,
    open_anchors,
    stale_vectors,
)
from recognition.contracts import Candidate
from recognition.errors import ImageRejected, RecognitionError
from recognition.geometry.centring import centred
from recognition.images import decode_image
from recognition.index import fuse_templates
from workers.engine_host import EngineHost

__all__ = ["IGNORED", "NEAR", "AnchorFollower", "embedded_crop", "renew_vectors"]

logger = structlog.get_logger(__name__)

# Centred cosine from which a face counts as the one that was refused. Measured by
# ``bench/strangers.py`` with one photo as the anchor: it holds for 120 of 120 other photos of the
# same face in lfw_small (0.44: 113), and takes none of 72 photos of X their own name, whom the
# second condition protects (see ``apply``).
NEAR: Final = 0.36
# Ignoring hides a face, so that an error costs more: the bar by which strangers are grouped.
IGNORED: Final = 0.44
_AT_ONCE: Final = 64
# Visits whose crops cannot be read, which would stand before all others for ever.
_given_up: WeakKeyDictionary[EngineHost, set[UUID]] = WeakKeyDictionary()


class AnchorFollower:
    """The anchors of the host's space, opened, beside the host's gallery.

    ``refresh`` is called after the gallery's and before every search; it costs one tiny query
    while nothing changed. Vectors are compared about the gallery's mean, as the candidates' own
    scores are, so that the two can be compared.
    """

    def __init__(self, host: EngineHost) -> None:
        self._host = host
        self._state: AnchorState | None = None
        self._gallery = -2
        self._refused: list[str] = []
        self._refusals = _none(host)
        self._ignored = _none(host)

    def __len__(self) -> int:
        return len(self._refused) + len(self._ignored)

    def refresh(self) -> bool:
        """Follow the database; True where something changed."""
        state, gallery = anchor_state(self._host.space.id), self._host.gallery.revision
        # A merge of people moves anchors, and with the gallery its mean: both bring a revision.
        if (state, gallery) == (self._state, self._gallery):
            return False
        opened = open_anchors(self._host.space.id)
        refusals = [one for one in opened if one.person_id is not None]
        self._refused = [one.person_id for one in refusals if one.person_id is not None]
        self._refusals = self._centred([one.vector for one in refusals])
        self._ignored = self._centred(_fused([one for one in opened if one.person_id is None]))
        self._state, self._gallery = state, gallery
        return True

    def apply(
        self, found: Sequence[tuple[Candidate, ...]], probes: Sequence[NDArray[np.float32]]
    ) -> list[tuple[Candidate, ...]]:
        """The candidates of each probe without those whom somebody said it is not.

        A person is dropped where a face that is not theirs is near (``NEAR``) and at least as near
        as they are themselves: their own face stays theirs, however alike the other one is.
        """
        if not self._refused or not probes:
            return list(found)
        scores = self._centred(probes) @ self._refusals.T
        return [
            self._kept(candidates, row) if candidates and row.max() >= NEAR else candidates
            for candidates, row in zip(found, scores, strict=True)
        ]

    def is_ignored(
        self, probes: Sequence[NDArray[np.float32]], *, bar: float = IGNORED
    ) -> list[bool]:
        """Whether each probe is somebody's who is ignored for good, at whatever site."""
        if not len(self._ignored) or not probes:
            return [False] * len(probes)
        near = (self._centred(probes) @ self._ignored.T).max(axis=1) >= max(bar, IGNORED)
        return [bool(one) for one in near]

    def _kept(
        self, candidates: tuple[Candidate, ...], row: NDArray[np.float32]
    ) -> tuple[Candidate, ...]:
        nearest: dict[str, float] = {}
        for person_id, score in zip(self._refused, row.tolist(), strict=True):
            nearest[person_id] = max(score, nearest.get(person_id, -1.0))
        return tuple(
            one for one in candidates if nearest.get(one.person_id, -1.0) < max(NEAR, one.score)
        )

    def _centred(self, vectors: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        if not len(vectors):
            return _none(self._host)
        plain = np.stack(vectors).astype(np.float32)
        return centred(plain, mean=self._host.gallery.mean)


def renew_vectors(host: EngineHost) -> bool:
    """Make the vectors of anchors and of visits anew that another model made.

    True where there may be more of them. Crops that cannot be read are not asked for again.
    """
    anchors = anchors_to_renew(host.space.id, limit=_AT_ONCE)
    for anchor_id, key in anchors:
        vector = _embedded(host, key)
        if vector is None:
            give_up_crop(anchor_id)
        else:
            renew_anchor(anchor_id, vector, host.space)
    given_up = _given_up.setdefault(host, set())
    stale = stale_vectors(host.space.id, limit=_AT_ONCE + len(given_up))
    visits = [(visit_id, key) for visit_id, key in stale if visit_id not in given_up][:_AT_ONCE]
    for visit_id, key in visits:
        vector = _embedded(host, key)
        if vector is None:
            given_up.add(visit_id)
        else:
            renew_visit_vector(visit_id, vector, host.space)
    return _AT_ONCE in {len(anchors), len(visits)}


def _embedded(host: EngineHost, key: str) -> NDArray[np.float32] | None:
    try:
        return embedded_crop(host, vault().get(key))
    except (VaultError, RecognitionError) as error:
        logger.warning("aligned_crop_unusable", code=error.code)
        return None


def embedded_crop(
    host: EngineHost, jpeg: bytes, *, flip_fusion: bool = True
) -> NDArray[np.float32]:
    """The vector of an aligned crop, mirrored too, as templates are made, unless told otherwise.

    A crop that was cut for another model is looked through for its face. Raises
    ``RecognitionError`` where it cannot be read or shows none.
    """
    pixels = decode_image(jpeg).picture
    side = host.engine.crop.size_px
    if pixels.shape[:2] == (side, side):
        return np.asarray(host.engine.embed(pixels[None], flip_fusion=flip_fusion)[0], np.float32)
    (analysis,) = host.engine.analyse([jpeg], flip_fusion=flip_fusion)
    if isinstance(analysis, RecognitionError):
        raise analysis
    if not analysis.faces:
        raise ImageRejected("No face was found in an aligned crop.", code="image.no_face")
    return analysis.faces[0].embedding


def _fused(ignored: Sequence[OpenedAnchor]) -> list[NDArray[np.float32]]:
    """One vector for each stranger, as they are grouped by."""
    groups: dict[UUID, list[NDArray[np.float32]]] = {}
    for one in ignored:
        groups.setdefault(one.stranger_id or one.id, []).append(one.vector)
    return [fuse_templates(np.stack(vectors)) for vectors in groups.values()]


def _none(host: EngineHost) -> NDArray[np.float32]:
    return np.zeros((0, host.space.dimension), np.float32)
