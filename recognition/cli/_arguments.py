"""Kinds of option values, refused with a sentence where they make no sense.

Public surface: ``at_least``, ``cosine``, ``share``, ``add_profile_argument``,
``add_rejection_arguments``.
"""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable

from recognition.classification.model import DEFAULT_MIN_PROBABILITY
from recognition.decision.comparison import PROFILES

__all__ = ["add_profile_argument", "add_rejection_arguments", "at_least", "cosine", "share"]


def at_least(least: int) -> Callable[[str], int]:
    """Whole numbers from ``least`` on."""

    def whole(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least:
            raise ArgumentTypeError(f"{text!r} is not a whole number from {least} on")
        return number

    return whole


def cosine(text: str) -> float:
    """A cosine similarity that a threshold may have: between 0 and 1."""
    return _between(text, "a cosine similarity between 0 and 1")


def share(text: str) -> float:
    """A share or probability between 0 and 1."""
    return _between(text, "a share between 0 and 1, 0.01 for 1 %")


def add_profile_argument(parser: ArgumentParser) -> None:
    """Add ``--profile``: the setting, whose floors and error rates then hold."""
    parser.add_argument(
        "--profile",
        choices=tuple(PROFILES),
        default="cooperative",
        help="cooperative: people who want to be recognised and can try again, so faces must be "
        "good; non-cooperative: passers-by before a camera, poorer faces, stricter threshold",
    )


def add_rejection_arguments(parser: ArgumentParser) -> None:
    """Add ``--min-probability`` and ``--min-cosine``: below either, a face is unknown."""
    parser.add_argument(
        "--min-probability",
        type=share,
        default=DEFAULT_MIN_PROBABILITY,
        help="less is unknown; default %(default)s",
    )
    parser.add_argument(
        "--min-cosine", type=cosine, help="less is unknown; default by the number of photos learnt"
    )


def _between(text: str, expected: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0.0 <= number <= 1.0:
        raise ArgumentTypeError(f"{text!r} is not {expected}")
    return number
