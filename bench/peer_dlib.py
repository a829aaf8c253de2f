"""The peer ``face_recognition`` on dlib, in the interpreter that has it (bench/requirements-peers.txt).

Public surface: ``add_peer_argument``, ``run_face_recognition`` with ``PeerRun``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.support import Photo
from tests.integration.gatehouse import PROJECT

__all__ = ["PeerRun", "add_peer_argument", "run_face_recognition"]


@dataclass(frozen=True, slots=True)
class PeerRun:
    """By its own clock, and the names that it said per photo."""

    photos_per_s: float
    names: list[list[str]]


def add_peer_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--peer-python``."""
    parser.add_argument(
        "--peer-python",
        type=Path,
        default=PROJECT / ".venv-peers" / "bin" / "python",
        help="the interpreter that has face_recognition (bench/requirements-peers.txt)",
    )


def run_face_recognition(
    python: Path, *, enrol: Sequence[Photo], photos: Sequence[Photo]
) -> PeerRun | str:
    """Enrol, then recognise; where it cannot run, why."""
    if not python.exists():
        return f"there is no {python}. See bench/requirements-peers.txt."
    work = {
        "enrol": [[str(photo.path), photo.identity] for photo in enrol],
        "photos": [str(photo.path) for photo in photos],
    }
    ended = subprocess.run(
        [str(python), str(PROJECT / "bench" / "peer_face_recognition.py")],
        input=json.dumps(work),
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode != 0:
        return f"it does not run:\n{ended.stderr.strip()}"
    result = json.loads(ended.stdout)
    return PeerRun(len(photos) / result["seconds"], result["names"])
