#!/usr/bin/env python
"""Gatehouse's command line. ``python manage.py up`` starts everything."""

import os
import sys

from portal.core.errors import OperatorError


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.config.settings")
    try:
        if sys.argv[1:2] == ["up"]:
            # The supervisor lives as long as the product, so it stays small: the applications
            # are loaded by its children alone.
            from portal.system.management.commands.up import Command

            Command().run_from_argv(sys.argv)
        else:
            from django.core.management import execute_from_command_line

            execute_from_command_line(sys.argv)
    except OperatorError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
