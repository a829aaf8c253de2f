"""Management commands act as themselves: whoever can run them owns the installation."""

from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getuser

from portal.core.context import Actor, acting_as
from portal.core.policies import ALL_PERMISSIONS

__all__ = ["acting_as_command"]


@contextmanager
def acting_as_command(name: str) -> Iterator[Actor]:
    """Act as ``manage.py NAME``, with the operating system's user in the audit log."""
    try:
        user = getuser()
    except (KeyError, OSError):
        user = "?"
    actor = Actor(
        kind="command", id=name, label=f"manage.py {name} ({user})", permissions=ALL_PERMISSIONS
    )
    with acting_as(actor):
        yield actor
