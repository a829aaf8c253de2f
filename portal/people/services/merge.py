"""Two entries that are one person become one; and two again, where that was an error.

Everything that will move is counted first (``plan_merge``) and written down by id when it does
(``merge_people``), so that ``unmerge`` moves exactly that back and leaves alone what came since.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Model, Q, QuerySet

from portal.audit.services import record
from portal.core.context import require
from portal.core.errors import DomainError
from portal.journal.models import Act
from portal.journal.services import note_act
from portal.people.changes import What, tell
from portal.people.models import Consent, Credential, FaceImage, FaceTemplate, LookalikePair, Person
from portal.people.services.gallery import person_key
from portal.people.services.merge_fields import fill
from portal.people.services.merge_plan import MERGE_ACT, Moving, moving
from portal.people.services.reseal import reseal
from portal.people.services.revision import bump_gallery_revision
from portal.people.services.status import lock_living

__all__ = ["hand_over", "merge_people"]

_DIFFERENT: Final = LookalikePair.Answer.DIFFERENT


@transaction.atomic
def merge_people(source: Person, target: Person) -> Act:
    """All of ``source``'s becomes ``target``'s, whose name and code stay. ``source``'s code stays
    taken. Nobody else is touched. Raises ``DomainError`` where either is no longer in the lists.
    """
    require("people.manage")
    source, target = _locked(source, target)
    what = moving(source, target)
    key = person_key(target)
    data: dict[str, Any] = {
        "source": str(source.pk),
        "status": source.status,
        "photos": _ids(what.photos),
        "photos_of_target": [str(pk) for pk in target.images.values_list("pk", flat=True)],
        "consents": _ids(what.consents),
        "credentials": _ids(what.credentials),
        "sightings": list(what.sightings.values_list("pk", flat=True)),
        "visits": _pks(what.visits),
        "strangers": _pks(what.strangers),
        "anchors": _pks(what.anchors),
        "drafts": _ids(what.drafts),
        "invitations": _ids(what.invitations),
        "punches": _pks(what.punches),
        "corrections": _pks(what.corrections),
        "plans": _ids(what.plans),
        "overrides": _ids(what.overrides),
        "leaves": _ids(what.leaves),
        "user": what.user.pk if what.user is not None else None,
        "filled": fill(target, source),
        "answers": _carry_answers(source, target),
    }
    hand_over(what, target, data_key=key)
    source.status, source.merged_into = Person.Status.MERGED, target
    source.save(update_fields=["status", "merged_into", "updated_at"])
    revision = bump_gallery_revision()
    tell(source.pk, target.pk, what=What.MERGE)
    act = note_act(
        MERGE_ACT,
        f"{source.name} merged into {target.name}",
        data=data,
        person_id=target.pk,
        other_id=source.pk,
    )
    record(
        "people.person.merged",
        target=target,
        before={"source": str(source.pk), "status": data["status"]},
        after={
            "photos": len(data["photos"]),
            "sightings": len(data["sightings"]),
            "revision": revision,
        },
    )
    return act


def hand_over(what: Moving, person: Person, *, data_key: UUID) -> None:
    """Make all of ``what`` the ``person``'s, sealed with their key."""
    templates = list(FaceTemplate.objects.filter(image__in=what.photos))
    drafted = [photo for draft in what.drafts for photo in draft.photos.all()]
    faces = [face for photo in drafted for face in photo.faces.all()]
    reseal([*what.photos, *templates, *what.consents, *drafted, *faces], data_key=data_key)
    FaceImage.objects.filter(pk__in=_keys(what.photos)).update(person=person)
    FaceTemplate.objects.filter(pk__in=_keys(templates)).update(person=person)
    Consent.objects.filter(pk__in=_keys(what.consents)).update(person=person)
    Credential.objects.filter(pk__in=_keys(what.credentials)).update(person=person)
    for rows in (
        what.sightings, what.visits, what.strangers, what.anchors, what.punches, what.corrections,
    ):  # fmt: skip
        rows.update(person=person)
    for row in (*what.plans, *what.overrides, *what.leaves):
        row.person = person
        row.save(update_fields=["person"])
    for draft in what.drafts:
        draft.person, draft.data_key_id = person, data_key
        draft.save(update_fields=["person", "data_key"])
    for invitation in what.invitations:
        invitation.person = person
        invitation.save(update_fields=["person"])
    if what.user is not None:
        what.user.person = person
        what.user.save(update_fields=["person"])


def _locked(source: Person, target: Person) -> tuple[Person, Person]:
    if source.pk == target.pk:
        raise DomainError(
            "Nobody can be merged with themselves. Choose somebody else.", code="merge.same_person"
        )
    # Always in the same order, so that two merges of the same two never wait for each other.
    locked = {p.pk: lock_living(p) for p in sorted((source, target), key=lambda p: p.pk)}
    return locked[source.pk], locked[target.pk]


def _carry_answers(source: Person, target: Person) -> dict[str, list[str]]:
    """Whoever was told apart from ``source`` stays told apart from ``target``."""
    made, changed = [], []
    of_source = Q(first=source) | Q(second=source)
    for pair in LookalikePair.objects.filter(of_source, answer=_DIFFERENT):
        ends = {pair.first_id, pair.second_id}
        if target.pk in ends:
            continue
        (other,) = ends - {source.pk}
        first, second = sorted((target.pk, other))
        kept, is_new = LookalikePair.objects.get_or_create(
            first_id=first,
            second_id=second,
            defaults={
                "space": pair.space,
                "score": pair.score,
                "answer": _DIFFERENT,
                "answered_by": pair.answered_by,
                "answered_at": pair.answered_at,
            },
        )
        if is_new:
            made.append(str(kept.pk))
        elif kept.answer != _DIFFERENT:
            LookalikePair.objects.filter(pk=kept.pk).update(
                answer=_DIFFERENT, answered_by=pair.answered_by, answered_at=pair.answered_at
            )
            changed.append(str(kept.pk))
    return {"made": made, "changed": changed}


def _pks(rows: QuerySet[Any]) -> list[str]:
    return [str(pk) for pk in rows.order_by("pk").values_list("pk", flat=True)]


def _keys(rows: list[Any]) -> list[Any]:
    return [row.pk for row in rows]


def _ids(rows: Sequence[Model]) -> list[str]:
    return [str(row.pk) for row in rows]
