"""``/people``: who is enrolled."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Query, Router

from portal.api.auth import TokenAuth, actor_of
from portal.api.schemas import ErrorOut, PersonOut
from portal.core.context import acting_as
from portal.people.selectors import visible_people

__all__ = ["router"]

router = Router()

PAGE = 100
# A hundred million people; an offset beyond 64 bits is refused by the database.
MAX_PAGE = 1_000_000


@router.get(
    "",
    auth=TokenAuth(),
    response={200: list[PersonOut], frozenset({401, 403, 422}): ErrorOut},
    summary="List people",
)
def people(
    request: HttpRequest,
    page: Annotated[
        int, Query(ge=1, le=MAX_PAGE, description=f"{PAGE} people a page, by name.")
    ] = 1,
) -> list[PersonOut]:
    with acting_as(actor_of(request)):
        rows = visible_people()[(page - 1) * PAGE : page * PAGE]
        return [
            PersonOut(
                id=row.pk,
                code=row.code,
                name=row.name,
                department=str(row.department or ""),
                status=row.status,
                photos=row.photo_count,
            )
            for row in rows
        ]
