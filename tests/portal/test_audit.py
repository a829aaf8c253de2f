"""The audit log: who did what, a chain that shows every later change, and an anchor for its end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.db.models import F
from redis.exceptions import ConnectionError as RedisConnectionError

from portal.audit import services
from portal.audit.anchor import read_anchor
from portal.audit.chain import audit_key, fingerprint, verify_log
from portal.audit.models import AuditEntry
from portal.audit.services import VIEW_WINDOW_S, record, record_view
from portal.audit.triggers import TRIGGERS, drop_triggers
from portal.core.context import Actor, acting_as
from tests.conftest import rolled_back
from tests.factories import PersonFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def chain(administrator, django_capture_on_commit_callbacks):
    """Five sound entries in a log whose end is anchored; their numbers."""
    with django_capture_on_commit_callbacks(execute=True):
        target = PersonFactory()
        for number in range(5):
            record(f"act.{number}", target=target, before={"n": number}, after={"n": number + 1})
    assert verify_log().is_sound
    return list(AuditEntry.objects.order_by("seq").values_list("seq", flat=True))[-5:]


@pytest.fixture
def attacker():
    """Somebody with the rights of the database's owner, who takes its guard away first."""
    drop_triggers(connection)


def found() -> tuple[str, int | None]:
    verdict = verify_log()
    return verdict.finding, verdict.seq


def test_an_entry_tells_actor_target_and_correlation(administrator):
    person = PersonFactory()
    entry = record("people.person.renamed", target=person, after={"to": "Ädä"}, reason="married")
    entry.refresh_from_db()
    assert (entry.actor_kind, entry.actor_id, entry.actor_label, entry.address) == (
        "user",
        "7",
        "ada@example.org",
        "192.0.2.7",
    )
    assert entry.correlation_id == "c0ffee"
    assert (entry.target_type, entry.target_id) == ("people.person", str(person.pk))
    assert (entry.before, entry.after, entry.reason) == ({}, {"to": "Ädä"}, "married")


def test_without_an_actor_nobody_is_named():
    assert record("act").actor_kind == "anonymous"


def test_the_first_entry_follows_a_fixed_beginning(administrator):
    first, second = record("one"), record("two")
    assert first.previous_hash == "0" * 64
    assert second.previous_hash == first.hash


# --- the guard in the database ---


@pytest.mark.parametrize(
    "change",
    [
        lambda entries: entries.update(reason="nothing happened"),
        lambda entries: entries.delete(),
        lambda entries: entries.get().save(),
        lambda entries: entries.get().delete(),
    ],
    ids=["update", "delete", "save", "delete one"],
)
def test_the_database_itself_refuses_to_change_an_entry(chain, change):
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        change(AuditEntry.objects.filter(seq=chain[2]))
    assert AuditEntry.objects.filter(seq=chain[2], reason="").exists()
    assert verify_log().is_sound


def test_the_migrations_leave_the_guard_in_place():
    """SQLite loses triggers where a later migration builds the table anew."""
    if connection.vendor == "sqlite":
        sql = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    else:
        sql = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    with connection.cursor() as cursor:
        cursor.execute(sql)
        names = {name for (name,) in cursor.fetchall()}
    assert set(TRIGGERS) <= names


# --- the six attacks, by somebody who may change the tables at will ---


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("action", "act.x"),
        ("actor_label", "eve@example.org"),
        ("actor_id", "8"),
        ("address", "192.0.2.8"),
        ("correlation_id", "c0ffed"),
        ("target_id", "somebody else"),
        ("before", {"n": 9}),
        ("after", {"n": 3, "m": 0}),
        ("reason", "."),
        ("previous_hash", "1" * 64),
        ("hash", "1" * 64),
    ],
)
def test_editing_one_field_of_one_entry_is_found(chain, attacker, column, value):
    AuditEntry.objects.filter(seq=chain[2]).update(**{column: value})
    assert found() == ("changed", chain[2])


def test_moving_an_entry_in_time_is_found(chain, attacker):
    from datetime import timedelta

    AuditEntry.objects.filter(seq=chain[3]).update(at=F("at") + timedelta(microseconds=1))
    assert found() == ("changed", chain[3])


@pytest.mark.parametrize("position", [1, 2, 3])
def test_deleting_an_entry_in_the_middle_breaks_the_next_one(chain, attacker, position):
    AuditEntry.objects.filter(seq=chain[position]).delete()
    assert found() == ("out_of_order", chain[position + 1])


def test_deleting_the_beginning_is_found(chain, attacker):
    AuditEntry.objects.filter(seq__lte=chain[1]).delete()
    assert found() == ("out_of_order", chain[2])


@pytest.mark.parametrize("left", [4, 1])
def test_cutting_the_end_off_is_found(chain, attacker, left):
    AuditEntry.objects.filter(seq__gt=chain[left - 1]).delete()
    assert found() == ("truncated", chain[4])


def test_an_emptied_log_is_found(chain, attacker):
    AuditEntry.objects.all().delete()
    assert found() == ("truncated", chain[4])


@pytest.mark.parametrize("is_renumbered", [False, True])
def test_entries_that_follow_do_not_hide_that_the_end_was_cut_off(
    chain, attacker, is_renumbered, django_capture_on_commit_callbacks
):
    AuditEntry.objects.filter(seq__gt=chain[1]).delete()
    if is_renumbered and connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE sqlite_sequence SET seq = %s WHERE name = 'audit_auditentry'", [chain[1]]
            )
    with django_capture_on_commit_callbacks(execute=True):
        for number in range(6):
            record(f"later.{number}")
    assert found() == ("truncated", chain[4])


def test_swapping_two_entries_is_found(chain, attacker):
    spare = 10**9
    for old, new in ((chain[1], spare), (chain[2], chain[1]), (spare, chain[2])):
        AuditEntry.objects.filter(seq=old).update(seq=new)
    assert found() == ("out_of_order", chain[1])


@pytest.mark.parametrize("position", ["the middle", "the end"])
def test_an_entry_that_was_put_in_is_found(chain, attacker, position):
    import hashlib

    if position == "the middle":
        AuditEntry.objects.filter(seq=chain[4]).update(seq=chain[4] + 1)
    before = AuditEntry.objects.get(seq=chain[3 if position == "the middle" else 4])
    forged = AuditEntry.objects.get(seq=chain[1])
    forged.seq, forged.previous_hash = before.seq + 1, before.hash
    forged.hash = hashlib.sha256(b"a guess without the key").hexdigest()
    forged.save(force_insert=True)
    assert found() == ("changed", forged.seq)


@pytest.mark.parametrize("without_anchor", [False, True])
def test_another_key_is_told_from_a_changed_entry(chain, data_dir, without_anchor):
    (data_dir / "keys" / "audit.key").unlink()
    if without_anchor:
        anchor_path(data_dir).unlink()
    audit_key.cache_clear()
    verdict = verify_log()
    assert verdict.finding == "wrong_key"
    assert "keys/audit.key" in verdict.message


# --- the anchor ---


def anchor_path(data_dir: Path) -> Path:
    return data_dir / "keys" / "audit.anchor"


def test_the_anchor_names_the_last_entry_and_is_private(chain, data_dir):
    anchor = read_anchor()
    assert (anchor.seq, anchor.hash) == (chain[4], AuditEntry.objects.get(seq=chain[4]).hash)
    assert anchor_path(data_dir).stat().st_mode & 0o777 == 0o600


def test_an_anchor_that_lags_behind_after_a_crash_is_no_alarm(chain):
    record("committed just before the crash, without its callback")
    assert read_anchor().seq == chain[4]
    assert verify_log().is_sound


def test_the_anchor_catches_up_with_the_next_entry(chain, django_capture_on_commit_callbacks):
    record("committed just before the crash, without its callback")
    with django_capture_on_commit_callbacks(execute=True):
        last = record("after the restart")
    assert read_anchor().seq == last.seq


def test_an_act_that_is_rolled_back_moves_no_anchor(chain, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True), rolled_back():
        record("undone")
    assert read_anchor().seq == chain[4]


def test_an_anchor_never_goes_back(chain, django_capture_on_commit_callbacks):
    """The callbacks of two processes may run in the other order than their commits."""
    with django_capture_on_commit_callbacks(execute=False) as callbacks:
        record("one")
        last = record("two")
    for callback in reversed(callbacks):
        callback()
    assert read_anchor().seq == last.seq
    assert verify_log().is_sound


@pytest.mark.parametrize(
    ("spoil", "finding"),
    [
        (lambda path: path.unlink(), "no_anchor"),
        (lambda path: path.write_text("{"), "no_anchor"),
        (lambda path: rewrite(path, seq=2), "forged_anchor"),
        (lambda path: rewrite(path, mac="0" * 64), "forged_anchor"),
    ],
    ids=["deleted", "spoiled", "turned back", "made up"],
)
def test_an_anchor_that_was_tampered_with_is_found_and_stays_found(
    chain, data_dir, spoil, finding, django_capture_on_commit_callbacks
):
    spoil(anchor_path(data_dir))
    assert verify_log().finding == finding
    with django_capture_on_commit_callbacks(execute=True):
        record("later")
    assert verify_log().finding == finding, "the next entry must not wipe the trace away"


def rewrite(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_an_act_survives_an_anchor_that_cannot_be_written(
    chain, monkeypatch, django_capture_on_commit_callbacks, caplog
):
    def refuse(*_: object, **__: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(services, "advance_anchor", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        entry = record("on a full disk")
    assert AuditEntry.objects.filter(seq=entry.seq).exists()
    assert "No space left" in caplog.text


def test_an_act_that_is_rolled_back_leaves_no_entry_and_no_gap_in_the_chain(
    administrator, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        record("before")
        with rolled_back():
            record("undone")
        record("after")
    assert list(AuditEntry.objects.order_by("seq").values_list("action", flat=True)) == [
        "before",
        "after",
    ]
    assert verify_log().is_sound


# --- the command ---


def test_the_command_proves_and_shows_what_to_note(chain, capsys):
    call_command("audit_verify")
    said = capsys.readouterr().out
    assert "entries are sound" in said
    assert f"Entry {chain[4]}: {fingerprint(AuditEntry.objects.get(seq=chain[4]).hash)}" in said


def test_the_command_names_what_it_found(chain, attacker):
    AuditEntry.objects.filter(seq=chain[1]).update(reason="x")
    with pytest.raises(CommandError, match=f"Entry {chain[1]} was changed"):
        call_command("audit_verify")


def test_an_empty_log_is_sound(capsys):
    call_command("audit_verify")
    assert "empty" in capsys.readouterr().out


def test_a_fingerprint_that_was_noted_elsewhere_finds_a_log_that_was_written_anew(
    chain, attacker, data_dir, django_capture_on_commit_callbacks
):
    """Somebody who has the key as well can write a new chain and a new anchor, but no old note."""
    noted = f"{chain[3]}: {fingerprint(AuditEntry.objects.get(seq=chain[3]).hash)}"
    call_command("audit_verify", noted=noted)
    AuditEntry.objects.filter(seq__gte=chain[1]).delete()
    anchor_path(data_dir).unlink()
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("UPDATE sqlite_sequence SET seq = %s", [chain[0]])
    with django_capture_on_commit_callbacks(execute=True):
        for number in range(4):
            last = record(f"as it never was {number}")
    services.write_anchor(last, key=audit_key())
    assert verify_log().is_sound
    with pytest.raises(CommandError, match="not the one that was noted"):
        call_command("audit_verify", noted=noted)


@pytest.mark.parametrize("noted", ["", "12", "x:ABCD", "3:AB"])
def test_a_note_that_cannot_be_read_says_what_is_expected(chain, noted):
    if not noted:
        return call_command("audit_verify", noted=noted)
    with pytest.raises(CommandError, match="SEQ:FINGERPRINT"):
        call_command("audit_verify", noted=noted)
    return None


def test_after_an_older_database_was_restored_the_end_is_accepted_with_a_reason(
    chain, attacker, django_capture_on_commit_callbacks
):
    AuditEntry.objects.filter(seq__gt=chain[2]).delete()
    with pytest.raises(CommandError, match="removed from its end"):
        call_command("audit_verify")
    with pytest.raises(CommandError, match="Say why"):
        call_command("audit_verify", renew_anchor=" ")
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(CommandError):
        # Inside this test's transaction the anchor is written after the command's own look.
        call_command("audit_verify", renew_anchor="restored the backup of Monday")
    call_command("audit_verify")
    entry = AuditEntry.objects.first()
    assert (entry.action, entry.reason) == (
        "audit.anchor.renewed",
        "restored the backup of Monday",
    )
    assert entry.before["seq"] == chain[4], "what was lost stays on record"


# --- looks at faces ---


@pytest.fixture
def looks(django_capture_on_commit_callbacks):
    """Look at a face; how many entries that made."""

    def look(action: str, target: object) -> int:
        before = AuditEntry.objects.count()
        with django_capture_on_commit_callbacks(execute=True):
            record_view(action, target=target)
        return AuditEntry.objects.count() - before

    cache.clear()
    return look


def test_a_look_is_written_down_once_in_ten_minutes(administrator, looks, time_machine):
    person = PersonFactory()
    time_machine.move_to("2026-03-01T10:00:00Z", tick=False)
    assert looks("people.photo.viewed", person) == 1
    time_machine.shift(VIEW_WINDOW_S - 1)
    assert looks("people.photo.viewed", person) == 0
    time_machine.shift(2)
    assert looks("people.photo.viewed", person) == 1


def test_another_actor_person_or_action_is_another_look(administrator, looks):
    ada, bob = PersonFactory(), PersonFactory()
    assert looks("people.photo.viewed", ada) == 1
    assert looks("people.photo.viewed", bob) == 1
    assert looks("sightings.face.viewed", ada) == 1
    with acting_as(Actor(kind="user", id="8", label="eve@example.org")):
        assert looks("people.photo.viewed", ada) == 1
    assert looks("people.photo.viewed", ada) == 0


def test_a_look_that_was_rolled_back_is_written_down_the_next_time(administrator, looks):
    person = PersonFactory()
    with rolled_back():
        record_view("people.photo.viewed", target=person)
    assert looks("people.photo.viewed", person) == 1


def test_without_a_cache_every_look_is_written_down(administrator, looks, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise RedisConnectionError("the broker is away")

    person = PersonFactory()
    monkeypatch.setattr(cache, "get", refuse)
    monkeypatch.setattr(cache, "set", refuse)
    assert looks("people.photo.viewed", person) == 1
    assert looks("people.photo.viewed", person) == 1
