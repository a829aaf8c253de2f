"""Rosters taken in, looked at and applied, as a worker does it; with ``roster_files``."""

from __future__ import annotations

from typing import Any

from portal.organisation.services import default_site
from portal.roster.models import RosterImport
from portal.roster.services import begin_apply, confirm_columns, run_check, take_in
from tests.roster_files import csv_file, entry, xlsx_file, zip_file
from workers.roster import apply_all, open_photos

__all__ = [
    "OPTIONS",
    "applied",
    "checked",
    "csv_file",
    "entry",
    "imported",
    "xlsx_file",
    "zip_file",
]

OPTIONS = {"date_order": "day", "basis": "consent", "has_all_consent": False}


def checked(
    sheet: bytes, photos: bytes | None = None, *, name: str = "staff.csv", **options: Any
) -> RosterImport:
    """Uploaded, the columns guessed, and looked at."""
    default_site()
    roster = take_in(
        [sheet],
        file_name=name,
        photos=[photos] if photos is not None else None,
        photos_name="photos.zip" if photos is not None else "",
    )
    roster = confirm_columns(roster, roster.mapping, options={**OPTIONS, **options}, site_id=None)
    with open_photos(roster) as source:
        return run_check(roster, source, renew=lambda: None)


def applied(roster: RosterImport, host: Any = None) -> RosterImport:
    """What was checked, applied to its end."""
    begin_apply(roster)
    roster.refresh_from_db()
    if not roster.is_ended:
        with open_photos(roster) as source:
            apply_all(host, roster, source, on_rows=lambda _: None)
        roster.refresh_from_db()
    return roster


def imported(
    sheet: bytes, photos: bytes | None = None, *, host: Any = None, **options: Any
) -> RosterImport:
    return applied(checked(sheet, photos, **options), host)
