"""Requests to cameras and webhooks, against a server that answers in every bad way."""

from __future__ import annotations

import hashlib
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import parse_http_list, parse_keqv_list

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from portal.core import outbound_http
from portal.core.outbound import SafeAddress
from portal.core.outbound_http import OutboundFailed, open_http

USER, PASSWORD = "viewer", 'pass"word\\1'


class Camera(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        self.server.seen.append((self.command, self.path, dict(self.headers)))
        getattr(self, self.path.strip("/").split("?")[0].replace("-", "_"))()

    do_POST = do_GET  # noqa: N815 - named by the library

    def answer(self, status=200, body=b"", **headers):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def snap(self):
        length = int(self.headers.get("Content-Length", 0))
        self.answer(body=b"picture" + self.rfile.read(length), Content_Type="image/jpeg")

    def elsewhere(self):
        self.answer(302, Location="http://127.0.0.1:1/")

    def chunked(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for _ in range(40):
            self.wfile.write(b"3e8\r\n" + b"x" * 1000 + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def drip(self):
        try:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while True:
                self.wfile.write(b"x")
                time.sleep(0.05)
        except OSError:
            self.close_connection = True

    def drip_body(self):
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            while True:
                self.wfile.write(b"x")
                time.sleep(0.05)
        except OSError:
            pass

    def rubbish(self):
        self.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        self.close_connection = True

    def gone(self):
        self.answer(404, b"no")

    def basic(self):
        if self.headers.get("Authorization") == "Basic dmlld2VyOnBhc3Mid29yZFwx":
            self.answer(body=b"basic")
        else:
            self.answer(401, WWW_Authenticate='Basic realm="camera"')

    def digest(self, algorithm="md5", qop="auth"):
        asked = f'Digest realm="a \\"b\\"", nonce="n1", opaque="o", algorithm={algorithm.upper()}'
        asked = asked.replace("SHA256", "SHA-256") + (f', qop="{qop}"' if qop else "")
        given = self.headers.get("Authorization", "")
        if not given.startswith("Digest "):
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="weaker"')
            self.send_header("WWW-Authenticate", asked)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        said = parse_keqv_list(parse_http_list(given[7:]))

        def hashed(text):
            return hashlib.new(algorithm, text.encode()).hexdigest()

        secret = hashed(f'{USER}:a "b":{PASSWORD}')
        middle = f"n1:{said['nc']}:{said['cnonce']}:auth" if qop else "n1"
        wanted = hashed(f"{secret}:{middle}:{hashed(f'GET:{self.path}')}")
        is_right = said["response"] == wanted and said["uri"] == self.path
        self.answer(200 if is_right else 403, b"digest")

    def digest_sha256(self):
        self.digest("sha256")

    def digest_old(self):
        self.digest(qop="")


@pytest.fixture
def camera():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Camera)
    server.daemon_threads, server.seen = True, []
    server.handle_error = lambda *args: None  # the client went away, as it should
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def at(server, path="/snap", *, scheme="http", host="camera.example", username=USER):
    """The server's address, as if its name had been resolved and checked."""
    port = server.server_address[1]
    return SafeAddress("", scheme, host, port, path, username, PASSWORD, "127.0.0.1")


def failure(server, path, **options):
    with (
        pytest.raises(OutboundFailed) as failed,
        open_http(at(server, path), method="GET", **{"timeout_s": 60, **options}) as answer,
    ):
        answer.read(10_000)
    for hidden in (USER, PASSWORD, "camera.example", "127.0.0.1"):
        assert hidden not in failed.value.message
    return failed.value.code


def test_the_checked_ip_is_asked_under_the_name_of_its_host(camera):
    with open_http(at(camera, "/snap?a=1"), method="GET", timeout_s=60) as answer:
        assert (answer.status, answer.headers["content-type"]) == (200, "image/jpeg")
        assert answer.read(100) == b"picture"
    method, path, headers = camera.seen[0]
    assert (method, path) == ("GET", "/snap?a=1")
    assert headers["Host"] == f"camera.example:{camera.server_address[1]}"
    assert "Authorization" not in headers, "nobody asked for the password"


def test_a_body_and_headers_are_sent(camera):
    options = {"headers": {"X-Signature": "abc"}, "body": b"{}", "path": "/snap"}
    with open_http(at(camera), method="POST", timeout_s=60, **options) as answer:
        assert answer.read(100) == b"picture{}"
    assert camera.seen[0][2]["X-Signature"] == "abc"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/elsewhere", "outbound.redirect"),
        ("/chunked", "outbound.too_large"),
        ("/rubbish", "outbound.answer"),
    ],
)
def test_answers_that_are_not_taken(camera, path, code):
    assert failure(camera, path) == code


@pytest.mark.parametrize("path", ["/drip", "/drip-body"])
def test_an_answer_that_drips_is_cut_off(camera, path):
    assert failure(camera, path, timeout_s=0.4) == "outbound.timeout"


def test_a_header_cannot_smuggle_another(camera):
    assert failure(camera, "/snap", headers={"X-A": "1\r\nHost: evil"}) == "outbound.answer"
    assert failure(camera, "/snap\r\nHost: evil") == "outbound.answer"
    assert camera.seen == []


def test_nobody_there(camera):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = SafeAddress("", "http", "x", free.getsockname()[1], "/", "", "", "127.0.0.1")
        with pytest.raises(OutboundFailed) as failed:
            open_http(nobody, method="GET", timeout_s=60)
    assert failed.value.code == "outbound.unreachable"


def test_other_states_are_the_callers_business(camera):
    with open_http(at(camera, "/gone"), method="GET", timeout_s=60) as answer:
        assert (answer.status, answer.read(10)) == (404, b"no")


def test_a_stream_is_read_as_it_comes(camera):
    with open_http(at(camera, "/chunked"), method="GET", timeout_s=60) as answer:
        got = b""
        while chunk := answer.read_some(700):
            assert len(chunk) <= 700
            got += chunk
    assert got == b"x" * 40_000


@pytest.mark.parametrize("path", ["/basic", "/digest", "/digest-sha256", "/digest-old"])
def test_a_challenge_is_answered_with_the_password(camera, path):
    with open_http(at(camera, f"{path}?c=1"), method="GET", timeout_s=60) as answer:
        assert answer.status == 200
    assert len(camera.seen) == 2
    if "digest" in path:
        assert camera.seen[1][2]["Authorization"].startswith("Digest "), "not the weaker one"


def test_a_wrong_password_is_not_tried_again_and_again(camera):
    wrong = at(camera, "/basic", username="somebody")
    with open_http(wrong, method="GET", timeout_s=60) as answer:
        assert answer.status == 401
    assert len(camera.seen) == 2
    with open_http(at(camera, "/basic", username=""), method="GET", timeout_s=60) as answer:
        assert answer.status == 401
    assert len(camera.seen) == 3


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """One for camera.example, by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "camera.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("camera.example")]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "camera.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


@pytest.fixture
def tls_camera(camera, certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    camera.socket = context.wrap_socket(camera.socket, server_side=True)
    return camera


def test_a_certificate_must_be_valid_and_for_the_name_of_the_host(
    tls_camera, certificate, monkeypatch
):
    def ask(host, **options):
        address = at(tls_camera, scheme="https", host=host)
        with open_http(address, method="GET", timeout_s=60, **options) as answer:
            return answer.read(100)

    with pytest.raises(OutboundFailed) as failed:
        ask("camera.example")
    assert failed.value.code == "outbound.certificate", "nobody trusts it"
    assert ask("camera.example", verifies_certificate=False) == b"picture"

    trusting = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(outbound_http.ssl, "create_default_context", lambda: trusting)
    assert ask("camera.example") == b"picture"
    with pytest.raises(OutboundFailed) as failed:
        ask("other.example")
    assert failed.value.code == "outbound.certificate", "it is for another name"


def test_a_head_that_comes_too_late_leaves_no_connection_open(camera, monkeypatch):
    answers = []

    def getresponse(self):
        answers.append(super(outbound_http._Pinned, self).getresponse())
        return answers[0]

    monkeypatch.setattr(outbound_http._Pinned, "getresponse", getresponse)
    clock = iter([0.0, 0.0])
    monkeypatch.setattr(outbound_http.time, "monotonic", lambda: next(clock, 99.0))
    with pytest.raises(OutboundFailed) as failed:
        open_http(at(camera, "/drip-body"), method="GET", timeout_s=60)
    assert failed.value.code == "outbound.timeout"
    assert answers[0].isclosed()
