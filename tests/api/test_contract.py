"""The document: complete, readable, true to itself."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import BaseModel

from app.api.openapi import API_VERSION
from app.api.routes import body_model
from app.api.v1.schemas.base import Query, Strict
from app.services.clients.rules import SCOPES
from tests.api.contract import Contract
from tests.api.operations import Operation, document, operations, resolved
from tests.builders import Service
from tests.server import Served

OPERATIONS = operations()
SCHEMAS: dict[str, dict[str, Any]] = document()["components"]["schemas"]
PROPERTIES = [(name, member) for name, schema in SCHEMAS.items() for member in schema.get("properties", {})]


def test_the_document_is_served_to_everybody_and_can_be_cached(api: Served) -> None:
    first = httpx.get(f"{api.address}/v1/openapi.json")
    assert first.json() == json.loads(json.dumps(document()))
    again = httpx.get(f"{api.address}/v1/openapi.json", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_frame_of_the_document() -> None:
    doc = document()
    assert doc["openapi"] == "3.1.0"
    assert doc["info"]["version"] == API_VERSION
    assert {"description", "contact", "license", "summary"} <= doc["info"].keys()
    scheme = doc["components"]["securitySchemes"]["oauth2"]
    assert scheme["flows"]["clientCredentials"]["scopes"] == SCOPES
    used = {tag for op in OPERATIONS for tag in op.described["tags"]}
    described = {tag["name"] for tag in doc["tags"] if tag["description"]}
    assert used <= described


@pytest.mark.parametrize("op", OPERATIONS, ids=str)
def test_every_operation_explains_itself(op: Operation) -> None:
    described = op.described
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", described["operationId"])
    assert 3 <= len(described["summary"]) <= 80
    assert len(described["description"]) > 20
    assert [list(entry) for entry in described["security"]] == [["oauth2"]]
    assert len(described["security"][0]["oauth2"]) == 1
    assert {"400", "401", "403", "406", "422", "500", "503"} <= described["responses"].keys()
    assert not op.path_parameters or "404" in described["responses"]


def test_operation_ids_are_unique() -> None:
    ids = [op.described["operationId"] for op in OPERATIONS]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("op", OPERATIONS, ids=str)
def test_every_parameter_has_a_description_and_an_example(op: Operation, contract: Contract) -> None:
    for parameter in op.described.get("parameters", []):
        found = contract.resolved(parameter) or {}
        assert found.get("description"), found
        schema = found["schema"]
        examples = [found["example"]] if "example" in found else schema.get("examples", [])
        kind = resolved(schema)
        assert examples or "enum" in kind or kind.get("type") == "boolean" or "default" in schema, found["name"]
        for example in examples:
            contract.validate(schema, example, f"{op} {found['name']}")


@pytest.mark.parametrize("op", [op for op in OPERATIONS if op.body_schema], ids=str)
def test_examples_of_bodies_are_valid(op: Operation, contract: Contract, api: Served) -> None:
    assert op.body_schema is not None
    contract.validate(op.body_schema, op.example, str(op))
    found = api.app.state.index.find(op.template)
    model = body_model(found[0].operations[op.method.upper()].context.dependant)
    model.model_validate_json(json.dumps(op.example), strict=True)


@pytest.mark.parametrize("op", OPERATIONS, ids=str)
def test_examples_of_answers_are_valid(op: Operation, contract: Contract) -> None:
    for status, answer in op.described["responses"].items():
        for kind, content in (contract.resolved(answer) or {}).get("content", {}).items():
            if kind.endswith("json"):
                contract.validate(content["schema"], content["example"], f"{op} {status}")


@pytest.mark.parametrize(("name", "member"), PROPERTIES)
def test_every_member_of_every_schema_is_described(name: str, member: str) -> None:
    schema = SCHEMAS[name]["properties"][member]
    assert schema.get("description"), f"{name}.{member} has no description"
    kind = resolved(schema)
    plain = kind.get("type") in ("string", "integer", "number") and "enum" not in kind and "const" not in kind
    assert not plain or schema.get("examples") or "default" in schema or kind.get("examples"), f"{name}.{member}"


@pytest.mark.parametrize("name", [name for name in SCHEMAS if SCHEMAS[name].get("type") == "object"])
def test_objects_are_closed(name: str) -> None:
    """No schema lets unknown members in, except problems, which some kinds extend."""
    if not name.startswith("Problem"):
        assert SCHEMAS[name].get("additionalProperties") is False


def test_changes_are_guarded() -> None:
    for op in OPERATIONS:
        assert op.method != "post" or ("Idempotency-Key" in op.sent) is not (op.safe or op.repeatable), op
        assert op.method not in ("put", "patch", "delete") or op.repeatable or "If-Match" in op.sent, op


@pytest.mark.parametrize("op", [op for op in OPERATIONS if op.safe and op.method == "post"], ids=str)
def test_a_post_that_says_it_is_safe_changes_nothing(op: Operation, national: httpx.Client, service: Service) -> None:
    async def kept() -> Any:
        return await service.db.fetch("SELECT (SELECT count(*) FROM change_record), count(*) FROM idempotency_key")

    before = service.runner.run(kept())
    headers = {**op.headers(), "Idempotency-Key": "of no use here"}
    assert national.post(op.template, json=op.example, headers=headers).status_code == 200
    assert service.runner.run(kept()) == before


def _models(root: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for model in root.__subclasses__():
        yield model
        yield from _models(model)


LIMITS = {MaxLen: ("max_length", min), MinLen: ("min_length", max), Ge: ("ge", max), Le: ("le", min)}


@pytest.mark.parametrize("model", [*_models(Strict), *_models(Query)], ids=lambda model: model.__name__)
def test_limits_are_not_lost_against_those_of_their_type(model: type[BaseModel]) -> None:
    """`Name = Field(max_length=9)` keeps the limit of `Name`; it has to be `Annotated[Name, Field(max_length=9)]`."""
    for name, field in model.model_fields.items():
        for kind, (attribute, tightest) in LIMITS.items():
            limits = [getattr(item, attribute) for item in field.metadata if isinstance(item, kind)]
            assert not limits or limits[-1] == tightest(limits), f"{model.__name__}.{name}"


def test_limits_are_written_in_the_words_of_json_schema() -> None:
    assert not _keys(document()["components"]) & {"ge", "gt", "le", "lt", "max_length", "min_length"}
    assert not _keys(document()["paths"]) & {"ge", "gt", "le", "lt", "max_length", "min_length"}
    limit = next(op.query["limit"]["schema"] for op in OPERATIONS if "limit" in op.query)
    assert (repr(limit["minimum"]), repr(limit["maximum"])) == ("1", "500")


def _keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return value.keys() | set().union(*(_keys(member) for member in value.values()))
    return set().union(*(_keys(member) for member in value)) if isinstance(value, list) else set()
