"""The open-set decision about one face: a pure function of its candidates, quality and policy.

Public surface: ``decide``, ``ReasonCode``, ``REASON_TEXT``. Spoofing is judged elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum

from recognition.contracts import Candidate, Decision, DecisionKind, FaceQuality
from recognition.decision.policy import DecisionPolicy
from recognition.decision.quality import quality_issues

__all__ = ["REASON_TEXT", "ReasonCode", "decide"]


class ReasonCode(StrEnum):
    """Why a decision came out as it did; stable, stored in the ledger."""

    ABOVE_THRESHOLD = "above_threshold"
    GREY_BAND = "grey_band"
    TOO_CLOSE = "too_close"
    LOOKALIKE = "lookalike"
    BELOW_GREY_BAND = "below_grey_band"
    EMPTY_GALLERY = "empty_gallery"
    TOO_SMALL = "too_small"
    BLURRED = "blurred"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    LOW_CONTRAST = "low_contrast"
    TURNED_AWAY = "turned_away"
    CUT_OFF = "cut_off"
    TILTED = "tilted"
    UNEVEN_LIGHT = "uneven_light"
    OVEREXPOSED = "overexposed"
    EYES_HIDDEN = "eyes_hidden"
    MOUTH_HIDDEN = "mouth_hidden"


REASON_TEXT: dict[ReasonCode, str] = {
    ReasonCode.ABOVE_THRESHOLD: "Similar enough to this person, and clearly more than to others.",
    ReasonCode.GREY_BAND: "Nearly similar enough; somebody should compare the pictures.",
    ReasonCode.TOO_CLOSE: "Two enrolled people are almost equally similar; somebody should compare.",
    ReasonCode.LOOKALIKE: (
        "Somebody else enrolled looks very much like this person; somebody should compare."
    ),
    ReasonCode.BELOW_GREY_BAND: "Nobody enrolled is similar enough.",
    ReasonCode.EMPTY_GALLERY: "Nobody is enrolled to compare with.",
    ReasonCode.TOO_SMALL: "The face is too small to be recognised.",
    ReasonCode.BLURRED: "The face is too blurred to be recognised.",
    ReasonCode.TOO_DARK: "The face is too dark to be recognised.",
    ReasonCode.TOO_BRIGHT: "The face is too bright to be recognised.",
    ReasonCode.LOW_CONTRAST: "The face has too little contrast to be recognised.",
    ReasonCode.TURNED_AWAY: "The face is turned too far away to be recognised.",
    ReasonCode.CUT_OFF: "Too little of the face is in the picture to recognise it.",
    ReasonCode.TILTED: "The face looks too far up or down to be recognised.",
    ReasonCode.UNEVEN_LIGHT: "The face is lit too much from one side to be recognised.",
    ReasonCode.OVEREXPOSED: "Too much of the face is burnt out to recognise it.",
    ReasonCode.EYES_HIDDEN: "The eyes are hidden; a face is not recognised without them.",
    ReasonCode.MOUTH_HIDDEN: "The mouth is hidden; a face is not recognised with it covered.",
}


def decide(
    candidates: Sequence[Candidate],
    *,
    quality: FaceQuality,
    policy: DecisionPolicy,
    top_k: int = 5,
) -> Decision:
    """Decide about one face; the order of the candidates plays no part.

    Several entries of one person count as that person's best. ``person_id`` is set for ``match``,
    and for ``uncertain`` as the suggestion that a human confirms or refuses; never for ``unknown``
    or ``poor``. ``candidates`` keeps the ``top_k`` best people. ``margin`` is the lead over the
    second person, None where there is none. Raises ``ValueError`` for a score that is not finite.
    """
    ranked = _best_per_person(candidates)
    best = ranked[0] if ranked else None
    margin = ranked[0].score - ranked[1].score if len(ranked) > 1 else None
    issues = quality_issues(quality, policy.floors)
    kind: DecisionKind
    if issues:
        kind, reason = "poor", ReasonCode(issues[0])
    elif best is None:
        kind, reason = "unknown", ReasonCode.EMPTY_GALLERY
    elif best.score < policy.threshold - policy.grey_band:
        kind, reason = "unknown", ReasonCode.BELOW_GREY_BAND
    elif best.score < policy.threshold:
        kind, reason = "uncertain", ReasonCode.GREY_BAND
    elif margin is not None and margin < policy.min_margin:
        kind, reason = "uncertain", ReasonCode.TOO_CLOSE
    elif best.person_id in policy.guarded and not _is_beyond_guard(best.score, margin, policy):
        kind, reason = "uncertain", ReasonCode.LOOKALIKE
    else:
        kind, reason = "match", ReasonCode.ABOVE_THRESHOLD
    return Decision(
        kind=kind,
        reason=reason.value,
        person_id=best.person_id if best and kind in {"match", "uncertain"} else None,
        score=best.score if best else None,
        margin=margin,
        threshold=policy.threshold,
        candidates=tuple(ranked[:top_k]),
    )


def _is_beyond_guard(score: float, margin: float | None, policy: DecisionPolicy) -> bool:
    if score < policy.threshold + policy.guard:
        return False
    return margin is None or margin >= policy.min_margin + policy.guard


def _best_per_person(candidates: Sequence[Candidate]) -> list[Candidate]:
    best: dict[str, Candidate] = {}
    for candidate in candidates:
        if not math.isfinite(candidate.score):
            raise ValueError(
                f"The score of {candidate.person_id} is {candidate.score}; a finite cosine is needed."
            )
        known = best.get(candidate.person_id)
        if known is None or candidate.score > known.score:
            best[candidate.person_id] = candidate
    return sorted(best.values(), key=lambda found: (-found.score, found.person_id))
