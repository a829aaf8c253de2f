"""Every night: whose scores fell, and at which camera. Public surface: ``watch_scores``,
``report_when_due``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

import numpy as np

from portal.calibration.selectors.drift import (
    Genuine,
    by_camera,
    by_person,
    days_of,
    genuine_scores,
    together,
)
from portal.calibration.services.drift import Watched, due_monday, record_watch, send_report
from portal.engines.selectors import active_space
from recognition.calibration import Drift, detect_drift

__all__ = ["report_when_due", "watch_scores"]

# Of everybody who is watched, hardly more than one in twenty nights tells of a fall that is chance;
# no more can be asked than the shuffling of ``detect_drift`` can tell.
_CHANCE: Final = 0.05
_LEAST_CHANCE, _MOST_CHANCE = 0.001, 0.01
_LATELY: Final = 5  # days
# What matters, as ``detect_drift`` has it.
_EFFECT: Final = 0.05

_Scores = list[tuple[date, float]]


def watch_scores() -> int:
    """Judge everybody and every camera in the space in force; returns how many findings are open."""
    space = active_space()
    if space is None:
        return 0
    night = _Night.of(genuine_scores(space.pk))
    watched = [*night.cameras(), *night.people()]
    return record_watch(watched, space_id=space.pk, too_few=night.too_few)


def report_when_due() -> bool:
    """Send the week's report where it is due; whether it was sent."""
    monday = due_monday()
    return monday is not None and send_report(monday) is not None


@dataclass(slots=True)
class _Night:
    """One look. Cameras come first: what is a camera's fault is no reason to enrol anybody anew."""

    scores: list[Genuine]
    at_cameras: Mapping[UUID, Mapping[UUID, _Scores]]
    of_people: Mapping[UUID, _Scores]
    alpha: float
    fallen: dict[UUID, date]
    too_few: int = 0

    @classmethod
    def of(cls, scores: list[Genuine]) -> _Night:
        at_cameras = {pk: people for pk, people in by_camera(scores).items() if people}
        of_people = by_person(scores)
        alpha = _CHANCE / max(len(at_cameras) + len(of_people), 1)
        alpha = min(_MOST_CHANCE, max(_LEAST_CHANCE, alpha))
        return cls(scores, at_cameras, of_people, alpha, {})

    def cameras(self) -> Iterable[Watched]:
        for camera, people in self.at_cameras.items():
            own = together(people)
            drift = self._judged(own)
            if drift.since is not None and drift.state == "fell":
                since = _day(drift.since)
                if self._is_one_persons(people, since):
                    drift = _without(drift)
                else:
                    self.fallen[camera] = since
            yield _watched(camera, is_camera=True, own=own, drift=drift)

    def people(self) -> Iterable[Watched]:
        for person, own in self.of_people.items():
            drift = self._judged(own)
            if drift.since is not None and drift.state == "fell":
                bad = {camera for camera in self.fallen if self._others_fell(camera, person)}
                elsewhere = [
                    (one.day, one.score)
                    for one in self.scores
                    if one.person_id == person and one.camera_id not in bad
                ]
                if bad and _verdict(elsewhere, self.alpha).state != "fell":
                    drift = _without(drift)
            yield _watched(person, is_camera=False, own=own, drift=drift)

    def _judged(self, own: _Scores) -> Drift:
        drift = _verdict(own, self.alpha)
        self.too_few += drift.state == "too_few"
        return drift

    def _is_one_persons(self, people: Mapping[UUID, _Scores], since: date) -> bool:
        """Without whoever fell most the camera did not fall, or nobody else can bear witness."""
        changes = {person: _change(own, since) for person, own in people.items()}
        most = min(changes, key=lambda person: changes[person] or 0.0)
        others = {person: own for person, own in people.items() if person != most}
        return _verdict(together(others), self.alpha).state != "fell"

    def _others_fell(self, camera: UUID, person: UUID) -> bool:
        since = self.fallen[camera]
        changes = [
            change
            for other, own in self.at_cameras[camera].items()
            if other != person and (change := _change(own, since)) is not None
        ]
        return bool(changes) and sum(changes) / len(changes) <= -_EFFECT


def _verdict(own: _Scores, alpha: float) -> Drift:
    return detect_drift(
        [score for _, score in own],
        times=np.array([day for day, _ in own], "datetime64[s]"),
        minimum_effect=_EFFECT,
        alpha=alpha,
    )


def _without(drift: Drift) -> Drift:
    """What was judged, less the fall."""
    return Drift("steady", drift.days, drift.faces, drift.before, drift.after, None, drift.p)


def _change(own: Sequence[tuple[date, float]], since: date) -> float | None:
    """None for somebody who came on one side of the day only."""
    before = [score for day, score in own if day < since]
    after = [score for day, score in own if day >= since]
    if not before or not after:
        return None
    return sum(after) / len(after) - sum(before) / len(before)


def _watched(subject_id: UUID, *, is_camera: bool, own: _Scores, drift: Drift) -> Watched:
    days = days_of(own)
    lately = days[-_LATELY:]
    fell = drift.state == "fell"
    return Watched(
        subject_id=subject_id,
        is_camera=is_camera,
        faces=drift.faces,
        days=drift.days,
        lately=sum(day.score for day in lately) / len(lately),
        last_day=days[-1].day,
        since=_day(drift.since) if fell and drift.since is not None else None,
        before=drift.before or 0.0,
        after=drift.after or 0.0,
        chance=1.0 if drift.p is None else drift.p,
    )


def _day(moment: np.datetime64) -> date:
    day: date = moment.astype("datetime64[D]").astype(object)
    return day
