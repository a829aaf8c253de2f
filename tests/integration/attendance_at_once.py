"""People's days, recomputed by several at once while their punches change.

``python -m tests.integration.attendance_at_once`` does it on the empty database that
``DATABASE_URL`` names, and prints as JSON what it found afterwards. Two workers take the same days
away from each other, since their claims last no longer than a computation; three people enter and
strike punches of several people at a time, in any order; one asks for days on the spot. It is
seeded, though the order of things is the machine's.
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

__all__ = ["compare", "main"]

PEOPLE: Final = 8
FIRST: Final = date(2026, 5, 4)
DAYS: Final = 3
TURNS: Final = 25
# Shorter than it takes to compute and store, so that claims end while somebody is at work.
_LEASE: Final = timedelta(milliseconds=20)
_LONGEST_S: Final = 120.0


def main() -> int:
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.config.settings"
    import django

    django.setup()
    from portal.core import events
    from portal.core.context import SYSTEM, acting_as
    from portal.jobs import dispatch

    # No broker runs here.
    events.publish = dispatch.ring = lambda *_told, **_how: None  # type: ignore[assignment]
    _make_tables()
    with acting_as(SYSTEM):
        people = _seed()
        failures = _all_at_once(people)
        # A punch has a say in the days beside its own, too.
        first, last = FIRST - timedelta(days=1), FIRST + timedelta(days=DAYS)
        print(json.dumps({"failures": failures, **compare(people, first=first, last=last)}))
    return 0


def _make_tables() -> None:
    """As the models are, without the way there: migrations are tried elsewhere."""
    from django.apps import apps
    from django.conf import settings
    from django.core.management import call_command

    settings.MIGRATION_MODULES = {app.label: None for app in apps.get_app_configs()}
    call_command("migrate", run_syncdb=True, verbosity=0)


def _seed() -> list[Any]:
    from portal.people.models import Person
    from tests.factories.attendance import assigned, seen_at, shift_with_hours, worker_on_shift

    people = [worker_on_shift() for _ in range(PEOPLE - 2)]
    # Whose night belongs to the day before, and who has none at all.
    people += [worker_on_shift("22:00", "06:00"), worker_on_shift(shift__days=[])]
    assigned(shift_with_hours("05:00", "07:00"), person=people[0])
    for ahead in range(DAYS):
        day = FIRST + timedelta(days=ahead)
        for person in people:
            seen_at(person, f"in {day} 09:00", f"out {day} 17:00")
    Person.objects.update(created_at=datetime(2026, 1, 1, tzinfo=UTC))
    return people


def _all_at_once(people: list[Any]) -> list[str]:
    """What went wrong in any of them."""
    from django.db import connection

    from portal.attendance.services.recompute import has_stale, queue, recompute_stale
    from portal.core.context import SYSTEM, acting_as

    compute, pause, over = queue.compute, random.Random(3), threading.Event()

    def compute_slowly(spans: Any, **options: Any) -> Any:
        found = compute(spans, **options)
        time.sleep(pause.random() * 0.05)
        return found

    def work() -> None:
        while not over.is_set() or has_stale():
            recompute_stale(within_s=1.0)
            time.sleep(0.005)

    failures: list[str] = []

    def thread(do: Callable[..., None], *arguments: Any) -> threading.Thread:
        def run() -> None:
            try:
                with acting_as(SYSTEM):
                    do(*arguments)
            except Exception:  # noqa: BLE001 - whatever it is, the test tells it
                failures.append(traceback.format_exc())
            finally:
                connection.close()

        return threading.Thread(target=run, daemon=True)

    setattr(queue, "compute", compute_slowly)  # noqa: B010 - another name for what it imported
    setattr(queue, "_LEASE", _LEASE)  # noqa: B010
    workers = [thread(work) for _ in range(2)]
    others = [thread(_enter_and_strike, people, number) for number in range(3)]
    others.append(thread(_ask_on_the_spot, people))
    for each in (*workers, *others):
        each.start()
    deadline = time.monotonic() + _LONGEST_S
    for each in others:
        each.join(max(0.0, deadline - time.monotonic()))
    over.set()
    for each in workers:
        each.join(max(0.0, deadline - time.monotonic()))
    failures += ["it did not end" for each in (*workers, *others) if each.is_alive()]
    return failures


def _enter_and_strike(people: list[Any], number: int) -> None:
    from django.db import transaction
    from django.utils import timezone

    from portal.attendance.models import Punch
    from portal.attendance.services.enter import NewPunch, enter_punches
    from portal.attendance.services.stale import mark_around

    dice = random.Random(number)
    for turn in range(TURNS):
        whom = dice.sample(people, k=4)
        moments = [
            datetime.combine(FIRST, datetime.min.time(), UTC)
            + timedelta(minutes=dice.randrange(DAYS * 24 * 60))
            for _ in whom
        ]
        entered = enter_punches(
            [
                NewPunch(
                    person_id=person.pk, at=at, direction=dice.choice(["in", "out", "unknown"]),
                    source="camera", idempotency_key=f"{number}:{turn}:{person.pk}",
                )
                for person, at in zip(whom, moments, strict=True)
            ]
        )  # fmt: skip
        struck = [each.punch for each in entered if dice.random() < 0.4]
        with transaction.atomic():
            Punch.objects.filter(pk__in=[each.pk for each in struck]).update(
                voided_at=timezone.now()
            )
            mark_around([(each.person_id, each.at) for each in struck], cause="struck")
        time.sleep(dice.random() * 0.02)


def _ask_on_the_spot(people: list[Any]) -> None:
    from portal.attendance.services.recompute import recompute_people

    dice = random.Random(17)
    for _ in range(TURNS):
        whom = dice.sample(people, k=3)
        recompute_people(
            [each.pk for each in whom],
            first=FIRST,
            last=FIRST + timedelta(days=DAYS),
            cause="asked",
        )
        time.sleep(dice.random() * 0.02)


def compare(people: list[Any], *, first: date, last: date) -> dict[str, Any]:
    """The stored days from ``first`` to ``last`` beside those that come out when nobody disturbs."""
    from django.utils import timezone

    from portal.attendance.models import AttendanceDay, DayException, DayRevision, StaleDays
    from portal.attendance.services.recompute.rows import seen
    from portal.attendance.services.recompute.work import Span, compute

    span = Span(first, last)
    batch = {
        (result.row.person_id, result.row.work_date, result.row.occurrence_no): result.row
        for results in compute({p.pk: span for p in people}, now=timezone.now()).results.values()
        for result in results
    }
    rows = list(AttendanceDay.objects.filter(work_date__range=(span.first, span.last)))
    stored = {(row.person_id, row.work_date, row.occurrence_no): row for row in rows}
    chains: dict[Any, list[DayRevision]] = {}
    for each in DayRevision.objects.order_by("at", "id"):
        key = (each.person_id, each.work_date, each.occurrence_no)
        chains.setdefault(key, []).append(each)
    broken = [str(key) for key, chain in chains.items() if not _is_whole(chain, stored.get(key))]
    kinds = Counter(
        DayException.objects.values_list("person", "work_date", "occurrence_no", "kind")
    )
    return {
        "days": len(rows),
        "doubled": len(rows) - len(stored) + sum(n - 1 for n in kinds.values()),
        "other_than_batch": [
            str(key)
            for key in {*batch, *stored}
            if key not in batch or key not in stored or seen(batch[key]) != seen(stored[key])
        ],
        "revisions": sum(map(len, chains.values())),
        "broken": broken,
        "stale": StaleDays.objects.count(),
    }


def _is_whole(chain: list[Any], row: Any) -> bool:
    """Whether each change of a day, told once, leads to the next and the last to what is stored."""
    from portal.attendance.services.recompute.rows import facts

    end = (0, None) if row is None else (row.revision, facts(row))
    follow = [*((each.revision - 1, each.before) for each in chain[1:]), end]
    return all(
        # A day that went and came again begins anew.
        each.after is None or (each.revision, each.after) == after
        for each, after in zip(chain, follow, strict=True)
    )


if __name__ == "__main__":
    sys.exit(main())
