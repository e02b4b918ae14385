"""The proxy that ships with the service, as a real nginx: `make check-proxy`."""

import json
import re
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from select import select
from uuid import UUID

import httpx
import pytest

from tests.api.conftest import Lab
from tests.api.test_middleware import HEADERS
from tests.deploy.conftest import Proxy, proxying
from tests.server import Served

pytestmark = pytest.mark.proxy

OWN = {name: value for name, value in HEADERS.items() if name != "api-version"}
MIB = 1024 * 1024


def _token(laboratory: Lab) -> str:
    return f"Host: x\r\nAuthorization: {laboratory.client.headers['authorization']}\r\n"


def _check_problem(answer: bytes, status: int) -> None:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status), answer
    fields = dict(line.lower().split(": ", 1) for line in head.decode().splitlines()[1:])
    assert fields["content-type"] == "application/problem+json"
    assert {name: fields[name] for name in OWN} == {name: value.lower() for name, value in OWN.items()}
    assert "default-src 'none'" in fields["content-security-policy"]
    assert fields.get("server", "nginx") == "nginx"
    problem = json.loads(body)
    assert problem["status"] == status
    assert problem["type"] == f"/problems/{problem['code']}"
    assert str(UUID(problem["instance"].removeprefix("urn:uuid:"))) == fields["x-request-id"]


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"GET /%6detrics HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"GET /docs/../metrics HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"GET //metrics HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"GET /v1/samples/ HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"GET /v1//samples HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"GET /v1/samples%2f1 HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"GET /v1/..%2f..%2fetc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /v1/%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /v1/samples HTTP/1.1\r\n\r\n", 400),
        (b"GET /v1/samples HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
        (b"GET /v1/samples HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n", 400),
        (b"GET /v1/samples HTTP/1.1\r\nHost: x\r\nX: a\rb\r\n\r\n", 400),
        (b"GET /v1/samples HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 9_000 + b"\r\n\r\n", 431),
        (b"GET /v1/samples HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", 431),
        (b"GET /v1/samples HTTP/1.1\r\nHost: x\r\n" + b"X: 1\r\n" * 2_000 + b"\r\n", 431),
        (b"GET /" + b"x" * 9_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", 400),
        (b"GARBAGE\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"TRACE /v1/samples HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        (b"POST /v1/samples HTTP/1.1\r\nHost: x\r\nContent-Length: 11534336\r\n\r\n", 413),
        (b"POST /v1/samples HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /v1/samples HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST /v1/samples HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ],
)
def test_what_cannot_be_used_is_a_problem(proxy: Proxy, request_bytes: bytes, status: int) -> None:
    head, separator, rest = request_bytes.partition(b"\r\n\r\n")
    closing = head + b"\r\nConnection: close" + separator + rest if separator else request_bytes
    _check_problem(proxy.raw(closing), status)


def test_a_known_caller_gets_through(proxy: Proxy, laboratory: Lab) -> None:
    answer = httpx.get(f"{proxy.address}/v1/samples", headers=laboratory.client.headers)
    assert answer.status_code == 200
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert answer.headers["server"] == "nginx"
    assert "ratelimit" in answer.headers
    posted = httpx.post(
        f"{proxy.address}/v1/samples",
        json={"name": "An"},
        headers={"Authorization": laboratory.client.headers["authorization"], "Idempotency-Key": "proxied"},
    )
    assert posted.status_code == 201


def test_tls_is_spoken_where_it_belongs(proxy: Proxy, laboratory: Lab) -> None:
    trusting = ssl.create_default_context(cafile=str(proxy.folder / "certificate.pem"))
    trusting.check_hostname = False
    address = f"https://127.0.0.1:{proxy.tls}/v1/samples"
    assert httpx.get(address, headers=laboratory.client.headers, verify=trusting).status_code == 200
    plain = Served(proxy.app, proxy.host, proxy.tls).raw(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    _check_problem(plain, 400)
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection((proxy.host, proxy.tls)) as connection,
        pytest.raises((ssl.SSLError, ConnectionError)),
    ):
        old.wrap_socket(connection)


def test_the_service_learns_who_calls_from_the_proxy_alone(proxy: Proxy) -> None:
    """Twenty requests of a stranger a minute, whatever addresses it invents; and the log does not repeat them."""
    statuses = []
    for number in range(30):
        spoofed = {"X-Forwarded-For": f"203.0.113.{number}", "X-Real-IP": "10.0.0.1", "Forwarded": "for=10.0.0.1"}
        statuses.append(httpx.get(f"{proxy.address}/v1/openapi.json", headers=spoofed).status_code)
    assert statuses[-1] == 429
    assert "203.0.113" not in proxy.log()


def _seconds_until_closed(proxy: Proxy, first: bytes, trickle: bytes) -> tuple[float, bytes]:
    started, answer = time.monotonic(), b""
    with socket.create_connection((proxy.host, proxy.port)) as connection:
        connection.sendall(first)
        connection.settimeout(1)
        while time.monotonic() - started < 12:
            try:
                piece = connection.recv(65_536)
            except TimeoutError:
                with suppress(ConnectionError):
                    connection.sendall(trickle)
                continue
            except ConnectionError:
                break
            if not piece:
                break
            answer += piece
    return time.monotonic() - started, answer


def test_slow_callers_are_cut_off(proxy: Proxy, laboratory: Lab) -> None:
    upload = f"POST /v1/samples HTTP/1.1\r\n{_token(laboratory)}Content-Type: application/json\r\n"
    cases = [
        (b"", b""),
        (b"GET /docs HTTP/1.1\r\nHost: x\r\n", b""),
        (b"GET /docs HTTP/1.1\r\nHost: x\r\nX-Slow: ", b"x"),
        ((upload + "Content-Length: 100\r\n\r\n{").encode(), b""),
        ((upload + "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n").encode(), b""),
    ]
    with ThreadPoolExecutor(len(cases)) as pool:
        found = list(pool.map(lambda case: _seconds_until_closed(proxy, *case), cases))
    assert all(seconds <= 10 for seconds, _ in found), found
    assert all(not answer or b" 408 " in answer for _, answer in found), found


def test_an_endless_body_is_cut_off(proxy: Proxy, laboratory: Lab) -> None:
    head = f"POST /v1/samples HTTP/1.1\r\n{_token(laboratory)}Transfer-Encoding: chunked\r\n\r\n"
    chunk, sent, answer = b"%x\r\n%s\r\n" % (65_536, b" " * 65_536), 0, b""
    with socket.create_connection((proxy.host, proxy.port), timeout=5) as connection:
        connection.sendall(head.encode())
        while len(answer) < 12 and sent < 64 * MIB:
            connection.sendall(chunk)
            sent += len(chunk)
            if select([connection], [], [], 0)[0]:
                answer += connection.recv(65_536)
        assert answer.startswith(b"HTTP/1.1 413 ")
        limit = time.monotonic() + 10
        with suppress(ConnectionError):
            while time.monotonic() < limit:
                connection.sendall(chunk)
        assert time.monotonic() < limit


def test_a_thousand_idle_connections_keep_nobody_out(proxy: Proxy, laboratory: Lab) -> None:
    with ExitStack() as stack:
        idle = [stack.enter_context(socket.create_connection((proxy.host, proxy.port), timeout=5)) for _ in range(1000)]
        for connection in idle:
            connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        assert all(connection.recv(4_096).startswith(b"HTTP/1.1 404 ") for connection in idle)
        assert httpx.get(f"{proxy.address}/v1/samples", headers=laboratory.client.headers).status_code == 200


def test_a_hundred_pipelined_requests_are_answered_in_order(proxy: Proxy, laboratory: Lab) -> None:
    paths = ["/v1/samples/1" if number % 3 else "/v1/samples/999999" for number in range(100)]
    requests = "".join(f"GET {path} HTTP/1.1\r\n{_token(laboratory)}\r\n" for path in paths)
    statuses = re.findall(rb"HTTP/1\.1 (\d+) ", proxy.raw(requests.encode()))
    assert statuses == [b"200" if path.endswith("/1") else b"404" for path in paths]


def test_two_lengths_hide_no_second_request(proxy: Proxy) -> None:
    head = b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = proxy.raw(head + b"0\r\n\r\nGET /docs HTTP/1.1\r\nHost: x\r\n\r\n")
    assert re.findall(rb"HTTP/1\.1 (\d+) ", answer) == [b"400"]


def test_who_leaves_takes_the_query_along(proxy: Proxy, laboratory: Lab) -> None:
    asleep = (
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND state = 'active'"
        " AND pid <> pg_backend_pid() AND datname = current_database()"
    )
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{proxy.address}/v1/samples/slow/9", headers=laboratory.client.headers, timeout=0.4)
    assert laboratory.rows(asleep) == [(1,)]
    limit = time.monotonic() + 2
    while laboratory.rows(asleep) != [(0,)]:
        assert time.monotonic() < limit
        time.sleep(0.05)


def test_the_log_is_one_line_of_json_each_and_has_no_query(proxy: Proxy) -> None:
    proxy.raw(b'GET /no%0d%0a{"forged":1}%1b[31m?name=canary HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    lines = [line for line in proxy.log().splitlines() if line.startswith("{")]
    assert lines
    assert all(json.loads(line)["event"] == "proxied" for line in lines)
    assert not any("canary" in line or "\x1b" in line for line in proxy.log().splitlines())


def test_without_the_service_the_answer_is_503(proxy: Proxy) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nowhere = Served(proxy.app, *closed.getsockname())
    with proxying(nowhere) as alone:
        answer = alone.raw(b"GET /v1/samples HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    _check_problem(answer, 503)
    assert b"Retry-After: 1" in answer
