"""The retention clocks: every category, what its end means, and how long it is kept by default.

Public surface: ``PURGE_AT``, ``Clock``, ``clocks``, ``days_in_words``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, time
from typing import Final

from django.conf import settings

from portal.facesearch.models import FaceSearch
from portal.journal.models import Act

__all__ = ["LONGEST_DAYS", "PURGE_AT", "Clock", "clocks", "days_in_words"]

# When the nightly job runs; the worker's timetable reads it here.
PURGE_AT: Final = time(3, 15, tzinfo=UTC)
LONGEST_DAYS: Final = 36_500


@dataclass(frozen=True, slots=True)
class Clock:
    """One category. ``default_days`` None means kept for good; ``is_fixed`` cannot be changed.

    ``deleted`` says what goes, ``starts`` from when the days count, ``noun`` what is counted.
    """

    category: str
    title: str
    deleted: str
    starts: str
    noun: tuple[str, str]
    default_days: int | None
    is_fixed: bool = False

    def counted(self, number: int) -> str:
        return f"{number:,} {self.noun[number != 1]}"


def clocks() -> tuple[Clock, ...]:
    """All categories in the order in which the purge works them off."""
    pictures = settings.PICTURE_RETENTION_DAYS
    return (
        Clock(
            "drafts",
            "Unfinished enrolments",
            "The photos and templates of an enrolment that nobody confirmed",
            "the enrolment was begun",
            ("unfinished enrolment", "unfinished enrolments"),
            1,
        ),
        Clock(
            "submissions",
            "Enrolments that wait for approval",
            "What a person sent in by link and nobody approved",
            "it was sent in",
            ("submission", "submissions"),
            14,
        ),
        Clock(
            "pictures",
            "Camera pictures and uploaded photos",
            "The whole picture in which faces were looked for",
            "the picture came",
            ("picture", "pictures"),
            pictures,
        ),
        Clock(
            "unknown_crops",
            "Faces that were not recognised",
            "The crop of a face that was given no name",
            "the picture came",
            ("crop", "crops"),
            pictures,
        ),
        Clock(
            "results",
            "Recognition results",
            "Who was seen when and where, the numbers behind it, and the crops of known faces",
            "the picture came",
            ("result", "results"),
            pictures,
        ),
        Clock(
            "jobs",
            "Logs of jobs",
            "Which lines and photos an import or a batch could not use, and why",
            "the job ended",
            ("job's log", "logs of jobs"),
            90,
        ),
        Clock(
            "left",
            "People who left",
            "Their photos and templates; the consent ends",
            "their last day",
            ("person who left", "people who left"),
            30,
        ),
        Clock(
            "idle",
            "People not seen any more",
            "Their photos and templates; the consent ends",
            "they were last seen or last consented",
            ("person not seen any more", "people not seen any more"),
            3 * 365,
        ),
        Clock(
            "removed",
            "Removed people and the journal",
            "The person is erased; what can be undone until then is forgotten",
            "the removal",
            ("removed person", "removed people"),
            Act.LIFE.days,
            is_fixed=True,
        ),
        Clock(
            "searches",
            "Searches by a face",
            "The faces of the photo that was searched by, and which visits were found",
            "somebody searched",
            ("search", "searches"),
            FaceSearch.LIFE.days,
            is_fixed=True,
        ),
        Clock(
            "drift",
            "Lower scores that were found",
            "That a person or a camera was recognised less clearly, and since when",
            "it was mended or dismissed",
            ("finding of lower scores", "findings of lower scores"),
            90,
        ),
        Clock(
            "what_ifs",
            "Rules tried on the past",
            "Which visits and people a proposed rule would have decided otherwise",
            "it was tried",
            ("rule tried on the past", "rules tried on the past"),
            30,
        ),
        Clock(
            "audit",
            "Audit log",
            "Nothing: it proves who did what, by number, without pictures or names of people",
            "",
            ("entry", "entries"),
            None,
            is_fixed=True,
        ),
    )


def days_in_words(days: int | None) -> str:
    """ "30 days", "3 years", "for good"."""
    if days is None:
        return "for good"
    if days and days % 365 == 0:
        years = days // 365
        return f"{years} year{'s' if years > 1 else ''}"
    return f"{days:,} day{'' if days == 1 else 's'}"
