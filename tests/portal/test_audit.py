"""The audit log: who did what, and a chain that shows every later change."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F

from portal.audit import services
from portal.audit.models import AuditEntry
from portal.audit.services import first_broken_entry, record
from tests.conftest import rolled_back
from tests.factories import PersonFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def chain(administrator):
    """Five sound entries; their numbers."""
    target = PersonFactory()
    for number in range(5):
        record(f"act.{number}", target=target, before={"n": number}, after={"n": number + 1})
    assert first_broken_entry() is None
    return list(AuditEntry.objects.order_by("seq").values_list("seq", flat=True))


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
    ],
)
def test_changing_one_field_of_one_entry_is_found(chain, column, value):
    AuditEntry.objects.filter(seq=chain[2]).update(**{column: value})
    assert first_broken_entry() == chain[2]


def test_moving_an_entry_in_time_is_found(chain):
    from datetime import timedelta

    AuditEntry.objects.filter(seq=chain[3]).update(at=F("at") + timedelta(microseconds=1))
    assert first_broken_entry() == chain[3]


@pytest.mark.parametrize("position", [0, 1, 3])
def test_deleting_an_entry_breaks_the_next_one(chain, position):
    AuditEntry.objects.filter(seq=chain[position]).delete()
    assert first_broken_entry() == chain[position + 1]


def test_swapping_two_entries_is_found(chain):
    spare = 10**9
    for old, new in ((chain[1], spare), (chain[2], chain[1]), (spare, chain[2])):
        AuditEntry.objects.filter(seq=old).update(seq=new)
    assert first_broken_entry() == chain[1]


def test_an_entry_with_a_recomputed_plain_hash_is_found(chain):
    import hashlib

    forged = hashlib.sha256(b"act.x").hexdigest()
    AuditEntry.objects.filter(seq=chain[4]).update(action="act.x", hash=forged)
    assert first_broken_entry() == chain[4]


def test_under_another_key_the_first_entry_is_broken(chain, data_dir):
    (data_dir / "keys" / "audit.key").unlink()
    services._key.cache_clear()
    assert first_broken_entry() == chain[0]


def test_an_act_that_is_rolled_back_leaves_no_entry_and_no_gap_in_the_chain(administrator):
    record("before")
    with rolled_back():
        record("undone")
    record("after")
    assert list(AuditEntry.objects.order_by("seq").values_list("action", flat=True)) == [
        "before",
        "after",
    ]
    assert first_broken_entry() is None


def test_the_command_proves_or_names_the_entry(chain, capsys):
    call_command("audit_verify")
    assert "entries are sound" in capsys.readouterr().out
    AuditEntry.objects.filter(seq=chain[1]).update(reason="x")
    with pytest.raises(CommandError, match=f"Entry {chain[1]} was changed"):
        call_command("audit_verify")
