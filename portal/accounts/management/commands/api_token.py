"""``manage.py api_token NAME --scope recognise``: make a token for a program."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.accounts.models import ApiToken
from portal.accounts.services import create_api_token
from portal.core.commands import acting_as_command
from portal.core.errors import DomainError


class Command(BaseCommand):
    help = "Make an API token and print it. It is shown this once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="who uses it, for example “turnstile”")
        parser.add_argument(
            "--scope",
            action="append",
            choices=ApiToken.Scope.values,
            help="what it may do; may be given several times (default: recognise)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with acting_as_command("api_token"):
            try:
                _, secret = create_api_token(
                    name=options["name"], scopes=options["scope"] or [ApiToken.Scope.RECOGNISE]
                )
            except DomainError as error:
                raise CommandError(error.message) from error
        self.stdout.write(secret)
