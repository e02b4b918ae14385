"""Input nobody can use, against a body that has one of everything."""

import gzip
import json
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import uuid4

import orjson
import pytest

from app.api.body import parsed
from tests.api.conftest import Lab

OK = {"name": "Nguyễn Văn An"}
MIB = 1024 * 1024


def _with(member: str) -> str:
    return '{"name": "An", ' + member + "}"


SYNTAX: dict[str, bytes | str] = {
    "empty": b"",
    "blank": b" \n\t ",
    "trailing comma": '{"name": "An",}',
    "trailing garbage": '{"name": "An"} x',
    "two documents": '{"name": "An"}{"name": "An"}',
    "comment": '{"name": "An" /* x */}',
    "single quotes": "{'name': 'An'}",
    "unquoted": "{name: 1}",
    "truncated": '{"name": "A',
    "NaN": _with('"amount_vnd": NaN'),
    "Infinity": _with('"amount_vnd": Infinity'),
    "-Infinity": _with('"free": {"a": -Infinity}'),
    "leading zero": _with('"amount_vnd": 01'),
    "plus": _with('"amount_vnd": +1'),
    "hexadecimal": _with('"amount_vnd": 0x10'),
    "bom": b"\xef\xbb\xbf" + json.dumps(OK).encode(),
    "utf-16": json.dumps(OK).encode("utf-16"),
    "utf-32": json.dumps(OK).encode("utf-32-le"),
    "invalid utf-8": b'{"name": "\xff\xfe"}',
    "overlong utf-8": b'{"name": "\xc0\xaf"}',
    "surrogate bytes": b'{"name": "\xed\xa0\x80"}',
    "raw NUL": b'{"name": "a\x00b"}',
    "raw line break": b'{"name": "a\nb"}',
    "bad escape": '{"name": "\\x41"}',
    "short escape": '{"name": "\\u12"}',
    "twice": '{"name": "An", "name": "Anh"}',
    "twice deep": _with('"free": {"a": {"b": 1, "b": 2}}'),
    "twice by escape": '{"name": "An", "n\\u0061me": "Anh"}',
    "deep array": "[" * 100_000,
    "deep array closed": "[" * 100_000 + "]" * 100_000,
    "deep object": '{"a":' * 100_000,
    "5000 digits": _with('"amount_vnd": ' + "9" * 5_000),
}


@pytest.mark.parametrize("name", SYNTAX)
def test_what_is_not_json_is_400(laboratory: Lab, name: str) -> None:
    answer = laboratory.post_raw(SYNTAX[name])
    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] == "malformed-request"


@pytest.mark.parametrize("body", ["null", "[]", "1", '"x"', "true", '[{"name": "An"}]'])
def test_what_is_not_an_object_is_422(laboratory: Lab, body: str) -> None:
    answer = laboratory.post_raw(body)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": "", "code": "not-an-object", "message": "must be an object"}]


VALUES: list[tuple[str, str, str]] = [
    ("name", '"a\\u0000b"', "forbidden-character"),
    ("name", '"\\ud800"', "forbidden-character"),
    ("name", '"\\udc00\\ud800"', "forbidden-character"),
    ("name", '"a\\u0007b"', "forbidden-character"),
    ("name", '"a\\nb"', "forbidden-character"),
    ("name", '"a\\u202eb"', "forbidden-character"),
    ("name", '"a\\u200bb"', "forbidden-character"),
    ("name", '"a\\u2028b"', "forbidden-character"),
    ("name", '"a\\ufeffb"', "forbidden-character"),
    ("name", '"a\\ue000b"', "forbidden-character"),
    ("note", '"a\\u001b[31m"', "forbidden-character"),
    ("note", '"a\\rb"', "forbidden-character"),
    ("name", '"Z' + "\\u0301" * 9 + '"', "too-many-marks"),
    ("name", '""', "blank"),
    ("name", '"   "', "blank"),
    ("name", '"\\u00a0"', "blank"),
    ("name", "null", "not-a-string"),
    ("name", "1", "not-a-string"),
    ("name", '"' + "x" * 201 + '"', "too-long"),
    ("name", '"' + "😀" * 201 + '"', "too-long"),
    ("code", '"123456"', "too-long"),
    ("amount_vnd", "1" + "0" * 30, "too-large"),
    ("amount_vnd", "9223372036854775808", "too-large"),
    ("amount_vnd", "9007199254740993", "too-large"),
    ("amount_vnd", "1000000000000001", "too-large"),
    ("amount_vnd", "-1", "too-small"),
    ("amount_vnd", "1.0", "not-an-integer"),
    ("amount_vnd", "1.5", "not-an-integer"),
    ("amount_vnd", "1e3", "not-an-integer"),
    ("amount_vnd", "1e999", "not-an-integer"),
    ("amount_vnd", '"7"', "not-an-integer"),
    ("amount_vnd", "true", "not-an-integer"),
    ("amount_vnd", "null", "not-an-integer"),
    ("amount_vnd", "[]", "not-an-integer"),
    ("number", "2147483648", "too-large"),
    ("flag", '"true"', "not-a-boolean"),
    ("flag", "1", "not-a-boolean"),
    ("kind", '"CIVIL"', "not-allowed-value"),
    ("kind", '"civil "', "not-allowed-value"),
    ("kind", "0", "not-allowed-value"),
    ("kind", '"unknown"', "not-allowed-value"),
    ("day", '"9999-12-31"', "date-out-of-range"),
    ("day", '"0001-01-01"', "date-out-of-range"),
    ("day", '"10000-01-01"', "not-a-date"),
    ("day", '"2023-02-29"', "not-a-date"),
    ("day", '"2024-02-30"', "not-a-date"),
    ("day", '"2024-2-3"', "not-a-date"),
    ("day", '"20240203"', "not-a-date"),
    ("day", '"2024-W05-1"', "not-a-date"),
    ("day", '"2024-02-03T00:00:00Z"', "not-a-date"),
    ("day", '"२०२४-०२-०३"', "not-a-date"),
    ("day", "1700000000", "not-a-date"),
    ("moment", '"2024-02-03T10:00:00"', "not-an-instant"),
    ("moment", '"0001-01-01T00:00:00+14:00"', "not-an-instant"),
    ("moment", '"1899-12-31T23:59:59Z"', "date-out-of-range"),
    ("moment", '"2016-12-31T23:59:60Z"', "not-an-instant"),
    ("moment", '"2024-02-03T10:00:00+99:99"', "not-an-instant"),
    ("moment", '"2024-02-03 10:00:00Z"', "not-an-instant"),
    ("moment", '"2024-02-03T25:00:00Z"', "not-an-instant"),
    ("moment", "1700000000", "not-an-instant"),
    ("share", '"NaN"', "not-a-percentage"),
    ("share", '"1E+1000"', "not-a-percentage"),
    ("share", '"83.901"', "not-a-percentage"),
    ("share", "83.9", "not-a-percentage"),
    ("share", '"-1"', "not-a-percentage"),
    ("share", '"٨٣"', "not-a-percentage"),
    ("other_id", '"0197C0DE-0000-7000-8000-000000000001"', "wrong-format"),
    ("other_id", '"{0197c0de-0000-7000-8000-000000000001}"', "wrong-format"),
    ("other_id", '"urn:uuid:0197c0de-0000-7000-8000-000000000001"', "wrong-format"),
    ("other_id", '"0197c0de000070008000000000000001"', "wrong-format"),
    ("other_id", '"0197c0de-0000-7000-8000-000000000001\\n"', "wrong-format"),
    ("other_id", "7", "not-a-string"),
    ("parts", "{}", "not-an-array"),
    ("parts", "[" + ",".join(['{"amount_vnd": 1}'] * 101) + "]", "too-many"),
    ("free", "[]", "not-an-object"),
    ("free", '{"a": "b\\u0000"}', "forbidden-character"),
    ("free", '{"\\ud800": 1}', "forbidden-character"),
    ("unknown", "1", "unknown-member"),
    ("Name", '"An"', "unknown-member"),
    ("__proto__", "{}", "unknown-member"),
]


@pytest.mark.parametrize(("member", "value", "code"), VALUES)
def test_values_are_refused_at_their_pointer(laboratory: Lab, member: str, value: str, code: str) -> None:
    body = "{" + f'"{member}": {value}' + ("}" if member == "name" else ', "name": "An"}')
    answer = laboratory.post_raw(body)
    assert answer.status_code == 422, answer.text
    fault = answer.json()["errors"][0]
    assert (fault["pointer"].startswith(f"/{member}"), fault["code"]) == (True, code)
    assert len(answer.json()["errors"]) == 1


@pytest.mark.parametrize("name", ["Nguyễn Văn An", "025090001234", "0900 000 000", "a/b", "a~b", "x" * 41, ""])
@pytest.mark.parametrize(("frame", "pointer"), [("{%s: 1}", ""), ('{"name": "An", "parts": [{%s: 1}]}', "/parts/0")])
def test_what_is_not_plainly_a_name_is_not_repeated(laboratory: Lab, name: str, frame: str, pointer: str) -> None:
    answer = laboratory.post_raw(frame % json.dumps(name))
    assert answer.status_code == 422
    faults = {(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]}
    assert (pointer, "unknown-member") in faults
    assert not name or name not in answer.text


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("name", "x" * 200),
        ("name", "😀" * 200),
        ("code", "12345"),
        ("note", "dòng một\ndòng hai\tcột"),
        ("note", "x" * 4_000),
        ("amount_vnd", 10**15),
        ("number", 2**31 - 1),
        ("day", "1900-01-01"),
        ("day", "2100-12-31"),
        ("day", "2024-02-29"),
        ("moment", "2024-02-03T10:00:00.123456+07:00"),
        ("share", "100.00"),
        ("other_id", "00000000-0000-0000-0000-000000000000"),
        ("parts", [{"amount_vnd": 1}] * 100),
        ("free", {"a": [1.5, None, {"b": True}]}),
    ],
)
def test_the_last_good_values_are_taken(laboratory: Lab, new_key: Callable[[], str], member: str, value: Any) -> None:
    assert laboratory.post({**OK, member: value}, new_key()).status_code == 201


@pytest.mark.parametrize("written", ["Nguye\u0302\u0303n", "Nguyễn", "  Nguyễn ", "Nguyễn\u00a0"])
def test_names_are_kept_composed_and_trimmed(laboratory: Lab, new_key: Callable[[], str], written: str) -> None:
    assert laboratory.post({"name": written}, new_key()).json()["name"] == "Nguyễn"


def test_no_digit_of_a_large_number_is_lost(laboratory: Lab) -> None:
    """2^53+1, which a float would round: from a body, and from the database."""
    assert parsed(b'{"a": 9007199254740993}') == {"a": 9007199254740993}
    service = laboratory.service
    rows = service.runner.run(service.db.fetch("SELECT %s::bigint", (9007199254740993,)))
    assert orjson.dumps(rows) == b"[[9007199254740993]]"


def _nested(levels: int) -> str:
    return _with('"free": ' + '{"a":' * levels + "1" + "}" * levels)


def test_twenty_levels_are_enough_for_everybody(laboratory: Lab, new_key: Callable[[], str]) -> None:
    key = {"Idempotency-Key": new_key()}
    assert laboratory.post_raw(_nested(19), **key).status_code == 201
    for levels in (20, 900):
        answer = laboratory.post_raw(_nested(levels))
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "too-deep")
    assert laboratory.post_raw(_nested(1_001)).status_code == 400


def test_brackets_inside_strings_are_not_levels(laboratory: Lab, new_key: Callable[[], str]) -> None:
    body = {**OK, "note": '[{"' * 500 + "\\"}
    assert laboratory.post(body, new_key()).status_code == 201


@pytest.mark.parametrize(
    ("body", "statuses"),
    [
        (_with('"free": {' + ",".join(f'"{n}": 1' for n in range(60_000)) + "}"), {201, 413, 422}),
        (json.dumps({**OK, "free": {str(n): 1 for n in range(100_000)}}), {413}),
        ("[" + "1," * 400_000 + "1]", {422}),
        ("[" + "1," * 1_000_000 + "1]", {413}),
        (json.dumps({"name": "x" * (MIB - 100)}), {422}),
        (json.dumps({"name": "x" * 11 * MIB}), {413}),
    ],
)
def test_large_bodies_end_at_one_mebibyte(laboratory: Lab, body: str, statuses: set[int]) -> None:
    answer = laboratory.post_raw(body, **{"Idempotency-Key": str(uuid4())})
    assert answer.status_code in statuses
    assert answer.status_code != 413 or answer.headers["connection"] == "close"


def _head(lab: Lab, *fields: str) -> bytes:
    token = lab.client.headers["authorization"]
    lines = [
        "POST /v1/samples HTTP/1.1",
        "Host: x",
        f"Authorization: {token}",
        "Content-Type: application/json",
        "Idempotency-Key: large",
        *fields,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def test_a_declared_size_is_refused_before_the_body_is_read(laboratory: Lab) -> None:
    answer = laboratory.served.raw(_head(laboratory, f"Content-Length: {11 * MIB}"))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer


def test_an_endless_body_is_cut_off(laboratory: Lab) -> None:
    chunk = b"%x\r\n%s\r\n" % (65_536, b" " * 65_536)
    with socket.create_connection((laboratory.served.host, laboratory.served.port), timeout=5) as connection:
        connection.sendall(_head(laboratory, "Transfer-Encoding: chunked"))
        sent, answer = 0, b""
        with suppress(ConnectionError):
            while sent < 64 * MIB:
                connection.sendall(chunk)
                sent += len(chunk)
        with suppress(ConnectionError):
            answer = connection.recv(65_536)
    assert sent < 16 * MIB
    assert not answer or answer.startswith(b"HTTP/1.1 413 ")
    assert laboratory.client.get("/v1/samples").status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "application/json"}, 201),
        ({"Content-Type": "application/json; charset=utf-8"}, 201),
        ({"Content-Type": 'Application/JSON;charset="UTF-8"'}, 201),
        ({"Content-Encoding": "identity"}, 201),
        ({"Content-Type": ""}, 415),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/xml"}, 415),
        ({"Content-Type": "application/merge-patch+json"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "multipart/form-data; boundary=x"}, 415),
        ({"Content-Type": "application/json; charset=utf-16"}, 415),
        ({"Content-Type": "application/json; charset=latin-1"}, 415),
        ({"Content-Type": "application/json; version=1"}, 415),
        ({"Content-Type": "application/json, text/plain"}, 415),
        ({"Content-Encoding": "gzip"}, 415),
        ({"Content-Encoding": "br"}, 415),
        ({"Content-Encoding": "unknown"}, 415),
        ({"Content-Encoding": "identity, gzip"}, 415),
    ],
)
def test_only_plain_json_is_read(laboratory: Lab, headers: dict[str, str], status: int) -> None:
    answer = laboratory.post_raw(json.dumps(OK), **{"Idempotency-Key": str(uuid4()), **headers})
    assert answer.status_code == status


def test_a_zip_bomb_is_not_opened(laboratory: Lab) -> None:
    bomb = gzip.compress(b" " * 50 * MIB)
    assert laboratory.post_raw(bomb, **{"Content-Encoding": "gzip"}).status_code == 415


def test_a_body_without_a_type_is_415(laboratory: Lab) -> None:
    headers = {"Idempotency-Key": "untyped"}
    assert laboratory.client.post("/v1/samples", content=b"{}", headers=headers).status_code == 415
