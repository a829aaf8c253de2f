"""``manage.py audit_verify``: prove that nobody changed the audit log."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.audit.chain import fingerprint, verify_log
from portal.audit.models import AuditEntry
from portal.audit.services import renew_anchor
from portal.core.commands import acting_as_command


class Command(BaseCommand):
    help = "Check the audit log from its first entry to its last; exits with an error otherwise."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--noted",
            metavar="SEQ:FINGERPRINT",
            help="also compare an entry with the fingerprint that was noted elsewhere, "
            "for example 1234:3F9A11C077DE02B4",
        )
        parser.add_argument(
            "--renew-anchor",
            metavar="REASON",
            help="accept the log as it ends now, for example after an older backup was restored; "
            "the reason is written into the log",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["renew_anchor"] is not None:
            self._renew(options["renew_anchor"].strip())
        verdict = verify_log()
        if not verdict.is_sound:
            raise CommandError(verdict.message)
        if options["noted"]:
            self._compare(options["noted"])
        self.stdout.write(verdict.message)
        if verdict.seq is not None:
            self.stdout.write(f"Entry {verdict.seq}: {fingerprint(verdict.last_hash)}")

    def _renew(self, reason: str) -> None:
        if not reason:
            raise CommandError("Say why the log may end where it does: --renew-anchor REASON.")
        with acting_as_command("audit_verify"):
            renew_anchor(reason=reason[:500])

    def _compare(self, noted: str) -> None:
        number, _, text = noted.partition(":")
        wanted = "".join(text.split()).lower()
        if not number.strip().isdigit() or len(wanted) < 8:
            raise CommandError("--noted expects SEQ:FINGERPRINT, as the Audit log page shows it.")
        entry = AuditEntry.objects.filter(seq=int(number)).first()
        if entry is None or not entry.hash.startswith(wanted):
            raise CommandError(
                f"Entry {int(number)} is not the one that was noted: the log was written anew."
            )
