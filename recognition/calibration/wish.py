"""What a site can bear, in its own terms. Public surface: ``Wish``."""

from __future__ import annotations

import math
from dataclasses import dataclass

from recognition.calibration.errors import EvidenceRejected

__all__ = ["Wish"]


@dataclass(frozen=True, slots=True)
class Wish:
    """At most this share of strangers' searches may name somebody.

    ``days`` and ``strangers_a_day`` are kept where the wish was told in them. Raises
    ``EvidenceRejected`` for a share outside (0, 1).
    """

    fpir: float
    days: float | None = None
    strangers_a_day: float | None = None

    def __post_init__(self) -> None:
        if not 0.0 < self.fpir < 1.0:
            raise EvidenceRejected(
                f"A share of {self.fpir} of strangers was wished for; expected one between 0 and 1."
            )

    @classmethod
    def one_in(cls, strangers: float) -> Wish:
        """At most one of so many strangers is named."""
        if not (math.isfinite(strangers) and strangers > 1.0):
            raise EvidenceRejected(f"One of {strangers} strangers; expected more than one.")
        return cls(1.0 / strangers)

    @classmethod
    def one_wrong_name_in(cls, days: float, *, strangers_a_day: float) -> Wish:
        """At most one stranger is named in so many days, with this traffic of strangers: searches
        (or visits, where a visit is searched for once) by people who are not enrolled."""
        if not (days > 0.0 and strangers_a_day > 0.0 and days * strangers_a_day > 1.0):
            raise EvidenceRejected(
                f"{strangers_a_day} strangers a day in {days} days are not more than one stranger, so "
                "no share follows. Name more days, or a share."
            )
        return cls(1.0 / (days * strangers_a_day), days, strangers_a_day)
