"""The faces of snapshots, each counted to a visit by the same rules as those of the streams.

There is no tracker here: what a camera sends now and then is followed by who is in it. Public
surface: ``SnapshotFace``, ``SnapshotFaces``, ``attach_snapshots``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from typing import Final
from uuid import UUID, uuid4

import numpy as np
from numpy.typing import NDArray

from portal.sightings.services.visits.contracts import KnownFace, RuleInForce, VisitUpdate
from portal.sightings.services.visits.opening import vote_of
from portal.sightings.services.visits.writer import VisitWriter, join_rule, newcomer_of
from recognition.contracts import Decision, FaceQuality
from recognition.visits import ConfirmRule, Look, OpenVisit, Standing, Vote, judge, visit_to_join

__all__ = ["SnapshotFace", "SnapshotFaces", "attach_snapshots"]

# Nobody sends three pictures of everybody who passes.
_CONFIRM: Final = ConfirmRule(faces=2)


@dataclass(frozen=True, slots=True, eq=False)
class SnapshotFace:
    """A face of a camera's picture, with the decision about it alone. ``look`` is None where it is
    too poor to be compared: then it may belong to a visit, and makes none."""

    recognition_id: UUID
    position: int
    site_id: UUID
    camera_id: UUID
    camera_name: str
    captured_at: datetime
    quality: FaceQuality
    decision: Decision
    vector: NDArray[np.float32]
    look: Look | None


@dataclass(frozen=True, slots=True, eq=False)
class SnapshotFaces:
    """All faces of a pass. ``decide`` answers what the fused vector of a visit comes to, for each
    vector with the clearest of its faces."""

    faces: Sequence[SnapshotFace]
    rule: RuleInForce
    decide: Callable[[Sequence[tuple[NDArray[np.float32], SnapshotFace]]], Sequence[Decision]]


@dataclass(slots=True, eq=False)
class _Draft:
    """A visit as it will be: one that is there (``visit_id``), or one to be made."""

    key: UUID
    visit_id: UUID | None
    vote: Vote
    faces: list[SnapshotFace] = field(default_factory=list)
    # Other drafts whose faces are in the same pictures.
    beside: set[UUID] = field(default_factory=set)


def attach_snapshots(given: SnapshotFaces, *, kept: Collection[UUID]) -> VisitWriter | None:
    """Count the faces of the recognitions in ``kept`` to visits, in the order in which they were
    captured. The caller lets the writer adopt the faces' rows, writes them, and saves it."""
    faces = sorted(
        (face for face in given.faces if face.recognition_id in kept),
        key=lambda face: (face.captured_at, face.recognition_id, face.position),
    )
    if not faces:
        return None
    writer = VisitWriter(
        {face.site_id for face in faces},
        first=faces[0].captured_at,
        last=faces[-1].captured_at,
        rule=given.rule,
    )
    drafts = _drafts(faces, writer)
    standings = _standings(drafts, given)
    parts = [
        (draft, _updates(draft, standing))
        for draft, standing in zip(drafts, standings, strict=True)
    ]
    writer.prepare([update for _, updates in parts for update in updates])
    for draft, updates in parts:
        visit_id = draft.visit_id
        for update in updates:
            visit_id = writer.apply(replace(update, visit_id=visit_id)).visit_id
    return writer


def _drafts(faces: Sequence[SnapshotFace], writer: VisitWriter) -> list[_Draft]:
    known = {site_id: dict(visits) for site_id, visits in writer.open.items()}
    drafts: dict[UUID, _Draft] = {}
    in_picture: dict[UUID, set[UUID]] = {}
    for face in faces:
        taken = in_picture.setdefault(face.recognition_id, set())
        standing = Standing(face.decision)
        update = _update(face.site_id, [face], standing, vector=face.vector)
        newcomer = newcomer_of(replace(update, apart_from=frozenset(taken)), name=standing.name)
        rule, there = join_rule(writer.rule, update), known.setdefault(face.site_id, {})
        while (found := visit_to_join(newcomer, there.values(), rule)) not in drafts:
            if found is None:
                break
            before = writer.take(face.site_id, found)
            if before is not None:
                drafts[found] = _Draft(found, found, vote_of(*before) or Vote())
            elif found in writer.open[face.site_id]:
                there[found] = writer.open[face.site_id][found]
            else:
                del there[found]
        if found is None:
            if face.look is None:
                continue
            found = uuid4()
            drafts[found] = _Draft(found, None, Vote())
        draft = drafts[found]
        draft.beside |= taken
        for other in taken:
            drafts[other].beside.add(found)
        taken.add(found)
        draft.faces.append(face)
        if face.look is not None:
            draft.vote = draft.vote.with_look(face.look)
        there[found] = _with_face(there.get(found), draft, face)
    return list(drafts.values())


def _with_face(known: OpenVisit | None, draft: _Draft, face: SnapshotFace) -> OpenVisit:
    at_s = face.captured_at.timestamp()
    name = Standing(face.decision).name
    if known is None:
        return OpenVisit(draft.key, face.camera_id, at_s, at_s, draft.vote.fused, name)
    return replace(
        known,
        last_camera_id=face.camera_id if at_s >= known.last_s else known.last_camera_id,
        first_s=min(known.first_s, at_s),
        last_s=max(known.last_s, at_s),
        vector=draft.vote.fused,
        name=known.name or name,
    )


def _standings(drafts: Sequence[_Draft], given: SnapshotFaces) -> list[Standing]:
    """A visit of one face stands where that face does; of several, where all together do."""
    asked: list[tuple[NDArray[np.float32], SnapshotFace]] = []
    for draft in drafts:
        vector = draft.vote.fused
        if draft.vote.usable > 1 and vector is not None:
            asked.append((vector, _clearest(draft.faces)))
    answers = iter(given.decide(asked) if asked else ())
    return [
        judge(
            draft.vote,
            next(answers)
            if draft.vote.usable > 1 and draft.vote.fused is not None
            else _clearest(draft.faces).decision,
            _CONFIRM,
        )
        for draft in drafts
    ]


def _clearest(faces: Sequence[SnapshotFace]) -> SnapshotFace:
    return max(faces, key=lambda face: (face.look is not None, face.quality.score))


def _updates(draft: _Draft, standing: Standing) -> list[VisitUpdate]:
    """One for each camera; the numbers of usable faces build on one another."""
    added = sum(face.look is not None for face in draft.faces)
    total = draft.vote.usable - added
    updates = []
    by_camera = sorted(draft.faces, key=lambda face: str(face.camera_id))
    for _, group in groupby(by_camera, key=lambda face: face.camera_id):
        faces = sorted(group, key=lambda face: face.captured_at)
        update = _update(faces[0].site_id, faces, standing, vector=draft.vote.fused)
        total += update.usable
        updates.append(
            replace(
                update,
                usable_total=total,
                key=draft.key.int,
                apart_from_keys=frozenset(key.int for key in draft.beside),
            )
        )
    return sorted(updates, key=lambda update: update.first_at)


def _update(
    site_id: UUID,
    faces: Sequence[SnapshotFace],
    standing: Standing,
    *,
    vector: NDArray[np.float32] | None,
) -> VisitUpdate:
    usable = sum(face.look is not None for face in faces)
    return VisitUpdate(
        site_id=site_id,
        camera_id=faces[0].camera_id,
        camera_name=faces[0].camera_name,
        first_at=faces[0].captured_at,
        last_at=faces[-1].captured_at,
        standing=standing,
        seen=len(faces),
        usable=usable,
        usable_total=usable,
        vector=vector,
        known_faces=tuple(
            KnownFace(face.recognition_id, face.position, face.quality.score) for face in faces
        ),
    )
