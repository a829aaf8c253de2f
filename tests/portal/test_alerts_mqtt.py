"""MQTT, against a real broker: at least once, with an expiry, and never retained."""

from __future__ import annotations

import json
import queue
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from portal.alerts.sending.mqtt import EXPIRY_S
from portal.alerts.services import deliver_waiting
from portal.core.context import SYSTEM, acting_as
from tests.factories.alerts import ChannelFactory, DeliveryFactory
from tests.integration.gatehouse import free_port

pytestmark = pytest.mark.django_db

MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
PASSWORD = "an open secret"
WAIT_S = 20


@pytest.fixture(autouse=True)
def _opened(settings: Any) -> None:
    settings.OPENED_NETWORKS = (ip_network("127.0.0.0/8"),)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A broker that asks for a password; gives its address."""
    if MOSQUITTO is None:
        pytest.skip("no MQTT broker: install the package mosquitto")
    folder, port = tmp_path_factory.mktemp("mosquitto"), free_port()
    passwords = folder / "passwords"
    passwords.touch(mode=0o600)
    subprocess.run(
        ["mosquitto_passwd", "-b", str(passwords), "desk", PASSWORD],
        check=True,
        capture_output=True,
    )
    (folder / "mosquitto.conf").write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous false\npassword_file {passwords}\n"
        f"persistence false\n{'user root' + chr(10) if _is_root() else ''}"
    )
    process = subprocess.Popen(
        [MOSQUITTO, "-c", str(folder / "mosquitto.conf")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port, process)
        yield f"desk:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(WAIT_S)


def _is_root() -> bool:
    return Path("/proc/self").stat().st_uid == 0


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        assert process.poll() is None, "the broker ended at once"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the broker does not listen")


class Listener:
    """Somebody who listens to every topic of a broker."""

    def __init__(self, address: str) -> None:
        port = int(address.rpartition(":")[2])
        self.messages: queue.Queue[Any] = queue.Queue()
        ready: queue.Queue[bool] = queue.Queue()
        self.client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
        self.client.username_pw_set("desk", PASSWORD)
        self.client.on_connect = lambda client, *_: client.subscribe("#", qos=1)
        self.client.on_subscribe = lambda *_: ready.put(True)
        self.client.on_message = lambda _client, _data, message: self.messages.put(message)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        assert ready.get(timeout=WAIT_S)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def listener(broker: str) -> Iterator[Listener]:
    found = Listener(broker)
    yield found
    found.close()


def mqtt(url: str, **fields: Any) -> Any:
    return ChannelFactory(kind="mqtt", url=url, topic="building/alerts", **fields)


def deliver() -> int:
    with acting_as(SYSTEM):
        return deliver_waiting()


def test_an_alert_is_published_under_its_event_and_not_retained(broker, listener):
    delivery = DeliveryFactory(channel=mqtt(f"mqtt://{broker}"))
    assert deliver() == 1
    message = listener.messages.get(timeout=WAIT_S)
    assert message.topic == "building/alerts/stranger"
    assert (message.qos, message.retain) == (1, False)
    assert json.loads(message.payload)["delivery"] == str(delivery.pk)
    assert 0 < message.properties.MessageExpiryInterval <= EXPIRY_S
    assert ("Gatehouse-Delivery", str(delivery.pk)) in message.properties.UserProperty
    late = Listener(broker)
    try:
        with pytest.raises(queue.Empty):
            late.messages.get(timeout=0.5)
    finally:
        late.close()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.answer) == ("sent", "Confirmed by the broker.")


def test_a_wrong_password_is_said_and_tried_again(broker):
    wrong = broker.replace("desk:", "desk:not-")
    delivery = DeliveryFactory(channel=mqtt(f"mqtt://{wrong}"))
    assert deliver() == 0
    delivery.refresh_from_db()
    assert delivery.state == "waiting"
    assert delivery.answer == "The broker refused: Not authorized."


def test_a_broker_that_is_not_there_is_tried_again():
    delivery = DeliveryFactory(channel=mqtt(f"mqtt://127.0.0.1:{free_port()}"))
    assert deliver() == 0
    delivery.refresh_from_db()
    assert delivery.answer == "The broker could not be reached (ConnectionRefusedError)."


def test_a_broker_on_this_machine_is_refused_unless_the_operator_opened_it(settings, broker):
    settings.OPENED_NETWORKS = ()
    delivery = DeliveryFactory(channel=mqtt(f"mqtt://{broker}"))
    assert deliver() == 0
    delivery.refresh_from_db()
    assert "GATEHOUSE_OPENED_NETWORKS" in delivery.answer
