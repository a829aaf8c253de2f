"""A wish as it is kept and as it is said. Public surface: ``wish_of``, ``wish_json``, ``wish_words``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portal.calibration.words import asked_one_in
from recognition.calibration import Wish

__all__ = ["wish_json", "wish_of", "wish_words"]


def wish_of(kept: Mapping[str, Any]) -> Wish:
    return Wish(kept["fpir"], kept.get("days"), kept.get("strangers_a_day"))


def wish_json(wish: Wish) -> dict[str, float | None]:
    return {"fpir": wish.fpir, "days": wish.days, "strangers_a_day": wish.strangers_a_day}


def wish_words(wish: Wish) -> str:
    """ "at most 1 stranger in 1,000 named"."""
    share = f"at most {asked_one_in(wish.fpir).replace('1 in', '1 stranger in')} named"
    if wish.days is None or wish.strangers_a_day is None:
        return share
    return (
        f"at most 1 wrong name in {wish.days:g} days with {wish.strangers_a_day:g} strangers a day: "
        f"{share}"
    )
