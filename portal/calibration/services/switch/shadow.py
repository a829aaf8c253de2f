"""What the model in shadow would have said, written beside the ledger. Nobody is told a name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from portal.calibration.models import ModelSwitch, ShadowFace
from portal.calibration.selectors.shadow import UNREADABLE
from portal.calibration.services.switch._moving import tell
from portal.core.context import require
from portal.engines.models import DecisionRule
from portal.people.models import Person
from portal.sightings.models import RecognisedFace
from recognition.contracts import Decision

__all__ = ["ShadowDecision", "record_shadows", "renew_shadows"]


@dataclass(frozen=True, slots=True)
class ShadowDecision:
    """``decision`` is None where the crop cannot be read any more."""

    face_id: int
    decision: Decision | None


@transaction.atomic
def record_shadows(switch: ModelSwitch, decisions: Sequence[ShadowDecision]) -> int:
    """Once for each face; faces that were deleted meanwhile are left out. Returns how many."""
    require("calibration.manage")
    current = ModelSwitch.objects.select_for_update().get(pk=switch.pk)
    if current.state != ModelSwitch.State.SHADOW:
        return 0
    faces = set(
        RecognisedFace.objects.filter(pk__in=[one.face_id for one in decisions]).values_list(
            "pk", flat=True
        )
    )
    people = _living(decisions)
    rows = ShadowFace.objects.bulk_create(
        [_row(current, one, people) for one in decisions if one.face_id in faces],
        ignore_conflicts=True,
    )
    tell()
    return len(rows)


@transaction.atomic
def renew_shadows(
    switch: ModelSwitch, decisions: Sequence[ShadowDecision], *, rule: DecisionRule | None
) -> None:
    """All of the new model's answers by ``rule``, which came into force in its space."""
    require("calibration.manage")
    current = ModelSwitch.objects.select_for_update().get(pk=switch.pk)
    if current.state != ModelSwitch.State.SHADOW:
        return
    people = _living(decisions)
    rows = {row.face_id: row for row in ShadowFace.objects.filter(switch=current)}
    changed = []
    for one in decisions:
        row = rows.get(one.face_id)
        if row is not None:
            renewed = _row(current, one, people)
            renewed.pk = row.pk
            changed.append(renewed)
    ShadowFace.objects.bulk_update(
        changed, ["decision", "reason", "person", "score", "margin", "threshold"], batch_size=200
    )
    current.rule = switch.rule = rule
    current.save(update_fields=["rule"])
    tell()


def _living(decisions: Sequence[ShadowDecision]) -> set[str]:
    """Whom of those who were named there still is."""
    named = {
        one.decision.person_id
        for one in decisions
        if one.decision is not None and one.decision.person_id is not None
    }
    people = Person.objects.filter(pk__in=named)
    return {str(pk) for pk in people.values_list("pk", flat=True)}


def _row(switch: ModelSwitch, one: ShadowDecision, people: set[str]) -> ShadowFace:
    decided = one.decision
    if decided is None:
        return ShadowFace(
            switch=switch, face_id=one.face_id, decision="poor", reason=UNREADABLE, threshold=0.0
        )
    return ShadowFace(
        switch=switch,
        face_id=one.face_id,
        decision=decided.kind,
        reason=decided.reason,
        person_id=decided.person_id if decided.person_id in people else None,
        score=decided.score,
        margin=decided.margin,
        threshold=decided.threshold,
        candidates=[[candidate.person_id, candidate.score] for candidate in decided.candidates],
    )
