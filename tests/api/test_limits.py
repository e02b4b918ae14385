"""What one caller may ask and what a worker takes on: quotas, load shedding, and that strangers keep nobody out."""

import re
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import httpx
import pytest

from app.api.limits import Limits, Quota
from app.errors import TooManyRequests
from app.main import create_app
from app.settings import Settings
from tests.api import lab
from tests.api.conftest import Lab
from tests.conftest import settings_for
from tests.server import Served, serving

SAMPLES = "/v1/samples"


@contextmanager
def _limited(laboratory: Lab, proxy: str | None = None, **limits: Any) -> Iterator[Served]:
    """The laboratory with limits of its own; tokens of the laboratory hold here, too."""
    app = create_app(settings_for(laboratory.database, **limits), [lab])
    with serving(app, proxy) as served:
        yield served


def _get(served: Served, client: httpx.Client | None, path: str = SAMPLES, **headers: str) -> httpx.Response:
    token = {"Authorization": client.headers["authorization"]} if client else {}
    return httpx.get(served.address + path, headers={**token, **headers}, timeout=10)


def _quota(answer: httpx.Response) -> tuple[int, int, int, int]:
    """q, w of the policy and r, t of the state, read as structured fields."""
    policy = re.fullmatch(r'"client";q=(\d+);w=(\d+)', answer.headers["ratelimit-policy"])
    state = re.fullmatch(r'"client";r=(\d+);t=(\d+)', answer.headers["ratelimit"])
    assert policy
    assert state
    return int(policy[1]), int(policy[2]), int(state[1]), int(state[2])


def test_a_client_has_its_quota_and_is_told_what_is_left(laboratory: Lab) -> None:
    with _limited(laboratory, client_rate=1, client_burst=4) as served:
        answers = [_get(served, laboratory.client) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 429]
        assert [_quota(answer) for answer in answers] == [(4, 4, 3, 1), (4, 4, 2, 2), (4, 4, 1, 3), *[(4, 4, 0, 4)] * 2]
        refusal = answers[-1]
        assert refusal.headers["content-type"] == "application/problem+json"
        assert refusal.json()["code"] == "quota-exceeded"
        assert _get(served, laboratory.other).status_code == 200
        time.sleep(int(refusal.headers["retry-after"]))
        assert _get(served, laboratory.client).status_code == 200


def test_refusals_count_too_and_errors_say_what_is_left(laboratory: Lab) -> None:
    with _limited(laboratory, client_rate=1, client_burst=3) as served:
        answers = [_get(served, laboratory.client, path) for path in (f"{SAMPLES}/999999", f"{SAMPLES}?x=1", SAMPLES)]
        assert [answer.status_code for answer in answers] == [404, 400, 200]
        assert "ratelimit" in answers[0].headers
        assert "ratelimit" not in answers[1].headers  # refused before anybody was asked who they are
        assert _quota(answers[2])[2] == 1


def test_only_who_is_known_has_a_quota(laboratory: Lab) -> None:
    with _limited(laboratory) as served:
        answers = [_get(served, None, path) for path in ("/livez", "/docs", SAMPLES, "/nothing")]
        assert [answer.status_code for answer in answers] == [200, 200, 401, 404]
        assert not any("ratelimit" in answer.headers for answer in answers)


def test_strangers_are_limited_by_address_and_keep_no_client_out(laboratory: Lab) -> None:
    with _limited(laboratory, address_rate=1, address_burst=6) as served:
        wrong = [_get(served, None, Authorization="Bearer x") for _ in range(4)]
        found = [_get(served, None, "/docs"), httpx.post(f"{served.address}/oauth/token")]
        assert [answer.status_code for answer in [*wrong, *found]] == [401, 401, 401, 401, 200, 400]
        refused = [_get(served, None), _get(served, None, "/docs"), httpx.post(f"{served.address}/oauth/token")]
        assert [answer.status_code for answer in refused] == [429] * 3
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
        assert _get(served, None, "/livez").status_code == _get(served, None, "/readyz").status_code == 200
        assert _get(served, laboratory.client).status_code == 200


def test_an_invented_address_is_no_new_address(laboratory: Lab) -> None:
    with _limited(laboratory, address_rate=1, address_burst=3) as served:
        spoofed = [_get(served, None, "/docs", **{"X-Forwarded-For": f"10.0.0.{number}"}) for number in range(4)]
        assert [answer.status_code for answer in spoofed] == [200, 200, 200, 429]


def test_behind_the_proxy_every_caller_has_an_address(laboratory: Lab) -> None:
    with _limited(laboratory, proxy="127.0.0.1", address_rate=1, address_burst=2) as served:
        mine, others = {"X-Forwarded-For": "203.0.113.7"}, {"X-Forwarded-For": "203.0.113.8"}
        assert [_get(served, None, "/docs", **mine).status_code for _ in range(3)] == [200, 200, 429]
        assert _get(served, None, "/docs", **others).status_code == 200
        # what the caller put in front itself is not believed
        assert _get(served, None, "/docs", **{"X-Forwarded-For": "198.51.100.1, 203.0.113.7"}).status_code == 429


def test_workers_share_the_quota() -> None:
    quota = Quota("client", rate=100, burst=200, workers=4)
    assert dict(quota.fields(quota.take("a")))[b"ratelimit-policy"] == b'"client";q=50;w=2'
    for _ in range(49):
        quota.take("a")
    with pytest.raises(TooManyRequests):
        quota.take("a")


def test_a_flood_of_addresses_does_not_fill_the_memory() -> None:
    quota = Quota("address", rate=1, burst=2, workers=1, most=100)
    for number in range(10_000):
        quota.take(number)
    assert len(quota._full) <= 100
    quota.take(9_999)
    with pytest.raises(TooManyRequests):
        quota.take(9_999)


@pytest.mark.parametrize(
    ("addresses", "alike"),
    [
        (["2001:db8::1", "2001:db8::ffff:1"], True),
        (["2001:db8::1", "2001:db8:0:1::1"], False),
        (["fe80::1%eth0", "fe80::2"], True),
        (["192.0.2.1", "192.0.2.2"], False),
    ],
)
def test_of_ipv6_a_network_counts_as_one_address(addresses: list[str], alike: bool) -> None:
    limits = Limits(Settings(address_rate=1, address_burst=1))
    limits.stranger({"client": (addresses[0], 1)})
    if alike:
        with pytest.raises(TooManyRequests):
            limits.stranger({"client": (addresses[1], 1)})
    else:
        limits.stranger({"client": (addresses[1], 1)})


def _asleep(laboratory: Lab, count: int) -> None:
    """Waits until so many requests are at work in the database."""
    active = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE query LIKE '%pg_sleep%' AND state = 'active' AND pid <> pg_backend_pid()"
        " AND datname = current_database()"
    )
    limit = time.monotonic() + 5
    while laboratory.rows(active) != [(count,)]:
        assert time.monotonic() < limit
        time.sleep(0.02)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as executor:
        yield executor


Asking = Callable[[str], "Future[httpx.Response]"]


@pytest.fixture
def full(laboratory: Lab, pool: ThreadPoolExecutor) -> Iterator[tuple[Served, Asking]]:
    """A worker with two requests at work, and room for one that waits."""
    with _limited(laboratory, max_at_work=2, max_waiting=1, pool_wait_seconds=10) as served:

        def ask(path: str) -> "Future[httpx.Response]":
            return pool.submit(_get, served, laboratory.client, path)

        first = [ask(f"{SAMPLES}/slow/2") for _ in range(2)]
        _asleep(laboratory, 2)
        yield served, ask
        assert [answer.result().status_code for answer in first] == [200, 200]


def test_a_full_worker_refuses_before_any_work(laboratory: Lab, full: tuple[Served, Asking]) -> None:
    served, ask = full
    waiting = ask(SAMPLES)
    while not served.app.state.limits.waiting:
        assert not waiting.done()
    refusal = _get(served, None)  # without a token, and yet not 401: nobody looked
    assert refusal.status_code == 503
    assert (refusal.json()["code"], refusal.headers["retry-after"]) == ("busy", "1")
    assert "ratelimit" not in refusal.headers
    head = b"POST /v1/samples HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    started = time.monotonic()
    with socket.create_connection((served.host, served.port), timeout=5) as connection:
        connection.sendall(head)  # and no body
        assert connection.recv(12) == b"HTTP/1.1 503"
    assert time.monotonic() - started < 1
    assert [_get(served, None, path).status_code for path in ("/livez", "/readyz", "/metrics")] == [200] * 3
    assert waiting.result().status_code == 200  # its turn came


def test_turns_come_back(laboratory: Lab, full: tuple[Served, Asking]) -> None:
    served, ask = full
    with suppress(httpx.ReadTimeout):  # one that waits, and hangs up
        httpx.get(served.address + SAMPLES, headers=dict(laboratory.client.headers), timeout=0.1)
    limit = time.monotonic() + 3
    while (broken := ask(f"{SAMPLES}/broken").result().status_code) == 503:  # until it is seen to be gone
        assert time.monotonic() < limit
    assert broken == 500
    assert [answer.result().status_code for answer in [ask(SAMPLES), ask(SAMPLES)]] == [200, 200]


def test_nobody_waits_long(laboratory: Lab, pool: ThreadPoolExecutor) -> None:
    with _limited(laboratory, max_at_work=1, max_waiting=5, pool_wait_seconds=0.3) as served:
        slow = pool.submit(_get, served, laboratory.client, f"{SAMPLES}/slow/2")
        _asleep(laboratory, 1)
        assert _get(served, laboratory.client).status_code == 503
        assert slow.result().status_code == 200


def test_strangers_do_not_take_the_turns_of_clients(laboratory: Lab) -> None:
    """Forms that never arrive take up all the room there is for requests without a token, and no more."""
    form = b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n"
    form += b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    with _limited(laboratory, max_at_work=4, max_waiting=0) as served, ExitStack() as stack:
        for _ in range(8):
            connection = stack.enter_context(socket.create_connection((served.host, served.port), timeout=5))
            connection.sendall(form)
        limit = time.monotonic() + 2
        while _get(served, None, "/docs").status_code != 503:
            assert time.monotonic() < limit
        assert _get(served, laboratory.client).status_code == 200
