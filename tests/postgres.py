"""A PostgreSQL server of one's own, from Debian's packages. Public surface: ``PG_CTL``,
``postgres_server``. Benchmarks import it too."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

__all__ = ["PG_CTL", "postgres_server"]

# Debian puts the server's programs beside the path; of several versions the newest is taken.
_FOLDERS: Final = sorted(
    Path("/usr/lib/postgresql").glob("*/bin"),
    key=lambda each: float(each.parent.name),
    reverse=True,
)
PG_CTL: Final = shutil.which("pg_ctl", path=os.pathsep.join([*map(str, _FOLDERS), os.defpath]))
# It listens on a socket in a folder of its own, whose name this is part of.
_PORT: Final = 54973


@contextmanager
def postgres_server(*, is_durable: bool = True) -> Iterator[str]:
    """Run a server on new data; answers the ``DATABASE_URL`` of an empty database there. Nothing
    but a socket in its own folder leads to it. The server refuses to be run by root, who must lend
    it to another. What is not durable is faster, as tests want it.
    """
    if PG_CTL is None:
        raise RuntimeError("pg_ctl was not found: install the package postgresql.")
    # A short name: the path of a socket may have a hundred characters.
    folder = Path(tempfile.mkdtemp(prefix="gatehouse-pg-"))
    lend = []
    if os.getuid() == 0:
        lend = ["runuser", "-u", "postgres", "--"]
        shutil.chown(folder, "postgres", "postgres")
    run = [*lend, PG_CTL, "-D", str(folder / "data"), "-s", "-w"]
    options = f"-p {_PORT} -k {folder} -c listen_addresses= -c shared_buffers=256MB"
    if not is_durable:
        options += " -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
    try:
        subprocess.run([*run, "init", "-o", "-A trust -U postgres"], check=True, cwd=folder)
        log = str(folder / "log")
        subprocess.run([*run, "start", "-l", log, "-o", options], check=True, cwd=folder)
        try:
            yield f"postgres://postgres@/postgres?host={folder}&port={_PORT}"
        finally:
            subprocess.run([*run, "stop", "-m", "immediate"], check=True, cwd=folder)
    finally:
        shutil.rmtree(folder)
