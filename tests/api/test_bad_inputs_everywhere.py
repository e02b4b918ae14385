"""Input nobody can use, against every route there is; a new route joins by being registered."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app.api.body import MAX_BODY
from app.api.v1.schemas.partners import EXTERNAL_ID
from tests.api.operations import UNKNOWN_ID, Operation, operations, resolved
from tests.api.world import PUBLIC, World

OPERATIONS = operations()
BODIES = [op for op in OPERATIONS if op.body_schema]
QUERIES = [op for op in OPERATIONS if op.query]
THEIRS = ("external_id", "event_id")
"""Ids that partners make: any that has the form may be one."""
IDS = [op for op in OPERATIONS if any(name.endswith("_id") for name in op.path_parameters)]


def _send(client: httpx.Client, op: Operation, world: World, body: bytes, **headers: str) -> httpx.Response:
    given = {"Content-Type": "application/json", **op.headers(), **headers}
    path = op.path({**PUBLIC, **world.own.objects})
    return client.request(op.method, path, content=body, headers=given)


@pytest.mark.parametrize("op", BODIES, ids=str)
def test_every_body_must_be_plain_json(op: Operation, national: httpx.Client, world: World) -> None:
    good = json.dumps(op.example).encode()
    for body, headers, status in [
        (good, {"Content-Type": "text/plain"}, 415),
        (good, {"Content-Encoding": "gzip"}, 415),
        (b"", {}, 400),
        (good + b"x", {}, 400),
        (b"\xef\xbb\xbf" + good, {}, 400),
        (b'{"a": NaN}', {}, 400),
        (b"[" * 100_000, {}, 400),
        (b'{"a": 1, "a": 1}', {}, 400),
        (b"null", {}, 422),
        (b"[]", {}, 422),
        (b'{"unheard_of": 1}', {}, 422),
        (b" " * (op.described.get("x-max-bytes", MAX_BODY) + 1), {}, 413),
    ]:
        answer = _send(national, op, world, body, **headers)
        assert answer.status_code == status, (body[:40], headers, answer.text)


def _spoilt(schema: dict[str, Any], example: Any) -> Iterator[Any]:
    """The example with one member made bad, for every member and every way."""
    schema = resolved(schema)
    if "x-judged-apart" in schema:  # an item that is bad fails alone: tests/api/v1/test_partners.py
        return
    if schema.get("type") == "array" and isinstance(example, list) and example:
        for bad in _spoilt(schema["items"], example[0]):
            yield [bad, *example[1:]]
        return
    if isinstance(example, dict) and (choice := _choice(schema, example)):
        yield {**example, "unheard_of": 1}
        for name, member in choice.get("properties", {}).items():
            for bad in [*_bad_values(resolved(member)), *_spoilt(member, example.get(name))]:
                yield {**example, name: bad}


def _choice(schema: dict[str, Any], example: dict[str, Any]) -> dict[str, Any] | None:
    """The object schema of an example, found by the discriminator where there are several."""
    if "oneOf" not in schema:
        return schema if schema.get("type") == "object" else None
    told = schema["discriminator"]
    return resolved({"$ref": told["mapping"][example[told["propertyName"]]]})


def _bad_values(schema: dict[str, Any]) -> Iterator[Any]:
    kind, form = schema.get("type"), schema.get("format")
    if kind == "integer":
        yield from (10**30, 1.5, "7", True)
    if kind == "boolean":
        yield from ("true", 1)
    if "enum" in schema or "const" in schema:
        yield from ("unheard-of", 0, str(schema.get("enum", ["x"])[0]).upper() + "!")
    elif form == "date":
        yield from ("2023-02-29", "9999-12-31", "10000-01-01", "2024-01-01T00:00:00Z", 20240101)
    elif form == "date-time":
        yield from ("2024-01-01T00:00:00", "2016-12-31T23:59:60Z", 1)
    elif form == "uuid":
        yield from ("x", UNKNOWN_ID.upper(), "{" + UNKNOWN_ID + "}", 1)
    elif kind == "string":
        yield from ("a\0b", "a\u202eb" if "pattern" not in schema else "\n", 1)
        if "maxLength" in schema:
            yield "x" * (schema["maxLength"] + 1)


@pytest.mark.parametrize("op", BODIES, ids=str)
def test_no_body_gets_through_with_a_bad_member(op: Operation, national: httpx.Client, world: World) -> None:
    assert op.body_schema is not None
    bodies = list(_spoilt(op.body_schema, op.example))
    assert bodies
    for body in bodies:
        answer = _send(national, op, world, json.dumps(body).encode())
        assert answer.status_code == 422, (body, answer.status_code, answer.text)
        assert answer.json()["errors"], answer.text


@pytest.mark.parametrize("op", BODIES, ids=str)
def test_bad_bodies_leave_nothing(op: Operation, national: httpx.Client, world: World, service: Any) -> None:
    """Counted in the trail of changes: nothing happens to be refused after it was done."""

    async def trail() -> Any:
        return await service.db.fetch_one("SELECT count(*) FROM change_record")

    before = service.runner.run(trail())
    for body in (b"null", b'{"unheard_of": 1}', b"[" * 5_000):
        _send(national, op, world, body)
    assert service.runner.run(trail()) == before


def _bad_query(name: str, parameter: dict[str, Any]) -> Iterator[tuple[str, str]]:
    schema = resolved(parameter["schema"])
    kind, form = schema.get("type"), schema.get("format")
    if kind == "integer":
        yield from ((name, value) for value in ("abc", "1.0", "+1", "1" + "0" * 30, "", "٣"))
    elif kind == "boolean":
        yield from ((name, value) for value in ("yes", "1", "True", ""))
    elif "enum" in schema:
        yield from ((name, value) for value in ("unheard-of", "", str(schema["enum"][0]).upper() + "!"))
    elif form == "date":
        yield from ((name, value) for value in ("2023-02-29", "0001-01-01", "1700000000", "today"))
    elif form == "uuid":
        yield from (
            (name, value) for value in ("x", UNKNOWN_ID.upper(), "{" + UNKNOWN_ID + "}", f"urn:uuid:{UNKNOWN_ID}")
        )


@pytest.mark.parametrize("op", QUERIES, ids=str)
def test_every_query_parameter_is_checked(op: Operation, national: httpx.Client, world: World) -> None:
    path = op.path({**PUBLIC, **world.own.objects})
    for name, parameter in op.query.items():
        for pair in _bad_query(name, parameter):
            answer = national.request(op.method, path, params=[pair], headers=op.headers())
            assert answer.status_code == 422, (pair, answer.text)
            assert name in [fault.get("parameter") for fault in answer.json()["errors"]]


@pytest.mark.parametrize("op", QUERIES, ids=str)
def test_every_query_is_strict_about_names(op: Operation, national: httpx.Client, world: World) -> None:
    path = op.path({**PUBLIC, **world.own.objects})
    unknown = national.request(op.method, path, params={"unheard_of": "1"}, headers=op.headers())
    assert unknown.status_code == 400
    for name, parameter in op.query.items():
        if resolved(parameter["schema"]).get("type") != "array":
            twice = national.request(op.method, path, params=[(name, "1"), (name, "1")], headers=op.headers())
            assert twice.status_code == 400, name
        nul = national.request(op.method, f"{path}?{name}=%00", headers=op.headers())
        assert nul.status_code == 400, name


NASTY = [
    "' OR 1=1--",
    "%%%",
    "___",
    "\\\\\\",
    "a & & b",
    "((((",
    "a:*|!",
    "'; DROP TABLE unit; --",
    "${jndi:ldap://x}",
    "{{7*7}}",
    "a" * 190,
    "(a+)+" * 20,
    "😀😀😀",
    "ｎｇｕｙễｎ",
]


@pytest.mark.parametrize("op", QUERIES, ids=str)
def test_text_in_a_query_is_only_text(op: Operation, national: httpx.Client, world: World) -> None:
    """Signs that mean something to SQL, LIKE or text search match literally or are refused; never an error."""
    path = op.path({**PUBLIC, **world.own.objects})
    for name, parameter in op.query.items():
        schema = resolved(parameter["schema"])
        if schema.get("type") == "string" and "enum" not in schema and "format" not in schema:
            for text in NASTY:
                answer = national.request(op.method, path, params={name: text}, headers=op.headers())
                assert answer.status_code in (200, 400, 422), (name, text, answer.text)
                assert answer.status_code != 200 or answer.json().get("items", []) == [], (name, text)


@pytest.mark.parametrize("op", [op for op in QUERIES if "cursor" in op.query], ids=str)
def test_every_cursor_is_checked(op: Operation, national: httpx.Client, world: World) -> None:
    path = op.path({**PUBLIC, **world.own.objects})
    for cursor in ("garbage", "", "AAAA", "x" * 500):
        answer = national.request(op.method, path, params={"cursor": cursor}, headers=op.headers())
        assert answer.status_code in (400, 422), answer.text
    assert national.get(path, params={"cursor": "x" * 9_000}).status_code == 414


@pytest.mark.parametrize("op", IDS, ids=str)
def test_every_id_in_a_path_is_canonical(op: Operation, national: httpx.Client, world: World) -> None:
    own = world.own.objects
    body = {} if op.example is None else {"json": op.example}
    for name in (name for name in op.path_parameters if name in own):
        for value in (
            own[name].upper().replace("0", "O"),
            own[name].upper(),
            "{" + own[name] + "}",
            own[name].replace("-", ""),
            f"urn:uuid:{own[name]}",
            f"{own[name]};x=1",
            f"{own[name]}%20",
            f"{own[name]}%2f",
            "99999999999999999999",
            "null",
            "..%2f..",
            "'",
            UNKNOWN_ID,
            "00000000-0000-0000-0000-000000000000",
        ):
            if value == own[name] or (name in THEIRS and re.fullmatch(EXTERNAL_ID, value)):
                continue
            answer = national.request(op.method, op.path({**PUBLIC, **own, name: value}), headers=op.headers(), **body)
            assert answer.status_code == 404, (value, answer.text)
