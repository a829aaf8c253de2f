"""What a subcommand is. Public surface: ``Command``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Command"]


@dataclass(frozen=True, slots=True)
class Command:
    """One subcommand: ``summary`` is its line in the list, ``description`` what ``--help`` teaches.

    ``run`` returns the exit code: 0 done, 1 something was wrong and was named. It may raise any
    ``RecognitionError``; ``recognition.cli.main`` prints it.
    """

    name: str
    summary: str
    description: str
    add_arguments: Callable[[ArgumentParser], None]
    run: Callable[[Namespace], int]
