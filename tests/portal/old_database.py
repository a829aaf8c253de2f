"""A database of version 0.1 with people in it, brought to the present, and what they became.

``python -m tests.portal.old_database`` in an empty data directory; prints JSON. A process with a
database of its own: the tests' database would have to go all the way back and come again.
"""

from __future__ import annotations

import json

import django

django.setup()

from django.db import connection  # noqa: E402 - models need Django to be set up
from django.db.migrations.executor import MigrationExecutor  # noqa: E402

__all__ = ["migrated"]

VERSION_0_1 = [("people", "0001_initial"), ("cameras", "0001_initial")]
PEOPLE = {"1": "Engines", "2": "Engines", "3": ""}


def migrated() -> dict[str, object]:
    executor = MigrationExecutor(connection)
    executor.migrate(VERSION_0_1)
    old = executor.loader.project_state(VERSION_0_1).apps
    for code, department in PEOPLE.items():
        old.get_model("people", "Person").objects.create(
            code=code, name=code, department=department
        )
    old.get_model("cameras", "Camera").objects.create(name="Gate", key_digest="x")

    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())

    from portal.cameras.models import Camera
    from portal.people.models import Person

    people = Person.objects.order_by("code")
    return {
        "people": list(people.values_list("department__path", "site__name")),
        "departments": Person.objects.exclude(department=None)
        .values("department")
        .distinct()
        .count(),
        "site": Camera.objects.get().site.name,
    }


if __name__ == "__main__":
    print(json.dumps(migrated()))
