"""Posting to a webhook: to the address that was checked, once, without following anywhere."""

from __future__ import annotations

import ssl
import threading
import time
from base64 import b64encode
from http.client import HTTPException
from typing import Final

from portal.alerts.sending.parcel import Outcome, Parcel
from portal.alerts.sending.signature import signature_of
from portal.core.outbound import AddressRefused, SafeAddress, check_address
from portal.core.outbound_http import PinnedConnection

__all__ = ["SCHEMES", "send_webhook"]

SCHEMES: Final = ("http", "https")
TIMEOUT_S: Final = 5.0
# For everything: a receiver that answers a byte at a time is not waited for.
TOTAL_S: Final = 10.0
_GONE: Final = 410


def send_webhook(parcel: Parcel) -> Outcome:
    try:
        address = check_address(str(parcel.target["url"]), schemes=SCHEMES)
    except AddressRefused as error:
        return Outcome(False, error.message[:200])
    at_s = int(time.time())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Gatehouse",
        "Gatehouse-Delivery": parcel.delivery_id,
        "Gatehouse-Signature": signature_of(parcel.body, secret=parcel.secret, at_s=at_s),
    }
    if address.username:
        pair = f"{address.username}:{address.password}".encode()
        headers["Authorization"] = f"Basic {b64encode(pair).decode()}"
    try:
        return _judged(_post(address, parcel.body, headers))
    except ssl.SSLError:
        return Outcome(False, "Its certificate is not valid for this name, or not trusted here.")
    except TimeoutError:
        return Outcome(False, f"No answer within {TIMEOUT_S:.0f} s.")
    except (OSError, HTTPException, ValueError) as error:
        return Outcome(False, f"The server could not be reached ({type(error).__name__}).")


def _post(address: SafeAddress, body: bytes, headers: dict[str, str]) -> int:
    connection = PinnedConnection(
        address.host,
        address.port,
        ip=address.ip,
        timeout_s=TIMEOUT_S,
        is_secure=address.scheme == "https",
    )
    until_s = time.monotonic() + TOTAL_S
    ending = threading.Timer(TOTAL_S, connection.cut)
    ending.daemon = True
    ending.start()
    try:
        connection.request("POST", address.path, body=body, headers=headers)
        status = connection.getresponse().status
        if time.monotonic() >= until_s:
            # What was cut off looks like a head that is complete.
            raise TimeoutError
        return status
    finally:
        ending.cancel()
        connection.close()


def _judged(status: int) -> Outcome:
    if 200 <= status < 300:
        return Outcome(True, f"Answered {status}.")
    if status == _GONE:
        return Outcome(False, "Answered 410: it wants no more messages.", is_gone=True)
    if 300 <= status < 400:
        return Outcome(False, f"Answered {status}: it points elsewhere, which is not followed.")
    return Outcome(False, f"Answered {status}.")
