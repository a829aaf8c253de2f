"""A track of the tracker, and the passage that its face belongs to. Public surface: ``Thread``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from numpy.typing import NDArray

from recognition.visits import Look, Vote, is_somebody_else
from workers.visits.passage import BestFace, Passage

__all__ = ["Thread"]

# So many faces in a row that are unlike the passage and like each other are somebody else's.
_ENOUGH: Final = 2
# Whoever was confirmed is looked at again so often: positions alone do not tell people apart.
_LOOK_AGAIN_S: Final = 1.0


@dataclass(slots=True, eq=False)
class Thread:
    """``odd`` are faces that look like somebody else's, held back until the next one tells.
    ``looked_s`` is when a face was looked into last."""

    passage: Passage
    odd: list[tuple[BestFace, Look]] = field(default_factory=list)
    seen_s: float = 0.0
    looked_s: float = float("-inf")

    def is_sure(self, at_s: float) -> bool:
        """Whether a face that goes on with this thread need not be looked into: the name is
        confirmed, and was borne out a moment ago."""
        standing = self.passage.live.standing
        return (
            standing is not None
            and standing.is_confirmed
            and not self.odd
            and at_s - self.looked_s < _LOOK_AGAIN_S
        )

    def put(self, seen: BestFace, *, look: Look | None, mean: NDArray[Any]) -> Passage:
        """Add a face, and return the passage that it became part of.

        Positions alone cannot tell two people who cross; faces can. Where they do, a new passage
        begins with the first of the other's faces.
        """
        passage = self.passage = self.passage.live
        fused = passage.vote.fused
        is_odd = (
            look is not None
            and fused is not None
            and is_somebody_else(look.vector, fused, mean=mean)
        )
        if look is None or not is_odd:
            if look is not None:
                self._let_go()
            passage.add(seen, look=look)
            return passage
        if self.odd and is_somebody_else(look.vector, self.odd[-1][1].vector, mean=mean):
            self._let_go()
        self.odd.append((seen, look))
        if len(self.odd) < _ENOUGH:
            return passage
        odd, self.odd = self.odd, []
        if passage.vote.usable == 1:
            # One face against several that agree: it was the first one that was odd.
            passage.vote = Vote(usable=1)
        else:
            passage = self.passage = Passage(seen.camera, odd[0][0].captured_at, seen.captured_at)
        for one, its_look in odd:
            passage.add(one, look=its_look)
        return passage

    def _let_go(self) -> None:
        """What was held back was an error: the face counts, its vector does not."""
        for seen, _ in self.odd:
            self.passage.add(seen, look=None)
        self.odd = []
