"""What decides in this process: the gallery, the thresholds, and what humans ruled out.

Public surface: ``Rules``, ``rules_of``.
"""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from portal.engines.selectors import Deciding
from portal.sightings.services.visits import RuleInForce
from recognition.contracts import Candidate, Decision, FaceQuality
from recognition.decision import DecisionPolicy, decide, quality_issues
from workers.anchors import AnchorFollower
from workers.engine_host import EngineHost

__all__ = ["Rules", "rules_of"]


class Rules:
    """One ``refresh`` before each pass; then everything is decided by the same state."""

    def __init__(self, host: EngineHost) -> None:
        self._host = host
        self._anchors = AnchorFollower(host)
        self._deciding: Deciding | None = None

    def refresh(self) -> None:
        self._host.gallery.refresh()
        self._anchors.refresh()
        self._deciding = self._host.deciding()

    def in_force(self) -> RuleInForce:
        return RuleInForce(
            space_id=self._host.space.id,
            mean=self._host.gallery.mean,
            gallery_size=len(self._host.gallery),
            rule_id=self.deciding().rule_id,
        )

    def deciding(self) -> Deciding:
        """What this pass is decided by, even where a rule is saved in the middle of it."""
        return self._deciding or self._host.deciding()

    def policy(self, offset: float = 0.0) -> DecisionPolicy:
        """The rule in force, stricter or milder by a camera's ``offset``."""
        return self.deciding().policy.stricter_by(offset)

    def loss(self, quality: FaceQuality) -> str | None:
        """Why a face is too poor to be compared; None for a usable one."""
        issues = quality_issues(quality, self.deciding().policy.floors)
        return issues[0] if issues else None

    def nearest(self, probes: Sequence[NDArray[np.float32]]) -> list[tuple[Candidate, ...]]:
        """All probes in one search, without the people whom somebody said that they are not."""
        return self._anchors.apply(self._host.gallery.nearest(probes), probes)

    def decide(
        self, candidates: Sequence[Candidate], *, quality: FaceQuality, offset: float = 0.0
    ) -> Decision:
        return decide(candidates, quality=quality, policy=self.policy(offset))


_rules: WeakKeyDictionary[EngineHost, Rules] = WeakKeyDictionary()


def rules_of(host: EngineHost) -> Rules:
    """The host's own, which keep what they have read for the next pass."""
    if host not in _rules:
        _rules[host] = Rules(host)
    return _rules[host]
