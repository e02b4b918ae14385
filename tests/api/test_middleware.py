"""What every request meets before and after its operation."""

import json
import re
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from uuid import UUID

import httpx
import pytest

from app.api.middleware import accepts_any
from tests.api.conftest import Lab

HEADERS = {
    "api-version": "1.0.0",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/samples", 200),
        ("GET", "/v1/samples/1", 200),
        ("HEAD", "/v1/samples", 200),
        ("OPTIONS", "/v1/samples", 204),
        ("DELETE", "/v1/samples", 405),
        ("GET", "/nothing", 404),
        ("GET", "/v1/samples/999999", 404),
        ("GET", "/v1/samples/broken", 500),
        ("GET", "/v1/samples?unknown=1", 400),
        ("GET", "/v1/samples?limit=x", 422),
        ("GET", "/livez", 200),
        ("GET", "/readyz", 200),
        ("GET", "/docs", 200),
        ("POST", "/oauth/token", 400),
        ("GET", "/" + "x" * 9_000, 414),
    ],
)
def test_every_answer_has_the_common_headers(laboratory: Lab, method: str, path: str, status: int) -> None:
    answer = laboratory.client.request(method, path)
    assert answer.status_code == status
    assert UUID(answer.headers["x-request-id"])
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"]
    assert "server" not in answer.headers


def test_the_request_id_is_always_ours(laboratory: Lab) -> None:
    given = "0b9b6a0e-6a8a-4f1c-9f7e-2f1f3c5d7e90"
    answers = [laboratory.client.get("/livez", headers={"X-Request-ID": given}) for _ in range(2)]
    assert len({given, *(answer.headers["x-request-id"] for answer in answers)}) == 3


@pytest.mark.parametrize("path", ["/v1/samples", "/v1/samples/1", "/livez", "/v1/openapi.json"])
def test_head_is_get_without_the_body(laboratory: Lab, path: str) -> None:
    get, head = laboratory.client.get(path), laboratory.client.head(path)
    assert head.content == b""
    same = ("content-length", "content-type", "etag")
    assert [get.headers.get(name) for name in same] == [head.headers.get(name) for name in same]


def test_head_of_an_error_has_no_body_either(laboratory: Lab) -> None:
    answer = laboratory.client.head("/v1/samples/999999")
    assert (answer.status_code, answer.content) == (404, b"")


def test_options_tells_the_methods(laboratory: Lab) -> None:
    answer = laboratory.client.options("/v1/samples")
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert laboratory.client.options("/v1/samples/1").headers["allow"] == "GET, HEAD, OPTIONS, PUT"
    assert laboratory.client.options("/nothing").status_code == 404


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "PUT", "TRACE"])
def test_other_methods_are_405_with_allow(laboratory: Lab, method: str) -> None:
    answer = laboratory.client.request(method, "/v1/samples")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert answer.json()["code"] == "method-not-allowed"


@pytest.mark.parametrize(
    "path",
    [
        "/v1/samples/",
        "/v1//samples",
        "//v1/samples",
        "/v1/samples;x=1",
        "/v1/samples/1;x=1",
        "/v1/samples/1/",
        "/v1/samples/..%2f..%2fetc/passwd",
        "/v1/samples%2f1",
        "/v1/samples/%2e%2e/units",
        "/v1/samples/../../etc/passwd",
        "/v1/samples\\1",
        "/v1/samples/1%5c",
        "/V1/samples",
        "/v1/Samples",
        "/v1",
        "/v1/samples/99999999999999999999",
        "/v1/samples/-1",
        "/v1/samples/1.0",
        "/v1/samples/%ff",
        "/v1/samples/1%20",
        "/docs/",
        "/docs/../main.py",
        "/docs/..%2fdocs.py",
        "/docs/docs.html%20",
    ],
)
def test_paths_that_name_nothing_are_404(laboratory: Lab, path: str) -> None:
    token = laboratory.client.headers["authorization"]
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nConnection: close\r\n\r\n"
    answer = laboratory.served.raw(request.encode())
    assert answer.startswith(b"HTTP/1.1 404 "), answer
    assert b'"code":"not-found"' in answer


@pytest.mark.parametrize(
    "path",
    [
        "/v1/samples/%00",
        "/v1/samples%00",
        "/v1/%0d%0aSet-Cookie:x",
        "/v1/samples/%1b[31m",
        "/v1/samples/%7f",
        "/v1/samples/%e2%80%ae",
        "/v1/samples?kind=%00",
        "/v1/samples?kind=a%0d%0ab",
        "/v1/samples?%00=1",
        "/v1/samples?kind=%1B",
        "/v1/samples?kind=%7f",
        "/v1/samples?kind=%ff",
        "/v1/samples?kind=%ed%a0%80",
    ],
)
def test_control_characters_in_the_address_are_400(laboratory: Lab, path: str) -> None:
    answer = laboratory.client.get(laboratory.served.address + path)
    assert answer.status_code == 400
    assert answer.json()["code"] == "malformed-request"


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("unknown=1", ["unknown"]),
        ("unknown=1&other=2&limit=5", ["unknown", "other"]),
        ("limit=1&limit=2", ["limit"]),
        ("limit=1&limit=1&cursor=&cursor=&x=1", ["limit", "cursor", "x"]),
        ("Limit=1", ["Limit"]),
        ("limit[]=1", [None]),
        ("=1", [None]),
        ("%3Cscript%3E=1", [None]),
        ("unknown", ["unknown"]),
    ],
)
def test_unknown_and_repeated_parameters_are_all_named(laboratory: Lab, query: str, names: list[str | None]) -> None:
    answer = laboratory.client.get(f"/v1/samples?{query}")
    assert answer.status_code == 400
    assert [fault.get("parameter") for fault in answer.json()["errors"]] == names


def test_lists_may_be_repeated(laboratory: Lab) -> None:
    assert laboratory.client.get("/v1/samples?kind=civil&kind=criminal").status_code == 200


@pytest.mark.parametrize(
    ("query", "parameter", "code"),
    [
        ("kind=Civil", "kind", "not-allowed-value"),
        ("kind=0", "kind", "not-allowed-value"),
        ("flag=yes", "flag", "not-a-boolean"),
        ("flag=1", "flag", "not-a-boolean"),
        ("amount_min=1.5", "amount_min", "not-an-integer"),
        ("amount_min=-1", "amount_min", "too-small"),
        ("amount_min=1000000000000001", "amount_min", "too-large"),
        ("amount_min=99999999999999999999999", "amount_min", "not-an-integer"),
        ("day=1700000000", "day", "not-a-date"),
        ("day=2024-02-30", "day", "not-a-date"),
        ("day=1899-12-31", "day", "date-out-of-range"),
        ("amount_min=2&amount_max=1", "amount_max", "range-reversed"),
    ],
)
def test_values_of_the_query_are_checked(laboratory: Lab, query: str, parameter: str, code: str) -> None:
    answer = laboratory.client.get(f"/v1/samples?{query}")
    assert answer.status_code == 422
    assert [(fault["parameter"], fault["code"]) for fault in answer.json()["errors"]] == [(parameter, code)]


def test_all_faults_of_a_query_at_once(laboratory: Lab) -> None:
    answer = laboratory.client.get("/v1/samples?limit=0&kind=x&flag=2&day=z")
    named = [fault["parameter"] for fault in answer.json()["errors"]]
    assert sorted(named) == ["day", "flag", "kind", "limit"]


def _raw(lab: Lab, *headers: bytes, line: bytes = b"GET /livez HTTP/1.1") -> int:
    answer = lab.served.raw(b"\r\n".join([line, *headers, b"Connection: close", b"", b""]))
    found = re.match(rb"HTTP/1\.1 (\d+) ", answer)
    assert found, answer
    return int(found[1])


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([b"Host: x"], 200),
        ([b"Host: x", b"X-Big: " + b"x" * 8_193], 431),
        ([b"Host: x", b"X-Big: " + b"x" * 70_000], 431),
        ([b"Host: x", *(b"X-%d: %s" % (n, b"x" * 4_000) for n in range(5))], 431),
        ([b"Host: x", *(b"X-%d: 1" % n for n in range(2_000))], 431),
        ([b"Host: x", *(b"X-%d: 1" % n for n in range(90))], 200),
        ([], 400),
        ([b"Host: x", b"Host: y"], 400),
        ([b"Host: x", b"X-Nul: a\0b"], 400),
        ([b"Host: x", b"X-Esc: a\rb"], 400),
        ([b"Host: x", b"Content-Length: 1", b"Content-Length: 2"], 400),
        ([b"Host: x", b"Content-Length: -1"], 400),
        ([b"Host: x", b"Content-Length: 5", b"Transfer-Encoding: chunked"], 400),
    ],
)
def test_headers_are_bounded_and_clean(laboratory: Lab, headers: list[bytes], status: int) -> None:
    assert _raw(laboratory, *headers) == status


@pytest.mark.parametrize(
    "line",
    [
        b"GET /" + b"x" * 70_000 + b" HTTP/1.1",
        b"GET /v1/samples?cursor=" + b"x" * 1_000_000 + b" HTTP/1.1",
    ],
)
def test_long_addresses_are_414(laboratory: Lab, line: bytes) -> None:
    assert _raw(laboratory, b"Host: x", line=line) == 414


def test_a_hundred_pipelined_requests_are_answered_in_order(laboratory: Lab) -> None:
    paths = [b"/livez" if number % 3 else b"/nothing" for number in range(100)]
    requests = b"".join(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path for path in paths)
    answer = laboratory.served.raw(requests)
    statuses = re.findall(rb"HTTP/1\.1 (\d+) ", answer)
    assert statuses == [b"200" if path == b"/livez" else b"404" for path in paths]


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        (None, 200),
        ("*/*", 200),
        ("application/json", 200),
        ("application/*;q=0.5", 200),
        ("APPLICATION/JSON; charset=utf-8", 200),
        ("text/html, application/json;q=0.1", 200),
        ("application/problem+json", 200),
        ("", 200),
        ("application/xml", 406),
        ("text/html", 406),
        ("text/*", 406),
        ("application/json;q=0", 406),
        ("*/*;q=0.0", 406),
        ("application/jsonp", 406),
    ],
)
def test_only_what_can_be_answered_may_be_asked_for(laboratory: Lab, accept: str | None, status: int) -> None:
    request = laboratory.client.build_request("GET", "/v1/samples")
    del request.headers["accept"]
    if accept is not None:
        request.headers["accept"] = accept
    answer = laboratory.client.send(request)
    assert answer.status_code == status
    assert (status == 200) or (answer.headers["content-type"] == "application/problem+json")


def test_a_long_accept_header_is_read_quickly() -> None:
    assert not accepts_any("a;q=0;" * 1_300, frozenset({"application/json"}))


def test_forwarded_headers_change_nothing(laboratory: Lab) -> None:
    spoofed = {
        "X-Forwarded-For": "10.0.0.1",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "X-User-ID": "national",
        "Forwarded": "host=evil.example",
        "X-Original-URL": "/v1/samples/1",
        "X-HTTP-Method-Override": "DELETE",
    }
    plain = laboratory.client.get("/v1/samples?limit=1")
    answer = laboratory.client.get("/v1/samples?limit=1", headers=spoofed)
    assert answer.content == plain.content
    assert answer.links == plain.links
    assert httpx.get(f"{laboratory.served.address}/v1/samples", headers=spoofed).status_code == 401


def test_requests_are_counted_by_their_route(laboratory: Lab) -> None:
    laboratory.client.get("/v1/samples/1")
    laboratory.client.get("/some/unknown/path")
    text = laboratory.client.get("/metrics").text
    assert 'thads_http_request_seconds_count{method="GET",route="/v1/samples/{number}",status="200"}' in text
    assert 'route="unmatched",status="404"' in text
    assert "/some/unknown/path" not in text


def test_who_leaves_takes_the_query_along(laboratory: Lab) -> None:
    """The caller hangs up on a slow query: within two seconds it is cancelled and its connection free again."""
    with pytest.raises(httpx.ReadTimeout):
        laboratory.client.get("/v1/samples/slow/9", timeout=0.3)
    asleep = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE query LIKE '%pg_sleep%' AND state = 'active' AND pid <> pg_backend_pid()"
    )
    assert laboratory.rows(asleep) == [(1,)]
    limit = time.monotonic() + 2
    while laboratory.rows(asleep) != [(0,)]:
        assert time.monotonic() < limit
        time.sleep(0.05)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(laboratory.client.get, ["/v1/samples/slow/0"] * 2))
    assert [answer.status_code for answer in answers] == [200, 200]


def test_who_leaves_while_sending_leaves_nothing(laboratory: Lab) -> None:
    before = laboratory.rows("SELECT count(*) FROM lab_sample")
    token = laboratory.client.headers["authorization"]
    head = (
        f"POST /v1/samples HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nIdempotency-Key: a-broken-one\r\n"
        "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    )
    for _ in range(5):
        laboratory.served.raw(head.encode() + b'{"name": "An"')
    assert laboratory.rows("SELECT count(*) FROM lab_sample") == before
    assert laboratory.client.get("/v1/samples").status_code == 200


_PROGRAM = """
import logging, structlog
from app import logging as ours
ours.configure("info")
nasty = 'a' + chr(13) + chr(10) + '{"event":"forged"}' + chr(27) + '[31m' + chr(0x2028) + chr(0xd800)
structlog.get_logger("x").info("request", path=nasty, long="x" * 1_000_000, other={"deep": nasty[:-1]})
logging.getLogger("lib").warning("library %s", nasty)
try:
    raise ValueError(nasty[:-1])
except ValueError:
    structlog.get_logger("x").exception("failed")
structlog.get_logger("x").debug("not shown")
"""


def test_what_callers_send_cannot_forge_a_line_of_the_log() -> None:
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, check=True)
    lines = done.stdout.removesuffix(b"\n").split(b"\n")
    entries = [json.loads(line) for line in lines]
    assert [entry["event"][:8] for entry in entries] == ["request", "library ", "failed"]
    assert all(len(line) < 10_000 for line in lines)
    assert b"\x1b" not in done.stdout
    assert b"\r" not in done.stdout


def _answered_within(lab: Lab, request: bytes, trickle: bytes = b"", seconds: float = 10) -> bytes:
    """What comes before the service closes the connection, which it must do in time."""
    with socket.create_connection((lab.served.host, lab.served.port)) as connection:
        connection.sendall(request)
        connection.settimeout(0.5)
        limit, answer = time.monotonic() + seconds, b""
        while time.monotonic() < limit:
            try:
                piece = connection.recv(65_536)
            except TimeoutError:
                with suppress(ConnectionError):
                    connection.sendall(trickle)
                continue
            except ConnectionError:
                return answer
            if not piece:
                return answer
            answer += piece
        raise AssertionError("the connection is still open")


def _unfinished(lab: Lab, head: str, body: bytes = b"") -> bytes:
    token = lab.client.headers["authorization"]
    fields = f"Host: x\r\nAuthorization: {token}\r\nIdempotency-Key: slow\r\nContent-Type: application/json\r\n"
    return f"POST /v1/samples HTTP/1.1\r\n{fields}{head}".encode() + body


def test_connections_that_do_not_get_on_are_closed(laboratory: Lab) -> None:
    """All at once, since each takes its time: nothing sent, headers and bodies that never end, or trickle."""
    requests: list[tuple[bytes, bytes, bytes]] = [
        (b"", b"", b""),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\n", b"", b" 408 "),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: ", b"x", b" 408 "),
        (_unfinished(laboratory, "Content-Length: 100\r\n\r\n", b"{"), b"", b" 408 "),
        (_unfinished(laboratory, "Content-Length: 100\r\n\r\n", b"{"), b" ", b" 408 "),
        (_unfinished(laboratory, "Transfer-Encoding: chunked\r\n\r\n", b"1\r\n{\r\n"), b"1\r\n \r\n", b" 408 "),
    ]
    with ThreadPoolExecutor(len(requests)) as pool:
        answers = [pool.submit(_answered_within, laboratory, request, trickle) for request, trickle, _ in requests]
        for answer, (_, _, status) in zip(answers, requests, strict=True):
            assert status in answer.result() or not answer.result()
    assert all(b" 408 " in answer.result() for answer in answers[1:])
    assert laboratory.client.get("/v1/samples").status_code == 200


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"FOO /v1/samples HTTP/1.1\r\nHost: x\r\n\r\n", b"501"),
        (b"get /v1/samples HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"400"),
        (b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", b"400"),
        (b"GET /livez\r\n\r\n", b"400"),
        (b"GARBAGE\r\n\r\n", b"400"),
        (b"\x00" * 100, b"400"),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\nNo-Colon\r\n\r\n", b"400"),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 300_000, b"431"),
    ],
)
def test_what_is_not_http_is_told_so_and_closed(laboratory: Lab, request_bytes: bytes, status: bytes) -> None:
    answer = _answered_within(laboratory, request_bytes, seconds=5)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 " + status), answer
    assert b"connection: close" in head
    assert b"application/problem+json" in head
    assert json.loads(body)["status"] == int(status)


def test_a_websocket_is_not_opened(laboratory: Lab) -> None:
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n"
    answer = laboratory.served.raw(b"GET /v1/samples HTTP/1.1\r\nHost: x\r\n" + upgrade)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"connection: close" in answer


def test_idle_connections_do_not_keep_others_out(laboratory: Lab) -> None:
    with ExitStack() as stack:
        address = (laboratory.served.host, laboratory.served.port)
        for _ in range(400):
            stack.enter_context(socket.create_connection(address))
        assert laboratory.client.get("/v1/samples").status_code == 200


def test_garbage_behind_a_running_request_is_not_its_answer(laboratory: Lab) -> None:
    token = laboratory.client.headers["authorization"]
    slow = f"GET /v1/samples/slow/1 HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n".encode()
    assert b"HTTP/1.1 400" not in laboratory.served.raw(slow + b"GARBAGE\r\n\r\n")
