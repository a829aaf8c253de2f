"""Kill the worker, the broker and the web process while snapshots arrive; nothing may be lost.

    python -m bench.faults [--snapshots 500]

The sender repeats a delivery under the same idempotency key when its connection breaks or the
answer is 5xx, as the guide for cameras says. Leaves with status 1 where a result is missing,
failed or there twice.
"""

from __future__ import annotations

import argparse
import sys

from bench.fault_run import run_with_faults
from bench.support import describe_machine, small_lfw, system_with_camera

__all__ = ["main"]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--snapshots", type=int, default=500)
    count = parser.parse_args().snapshots
    data = small_lfw()
    print(describe_machine())
    with system_with_camera(enrol=data.enrol) as (system, _, target):
        outcome = run_with_faults(system, target, [photo.data for photo in data.snapshots(count)])
        for line in system.lines:
            if " | " not in line:  # what the supervisor says, without the processes' own logs
                print(f"  up: {line}")
    print(
        f"{outcome.sent} snapshots, killed with SIGKILL on the way: {', '.join(outcome.killed)}.\n"
        f"{outcome.done} results, {outcome.failed} failed, {outcome.lost} lost, "
        f"{outcome.doubled} doubled; {outcome.repeated} deliveries were repeated by the sender, "
        f"{outcome.recognised_again} pictures taken up again by the next worker; "
        f"{outcome.seconds:.1f} s; running again: {', '.join(outcome.back) or 'none'}."
    )
    return 0 if outcome.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
