"""``manage.py add_user EMAIL --role officer``: make an account; the password is asked for."""

from getpass import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.accounts.models import Role
from portal.accounts.services import create_user
from portal.core.commands import acting_as_command
from portal.core.errors import DomainError


class Command(BaseCommand):
    help = "Make an account. The password is asked for, or read from the first line of stdin."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--role", choices=Role.values, default=Role.OFFICER)
        parser.add_argument("--name", default="")
        parser.add_argument("--password-stdin", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        password = (
            input().strip() if options["password_stdin"] else getpass("Password (10 or more): ")
        )
        with acting_as_command("add_user"):
            try:
                user = create_user(
                    email=options["email"],
                    password=password,
                    role=options["role"],
                    name=options["name"],
                )
            except DomainError as error:
                raise CommandError(error.message) from error
        self.stdout.write(f"{user.email} is {user.get_role_display()} now.")
