"""A way in without a face: PINs and QR codes, given, taken back, and asked for.

Public surface: ``issue_pin``, ``issue_qr``, ``revoke_credential``, ``verify_credential``. Of a
secret only a digest is kept: PINs, which are short, with argon2 over a pepper outside the database.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import date
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import argon2
from argon2.exceptions import VerifyMismatchError
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from redis.exceptions import RedisError

from portal.audit.services import record
from portal.core.bearer import digest_of, new_secret
from portal.core.context import require
from portal.core.errors import DomainError
from portal.core.keys import load_or_create_key_bytes
from portal.people.models import Credential, Person
from portal.people.services.status import lock_living

__all__ = ["PIN_DIGITS", "issue_pin", "issue_qr", "revoke_credential", "verify_credential"]

# Of a PIN that Gatehouse makes; whoever chooses their own may take four to eight.
PIN_DIGITS: Final = 6
_PIN: Final = re.compile(r"[0-9]{4,8}")

MOST_FAILURES: Final = 5
FAILURES_COUNT_S: Final = 15 * 60

_hasher: Final = argon2.PasswordHasher()


@transaction.atomic
def issue_pin(person: Person, *, pin: str = "", valid_to: date | None = None) -> str:
    """Give ``person`` a PIN, their own choice or a random one; a former one ends. Returns the PIN,
    which nobody can read again.

    Raises ``DomainError`` ``credential.weak_pin`` for one that others would try first.
    """
    require("people.manage")
    person = lock_living(person)
    if pin:
        _refuse_weak(pin, person)
    else:
        pin = _random_pin(person)
    _replace(person, Credential.Kind.PIN, digest=_hasher.hash(_peppered(pin)), valid_to=valid_to)
    return pin


@transaction.atomic
def issue_qr(person: Person, *, valid_to: date | None = None) -> str:
    """Give ``person`` a QR code; a former one ends. Returns what the code holds, for printing now:
    nobody can read it again."""
    require("people.manage")
    token = new_secret("ghq_", random_bytes=24)
    _replace(lock_living(person), Credential.Kind.QR, digest=digest_of(token), valid_to=valid_to)
    return token


@transaction.atomic
def revoke_credential(person: Person, kind: str) -> bool:
    """End the person's PIN or QR code; False where there was none."""
    require("people.manage")
    ended = person.credentials.filter(kind=kind, revoked_at=None).update(revoked_at=timezone.now())
    if ended:
        record("people.credential.revoked", target=person, before={"kind": kind})
    return bool(ended)


def verify_credential(kind: str, secret: str, *, code: str = "") -> Person | None:
    """Whose PIN or QR code this is; None for nobody's, an expired one, or that of somebody who is
    not active. A PIN needs the person's ``code`` beside it: PINs alone are not unique.

    Raises ``DomainError`` ``credential.slow_down`` after five failures from one address within a
    quarter of an hour (for a PIN: with one code, so that nobody locks out a colleague elsewhere).
    """
    actor = require("sightings.recognise")
    tried = code.strip() if kind == Credential.Kind.PIN else ""
    counter = _counter(kind, tried, actor.address or f"{actor.kind}:{actor.id}")
    _refuse_guessing(counter)
    found = _pin_holder(tried, secret) if kind == Credential.Kind.PIN else _qr_holder(secret)
    if found is None or not _is_valid(found):
        cache.add(counter, 0, FAILURES_COUNT_S)
        cache.incr(counter)
        return None
    cache.delete(counter)
    Person.objects.filter(pk=found.person_id).update(last_interaction_at=timezone.now())
    return found.person


def _refuse_guessing(counter: str) -> None:
    try:
        failures = cache.get(counter, 0)
    except (RedisError, OSError) as error:
        raise DomainError(
            "PINs and QR codes cannot be checked at the moment. Try again in a minute.",
            code="credential.unavailable",
            http_status=503,
        ) from error
    if failures >= MOST_FAILURES:
        raise DomainError(
            "This was tried wrongly too often. Wait a quarter of an hour, or use another way in.",
            code="credential.slow_down",
            http_status=429,
        )


def _replace(person: Person, kind: Credential.Kind, *, digest: str, valid_to: date | None) -> None:
    if person.status == Person.Status.LEFT:
        raise DomainError(
            f"{person.name} has left, so there is nothing to let them in with. Reinstate them "
            "first.",
            code="credential.left",
            http_status=409,
        )
    if valid_to is not None and valid_to < timezone.localdate():
        raise DomainError(
            "The last day lies in the past. Choose today or a later day, or leave it empty.",
            code="credential.expired",
        )
    replaced = person.credentials.filter(kind=kind, revoked_at=None).update(
        revoked_at=timezone.now()
    )
    Credential.objects.create(person=person, kind=kind, digest=digest, valid_to=valid_to)
    record(
        "people.credential.issued",
        target=person,
        after={
            "kind": str(kind),
            "replaced": bool(replaced),
            "valid_to": valid_to.isoformat() if valid_to else None,
        },
    )


def _pin_holder(code: str, pin: str) -> Credential | None:
    found = _in_use(Credential.Kind.PIN).filter(person__code=code).first()
    # Without a holder the time is spent all the same: it must not tell which codes exist.
    digest = found.digest if found is not None else _nobodys_digest()
    try:
        _hasher.verify(digest, _peppered(pin))
    except VerifyMismatchError:
        return None
    return found


def _qr_holder(token: str) -> Credential | None:
    return _in_use(Credential.Kind.QR).filter(digest=digest_of(token)).first()


def _in_use(kind: Credential.Kind) -> QuerySet[Credential]:
    return Credential.objects.select_related("person__site").filter(
        kind=kind, revoked_at=None, person__status=Person.Status.ACTIVE
    )


def _is_valid(credential: Credential) -> bool:
    """The last day counts in the zone of the person's site."""
    today = timezone.localdate(timezone=ZoneInfo(credential.person.site.time_zone))
    return credential.valid_to is None or credential.valid_to >= today


def _random_pin(person: Person) -> str:
    while True:
        pin = f"{secrets.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}d}"
        if not _weakness(pin, person):
            return pin


def _refuse_weak(pin: str, person: Person) -> None:
    if _PIN.fullmatch(pin) is None:
        raise DomainError(
            "A PIN has four to eight digits and nothing else.", code="credential.pin_form"
        )
    weakness = _weakness(pin, person)
    if weakness:
        raise DomainError(
            f"This PIN {weakness}, which is what others try first. Choose another, or leave the "
            "field empty for a random one.",
            code="credential.weak_pin",
        )


def _weakness(pin: str, person: Person) -> str:
    """Why others would guess it; empty where it is good enough."""
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(pin)}
    if steps == {0}:
        return "is one digit over and over"
    if steps in ({1}, {9}):
        return "counts up or down"
    if re.fullmatch(r"(\d{2,3})\1+", pin):
        return "repeats a few digits"
    if re.fullmatch(r"(19|20)\d\d", pin):
        return "is a year"
    digits = "".join(filter(str.isdigit, person.code))
    if len(digits) >= 4 and (pin in digits or digits in pin):
        return "is in the person's code"
    return ""


def _peppered(pin: str) -> bytes:
    """A million PINs are soon tried against a stolen database, but not without this key."""
    return hmac.new(_pepper(), pin.encode(), hashlib.sha256).digest()


def _pepper() -> bytes:
    return _load_pepper(Path(settings.DATA_DIR) / "keys" / "credential.key")


@lru_cache(maxsize=4)
def _load_pepper(path: Path) -> bytes:
    return load_or_create_key_bytes(path)


@lru_cache(maxsize=1)
def _nobodys_digest() -> str:
    return _hasher.hash(secrets.token_bytes(16))


def _counter(kind: str, code: str, address: str) -> str:
    return f"credential-{kind}-{hashlib.sha256(f'{code}|{address}'.encode()).hexdigest()[:32]}"
