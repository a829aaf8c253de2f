"""What lies on the disk and in vector columns is sealed, and opens for its purpose alone."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from portal.core.errors import DomainError
from portal.core.vault import Vault, VaultError, vault
from portal.people.vectors import open_vector, seal_vector
from tests.factories.faces import vector_of
from tests.factories.pictures import jpeg

OTHER_KEY = bytes(range(32))


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
        assert content[:4] == b"GHV1"


def test_folders_of_the_vault_are_their_owners_alone(data_dir):
    key = vault().put("pictures", b"x")
    folder = (data_dir / "media" / key).parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not list((data_dir / "media").rglob("*.part"))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda b: b[:-1] + bytes([b[-1] ^ 1]), "one bit of the tag"),
        (lambda b: b[:20] + bytes([b[20] ^ 1]) + b[21:], "one bit of the picture"),
        (lambda b: b[:5] + bytes([b[5] ^ 1]) + b[6:], "one bit of the nonce"),
        (lambda b: b[:-1], "one byte cut off"),
        (lambda b: b + b"\x00", "one byte added"),
        (lambda b: b"GHV2" + b[4:], "another form"),
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


def test_another_key_opens_nothing_and_the_message_says_which_is_meant(data_dir):
    key = vault().put("pictures", jpeg())
    with pytest.raises(VaultError, match=r"keys/media\.key"):
        Vault(data_dir / "media", key=OTHER_KEY).get(key)


@pytest.mark.parametrize(
    "key", ["../keys/media.key", "pictures/../../keys/media.key", "/etc/passwd", ".."]
)
def test_a_key_never_leads_out_of_the_store(data_dir, key):
    vault().put("pictures", b"x")
    for act in (vault().get, vault().delete):
        with pytest.raises(VaultError, match="outside"):
            act(key)
    assert (data_dir / "keys" / "media.key").exists()


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


def test_a_vector_comes_back_to_the_last_bit():
    rng = np.random.default_rng(4)
    vector = rng.normal(size=128).astype(np.float32)
    vector /= np.linalg.norm(vector)
    opened = open_vector(seal_vector(vector, dimension=128))
    assert opened.dtype == np.dtype("<f4")
    assert np.array_equal(opened, vector)


def test_a_sealed_vector_holds_no_number_of_the_vector():
    vector = vector_of(5)
    sealed = seal_vector(vector, dimension=64)
    assert vector.tobytes()[20:24] == b"\x00\x00\x80?"
    assert b"\x00\x00\x80?" not in sealed
    assert bytes(16) not in sealed
    assert seal_vector(vector, dimension=64) != sealed


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
def test_what_is_no_template_is_never_sealed(vector, why):
    with pytest.raises(DomainError) as refused:
        seal_vector(vector, dimension=64)
    assert refused.value.code == "template.invalid", why


def test_a_vector_sealed_for_another_purpose_is_no_template():
    sealed = vault().seal(vector_of(1).tobytes(), purpose="crops")
    with pytest.raises(VaultError):
        open_vector(sealed)
