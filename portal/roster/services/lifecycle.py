"""The end of a roster: closed with what it did, discarded, or forgotten after its time."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from portal.audit.services import record
from portal.core.context import require
from portal.core.errors import DomainError
from portal.jobs.models import Job
from portal.jobs.services import finish_job
from portal.journal.models import Act
from portal.journal.services import note_act
from portal.roster.models import RosterImport, RosterPhoto
from portal.roster.selectors import counts_of
from portal.roster.storage import delete_stored

__all__ = ["ACT", "close_roster", "discard_roster", "purge_rosters", "refuse_roster"]

ACT = "roster.applied"
# A file that nobody applied is somebody's list of names and faces: it does not lie about.
_UNAPPLIED_LIFE = timedelta(hours=24)


@transaction.atomic
def close_roster(roster: RosterImport, *, state: str, message: str = "") -> RosterImport:
    """Applied or stopped: the uploaded files go, the rows keep what they did, and the journal
    gets one act by which all of it can be taken back."""
    locked = RosterImport.objects.select_for_update().get(pk=roster.pk)
    if locked.is_ended:
        return locked
    counts = counts_of(locked)
    done = locked.rows.filter(is_pending=False)
    changed = done.filter(outcome__in=["new", "changed"], person__isnull=False).count()
    if changed:
        locked.act = note_act(
            ACT,
            f"Roster “{locked.file_name}”: {counts.new} new, {counts.changed} changed",
            data={"roster": str(locked.pk)},
            person_id=None,
        )
    locked.photos.filter(verdict=RosterPhoto.Verdict.WAITING).update(
        verdict=RosterPhoto.Verdict.REFUSED, reason="the import was stopped before it"
    )
    locked.rows.update(fields={}, is_pending=False)
    locked.options.pop("preview", None)
    locked.state, locked.message, locked.ended_at = state, message[:500], timezone.now()
    locked.leased_by, locked.leased_until = "", None
    locked.save()
    delete_stored(locked)
    if locked.job is not None and not locked.job.is_finished:
        ended = Job.State.DONE if state == RosterImport.State.APPLIED else Job.State.FAILED
        finish_job(locked.job.pk, state=ended, message=message)
    record(
        "roster.closed",
        target=locked,
        after={
            "state": state,
            "new": counts.new,
            "changed": counts.changed,
            "refused": counts.refused,
            "photos": counts.photos_used,
        },
    )
    return locked


@transaction.atomic
def refuse_roster(roster: RosterImport, message: str) -> None:
    """The file as a whole cannot be imported; its parts go at once."""
    locked = RosterImport.objects.select_for_update().get(pk=roster.pk)
    locked.rows.all().delete()
    locked.photos.all().delete()
    locked.state, locked.message = RosterImport.State.REFUSED, message[:500]
    locked.ended_at = timezone.now()
    locked.leased_by, locked.leased_until = "", None
    locked.save()
    delete_stored(locked)
    record("roster.refused", target=locked)


@transaction.atomic
def discard_roster(roster: RosterImport) -> None:
    """Give up a file that was not applied: nothing of it is kept."""
    require("people.import")
    locked = RosterImport.objects.select_for_update().get(pk=roster.pk)
    if locked.state in {
        RosterImport.State.APPLYING,
        RosterImport.State.APPLIED,
        RosterImport.State.STOPPED,
    }:
        raise DomainError(
            "This import was begun; undo it instead.", code="roster.state", http_status=409
        )
    delete_stored(locked)
    record("roster.discarded", target=locked)
    locked.delete()


def purge_rosters() -> int:
    """Delete what was never applied and what can no longer be undone; nightly. Returns how many
    imports went."""
    now = timezone.now()
    states = RosterImport.State
    stale = RosterImport.objects.filter(
        state__in=[states.MAPPING, states.CHECKED, states.REFUSED],
        changed_at__lt=now - _UNAPPLIED_LIFE,
    )
    over = RosterImport.objects.filter(
        state__in=[states.APPLIED, states.STOPPED], ended_at__lt=now - Act.LIFE
    )
    count = 0
    for roster in [*stale, *over]:
        with transaction.atomic():
            delete_stored(roster)
            roster.delete()
        count += 1
    # A command that was killed: whatever it did can be undone like any other.
    for roster in RosterImport.objects.filter(
        state=states.APPLYING, is_local=True, changed_at__lt=now - _UNAPPLIED_LIFE
    ):
        close_roster(roster, state=states.STOPPED, message="The command was ended before its end.")
    return count
