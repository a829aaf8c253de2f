"""The API object: routers, error format, OpenAPI."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, ValidationError
from ninja.openapi.schema import OpenAPISchema

from portal.api.cameras import router as cameras
from portal.api.people import router as people
from portal.api.recognitions import router as recognitions
from portal.config.version import VERSION
from portal.core.errors import DomainError

__all__ = ["api"]


class _Api(NinjaAPI):
    """A camera's key is judged by the route that knows the camera, so it is described here."""

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        schema = super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params)
        schema["components"]["securitySchemes"]["cameraKey"] = {
            "type": "http",
            "scheme": "bearer",
            "description": "The camera's own key, shown once when it is made or renewed.",
        }
        return schema


api = _Api(
    title="Gatehouse",
    version=VERSION,
    description=(
        "Recognise faces, send camera snapshots, read people and cameras. Every error answers "
        "`{“error”: {“code”, “message”}}`. Templates are never part of an answer."
    ),
    urls_namespace="api",
    docs_url=None,
)
api.add_router("/recognitions", recognitions, tags=["recognitions"])
api.add_router("/cameras", cameras, tags=["cameras"])
api.add_router("/people", people, tags=["people"])


@api.exception_handler(DomainError)
def _domain_error(request: HttpRequest, error: DomainError) -> HttpResponse:
    return api.create_response(request, error.as_dict(), status=error.http_status)


@api.exception_handler(ValidationError)
def _validation_error(request: HttpRequest, error: ValidationError) -> HttpResponse:
    details: list[dict[str, Any]] = [
        {"where": ".".join(str(p) for p in e["loc"]), "problem": e["msg"]} for e in error.errors
    ]
    said = "; ".join(f"{d['where']}: {d['problem']}" for d in details)
    body = DomainError(
        f"The request is not as described: {said}.",
        code="request.invalid",
        data={"fields": details},
    )
    return api.create_response(request, body.as_dict(), status=422)


@api.exception_handler(AuthenticationError)
def _not_authenticated(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    body = DomainError(
        "A valid token is needed. Make one with “manage.py api_token NAME --scope recognise” and "
        "send it as “Authorization: Bearer <token>”.",
        code="token.invalid",
    )
    return api.create_response(request, body.as_dict(), status=401)
