"""Publishing to an MQTT broker: at least once, with an expiry, and never retained.

A retained message is told again to whoever connects later: an alarm of last week would open a
door today.
"""

from __future__ import annotations

import socket
import ssl
import threading
from typing import TYPE_CHECKING, Any, Final

from portal.alerts.sending.parcel import Outcome, Parcel
from portal.core.outbound import AddressRefused, SafeAddress, check_address

if TYPE_CHECKING:
    from paho.mqtt.client import Client

__all__ = ["SCHEMES", "send_mqtt"]

SCHEMES: Final = ("mqtt", "mqtts")
QOS: Final = 1
# A broker forgets the message after so long where nobody has fetched it.
EXPIRY_S: Final = 300
TIMEOUT_S: Final = 5.0


def send_mqtt(parcel: Parcel) -> Outcome:
    try:
        address = check_address(str(parcel.target["url"]), schemes=SCHEMES)
    except AddressRefused as error:
        return Outcome(False, error.message[:200])
    try:
        return _published(address, parcel)
    except ImportError:
        return Outcome(False, "MQTT needs the package paho-mqtt, which is not installed.")
    except ssl.SSLError:
        return Outcome(False, "Its certificate is not valid for this name, or not trusted here.")
    except (OSError, ValueError) as error:
        return Outcome(False, f"The broker could not be reached ({type(error).__name__}).")


def _published(address: SafeAddress, parcel: Parcel) -> Outcome:
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

    answered, refusal = threading.Event(), []

    def connected(_client: Any, _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
        if code.is_failure:
            refusal.append(str(code))
        answered.set()

    client = _client(address)
    client.on_connect = connected
    client.connect(address.host, address.port, keepalive=30)
    client.loop_start()
    try:
        if not answered.wait(TIMEOUT_S):
            return Outcome(False, f"The broker did not answer within {TIMEOUT_S:.0f} s.")
        if refusal:
            return Outcome(False, f"The broker refused: {refusal[0]}."[:200])
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.MessageExpiryInterval = EXPIRY_S
        properties.ContentType = "application/json"
        properties.UserProperty = ("Gatehouse-Delivery", parcel.delivery_id)
        topic = f"{parcel.target['topic']}/{parcel.content['event']}"
        sent = client.publish(topic, parcel.body, qos=QOS, retain=False, properties=properties)
        sent.wait_for_publish(TIMEOUT_S)
        if not sent.is_published():
            return Outcome(False, "The broker did not confirm the message.")
        return Outcome(True, "Confirmed by the broker.")
    finally:
        client.disconnect()
        client.loop_stop()


def _client(address: SafeAddress) -> Client:
    from paho.mqtt.client import Client, MQTTv5
    from paho.mqtt.enums import CallbackAPIVersion

    class Pinned(Client):
        """Connects to the address that was checked; its name is what the certificate is for."""

        def _create_socket_connection(self) -> socket.socket:
            return socket.create_connection((address.ip, address.port), timeout=TIMEOUT_S)

    client = Pinned(CallbackAPIVersion.VERSION2, protocol=MQTTv5, reconnect_on_failure=False)
    if address.username:
        client.username_pw_set(address.username, address.password)
    if address.scheme == "mqtts":
        client.tls_set_context(ssl.create_default_context())
    return client
