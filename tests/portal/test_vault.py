"""What lies on the disk and in vector columns is sealed, and opens for its purpose alone."""

from __future__ import annotations

import os
import stat
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.utils import timezone

from portal.core import keyring
from portal.core.errors import DomainError, OperatorError
from portal.core.keys import load_or_create_key_bytes
from portal.core.models import DataKey
from portal.core.vault import VaultError, key_id_of, vault
from portal.people.vectors import open_vector, seal_vector
from tests.factories.faces import vector_of
from tests.factories.pictures import jpeg

pytestmark = pytest.mark.django_db


@pytest.fixture
def person_key() -> UUID:
    return vault().keys.create()


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 100_000])
def test_what_was_put_in_comes_out(size):
    data = os.urandom(size)
    key = vault().put("pictures", data)
    assert key.startswith("pictures/")
    assert vault().get(key) == data


def test_the_same_picture_is_never_the_same_blob(data_dir):
    first, second = vault().put("crops", jpeg()), vault().put("crops", jpeg())
    assert first != second
    blobs = [(data_dir / "media" / key).read_bytes() for key in (first, second)]
    assert blobs[0] != blobs[1]


def test_no_picture_can_be_seen_on_the_disk(data_dir):
    vault().put("pictures", jpeg())
    for path in (p for p in (data_dir / "media").rglob("*") if p.is_file()):
        content = path.read_bytes()
        assert b"\xff\xd8\xff" not in content[:64]
        assert b"JFIF" not in content
        assert jpeg()[20:60] not in content
        assert content[:4] == b"GHV2"


def test_folders_of_the_vault_are_their_owners_alone(data_dir):
    key = vault().put("pictures", b"x")
    folder = (data_dir / "media" / key).parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not list((data_dir / "media").rglob("*.part"))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda b: b[:-1] + bytes([b[-1] ^ 1]), "one bit of the tag"),
        (lambda b: b[:40] + bytes([b[40] ^ 1]) + b[41:], "one bit of the picture"),
        (lambda b: b[:25] + bytes([b[25] ^ 1]) + b[26:], "one bit of the nonce"),
        (lambda b: b[:-1], "one byte cut off"),
        (lambda b: b + b"\x00", "one byte added"),
        (lambda b: b"GHV9" + b[4:], "another form"),
        (lambda b: b"", "nothing left"),
        (lambda b: b[:10], "not even a nonce"),
    ],
)
def test_a_blob_that_was_altered_is_refused(data_dir, change, why):
    key = vault().put("pictures", jpeg())
    path = data_dir / "media" / key
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(VaultError) as refused:
        vault().get(key)
    assert refused.value.code == "storage.unreadable", why


def test_a_blob_cannot_be_passed_off_as_one_of_another_kind(data_dir):
    crop = vault().put("crops", jpeg())
    stolen = crop.replace("crops/", "portraits/")
    target = data_dir / "media" / stolen
    target.parent.mkdir(parents=True)
    target.write_bytes((data_dir / "media" / crop).read_bytes())
    with pytest.raises(VaultError):
        vault().get(stolen)


def test_a_blob_of_a_key_that_nobody_knows_is_refused(data_dir):
    key = vault().put("pictures", jpeg())
    path = data_dir / "media" / key
    sealed = path.read_bytes()
    path.write_bytes(sealed[:5] + bytes([sealed[5] ^ 1]) + sealed[6:])
    with pytest.raises(VaultError) as refused:
        vault().get(key)
    assert refused.value.code == "storage.erased"


def test_one_persons_key_opens_nothing_of_another(person_key):
    other = vault().keys.create()
    sealed = vault().seal(b"x", purpose="crops", data_key=person_key)
    with pytest.raises(VaultError):
        vault().open(sealed[:4] + other.bytes + sealed[20:], purpose="crops")


def test_a_copy_for_another_person_has_the_same_content_under_their_key(data_dir, person_key):
    first = vault().put("crops", jpeg())
    second = vault().copy(first, data_key=person_key)
    assert second.startswith("crops/")
    assert vault().get(second) == vault().get(first)
    assert key_id_of((data_dir / "media" / second).read_bytes()) == person_key


def test_what_version_0_1_sealed_can_still_be_read(data_dir):
    former = data_dir / "keys" / "media.key"
    secret = load_or_create_key_bytes(former)
    key = "crops/3f/3f00"
    path = data_dir / "media" / key
    path.parent.mkdir(parents=True)
    path.write_bytes(b"GHV1" + bytes(12) + AESGCM(secret).encrypt(bytes(12), jpeg(), b"crops"))
    assert vault().get(key) == jpeg()
    with pytest.raises(VaultError):
        vault().open(path.read_bytes(), purpose="portraits")


class TestKeys:
    def test_what_a_destroyed_key_sealed_is_gone_for_good(
        self, person_key, django_capture_on_commit_callbacks
    ):
        key = vault().put("crops", jpeg(), data_key=person_key)
        with django_capture_on_commit_callbacks(execute=True):
            vault().keys.destroy(person_key)
        with pytest.raises(VaultError) as refused:
            vault().get(key)
        assert (refused.value.code, refused.value.http_status) == ("storage.erased", 410)

    def test_another_process_forgets_a_destroyed_key_soon(self, person_key, monkeypatch):
        key = vault().put("crops", jpeg(), data_key=person_key)
        DataKey.objects.filter(pk=person_key).update(wrapped=b"", destroyed_at=timezone.now())
        assert vault().get(key)
        monkeypatch.setattr(keyring, "_REMEMBER_S", 0.0)
        with pytest.raises(VaultError):
            vault().get(key)

    def test_the_database_alone_opens_nothing(self, data_dir, person_key):
        key = vault().put("crops", jpeg(), data_key=person_key)
        (data_dir / "keys" / "master.key").unlink()
        vault.cache_clear()
        with pytest.raises(VaultError, match=r"keys/master\.key"):
            vault().get(key)

    def test_a_new_master_key_opens_everything_old_and_the_old_one_nothing(
        self, data_dir, person_key
    ):
        blobs = [vault().put("crops", jpeg()), vault().put("crops", b"x", data_key=person_key)]
        path = data_dir / "keys" / "master.key"
        old = path.read_bytes()
        assert vault().keys.rotate() == 2
        assert path.read_bytes() != old
        vault.cache_clear()
        assert [vault().get(key) for key in blobs] == [jpeg(), b"x"]
        path.write_bytes(old)
        vault.cache_clear()
        with pytest.raises(VaultError):
            vault().get(blobs[0])

    def test_a_crash_in_the_middle_of_the_change_loses_no_key(
        self, data_dir, person_key, monkeypatch
    ):
        key = vault().put("crops", b"x", data_key=person_key)

        def killed(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as crash:
            crash.setattr(Path, "replace", killed)
            with pytest.raises(KeyboardInterrupt):
                vault().keys.rotate()
        vault.cache_clear()
        assert vault().get(key) == b"x"
        assert vault().keys.rotate() == 0, "all keys are wrapped already"
        assert not (data_dir / "keys" / "master.key.next").exists()
        vault.cache_clear()
        assert vault().get(key) == b"x"

    def test_with_the_wrong_master_key_the_check_at_the_start_fails(self, data_dir, person_key):
        vault().keys.check()
        (data_dir / "keys" / "master.key").write_bytes(urlsafe_b64encode(bytes(48)))
        vault.cache_clear()
        with pytest.raises(OperatorError, match="Restore the key"):
            vault().keys.check()

    def test_a_wrapped_key_cannot_be_put_in_the_place_of_another(self, person_key):
        other = DataKey.objects.get(pk=vault().keys.create())
        DataKey.objects.filter(pk=person_key).update(wrapped=other.wrapped)
        vault.cache_clear()
        with pytest.raises(VaultError, match="altered"):
            vault().keys.cipher(person_key)


@pytest.mark.parametrize(
    "key", ["../keys/master.key", "pictures/../../keys/master.key", "/etc/passwd", ".."]
)
def test_a_key_never_leads_out_of_the_store(data_dir, key):
    vault().put("pictures", b"x")
    for act in (vault().get, vault().delete):
        with pytest.raises(VaultError, match="outside"):
            act(key)
    assert (data_dir / "keys" / "master.key").exists()


def test_deleting_twice_is_no_error_and_reading_then_is_404():
    key = vault().put("pictures", b"x")
    vault().delete(key)
    vault().delete(key)
    with pytest.raises(VaultError) as gone:
        vault().get(key)
    assert gone.value.http_status == 404


def test_old_blobs_are_told_by_their_age(data_dir):
    old, new = vault().put("crops", b"old"), vault().put("crops", b"new")
    long_ago = (datetime.now(UTC) - timedelta(days=2)).timestamp()
    os.utime(data_dir / "media" / old, (long_ago, long_ago))
    assert list(vault().keys_older_than(datetime.now(UTC) - timedelta(days=1))) == [old]
    assert new in set(vault().keys_older_than(datetime.now(UTC) + timedelta(days=1)))


def test_a_vector_comes_back_to_the_last_bit(person_key):
    rng = np.random.default_rng(4)
    vector = rng.normal(size=128).astype(np.float32)
    vector /= np.linalg.norm(vector)
    opened = open_vector(seal_vector(vector, dimension=128, data_key=person_key))
    assert opened.dtype == np.dtype("<f4")
    assert np.array_equal(opened, vector)


def test_a_sealed_vector_holds_no_number_of_the_vector(person_key):
    vector = vector_of(5)
    sealed = seal_vector(vector, dimension=64, data_key=person_key)
    assert vector.tobytes()[20:24] == b"\x00\x00\x80?"
    assert b"\x00\x00\x80?" not in sealed
    assert bytes(16) not in sealed
    assert seal_vector(vector, dimension=64, data_key=person_key) != sealed


@pytest.mark.parametrize(
    ("vector", "why"),
    [
        (np.ones(63, np.float32) / np.sqrt(63), "a dimension too few"),
        (np.ones((1, 64), np.float32) / 8, "a matrix"),
        (np.full(64, np.nan, np.float32), "not a number"),
        (np.full(64, np.inf, np.float32), "infinite"),
        (np.zeros(64, np.float32), "no direction"),
        (np.ones(64, np.float32), "not of unit length"),
    ],
)
def test_what_is_no_template_is_never_sealed(person_key, vector, why):
    with pytest.raises(DomainError) as refused:
        seal_vector(vector, dimension=64, data_key=person_key)
    assert refused.value.code == "template.invalid", why


def test_a_vector_sealed_for_another_purpose_is_no_template():
    sealed = vault().seal(vector_of(1).tobytes(), purpose="crops")
    with pytest.raises(VaultError):
        open_vector(sealed)
