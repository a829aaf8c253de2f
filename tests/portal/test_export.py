"""The export of one person: no table forgotten, nothing of others, never a template."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.utils import timezone

from portal.audit.models import AuditEntry
from portal.audit.services import record
from portal.core.context import Actor, acting_as
from portal.core.errors import DomainError, PermissionMissing
from portal.core.policies import permissions_of
from portal.enrolment.models import Invitation, Likeness
from portal.journal.services import note_act
from portal.people.belongings import belongings_of
from portal.people.models import LookalikePair, Person
from portal.people.services import record_consent
from portal.privacy.services import export_person
from tests.factories import (
    EnrolmentFaceFactory,
    EnrolmentFactory,
    RecognisedFaceFactory,
    SpaceFactory,
    UserFactory,
    enrolled_person,
)
from tests.factories.faces import vector_of
from tests.factories.pictures import jpeg
from tests.factories.privacy import SCAN

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("administrator")]


def unpacked(person: Person) -> dict[str, bytes]:
    with export_person(person, reason="asked for it") as file:
        archive = zipfile.ZipFile(io.BytesIO(file.read()))
    return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def ada() -> Any:
    """Somebody with something in every corner."""
    person = enrolled_person(1, photos=2, name="Ada Lovelace", email="ada@example.org")
    bob = enrolled_person(2, name="Bob Stranger")
    record_consent(person, evidence=SCAN, signer="Her Mother")
    person.credentials.create(kind="pin", digest="argon2$not-for-anybody")
    draft = EnrolmentFactory(person=person)
    face = EnrolmentFaceFactory(photo__enrolment=draft, identity=1)
    Likeness.objects.create(face=face, person=bob, score=0.31, threshold=0.5)
    Invitation.objects.create(
        person=person, digest="d" * 64, expires_at=timezone.now() + timedelta(hours=1)
    )
    RecognisedFaceFactory(
        person=person,
        decision="match",
        candidates=[[str(person.pk), 0.8], [str(bob.pk), 0.3]],
        recognition__camera=None,
    )
    first, second = sorted([person, bob], key=lambda one: one.pk)
    LookalikePair.objects.create(first=first, second=second, space=SpaceFactory(), score=0.4)
    # Somebody else's draft that looked like her.
    Likeness.objects.create(face=EnrolmentFaceFactory(), person=person, score=0.7, threshold=0.5)
    note_act(
        "people.merge",
        "Ada Lovelace and Bob Stranger",
        data={"b": str(bob.pk)},
        person_id=person.pk,
        other_id=bob.pk,
    )
    note_act("people.status", "Ada Lovelace was suspended", data={}, person_id=person.pk)
    UserFactory(person=person, email="ada.account@example.org")
    record("people.photo.viewed", target=person.images.first())
    return person


def test_no_table_with_a_key_to_the_person_is_forgotten(ada):
    """Found by looking at every model, not by the way in which the export looks."""
    expected = {
        f"{model._meta.label_lower}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if getattr(field, "related_model", None) is Person and field.concrete
    }
    found = {table.name for table in belongings_of(ada)}
    assert expected <= found
    assert {f"tables/{name}.json" for name in expected} <= set(unpacked(ada))


def test_what_hangs_below_is_followed_too(ada):
    names = {table.name for table in belongings_of(ada)}
    assert {
        "people.facetemplate.image",
        "enrolment.enrolmentphoto.enrolment",
        "enrolment.enrolmentface.photo",
        "enrolment.likeness.face",
    } <= names


def test_the_persons_own_data_and_pictures_are_in_it(ada):
    files = unpacked(ada)
    person = json.loads(files["person.json"])
    assert (person["name"], person["email"]) == ("Ada Lovelace", "ada@example.org")
    images = json.loads(files["tables/people.faceimage.person.json"])
    assert len(images) == 2
    for image in images:
        assert files[f"{image['portrait_key']}.jpg"].startswith(b"\xff\xd8\xff")
        assert files[f"{image['aligned_key']}.jpg"] == jpeg(64, 64)
    consents = json.loads(files["tables/people.consent.person.json"])
    [signed] = [one for one in consents if one["evidence_key"]]
    assert signed["signer"] == "Her Mother"
    assert files[f"{signed['evidence_key']}.pdf"] == SCAN
    [sighting] = json.loads(files["tables/sightings.recognisedface.person.json"])
    assert f"{sighting['portrait_key']}.jpg" in files
    assert len(json.loads(files["tables/seen.json"])) == 1
    assert json.loads(files["tables/accounts.user.person.json"])[0]["email"] == (
        "ada.account@example.org"
    )


def test_who_looked_is_told(ada):
    rows = json.loads(unpacked(ada)["who-looked.json"])
    assert ("ada@example.org", "people.photo.viewed") in {
        (row["actor_label"], row["action"]) for row in rows
    }


def test_templates_digests_and_passwords_never_leave(ada):
    content = b"".join(unpacked(ada).values())
    for secret in (b"sealed_vector", b"argon2", b"d" * 64, b'"password"', vector_of(1).tobytes()):
        assert secret not in content, secret


def test_nothing_of_anybody_else_is_in_it(ada):
    bob = Person.objects.get(name="Bob Stranger")
    files = unpacked(ada)
    content = b"".join(data for name, data in files.items() if name.endswith(".json"))
    assert b"Bob" not in content
    [mention] = json.loads(files["tables/enrolment.likeness.person.json"])
    assert set(mention) == {"id"}
    acts = json.loads(files["tables/journal.act.person.json"])
    assert [act["title"] for act in acts if "title" in act] == ["Ada Lovelace was suspended"]
    assert len(acts) == 2
    assert str(bob.pk).encode() not in content


def test_it_needs_a_reason_and_writes_it_down_with_what_was_given(ada):
    with pytest.raises(DomainError) as refused:
        export_person(ada, reason="  ")
    assert refused.value.code == "export.reason"
    unpacked(ada)
    entry = AuditEntry.objects.get(action="privacy.person.exported")
    assert (entry.reason, entry.target_id) == ("asked for it", str(ada.pk))
    assert entry.after["tables"]["people.faceimage.person"] == 2
    assert len(entry.after["sha256"]) == 64
    assert "Ada" not in str(entry.after)


@pytest.mark.parametrize("role", ["officer", "auditor", "manager", "employee"])
def test_not_everybody_may(role, ada):
    with (
        acting_as(Actor(kind="user", permissions=permissions_of(role))),
        pytest.raises(PermissionMissing),
    ):
        export_person(ada, reason="x")
