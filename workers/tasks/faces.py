"""Tasks of searching by a face."""

from __future__ import annotations

from uuid import UUID

from portal.config.celery import app
from portal.core.context import SYSTEM, acting_as
from portal.facesearch.services import forget_searches, ring_again
from workers.engine_host import current_host
from workers.face_search import search_faces

__all__ = ["search", "sweep"]


@app.task(name="faces.search")  # type: ignore[untyped-decorator]
def search(search_id: str) -> None:
    with acting_as(SYSTEM):
        search_faces(current_host(), UUID(search_id))


@app.task(name="faces.sweep")  # type: ignore[untyped-decorator]
def sweep() -> None:
    with acting_as(SYSTEM):
        ring_again()
        forget_searches()
