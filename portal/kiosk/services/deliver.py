"""What a tablet sends: proved, put in order of time, looked at, and done once.

Public surface: ``Delivery``, ``deliver``. A number that was used before is answered with what became
of it then. Nothing of what is sealed is ever written down.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import structlog
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from portal.attendance.models import Punch
from portal.attendance.services.enter import NewPunch, enter_punches
from portal.core.bearer import digest_of
from portal.core.context import acting_as, correlation_id, current_actor
from portal.core.errors import DomainError
from portal.kiosk.clock import Timing, timing_of
from portal.kiosk.envelope import Envelope, Secret, read_envelope, read_pictures, read_secret
from portal.kiosk.models import Kiosk, KioskEvent
from portal.kiosk.sealing import SealBroken
from portal.kiosk.services.pair import keys_of
from portal.kiosk.slowdown import note_wrong, refuse_guessing
from portal.people.models import Credential, Person
from portal.people.services import verify_credential
from portal.sightings.models import Recognition
from portal.sightings.services import submit_snapshot

__all__ = ["Delivery", "deliver", "picture_key"]

logger = structlog.get_logger(__name__)

_Kind = KioskEvent.Kind
_Outcome = KioskEvent.Outcome
_CREDENTIALS: Final = {_Kind.PIN: Credential.Kind.PIN, _Kind.QR: Credential.Kind.QR}
_SOURCES: Final = {_Kind.PIN: Punch.Source.PIN, _Kind.QR: Punch.Source.QR}


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event as it came: ``event`` is the very text that was signed."""

    event: bytes
    sealed: bytes
    signature: str


@dataclass(frozen=True, slots=True)
class _Finding:
    """What an event comes to before it is written down."""

    outcome: str
    reason: str = ""
    person: Person | None = None
    pictures: tuple[Recognition, ...] = ()


def deliver(kiosk: Kiosk, delivery: Delivery) -> KioskEvent:
    """Raises ``DomainError``: ``kiosk.forged`` for what this kiosk did not sign, ``kiosk.replayed``
    for another event under a number that was used, ``kiosk.event`` for what is none, and
    ``kiosk.pause`` or ``credential.unavailable`` for what may be delivered again later."""
    keys = keys_of(kiosk)
    if not keys.has_signed(delivery.event, delivery.sealed, delivery.signature):
        raise _forged(kiosk)
    envelope = read_envelope(delivery.event)
    if envelope.kiosk_id != kiosk.pk:
        raise _forged(kiosk)
    digest = delivery.signature.lower()
    earlier = kiosk.events.filter(sequence=envelope.sequence).first()
    if earlier is not None:
        return _again(kiosk, earlier, digest)
    timing = timing_of(envelope.device_at, envelope.skew_ms, now=timezone.now())
    finding = _find(kiosk, envelope, timing, delivery)
    try:
        with transaction.atomic():
            return _written(kiosk, envelope, timing, digest, finding)
    except IntegrityError:
        # Delivered twice at the same moment: the other one won.
        earlier = kiosk.events.filter(sequence=envelope.sequence).first()
        if earlier is None:
            raise
        return _again(kiosk, earlier, digest)


def picture_key(sequence: int, number: int) -> str:
    """By which a picture of an event is the same whenever it is delivered again."""
    return f"kiosk-{sequence}-{number}"


def _find(kiosk: Kiosk, envelope: Envelope, timing: Timing, delivery: Delivery) -> _Finding:
    if timing.kind == "old":
        return _Finding(_Outcome.REFUSED, "too_old")
    if envelope.kind == _Kind.FACE and kiosk.takes != Kiosk.Takes.FACES:
        return _Finding(_Outcome.REFUSED, "no_faces")
    if envelope.kind == _Kind.FACE and timing.kind == "future":
        return _Finding(_Outcome.REFUSED, "future")
    try:
        plain = keys_of(kiosk).open(delivery.sealed, event=delivery.event)
    except SealBroken:
        return _Finding(_Outcome.REFUSED, "unreadable")
    if envelope.kind == _Kind.FACE:
        pictures = read_pictures(plain, len(envelope.ages_s))
        return _submitted(kiosk, envelope, timing, pictures)
    return _verified(kiosk, envelope, timing, read_secret(plain))


def _submitted(kiosk: Kiosk, envelope: Envelope, timing: Timing, pictures: list[bytes]) -> _Finding:
    rows = []
    try:
        for number, (picture, age_s) in enumerate(zip(pictures, envelope.ages_s, strict=True)):
            row, _ = submit_snapshot(
                kiosk.camera,
                picture,
                captured_at=timing.at - timedelta(seconds=age_s),
                idempotency_key=picture_key(envelope.sequence, number),
            )
            rows.append(row)
    except DomainError as error:
        if not error.code.startswith("image."):
            raise
        return _Finding(_Outcome.REFUSED, "picture")
    return _Finding(_Outcome.WAITING, pictures=tuple(rows))


def _verified(kiosk: Kiosk, envelope: Envelope, timing: Timing, secret: Secret) -> _Finding:
    kind = _Kind(envelope.kind)
    if timing.kind == "live":
        # What was kept comes all at once, and honestly: it is bounded by person alone.
        refuse_guessing(kiosk.pk)
    # Counted by tablet and not by network address, which many may share; a QR code by itself, so
    # that somebody's old card shuts nobody else out.
    who = f"kiosk {kiosk.pk.hex}"
    if kind == _Kind.QR:
        who = f"{who} {digest_of(secret.secret)[:16]}"
    actor = replace(current_actor(), address=who)
    try:
        with acting_as(actor, correlation=correlation_id()):
            person = verify_credential(_CREDENTIALS[kind], secret.secret, code=secret.code)
    except DomainError as error:
        if error.code != "credential.slow_down":
            raise
        return _Finding(_Outcome.REFUSED, "slow_down")
    if person is None:
        note_wrong(kiosk.pk)
        return _Finding(_Outcome.REFUSED, "wrong_pin" if kind == _Kind.PIN else "wrong_qr")
    return _Finding(_Outcome.PUNCHED, person=person)


def _written(
    kiosk: Kiosk, envelope: Envelope, timing: Timing, digest: str, finding: _Finding
) -> KioskEvent:
    event = KioskEvent.objects.create(
        kiosk=kiosk,
        sequence=envelope.sequence,
        digest=digest,
        kind=envelope.kind,
        direction=envelope.direction,
        at=timing.at,
        device_at=envelope.device_at,
        was_offline=timing.kind in {"late", "old"},
        outcome=finding.outcome,
        reason=finding.reason,
        pictures=len(finding.pictures),
        recognition=finding.pictures[-1] if finding.pictures else None,
    )
    if finding.person is None:
        return event
    entered = enter_punches(
        [
            NewPunch(
                person_id=finding.person.pk,
                at=timing.at,
                source=_SOURCES[_Kind(envelope.kind)],
                idempotency_key=event.punch_key,
                direction=envelope.direction,
                camera_id=kiosk.camera_id,
                place=kiosk.camera.name,
            )
        ],
        cause="kiosk",
    )
    event.punch = entered[0].punch
    if event.punch.state == Punch.State.QUARANTINED:
        event.outcome, event.reason = _Outcome.ASIDE, "future"
    event.save(update_fields=["punch", "outcome", "reason"])
    return event


def _again(kiosk: Kiosk, earlier: KioskEvent, digest: str) -> KioskEvent:
    Kiosk.objects.filter(pk=kiosk.pk).update(repeated_count=F("repeated_count") + 1)
    if earlier.digest != digest:
        logger.warning("kiosk_event_replayed", kiosk=str(kiosk.pk), sequence=earlier.sequence)
        raise DomainError(
            "Another event came under this number before.", code="kiosk.replayed", http_status=409
        )
    return earlier


def _forged(kiosk: Kiosk) -> DomainError:
    Kiosk.objects.filter(pk=kiosk.pk).update(forged_count=F("forged_count") + 1)
    logger.warning("kiosk_event_forged", kiosk=str(kiosk.pk))
    return DomainError(
        "This event was not signed by this kiosk.", code="kiosk.forged", http_status=403
    )
