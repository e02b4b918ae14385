"""Snapshots over HTTP: complete, as the list shows the cases, resumable, packed, and gone when the caller leaves."""

import gzip
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import httpx
import psycopg
import pytest
from sqlalchemy import CheckConstraint, Text, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.main import create_app
from app.models.cases import enforcement_case
from app.services.cases.queries import ITEM
from app.services.cases.snapshot_queries import WRITTEN
from app.services.clients.tokens import Tokens
from tests.api.v1.cases import book, create
from tests.conftest import Island, settings_for
from tests.server import Served, serving

SNAPSHOT: Final = "/v1/snapshots/cases"


def _lines(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


def _cases(answer: httpx.Response) -> list[dict[str, Any]]:
    """The cases between the first line and the last."""
    first, *cases, last = _lines(answer)
    assert first.keys() == {"snapshot"}
    assert last == {"end": {"cases": len(cases)}}
    return cases


def _listed(client: httpx.Client) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = client.get("/v1/cases", params={"limit": 500, **cursor}).json()
        items += page["items"]
        if page["next"] is None:
            return sorted(items, key=lambda item: str(item["id"]))
        cursor = {"cursor": page["next"]}


@pytest.fixture(scope="module")
def stock(island: Island) -> Island:
    """Some cases of all kinds in both provinces."""
    national = island.client_of("national")
    for place in (island.world.own, island.world.foreign):
        for number, kind in enumerate(("civil", "criminal", "commercial", "other")):
            made = create(
                national,
                place,
                kind=kind,
                decision_no=f'{number}/"QĐ"\\{kind}',  # what JSON escapes
                matter_id=place.objects["matter_id"] if number % 2 else None,
            )
            if number:
                book(national, made["id"], ("collected", "completed", "suspended")[number - 1], amount_vnd=7)
                book(national, made["id"], ("collected", "completed", "suspended")[number - 1])
    return island


@pytest.mark.parametrize("name", ["national", "province", "partner"])
def test_a_snapshot_has_what_the_list_has(stock: Island, name: str) -> None:
    client = stock.client_of(name)
    cases = _cases(client.get(SNAPSHOT))
    assert len(cases) >= 5
    assert cases == _listed(client)


def test_what_is_not_escaped_is_a_code() -> None:
    checks = {str(check.name) for check in enforcement_case.constraints if isinstance(check, CheckConstraint)}
    columns = {member: enforcement_case.c[column.removeprefix("c.")] for member, column in ITEM.items()}
    texts = {member: column.name for member, column in columns.items() if isinstance(column.type, Text)}
    coded = {member for member, column in texts.items() if f"ck_enforcement_case_{column}" in checks}
    assert texts.keys() - coded == set(WRITTEN)


def test_every_segment_and_state_looks_as_in_the_list(stock: Island) -> None:
    """By force, in the database alone: no event leads to all of them."""
    changed = [
        ("segment", f"(ARRAY{list(range(8))})[1 + (row_number() OVER (ORDER BY id))::int % 8]"),
        ("outstanding_vnd", "0"),
        ("left_on", "DATE '2025-09-30'"),
    ]
    with psycopg.connect(stock.service.database.settings.libpq_url) as connection:
        for column, value in changed:
            connection.execute(
                f"UPDATE enforcement_case c SET {column} = n.v FROM (SELECT id, {value} AS v FROM enforcement_case) n"
                " WHERE c.id = n.id".encode()
            )
        connection.commit()
    client = stock.client_of("national")
    cases = _cases(client.get(SNAPSHOT))
    assert cases == _listed(client)
    assert len({str(case["segments"]) for case in cases}) == 8


def test_the_changes_go_on_where_the_snapshot_ends(stock: Island) -> None:
    client = stock.client_of("partner")
    first = _lines(client.get(SNAPSHOT))[0]["snapshot"]
    made = create(client, stock.world.own)
    limit = time.monotonic() + 10
    seen: list[str] = []
    address = first["changes"]
    while made["id"] not in seen:
        assert time.monotonic() < limit
        answer = client.get(address, params={**httpx.URL(address).params, "wait": "2"})
        assert answer.status_code == 200
        seen += [change["id"] for change in answer.json()["items"]]
        address = answer.headers["link"][1:].partition(">")[0]


def _sums(cases: list[dict[str, Any]]) -> dict[str, tuple[int, int]]:
    """What cases add up to, by unit."""
    found: dict[str, tuple[int, int]] = {}
    for case in cases:
        number, checksum = found.get(case["unit"]["id"], (0, 0))
        found[case["unit"]["id"]] = (number + 1, checksum + int(case["id"][-10:], 16) * case["version"])
    return {unit_id: (number, checksum % 10**15) for unit_id, (number, checksum) in found.items()}


def _checked(client: httpx.Client, cursor: str | None = None) -> tuple[dict[str, tuple[int, int]], set[str]]:
    """What they should add up to, and the units that changed after the cursor."""
    answer = client.get(f"{SNAPSHOT}/checksums", params={"cursor": cursor} if cursor else {})
    assert answer.status_code == 200, answer.text
    units = answer.json()["units"]
    codes = [unit["unit"]["code"] for unit in units]
    assert codes == sorted(codes)
    sums = {unit["unit"]["id"]: (unit["cases"], unit["checksum"]) for unit in units}
    return sums, {unit["unit"]["id"] for unit in units if unit["changed"]}


@pytest.mark.parametrize("name", ["national", "province", "partner"])
def test_a_true_copy_adds_up_to_what_the_service_says(stock: Island, name: str) -> None:
    client = stock.client_of(name)
    assert _checked(client) == (_sums(_cases(client.get(SNAPSHOT))), set())


def test_what_changed_after_a_cursor_is_not_yet_to_be_compared(stock: Island) -> None:
    """Not even before it has a position; and nobody learns to which foreign unit a case went."""
    national, partner = stock.client_of("national"), stock.client_of("partner")
    own, foreign = stock.world.own, stock.world.foreign
    made = create(national, own)
    begun = {client: _lines(client.get(SNAPSHOT))[0]["snapshot"]["cursor"] for client in (national, partner)}
    book(national, made["id"], "collected", amount_vnd=7)
    for client, cursor in begun.items():
        assert _checked(client, cursor) == (_sums(_listed(client)), {own.office_id})
    there = {"to_unit_id": foreign.office_id, "to_officer_id": foreign.objects["officer_id"]}
    assert book(national, made["id"], "handed_over", **there).status_code == 201
    assert _checked(national, begun[national])[1] == {own.office_id, foreign.office_id}
    assert _checked(partner, begun[partner]) == (_sums(_listed(partner)), {own.office_id})
    page = {"next": begun[partner], "more": True}
    while page["more"]:
        time.sleep(1.1)  # a change has its position within a second
        page = partner.get("/v1/changes", params={"cursor": page["next"], "kinds": "case"}).json()
    assert _checked(partner, page["next"]) == (_sums(_listed(partner)), set())


def test_a_check_needs_a_cursor_of_the_cases(stock: Island) -> None:
    client = stock.client_of("partner")
    other = client.get("/v1/changes", params={"start": "now"}).json()["next"]
    foreign = _lines(stock.client_of("national").get(SNAPSHOT))[0]["snapshot"]["cursor"]
    for cursor in (other, "garbage", foreign):
        assert client.get(f"{SNAPSHOT}/checksums", params={"cursor": cursor}).status_code == 400


def test_a_stream_that_broke_off_is_taken_up_by_id(stock: Island) -> None:
    client = stock.client_of("national")
    cases = _cases(client.get(SNAPSHOT))
    rest = _cases(client.get(SNAPSHOT, params={"after": cases[2]["id"]}))
    assert rest == cases[3:]
    assert _cases(client.get(SNAPSHOT, params={"after": cases[-1]["id"]})) == []


@pytest.mark.parametrize(
    ("asked", "packed"),
    [("gzip", True), ("br, gzip;q=0.5", True), ("*", True), ("identity", False), ("gzip;q=0", False), ("br", False)],
)
def test_it_is_packed_on_request(stock: Island, asked: str, packed: bool) -> None:
    token = stock.client_of("partner").headers["authorization"]
    headers = {"Accept-Encoding": asked, "Authorization": token}
    with httpx.stream("GET", stock.served.address + SNAPSHOT, headers=headers) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers.get("content-encoding") == ("gzip" if packed else None)
    assert answer.headers["vary"] == "Accept-Encoding"
    text_of = gzip.decompress(raw) if packed else raw
    assert json.loads(text_of.splitlines()[-1]).keys() == {"end"}


def test_head_reads_nothing(stock: Island) -> None:
    answer = stock.client_of("partner").head(SNAPSHOT)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == "application/x-ndjson"


def test_it_needs_both_scopes(stock: Island) -> None:
    tokens: Tokens = stock.served.app.state.tokens
    for scopes in ({"changes:read"}, {"cases:read"}):
        headers = {"Authorization": f"Bearer {tokens.issue('national', frozenset(scopes))}"}
        for path in (SNAPSHOT, f"{SNAPSHOT}/checksums"):
            assert httpx.get(stock.served.address + path, headers=headers).status_code == 403


# A long stock: enough that no buffer holds the answer.
_MANY: Final = """
    INSERT INTO enforcement_case (file_no, decision_no, decision_date, unit_id, unit_path, officer_id, kind, initiation,
        account, accepted_on, entered_on, last_effective_on)
    SELECT repeat('x', 500), n::text, '2025-08-22', unit_id, unit_path, officer_id, kind, initiation, account,
        accepted_on, entered_on, last_effective_on
    FROM (SELECT * FROM enforcement_case LIMIT 1) c, generate_series(1, 60000) n"""


@pytest.fixture(scope="module")
def long(stock: Island) -> Callable[..., Any]:
    """Serves a database with a long stock, with settings of its own."""

    async def fill(session: AsyncSession) -> None:
        await session.execute(text(_MANY))

    stock.service.runner.run(stock.service.db.write(fill))

    @contextmanager
    def served(**values: Any) -> Iterator[Served]:
        with serving(create_app(settings_for(stock.service.database.settings.libpq_url, **values))) as made:
            yield made

    return served


def _open(served: Served, island: Island) -> tuple[socket.socket, bytes]:
    """A caller that has begun to read, and stopped."""
    token = served.token("national", island.world.secrets["national"])
    connection = socket.create_connection((served.host, served.port), timeout=10)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.sendall(f"GET {SNAPSHOT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    return connection, connection.recv(1000)


_STREAMING: Final = "FROM pg_stat_activity WHERE application_name = 'thads-snapshot' AND datname = current_database()"


def _at_work(island: Island) -> int:
    with psycopg.connect(island.service.database.settings.libpq_url) as connection:
        return len(connection.execute(f"SELECT pid {_STREAMING}".encode()).fetchall())


@contextmanager
def _reading(served: Served, island: Island) -> Iterator[Iterator[str]]:
    """The lines for one who holds little of them: packed, or in buffers that grow, all would be on their way."""
    token = served.token("national", island.world.secrets["national"])
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
    transport = httpx.HTTPTransport(socket_options=[(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)])
    with (
        httpx.Client(transport=transport, headers=headers, timeout=30) as client,
        client.stream("GET", served.address + SNAPSHOT) as answer,
    ):
        yield answer.iter_lines()


def _broken_off(lines: Iterator[str]) -> None:
    """Reads on; the end never comes."""
    for line in lines:
        assert "end" not in json.loads(line)


def _until(condition: Callable[[], bool], seconds: float) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.05)


def test_who_leaves_takes_the_query_along(stock: Island, long: Callable[..., Any]) -> None:
    with long() as served:
        connection, begun = _open(served, stock)
        assert b"200 OK" in begun
        assert _at_work(stock) == 1
        connection.close()
        _until(lambda: _at_work(stock) == 0, 4)  # a slow operation is watched from its second second on


def test_no_more_than_so_many_at_once(stock: Island, long: Callable[..., Any]) -> None:
    with long(snapshots_at_once=1) as served:
        connection, _ = _open(served, stock)
        headers = {"Authorization": f"Bearer {served.token('partner', stock.world.secrets['partner'])}"}
        refused = httpx.get(served.address + SNAPSHOT, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (503, "busy")
        assert refused.headers["retry-after"] == "10"
        connection.close()
        _until(lambda: httpx.get(served.address + SNAPSHOT, headers=headers).status_code == 200, 10)


def test_a_short_statement_timeout_is_not_for_streams_but_they_have_an_end(
    stock: Island, long: Callable[..., Any]
) -> None:
    with long(statement_timeout_ms=200, snapshot_seconds=4) as served, _reading(served, stock) as lines:
        assert "snapshot" in next(lines)
        time.sleep(1)
        assert _at_work(stock) == 1
        for _ in range(100):
            next(lines)
        time.sleep(4)
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
            _broken_off(lines)


def test_the_database_going_away_breaks_the_stream_off(stock: Island, long: Callable[..., Any]) -> None:
    with long() as served:
        with _reading(served, stock) as lines:
            assert "snapshot" in next(lines)
            with psycopg.connect(stock.service.database.settings.libpq_url, autocommit=True) as connection:
                connection.execute(f"SELECT pg_terminate_backend(pid) {_STREAMING}".encode())
            with pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
                _broken_off(lines)
        headers = {"Authorization": f"Bearer {served.token('national', stock.world.secrets['national'])}"}
        assert httpx.get(served.address + "/v1/cases", params={"limit": 1}, headers=headers).status_code == 200


def test_memory_stays_flat(stock: Island, long: Callable[..., Any]) -> None:
    """A caller that reads slowly is waited for: the answer of 70 MB does not pile up in the service."""
    with long() as served:
        connection, _ = _open(served, stock)
        time.sleep(1.5)
        before = _resident()
        time.sleep(1.5)
        assert _resident() - before < 8 * 2**20
        connection.close()


def _resident() -> int:
    with open("/proc/self/statm") as statm:  # noqa: PTH123
        return int(statm.read().split()[1]) * 4096
