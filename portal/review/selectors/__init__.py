"""Reads of what waits for a human's decision: names to confirm, strangers, and how many."""

from portal.review.selectors.counts import forget_waiting, waiting
from portal.review.selectors.names import (
    Suggestion,
    enrolled_photos,
    names_to_confirm,
    reviewed_visit,
    reviewed_visits,
    suggestions,
)
from portal.review.selectors.page import StrangerPage, VisitDay, VisitLine, stranger_page
from portal.review.selectors.strangers import (
    Nearest,
    StrangerCard,
    cards_of,
    visible_stranger,
    visible_strangers,
)

__all__ = [
    "Nearest",
    "StrangerCard",
    "StrangerPage",
    "Suggestion",
    "VisitDay",
    "VisitLine",
    "cards_of",
    "enrolled_photos",
    "forget_waiting",
    "names_to_confirm",
    "reviewed_visit",
    "reviewed_visits",
    "stranger_page",
    "suggestions",
    "visible_stranger",
    "visible_strangers",
    "waiting",
]
