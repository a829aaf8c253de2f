"""What a column can mean, and what its heading suggests: pure.

Public surface: ``FIELDS``, ``FieldKind``, ``guess_mapping``, ``headings_digest``,
``check_mapping``, ``normalised``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from portal.core.errors import DomainError
from portal.core.sheets import normalised

__all__ = [
    "FIELDS",
    "NO_CODE",
    "FieldKind",
    "check_mapping",
    "guess_mapping",
    "headings_digest",
    "normalised",
]


@dataclass(frozen=True, slots=True)
class FieldKind:
    """One meaning of a column; ``spellings`` are headings, normalised."""

    key: str
    label: str
    hint: str
    spellings: tuple[str, ...]


FIELDS: Final = (
    FieldKind(
        "code",
        "Code",
        "Staff or pupil number; by it a person is found again",
        (
            "code", "id", "number", "no", "personid", "employeeid", "employeeno", "employeenumber",
            "employeecode", "staffid", "staffno", "staffnumber", "staffcode", "pupilid",
            "pupilnumber", "studentid", "studentno", "studentnumber", "admissionnumber",
            "personnelnumber", "personnelno", "payrollnumber", "badge", "badgeid", "badgenumber",
            "cardnumber", "uid", "userid", "personalnummer", "mitarbeiternummer", "schulernummer",
            "matricule", "legajo", "matricola",
        ),
    ),
    FieldKind(
        "name",
        "Full name",
        "",
        (
            "name", "fullname", "displayname", "person", "employee", "employeename", "staffname",
            "student", "studentname", "pupil", "pupilname", "nameofperson", "vollstandigername",
            "nomcomplet", "nombrecompleto", "nomecompleto",
        ),
    ),
    FieldKind(
        "first_name",
        "First name",
        "",
        (
            "firstname", "first", "forename", "forenames", "givenname", "givennames",
            "preferredname", "vorname", "prenom", "nombre",
        ),
    ),
    FieldKind(
        "last_name",
        "Last name",
        "",
        ("lastname", "last", "surname", "familyname", "nachname", "familienname", "nom",
         "apellido", "apellidos", "cognome"),
    ),
    FieldKind(
        "email",
        "E-mail",
        "",
        ("email", "emailaddress", "mail", "workemail", "schoolemail", "companyemail",
         "emailadresse", "correo", "correoelectronico", "courriel"),
    ),
    FieldKind(
        "department",
        "Department or class",
        "A path such as Year 7 / 7b; what is new is made",
        (
            "department", "dept", "departmentpath", "division", "team", "unit", "orgunit",
            "organisationalunit", "class", "classname", "form", "formgroup", "tutorgroup", "group",
            "yeargroup", "grade", "abteilung", "klasse", "service", "classe", "departamento",
        ),
    ),
    FieldKind(
        "site",
        "Site",
        "The name of a site that exists",
        ("site", "sitename", "location", "campus", "school", "office", "branch", "building",
         "worklocation", "standort", "sede", "lieu"),
    ),
    FieldKind(
        "employed_from",
        "Employed from",
        "",
        ("employedfrom", "from", "start", "startdate", "startson", "hiredate", "hired", "hiredon",
         "dateofjoining", "joiningdate", "joined", "joinedon", "entrydate", "enrolmentdate",
         "admissiondate", "eintritt", "eintrittsdatum", "fechaalta"),
    ),
    FieldKind(
        "employed_to",
        "Employed to",
        "",
        ("employedto", "to", "until", "end", "enddate", "endson", "leavingdate", "leftdate",
         "leaver", "leaveson", "exitdate", "terminationdate", "contractend", "austritt",
         "austrittsdatum", "fechabaja"),
    ),
    FieldKind(
        "consent",
        "Consent",
        "Yes or no, or the date on which it was given",
        ("consent", "consentgiven", "hasconsent", "consented", "photoconsent", "facialconsent",
         "biometricconsent", "biometrics", "consenttoface", "agreed", "gdpr", "gdprconsent",
         "einwilligung", "consentement", "consentimiento", "consenso"),
    ),
    FieldKind(
        "consent_on",
        "Consent given on",
        "",
        ("consentdate", "consenton", "consentgivenon", "dateofconsent", "consentedon", "agreedon",
         "einwilligungvom", "einwilligungsdatum"),
    ),
    FieldKind(
        "photos",
        "Photo files",
        "File names, several separated by “;”",
        (
            "photo", "photos", "photofile", "photofiles", "photofilename", "photofilenames",
            "photoname", "picture", "pictures", "picturefile", "image", "images", "imagefile",
            "imagename", "file", "files", "filename", "filenames", "face", "portrait", "foto",
            "fotos", "bild", "bilder", "bilddatei", "archivo",
        ),
    ),
)  # fmt: skip

NO_CODE: Final = (
    "Say which column holds the code: by it people are found again, so that the same file may be "
    "imported twice."
)
_KEYS: Final = frozenset(kind.key for kind in FIELDS)
_OF_SPELLING: Final = {spelling: kind.key for kind in FIELDS for spelling in kind.spellings}


def guess_mapping(headings: Sequence[str]) -> dict[str, int]:
    """Per field the column whose heading says so; the first of several."""
    found: dict[str, int] = {}
    for column, heading in enumerate(headings):
        field = _OF_SPELLING.get(normalised(heading))
        if field is not None:
            found.setdefault(field, column)
    return found


def headings_digest(headings: Sequence[str]) -> str:
    """The same for files with the same headings in the same order, however they are spaced."""
    joined = "\x1f".join(normalised(heading) for heading in headings)
    return hashlib.sha256(joined.encode()).hexdigest()


def check_mapping(mapping: Mapping[str, int], *, columns: int) -> None:
    """Raises ``DomainError`` ``roster.mapping`` where nobody could be imported with it."""
    unknown = set(mapping) - _KEYS
    if unknown or any(not 0 <= column < columns for column in mapping.values()):
        raise DomainError(
            "There is no such field or no such column. Expected one of: "
            f"{', '.join(kind.key for kind in FIELDS)}.",
            code="roster.mapping",
        )
    if "code" not in mapping:
        raise DomainError(NO_CODE, code="roster.mapping")
    if "name" not in mapping and "last_name" not in mapping:
        raise DomainError(
            "Say which column holds the name, or the first and the last name.",
            code="roster.mapping",
        )
    if len(set(mapping.values())) < len(mapping):
        raise DomainError(
            "A column can mean one thing only; one was chosen for two fields.",
            code="roster.mapping",
        )
