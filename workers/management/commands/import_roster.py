"""``manage.py import_roster FILE``: people from a spreadsheet, with their photos."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.core.commands import acting_as_command
from portal.core.errors import DomainError
from portal.jobs.models import Job
from portal.jobs.services import start_job
from portal.people.models import Consent
from portal.roster.columns import FIELDS, normalised
from portal.roster.models import RosterImport
from portal.roster.photos import FolderPhotos, PhotoSource, ZipPhotos
from portal.roster.selectors import counts_of, row_views, rows_of, stray_photos
from portal.roster.services import (
    begin_apply,
    close_roster,
    confirm_columns,
    discard_roster,
    run_check,
    take_in,
)
from recognition.errors import RecognitionError
from workers.engine_host import EngineHost
from workers.progress import ProgressBar
from workers.roster import apply_all


class Command(BaseCommand):
    help = (
        "Import people from a CSV or XLSX file, with photos from a ZIP file or a folder. May be "
        "repeated: people are found again by their code. Needs no running Gatehouse; a running "
        "one recognises the people at once. What it did can be undone in the portal."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--photos", type=Path, metavar="ZIP|DIR")
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would be done, and do nothing"
        )
        parser.add_argument(
            "--mapping",
            nargs="+",
            default=[],
            metavar="HEADING=FIELD",
            help="what a column is, where its heading does not say so; fields are "
            + ", ".join(kind.key for kind in FIELDS),
        )
        parser.add_argument("--basis", choices=Consent.Basis.values, default=Consent.Basis.CONSENT)
        parser.add_argument(
            "--all-consented",
            action="store_true",
            help="everybody in the file has agreed, whether or not a column says so",
        )
        parser.add_argument("--date-order", choices=["day", "month"], default="day")
        parser.add_argument("--json", action="store_true", help="write the report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        with acting_as_command("import_roster"):
            try:
                self._import(options)
            except (DomainError, RecognitionError) as error:
                raise CommandError(error.message) from error
            except OSError as error:
                raise CommandError(f"{error.filename}: {error.strerror}.") from error

    def _import(self, options: dict[str, Any]) -> None:
        source = _open(options["photos"])
        with closing(source) if source else nullcontext():
            roster = take_in(
                _chunks(options["file"]),
                file_name=options["file"].name,
                photos_name=options["photos"].name if options["photos"] else "",
                is_local=True,
            )
            try:
                roster = confirm_columns(
                    roster,
                    _mapping(roster, options["mapping"]),
                    options={
                        "date_order": options["date_order"],
                        "basis": options["basis"],
                        "has_all_consent": options["all_consented"],
                    },
                    site_id=None,
                )
            except DomainError:
                discard_roster(roster)
                raise
            roster = run_check(roster, source, renew=lambda: None)
            if roster.state == RosterImport.State.REFUSED:
                raise CommandError(roster.message)
            if options["dry_run"]:
                self._report(roster, options)
                discard_roster(roster)
                return
            self._apply(roster, source)
            roster.refresh_from_db()
            self._report(roster, options)

    def _apply(self, roster: RosterImport, source: PhotoSource | None) -> None:
        has_photos = counts_of(roster).photos_waiting > 0
        try:
            host = EngineHost.build(owner="import_roster") if has_photos else None
        except RecognitionError:
            discard_roster(roster)
            raise
        roster = begin_apply(roster)
        if roster.job is None:
            return
        start_job(roster.job.pk)
        bar = ProgressBar(roster.job.total, stream=sys.stderr, label="people")

        def on_rows(number: int) -> None:
            for _ in range(number):
                bar.advance()

        try:
            apply_all(host, roster, source, on_rows=on_rows)
        except (DomainError, RecognitionError, OSError, KeyboardInterrupt) as error:
            message = str(error) or "It was interrupted."
            close_roster(roster, state=RosterImport.State.STOPPED, message=message)
            raise CommandError(
                f"Stopped: {message} Whoever was finished stays; run it again for the rest."
            ) from error
        finally:
            bar.close()

    def _report(self, roster: RosterImport, options: dict[str, Any]) -> None:
        counts = counts_of(roster)
        views = row_views(list(rows_of(roster)))
        if options["json"]:
            said = {
                "state": "dry run" if options["dry_run"] else roster.state,
                "new": counts.new,
                "changed": counts.changed,
                "unchanged": counts.unchanged,
                "refused": counts.refused,
                "photos": counts.photos,
                "rows": [
                    {
                        "line": view.row.line,
                        "code": view.row.code,
                        "outcome": view.row.outcome,
                        "changes": view.row.changes,
                        "reason": view.row.reason,
                        "photos": [
                            {"name": p.name, "verdict": p.verdict, "reason": p.reason}
                            for p in view.photos
                        ],
                    }
                    for view in views
                ],
                "unclaimed": [
                    {"name": p.name, "reason": p.reason} for p in stray_photos(roster, limit=10_000)
                ],
            }
            self.stdout.write(json.dumps(said, indent=2, ensure_ascii=False))
            return
        for view in views:
            if view.row.reason:
                self.stdout.write(f"line {view.row.line} ({view.row.code}): {view.row.reason}")
            for note in view.notes:
                self.stdout.write(f"line {view.row.line} ({view.row.code}): {note}")
        for photo in stray_photos(roster, limit=10_000):
            self.stdout.write(f"{photo.name}: {photo.reason}")
        verb = "would be " if options["dry_run"] else ""
        self.stdout.write(
            f"{counts.new} {verb}new, {counts.changed} {verb}changed, {counts.unchanged} "
            f"unchanged, {counts.refused} refused; {counts.photos_used} photos added, "
            f"{counts.photos_waiting} to be examined, {counts.photos_enrolled} in use already, "
            f"{counts.photos_refused} not used, {counts.photos_unclaimed} belong to nobody."
        )
        if roster.message:
            self.stdout.write(roster.message)
        if roster.job is not None and roster.job.state == Job.State.CANCELLED:
            self.stdout.write("The job was cancelled in the portal.")


def _open(path: Path | None) -> PhotoSource | None:
    if path is None:
        return None
    return ZipPhotos(path.open("rb")) if path.is_file() else FolderPhotos(path)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(1024 * 1024):
            yield chunk


def _mapping(roster: RosterImport, given: list[str]) -> dict[str, int]:
    """The guess, but for what was said. Raises ``DomainError`` ``roster.mapping``."""
    mapping = dict(roster.mapping)
    columns = {normalised(heading): number for number, heading in enumerate(roster.headings)}
    for pair in given:
        heading, _, key = pair.rpartition("=")
        column = columns.get(normalised(heading))
        if column is None or key not in {kind.key for kind in FIELDS}:
            raise DomainError(
                f"{pair!r} is not HEADING=FIELD. The file's headings are: "
                f"{', '.join(roster.headings)}; fields are "
                f"{', '.join(kind.key for kind in FIELDS)}.",
                code="roster.mapping",
            )
        mapping = {field: number for field, number in mapping.items() if number != column}
        mapping[key] = column
    return mapping
