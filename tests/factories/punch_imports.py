"""Imported files of punches, as rows only: for pages."""

from __future__ import annotations

import secrets

import factory
from factory.django import DjangoModelFactory

from portal.attendance.models import PunchImport, PunchImportRow

__all__ = ["PunchImportFactory", "PunchImportRowFactory"]


class PunchImportFactory(DjangoModelFactory):
    """Looked at and ready to be applied; nothing in it is new, and one line was refused."""

    class Meta:
        model = PunchImport
        skip_postgeneration_save = True

    file_name = factory.Sequence(lambda n: f"terminal {n}.csv")
    sha256 = factory.LazyFunction(lambda: secrets.token_hex(32))
    time_zone = "UTC"
    state = PunchImport.State.CHECKED
    rows_total = 2
    rows_known = 1
    rows_refused = 1
    row = factory.RelatedFactory(
        "tests.factories.punch_imports.PunchImportRowFactory", "punch_import"
    )


class PunchImportRowFactory(DjangoModelFactory):
    class Meta:
        model = PunchImportRow

    punch_import = factory.SubFactory(PunchImportFactory)
    line = factory.Sequence(lambda n: n + 2)
    content = "Z-9 | 2026-11-02 08:00"
    reason = "Nobody has the code “Z-9”, or you may not see them."
