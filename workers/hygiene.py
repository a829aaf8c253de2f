"""A look through the whole gallery: who is enrolled wrongly, twice, or not well enough.

Public surface: ``look_through`` (the task) and ``survey``, which needs no database but for the
crops of photos that may be copies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from portal.core.vault import vault
from portal.engines.selectors import policy_in_force
from portal.enrolment.likeness import (
    WANTED_ANGLES,
    Portrayed,
    angle_of,
    crop_print,
    missing_angles,
    sort_out,
)
from portal.hygiene.models import Finding
from portal.hygiene.selectors import (
    Reference,
    gallery_by_person,
    looked_at,
    people_without_template,
)
from portal.hygiene.services import Found, FoundPair, record_scan
from portal.jobs.models import Job
from portal.jobs.selectors import cancelled_jobs
from portal.jobs.services import create_job, finish_job, start_job
from portal.people.selectors import gallery_revision
from recognition.calibration import confusable_bar
from recognition.contracts import Vectors
from recognition.geometry.centring import centred
from recognition.index import all_pairs_above, fuse_templates
from workers.engine_host import EngineHost

__all__ = ["Survey", "look_through", "survey"]

# With fewer, one bad photo decides who somebody is.
MIN_PHOTOS: Final = 3
# On the scale of the quality score, whose weakest component is far below what is asked for.
POOR: Final = 0.3
# More pairs than this mean that the model tells nobody apart, not that there are twins.
_MOST_PAIRS: Final = 20_000
_KINDS: Final = Finding.Kind


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found among ``people`` and ``photos``."""

    people: int
    photos: int
    ceiling: float
    found: tuple[Found, ...]
    pairs: tuple[FoundPair, ...]


def look_through(host: EngineHost, job_id: UUID | None) -> Survey:
    """Without a job it is the clock that asks, and the job is made here."""
    job = (
        Job.objects.get(pk=job_id)
        if job_id is not None
        else create_job(kind=Job.Kind.HYGIENE, title="Look through the gallery")
    )
    if job.is_finished:
        return Survey(0, 0, 0.0, (), ())
    # Before the photos, so that a change in between makes the outcome outdated, never wrongly new.
    revision = gallery_revision()
    gallery = dict(gallery_by_person(host.space.id))
    start_job(job.pk)
    policy = policy_in_force(len(gallery), space_id=host.space.pk)
    outcome = survey(
        gallery,
        site_mean=host.engine.site_mean,
        ceiling=policy.threshold,
        bar=confusable_bar(policy),
        vouched=looked_at(Finding.Kind.UNLIKE),
    )
    if cancelled_jobs([job.pk]):
        return outcome
    missing = [
        Found(kind=_KINDS.NO_TEMPLATE, person_id=person.pk)
        for person in people_without_template(host.space.id)
    ]
    record_scan(
        space_id=host.space.id,
        revision=revision,
        ceiling=outcome.ceiling,
        people=outcome.people,
        photos=outcome.photos,
        found=[*outcome.found, *missing],
        pairs=outcome.pairs,
        job=job,
    )
    finish_job(
        job.pk,
        message=f"{outcome.photos} photos of {outcome.people} people looked at: "
        f"{len(outcome.found) + len(missing)} findings, {len(outcome.pairs)} pairs of look-alikes.",
    )
    return outcome


def survey(
    gallery: Mapping[UUID, Sequence[Reference]],
    *,
    site_mean: Callable[[Vectors], NDArray[np.float32]],
    ceiling: float,
    bar: float,
    vouched: frozenset[UUID] = frozenset(),
    read: Callable[[str], bytes] = lambda key: vault().get(key),
) -> Survey:
    """Judge each person's photos by each other, then everybody by everybody.

    A photo is somebody else's from ``ceiling`` on, and two people are look-alikes from ``bar`` on.
    ``vouched`` are photos that somebody looked at and called right; ``read`` gives an aligned crop
    by its key, and is asked only for those of photos that may be copies.
    """
    found: list[Found] = []
    unlike: list[tuple[int, Reference]] = []
    people = list(gallery)
    templates: list[NDArray[np.float32]] = []
    for person_id, references in gallery.items():
        sorting = sort_out([_portrayed(one, vouched, read) for one in references])
        by_id = {str(one.image_id): one for one in references}
        # Where two sides have an equal claim nobody knows who is right: then all speak for them.
        right = [one for key, one in by_id.items() if key not in sorting.unlike] or list(references)
        templates.append(fuse_templates(np.stack([one.vector for one in right])))
        for key, twin in sorting.repeated.items():
            found.append(
                Found(
                    kind=_KINDS.REDUNDANT,
                    person_id=person_id,
                    image_id=UUID(key),
                    beside_id=UUID(twin.of),
                    score=twin.similarity,
                )
            )
        for key, why in sorting.unlike.items():
            unlike.append((len(found), by_id[key]))
            found.append(
                Found(
                    kind=_KINDS.UNLIKE,
                    person_id=person_id,
                    image_id=UUID(key),
                    beside_id=max(
                        (one for one in right if str(one.image_id) != key),
                        key=lambda one: one.quality_score,
                    ).image_id,
                    score=why.similarity,
                )
            )
        found += _about_person(person_id, [by_id[key] for key in by_id if key in sorting.used])
    if not people:
        return Survey(0, 0, ceiling, (), ())
    plain = np.stack(templates)
    mean = site_mean(plain)
    matrix = centred(plain, mean=mean)
    probes = [centred(reference.vector[None], mean=mean)[0] for _, reference in unlike]
    for (position, _), probe in zip(unlike, probes, strict=True):
        found[position] = _resembling(found[position], matrix @ probe, people, ceiling)
    return Survey(
        people=len(people),
        photos=sum(len(references) for references in gallery.values()),
        ceiling=ceiling,
        found=tuple(found),
        pairs=_pairs(people, matrix, bar),
    )


def _portrayed(one: Reference, vouched: frozenset[UUID], read: Callable[[str], bytes]) -> Portrayed:
    return Portrayed(
        id=str(one.image_id),
        vector=one.vector,
        quality=one.quality_score,
        crop=lambda: crop_print(read(one.aligned_key)),
        is_vouched=one.image_id in vouched,
    )


def _about_person(person_id: UUID, used: Sequence[Reference]) -> list[Found]:
    """At most one: what helps most."""
    angles = {one.pose or _measured_angle(one) for one in used} - {""}
    if all(one.quality_score < POOR for one in used):
        kind, score = _KINDS.POOR, max((one.quality_score for one in used), default=0.0)
    elif len(used) < MIN_PHOTOS:
        kind, score = _KINDS.FEW, float(len(used))
    elif angles and len(angles) == 1 and "front" not in angles:
        kind, score = _KINDS.ONE_SIDED, float(len(missing_angles(angles, wanted=WANTED_ANGLES)))
    else:
        return []
    return [Found(kind=kind, person_id=person_id, score=score, count=len(used))]


def _measured_angle(one: Reference) -> str:
    if "yaw_degrees" not in one.quality:
        return ""
    return angle_of(
        yaw_degrees=float(one.quality["yaw_degrees"]),
        pitch_degrees=float(one.quality.get("pitch_degrees", 0.0)),
    )


def _resembling(
    one: Found, scores: NDArray[np.float32], people: Sequence[UUID], ceiling: float
) -> Found:
    """With the other person whose photo it probably is, where there is one."""
    scores[people.index(one.person_id)] = -1.0
    best = int(scores.argmax())
    if scores[best] < ceiling:
        return one
    return replace(one, other_id=people[best], other_score=float(scores[best]))


def _pairs(people: Sequence[UUID], matrix: Vectors, bar: float) -> tuple[FoundPair, ...]:
    try:
        pairs = all_pairs_above(matrix, bar, most=_MOST_PAIRS)
    except ValueError:
        # A model that is not fit for these faces: the nearest pairs are all that can be looked at.
        return _pairs(people, matrix, bar + (1.0 - bar) / 4)
    return tuple(FoundPair(people[p.first], people[p.second], p.score) for p in pairs)
