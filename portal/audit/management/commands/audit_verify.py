"""``manage.py audit_verify``: prove that nobody changed the audit log."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.audit.models import AuditEntry
from portal.audit.services import first_broken_entry


class Command(BaseCommand):
    help = "Check the audit log's chain of hashes; exits with an error at the first broken entry."

    def handle(self, *args: Any, **options: Any) -> None:
        broken = first_broken_entry()
        if broken is not None:
            raise CommandError(f"Entry {broken} was changed, or one before it was removed.")
        self.stdout.write(f"All {AuditEntry.objects.count()} entries are sound.")
