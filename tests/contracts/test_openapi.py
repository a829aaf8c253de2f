"""The API's description: a sound document, every error in one form, no field for a template."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from portal.api.routes import api
from portal.config.version import VERSION

# Words under which a template, or what one is made of, could leave the house.
FORBIDDEN = re.compile(r"template|embedding|vector|feature|descriptor|aligned|portrait|digest|key")
# An embedding space is the name of a model, sixteen hexadecimal digits, and no template.
ALLOWED = {"embedding_space"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return api.get_openapi_schema()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def fields(
    document: dict[str, Any], schema: dict[str, Any], at: str = ""
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field of a schema, however deep, with its path."""
    schema = resolved(document, schema)
    for name, inner in schema.get("properties", {}).items():
        yield f"{at}.{name}", inner
        yield from fields(document, inner, f"{at}.{name}")
    for part in ("anyOf", "oneOf", "allOf"):
        for inner in schema.get(part, []):
            yield from fields(document, inner, at)
    if isinstance(schema.get("items"), dict):
        yield from fields(document, schema["items"], f"{at}[]")


def test_the_operations_are_these(document):
    assert {name for name, _ in operations(document)} == {
        "POST /api/v1/recognitions",
        "GET /api/v1/recognitions/{recognition_id}",
        "GET /api/v1/cameras",
        "POST /api/v1/cameras/{camera_id}/snapshots",
        "GET /api/v1/people",
    }


def test_the_document_is_sound(document):
    assert document["openapi"].startswith("3.1")
    assert document["info"] == {**document["info"], "title": "Gatehouse", "version": VERSION}
    schemas = document["components"]["schemas"]
    for reference in references(document):
        assert reference.startswith("#/components/schemas/")
        assert reference.rpartition("/")[2] in schemas
    names = []
    for name, operation in operations(document):
        names.append(operation["operationId"])
        assert operation["summary"], name
        assert operation["responses"], name
        placeholders = set(re.findall(r"{(\w+)}", name))
        declared = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
        assert placeholders == declared, name
    assert len(names) == len(set(names))


def test_every_security_scheme_that_is_named_is_described(document):
    described = set(document["components"]["securitySchemes"])
    for name, operation in operations(document):
        for requirement in operation.get("security", []):
            assert set(requirement) <= described, name
        assert operation.get("security"), f"{name} is open to everybody"


def test_every_operation_says_that_it_may_refuse(document):
    for name, operation in operations(document):
        assert {"401", "403"} <= set(map(str, operation["responses"])), name


def test_every_error_has_the_one_form(document):
    for name, operation in operations(document):
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                schema = response["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/ErrorOut"}, (name, status)


def test_no_answer_has_a_field_that_could_carry_a_template(document):
    seen = 0
    for name, operation in operations(document):
        for response in operation["responses"].values():
            for media in response.get("content", {}).values():
                for path, schema in fields(document, media["schema"]):
                    seen += 1
                    leaf = path.rpartition(".")[2]
                    assert leaf in ALLOWED or not FORBIDDEN.search(leaf), (name, path)
                    assert schema.get("format") not in {"binary", "byte", "base64"}, (name, path)
                    assert schema.get("contentEncoding") is None, (name, path)
    assert seen > 30


def test_the_check_above_would_notice_a_template(document):
    poisoned = {
        "properties": {
            "face": {"anyOf": [{"properties": {"face_embedding": {}}}, {"type": "null"}]}
        }
    }
    assert [p for p, _ in fields(document, poisoned)] == [".face", ".face.face_embedding"]
    assert FORBIDDEN.search("face_embedding")


@pytest.mark.django_db
def test_the_description_is_served_to_everybody():
    response = Client().get("/api/v1/openapi.json")
    assert response.status_code == 200
    assert response.json()["info"]["title"] == "Gatehouse"
