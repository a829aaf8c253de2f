"""Measure reports: a month of 2,000 people, made and written as every kind of file.

    python -m bench.reports [--people 2000] [--database URL]

Fills a database of its own (a new SQLite file, or the empty PostgreSQL database that
``--database`` names) with people, their days of October 2026 and six punches a day in 31 of them,
and makes each report once from the click to the last byte: the query, the rows, the file. Leaves
with status 1 where one takes longer than ten seconds.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import IO, Any

from bench.support import describe_machine

__all__ = ["main"]

GOAL_S = 10.0
FIRST, LAST = date(2026, 10, 1), date(2026, 10, 31)
_NAMES = ("Anna", "Bruno", "Chloé", "Dávid", "Edith", "Farid", "Greta", "Hugo", "Inês", "Jonas")
_LAST = ("Okafor", "Keller", "Lambert", "Mwangi", "Haddad", "Novák", "Pereira", "Berg", "Çelik")
_FLAGS: tuple[list[str], ...] = (
    [],
    [],
    [],
    [],
    [],
    ["corrected"],
    ["missing_out"],
    ["in_while_in"],
)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--database", default="", help="postgres://… of an empty database")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        return _inside(options.people)
    with tempfile.TemporaryDirectory(prefix="gatehouse-bench-") as folder:
        url = options.database or f"sqlite:///{Path(folder) / 'bench.sqlite3'}"
        environment = os.environ | {"GATEHOUSE_DATA_DIR": folder, "DATABASE_URL": url}
        print(describe_machine())
        command = [sys.executable, "-m", "bench.reports", "--inside"]
        return subprocess.run(
            [*command, "--people", str(options.people)], env=environment, check=False
        ).returncode


def _inside(people: int) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.config.settings")
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    days = _fill(people)
    print(f"{connection.vendor}, {people:,} people, {days:,} days from {FIRST} to {LAST}")
    return _measure()


def _fill(people: int) -> int:
    from portal.attendance.models import AttendanceDay
    from portal.organisation.models import Department, Site
    from portal.people.models import Person

    rng = random.Random(7)
    site = Site.objects.create(name="Works", time_zone="Europe/Berlin")
    departments = Department.objects.bulk_create(
        Department(site=site, name=f"Team {n}", path=f"Plant / Team {n}") for n in range(20)
    )
    persons = Person.objects.bulk_create(
        Person(
            code=f"E{n:05}",
            name=f"{rng.choice(_NAMES)} {rng.choice(_LAST)} {n}",
            site=site,
            department=departments[n % 20],
        )
        for n in range(people)
    )
    rows = []
    dates = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
    for person in persons:
        rows += [_day(person, site, day, rng) for day in dates]
    AttendanceDay.objects.bulk_create(rows, batch_size=1000)
    return len(rows)


def _day(person: Any, site: Any, day: date, rng: random.Random) -> Any:
    from portal.attendance.models import AttendanceDay

    start = datetime(day.year, day.month, day.day, 7, tzinfo=UTC)
    late, over = max(0, round(rng.gauss(-5, 12))), max(0, round(rng.gauss(-20, 40)))
    status = "day_off" if day.weekday() > 4 else "absent" if rng.random() < 0.03 else "present"
    came, left = start + timedelta(minutes=late), start + timedelta(minutes=480 + over)
    noon = start + timedelta(hours=4)
    row = AttendanceDay(
        person=person,
        site=site,
        department=person.department,
        work_date=day,
        occurrence_no=1,
        zone="Europe/Berlin",
        status=status,
        start=start,
        end=start + timedelta(hours=8),
        inputs_hash="0",
        computed_at=start,
    )
    if status == "present":
        row.first_in, row.last_out, row.flags = came, left, rng.choice(_FLAGS)
        row.worked_min, row.payable_min = 450 - late + over, 450 - late
        row.late_min, row.overtime_min = late, over if over > 30 else 0
        row.sessions = [
            {"start": a.isoformat(), "end": b.isoformat(), "minutes": int((b - a).seconds // 60)}
            for a, b in ((came, noon), (noon + timedelta(minutes=30), left))
        ]
    return row


def _measure() -> int:
    from portal.core.context import SYSTEM, acting_as
    from portal.reports.catalogue import CATALOGUE
    from portal.reports.choices import choices_of
    from portal.reports.files.csv_file import write_csv
    from portal.reports.files.pdf_file import MOST_ROWS, write_pdf
    from portal.reports.files.xlsx_file import write_xlsx
    from portal.reports.selectors.making import make_report

    writers: dict[str, Callable[[Any, IO[bytes]], None]] = {
        "csv": write_csv,
        "xlsx": write_xlsx,
        "pdf": write_pdf,
    }
    asked = {"first": FIRST.isoformat(), "last": LAST.isoformat()}
    slowest = 0.0
    print(f"{'report':14} {'rows':>8} {'made':>7} " + " ".join(f"{n:>7}" for n in writers))
    with acting_as(SYSTEM):
        for slug, kind in CATALOGUE.items():
            began = time.perf_counter()
            report = make_report(kind, choices_of(asked))
            made = time.perf_counter() - began
            spent = []
            for name, write in writers.items():
                if name == "pdf" and report.rows > MOST_ROWS:
                    spent.append("      –")
                    continue
                began = time.perf_counter()
                write(report, io.BytesIO())
                whole = made + time.perf_counter() - began
                slowest = max(slowest, whole)
                spent.append(f"{whole:6.2f}s")
            print(f"{slug:14} {report.rows:8,} {made:6.2f}s {' '.join(spent)}")
    print(f"slowest {slowest:.2f} s, goal {GOAL_S:g} s")
    return int(slowest > GOAL_S)


if __name__ == "__main__":
    sys.exit(main())
