"""What a Python that has loaded nothing yet loads for a piece of code."""

import subprocess
import sys
from collections.abc import Collection
from pathlib import Path


def modules_loaded_by(statements: str, *arguments: str, among: Collection[str]) -> list[str]:
    """Those ``among`` the modules that are loaded after ``statements``, run in the project's root."""
    code = f"import sys; {statements}; print(*sorted({set(among)} & sys.modules.keys()))"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return done.stdout.split()
