"""Measure how long a webcam's frame takes there and back: ``python -m bench.coach_round_trip``.

Starts a system of its own, begins an enrolment and sends frames of 640 px as the page does, three a
second and one at a time; the time runs from the first byte sent to the advice read. The websocket's
hint is replaced by asking again every 5 ms, so a browser's own time is not in it.
"""

from __future__ import annotations

import argparse
import re
import time
import urllib.request
from http.cookiejar import CookieJar

import numpy as np

from tests.faces import Pose, jpeg_bytes, render_face
from tests.integration.gatehouse import Gatehouse

BETWEEN_S = 0.33
ASK_AGAIN_S = 0.005


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=120)
    options = parser.parse_args()
    picture = render_face(17, pose=Pose(yaw=4), size_px=(640, 480), face_fraction=0.5)
    frame = jpeg_bytes(picture, 80)
    system = Gatehouse.create()
    try:
        system.start()
        page = Visitor(system)
        times_ms = [page.ask(frame) for _ in range(options.frames + 5)][5:]
    finally:
        system.discard()
    p50, p95 = np.percentile(times_ms, [50, 95])
    print(
        f"{len(times_ms)} frames of {len(frame) / 1000:.0f} kB: p50 {p50:.0f} ms, "
        f"p95 {p95:.0f} ms, longest {max(times_ms):.0f} ms"
    )


class Visitor:
    """A signed-in administrator with a draft."""

    def __init__(self, system: Gatehouse) -> None:
        self._base = system.base_url
        self._cookies = CookieJar()
        self._open = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(self._cookies)
        ).open
        login = f"{self._base}/account/login/"
        self._open(login).read()
        self._post(login, f"login={system.email}&password={system.password}".encode())
        _, url = self._post(f"{self._base}/people/enrol/", b"")
        found = re.search(r"/people/enrol/([0-9a-f-]{36})/", url)
        if found is None:
            raise SystemExit(f"No enrolment began; the page is {url}.")
        self._frame_url = f"{self._base}/people/enrol/{found[1]}/frame/"

    def ask(self, frame: bytes) -> float:
        """The round trip of one frame, in milliseconds; then the rest of its third of a second."""
        started = time.perf_counter()
        answer, _ = self._post(self._frame_url, frame, kind="image/jpeg")
        frame_id = re.search(rb'"id": "([0-9a-f-]+)"', answer)
        if frame_id is None:
            raise SystemExit(f"The frame was not taken: {answer!r}")
        url = f"{self._base}/people/enrol/frames/{frame_id[1].decode()}/?angle=front"
        while not (advice := self._post(url, b"")[0]):
            time.sleep(ASK_AGAIN_S)
        took_s = time.perf_counter() - started
        if b'"code"' not in advice:
            raise SystemExit(f"No advice came: {advice!r}")
        time.sleep(max(0.0, BETWEEN_S - took_s))
        return took_s * 1000.0

    def _post(
        self, url: str, body: bytes, *, kind: str = "application/x-www-form-urlencoded"
    ) -> tuple[bytes, str]:
        token = next(c.value for c in self._cookies if c.name.endswith("csrftoken"))
        request = urllib.request.Request(  # noqa: S310 - our own address
            url,
            data=body,
            headers={"Content-Type": kind, "X-CSRFToken": token or "", "Referer": url},
        )
        with self._open(request, timeout=30) as answer:
            return answer.read(), answer.geturl()


if __name__ == "__main__":
    main()
