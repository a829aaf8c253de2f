"""The master key: never replaced unasked, changed while everything runs, and what lies on the disk."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.core.management import call_command
from django.db import connection

from portal.audit.models import AuditEntry
from portal.core.errors import OperatorError
from portal.core.keyring import KeyRing
from portal.core.models import DataKey
from portal.core.vault import Vault, VaultError, vault
from portal.people.selectors import gallery_vectors
from portal.people.services import NewFace, add_face, person_key, record_consent
from tests.factories import EnrolmentFaceFactory, PersonFactory, SpaceFactory, enrolled_person
from tests.factories.faces import SPACE
from tests.factories.pictures import jpeg
from tests.factories.privacy import SCAN

pytestmark = pytest.mark.django_db

# Three bytes alone turn up in ciphertext now and then.
JPEG_MAGIC = b"\xff\xd8\xff\xe0\x00\x10JFIF"


@pytest.fixture
def master(data_dir: Path) -> Path:
    return data_dir / "keys" / "master.key"


def another_process(data_dir: Path) -> Vault:
    """A vault with its own memory, as a worker has one."""
    return Vault(data_dir / "media", keys=KeyRing(data_dir / "keys"))


class TestMissing:
    def test_nothing_is_written_under_a_new_key_that_opens_nothing_old(self, data_dir, master):
        key = vault().put("crops", b"x", data_key=vault().keys.create())
        secret = master.read_bytes()
        master.unlink()
        other = another_process(data_dir)
        for act in (other.keys.create, other.keys.installation, lambda: other.get(key)):
            with pytest.raises(VaultError, match=r"master\.key is missing"):
                act()
        assert not master.exists()
        master.write_bytes(secret)
        assert another_process(data_dir).get(key) == b"x"

    def test_the_check_at_the_start_says_what_to_restore(self, master):
        vault().keys.create()
        master.unlink()
        with pytest.raises(OperatorError, match=r"is missing.*Restore the key"):
            vault().keys.check()
        assert not master.exists()

    def test_a_new_installation_makes_one(self, master):
        vault().keys.check()
        assert not master.exists()
        vault().keys.installation()
        assert master.exists()

    def test_the_check_looks_at_every_master_key_that_the_database_knows(self):
        """After a change of it that was cut short there are two, and both are needed."""
        vault().keys.create()
        second = vault().keys.create()
        DataKey.objects.filter(pk=second).update(master="0" * 16)
        with pytest.raises(OperatorError, match="key 0000000000000000 is expected"):
            vault().keys.check()


class TestRotation:
    def test_a_worker_that_runs_on_reads_and_writes_before_and_after(self, data_dir, master):
        person = enrolled_person(1)
        worker = another_process(data_dir)
        image = person.images.get()
        assert worker.get(image.portrait_key)
        vault().keys.rotate()
        assert worker.get(image.aligned_key)
        fresh = worker.put("crops", b"new", data_key=worker.keys.create())
        assert another_process(data_dir).get(fresh) == b"new"
        assert another_process(data_dir).get(image.portrait_key)
        assert gallery_vectors(SPACE.id, [str(person.pk)])

    def test_a_key_made_between_the_commit_and_the_new_file_is_not_lost(
        self, data_dir, master, monkeypatch
    ):
        """The moment in which the rows name the new master key and the file is still the old."""
        worker, made = another_process(data_dir), []
        before = vault().put("crops", b"old", data_key=vault().keys.create())
        real = Path.replace

        def then_somebody_is_enrolled(self: Path, target: Path) -> Path:
            if self.name == "master.key.next":
                made.append(worker.put("crops", b"new", data_key=worker.keys.create()))
                assert another_process(data_dir).get(before) == b"old"
            return real(self, target)

        monkeypatch.setattr(Path, "replace", then_somebody_is_enrolled)
        vault().keys.rotate()
        after = another_process(data_dir)
        assert [after.get(key) for key in (before, *made)] == [b"old", b"new"]

    def test_a_key_that_becomes_current_between_two_looks_is_found(
        self, data_dir, master, monkeypatch
    ):
        key = vault().put("crops", b"x", data_key=vault().keys.create())
        vault().keys.rotate()
        new = master.read_bytes()
        assert vault().get(key) == b"x"
        following = master.with_name("master.key.next")
        master.write_bytes(urlsafe_b64encode(bytes(48)))
        following.write_bytes(new)
        from portal.core import keyring

        real, asked = keyring.read_key_bytes, []

        def then_it_is_renamed(path: Path) -> bytes | None:
            found = real(path)
            if not asked:
                following.replace(master)
            asked.append(path.name)
            return found

        monkeypatch.setattr(keyring, "read_key_bytes", then_it_is_renamed)
        assert another_process(data_dir).get(key) == b"x"
        assert asked[:3] == ["master.key", "master.key.next", "master.key"]

    def test_the_command_says_what_it_did_and_is_audited(self, master):
        enrolled_person(1)
        old, said = master.read_bytes(), StringIO()
        call_command("rotate_master_key", stdout=said)
        number = DataKey.objects.filter(destroyed_at=None).count()
        assert f"{number} data key" in said.getvalue()
        assert master.read_bytes() != old
        entry = AuditEntry.objects.get(action="privacy.master_key.rotated")
        assert (entry.actor_kind, entry.after) == ("command", {"keys": number})

    def test_the_command_refuses_a_wrong_key_before_it_changes_anything(self, master):
        enrolled_person(1)
        master.write_bytes(urlsafe_b64encode(bytes(48)))
        vault.cache_clear()
        with pytest.raises(OperatorError):
            call_command("rotate_master_key")
        assert not master.with_name("master.key.next").exists()


@pytest.mark.usefixtures("administrator")
@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="looks into SQLite's own pages")
def test_after_an_enrolment_no_picture_and_no_vector_lies_on_the_disk(data_dir):
    """Every file of the data directory and every page of the database is looked at."""
    vector = _unlike_anything()
    person = PersonFactory()
    record_consent(person, evidence=SCAN)
    key = person_key(person)
    add_face(
        person,
        NewFace(
            vector=vector,
            space=SpaceFactory(),
            portrait_key=vault().put("portraits", jpeg(), data_key=key),
            aligned_key=vault().put("aligned", jpeg(), data_key=key),
            source="upload",
            photo_sha256="0" * 64,
            file_name="ada.jpg",
            quality={"score": 0.8},
        ),
    )
    EnrolmentFaceFactory()
    pages = connection.connection.serialize()
    assert b"ada.jpg" in pages, "these are the pages of this very database"
    files = {p: p.read_bytes() for p in data_dir.rglob("*") if p.is_file()}
    assert len(files) >= 6
    for name, content in {**files, "the database": pages}.items():
        assert JPEG_MAGIC not in content, name
        assert jpeg()[20:60] not in content, name
        assert SCAN not in content, name
        for number in range(0, 60, 4):
            piece = vector.tobytes()[4 * number : 4 * number + 16]
            assert piece not in content, name


def _unlike_anything() -> np.ndarray:
    """A template whose every number is its own, so that none is found by chance."""
    values = np.random.default_rng(8).normal(size=SPACE.dimension).astype("<f4")
    return values / np.linalg.norm(values)
