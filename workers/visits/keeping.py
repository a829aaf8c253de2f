"""What is written of a passage, and when. Public surface: ``closing_updates``, ``is_due``,
``updates_of``."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Final

from portal.core.vault import vault
from portal.sightings.services.visits import LedgerFace, VisitUpdate
from recognition.images import encode_jpeg
from recognition.visits import Standing
from workers.visits.passage import BestFace, Passage

__all__ = ["closing_updates", "is_due", "updates_of"]

# The times and counts of a visit that goes on are written this often, not with every frame.
_EVERY: Final = timedelta(seconds=1.5)
# A face too poor to be compared makes a visit only when it stays: detectors err for a frame.
_POOR_FACES: Final = 3
# What hangs in the balance would fill the ledger: a name is always told, a doubt so often.
_MOST_ROWS: Final = 20
_DOUBTS_EVERY: Final = timedelta(seconds=2)
# By how much a face must be clearer to be worth a row once the visit is over, and how many crops
# of somebody unknown are kept for whoever is to say who it is.
_CLEARLY_BETTER: Final = 0.1
_UNKNOWN_CROPS: Final = 3

_ALIGNED_QUALITY: Final = 95


def is_due(passage: Passage, now: datetime) -> bool:
    """Whether there is something that cannot wait."""
    if passage.standing is None or not passage.seen:
        return False
    if passage.visit_id is None:
        return passage.vote.usable > 0 or passage.faces >= _POOR_FACES
    if passage.written_at is None or abs(now - passage.written_at) >= _EVERY:
        return True
    return _says(passage.standing) != _says(passage.written)


def updates_of(passage: Passage, *, beside: Collection[Passage]) -> Iterator[VisitUpdate]:
    """One for each camera that saw something; the first carries the ledger's row, if any.

    ``beside`` are the passages of others in the same pictures.
    """
    standing = passage.standing
    if standing is None:
        return
    current = passage.current
    rows: tuple[LedgerFace, ...] = ()
    if current is not None and _is_worth_a_row(passage, standing, current):
        withdrawn = passage.written is not None and passage.written.name and not standing.name
        rows = (_ledger_face(current, reason="name_withdrawn" if withdrawn else ""),)
        passage.kept.append(current)
    passage.apart_from |= {one.visit_id for one in beside if one.visit_id is not None}
    for update in _parts(passage, standing, rows):
        yield replace(
            update,
            apart_from_keys=frozenset(id(one) for one in beside if one.visit_id is None),
        )


def closing_updates(passage: Passage) -> Iterator[VisitUpdate]:
    """What is left to write of a visit that is over: counts, and clearer faces than were kept."""
    standing = passage.standing
    if standing is None or passage.visit_id is None:
        return
    kept_score = max((one.score for one in passage.kept), default=-1.0)
    kept_at = {one.at_s for one in passage.kept}
    wanted = [one for one in passage.best if one.score > kept_score + _CLEARLY_BETTER][:1]
    if standing.name is None and passage.vote.usable:
        room = _UNKNOWN_CROPS - len(passage.kept) - len(wanted)
        others = [one for one in passage.best if one.at_s not in kept_at and one not in wanted]
        wanted += others[: max(room, 0)]
    rows = tuple(_ledger_face(one) for one in wanted)
    passage.kept += wanted
    if rows and not passage.seen:
        yield _update(passage, standing, wanted[0], rows)
    else:
        yield from _parts(passage, standing, rows)


def _says(standing: Standing | None) -> tuple[object, ...]:
    if standing is None:
        return ()
    return standing.decision.kind, standing.name, standing.is_confirmed


def _is_worth_a_row(passage: Passage, standing: Standing, current: BestFace) -> bool:
    before = passage.written
    if before is None:
        return True
    if len(passage.kept) >= _MOST_ROWS or _says(before) == _says(standing):
        return False
    is_about_a_name = before.name != standing.name or before.is_confirmed != standing.is_confirmed
    if is_about_a_name or not passage.kept:
        return True
    return current.captured_at - passage.kept[-1].captured_at >= _DOUBTS_EVERY


def _parts(
    passage: Passage,
    standing: Standing,
    rows: tuple[LedgerFace, ...],
) -> Iterator[VisitUpdate]:
    of_current = passage.current.camera.id if passage.current is not None else None
    parts = sorted(passage.seen.values(), key=lambda part: part.camera.id != of_current)
    total = passage.vote.usable - sum(part.usable for part in parts)
    for number, part in enumerate(parts):
        total += part.usable
        yield VisitUpdate(
            site_id=part.camera.site_id,
            camera_id=part.camera.id,
            camera_name=part.camera.name,
            first_at=part.first_at,
            last_at=part.last_at,
            standing=standing,
            seen=part.faces,
            usable=part.usable,
            usable_total=total,
            vector=passage.vote.fused,
            visit_id=passage.visit_id,
            faces=rows if number == 0 else (),
            apart_from=frozenset(passage.apart_from),
            key=id(passage),
        )


def _update(
    passage: Passage, standing: Standing, seen: BestFace, rows: tuple[LedgerFace, ...]
) -> VisitUpdate:
    """Rows alone: everything else is written."""
    return VisitUpdate(
        site_id=seen.camera.site_id,
        camera_id=seen.camera.id,
        camera_name=seen.camera.name,
        first_at=seen.captured_at,
        last_at=seen.captured_at,
        standing=standing,
        seen=0,
        usable=0,
        usable_total=passage.vote.usable,
        vector=passage.vote.fused,
        visit_id=passage.visit_id,
        faces=rows,
    )


def _ledger_face(seen: BestFace, *, reason: str = "") -> LedgerFace:
    """Its pictures go into the vault here, before the transaction that refers to them."""
    face = seen.face
    box = face.detection.box
    picture = encode_jpeg(seen.picture) if seen.picture is not None else b""
    timings = seen.timings
    return LedgerFace(
        captured_at=seen.captured_at,
        width_px=seen.width_px,
        height_px=seen.height_px,
        box=[round(v, 1) for v in (box.x, box.y, box.width, box.height)],
        landmarks=[[round(float(x), 1), round(float(y), 1)] for x, y in face.detection.landmarks],
        detector_score=round(float(face.detection.score), 4),
        quality=asdict(face.quality),
        portrait_key=vault().put("crops", encode_jpeg(face.portrait)),
        aligned_key=vault().put("aligned", encode_jpeg(face.aligned, quality=_ALIGNED_QUALITY)),
        picture_key=vault().put("pictures", picture) if picture else "",
        picture_sha256=hashlib.sha256(picture).hexdigest() if picture else "",
        timings_ms={
            "decode": round(timings.decode_ms, 2),
            "detect": round(timings.detect_ms, 2),
            "embed": round(timings.embed_ms, 2),
            "search": round(timings.search_ms, 2),
        },
        reason=reason,
    )
