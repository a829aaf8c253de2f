"""With whose rights a worker goes on with a roster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from portal.accounts.models import User
from portal.core.context import Actor, acting_as, require
from portal.core.errors import PermissionMissing
from portal.core.policies import ALL_PERMISSIONS
from portal.roster.models import RosterImport

__all__ = ["acting_as_importer"]


@contextmanager
def acting_as_importer(roster: RosterImport) -> Iterator[Actor]:
    """Act as whoever uploaded ``roster``, with the rights and the scope that they have now.

    Raises ``PermissionMissing`` where those have been taken away meanwhile.
    """
    with acting_as(_importer(roster)) as actor:
        require("people.import")
        yield actor


def _importer(roster: RosterImport) -> Actor:
    if roster.actor_kind != "user":
        return Actor(
            kind="command",
            id=roster.actor_id,
            label=roster.actor_label,
            permissions=ALL_PERMISSIONS,
        )
    user = User.objects.filter(pk=int(roster.actor_id), is_active=True).first()
    if user is None:
        raise PermissionMissing("Whoever uploaded this roster has no account any more.")
    return Actor(
        kind="user",
        id=str(user.pk),
        label=user.get_username(),
        permissions=user.permissions,
        scope=user.scope(),
    )
