"""`python -m bench.push`: cases pushed through HTTP, beside the same rows written by nothing but COPY and an upsert.

What stands beside it does much less: one table of the seven that a push writes, with the same indexes, no rules, no
books, no trail. The ratio says what all of that costs.
"""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Annotated, Any, Final

import httpx
import orjson
import psycopg
import typer

from app import preflight
from app.embedded import temporary
from app.services.access import Actor
from app.services.clients.commands import register
from app.settings import Settings
from tests.builders import Office, Service, offices

BATCH: Final = 5_000
CLIENTS: Final = 2
_COLUMNS: Final = (
    "id, file_no, decision_no, decision_date, unit_id, unit_path, officer_id, kind, initiation, account, amount_vnd, "
    "outstanding_vnd, accepted_on, entered_on, last_event_no, last_effective_on"
)


def main(rows: Annotated[int, typer.Option(min=BATCH, help="cases")] = 50_000) -> None:
    """Prints rows a second of COPY and upsert, of a push of new cases, of corrections and of what is there."""
    with temporary() as server:
        url = server.url("thads")
        preflight.migrate(Settings.model_validate({"database_url": url}))
        with psycopg.connect(url, autocommit=True) as owner:
            owner.execute("CREATE ROLE pushing LOGIN PASSWORD 'pushing' IN ROLE thads_service")
        service = Service.over(url)
        places = service.runner.run(offices(service, 20))
        secrets = [_registered(service, f"bench-{n}") for n in range(CLIENTS)]
        service.close()
        batches = [_batch(places, start) for start in range(0, rows, BATCH)]
        newer = [_batch(places, start, version=2) for start in range(0, rows, BATCH)]
        bare = _rate(rows, lambda: _in_turn(range(0, rows, BATCH), lambda start: _copied(url, places[0], start)))
        _vacuumed(url)
        with _served(url) as address:
            clients = [_client(address, f"bench-{n}", secret) for n, secret in enumerate(secrets)]

            def pushed(sent: list[bytes], outcome: str) -> float:
                numbered = list(enumerate(sent))
                return _rate(rows, lambda: _in_turn(numbered, lambda one: _push(clients, one[0], one[1], outcome)))

            created = pushed(batches, "created")
            _vacuumed(url)
            unchanged = pushed(batches, "unchanged")
            updated = pushed(newer, "updated")
        for name, rate in (("COPY and upsert", bare), ("new", created), ("corrected", updated), ("there", unchanged)):
            print(f"{name:16} {rate:8,.0f} rows/s {rate / bare:6.0%} of COPY and upsert")


def _rate(rows: int, work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return rows / (time.perf_counter() - start)


def _in_turn(things: Any, work: Callable[[Any], None]) -> None:
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(work, things))


def _registered(service: Service, name: str) -> str:
    about: dict[str, Any] = {"client_id": name, "name": name, "scopes": frozenset({"sync:write"})}
    nation = ["01890000-0000-7000-8000-000000000001"]
    return service.runner.run(
        service.db.write(lambda session: register(session, Actor("bench"), unit_ids=nation, **about))
    )


def _batch(places: list[Office], start: int, version: int = 1) -> bytes:
    items = [_item(places[number % len(places)], number, version) for number in range(start, start + BATCH)]
    return orjson.dumps({"items": items})


def _item(place: Office, number: int, version: int) -> dict[str, Any]:
    return {
        "external_id": f"B-{number:08}",
        "source_version": version,
        "file_no": f"{number}/HS-2025",
        "decision_no": f"{number}/QĐ-{version}",
        "decision_date": f"2025-{number % 9 + 1:02}-{number % 28 + 1:02}",
        "unit_id": place.unit_id,
        "officer_id": place.officer_id,
        "kind": "civil",
        "initiation": "on_request",
        "obligations": [{"kind": "money_party", "amount_vnd": 1_000_000 + number, "description": "Trả nợ gốc"}],
        "parties": [
            {"role": "creditor", "kind": "organisation", "name": "Công ty Hưng Thịnh"},
            {"role": "debtor", "kind": "individual", "name": "Nguyễn Văn An", "id_number": f"{number:012}"},
        ],
    }


def _copied(url: str, place: Office, start: int) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(
            "CREATE TEMP TABLE pushed (LIKE enforcement_case INCLUDING DEFAULTS INCLUDING GENERATED) ON COMMIT DROP"
        )
        with connection.cursor().copy(f"COPY pushed ({_COLUMNS.removeprefix('id, ')}) FROM STDIN".encode()) as copy:
            for n in range(start, start + BATCH):
                day = f"2025-{n % 9 + 1:02}-{n % 28 + 1:02}"
                amount = 1_000_000 + n
                row = (f"{n}/HS", f"{n}/QĐ", day, place.unit_id, place.path, place.officer_id, "civil", "on_request")
                copy.write_row((*row, "enforcing", amount, amount, day, day, 1, day))
        connection.execute(
            f"""INSERT INTO enforcement_case ({_COLUMNS}) SELECT {_COLUMNS} FROM pushed ORDER BY id
            ON CONFLICT (id) DO UPDATE SET decision_no = EXCLUDED.decision_no""".encode()
        )


def _vacuumed(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("VACUUM ANALYZE")


@contextmanager
def _served(url: str) -> Iterator[str]:
    """The service as one worker in a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    role = "postgresql://pushing:pushing@" + url.rpartition("@")[2]  # not a secret: lives as long as this run
    environment = {**os.environ, "THADS_DATABASE_URL": role, "THADS_LOG_LEVEL": "error"}
    command = [sys.executable, "-m", "uvicorn", "--factory", "app.main:create_app", "--port", str(port)]
    with subprocess.Popen([*command, "--log-level", "error"], env=environment) as process:
        try:
            address = f"http://127.0.0.1:{port}"
            asyncio.run(_ready(address))
            yield address
        finally:
            process.terminate()


async def _ready(address: str) -> None:
    async with httpx.AsyncClient() as client:
        for _ in range(200):
            try:
                if (await client.get(f"{address}/readyz")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)
    raise RuntimeError("the service did not start")


def _client(address: str, name: str, secret: str) -> httpx.Client:
    token = httpx.post(f"{address}/oauth/token", data={"grant_type": "client_credentials"}, auth=(name, secret)).json()
    headers = {"Authorization": f"Bearer {token['access_token']}", "Content-Type": "application/json"}
    return httpx.Client(base_url=f"{address}/v1/partners/{name}", headers=headers, timeout=120)


def _push(clients: list[httpx.Client], number: int, batch: bytes, outcome: str) -> None:
    """Each batch goes through the same client every time."""
    answer = clients[number % CLIENTS].post("/cases:batch", content=batch)
    if answer.status_code != 200 or answer.json()[outcome] != BATCH:
        raise RuntimeError(answer.text[:500])


if __name__ == "__main__":
    typer.run(main)
