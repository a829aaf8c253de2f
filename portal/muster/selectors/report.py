"""What became of a roll-call: how long until each was safe, and who said so.

Public surface: ``Report``, ``ReportLine``, ``Marker``, ``report_of``.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from portal.muster.models import MusterChange, MusterEntry, MusterEvent
from portal.muster.selectors.roll import Counts, visible_entries

__all__ = ["Marker", "Report", "ReportLine", "report_of"]

_STATE = MusterEntry.State


@dataclass(frozen=True, slots=True)
class ReportLine:
    """``after`` is the time from the beginning until they were safe, None where they never were."""

    entry: MusterEntry
    after: timedelta | None
    # Marked safe and unsafe again, or the like: every change, oldest first.
    changes: tuple[MusterChange, ...]

    @property
    def last(self) -> MusterChange | None:
        return max(self.changes, key=lambda change: (change.at, change.pk), default=None)


@dataclass(frozen=True, slots=True)
class Marker:
    """Somebody, or a camera, who said of so many that they are safe."""

    label: str
    is_camera: bool
    count: int


@dataclass(frozen=True, slots=True)
class Report:
    event: MusterEvent
    counts: Counts
    lines: tuple[ReportLine, ...]
    markers: tuple[Marker, ...]
    # The times of those who were safe at the end, in order.
    times: tuple[timedelta, ...]
    added: int

    @property
    def lasted(self) -> timedelta | None:
        return self.event.ended_at - self.event.created_at if self.event.ended_at else None

    @property
    def half_safe_after(self) -> timedelta | None:
        """When half of all who had to be accounted for were."""
        needed = -(-(self.counts.safe + self.counts.missing) // 2)
        return self.times[needed - 1] if 0 < needed <= len(self.times) else None

    @property
    def all_safe_after(self) -> timedelta | None:
        return self.times[-1] if self.times and not self.counts.missing else None


def report_of(event: MusterEvent) -> Report:
    entries = list(visible_entries(event))
    changes: dict[object, list[MusterChange]] = {entry.pk: [] for entry in entries}
    rows = MusterChange.objects.filter(entry__event=event).select_related("camera")
    for change in rows.order_by("at", "id"):
        if change.entry_id in changes:
            changes[change.entry_id].append(change)
    lines = tuple(_line(event, entry, tuple(changes[entry.pk])) for entry in entries)
    counted = Counter(entry.state for entry in entries)
    markers: Counter[tuple[str, bool]] = Counter()
    for line in lines:
        if line.entry.state == _STATE.SAFE and line.last is not None:
            markers[line.last.actor_label, line.last.camera_id is not None] += 1
    return Report(
        event=event,
        counts=Counts(counted[_STATE.MISSING], counted[_STATE.SAFE], counted[_STATE.EXCUSED]),
        lines=lines,
        markers=tuple(
            Marker(label, is_camera, count) for (label, is_camera), count in markers.most_common()
        ),
        times=tuple(sorted(line.after for line in lines if line.after is not None)),
        added=sum(entry.was_added for entry in entries),
    )


def _line(event: MusterEvent, entry: MusterEntry, changes: tuple[MusterChange, ...]) -> ReportLine:
    is_safe = entry.state == _STATE.SAFE and entry.changed_at is not None
    after = entry.changed_at - event.created_at if is_safe and entry.changed_at else None
    return ReportLine(entry, after, changes)
