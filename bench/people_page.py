"""Measure the list of people: how long the server takes for a page, and what it asks the database.

    python -m bench.people_page [--people 5000] [--requests 60]

Starts the whole system, fills its database with people in a tree of departments, three photos and
templates each, consents and look-alikes, and asks for the list as a signed-in browser does, one
request after the other over one connection. The queries are counted in this process, on the same
database. Leaves with status 1 where a page takes longer or asks more than the goal.
"""

from __future__ import annotations

import argparse
import os
import random
import secrets
import statistics
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from bench.pages import ask, count_queries
from bench.support import Browser, describe_machine, percentile
from tests.integration.gatehouse import PROJECT, Gatehouse, system_environment

__all__ = ["main", "seed"]

GOAL_P95_MS = 200.0
GOAL_QUERIES = 10
WARM_UP = 10

PAGES = {
    "first page": "",
    "page 40": "page=40",
    "by department": "sort=department",
    "by photos, most first": "sort=-photos",
    "search of a name": "q=mar",
    "one department and below": "department={department}",
    "consent expiring": "needs=consent_expiring",
    "no template and few photos": "needs=no_template&needs=few_photos",
    "look-alikes": "needs=lookalike",
}

_FIRST = [
    "Ada",
    "Bruno",
    "Chloe",
    "David",
    "Edith",
    "Farid",
    "Greta",
    "Hugo",
    "Ines",
    "Jonas",
    "Maria",
    "Martin",
    "Nadia",
    "Omar",
]
_LAST = [
    "Okafor",
    "Keller",
    "Lambert",
    "Lindqvist",
    "Mwangi",
    "Haddad",
    "Novak",
    "Pereira",
    "Moreau",
    "Berg",
    "Marsh",
]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--people", type=int, default=5000)
    parser.add_argument("--requests", type=int, default=60)
    # What runs with the settings of the system under test, in a process of its own.
    parser.add_argument("--seed", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--count", nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.seed is not None or options.count is not None:
        _inside(options.seed, options.count)
        return 0
    print(describe_machine())
    system = Gatehouse.create()
    try:
        system.start()
        department = _child(system, "--seed", str(options.people))
        cookie = Browser(system).cookie
        paths = {name: f"/people/?{q.format(department=department)}" for name, q in PAGES.items()}
        counts = map(int, _child(system, "--count", *paths.values()).split())
        queries = dict(zip(PAGES, counts, strict=True))
        print(f"{options.people} people, {options.requests} requests a page\n")
        print(f"{'':28}{'p50':>8}{'p95':>8}{'longest':>9}{'CPU':>7}{'queries':>9}{'KB':>7}")
        is_good, web = True, system.pid_of("portal.system.web")
        for name, path in paths.items():
            before_ms = _cpu_ms(web)
            times_ms, size = ask(system, cookie, path, options.requests, warm_up=WARM_UP)
            cpu_ms = (_cpu_ms(web) - before_ms) / (WARM_UP + options.requests)
            p95 = percentile(times_ms, 0.95)
            is_good &= p95 <= GOAL_P95_MS and queries[name] <= GOAL_QUERIES
            print(
                f"{name:28}{statistics.median(times_ms):8.1f}{p95:8.1f}{max(times_ms):9.1f}"
                f"{cpu_ms:7.1f}{queries[name]:9}{size / 1024:7.0f}"
            )
    finally:
        system.discard()
    print(
        f"\nms (CPU: of the web process, a request); the goal is a p95 of {GOAL_P95_MS:.0f} ms and {GOAL_QUERIES} queries"
    )
    return 0 if is_good else 1


def _child(system: Gatehouse, *arguments: str) -> str:
    """Run this module on the system's own data; returns what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.people_page", *arguments],
        cwd=PROJECT,
        env=system_environment({"GATEHOUSE_DATA_DIR": str(system.data_dir)}),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout.strip()


def _inside(people: int | None, paths: Sequence[str] | None) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.config.settings")
    import django

    django.setup()
    if people is not None:
        print(seed(people))
    for path in paths or ():
        print(count_queries(path))


def seed(count: int) -> str:
    """Fill the database; returns the id of a department with some below.

    Templates are noise: nobody is recognised here, and a page must never read one.
    """
    from django.db import transaction
    from django.utils import timezone

    from portal.engines.models import Space
    from portal.organisation.models import Department, Site
    from portal.organisation.services import department_at
    from portal.people.models import Consent, FaceImage, FaceTemplate, LookalikePair, Person

    chance, now = random.Random(5), timezone.now()
    space, _ = Space.objects.get_or_create(
        id="bench", defaults={"model_id": "bench", "weights_sha256": "0" * 64, "dimension": 128}
    )
    sites = [Site.objects.get_or_create(name=n)[0] for n in ("North school", "South school")]
    with transaction.atomic():
        departments: list[Department] = [
            found
            for site in sites
            for year in range(5, 14)
            for letter in "abc"
            if (found := department_at(site, f"Pupils / Year {year} / {year}{letter}"))
        ]
        people = []
        for number in range(count):
            department = chance.choice(departments)
            people.append(
                Person(
                    code=f"B-{number:05d}",
                    name=f"{chance.choice(_FIRST)} {chance.choice(_LAST)} {number}",
                    email=f"person{number}@example.org",
                    site_id=department.site_id,
                    department=department,
                    status="suspended" if number % 50 == 0 else "active",
                )
            )
        Person.objects.bulk_create(people, batch_size=500)
        enrolled = [p for n, p in enumerate(people) if n % 20]
        Consent.objects.bulk_create(
            [
                Consent(
                    person=p,
                    given_at=now,
                    expires_at=now + timedelta(days=20 if n % 25 == 0 else 300),
                )
                for n, p in enumerate(enrolled)
            ],
            batch_size=500,
        )
        images = [
            FaceImage(
                person=p,
                portrait_key=f"portraits/{secrets.token_hex(16)}",
                aligned_key=f"aligned/{secrets.token_hex(16)}",
                source="upload",
                photo_sha256=secrets.token_hex(32),
                quality={"score": 0.9, "eye_distance_px": 60.0},
                quality_score=chance.uniform(0.4, 1.0),
            )
            for n, p in enumerate(enrolled)
            for _ in range(1 if n % 15 == 0 else 3)
        ]
        FaceImage.objects.bulk_create(images, batch_size=500)
        FaceTemplate.objects.bulk_create(
            [
                FaceTemplate(
                    image=i,
                    person_id=i.person_id,
                    space=space,
                    sealed_vector=secrets.token_bytes(560),
                )
                for i in images
            ],
            batch_size=500,
        )
        pairs = {tuple(sorted(chance.sample(enrolled, 2), key=lambda p: p.pk)) for _ in range(60)}
        LookalikePair.objects.bulk_create(
            [LookalikePair(first=a, second=b, space=space, score=0.6) for a, b in pairs]
        )
    top = Department.objects.get(site=sites[0], path="Pupils / Year 7")
    return str(top.pk)


def _cpu_ms(pid: int) -> float:
    """What a process has computed so far: on a busy machine this says more than the clock."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    return 1000 * ticks / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
