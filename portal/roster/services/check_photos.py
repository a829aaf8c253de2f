"""The dry run's photos: each read once, and told whose it is and whether it would be used."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from portal.core.archive import EntryRefused
from portal.people.models import FaceImage, LookalikePair
from portal.roster.matching import Matching
from portal.roster.models import RosterImport, RosterPhoto, RosterRow
from portal.roster.photos import PhotoSource, photo_digest

__all__ = ["ReadPhotos", "chunks", "photo_rows", "read_photos"]

_AGAIN = "was not used the last time either: "
_RENEW_EVERY = 50

T = TypeVar("T")

_Key = tuple[UUID | None, str]


@dataclass(frozen=True, slots=True)
class ReadPhotos:
    """SHA-256 by name, by name why a photo cannot be read, and files that are no photos."""

    digests: dict[str, str] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    refused: tuple[tuple[str, str], ...] = ()


def read_photos(source: PhotoSource | None, renew: Callable[[], None]) -> ReadPhotos:
    """Unpack every byte once. Raises ``DomainError`` where the archive is a trap."""
    if source is None:
        return ReadPhotos()
    read = ReadPhotos(refused=source.refused)
    for number, name in enumerate(source.names):
        if number % _RENEW_EVERY == 0:
            renew()
        try:
            read.digests[name] = photo_digest(source, name)
        except EntryRefused as error:
            read.unreadable[name] = str(error)
    return read


def photo_rows(
    roster: RosterImport,
    matching: Matching,
    rows: Mapping[int, RosterRow],
    read: ReadPhotos,
    *,
    may_use: Collection[int],
) -> list[RosterPhoto]:
    """Unsaved; ``may_use`` are the lines whose people have a basis for it."""
    held = _held_photos(rows.values())
    looked_at = _looked_at(rows.values(), set(read.digests.values()))
    photos: list[RosterPhoto] = []
    for line, names in matching.of_line.items():
        for name in names:
            photo = _new(roster, rows[line], name, read)
            key = (rows[line].person_id, photo.sha256)
            if name in read.unreadable:
                _refuse(photo, read.unreadable[name])
            elif key in held:
                photo.verdict, photo.image = RosterPhoto.Verdict.ENROLLED, held[key]
            elif line not in may_use:
                _refuse(photo, "there is no consent, so no photo may be used")
            elif key in looked_at:
                _refuse(photo, _AGAIN + looked_at[key].reason.removeprefix(_AGAIN))
                photo.other_id = looked_at[key].other_id
            photos.append(photo)
    for line, problems in matching.problems.items():
        for name, reason in problems:
            photos.append(_refuse(_new(roster, rows[line], name, read), reason))
    for name, reason in (*matching.unclaimed, *read.refused):
        photo = _refuse(_new(roster, None, name, read), read.unreadable.get(name, reason))
        photo.verdict = RosterPhoto.Verdict.UNCLAIMED
        photos.append(photo)
    return photos


def chunks(values: list[T], size: int = 500) -> Iterable[list[T]]:
    return (values[start : start + size] for start in range(0, len(values), size))


def _new(roster: RosterImport, row: RosterRow | None, name: str, read: ReadPhotos) -> RosterPhoto:
    return RosterPhoto(
        roster=roster,
        row=row,
        name=name[:300],
        sha256=read.digests.get(name, ""),
        verdict=RosterPhoto.Verdict.WAITING,
    )


def _refuse(photo: RosterPhoto, reason: str) -> RosterPhoto:
    photo.verdict, photo.reason = RosterPhoto.Verdict.REFUSED, reason[:300]
    return photo


def _held_photos(rows: Iterable[RosterRow]) -> dict[_Key, FaceImage]:
    """Photos that their person has already, in use or set aside."""
    found: dict[_Key, FaceImage] = {}
    for people in chunks([row.person_id for row in rows if row.person_id]):
        images = FaceImage.objects.filter(person__in=people)
        for image in images.exclude(state=FaceImage.State.REMOVED):
            found[image.person_id, image.photo_sha256] = image
    return found


def _looked_at(rows: Iterable[RosterRow], digests: Collection[str]) -> dict[_Key, RosterPhoto]:
    """Photos that an earlier import examined and did not use, and that would fare no better now."""
    people = {row.person_id for row in rows if row.person_id}
    if not people or not digests:
        return {}
    cleared = {
        frozenset(pair)
        for pair in LookalikePair.objects.filter(answer=LookalikePair.Answer.DIFFERENT).values_list(
            "first_id", "second_id"
        )
    }
    earlier = RosterPhoto.objects.filter(
        is_examined=True, verdict=RosterPhoto.Verdict.REFUSED, row__person__isnull=False
    ).select_related("row")
    found: dict[_Key, RosterPhoto] = {}
    for photo in earlier.iterator(chunk_size=1000):
        person = photo.row.person_id if photo.row else None
        is_cleared = frozenset((person, photo.other_id)) in cleared
        if person in people and photo.sha256 in digests and not is_cleared:
            found[person, photo.sha256] = photo
    return found
