"""Connections as they come: slow, broken, huge, not HTTP at all, or gone in the middle."""

import json
import logging
import re
import resource
import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import httpx
import pytest

from app.main import create_app
from tests.api import lab
from tests.api.conftest import Lab
from tests.api.test_middleware import HEADERS
from tests.conftest import settings_for
from tests.server import serving


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
        ([b"Host: x", b"X-Esc: a\nb"], 400),
        ([b"Host: x", b"X-Esc: a\r\n b"], 400),
        ([b"Host: x", b"X-Esc : a"], 400),
        ([b"Host: x", b" X-Esc: a"], 400),
        ([b"Host: x", b"X-\xc3\xa9: a"], 400),
        ([b"Host: x\0y"], 400),
        ([b"Host: x", b"Content-Length: 1", b"Content-Length: 2"], 400),
        ([b"Host: x", b"Content-Length: 1", b"Content-Length: 1"], 400),
        ([b"Host: x", b"Content-Length: 1, 1"], 400),
        ([b"Host: x", b"Content-Length: -1"], 400),
        ([b"Host: x", b"Content-Length: +1"], 400),
        ([b"Host: x", b"Content-Length: 0x1"], 400),
        ([b"Host: x", b"Content-Length: 99999999999999999999"], 400),
        ([b"Host: x", b"Transfer-Encoding: identity"], 400),
        ([b"Host: x", b"Transfer-Encoding: chunked, identity"], 400),
        ([b"Host: x", b"Transfer-Encoding: xchunked"], 400),
        ([b"Host: x", b"Transfer-Encoding:\x0bchunked"], 400),
        ([b"Host: x", b"Content-Length: 5", b"Transfer-Encoding: chunked"], 400),
    ],
)
def test_headers_are_bounded_and_clean(laboratory: Lab, headers: list[bytes], status: int) -> None:
    assert _raw(laboratory, *headers) == status


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n",
        b"Content-Length: 6\r\nContent-Length: 7\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    ],
)
def test_two_lengths_hide_no_second_request(laboratory: Lab, fields: bytes) -> None:
    """Where two readers could disagree about the end of a request, nothing behind it is read."""
    hidden = b"0\r\n\r\nGET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = laboratory.served.raw(b"POST /oauth/token HTTP/1.1\r\nHost: x\r\n" + fields + b"\r\n" + hidden)
    assert re.findall(rb"HTTP/1\.1 (\d+) ", answer) == [b"400"]
    assert b"connection: close" in answer


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


def test_who_leaves_takes_the_query_along(laboratory: Lab) -> None:
    """The caller hangs up on a slow query: within two seconds it is cancelled and its connection free again."""
    with pytest.raises(httpx.ReadTimeout):
        laboratory.client.get("/v1/samples/slow/9", timeout=0.3)
    asleep = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE query LIKE '%pg_sleep%' AND state = 'active' AND pid <> pg_backend_pid()"
        " AND datname = current_database()"
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


def _requests_to_leave(laboratory: Lab) -> list[bytes]:
    """An upload that stops in the middle; requests with a short, a long and a slow answer; many at once."""
    token = f"Host: x\r\nAuthorization: {laboratory.client.headers['authorization']}\r\n"
    upload = "Idempotency-Key: gone\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
    paths = ("/v1/samples", "/v1/openapi.json", "/v1/samples/slow/9")
    asked = [f"GET {path} HTTP/1.1\r\n{token}\r\n" for path in paths]
    return [text.encode() for text in (f"POST /v1/samples HTTP/1.1\r\n{token}{upload}", *asked, asked[0] * 20)]


@pytest.mark.parametrize("read", [0, 20])
def test_who_leaves_at_any_moment_holds_nothing(
    laboratory: Lab, read: int, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Right after sending, or in the middle of the answer: connections of the pool and turns to work come back."""
    monkeypatch.setattr(logging.getLogger("uvicorn.error"), "handlers", [caplog.handler])
    settings = settings_for(laboratory.database, pool_size=1, write_pool_size=1, max_at_work=4, max_waiting=0)
    others = [pid for (pid,) in laboratory.rows("SELECT pid FROM pg_stat_activity")]
    busy = f"state <> 'idle' AND datname = current_database() AND pid <> ALL(ARRAY{[*others, 0]})"
    busy += " AND pid <> pg_backend_pid()"
    with serving(create_app(settings, [lab])) as served:
        for request in _requests_to_leave(laboratory) * 4:
            with socket.create_connection((served.host, served.port), timeout=0.05) as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # break off
                connection.sendall(request)
                with suppress(TimeoutError):
                    connection.recv(read)
        limit = time.monotonic() + 3
        headers = {"Authorization": laboratory.client.headers["authorization"]}
        while httpx.get(f"{served.address}/v1/samples/slow/0", headers=headers).status_code != 200:
            assert time.monotonic() < limit
        with ThreadPoolExecutor(4) as pool:
            urls = [f"{served.address}/v1/samples/slow/0"] * 4
            answers = pool.map(lambda url: httpx.get(url, headers=headers), urls)
            assert [answer.status_code for answer in answers] == [200] * 4
        while laboratory.rows(f"SELECT pid FROM pg_stat_activity WHERE {busy}"):
            assert time.monotonic() < limit
    assert caplog.messages == []


def test_who_goes_on_sending_after_the_answer_is_cut_off(laboratory: Lab) -> None:
    chunk = b"%x\r\n%s\r\n" % (65_536, b" " * 65_536)
    sent = 0
    with socket.create_connection((laboratory.served.host, laboratory.served.port), timeout=5) as connection:
        connection.sendall(b"POST /v1/samples HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert connection.recv(12) == b"HTTP/1.1 401"
        with suppress(ConnectionError):
            while sent < 64 * 1024 * 1024:
                connection.sendall(chunk)
                sent += len(chunk)
    assert sent < 16 * 1024 * 1024


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
    assert b"\nserver:" not in head.lower()
    fields = dict(line.split(": ", 1) for line in head.decode().splitlines()[1:])
    assert {name: fields.get(name) for name in HEADERS} == HEADERS
    assert fields["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert fields["cache-control"] == "no-store"
    assert json.loads(body)["status"] == int(status)


def test_a_websocket_is_not_opened(laboratory: Lab) -> None:
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n"
    answer = laboratory.served.raw(b"GET /v1/samples HTTP/1.1\r\nHost: x\r\n" + upgrade)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"connection: close" in answer


def test_a_thousand_idle_connections_keep_nobody_out(laboratory: Lab) -> None:
    """Connections that are kept alive after a request, and never ask again."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= soft < 4_096:  # both ends of them are in this process, and many systems allow it 1,024 until it asks
        resource.setrlimit(resource.RLIMIT_NOFILE, (4_096, hard))
    request = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
    with ExitStack() as stack:
        address = (laboratory.served.host, laboratory.served.port)
        idle = [stack.enter_context(socket.create_connection(address, timeout=5)) for _ in range(1_000)]
        for connection in idle:
            connection.sendall(request)
        assert all(connection.recv(4_096).startswith(b"HTTP/1.1 200 ") for connection in idle)
        started = time.monotonic()
        assert laboratory.client.get("/v1/samples").status_code == 200
        assert time.monotonic() - started < 2


def test_garbage_behind_a_running_request_is_not_its_answer(laboratory: Lab) -> None:
    token = laboratory.client.headers["authorization"]
    slow = f"GET /v1/samples/slow/1 HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n".encode()
    assert b"HTTP/1.1 400" not in laboratory.served.raw(slow + b"GARBAGE\r\n\r\n")
