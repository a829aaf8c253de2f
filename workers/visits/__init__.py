"""Faces over frames and cameras become visits: followed, voted on, and written down.

Public surface: ``SeenFrame``, ``VisitBook``.
"""

from workers.visits.book import VisitBook
from workers.visits.frames import SeenFrame

__all__ = ["SeenFrame", "VisitBook"]
