"""Measure the import of a roster: 500 people with 3 photos each, through the running system.

    python -m bench.roster [--people 500] [--photos 3]

Photos of LFW where they are, drawn faces else. Prints seconds of the dry run and of the applying,
people per second, and per process the most memory that it held at once (VmHWM, which counts the
mapped libraries too), before the upload and after the import.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

from bench.support import Browser, describe_machine, rows_of
from tests.faces import Pose, render_face
from tests.integration.gatehouse import Gatehouse
from tests.realdata import REAL_DATA

__all__ = ["main"]

_NAMES = (
    ("portal.system.web", "web process"),
    ("--queues recognition", "recognition worker"),
    ("--queues light", "light worker"),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--people", type=int, default=500)
    parser.add_argument("--photos", type=int, default=3)
    options = parser.parse_args()
    print(describe_machine())
    people = list(_people(options.people, options.photos))
    sheet = _sheet(people)
    photos = _archive(people)
    print(
        f"{len(people)} people with {options.photos} photos each: {len(sheet) / 1e3:.0f} kB of CSV, "
        f"{len(photos) / 1e6:.0f} MB of ZIP"
    )
    system = Gatehouse.create()
    try:
        system.start()
        _measure(system, sheet, photos, count=len(people))
    finally:
        system.discard()
    return 0


def _measure(system: Gatehouse, sheet: bytes, photos: bytes, *, count: int) -> None:
    browser = Browser(system)
    before = _peaks(system)
    started = time.perf_counter()
    landed, _ = browser.send_files(
        "/people/import/",
        {
            "sheet": ("people.csv", "text/csv", sheet),
            "photos": ("photos.zip", "application/zip", photos),
        },
    )
    found = re.search(r"/people/import/[0-9a-f-]{36}/", landed)
    if found is None:
        sys.exit(f"The upload was refused: {landed}")
    address = found.group()
    uploaded = time.perf_counter()
    browser.submit(
        f"{address}columns/",
        {"field_code": "0", "field_name": "1", "field_consent": "2", "date_order": "day",
         "basis": "consent"},
    )  # fmt: skip
    _wait(system, "checked")
    checked = time.perf_counter()
    browser.press(f"{address}apply/", on=address)
    _wait(system, "applied")
    applied = time.perf_counter()
    after = _peaks(system)
    verdicts = rows_of(
        system, "SELECT verdict, count(*) FROM roster_rosterphoto GROUP BY 1 ORDER BY 2 DESC"
    )
    seconds = applied - checked
    print(f"upload {uploaded - started:.1f} s, dry run {checked - uploaded:.1f} s")
    print(
        f"applied in {seconds:.1f} s: {count / seconds:.1f} people/s, "
        f"{sum(int(str(n)) for _, n in verdicts) / seconds:.1f} photos/s"
    )
    print("photos: " + ", ".join(f"{number} {verdict}" for verdict, number in verdicts))
    print("most memory held at once, MB (before the upload → after the import):")
    for name, peak in after.items():
        print(f"  {name}: {before.get(name, 0.0):.0f} → {peak:.0f}")


def _wait(system: Gatehouse, state: str) -> None:
    while True:
        found = rows_of(system, "SELECT state, message FROM roster_rosterimport")[0]
        if found[0] == state:
            return
        if found[0] in {"refused", "stopped"}:
            sys.exit(f"The import was {found[0]}: {found[1]}")
        time.sleep(0.1)


def _peaks(system: Gatehouse) -> dict[str, float]:
    """Per part the largest VmHWM among its processes."""
    peaks: dict[str, float] = {}
    for pid, command in system.processes().items():
        part = next((name for mark, name in _NAMES if mark in command), None)
        if part is None:
            continue
        try:
            status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        except OSError:
            continue
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        if found:
            peaks[part] = max(peaks.get(part, 0.0), int(found.group(1)) / 1024)
    return dict(sorted(peaks.items()))


def _people(count: int, photos: int) -> Iterator[tuple[str, list[bytes]]]:
    """Name and photos of each."""
    folder = REAL_DATA / "lfw" / "images"
    if not folder.is_dir():
        print("no photos of LFW: the people are drawn", file=sys.stderr)
        for identity in range(count):
            yield (
                f"Person {identity}",
                [_drawn(identity, look) for look in range(photos)],
            )
        return
    found = 0
    for person in sorted(folder.iterdir()):
        files = sorted(person.iterdir())[:photos]
        if len(files) == photos:
            yield person.name.replace("_", " "), [file.read_bytes() for file in files]
            found += 1
        if found == count:
            return


def _drawn(identity: int, look: int) -> bytes:
    from tests.e2e.cast import jpeg

    pose = (Pose(), Pose(yaw=9), Pose(yaw=-9, pitch=3))[look % 3]
    picture = render_face(
        identity, pose=pose, size_px=(250, 250), face_fraction=0.6, seed=100 * identity + look
    )
    return jpeg(picture)


def _sheet(people: list[tuple[str, list[bytes]]]) -> bytes:
    lines = [f'{number},"{name}",yes' for number, (name, _) in enumerate(people)]
    return ("Code,Name,Consent\r\n" + "\r\n".join(lines) + "\r\n").encode()


def _archive(people: list[tuple[str, list[bytes]]]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for number, (_, photos) in enumerate(people):
            for look, data in enumerate(photos):
                archive.writestr(f"{number}_{look}.jpg", data)
    return file.getvalue()


if __name__ == "__main__":
    sys.exit(main())
