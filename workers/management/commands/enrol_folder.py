"""``manage.py enrol_folder DIR``: enrol a folder-per-person tree."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.core.commands import acting_as_command
from portal.core.errors import DomainError
from portal.jobs.models import Job, JobLine
from portal.jobs.services import advance_job, create_job, finish_job, log_line, start_job
from portal.people.models import Consent
from recognition.errors import RecognitionError
from workers.engine_host import EngineHost
from workers.folder import PhotoOutcome, enrol_folder, folders_of
from workers.progress import ProgressBar


class Command(BaseCommand):
    help = (
        "Enrol DIR/<code>/<photos>: one folder a person. Reports every photo that cannot be used; "
        "may be repeated. Needs no running Gatehouse; a running one recognises the people at once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR")
        parser.add_argument(
            "--basis",
            choices=Consent.Basis.values,
            default=Consent.Basis.CONSENT,
            help="the basis, recorded for each person, on which the templates are kept; by "
            "running this you declare that it exists (default: consent)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with acting_as_command("enrol_folder"):
            try:
                folders = folders_of(options["folder"])
                host = EngineHost.build(owner="enrol_folder")
            except (DomainError, RecognitionError) as error:
                raise CommandError(error.message) from error
            self._enrol(host, folders, options)

    def _enrol(
        self, host: EngineHost, folders: list[tuple[str, list[Path]]], options: dict[str, Any]
    ) -> None:
        total = sum(len(photos) for _, photos in folders)
        job = create_job(
            kind=Job.Kind.ENROL_FOLDER, title=f"Enrol {options['folder'].name}", total=total
        )
        start_job(job.pk)
        bar = ProgressBar(total, stream=sys.stderr, label="photos")

        def on_person(code: str, outcomes: Sequence[PhotoOutcome]) -> bool:
            for outcome in outcomes:
                bar.advance()
                if not outcome.is_used:
                    line = f"{code}/{outcome.path.name}: not used, {outcome.reason}"
                    bar.say(line)
                    log_line(job.pk, line, level=JobLine.Level.WARNING)
            used = sum(outcome.is_used for outcome in outcomes)
            row = advance_job(job.pk, done=used, failed=len(outcomes) - used)
            return row.state != Job.State.CANCELLED

        try:
            report = enrol_folder(host, folders, basis=options["basis"], on_person=on_person)
        except (DomainError, RecognitionError, OSError, KeyboardInterrupt) as error:
            message = str(error) or "It was interrupted."
            if not Job.objects.get(pk=job.pk).is_finished:
                finish_job(job.pk, state=Job.State.FAILED, message=message)
            raise CommandError(
                f"Stopped: {message} Whoever was finished stays enrolled."
            ) from error
        finally:
            bar.close()
        self.stdout.write(
            f"{report.people_new} people enrolled, {report.people_known} known before, "
            f"{report.photos_used} photos used, {report.photos_skipped} not used."
        )
        if report.people_without_photo:
            self.stdout.write("Without a usable photo: " + ", ".join(report.people_without_photo))
