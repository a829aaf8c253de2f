"""Taking a merge back: both entries as they were, and what came since stays where it is."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from portal.audit.services import record
from portal.journal.models import Act
from portal.journal.registry import forgets, undoes
from portal.people.changes import What, tell
from portal.people.models import FaceImage, LookalikePair, Person
from portal.people.services.gallery import person_key
from portal.people.services.merge import hand_over
from portal.people.services.merge_fields import unfill
from portal.people.services.merge_plan import MERGE_ACT, Moving, account_of, anchors_of
from portal.people.services.photo import delete_photos
from portal.people.services.revision import bump_gallery_revision
from portal.people.services.status import STATUS_ACT, acts_since, in_the_way

__all__ = ["undo_merge"]


@undoes(
    MERGE_ACT,
    label="People merged",
    effect="Both entries are as before, with their photos, sightings and codes. What was added to "
    "the remaining one since stays there.",
)
def undo_merge(act: Act) -> None:
    """Raises ``DomainError`` where what happened since stands in the way."""
    target = Person.objects.select_for_update().get(acts=act)
    source = Person.objects.select_for_update().get(acts_beside=act)
    data = act.data
    _refuse_if_in_the_way(act, source, target)
    hand_over(_still_there(data, source, target), source, data_key=person_key(source))
    unfill(target, data["filled"])
    answers = LookalikePair.objects.all()
    answers.filter(pk__in=data["answers"]["made"]).delete()
    answers.filter(pk__in=data["answers"]["changed"]).update(
        answer=LookalikePair.Answer.OPEN, answered_by="", answered_at=None
    )
    source.status, source.merged_into = data["status"], None
    source.save(update_fields=["status", "merged_into", "updated_at"])
    revision = bump_gallery_revision()
    tell(source.pk, target.pk, what=What.MERGE)
    record(
        "people.person.unmerged",
        target=target,
        after={"source": str(source.pk), "status": source.status, "revision": revision},
    )


@forgets(MERGE_ACT)
def _forget(act: Act) -> None:
    """Photos that both had stay with the old entry only for the undo."""
    delete_photos(
        list(FaceImage.objects.filter(person__acts_beside=act, person__status=Person.Status.MERGED))
    )


def _refuse_if_in_the_way(act: Act, source: Person, target: Person) -> None:
    if source.status != Person.Status.MERGED or source.merged_into_id != target.pk:
        raise in_the_way(f"{source.name} is not merged into {target.name} any more.")
    if target.status not in Person.LIVING:
        raise in_the_way(
            f"{target.name} is “{target.get_status_display()}” by now. Undo that in the journal first."
        )
    moved = act.data["photos"]
    elsewhere = FaceImage.objects.filter(pk__in=moved).exclude(person=target).first()
    if elsewhere is not None:
        raise in_the_way(
            f"A photo that came with the merge is {elsewhere.person.name}'s by now. Undo that move "
            "first."
        )
    ways_in = {*act.data["credentials"], *act.data["invitations"]}
    for later in acts_since(act, target, STATUS_ACT):
        if not ways_in.isdisjoint([*later.data["credentials"], *later.data["invitations"]]):
            raise in_the_way(
                f"A PIN, a QR code or an invitation that came with the merge ended when {target.name} "
                "changed state since. Undo that first."
            )
    added = target.images.exclude(pk__in=[*moved, *act.data["photos_of_target"]]).exclude(
        state=FaceImage.State.REMOVED
    )
    active = target.consents.filter(withdrawn_at=None)
    if added.exists() and not active.exclude(pk__in=act.data["consents"]).exists():
        raise in_the_way(
            f"{added.count()} photos were added to {target.name} under the consent that came with "
            "the merge and would be left without any. Delete them first, then undo."
        )


def _still_there(data: dict[str, Any], source: Person, target: Person) -> Moving:
    """What came with the merge, is still ``target``'s and has not been used up since."""

    def of_target(rows: QuerySet[Any], key: str) -> list[Any]:
        # Acts of an earlier version name fewer kinds of rows.
        return list(rows.filter(pk__in=data.get(key, [])))

    user = account_of(target)
    return Moving(
        photos=of_target(target.images.all(), "photos"),
        consents=of_target(target.consents.all(), "consents"),
        credentials=of_target(target.credentials.all(), "credentials"),
        sightings=target.sightings.filter(pk__in=data["sightings"]),
        visits=target.visits.filter(pk__in=data.get("visits", [])),
        strangers=target.strangers.filter(pk__in=data.get("strangers", [])),
        anchors=anchors_of(target).filter(pk__in=data.get("anchors", [])),
        drafts=of_target(target.enrolments.filter(state__in=["draft", "submitted"]), "drafts"),
        invitations=of_target(target.invitations.filter(used_at=None), "invitations"),
        punches=target.punches.filter(pk__in=data.get("punches", [])),
        corrections=target.corrections.filter(pk__in=data.get("corrections", [])),
        plans=of_target(target.assignments.all(), "plans"),
        overrides=of_target(target.roster_overrides.all(), "overrides"),
        leaves=of_target(target.leaves.all(), "leaves"),
        user=user if user is not None and user.pk == data["user"] else None,
    )
