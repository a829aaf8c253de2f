"""``manage.py prepare``: tables, static files, first administrator. Safe to run at any time.

``up`` runs it at every start; with containers it is a service that runs once before the others.
Prints only what the operator has to know.
"""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import DatabaseError

from portal.accounts.services import ensure_first_administrator, setup_link
from portal.config.env import ENV
from portal.core.errors import DomainError, OperatorError
from portal.core.vault import vault
from portal.organisation.services import default_site
from portal.system.preflight import make_data_directory
from portal.system.static_files import collect_static_files


class Command(BaseCommand):
    help = "Creates or updates tables and static files, and the first administrator."
    requires_system_checks: list[str] = []

    def handle(self, **_options: Any) -> None:
        make_data_directory(ENV.data_dir)
        try:
            _migrate()
        except DatabaseError as error:
            raise OperatorError(
                f"The database cannot be prepared: {str(error).strip()}. Check DATABASE_URL and "
                "that the database server runs."
            ) from error
        vault().keys.check()
        # Outside any transaction, so that every process may remember it.
        vault().keys.installation()
        default_site()
        collect_static_files()
        try:
            self._first_administrator()
        except DomainError as error:
            raise OperatorError(
                "GATEHOUSE_ADMIN_EMAIL and GATEHOUSE_ADMIN_PASSWORD name no possible "
                f"administrator: {error.message}"
            ) from error

    def _first_administrator(self) -> None:
        if ENV.admin_email or ENV.admin_password:
            created = ensure_first_administrator(email=ENV.admin_email, password=ENV.admin_password)
            if created:
                self.stdout.write(f"Created the first administrator, {created}")
            return
        link = setup_link()
        if link:
            self.stdout.write(f"Create the first administrator here (works once): {link}")


def _migrate() -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", interactive=False, verbosity=0)
