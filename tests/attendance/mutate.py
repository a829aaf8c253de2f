"""How many small wrongs in the attendance engine do its cases notice?

    python -m tests.attendance.mutate [--only minutes] [--least 95]

Every mutant of ``tests.attendance.mutants`` is imported from memory in place of its module, and
the cases and behaviours are tried on it until one fails. Those that none notices are printed by
line; those that cannot be noticed, because nothing that can be observed differs, are listed with
the reason in ``tests.attendance.equivalents``. Exits with 1 below ``--least`` per cent.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import pytest

from tests.attendance.behaviours import BEHAVIOURS
from tests.attendance.cases import CASES
from tests.attendance.equivalents import EQUIVALENT
from tests.attendance.mutants import Mutant, mutants_of
from tests.attendance.notation import differences

__all__ = ["main"]

ROOT = Path(__file__).parents[2]
ENGINE = "portal.attendance.engine"
PACKAGES = (ENGINE, "portal.attendance.rulefile")
# Words have no branches, and the texts of errors are not behaviour.
LEFT_OUT = {"__init__", "words", "errors"}
# Processor time: a mutant that never ends is noticed, whatever else the machine is doing.
LONGEST_S = 5.0


class TooLong(Exception):
    """A mutant runs for ever."""


class Memory:
    """Imports the engine and the reader of rule files from compiled code, one module replaced."""

    def __init__(self) -> None:
        self._codes: dict[str, tuple[CodeType, bool]] = {}
        self._replaced: dict[str, CodeType] = {}
        for package in PACKAGES:
            folder = ROOT / package.replace(".", "/")
            for path in sorted(folder.glob("*.py")):
                is_package = path.stem == "__init__"
                name = package if is_package else f"{package}.{path.stem}"
                code = compile(path.read_text(encoding="utf-8"), str(path), "exec")
                self._codes[name] = (code, is_package)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name not in self._codes:
            return None
        return ModuleSpec(name, self, is_package=self._codes[name][1])

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        name = module.__name__
        exec(self._replaced.get(name) or self._codes[name][0], module.__dict__)  # noqa: S102

    @contextmanager
    def imported(self, module: str = "", tree: ast.Module | None = None) -> Iterator[None]:
        """The packages as they are, or with one module's tree in its place."""
        before = {name: sys.modules.pop(name) for name in list(sys.modules) if name in self._codes}
        if tree is not None:
            self._replaced = {module: compile(tree, f"<mutant of {module}>", "exec")}
        sys.meta_path.insert(0, self)
        try:
            yield
        finally:
            sys.meta_path.remove(self)
            self._replaced = {}
            for name in self._codes:
                sys.modules.pop(name, None)
            sys.modules.update(before)


def first_failure() -> str | None:
    """The case or behaviour that does not hold with what is imported now."""
    try:
        engine = importlib.import_module(ENGINE)
        rulefile = importlib.import_module(PACKAGES[1])
    except TooLong:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, the mutant is noticed
        return f"import: {error!r}"
    for case in CASES:
        try:
            file = rulefile.read_rule_file(json.dumps(case.document))
            days = engine.attendance_days(file.inputs, first=file.first, last=file.last)
            wrong = differences(case, rulefile.days_as_json(days)["days"])
        except TooLong:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the mutant is noticed
            wrong = [repr(error)]
        if wrong:
            return f"case {case.number}"
    for behaviour in BEHAVIOURS:
        try:
            behaviour(engine)
        except TooLong:
            raise
        except (Exception, pytest.fail.Exception):  # noqa: BLE001 - as above
            return behaviour.__name__
    return None


def is_noticed(memory: Memory, mutant: Mutant) -> bool:
    signal.setitimer(signal.ITIMER_VIRTUAL, LONGEST_S)
    try:
        with memory.imported(f"{ENGINE}.{mutant.module}", mutant.tree):
            return first_failure() is not None
    except TooLong:
        return True
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def main() -> int:
    options = _options()
    signal.signal(signal.SIGVTALRM, _too_long)
    memory = Memory()
    with memory.imported():
        if failure := first_failure():
            print(f"The engine itself fails: {failure}")
            return 2
    started = time.monotonic()
    counts: dict[str, list[int]] = {}
    survivors: list[Mutant] = []
    used = set()
    for path in sorted((ROOT / ENGINE.replace(".", "/")).glob("*.py")):
        if path.stem in LEFT_OUT or options.only not in ("", path.stem):
            continue
        tally = counts[path.stem] = [0, 0, 0]
        for mutant in mutants_of(path.stem, path.read_text(encoding="utf-8")):
            if mutant.name in EQUIVALENT:
                used.add(mutant.name)
                tally[2] += 1
            elif is_noticed(memory, mutant):
                tally[0] += 1
            else:
                tally[1] += 1
                survivors.append(mutant)
                print(f"survived {mutant.module}.py:{mutant.line} {mutant.change}: {mutant.source}")
    return _report(counts, started, options, used)


def _report(
    counts: dict[str, list[int]], started: float, options: argparse.Namespace, used: set[Any]
) -> int:
    print(f"{'module':14} killed survived equivalent")
    for name, (killed, survived, same) in counts.items():
        print(f"{name:14} {killed:6} {survived:8} {same:10}")
    killed, survived, same = (sum(column) for column in zip(*counts.values(), strict=True))
    score = 100 * killed / (killed + survived)
    print(
        f"{killed} of {killed + survived} mutants killed: {score:.1f} % "
        f"({same} equivalent ones left out), in {time.monotonic() - started:.0f} s"
    )
    stale = sorted(each for each in EQUIVALENT if each not in used and not options.only)
    for each in stale:
        print(f"no such mutant any more, take it off the list: {each}")
    return int(score < options.least or bool(stale))


def _too_long(number: int, frame: Any) -> None:
    raise TooLong


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default="", metavar="MODULE", help="of the engine")
    parser.add_argument("--least", type=float, default=95.0, metavar="PER_CENT")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
