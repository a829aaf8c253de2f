"""The purge: every retention clock worked off, by the very numbers that the pages show."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import structlog
from django.db.models import Max, QuerySet
from django.utils import timezone

from portal.audit.services import record
from portal.cameras.services import forget_stills
from portal.core.context import require
from portal.core.errors import DomainError
from portal.enrolment.services import discard_drafts, purge_invitations
from portal.facesearch.services import delete_searches
from portal.journal.services import expire_acts
from portal.people.models import Person
from portal.people.services import erase_person, withdraw_consent
from portal.privacy.selectors import Rule, expired_rows, retention
from portal.sightings.models import RecognisedFace
from portal.sightings.services import delete_recognitions, drop_crops, drop_pictures

__all__ = ["note_interactions", "purge_everything"]

logger = structlog.get_logger(__name__)


def purge_everything() -> dict[str, int]:
    """Delete what is past its time; returns how many of each category.

    Every category works in parts with transactions of their own, so that a night that is cut
    short leaves nothing half deleted, and the next one goes on.
    """
    require("privacy.manage")
    note_interactions()
    # First, so that what can no longer be undone is forgotten before its people are erased.
    acts = expire_acts()
    rules = retention()
    deleted: dict[str, int] = {}
    for rule in rules:
        rows = expired_rows(rule)
        if rows is not None:
            deleted[rule.clock.category] = _EFFECTS[rule.clock.category](rows, rule)
    deleted["drafts"] = deleted.get("drafts", 0) + purge_invitations()
    if any(deleted.values()):
        record(
            "privacy.purged",
            after={
                "deleted": deleted,
                "days": {rule.clock.category: rule.days for rule in rules},
            },
        )
    return {**deleted, "acts": acts}


def note_interactions() -> int:
    """Keep for good when each person was last seen, before the results that say so are deleted.

    One question for all; only people seen since the last time are written.
    """
    seen = (
        RecognisedFace.objects.filter(person__isnull=False)
        .order_by()
        .values_list("person")
        .annotate(last=Max("recognition__captured_at"))
    )
    changed = []
    last_seen = dict(seen)
    known = Person.objects.filter(pk__in=last_seen).only("id", "last_interaction_at")
    for person in known.iterator(chunk_size=500):
        if person.last_interaction_at is None or person.last_interaction_at < last_seen[person.pk]:
            person.last_interaction_at = last_seen[person.pk]
            changed.append(person)
    Person.objects.bulk_update(changed, ["last_interaction_at"], batch_size=500)
    return len(changed)


def _end_consent(people: QuerySet[Person], rule: Rule) -> int:
    reason = f"{rule.clock.title}: kept for {rule.words} after {rule.clock.starts}"
    return _each(people, lambda person: withdraw_consent(person, reason=reason))


def _erase(people: QuerySet[Person], rule: Rule) -> int:
    reason = f"Removed more than {rule.words} ago"
    return _each(people, lambda person: erase_person(person, reason=reason))


def _each(people: QuerySet[Person], act: Callable[[Person], object]) -> int:
    """Somebody who was put under a hold or withdrew in this very moment stops nobody else's."""
    count = 0
    for person in list(people):
        try:
            act(person)
        except DomainError as error:
            logger.warning("purge_refused", person=str(person.pk), code=error.code)
        else:
            count += 1
    return count


def _delete(rows: QuerySet[Any]) -> int:
    """With what goes with them; what they were about keeps its own clock."""
    count = rows.count()
    rows.delete()
    return count


def _drop_pictures(rows: QuerySet[Any], rule: Rule) -> int:
    """The stills of cameras count as pictures."""
    before = timezone.now() - timedelta(days=rule.days or 0)
    return drop_pictures(rows) + forget_stills(before)


_EFFECTS: Final[dict[str, Callable[[QuerySet[Any], Rule], int]]] = {
    "drafts": lambda rows, _: discard_drafts(rows),
    "submissions": lambda rows, _: discard_drafts(rows),
    "pictures": _drop_pictures,
    "unknown_crops": lambda rows, _: drop_crops(rows),
    "results": lambda rows, _: delete_recognitions(rows),
    "jobs": lambda rows, _: _delete(rows),
    "left": _end_consent,
    "idle": _end_consent,
    "removed": _erase,
    "searches": lambda rows, _: delete_searches(rows),
    "drift": lambda rows, _: _delete(rows),
    "what_ifs": lambda rows, _: _delete(rows),
}
