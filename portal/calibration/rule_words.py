"""What a saved rule means, and what it rested on, said in words.

Public surface: ``rule_words``, ``shipped_words``, ``change_words``, ``figures_of`` with
``EvidenceFigure``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from portal.calibration.wishes import wish_of, wish_words
from portal.calibration.words import count, one_in_with_interval, with_interval
from portal.engines.models import DecisionRule
from recognition.calibration import Wish

__all__ = ["EvidenceFigure", "change_words", "figures_of", "rule_words", "shipped_words"]


@dataclass(frozen=True, slots=True)
class EvidenceFigure:
    """One thing that was known when a rule was saved."""

    label: str
    text: str


def rule_words(rule: DecisionRule) -> str:
    """What was asked for: "At most 1 stranger in 1,000 named"."""
    has_wish = _number(rule.wish.get("fpir")) is not None
    said = wish_words(wish_of(rule.wish) if has_wish else Wish(rule.stranger_rate))
    if rule.origin == DecisionRule.Origin.BY_HAND and not rule.wish:
        said = f"set by hand; if the model's own figures hold, {said}"
    return said[:1].upper() + said[1:]


def shipped_words() -> str:
    """The rule that decides while none is saved."""
    if settings.RECOGNITION.threshold is not None:
        return "One threshold for galleries of any size, fixed by whoever runs Gatehouse"
    said = wish_words(Wish(settings.RECOGNITION.stranger_rate))
    return f"{said[:1].upper()}{said[1:]}, as measured on public pictures"


def change_words(before: float, after: float) -> str:
    """What becomes of the threshold: "0.450 → 0.520, stricter"."""
    if f"{before:.3f}" == f"{after:.3f}":
        return f"{after:.3f}, as before"
    return f"{before:.3f} → {after:.3f}, {'stricter' if after > before else 'more lenient'}"


def figures_of(rule: DecisionRule) -> list[EvidenceFigure]:
    """The figures that were on the page when it was saved; what is not there is left out."""
    evidence = rule.evidence if isinstance(rule.evidence, dict) else {}
    people = _measured_for(evidence, rule)
    found = [
        ("Strangers given a name", _strangers(_part(evidence, "fpir"))),
        ("Enrolled people not named", _missed(_part(evidence, "missed"))),
        ("The threshold, 95 % sure", _range(_part(evidence, "threshold"), people)),
        ("Measured with", _counts(_part(evidence, "counts"))),
        ("Joined with", _prior(_part(evidence, "prior"), people)),
        ("Tried on the past", _replay(_part(evidence, "replay"))),
    ]
    return [EvidenceFigure(label, text) for label, text in found if text]


def _strangers(part: Mapping[str, Any]) -> str:
    if not _has(part, "value", "low", "high"):
        return ""
    said = one_in_with_interval(part["value"], part["low"], part["high"])
    if part.get("supported", True):
        return said
    return f"{said}; this site's own strangers were too few to show it"


def _missed(part: Mapping[str, Any]) -> str:
    if not _has(part, "value", "low", "high"):
        return ""
    return with_interval(part["value"], part["low"], part["high"])


def _range(part: Mapping[str, Any], people: str) -> str:
    return f"{part['low']:.3f} to {part['high']:.3f}{people}" if _has(part, "low", "high") else ""


def _measured_for(evidence: Mapping[str, Any], rule: DecisionRule) -> str:
    """Said of a threshold that was measured for another number of people than the rule's."""
    people = evidence.get("gallery_size")
    if not isinstance(people, int) or people == rule.gallery_size:
        return ""
    return f", for {count(people)} {'person' if people == 1 else 'people'}"


def _counts(part: Mapping[str, Any]) -> str:
    said = []
    if _has(part, "stranger_searches", "people_strangers"):
        said.append(
            f"{count(part['stranger_searches'])} searches of {count(part['people_strangers'])} "
            "people who are strangers to the rest"
        )
    if _has(part, "mated_searches", "mated_people"):
        said.append(
            f"{count(part['mated_searches'])} searches of {count(part['mated_people'])} enrolled "
            "people"
        )
    return " and ".join(said)


def _prior(part: Mapping[str, Any], people: str) -> str:
    if not part.get("name"):
        return ""
    said = f"the model's own figures ({part['name']})"
    if not _has(part, "threshold"):
        return said
    return f"{said}, which alone say {part['threshold']:.3f}{people}"


def _replay(part: Mapping[str, Any]) -> str:
    if not _has(part, "rows"):
        return ""
    changes = [
        f"{count(part[key])} {words}"
        for key, words in (
            ("appears", "names appear"),
            ("disappears", "disappear"),
            ("changes", "change"),
        )
        if _number(part.get(key)) is not None
    ]
    return f"{count(part['rows'])} decisions decided anew: {', '.join(changes) or 'no change'}"


def _part(evidence: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = evidence.get(name)
    return part if isinstance(part, dict) else {}


def _has(part: Mapping[str, Any], *names: str) -> bool:
    return all(_number(part.get(name)) is not None for name in names)


def _number(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else None  # type: ignore[arg-type]
