"""How long does a full recompute of everybody's month take, without the database?

    python -m bench.attendance_engine [--people 5000] [--days 31] [--punches 6] [--processes 2]

Half of the people work days, a quarter nights, an eighth each flexible hours and a double shift;
some days are on leave, and some are left open. What is timed is the engine from sightings to days with
their hashes; building the sightings, which a database would deliver, is timed apart.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as wall
from zoneinfo import ZoneInfo

from bench.support import describe_machine
from portal.attendance.engine import (
    Assignment,
    Direction,
    Leave,
    Pairing,
    PersonInputs,
    Policy,
    Schedule,
    Shift,
    Sighting,
    attendance_days,
)

__all__ = ["main"]

FIRST = date(2026, 10, 1)
ZONE = ZoneInfo("Europe/Berlin")
WEEK = frozenset(range(5))
# So many days end without a leaving.
FORGOTTEN = 0.03
LUNCH = Policy(pairing=Pairing.PAIRS, break_min=30)
DAY = Shift("day", wall(9), wall(17), ZONE, WEEK, policy=LUNCH)
NIGHT = Shift("night", wall(22), wall(6), ZONE, policy=LUNCH)
FLEXIBLE = Shift("flexible", wall(6), wall(22), ZONE, WEEK, 480)
EARLY = Shift("early", wall(6), wall(10), ZONE)
LATE = Shift("late", wall(14), wall(18), ZONE)
KINDS = ((DAY,), (DAY,), (DAY,), (DAY,), (NIGHT,), (NIGHT,), (FLEXIBLE,), (EARLY, LATE))


@dataclass(frozen=True, slots=True)
class Share:
    """What one process computed."""

    days: int
    punches: int
    building_s: float
    computing_s: float
    statuses: Counter[str]


def person(number: int, days: int, per_day: int) -> PersonInputs:
    dice = random.Random(number)
    shifts = KINDS[number % len(KINDS)]
    begins = datetime(2026, 10, 1, shifts[0].start.hour - 2, tzinfo=UTC)
    sightings = []
    for ahead in range(days):
        at = begins + timedelta(days=ahead, minutes=dice.randint(-20, 20))
        for n in range(per_day):
            direction = (Direction.IN, Direction.OUT)[n % 2]
            key = f"{number}-{ahead}-{n}"
            sightings.append(Sighting(at, direction, f"door {n % 2}", key=key))
            at += timedelta(minutes=480 / (per_day - 1), seconds=dice.randint(0, 300))
        if dice.random() < FORGOTTEN:
            sightings.pop()
    return PersonInputs(
        zone=ZONE,
        now=begins + timedelta(days=days + 5),
        watermark=begins + timedelta(days=days + 5),
        schedule=Schedule(tuple(Assignment((shift,), FIRST) for shift in shifts)),
        sightings=tuple(sightings),
        leaves=(Leave(FIRST + timedelta(days=number % days)),),
        holidays=frozenset({FIRST + timedelta(days=2)}),
    )


def share(first: int, count: int, days: int, per_day: int) -> Share:
    last = FIRST + timedelta(days=days - 1)
    statuses: Counter[str] = Counter()
    building = computing = 0.0
    rows = 0
    for number in range(first, first + count):
        before = time.process_time()
        inputs = person(number, days, per_day)
        built = time.process_time()
        found = attendance_days(inputs, first=FIRST, last=last)
        computing += time.process_time() - built
        building += built - before
        rows += len(found)
        statuses.update(day.status.value for day in found)
    return Share(rows, count * days * per_day, building, computing, statuses)


def main() -> None:
    options = _options()
    print(describe_machine())
    each = options.people // options.processes
    before = time.perf_counter()
    with ProcessPoolExecutor(options.processes) as pool:
        running = [
            pool.submit(share, n * each, each, options.days, options.punches)
            for n in range(options.processes)
        ]
        shares = [each.result() for each in running]
    wall_s = time.perf_counter() - before
    computing_s = sum(each.computing_s for each in shares)
    rows = sum(each.days for each in shares)
    statuses = sum((each.statuses for each in shares), Counter())
    print(f"{options.people} people x {options.days} days x {options.punches} punches:")
    print(f"  {rows} rows from {sum(each.punches for each in shares)} punches")
    print(
        f"  engine   {computing_s:6.2f} s of processor time, {computing_s / rows * 1e6:.0f} us a row"
    )
    print(f"  building {sum(each.building_s for each in shares):6.2f} s")
    print(f"  all      {wall_s:6.2f} s on {options.processes} processes (issue: under 20 s)")
    print(f"  {dict(statuses.most_common())}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--people", type=int, default=5000)
    parser.add_argument("--days", type=int, default=31)
    parser.add_argument("--punches", type=int, default=6)
    parser.add_argument("--processes", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
