"""How well faces were named, strangers among them. Public surface: ``score_names``, ``NamingScores``."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

__all__ = ["NamingScores", "score_names"]


@dataclass(frozen=True, slots=True)
class NamingScores:
    """Counts of an open-set trial; the shares are None where there was nobody to count.

    ``first`` known faces had the right person as the best one, whether named or not.
    """

    known: int
    first: int
    named_right: int
    named_wrong: int
    strangers: int
    strangers_named: int

    @property
    def rank_one(self) -> float | None:
        """Accuracy among known faces before anything is rejected."""
        return self.first / self.known if self.known else None

    @property
    def true_positive_rate(self) -> float | None:
        """Share of known faces that got their own name; 1 minus it is the FNIR."""
        return self.named_right / self.known if self.known else None

    @property
    def false_positive_rate(self) -> float | None:
        """Share of strangers who got anybody's name: the FPIR."""
        return self.strangers_named / self.strangers if self.strangers else None


def score_names(
    truth: Sequence[str],
    *,
    best: Sequence[str | None],
    named: Sequence[str | None],
    known: Collection[str],
) -> NamingScores:
    """Compare, face by face, who it is with the ``best`` person and the one ``named``, if any.

    Whoever is not among ``known`` is a stranger. Raises ``ValueError`` for unequal lengths.
    """
    rows = list(zip(truth, best, named, strict=True))
    members = [row for row in rows if row[0] in known]
    strangers = [row for row in rows if row[0] not in known]
    return NamingScores(
        known=len(members),
        first=sum(found == true for true, found, _ in members),
        named_right=sum(name == true for true, _, name in members),
        named_wrong=sum(name not in {None, true} for true, _, name in members),
        strangers=len(strangers),
        strangers_named=sum(name is not None for _, _, name in strangers),
    )
