"""Writes of kiosks: their making and their links, what tablets send, what became of it."""

from portal.kiosk.services.deliver import Delivery, deliver
from portal.kiosk.services.heard import note_heard
from portal.kiosk.services.manage import (
    KioskDetails,
    create_kiosk,
    renew_link,
    revoke_kiosk,
    update_kiosk,
)
from portal.kiosk.services.pair import Pairing, pair
from portal.kiosk.services.settle import (
    forget_old_events,
    settle,
    settle_waiting,
    withdraw,
)

__all__ = [
    "Delivery",
    "KioskDetails",
    "Pairing",
    "create_kiosk",
    "deliver",
    "forget_old_events",
    "note_heard",
    "pair",
    "renew_link",
    "revoke_kiosk",
    "settle",
    "settle_waiting",
    "update_kiosk",
    "withdraw",
]
