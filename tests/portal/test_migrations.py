"""A database of an earlier version comes through the migrations with everything in its place."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

pytestmark = pytest.mark.django_db(transaction=True)

VERSION_0_1 = [("people", "0001_initial"), ("cameras", "0001_initial")]


@pytest.fixture
def executor() -> Iterator[MigrationExecutor]:
    executor = MigrationExecutor(connection)
    latest = executor.loader.graph.leaf_nodes()
    yield executor
    MigrationExecutor(connection).migrate(latest)


def test_departments_that_were_words_become_rows_and_everybody_has_a_site(executor):
    executor.migrate(VERSION_0_1)
    old = executor.loader.project_state(VERSION_0_1).apps
    for code, department in [("1", "Engines"), ("2", "Engines"), ("3", "")]:
        old.get_model("people", "Person").objects.create(
            code=code, name=code, department=department
        )
    old.get_model("cameras", "Camera").objects.create(name="Gate", key_digest="x")

    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())

    from portal.cameras.models import Camera
    from portal.people.models import Person

    people = Person.objects.order_by("code").values_list("department__path", "site__name")
    assert list(people) == [
        ("Engines", "Main site"),
        ("Engines", "Main site"),
        (None, "Main site"),
    ]
    assert (
        Person.objects.filter(department__isnull=False).values("department").distinct().count() == 1
    )
    assert Camera.objects.get().site.name == "Main site"
