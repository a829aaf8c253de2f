"""Ends a supervisor's children when the supervisor itself was killed. Standard library only.

The supervisor writes ``+<process group>`` or ``-<process group>`` lines into this process's
standard input and keeps the other end open. When that end closes, however that came about,
every group still on the list is killed, grandchildren included.
Not a supervisor: it starts nothing. Run as ``python -m portal.system.warden``.
"""

import os
import signal
import sys
from collections.abc import Iterable

__all__ = ["groups_left", "main"]


def groups_left(lines: Iterable[str]) -> set[int]:
    """Return the process groups that were added and not removed when ``lines`` ended."""
    groups: set[int] = set()
    for line in lines:
        sign, number = line[0], int(line[1:])
        if sign == "+":
            groups.add(number)
        else:
            groups.discard(number)
    return groups


def main() -> None:
    # A signal to the whole terminal or session must not end the one process that cleans up.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for group in groups_left(sys.stdin):
        try:
            os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:
            continue


if __name__ == "__main__":
    main()
