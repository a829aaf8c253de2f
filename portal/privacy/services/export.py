"""The export of everything that is kept of one person, for that person: a ZIP of JSON and pictures.

What belongs to the person is found by following foreign keys from it, so that a new table cannot be
forgotten. Templates, digests and passwords never leave; what tells of other people is left out.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from typing import IO, Any, Final

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import BinaryField, BooleanField, DateField, DateTimeField, Field, Model, Q
from django.utils import timezone

from portal.audit.models import AuditEntry
from portal.audit.services import record
from portal.core.context import require
from portal.core.errors import DomainError
from portal.core.fields import VaultKeyField
from portal.core.vault import VaultError, vault
from portal.people.belongings import belongings_of
from portal.people.models import Person
from portal.sightings.models import Recognition

__all__ = ["export_person"]

_SECRETS: Final = ("digest", "password", "secret", "token")
# Whom else a face resembled, and what an undo needs: ids of other people among it.
_ABOUT_OTHERS: Final = frozenset({"candidates", "data"})
_NEUTRAL: Final = (DateTimeField, DateField, BooleanField)
_README: Final = """\
Everything that {site} keeps of {name} ({code}), written on {at}.

person.json     name, code, e-mail, department, state
tables/         one file for each table that refers to the person
pictures/       the photographs, decrypted, named as in the tables
who-looked.json who viewed or changed what is kept, from the audit log

Templates (the numbers that describe a face), passwords and digests are not part of an export:
they could be misused and can be read by nobody.
"""


def export_person(person: Person, *, reason: str) -> IO[bytes]:
    """The archive, ready to be read. Raises ``DomainError`` without a reason."""
    require("privacy.manage")
    if not reason.strip():
        raise DomainError(
            "An export needs a reason, such as the request it answers.", code="export.reason"
        )
    # On disk only once it is large, and then without a name that others could open.
    file = tempfile.SpooledTemporaryFile(max_size=16 * 1024 * 1024)  # noqa: SIM115 - the answer closes it
    counts: dict[str, int] = {}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        pictures: dict[str, str] = {}
        _write(archive, "person.json", _as_dict(person, pictures, of=person))
        for table in belongings_of(person):
            rows = [
                {"id": row.pk} if table.is_hidden else _as_dict(row, pictures, of=person)
                for row in table.rows.iterator(chunk_size=500)
            ]
            counts[table.name] = len(rows)
            _write(archive, f"tables/{table.name}.json", rows)
        _write(archive, "tables/seen.json", _seen(person))
        _write(archive, "who-looked.json", list(_who_looked(person)))
        stored = _add_pictures(archive, pictures)
        archive.writestr(
            "README.txt",
            _README.format(
                site=settings.SITE_NAME,
                name=person.name,
                code=person.code,
                at=timezone.now().isoformat(timespec="seconds"),
            ),
        )
    record(
        "privacy.person.exported",
        target=person,
        after={
            "tables": {name: count for name, count in counts.items() if count},
            "pictures": stored,
            "sha256": _sha256(file),
        },
        reason=reason.strip()[:500],
    )
    file.seek(0)
    return file


def _as_dict(row: Model, pictures: dict[str, str], *, of: Person) -> dict[str, Any]:
    """The row's own columns; a picture is named by its file in the archive.

    Of a row that names somebody else too, only what tells nothing of them.
    """
    fields = [field for field in row._meta.concrete_fields if _may_leave(field)]
    if _names_another(row, of):
        fields = [field for field in fields if field.primary_key or isinstance(field, _NEUTRAL)]
    values: dict[str, Any] = {}
    for field in fields:
        value = getattr(row, field.attname)
        if isinstance(field, VaultKeyField):
            value = _name_of_picture(row, field, value, pictures)
        values[field.attname] = value
    return values


def _names_another(row: Model, person: Person) -> bool:
    """An entry that was merged into the person is no other."""
    return not isinstance(row, Person) and any(
        getattr(row, field.attname) not in {None, person.pk}
        for field in row._meta.concrete_fields
        if field.related_model is Person
    )


def _may_leave(field: Field[Any, Any]) -> bool:
    if isinstance(field, BinaryField) or field.name in _ABOUT_OTHERS:
        return False
    return not any(word in field.name for word in _SECRETS)


def _name_of_picture(row: Model, field: Field[Any, Any], key: str, pictures: dict[str, str]) -> str:
    if not key:
        return ""
    name = f"pictures/{row._meta.model_name}-{row.pk}-{field.name.removesuffix('_key')}"
    pictures[key] = name
    return name


def _add_pictures(archive: zipfile.ZipFile, pictures: dict[str, str]) -> int:
    """Returns how many could be read; one that is gone already is left out."""
    count = 0
    for key, name in pictures.items():
        try:
            plain = vault().get(key)
        except VaultError:
            continue
        archive.writestr(f"{name}{_suffix(plain)}", plain)
        count += 1
    return count


def _suffix(plain: bytes) -> str:
    for magic, suffix in ((b"\xff\xd8\xff", ".jpg"), (b"%PDF", ".pdf"), (b"\x89PNG", ".png")):
        if plain.startswith(magic):
            return suffix
    return ".bin"


def _seen(person: Person) -> list[Any]:
    """When and where: the pictures themselves may show others and stay here."""
    rows = Recognition.objects.filter(faces__person=person).order_by("captured_at").distinct()
    return list(rows.values("id", "captured_at", "source", "camera__name", "camera__place"))


def _who_looked(person: Person) -> Iterator[Any]:
    ids = [str(pk) for pk in person.images.values_list("pk", flat=True)]
    crops = [str(pk) for pk in person.sightings.values_list("pk", flat=True)]
    about = Q(target_type="people.person", target_id=str(person.pk))
    for kind, targets in (("people.faceimage", ids), ("sightings.recognisedface", crops)):
        about |= Q(target_type=kind, target_id__in=targets)
    rows = AuditEntry.objects.filter(about).order_by("seq")
    yield from rows.values("at", "actor_kind", "actor_label", "action", "reason").iterator()


def _write(archive: zipfile.ZipFile, name: str, content: dict[str, Any] | Iterable[Any]) -> None:
    text = json.dumps(content, cls=DjangoJSONEncoder, indent=2, ensure_ascii=False)
    archive.writestr(name, text)


def _sha256(file: IO[bytes]) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    while part := file.read(1024 * 1024):
        digest.update(part)
    return digest.hexdigest()
