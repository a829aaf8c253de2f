"""The ledger of decisions, and the visits that several decisions make."""

from portal.sightings.models.recognition import RecognisedFace, Recognition
from portal.sightings.models.visit import Visit, VisitLeg, VisitVector

__all__ = ["RecognisedFace", "Recognition", "Visit", "VisitLeg", "VisitVector"]
