"""``manage.py rotate_master_key``: a new master key, while everything runs on."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from portal.core.commands import acting_as_command
from portal.core.errors import DomainError, OperatorError
from portal.core.vault import vault
from portal.privacy.services import rotate_master_key


class Command(BaseCommand):
    help = (
        "Makes a new master key and wraps every data key with it. Nothing has to be stopped. "
        "Back keys/ up afterwards: older backups of the database need the key from before."
    )

    def handle(self, **_options: Any) -> None:
        vault().keys.check()
        try:
            with acting_as_command("rotate_master_key"):
                count = rotate_master_key()
        except DomainError as error:
            raise OperatorError(error.message) from error
        self.stdout.write(
            f"{count} data key{'s are' if count != 1 else ' is'} now wrapped by a new "
            "keys/master.key. Back it up; backups made before today need the old one."
        )
