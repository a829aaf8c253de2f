"""Sending: claimed once, tried again in time, signed, and lost never."""

from __future__ import annotations

import json
import random
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from portal.alerts import sending
from portal.alerts.models import Channel, Delivery
from portal.alerts.sending import Outcome, Parcel, send
from portal.alerts.sending.signature import signature_of
from portal.alerts.services import (
    deliver_waiting,
    deliveries,
    is_delivery_due,
    send_again,
    send_test,
)
from portal.alerts.services.deliveries import JITTER, LEASE, PAUSES_S, next_attempt_at
from portal.core.context import SYSTEM, acting_as
from portal.core.errors import DomainError
from tests.factories import VisitFactory, enrolled_person
from tests.factories.alerts import AlertFactory, ChannelFactory, DeliveryFactory, sealed_target

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DOCS = Path(__file__).parents[2] / "docs" / "operators" / "notifications.md"


@pytest.fixture(autouse=True)
def _opened(settings: Any) -> None:
    """The receivers of these tests are on this machine."""
    settings.OPENED_NETWORKS = (ip_network("127.0.0.0/8"),)


class Receiver:
    """A real HTTP server that answers as it is told and remembers what came."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.url = f"http://127.0.0.1:{server.server_port}/hook?desk=1"
        self.answers: list[int] = []
        self.received: list[tuple[str, dict[str, str], bytes]] = []


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.received.append((self.path, dict(self.headers), body))
            status = found.answers.pop(0) if found.answers else 200
            self.send_response(status)
            if status == 302:
                self.send_header("Location", f"{found.url}&elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with serving(Handler) as server:
        found = Receiver(server)
        yield found


def webhook(url: str, **fields: Any) -> Channel:
    return ChannelFactory(kind="webhook", url=url, target_hint="127.0.0.1", **fields)


def deliver(at: datetime | None = None) -> int:
    with time_machine.travel(at or timezone.now(), tick=False), acting_as(SYSTEM):
        return deliver_waiting()


@pytest.fixture
def outcomes(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Parcel]]:
    """Senders that answer as they are told, instead of the real ones; gives what they were sent."""

    def use(*answers: Outcome) -> list[Parcel]:
        left, parcels = list(answers), []

        def answer(parcel: Parcel) -> Outcome:
            parcels.append(parcel)
            return left.pop(0) if left else Outcome(True, "Answered 200.")

        monkeypatch.setattr(sending, "send", answer)
        return parcels

    return use


FAILED = Outcome(False, "Answered 500.")


# --- webhooks, to a real server ---


def test_the_signature_is_the_documented_one():
    signature = signature_of(b'{"a":1}', secret="ghw_golden", at_s=1795337520)
    assert signature == (
        "t=1795337520,v1=6e73dd57f5784915fc2a4fad3f3f84bd35041ced5cb9ac32babf8e1e57941f48"
    )


def test_a_webhook_gets_the_alert_signed_and_without_a_name(receiver):
    person = enrolled_person(1, name="Ada Lovelace", code="L-1815")
    visit = VisitFactory(person=person, decision="match", is_confirmed=True)
    delivery = DeliveryFactory(alert__visit=visit, channel=webhook(receiver.url))
    assert deliver() == 1
    ((path, headers, body),) = receiver.received
    content = json.loads(body)
    assert path == "/hook?desk=1"
    assert headers["Gatehouse-Delivery"] == content["delivery"] == str(delivery.pk)
    assert content["schema"] == "gatehouse.alert/1"
    assert content["camera"]["name"] == delivery.alert.camera.name
    assert content["url"].endswith(f"/alerts/{delivery.alert_id}/")
    at_s = int(re.match(r"t=(\d+),", headers["Gatehouse-Signature"])[1])
    assert headers["Gatehouse-Signature"] == signature_of(body, secret="ghw_test", at_s=at_s)
    assert b"Ada" not in body
    assert b"L-1815" not in body
    delivery.refresh_from_db()
    assert (delivery.state, delivery.answer, delivery.attempts) == ("sent", "Answered 200.", 1)


def test_a_name_goes_out_only_where_the_channel_says_so(receiver):
    person = enrolled_person(1, name="Ada Lovelace", code="L-1815")
    visit = VisitFactory(person=person, decision="match", is_confirmed=True)
    DeliveryFactory(alert__visit=visit, channel=webhook(receiver.url, includes_names=True))
    deliver()
    content = json.loads(receiver.received[0][2])
    assert content["person"] == {"code": "L-1815", "name": "Ada Lovelace"}


def test_the_fields_are_the_documented_ones(receiver):
    DeliveryFactory(channel=webhook(receiver.url))
    deliver()
    documented = json.loads(re.search(r"```json\n(.+?)```", DOCS.read_text(), re.DOTALL)[1])
    content = json.loads(receiver.received[0][2])
    assert list(content) == list(documented)
    assert {k: list(v) for k, v in content.items() if isinstance(v, dict)} == {
        k: list(v) for k, v in documented.items() if isinstance(v, dict) and content[k]
    }


@pytest.mark.parametrize(
    ("status", "state", "words"),
    [
        (204, "sent", "Answered 204."),
        (302, "waiting", "points elsewhere"),
        (401, "waiting", "Answered 401."),
        (500, "waiting", "Answered 500."),
    ],
)
def test_what_a_webhooks_answer_means(receiver, status, state, words):
    receiver.answers = [status]
    delivery = DeliveryFactory(channel=webhook(receiver.url))
    deliver()
    delivery.refresh_from_db()
    assert delivery.state == state
    assert words in delivery.answer
    assert len(receiver.received) == 1, "a redirection is not followed"


def test_a_receiver_that_wants_no_more_switches_the_channel_off(receiver, client_of):
    receiver.answers = [410]
    channel = webhook(receiver.url)
    first, second = DeliveryFactory(channel=channel), DeliveryFactory(channel=channel)
    deliver()
    channel.refresh_from_db()
    first.refresh_from_db()
    second.refresh_from_db()
    assert (channel.is_enabled, first.state, second.state) == (False, "failed", "failed")
    assert len(receiver.received) == 1
    page = client_of("officer").get("/alerts/").content.decode()
    assert "is switched off" in page
    assert "it wants no more messages" in page


def test_a_server_that_is_not_there_is_tried_again():
    delivery = DeliveryFactory(channel=webhook("http://127.0.0.1:9/"))
    deliver()
    delivery.refresh_from_db()
    assert delivery.state == "waiting"
    assert delivery.answer == "The server could not be reached (ConnectionRefusedError)."


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://0.0.0.0/",
        "file:///etc/passwd",
        "ftp://192.0.2.1/",
        "mqtt://192.0.2.1/",
    ],
)
def test_a_forbidden_address_is_not_connected_to_though_it_was_stored(url, settings):
    settings.OPENED_NETWORKS = ()
    delivery = DeliveryFactory(channel=webhook(url))
    deliver()
    delivery.refresh_from_db()
    assert delivery.state == "waiting"
    assert "address" in delivery.answer.lower()


# --- the receiver of the documentation ---


@pytest.fixture
def documented(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The program of the documentation, run as it stands there; its ``handled`` are the alerts."""
    monkeypatch.setenv("GATEHOUSE_SECRET", "ghw_test")
    source = re.search(r"```python\n(.+?)```", DOCS.read_text(), re.DOTALL)[1]
    program: dict[str, Any] = {"__name__": "receiver"}
    exec(compile(source, "receiver.py", "exec"), program)  # noqa: S102
    program["handled"] = []
    program["handle"] = program["handled"].append
    with serving(program["Receiver"]) as server:
        program["url"] = f"http://127.0.0.1:{server.server_port}/"
        yield program


def post(url: str, body: bytes, **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, data=body, headers=named)  # noqa: S310 - ours
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - ours
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return int(error.code)


def test_the_documented_receiver_takes_what_gatehouse_sends(documented):
    delivery = DeliveryFactory(channel=webhook(documented["url"]))
    deliver()
    delivery.refresh_from_db()
    assert delivery.state == "sent"
    assert [alert["delivery"] for alert in documented["handled"]] == [str(delivery.pk)]


def test_the_documented_receiver_refuses_replays_and_forgeries(documented):
    body, now = b'{"n":1}', int(timezone.now().timestamp())

    def sent(at_s: int, *, secret: str = "ghw_test", content: bytes = body) -> int:  # noqa: S107
        signature = signature_of(body, secret=secret, at_s=at_s)
        return post(
            documented["url"], content, Gatehouse_Signature=signature, Gatehouse_Delivery="d1"
        )

    assert sent(now) == 200
    assert sent(now) == 409, "a replay"
    assert sent(now - 1) == 200, "another attempt of the same delivery"
    assert documented["handled"] == [{"n": 1}], "which is dealt with once"
    assert sent(now - 301) == 400, "too old"
    assert sent(now + 301) == 400, "from the future"
    assert sent(now, secret="ghw_other") == 401
    assert sent(now, content=b'{"n":2}') == 401, "altered on the way"
    assert post(documented["url"], body, Gatehouse_Delivery="d2") == 400, "not signed"
    assert documented["handled"] == [{"n": 1}]


# --- trying again ---


def test_the_pauses_grow_and_a_day_later_it_is_given_up(outcomes, monkeypatch):
    monkeypatch.setattr(random, "uniform", lambda low, high: (low + high) / 2)
    outcomes(*[FAILED] * 100)
    with time_machine.travel(NOW, tick=False):
        delivery = DeliveryFactory()
    attempts = []
    now = NOW
    while True:
        assert deliver(now - timedelta(seconds=0.01)) == 0
        before = Delivery.objects.get().attempts
        assert deliver(now) == 0
        delivery.refresh_from_db()
        assert delivery.attempts == before + 1
        attempts.append(now)
        if delivery.state == Delivery.State.FAILED:
            break
        now = delivery.next_at
    pauses = [(b - a).total_seconds() for a, b in pairwise(attempts)]
    assert pauses[:6] == list(PAUSES_S)
    assert set(pauses[6:]) == {3600.0}
    assert timedelta(hours=23) < attempts[-1] - NOW <= timedelta(hours=24)
    assert delivery.next_at is None
    assert deliver(NOW + timedelta(days=3)) == 0
    assert Delivery.objects.get().attempts == len(attempts)


def test_no_two_come_back_at_the_same_moment():
    delivery = DeliveryFactory(attempts=5)
    now = timezone.now()
    waits = {(next_attempt_at(delivery, now=now) - now).total_seconds() for _ in range(50)}
    assert len(waits) > 40
    assert min(waits) >= 600 * (1 - JITTER)
    assert max(waits) <= 600 * (1 + JITTER)


def test_it_is_sent_again_under_the_same_id(outcomes):
    parcels = outcomes(FAILED)
    delivery = DeliveryFactory()
    deliver()
    deliver(timezone.now() + timedelta(seconds=2))
    assert [parcel.delivery_id for parcel in parcels] == [str(delivery.pk)] * 2
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("sent", 2)


def test_a_channel_that_fails_holds_up_no_other(outcomes, monkeypatch):
    dead, well = ChannelFactory(), ChannelFactory()
    for _ in range(3):
        DeliveryFactory(channel=dead)
        DeliveryFactory(channel=well)
    monkeypatch.setattr(
        sending,
        "send",
        lambda parcel: FAILED if parcel.delivery_id in of_dead else Outcome(True, "Answered 200."),
    )
    of_dead = {str(pk) for pk in Delivery.objects.filter(channel=dead).values_list("pk", flat=True)}
    assert deliver() == 3
    tried = Delivery.objects.filter(channel=dead).values_list("attempts", flat=True)
    assert sorted(tried) == [0, 0, 1], "a receiver that does not answer is asked once a turn"


def test_two_workers_never_send_the_same_at_once(outcomes):
    parcels = outcomes()
    DeliveryFactory()
    assert len(deliveries._claim(without=())) == 1
    assert deliver() == 0, "the other worker finds nothing to send"
    assert parcels == []


def test_a_sender_that_died_loses_nothing(outcomes):
    """Claimed, and never settled: as after kill -9 in the middle of a request."""
    delivery = DeliveryFactory()
    parcels = outcomes()
    assert len(deliveries._claim(without=())) == 1
    assert not is_delivery_due()
    later = timezone.now() + LEASE + timedelta(seconds=1)
    with time_machine.travel(later, tick=False):
        assert is_delivery_due(), "the clock's next turn wakes it"
    assert deliver(later) == 1
    assert [parcel.delivery_id for parcel in parcels] == [str(delivery.pk)]
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("sent", 2)


def test_a_sender_that_comes_too_late_does_not_undo_a_success(outcomes):
    delivery = DeliveryFactory()
    deliveries.settle(delivery.pk, Outcome(True, "Answered 200."))
    deliveries.settle(delivery.pk, FAILED)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.answer) == ("sent", "Answered 200.")


def test_an_error_of_ours_is_an_attempt_and_no_crash(monkeypatch):
    delivery = DeliveryFactory()
    other = DeliveryFactory()

    def fail(parcel: Parcel) -> Outcome:
        if parcel.delivery_id == str(delivery.pk):
            raise KeyError("url")
        return Outcome(True, "Answered 200.")

    monkeypatch.setattr(sending, "send", fail)
    assert deliver() == 1
    delivery.refresh_from_db()
    other.refresh_from_db()
    assert (delivery.state, other.state) == ("waiting", "sent")
    assert delivery.answer == "Gatehouse could not send it (KeyError)."


def test_a_target_that_cannot_be_opened_says_so():
    broken = ChannelFactory(sealed_target=b"GHV2 not what was sealed, and far too short")
    delivery = DeliveryFactory(channel=broken)
    deliver()
    delivery.refresh_from_db()
    assert delivery.state == "waiting"
    assert delivery.answer


def test_a_channel_that_is_off_is_sent_nothing(outcomes):
    parcels = outcomes()
    DeliveryFactory(channel__is_enabled=False)
    assert deliver() == 0
    assert parcels == []
    assert not is_delivery_due()


def test_somebody_may_have_it_sent_again(outcomes, administrator, sent_tasks):
    delivery = DeliveryFactory(state="failed", next_at=None, attempts=9)
    send_again(delivery)
    delivery.refresh_from_db()
    assert delivery.state == "waiting"
    outcomes()
    assert deliver() == 1
    Channel.objects.update(is_enabled=False)
    with pytest.raises(DomainError, match="switched off"):
        send_again(delivery)


# --- mail ---


def test_a_mail_says_what_where_and_when_in_the_sites_time(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.DEFAULT_FROM_EMAIL = "gatehouse@example.org"
    with time_machine.travel(NOW, tick=False):
        alert = AlertFactory(visit__camera__name="North gate", rule__severity="danger")
    alert.site.time_zone = "Europe/Berlin"
    alert.site.save()
    delivery = DeliveryFactory(alert=alert)
    assert deliver() == 1
    (message,) = mail.outbox
    assert message.to == ["desk@example.org"]
    assert message.subject == "Gatehouse alarm: Unknown face (North gate)"
    assert "Sun 22 Nov 2026, 13:00:00 (Europe/Berlin)" in message.body
    assert f"/alerts/{alert.pk}/" in message.body
    assert message.extra_headers["Message-ID"] == f"<{delivery.pk}@example.org>"


def test_a_name_with_a_line_break_makes_no_second_header(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    AlertFactory(visit__camera__name="Gate\nBcc: all@example.org")
    DeliveryFactory(alert__visit__camera__name="Gate 2\r\nBcc: all@example.org")
    assert deliver() == 1
    assert "\n" not in mail.outbox[0].subject


@pytest.mark.parametrize("backend", ["console", "dummy", "filebased"])
def test_without_a_mail_server_it_says_so(settings, backend):
    settings.EMAIL_BACKEND = f"django.core.mail.backends.{backend}.EmailBackend"
    delivery = DeliveryFactory()
    deliver()
    delivery.refresh_from_db()
    assert delivery.answer == "No mail server is set (GATEHOUSE_EMAIL_URL)."


# --- tests of a channel ---


def test_a_test_says_at_once_what_came_of_it(receiver, administrator):
    channel = webhook(receiver.url)
    assert send_test(channel) == Outcome(True, "Answered 200.")
    content = json.loads(receiver.received[0][2])
    assert (content["is_test"], content["event"], content["alert"]) == (True, "test", None)
    receiver.answers = [503]
    assert send_test(channel) == Outcome(False, "Answered 503.")
    assert not Delivery.objects.exists()


def test_every_sender_is_there():
    for kind in Channel.Kind.values:
        parcel = Parcel("d", kind, {"url": "x://y", "addresses": []}, "", {}, "s", "t")
        assert isinstance(send(parcel), Outcome), kind


def test_neither_targets_nor_secrets_can_be_read_off_a_parcel():
    parcel = Parcel("d", "webhook", {"url": "http://a/b"}, "ghw_x", {"n": 1}, "s", "t")
    assert repr(parcel) == "Parcel(delivery_id='d', kind='webhook')"
    assert b"example" not in sealed_target(url="http://example.org")
