"""What the benchmarks share: the photos, a signed-in browser, a light sender, a live listener.

The sender speaks HTTP/1.1 on raw sockets, because it shares the processors with what it
measures. Public surface: see ``__all__``.
"""

from __future__ import annotations

import json
import os
import platform
import re
import secrets
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Self

from websockets.sync.client import connect

from bench.sender import Target
from tests.integration.gatehouse import PROJECT, Gatehouse, system_environment
from tests.realdata import REAL_DATA

__all__ = [
    "Browser",
    "LiveListener",
    "Photo",
    "SmallLfw",
    "describe_machine",
    "enrol_known",
    "median",
    "percentile",
    "rows_of",
    "small_lfw",
    "system_with_camera",
]


@dataclass(frozen=True, slots=True)
class Photo:
    """A file's bytes and whom it shows; an empty ``identity`` is somebody who is not enrolled."""

    path: Path
    data: bytes = field(repr=False)
    identity: str


@dataclass(frozen=True, slots=True)
class SmallLfw:
    """48 people with three photos to enrol and three to recognise, and 60 strangers."""

    enrol: tuple[Photo, ...]
    probes: tuple[Photo, ...]

    def snapshots(self, count: int) -> list[Photo]:
        """``count`` photos to recognise, the set over and over."""
        return [self.probes[n % len(self.probes)] for n in range(count)]


def small_lfw() -> SmallLfw:
    """Read lfw_small, or leave with a message that says where it is looked for."""
    folder = REAL_DATA / "lfw_small"
    if not (folder / "manifest.json").is_file():
        sys.exit(
            f"This benchmark needs the photos of lfw_small and found none in {folder}. Set "
            "GATEHOUSE_TEST_DATA to the folder that holds lfw_small."
        )
    entries = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))

    def photos(*roles: str) -> tuple[Photo, ...]:
        return tuple(
            Photo(
                path := folder / item["file"],
                path.read_bytes(),
                "" if item["role"] == "unknown" else item["identity"],
            )
            for item in entries
            if item["role"] in roles
        )

    return SmallLfw(enrol=photos("enroll"), probes=photos("probe", "unknown"))


class Browser:
    """Signed in as the first administrator, through the same forms as a person."""

    def __init__(self, system: Gatehouse) -> None:
        self._base = system.base_url
        self._cookies = CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(self._cookies)
        )
        landed, _ = self.submit(
            "/account/login/", {"login": system.email, "password": system.password}
        )
        if "/account/login" in landed:
            raise RuntimeError("the administrator could not sign in")

    @property
    def cookie(self) -> str:
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self._cookies)

    def submit(self, path: str, fields: Mapping[str, str]) -> tuple[str, str]:
        """Fill in the form at ``path``; returns where that led and the page there."""
        self._opener.open(f"{self._base}{path}", timeout=30).close()
        token = next(c.value for c in self._cookies if c.name == "csrftoken")
        body = urllib.parse.urlencode({**fields, "csrfmiddlewaretoken": token or ""}).encode()
        request = urllib.request.Request(  # noqa: S310 - our own http:// address
            f"{self._base}{path}", data=body, headers={"Referer": f"{self._base}{path}"}
        )
        with self._opener.open(request, timeout=30) as answer:
            return str(answer.url), answer.read().decode()

    def send_files(
        self, path: str, files: Mapping[str, tuple[str, str, bytes]], *, on: str = ""
    ) -> tuple[str, str]:
        """Send the upload form at ``path``, or on the page ``on``: name, media type and bytes by
        field."""
        self._opener.open(f"{self._base}{on or path}", timeout=30).close()
        mark = secrets.token_hex(16)
        parts = [
            f'--{mark}\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n'
            f"{self._token}\r\n".encode()
        ]
        for field_name, (name, media_type, data) in files.items():
            head = (
                f'--{mark}\r\nContent-Disposition: form-data; name="{field_name}"; '
                f'filename="{name}"\r\nContent-Type: {media_type}\r\n\r\n'
            )
            parts += [head.encode(), data, b"\r\n"]
        parts.append(f"--{mark}--\r\n".encode())
        request = urllib.request.Request(  # noqa: S310 - our own http:// address
            f"{self._base}{path}",
            data=b"".join(parts),
            headers={
                "Referer": f"{self._base}{path}",
                "Content-Type": f"multipart/form-data; boundary={mark}",
            },
        )
        with self._opener.open(request, timeout=300) as answer:
            return str(answer.url), answer.read().decode()

    def press(
        self, path: str, *, on: str, fields: Mapping[str, str] | None = None
    ) -> tuple[str, str]:
        """Press the button on the page ``on`` that posts ``fields`` to ``path``."""
        self._opener.open(f"{self._base}{on}", timeout=30).close()
        body = urllib.parse.urlencode(
            {**(fields or {}), "csrfmiddlewaretoken": self._token}
        ).encode()
        request = urllib.request.Request(  # noqa: S310 - as above
            f"{self._base}{path}", data=body, headers={"Referer": f"{self._base}{on}"}
        )
        with self._opener.open(request, timeout=60) as answer:
            return str(answer.url), answer.read().decode()

    @property
    def _token(self) -> str:
        return next((c.value or "" for c in self._cookies if c.name == "csrftoken"), "")

    def make_live_camera(self, name: str, *, kind: str, address: str) -> None:
        """Make a camera that Gatehouse fetches pictures from."""
        landed, _ = self.submit("/cameras/new/", {"name": name, "kind": kind, "address": address})
        if landed.endswith("/new/"):
            raise RuntimeError(f"the camera {name} was not made")

    def make_camera(self, name: str) -> Target:
        """Make a camera and return where and how it sends."""
        landed, page = self.submit("/cameras/new/", {"name": name, "place": "", "kind": "push"})
        key = re.search(r"ghc_[A-Za-z0-9_-]+", page)
        if key is None:
            raise RuntimeError(f"no key of a new camera at {landed}")
        camera_id = re.findall(r"[0-9a-f-]{36}", landed)[-1]
        parts = urllib.parse.urlsplit(self._base)
        return Target(
            host=parts.hostname or "",
            port=parts.port or 80,
            path=f"/api/v1/cameras/{camera_id}/snapshots",
            key=key.group(),
        )


class LiveListener:
    """Hears ``sightings.finished`` on the websocket and notes when, per recognition.

    Connects again when the server goes; what was published meanwhile it never hears.
    """

    def __init__(self, system: Gatehouse, cookie: str) -> None:
        self.heard: dict[str, float] = {}
        self.times_heard: dict[str, int] = {}
        self._url = f"ws://127.0.0.1:{system.port}/ws/live/?topics=live"
        self._origin = system.base_url
        self._cookie = cookie
        self._stop = threading.Event()
        self._connected = threading.Event()
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._connected.wait(30):
            raise RuntimeError("the live websocket could not be opened")
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)

    def wait_for(self, ids: Sequence[str], *, within_s: float) -> None:
        """Return once all of ``ids`` were heard of; raises ``TimeoutError`` with how many not."""
        deadline = time.perf_counter() + within_s
        with self._news:
            while missing := sum(1 for key in ids if key not in self.heard):
                left = deadline - time.perf_counter()
                if left <= 0:
                    raise TimeoutError(f"{missing} of {len(ids)} results were not heard of")
                self._news.wait(left)

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                with connect(
                    self._url,
                    additional_headers={"Cookie": self._cookie},
                    origin=self._origin,  # type: ignore[arg-type]
                    compression=None,
                    open_timeout=5,
                ) as socket:
                    self._receive(socket)
            except Exception:
                # Whatever ended the connection: the server may be away for a moment.
                self._connected.clear()
                time.sleep(0.1)

    def _receive(self, socket) -> None:  # type: ignore[no-untyped-def]
        while not self._stop.is_set():
            try:
                text = socket.recv(timeout=0.5)
            except TimeoutError:
                continue
            now = time.perf_counter()
            event = json.loads(text)
            if event["type"] == "hello":
                self._connected.set()
            elif event["type"] == "sightings.finished":
                with self._news:
                    for key in event["ids"]:
                        self.heard.setdefault(key, now)
                        self.times_heard[key] = self.times_heard.get(key, 0) + 1
                    self._news.notify_all()


@contextmanager
def system_with_camera(
    *, enrol: Sequence[Photo] = ()
) -> Iterator[tuple[Gatehouse, Browser, Target]]:
    """The whole system, running, with ``enrol`` enrolled and one camera."""
    system = Gatehouse.create()
    try:
        system.start()
        if enrol:
            enrol_known(system, enrol)
        browser = Browser(system)
        yield system, browser, browser.make_camera("Bench")
    finally:
        system.discard()


def enrol_known(system: Gatehouse, photos: Sequence[Photo]) -> None:
    """Enrol with the command an operator would use."""
    with tempfile.TemporaryDirectory(prefix="gatehouse-bench-") as folder:
        for photo in photos:
            person = Path(folder) / photo.identity
            person.mkdir(exist_ok=True)
            (person / photo.path.name).symlink_to(photo.path)
        subprocess.run(
            [sys.executable, "manage.py", "enrol_folder", folder],
            cwd=PROJECT,
            env=system_environment({"GATEHOUSE_DATA_DIR": str(system.data_dir)}),
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def rows_of(system: Gatehouse, query: str, *parameters: object) -> list[tuple[object, ...]]:
    """Rows of a query on the system's own database, read-only."""
    path = system.data_dir / "gatehouse.sqlite3"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20)) as database:
        return database.execute(query, parameters).fetchall()


def median(values: Sequence[float]) -> float:
    return float(statistics.median(values))


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile; ``share`` is 0.95 for the 95th."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered) + 0.5) - 1))]


def describe_machine() -> str:
    """Processor, cores and the instructions that matter here, Python and kernel, load."""
    info: dict[str, str] = {}
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            info.setdefault(name.strip(), value.strip())
    except OSError:
        info["model name"] = platform.processor() or "unknown processor"
    flags = set(info.get("flags", "").split())
    wanted = [name for name in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if name in flags]
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{info.get('model name', 'unknown processor')}, {os.cpu_count()} cores, "
        f"{' '.join(wanted) or 'no AVX2'}; Python {platform.python_version()}; load {load}"
    )
