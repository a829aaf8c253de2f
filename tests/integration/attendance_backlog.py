"""A month of many people that is to be recomputed, and whether it was.

``python -m tests.integration.attendance_backlog seed|mark|compare`` on the data directory that the
environment names; what is found is printed as JSON.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, date, datetime, timedelta
from typing import Final

from tests.integration.attendance_at_once import compare

__all__ = ["PEOPLE", "seed"]

# With so many the worker dies with most of them still to do.
PEOPLE: Final = 300
FIRST: Final = date(2026, 5, 1)
LAST: Final = date(2026, 5, 31)


def seed() -> None:
    """Everybody came at nine and left at five; nothing of it has been computed."""
    from django.db import transaction

    from portal.attendance.models import Punch
    from portal.people.models import Person
    from tests.factories.attendance import assigned, berlin_site, shift_with_hours

    with transaction.atomic():
        site = berlin_site()
        people = Person.objects.bulk_create(
            Person(code=f"B-{n}", name=f"Person {n}", site=site) for n in range(PEOPLE)
        )
        # They were here before the month: else nothing would be told of it.
        Person.objects.update(created_at=datetime(2026, 1, 1, tzinfo=UTC))
        assigned(shift_with_hours("09:00", "17:00"))
        Punch.objects.bulk_create(
            Punch(
                person=person,
                at=at,
                last_at=at,
                received_at=at,
                direction=direction,
                source="camera",
                idempotency_key=f"backlog:{person.pk}:{at.isoformat()}",
            )
            for person in people
            for ahead in range((LAST - FIRST).days + 1)
            for direction, hour in (("in", 7), ("out", 15))
            for at in (datetime(2026, 5, 1, hour, tzinfo=UTC) + timedelta(days=ahead),)
        )


def main() -> int:
    import django

    django.setup()
    from portal.attendance.services.stale import mark_stale
    from portal.core.context import SYSTEM, acting_as
    from portal.people.models import Person

    with acting_as(SYSTEM):
        if sys.argv[1] == "seed":
            seed()
        elif sys.argv[1] == "mark":
            mark_stale(None, first=FIRST, last=LAST, cause="backlog")
        else:
            print(json.dumps(compare(list(Person.objects.all()), first=FIRST, last=LAST)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
