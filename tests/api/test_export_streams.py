"""Exports of long lists: nothing piles up, nobody waits for a slow reader, and what breaks off is seen to."""

import gzip
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.api import exports
from app.api.exports import CSV
from app.api.streaming import NDJSON
from app.api.xlsx import XLSX
from app.main import create_app
from app.services.access import Actor
from app.services.clients.commands import set_disabled
from tests.conftest import Island, settings_for
from tests.server import Served, serving

# A long stock: enough that no buffer holds the answer.
LONG: Final = 60_000
_MANY: Final = f"""
    INSERT INTO enforcement_case (file_no, decision_no, decision_date, unit_id, unit_path, officer_id, kind, initiation,
        account, accepted_on, entered_on, last_effective_on)
    SELECT repeat('x', 500), n::text, '2025-08-22', unit_id, unit_path, officer_id, kind, initiation, account,
        accepted_on, entered_on, last_effective_on
    FROM (SELECT * FROM enforcement_case LIMIT 1) c, generate_series(1, {LONG}) n"""  # not a value of a caller


@pytest.fixture(scope="module")
def long(island: Island) -> Callable[..., Any]:
    """Serves a database with a long stock, with settings of its own."""

    async def fill(session: AsyncSession) -> None:
        await session.execute(text(_MANY))

    island.service.runner.run(island.service.db.write(fill))

    @contextmanager
    def served(**values: Any) -> Iterator[Served]:
        with serving(create_app(settings_for(island.service.database.settings.libpq_url, **values))) as made:
            yield made

    return served


def _bearer(served: Served, island: Island, name: str = "national") -> str:
    return f"Bearer {served.token(name, island.world.secrets[name])}"


@contextmanager
def _stuck(served: Served, island: Island, path: str = "/v1/cases") -> Iterator[socket.socket]:
    """A caller that has begun to read, and stopped."""
    lines = [f"GET {path} HTTP/1.1", "Host: x", f"Accept: {CSV}", f"Authorization: {_bearer(served, island)}"]
    lines += ["Connection: close"]
    with socket.create_connection((served.host, served.port), timeout=30) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        assert b" 200 OK" in connection.recv(1000)
        yield connection


END: Final = b"\r\n0\r\n\r\n"
"""How an answer ends that is complete."""


def _rest(connection: socket.socket) -> bytes:
    """What still comes, until the connection ends."""
    answer = bytearray()
    with suppress(ConnectionError):
        while piece := connection.recv(65_536):
            answer += piece
    return bytes(answer)


def _get(served: Served, island: Island, accept: str, timeout: float = 60, **query: str) -> httpx.Response:
    headers = {"Authorization": _bearer(served, island), "Accept": accept}
    return httpx.get(served.address + "/v1/cases", params=query, headers=headers, timeout=timeout)


def _until(condition: Callable[[], bool], seconds: float) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.05)


@pytest.mark.parametrize("accept", [CSV, NDJSON])
def test_it_is_packed_on_request(accept: str, island: Island) -> None:
    headers = {"Accept": accept, "Accept-Encoding": "gzip", "Authorization": _bearer(island.served, island)}
    with httpx.stream("GET", island.served.address + "/v1/units", headers=headers) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw) == island.client_of("national").get("/v1/units", headers={"Accept": accept}).content


def test_a_long_list_has_every_row_once(island: Island, long: Callable[..., Any]) -> None:
    with long() as served:
        rows = _get(served, island, CSV).content.count(b"\r\n") - 1
        ids = [json.loads(line)["id"] for line in _get(served, island, NDJSON).content.splitlines()]
    assert rows == len(ids) == len(set(ids)) > LONG


def test_memory_stays_flat(island: Island, long: Callable[..., Any]) -> None:
    """A caller that reads slowly is waited for: the answer of 40 MB does not pile up in the service."""
    with long() as served, _stuck(served, island):
        time.sleep(1.5)
        before = _resident()
        time.sleep(1.5)
        assert _resident() - before < 8 * 2**20


def _resident() -> int:
    with open("/proc/self/statm") as statm:  # noqa: PTH123
        return int(statm.read().split()[1]) * 4096


def test_a_slow_reader_keeps_no_connection_to_the_database(island: Island, long: Callable[..., Any]) -> None:
    with long(pool_size=1, pool_wait_seconds=0.3) as served, _stuck(served, island):
        time.sleep(0.5)
        assert _get(served, island, "application/json", limit="1").status_code == 200


@pytest.mark.parametrize("accept", [CSV, XLSX])
def test_no_more_than_so_many_at_once_and_who_leaves_makes_room(
    accept: str, island: Island, long: Callable[..., Any]
) -> None:
    with long(exports_at_once=1, pool_wait_seconds=0.3) as served:
        with _stuck(served, island):
            refused = _get(served, island, accept, decision_no="7")
            assert (refused.status_code, refused.json()["code"]) == (503, "busy")
            assert refused.headers["retry-after"] == "1"
            assert _get(served, island, "application/json", limit="1").status_code == 200
        _until(lambda: _get(served, island, accept, decision_no="7").status_code == 200, 5)


def test_who_leaves_while_a_workbook_is_written_ends_the_work(
    island: Island, long: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with long(exports_at_once=1, pool_wait_seconds=0.3) as served:
        with pytest.raises(httpx.ReadTimeout):
            _get(served, island, XLSX, timeout=2)
        assert any(tmp_path.iterdir())
        _until(lambda: not any(tmp_path.iterdir()), 5)
        _until(lambda: _get(served, island, CSV, decision_no="7").status_code == 200, 5)


def test_a_workbook_is_ready_in_time_or_refused(island: Island, long: Callable[..., Any]) -> None:
    with long(xlsx_seconds=1) as served:
        answer = _get(served, island, XLSX)
    assert (answer.status_code, answer.json()["code"]) == (422, "list-too-long")


def test_an_export_has_a_mark_at_its_end(island: Island, long: Callable[..., Any]) -> None:
    """Or else those below would prove nothing."""
    with long() as served, _stuck(served, island, "/v1/units") as connection:
        assert _rest(connection).endswith(END)


def test_an_export_has_an_end(island: Island, long: Callable[..., Any]) -> None:
    with long(export_seconds=1) as served, _stuck(served, island) as connection:
        time.sleep(1.5)
        assert not _rest(connection).endswith(END)


def test_whose_rights_end_meanwhile_gets_no_further(island: Island, long: Callable[..., Any]) -> None:
    """The connection breaks off, so that nobody takes the part for the whole."""

    def let_in(allowed: bool) -> None:
        work = partial(set_disabled, actor=Actor("tests"), client_id="national", disabled=not allowed)
        island.service.runner.run(island.service.db.write(work))

    with long() as served, _stuck(served, island) as connection:
        let_in(False)
        assert not _rest(connection).endswith(END)
        let_in(True)


def test_a_defect_breaks_the_stream_off(
    island: Island, long: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with long() as served, _stuck(served, island) as connection:
        monkeypatch.setattr(exports, "csv_rows", None)
        assert not _rest(connection).endswith(END)
