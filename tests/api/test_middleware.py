"""What every request meets before and after its operation."""

import json
import subprocess
import sys
from uuid import UUID

import httpx
import pytest

from app.api.accept import accepted
from tests.api.conftest import Lab

HEADERS = {
    "api-version": "1.0.0",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
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
        ("image/*", 406),
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


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("*/*", "a/x"),
        ("a/*", "a/x"),
        ("b/*, a/*;q=0.9", "b/z"),
        ("a/y", "a/y"),
        ("a/y;q=0.4, a/x;q=0.5", "a/x"),
        ("a/y;q=0.5, a/x;q=0.5", "a/x"),
        ("*/*, a/x;q=0", "a/y"),
        ("*/*;q=0.5, a/x;q=0.2", "a/y"),
        ("a/x;q=1.5", "a/x"),
        ("text/html,a/xhtml,*/*;q=0.8", "a/x"),
        ("a/*;q=0, b/*;q=0.000", None),
    ],
)
def test_what_is_wanted_most_is_answered(accept: str, wanted: str | None) -> None:
    found = accepted(accept, ["a/x", "a/y", "b/z"])
    assert (found.kind if found else None) == wanted


def test_a_long_accept_header_is_read_quickly() -> None:
    assert accepted("a;q=0;" * 1_300, ["application/json"]) is None


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


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_pages_of_other_origins_get_no_leave_to_read(laboratory: Lab, method: str) -> None:
    asking = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    for path in ("/v1/samples", "/oauth/token", "/nothing", "/docs"):
        answer = laboratory.client.request(method, path, headers=asking)
        assert not any(name.startswith("access-control-") for name in answer.headers)


def test_requests_are_counted_by_their_route(laboratory: Lab) -> None:
    laboratory.client.get("/v1/samples/1")
    laboratory.client.get("/some/unknown/path")
    text = laboratory.client.get("/metrics").text
    assert 'thads_http_request_seconds_count{method="GET",route="/v1/samples/{number}",status="200"}' in text
    assert 'route="unmatched",status="404"' in text
    assert "/some/unknown/path" not in text


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


_TRACED = """
import asyncio, json
from opentelemetry import trace
from opentelemetry.trace import INVALID_SPAN_CONTEXT, NonRecordingSpan

class Span(NonRecordingSpan):
    def is_recording(self): return True
    def update_name(self, name): print(name)

class Tracer(trace.Tracer):
    def start_span(self, name, *args, **kwargs): return Span(INVALID_SPAN_CONTEXT)
    def start_as_current_span(self, name, *args, **kwargs): return trace.use_span(Span(INVALID_SPAN_CONTEXT))

class Provider(trace.TracerProvider):
    def get_tracer(self, *args, **kwargs): return Tracer()

trace.set_tracer_provider(Provider())

from app.main import create_app
from app.settings import Settings
from tests.api import lab

async def main():
    app = create_app(Settings(log_level="error"), [lab])
    path = "/problems/not-found"
    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": [(b"host", b"x")], "http_version": "1.1", "scheme": "http", "server": ("x", 1), "client": ("x", 1)}
    async def receive(): return {"type": "http.request"}
    async def send(message): pass
    await app(scope, receive, send)

asyncio.run(main())
"""


def test_traces_are_named_by_route() -> None:
    done = subprocess.run([sys.executable, "-c", _TRACED], capture_output=True, text=True, check=True)
    assert "GET /problems/{code}" in done.stdout.splitlines()
