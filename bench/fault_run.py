"""Kills parts of a running system with SIGKILL while snapshots arrive, and counts what came out.

Used by ``bench.faults`` and by the integration tests. Public surface: ``Outcome``, ``PARTS``,
``run_with_faults``.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.sender import Sent, Target, send_all
from bench.support import rows_of
from tests.integration.gatehouse import Gatehouse

__all__ = ["PARTS", "Outcome", "run_with_faults"]

# Title in the supervisor's messages, and what its command line holds.
PARTS = (
    ("recognition worker", "--queues recognition"),
    ("broker", "broker.sock"),
    ("web process", "portal.system.web"),
)

SENDERS = 4
# Each part is killed this share of the snapshots after the one before.
_SHARE_BETWEEN = 0.25


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the snapshots. ``lost`` were accepted and have no result; ``doubled`` have
    more than one row or set of faces; ``repeated`` were delivered again by the sender."""

    sent: int
    done: int
    failed: int
    lost: int
    doubled: int
    repeated: int
    recognised_again: int
    seconds: float
    killed: tuple[str, ...]
    back: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        return (
            self.done == self.sent
            and not (self.failed or self.lost or self.doubled)
            and self.back == self.killed
        )


def run_with_faults(
    system: Gatehouse, target: Target, pictures: Sequence[bytes], *, patience_s: float = 180.0
) -> Outcome:
    """Send ``pictures``, kill the worker, the broker and the web process on the way, wait, count.

    Every kill is SIGKILL to the whole process group, so that no part can tidy up.
    """
    keys = [f"fault-{number}" for number in range(len(pictures))]
    answered = [0]
    killed: list[str] = []
    lock = threading.Lock()

    def after_answer(_: Sent) -> None:
        with lock:
            answered[0] += 1
            due = len(killed) < len(PARTS) and answered[0] >= len(pictures) * _SHARE_BETWEEN * (
                len(killed) + 1
            )
            if due:
                title, part = PARTS[len(killed)]
                os.killpg(os.getpgid(system.pid_of(part)), signal.SIGKILL)
                killed.append(title)

    started = time.monotonic()
    sent = send_all(target, pictures, keys=keys, senders=SENDERS, then=after_answer)
    ids = {item.id for item in sent}
    _wait_until_finished(system, patience_s=patience_s)
    seconds = time.monotonic() - started
    back = [title for title in killed if _is_back(system, title)]
    return _count(system, sent, ids, seconds=seconds, killed=tuple(killed), back=tuple(back))


def _wait_until_finished(system: Gatehouse, *, patience_s: float) -> None:
    deadline = time.monotonic() + patience_s
    unfinished = "SELECT count(*) FROM sightings_recognition WHERE state IN ('queued', 'running')"
    while time.monotonic() < deadline:
        if rows_of(system, unfinished) == [(0,)]:
            return
        time.sleep(0.25)


def _is_back(system: Gatehouse, title: str) -> bool:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if any(f"The {title} is running again." in line for line in system.lines):
            return True
        time.sleep(0.1)
    return False


def _count(
    system: Gatehouse,
    sent: Sequence[Sent],
    ids: set[str],
    *,
    seconds: float,
    killed: tuple[str, ...],
    back: tuple[str, ...],
) -> Outcome:
    rows = rows_of(
        system,
        "SELECT r.id, r.state, r.attempts, r.face_count, count(f.id), count(DISTINCT f.position) "
        "FROM sightings_recognition r "
        "LEFT JOIN sightings_recognisedface f ON f.recognition_id = r.id GROUP BY r.id",
    )
    states = {str(row[0]).replace("-", ""): str(row[1]) for row in rows}
    known = {key.replace("-", "") for key in ids}
    return Outcome(
        sent=len(sent),
        done=sum(states.get(key) == "done" for key in known),
        failed=sum(states.get(key) == "failed" for key in known),
        lost=sum(states.get(key) not in {"done", "failed"} for key in known),
        # Rows that no delivery was answered with, deliveries that share a row, faces too many.
        doubled=len(set(states) - known)
        + len(sent)
        - len(known)
        + sum(row[1] == "done" and not row[3] == row[4] == row[5] for row in rows),
        repeated=sum(item.retries > 0 for item in sent),
        recognised_again=sum(int(str(row[2])) > 1 for row in rows),
        seconds=seconds,
        killed=killed,
        back=back,
    )
