"""A report as a file that leaves the house. Public surface: ``Exported``, ``FileKind``,
``SHORTEST_REASON``, ``export_report``, ``written``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, Final

from django.db import models

from portal.audit.services import record
from portal.core.context import require
from portal.core.errors import DomainError
from portal.reports.choices import Choices
from portal.reports.files.cells import file_name
from portal.reports.files.csv_file import write_csv
from portal.reports.files.pdf_file import write_pdf
from portal.reports.files.xlsx_file import write_xlsx
from portal.reports.kinds.base import ReportKind
from portal.reports.selectors.making import make_report
from portal.reports.sheet import Report

__all__ = ["CONTENT_TYPES", "SHORTEST_REASON", "Exported", "FileKind", "export_report", "written"]

_IN_MEMORY_BYTES: Final = 1024 * 1024
SHORTEST_REASON: Final = 3


class FileKind(models.TextChoices):
    CSV = "csv", "CSV"
    XLSX = "xlsx", "Excel (XLSX)"
    PDF = "pdf", "PDF"


CONTENT_TYPES: Final = {
    FileKind.CSV.value: "text/csv; charset=utf-8",
    FileKind.XLSX.value: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    FileKind.PDF.value: "application/pdf",
}


@dataclass(frozen=True, slots=True)
class Exported:
    """An open file, read from its beginning; whoever sends it closes it."""

    file: IO[bytes]
    name: str
    content_type: str
    report: Report


def export_report(
    kind: ReportKind, choices: Choices, *, form: str, reason: str = "", has_mark: bool = True
) -> Exported:
    """Raises ``DomainError``: ``export.kind``; ``export.reason`` where days of more than one
    person would leave without a reason; ``report.too_long`` of a PDF. ``has_mark`` is of CSV.
    """
    require("reports.export")
    if form not in FileKind.values:
        raise DomainError("A report is exported as CSV, XLSX or PDF.", code="export.kind")
    report = make_report(kind, choices)
    said = reason.strip()
    if report.people > 1 and len(said) < SHORTEST_REASON:
        raise DomainError(
            "Say what the file is for: it tells of more than one person, and the reason is kept in "
            "the audit log.",
            code="export.reason",
        )
    exported = written(report, form=form, has_mark=has_mark)
    record(
        "reports.exported",
        after={
            "report": kind.slug,
            "format": form,
            "rows": report.rows,
            "people": report.people,
            "first": choices.first.isoformat(),
            "last": choices.last.isoformat(),
            "narrowed_by": sorted(set(choices.parameters()) - {"span", "first", "last"}),
        },
        reason=said[:500],
    )
    return exported


def written(report: Report, *, form: str, has_mark: bool = True) -> Exported:
    """The file itself, on disk where it is large."""
    writers: dict[str, Callable[[IO[bytes]], None]] = {
        FileKind.CSV: lambda file: write_csv(report, file, has_mark=has_mark),
        FileKind.XLSX: lambda file: write_xlsx(report, file),
        FileKind.PDF: lambda file: write_pdf(report, file),
    }
    with ExitStack() as stack:
        file: IO[bytes] = stack.enter_context(tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES))
        writers[form](file)
        file.seek(0)
        stack.pop_all()
    return Exported(file, file_name(report, form), CONTENT_TYPES[form], report)
