"""The connection to a checked address, against a webhook that answers in every bad way."""

from __future__ import annotations

import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from portal.alerts.sending import Outcome, Parcel, webhook
from portal.core.outbound import SafeAddress
from tests.tls import speak_tls, write_certificate

CERTIFICATE = "Its certificate is not valid for this name, or not trusted here."


class Hook(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_POST(self):
        self.server.seen.append((self.path, dict(self.headers)))
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        getattr(self, self.path.strip("/").split("?")[0])()

    def answer(self, status=200, **headers):
        self.send_response(status)
        for name, value in {"Content-Length": "0", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def taken(self):
        self.answer()

    def elsewhere(self):
        self.answer(302, Location="http://127.0.0.1:1/")

    def drip(self):
        try:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while True:
                self.wfile.write(b"x")
                time.sleep(0.05)
        except OSError:
            self.close_connection = True

    def rubbish(self):
        self.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        self.close_connection = True


@pytest.fixture
def hook():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.daemon_threads, server.seen = True, []
    server.handle_error = lambda *args: None  # the client went away, as it should
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def send(hook, monkeypatch):
    """Sends to the server, as if its name had been resolved and checked."""

    def send_to(path="/taken", *, scheme="http", host="hook.example"):
        port = hook.server_address[1]
        address = SafeAddress("", scheme, host, port, path, "", "", "127.0.0.1")
        monkeypatch.setattr(webhook, "check_address", lambda url, *, schemes: address)
        return webhook.send_webhook(Parcel("d", "webhook", {"url": "x"}, "ghw_x", {}, "s", "t"))

    return send_to


def test_the_checked_ip_is_asked_under_the_name_of_its_host(hook, send):
    assert send("/taken?a=1") == Outcome(True, "Answered 200.")
    ((path, headers),) = hook.seen
    assert path == "/taken?a=1"
    assert headers["Host"] == f"hook.example:{hook.server_address[1]}"
    assert "Authorization" not in headers


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/elsewhere", "Answered 302: it points elsewhere, which is not followed."),
        ("/rubbish", "The server could not be reached (BadStatusLine)."),
    ],
)
def test_answers_that_are_not_taken(hook, send, path, words):
    assert send(path) == Outcome(False, words)
    assert len(hook.seen) == 1


def test_an_answer_that_drips_is_cut_off_and_not_taken_for_one(send, monkeypatch):
    monkeypatch.setattr(webhook, "TOTAL_S", 0.4)
    assert send("/drip") == Outcome(False, "No answer within 5 s.")


def test_a_path_cannot_smuggle_a_header(hook, send):
    assert send("/taken\r\nHost: evil") == Outcome(
        False, "The server could not be reached (InvalidURL)."
    )
    assert hook.seen == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return write_certificate(tmp_path_factory.mktemp("tls") / "hook.pem", host="hook.example")


def test_a_certificate_must_be_valid_and_for_the_name_of_the_host(
    hook, certificate, send, monkeypatch
):
    speak_tls(hook, certificate)
    assert send(scheme="https") == Outcome(False, CERTIFICATE), "nobody trusts it"
    trusting = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(ssl, "create_default_context", lambda: trusting)
    assert send(scheme="https") == Outcome(True, "Answered 200.")
    assert send(scheme="https", host="other.example") == Outcome(False, CERTIFICATE), (
        "it is for another name"
    )
    assert len(hook.seen) == 1
