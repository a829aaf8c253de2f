"""A roster is uploaded, and somebody says what its columns are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast
from uuid import UUID

from django.db import transaction

from portal.audit.services import record
from portal.core.context import require
from portal.core.errors import DomainError
from portal.jobs.dispatch import ring_on_commit
from portal.organisation.selectors import visible_sites
from portal.organisation.services import default_site
from portal.roster.columns import check_mapping, guess_mapping, headings_digest
from portal.roster.models import HeadingMemory, RosterImport, RosterPart
from portal.roster.photos import MAX_ARCHIVE_BYTES, ZipPhotos
from portal.roster.services.lifecycle import discard_roster
from portal.roster.sheets import MAX_SHEET_BYTES, read_sheet
from portal.roster.storage import open_stored, store_file, stored_bytes

__all__ = ["confirm_columns", "take_in"]

PREVIEW_ROWS = 3


def take_in(
    sheet: Iterable[bytes],
    *,
    file_name: str,
    photos: Iterable[bytes] | None = None,
    photos_name: str = "",
    is_local: bool = False,
) -> RosterImport:
    """Seal what is uploaded as it comes, and look at its outside. Raises ``DomainError`` for a
    file that cannot be imported at all; nothing of it is kept then."""
    actor = require("people.import")
    roster = RosterImport.objects.create(
        file_name=file_name[:200],
        photos_name=photos_name[:200],
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_label=actor.label[:254],
        is_local=is_local,
    )
    kinds = RosterPart.Kind
    try:
        store_file(roster, kinds.SHEET, sheet, max_bytes=MAX_SHEET_BYTES)
        table = read_sheet(stored_bytes(roster, kinds.SHEET))
        if photos is not None:
            store_file(roster, kinds.PHOTOS, photos, max_bytes=MAX_ARCHIVE_BYTES)
            ZipPhotos(open_stored(roster, kinds.PHOTOS)).close()
    except (DomainError, OSError):
        discard_roster(roster)
        raise
    known = HeadingMemory.objects.filter(digest=headings_digest(table.headings)).first()
    roster.headings = list(table.headings)
    roster.mapping = known.mapping if known else guess_mapping(table.headings)
    roster.options = {
        "rows": len(table.rows),
        "is_remembered": known is not None,
        "preview": [[cell[:60] for cell in row.cells] for row in table.rows[:PREVIEW_ROWS]],
    }
    if known:
        roster.options |= known.options
    roster.save()
    record("roster.uploaded", target=roster, after={"rows": len(table.rows)})
    return roster


@transaction.atomic
def confirm_columns(
    roster: RosterImport,
    mapping: Mapping[str, int],
    *,
    options: Mapping[str, Any],
    site_id: UUID | None,
) -> RosterImport:
    """Remember what the columns are, and have the dry run made."""
    require("people.import")
    locked = RosterImport.objects.select_for_update().get(pk=roster.pk)
    if locked.state not in {RosterImport.State.MAPPING, RosterImport.State.CHECKED}:
        raise DomainError(
            "This import has gone on already. Upload the file again to change its columns.",
            code="roster.state",
            http_status=409,
        )
    check_mapping(mapping, columns=len(locked.headings))
    site = visible_sites().filter(pk=site_id).first() if site_id else None
    site = site or visible_sites().order_by("id").first() or default_site()
    kept = {name: options[name] for name in ("date_order", "basis", "has_all_consent")}
    HeadingMemory.objects.update_or_create(
        digest=headings_digest(cast("list[str]", locked.headings)),
        defaults={"mapping": dict(mapping), "options": kept},
    )
    locked.mapping, locked.options = dict(mapping), {**locked.options, **kept}
    locked.default_site = site
    locked.state, locked.message, locked.attempts = RosterImport.State.CHECKING, "", 0
    locked.save()
    record("roster.columns_confirmed", target=locked, after={"fields": sorted(mapping), **kept})
    if not locked.is_local:
        ring_on_commit("roster.check")
    return locked
