"""Cameras that are asked by HTTP: snapshots and MJPEG, logins, limits, and no redirects."""

from __future__ import annotations

import base64
import hashlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from urllib.request import parse_http_list, parse_keqv_list

import numpy as np
import pytest

from portal.core import outbound_auth
from recognition.images import encode_jpeg
from tests.clips import number_of
from tests.tls import speak_tls, write_certificate
from tests.workers.streams.conftest import room_frames
from workers.streams.messages import Assignment, Trouble
from workers.streams.sources import Decoded, http, open_source
from workers.streams.sources.authentication import Login
from workers.streams.sources.mjpeg import PartReader
from workers.streams.sources.snapshot import MOST_BYTES

USER, PASSWORD = "viewer", 'pass"word\\1'
JPEGS = [encode_jpeg(frame, quality=95) for frame in room_frames(6)]

Answer = Callable[[BaseHTTPRequestHandler], None]


class Camera:
    """A camera on loopback that answers as the test says, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answer: Answer = lambda request: send(request, 200, JPEGS[0])
        self.asked: list[tuple[str, str]] = []
        camera = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                camera.asked.append((self.path, self.headers.get("Authorization", "")))
                camera.answer(self)

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def task(self, kind: str = "snapshot", **changes: object) -> Assignment:
        fields = {
            "kind": kind,
            "rate_fps": 50.0,
            "scheme": "http",
            # A name that nobody could look up: only the address that was checked is connected to.
            "host": "camera.invalid",
            "port": self.server.server_port,
            "path": "/now.jpg?size=1",
            "ip": "127.0.0.1",
        }
        return Assignment(**{**fields, **changes})  # type: ignore[arg-type]

    def frames(self, count: int, task: Assignment) -> list[Decoded]:
        frames = open_source(task, on_error=lambda: None)
        found = list(islice(frames, count))
        frames.close()  # type: ignore[attr-defined]
        return found


def send(request: BaseHTTPRequestHandler, status: int, body: bytes = b"", **headers: str) -> None:
    request.send_response(status)
    for name, value in headers.items():
        request.send_header(name.replace("_", "-"), value)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


@pytest.fixture
def camera() -> Iterator[Camera]:
    made = Camera()
    yield made
    made.server.shutdown()
    made.server.server_close()


def shown(frame: Decoded) -> int:
    assert frame.luma() is not None
    return number_of(frame.picture())


def trouble(camera: Camera, task: Assignment) -> str:
    with pytest.raises(Trouble) as raised:
        camera.frames(1, task)
    return raised.value.code


def test_snapshots_are_asked_for_one_after_the_other(camera: Camera) -> None:
    jpegs = iter(JPEGS)
    camera.answer = lambda request: send(request, 200, next(jpegs))
    assert [shown(f) for f in camera.frames(4, camera.task())] == [0, 1, 2, 3]
    assert camera.asked[0] == ("/now.jpg?size=1", "")


def test_the_camera_s_own_clock_is_read_from_its_answers(camera: Camera) -> None:
    (frame,) = camera.frames(1, camera.task())
    assert frame.skew_ms is not None
    assert abs(frame.skew_ms) < 2000


def test_a_camera_that_closes_the_connection_each_time_is_asked_again(camera: Camera) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        send(request, 200, JPEGS[1])
        request.close_connection = True

    camera.answer = answer
    assert len(camera.frames(3, camera.task())) == 3


@pytest.mark.parametrize(
    ("status", "headers", "code"),
    [
        pytest.param(401, {}, "credentials", id="login wanted, none known"),
        pytest.param(403, {}, "credentials", id="forbidden"),
        pytest.param(404, {}, "not_found", id="no such path"),
        pytest.param(500, {}, "http", id="broken"),
        pytest.param(302, {"Location": "http://169.254.169.254/"}, "redirected", id="redirect"),
        pytest.param(301, {"Location": "file:///etc/passwd"}, "redirected", id="to a file"),
    ],
)
def test_what_is_no_picture_is_told_apart(
    camera: Camera, status: int, headers: dict[str, str], code: str
) -> None:
    camera.answer = lambda request: send(request, status, **headers)
    assert trouble(camera, camera.task()) == code
    assert len(camera.asked) == 1, "it was followed, or asked again"


def test_nobody_there_is_unreachable(camera: Camera) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert trouble(camera, camera.task(port=port)) == "unreachable"


def test_a_camera_s_certificate_must_be_valid_unless_nobody_asks_for_it(
    camera: Camera, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = write_certificate(tmp_path / "camera.pem", host="camera.invalid")
    assert trouble(camera, camera.task(scheme="https")) == "tls", "it has no TLS at all"
    speak_tls(camera.server, certificate)
    assert trouble(camera, camera.task(scheme="https")) == "certificate", "nobody trusts it"
    assert len(camera.frames(1, camera.task(scheme="https", verifies_certificate=False))) == 1
    trusting = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(ssl, "create_default_context", lambda: trusting)
    assert len(camera.frames(1, camera.task(scheme="https"))) == 1
    other = camera.task(scheme="https", host="other.invalid")
    assert trouble(camera, other) == "certificate", "it is for another name"


def test_basic_login_is_told_only_when_it_is_asked_for(camera: Camera) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        wanted = "Basic " + base64.b64encode(b"root:p:w").decode()
        if request.headers.get("Authorization") == wanted:
            send(request, 200, JPEGS[2])
        else:
            send(request, 401, WWW_Authenticate='Basic realm="x"')

    camera.answer = answer
    task = camera.task(username="root", password="p:w")
    assert len(camera.frames(2, task)) == 2
    assert [bool(login) for _, login in camera.asked] == [False, True, True]
    assert trouble(camera, camera.task(username="root", password="other")) == "credentials"


def wants_digest(algorithm: str, qop: str) -> Answer:
    """A camera that takes the password hashed, or, as it says itself, in the clear."""
    name = algorithm.replace("-", "").lower()

    def hashed(text: str) -> str:
        return hashlib.new(name, text.encode()).hexdigest()

    def answer(request: BaseHTTPRequestHandler) -> None:
        given = request.headers.get("Authorization", "")
        if not given.startswith("Digest "):
            request.send_response(401)
            request.send_header("WWW-Authenticate", 'Basic realm="weaker"')
            asked = f'Digest realm="a \\"b\\"", nonce="n1", opaque="o", algorithm={algorithm}'
            request.send_header("WWW-Authenticate", asked + (f', qop="{qop}"' if qop else ""))
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        said = parse_keqv_list(parse_http_list(given[7:]))
        secret = hashed(f'{USER}:a "b":{PASSWORD}')
        middle = f"n1:{said['nc']}:{said['cnonce']}:auth" if qop else "n1"
        wanted = hashed(f"{secret}:{middle}:{hashed(f'GET:{request.path}')}")
        is_right = said["response"] == wanted and said["uri"] == request.path
        send(request, 200 if is_right else 403, JPEGS[0])

    return answer


@pytest.mark.parametrize(
    ("algorithm", "qop"), [("MD5", "auth"), ("SHA-256", "auth"), ("MD5", ""), ("SHA-256", "")]
)
def test_a_challenge_is_answered_with_the_hashed_password(
    camera: Camera, algorithm: str, qop: str
) -> None:
    camera.answer = wants_digest(algorithm, qop)
    assert len(camera.frames(3, camera.task(username=USER, password=PASSWORD))) == 3
    logins = [login for _, login in camera.asked]
    assert [login[:7] for login in logins] == ["", *["Digest "] * 3], "not the weaker one"
    counts = [f"nc={count:08x}" in login for count, login in enumerate(logins)]
    assert counts == [False, *[bool(qop)] * 3], "each answer to one challenge has its number"


def test_a_wrong_password_is_not_tried_again_and_again(camera: Camera) -> None:
    camera.answer = lambda request: send(request, 401, WWW_Authenticate='Basic realm="x"')
    assert trouble(camera, camera.task(username="somebody", password="p")) == "credentials"
    assert len(camera.asked) == 2


def test_the_camera_is_asked_under_its_name(camera: Camera) -> None:
    hosts = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        hosts.append(request.headers["Host"])
        send(request, 200, JPEGS[0])

    camera.answer = answer
    camera.frames(1, camera.task())
    assert hosts == [f"camera.invalid:{camera.server.server_port}"]


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        # RFC 7616, section 3.9.1.
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_digest_login_is_that_of_the_standard(
    monkeypatch: pytest.MonkeyPatch, algorithm: str, response: str
) -> None:
    own = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    monkeypatch.setattr(outbound_auth.secrets, "token_hex", lambda _: own)
    login = Login("Mufasa", "Circle of Life")
    challenge = (
        'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm='
        f'{algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
        'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    assert login.take(["Basic realm=x", challenge])
    header = login.header("GET", "/dir/index.html")
    assert header is not None
    assert f'response="{response}"' in header
    assert "qop=auth, nc=00000001" in header


def test_a_digest_that_cannot_be_answered_is_not_answered_with_the_password() -> None:
    login = Login("root", "secret")
    assert not login.take(['Digest realm="x", nonce="1", algorithm=SHA-512-256'])
    assert login.header("GET", "/") is None
    assert not login.take(['Digest realm="x", nonce="1", qop="auth-int"'])
    assert login.header("GET", "/") is None


def test_a_picture_without_end_is_given_up(camera: Camera) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        request.close_connection = True
        try:
            for _ in range(MOST_BYTES // 65_536 + 10):
                request.wfile.write(bytes(65_536))
        except OSError:
            return

    camera.answer = answer
    assert trouble(camera, camera.task()) == "too_large"


def test_a_camera_that_stops_in_the_middle_of_a_picture_is_silent(
    camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "READ_S", 0.3)
    over = threading.Event()

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "100000")
        request.end_headers()
        request.wfile.write(JPEGS[0][:50])
        over.wait(10)

    camera.answer = answer
    assert trouble(camera, camera.task()) == "silent"
    over.set()


def test_a_picture_that_is_none_is_told_apart_from_an_answer(camera: Camera) -> None:
    camera.answer = lambda request: send(request, 200, b"<html>please log in</html>")
    (frame,) = camera.frames(1, camera.task())
    assert frame.luma() is None


def multipart(boundary: bytes, parts: list[bytes], *, has_length: bool) -> bytes:
    made = b""
    for part in parts:
        length = f"Content-Length: {len(part)}\r\n".encode() if has_length else b""
        made += (
            b"--"
            + boundary
            + b"\r\nContent-Type: image/jpeg\r\n"
            + length
            + b"\r\n"
            + part
            + b"\r\n"
        )
    return made + b"--" + boundary + b"\r\n"


@pytest.mark.parametrize("has_length", [True, False])
@pytest.mark.parametrize("chunk", [1000, 7, 100_000])
@pytest.mark.parametrize("name", ["frame", "--frame", '"--frame"'])
def test_the_parts_of_a_stream_are_found_however_it_is_cut(
    has_length: bool, chunk: int, name: str
) -> None:
    data = multipart(b"frame", JPEGS[:3], has_length=has_length)
    reader, found = PartReader(name), []
    for at in range(0, len(data), chunk):
        found += reader.feed(data[at : at + chunk])
    assert found == JPEGS[:3]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"--frame\r\nContent-Length: 999999999\r\n\r\n", "too_large"),
        (b"--frame\r\n" + b"X-Long: 1\r\n" * 2000, "unreadable"),
        (bytes(MOST_BYTES + 10_000), "too_large"),
    ],
)
def test_a_stream_cannot_fill_the_memory(data: bytes, code: str) -> None:
    with pytest.raises(Trouble) as raised:
        PartReader("frame").feed(data)
    assert raised.value.code == code


def test_mjpeg_pictures_come_as_they_are_sent(camera: Camera) -> None:
    gate = threading.Semaphore(0)

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "multipart/x-mixed-replace; boundary=--frame")
        request.end_headers()
        request.close_connection = True
        for jpeg in JPEGS[:3]:
            request.wfile.write(multipart(b"frame", [jpeg], has_length=True))
            gate.acquire(timeout=10)

    camera.answer = answer
    frames = open_source(camera.task("mjpeg"), on_error=lambda: None)
    numbers = []
    for frame in islice(frames, 3):
        numbers.append(shown(frame))
        gate.release()
    assert numbers == [0, 1, 2]
    with pytest.raises(Trouble, match="closed"):
        next(frames)


def test_a_page_is_no_stream(camera: Camera) -> None:
    camera.answer = lambda request: send(request, 200, b"hello", Content_Type="text/html")
    assert trouble(camera, camera.task("mjpeg")) == "unreadable"


def test_large_snapshots_are_made_smaller(camera: Camera) -> None:
    large = encode_jpeg(np.zeros((1600, 4000, 3), np.uint8))
    camera.answer = lambda request: send(request, 200, large)
    (frame,) = camera.frames(1, camera.task())
    assert frame.luma() is not None
    assert max(frame.picture().shape) <= 1920
