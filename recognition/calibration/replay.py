"""Past decisions under another policy: what would have been named, and whom it would have cost.

``decision.decide`` itself decides again, over the candidates and the quality that were kept. Public
surface: ``StoredDecision``, ``Replayed``, ``ReplaySummary``, ``replay``, ``summarise``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from recognition.contracts import Candidate, Decision, DecisionKind, FaceQuality
from recognition.decision import DecisionPolicy, decide

__all__ = [
    "Change",
    "ReplaySummary",
    "Replayed",
    "StoredDecision",
    "replay",
    "summarise",
]

Change = Literal["appears", "disappears", "changes", "unchanged"]


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """A row of the ledger: ``key`` is the caller's own, ``person_id`` who was named or suggested."""

    key: Any
    kind: DecisionKind
    person_id: str | None
    candidates: tuple[Candidate, ...]
    quality: FaceQuality

    @property
    def name(self) -> str | None:
        """Who was named; a suggestion is no name."""
        return self.person_id if self.kind == "match" else None


@dataclass(frozen=True, slots=True)
class Replayed:
    """A row and what the policy decides. ``change`` is that of the name: a name appears,
    disappears, becomes another's or stays; from unknown to uncertain it is unchanged, and
    ``is_regraded``."""

    row: StoredDecision
    decision: Decision
    change: Change

    @property
    def is_regraded(self) -> bool:
        """Whether the kind of decision is another."""
        return self.row.kind != self.decision.kind


@dataclass(frozen=True, slots=True)
class ReplaySummary:
    """Counts of rows: by ``Change``, and by kind before and after."""

    rows: int
    changes: dict[Change, int]
    kinds: dict[tuple[DecisionKind, DecisionKind], int]


def replay(
    rows: Iterable[StoredDecision],
    *,
    policy: DecisionPolicy | Callable[[StoredDecision], DecisionPolicy],
) -> Iterator[Replayed]:
    """Decide about each row again, in order and one at a time, so that any number may come.

    ``policy`` may be a function of the row, for cameras with an offset. A face that was taken for
    a spoof stays one: that was not decided by scores. Raises what ``decide`` raises.
    """
    for row in rows:
        if row.kind == "spoof":
            kept = Decision("spoof", "spoof", None, None, None, 0.0, row.candidates)
            yield Replayed(row, kept, "unchanged")
            continue
        rule = policy(row) if callable(policy) else policy
        decision = decide(
            row.candidates, quality=row.quality, policy=rule, top_k=max(1, len(row.candidates))
        )
        yield Replayed(row, decision, _change(row, decision))


def summarise(replayed: Iterable[Replayed]) -> ReplaySummary:
    """Count a replay."""
    changes: Counter[Change] = Counter(
        {"appears": 0, "disappears": 0, "changes": 0, "unchanged": 0}
    )
    kinds: Counter[tuple[DecisionKind, DecisionKind]] = Counter()
    for each in replayed:
        changes[each.change] += 1
        kinds[each.row.kind, each.decision.kind] += 1
    return ReplaySummary(changes.total(), dict(changes), dict(kinds))


def _change(row: StoredDecision, decision: Decision) -> Change:
    before = row.name
    after = decision.person_id if decision.kind == "match" else None
    if before == after:
        return "unchanged"
    if before is None:
        return "appears"
    return "disappears" if after is None else "changes"
