"""Writes to visits: what streams and snapshots saw, and their end.

Public surface: ``write_visits`` with ``VisitUpdate``, ``VisitWritten``, ``RuleInForce``,
``LedgerFace``; ``attach_snapshots`` with ``SnapshotFace``, ``SnapshotFaces``; ``close_visits``,
``delete_visits``, ``drop_vectors``; ``GAP``, ``CROSSING``; ``open_visit_vector``,
``seal_visit_vector`` with ``VECTOR_PURPOSE``; ``announce_visits``.
"""

from portal.sightings.services.visits.announce import announce_visits
from portal.sightings.services.visits.close import close_visits
from portal.sightings.services.visits.contracts import (
    LedgerFace,
    RuleInForce,
    VisitUpdate,
    VisitWritten,
)
from portal.sightings.services.visits.opening import (
    CROSSING,
    GAP,
    VECTOR_PURPOSE,
    open_visit_vector,
    seal_visit_vector,
)
from portal.sightings.services.visits.purge import delete_visits
from portal.sightings.services.visits.snapshots import (
    SnapshotFace,
    SnapshotFaces,
    attach_snapshots,
)
from portal.sightings.services.visits.vectors import drop_vectors
from portal.sightings.services.visits.write import write_visits

__all__ = [
    "CROSSING",
    "GAP",
    "VECTOR_PURPOSE",
    "LedgerFace",
    "RuleInForce",
    "SnapshotFace",
    "SnapshotFaces",
    "VisitUpdate",
    "VisitWritten",
    "announce_visits",
    "attach_snapshots",
    "close_visits",
    "delete_visits",
    "drop_vectors",
    "open_visit_vector",
    "seal_visit_vector",
    "write_visits",
]
