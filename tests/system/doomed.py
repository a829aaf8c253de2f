"""A supervisor in a process of its own, for the test that kills it: ``doomed.py DIRECTORY``."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.system.toys import READY_THEN_WAIT, Nursery

WITH_GRANDCHILD = """
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with (Path(os.environ["TOY_DIR"]) / "events").open("a") as events:
        events.write(f"start grandchild {child.pid}\\n")
"""


async def main(directory: Path) -> None:
    toys = Nursery(directory)
    await toys.supervisor.start(toys.spec("web", WITH_GRANDCHILD + READY_THEN_WAIT))
    print("ready", flush=True)
    await asyncio.sleep(600)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
