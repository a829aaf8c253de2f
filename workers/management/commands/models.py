"""``manage.py models …``: the models that this installation can use; see ``recognition.cli.models``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.calibration.selectors.switch import models_needed
from recognition.cli import main
from workers.settings import models_dir


class Command(BaseCommand):
    help = "List, add, verify, test and remove the models that faces can be recognised with."

    def run_from_argv(self, argv: list[str]) -> None:
        """The words after ``models`` are the engine's own, ``--help`` among them."""
        try:
            self.handle(*argv[2:])
        except CommandError as error:
            self.stderr.write(str(error))
            sys.exit(1)

    def handle(self, *args: Any, **options: Any) -> None:
        _refuse_needed(args)
        cache_dir = Path(settings.DATA_DIR) / "models"
        here = ["--models-dir", str(models_dir()), "--cache-dir", str(cache_dir)]
        sys.exit(main(["models", *here, *args]))


def _refuse_needed(words: Sequence[str]) -> None:
    """Nobody would be recognised any more, or the way back would be gone."""
    if "remove" not in words:
        return
    needed = models_needed() & set(words)
    if needed:
        raise CommandError(
            f"{', '.join(sorted(needed))} is in use, being prepared, or the one to go back to. "
            "Change the model first."
        )
