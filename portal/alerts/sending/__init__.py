"""Sending over the channels' kinds. Public surface: ``Outcome``, ``Parcel``, ``send``.

No sender raises for what the other side or the network does; none asks the database, so that
several may send at once.
"""

from __future__ import annotations

from portal.alerts.sending.email import send_email
from portal.alerts.sending.mqtt import send_mqtt
from portal.alerts.sending.parcel import Outcome, Parcel
from portal.alerts.sending.webhook import send_webhook

__all__ = ["Outcome", "Parcel", "send"]

_SENDERS = {"email": send_email, "webhook": send_webhook, "mqtt": send_mqtt}


def send(parcel: Parcel) -> Outcome:
    return _SENDERS[parcel.kind](parcel)
