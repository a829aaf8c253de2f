"""Writes of the review: decisions on strangers and visits, and what the worker makes of them."""

from portal.review.services.assign import assign_strangers, follow_enrolments
from portal.review.services.decide import (
    acknowledge_stranger,
    dismiss_strangers,
    ignore_strangers,
    watch_strangers,
)
from portal.review.services.enrol import enrol_stranger
from portal.review.services.group import forget_strangers
from portal.review.services.reference import (
    WaitingReference,
    record_reference,
    refuse_reference,
    waiting_reference,
    waiting_references,
)
from portal.review.services.regroup import merge_strangers, split_stranger
from portal.review.services.visits import confirm_visits, name_visit, refuse_visit

__all__ = [
    "WaitingReference",
    "acknowledge_stranger",
    "assign_strangers",
    "confirm_visits",
    "dismiss_strangers",
    "enrol_stranger",
    "follow_enrolments",
    "forget_strangers",
    "ignore_strangers",
    "merge_strangers",
    "name_visit",
    "record_reference",
    "refuse_reference",
    "refuse_visit",
    "split_stranger",
    "waiting_reference",
    "waiting_references",
    "watch_strangers",
]
