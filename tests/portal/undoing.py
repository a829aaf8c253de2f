"""Acts drawn at random and taken back: what the properties of every kind of act share.

Two moments are compared by ``canonical.dump``. Public surface: ``slow``, ``committed``,
``act_of``, ``undo_in_turn``, ``undo_in_any_order``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from random import Random

from django.test import TestCase
from hypothesis import HealthCheck, Phase, settings

from portal.core.errors import DomainError
from portal.journal.models import Act
from portal.journal.services import undo_act
from tests.portal.canonical import Rows, dump

__all__ = ["act_of", "committed", "slow", "undo_in_any_order", "undo_in_turn"]

slow = settings(
    max_examples=int(os.environ.get("GATEHOUSE_EXAMPLES", "8")),
    deadline=None,
    # What is built takes half a second to make: shrinking it would take many minutes.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@contextmanager
def committed() -> Iterator[None]:
    """What waits for the commit is done here too: blobs that were replaced are deleted."""
    with TestCase.captureOnCommitCallbacks(execute=True):
        yield


def act_of(do: Callable[[], object]) -> Act | None:
    """The act that ``do`` noted; None where it is refused or changes nothing."""
    newest = Act.objects.order_by("-id").values_list("pk", flat=True).first()
    before = dump()
    try:
        with committed():
            do()
    except DomainError:
        assert dump() == before, "what is refused changes nothing"
        return None
    act = Act.objects.order_by("-id").first()
    return act if act is not None and act.pk != newest else None


def undo_in_turn(
    moments: Sequence[tuple[Act, Rows]], *, check: Callable[[], None] = lambda: None
) -> None:
    """The last first; each leaves everything as it was before its act."""
    for act, before in reversed(moments):
        with committed():
            undo_act(act)
        assert dump() == before, act.kind
        check()


def undo_in_any_order(acts: Sequence[Act], order: Random) -> None:
    """Each is undone, or refused without a change for as long as another is in its way."""
    waiting = list(acts)
    while waiting:
        order.shuffle(waiting)
        refused = []
        for act in waiting:
            before = dump()
            if (error := _refusal(act)) is not None:
                assert error.code == "journal.in_the_way", error.message
                assert dump() == before, "what is refused changes nothing"
                refused.append(act)
        assert len(refused) < len(waiting), "the last of them can always be undone"
        waiting = refused


def _refusal(act: Act) -> DomainError | None:
    try:
        with committed():
            undo_act(act)
    except DomainError as error:
        return error
    return None
