"""`python -m bench.sync`: what a partner's copy costs the service, beside what the database alone needs for it.

A snapshot against the same rows by COPY; a page of 1,000 changes against its statement alone; a poll that finds
nothing against reading one case; and how many connections 500 callers hold that wait for changes.
"""

import asyncio
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from typing import Annotated, Final

import httpx
import psycopg
import typer

from app.preflight import ROOT, own_secrets
from app.services.access import ROOT as NATION
from app.services.access import SECRET, Caller
from app.services.cases.queries import ITEM_COLUMNS
from app.services.changes.queries import page_sql
from app.services.changes.rules import View
from bench.contenders import Contender, started
from bench.database import Loaded, copied
from bench.processes import Failed, cpu_seconds

FOLDER: Final = ROOT / ".data/bench"
CHANGES: Final = 20_000
PAGE: Final = 1_000
PAGES: Final = 200
WAITING: Final = 500
ROUNDS: Final = 3
FEED_ROUNDS: Final = 7
_FILL: Final = """
    INSERT INTO change_record (subject, subject_id, unit_id, unit_path, version, action, client_id, institutions,
        transaction_id)
    SELECT 'case', id, unit_id, unit_path, version, 'changed', 'bench-writer', '{}', pg_current_xact_id()::text::bigint
    FROM enforcement_case WHERE confidentiality = 0 ORDER BY id LIMIT %s"""
_COPY: Final = f"""
    COPY (SELECT row_to_json(i) FROM (SELECT {ITEM_COLUMNS} FROM enforcement_case c ORDER BY c.id) i) TO STDOUT"""
_BUSY: Final = """
    SELECT count(*) FILTER (WHERE state <> 'idle'), count(*) FROM pg_stat_activity
    WHERE application_name LIKE 'thads-%' AND pid <> pg_backend_pid()"""


def main(
    cases: Annotated[int, typer.Option(min=2_000, help="about how many cases the database holds")] = 200_000,
) -> None:
    """Prints one line for each comparison."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    own_secrets(FOLDER)
    with ExitStack() as stack:
        database = stack.enter_context(copied(FOLDER, cases))
        running = stack.enter_context(started(database, FOLDER, ()))
        headers = {"Authorization": f"Bearer {running.token}"}
        client = stack.enter_context(httpx.Client(base_url=running.service.address, headers=headers, timeout=120))
        for line in (
            _snapshot(database, running.service, client),
            _checked(database, running.service, client),
            *_feed(database, running.service, client),
            asyncio.run(_waiting(database, running.service.address, headers)),
        ):
            typer.echo(line)


def _snapshot(database: Loaded, service: Contender, client: httpx.Client) -> str:
    """Rows a second, in turns; and how far the memory of the workers grew."""
    ratios, ours = [], 0.0
    before = _memory(service)
    for _ in range(ROUNDS):
        begun, rows = time.perf_counter(), -2  # the first line and the last are no cases
        with client.stream("GET", "/v1/snapshots/cases", headers={"Accept-Encoding": "identity"}) as answer:
            rows += sum(block.count(b"\n") for block in answer.iter_raw())
        ours = rows / (time.perf_counter() - begun)
        begun, copied = time.perf_counter(), 0
        with psycopg.connect(database.url) as connection, connection.cursor().copy(_COPY.encode()) as copy:
            copied = sum(bytes(block).count(b"\n") for block in copy)
        ratios.append(ours / (copied / (time.perf_counter() - begun)))
    grown = (_memory(service) - before) / 2**20
    return (
        f"snapshot: {ours:,.0f} rows a second, {statistics.median(ratios):.2f} of COPY of the same rows; "
        f"memory of the workers {grown:+.0f} MB over {ROUNDS * rows:,} rows"
    )


def _checked(database: Loaded, service: Contender, client: httpx.Client) -> str:
    """What it costs to say what a copy of everything should add up to."""
    units = client.get("/v1/snapshots/cases/checksums").json()["units"]
    cases = sum(unit["cases"] for unit in units)
    cost = _cost(database, service, 10, lambda: client.get("/v1/snapshots/cases/checksums"))
    return f"checksums of {cases:,} cases: {cost / 1000:,.0f} ms of CPU, {cost / cases:.2f} µs a case"


def _feed(database: Loaded, service: Contender, client: httpx.Client) -> Iterator[str]:
    with psycopg.connect(database.url) as owner:
        owner.execute(_FILL.encode(), [CHANGES])
        owner.execute("ANALYZE change_record")  # as autovacuum would, within a minute
    client.get("/v1/changes", params={"start": "now"})  # numbers what was written
    time.sleep(2)
    cursors = list(_cursors(client))
    asked = cycle(cursors[:-1])
    pages = len(cursors) - 1
    costs = [
        (
            _cost(database, service, PAGES, lambda: client.get(f"/v1/changes?limit={PAGE}&cursor={next(asked)}")),
            _page_alone(database, pages),
        )
        for _ in range(FEED_ROUNDS)  # in turns: a processor that changes its speed changes it for both
    ]
    page, alone = (statistics.median(column) for column in zip(*costs, strict=True))
    ratio = statistics.median(cost / bare for cost, bare in costs)
    yield f"page of {PAGE:,} changes: {page:,.0f} µs of CPU, {ratio:.2f} times its statement ({alone:,.0f})"
    ids = cycle([item["id"] for item in client.get("/v1/cases?limit=500").json()["items"]])
    idle = _cost(database, service, 1_000, lambda: client.get(f"/v1/changes?cursor={cursors[-1]}"))
    read = _cost(database, service, 1_000, lambda: client.get(f"/v1/cases/{next(ids)}"))
    yield f"poll that finds nothing: {idle:,.0f} µs of CPU, {idle / read:.2f} times reading one case ({read:,.0f})"


def _cursors(client: httpx.Client) -> Iterator[str]:
    """One before each page, and one at the end."""
    cursor, more = "", True
    while more:
        page = client.get(f"/v1/changes?limit={PAGE}" + (f"&cursor={cursor}" if cursor else "")).json()
        cursor, more = page["next"], page["more"]
        yield cursor


def _cost(database: Loaded, service: Contender, times: int, ask: Callable[[], httpx.Response]) -> float:
    """CPU of service and database for one request, in µs."""
    for _ in range(times // 10):
        ask().raise_for_status()
    before = cpu_seconds(service.process.pid) + cpu_seconds(database.postmaster)
    for _ in range(times):
        ask()
    return (cpu_seconds(service.process.pid) + cpu_seconds(database.postmaster) - before) / times * 1e6


def _page_alone(database: Loaded, pages: int) -> float:
    """CPU of the database for the statement of a page, by its owner, in µs."""
    view = View.of(Caller("bench", frozenset({"changes:read", "cases:read"}), (NATION,), SECRET), ("case",))
    sql = page_sql(view, resumed=True).encode()
    with psycopg.connect(database.url, autocommit=True) as connection:
        mark = connection.execute("SELECT mark FROM change_lineage ORDER BY no DESC LIMIT 1").fetchone()
        values = {
            **view.scope.wall(),
            "kinds": ["case"],
            "client": "bench",
            "limit": PAGE,
            "scanned": 20_000,
            "mark": mark[0] if mark else 0,
        }
        before = cpu_seconds(connection.info.backend_pid)
        for number in range(PAGES):
            rows = connection.execute(sql, {**values, "after": number % pages * PAGE}, prepare=True).fetchall()
            if rows[0][5] != PAGE:
                raise Failed(f"{rows[0][5]} changes instead of a page")
        return (cpu_seconds(connection.info.backend_pid) - before) / PAGES * 1e6


async def _waiting(database: Loaded, address: str, headers: dict[str, str]) -> str:
    """500 long polls at once, and what they hold meanwhile."""
    limits = httpx.Limits(max_connections=WAITING + 1, max_keepalive_connections=WAITING + 1)
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=60, limits=limits) as client:
        cursor = (await client.get("/v1/changes", params={"start": "now"})).json()["next"]
        asked = {"cursor": cursor, "wait": 15}
        polls = [asyncio.create_task(client.get("/v1/changes", params=asked)) for _ in range(WAITING)]
        await asyncio.sleep(8)
        waiting = sum(not poll.done() for poll in polls)
        with psycopg.connect(database.url) as owner:
            found = [owner.execute(_BUSY.encode()).fetchone() for _ in range(20)]
        busiest = max(row[0] for row in found if row)
        begun = time.perf_counter()
        (await client.get("/v1/cases", params={"limit": 1})).raise_for_status()
        took = (time.perf_counter() - begun) * 1000
        answers = await asyncio.gather(*polls)
    right = sum(answer.status_code == httpx.codes.OK and not answer.json()["items"] for answer in answers)
    return (
        f"{waiting} of {WAITING} long polls wait: at most {busiest} connections at work in 20 looks, "
        f"a list meanwhile takes {took:.0f} ms; {right} end with an empty page"
    )


def _memory(service: Contender) -> int:
    """Resident memory of the workers."""
    pids = [service.process.pid]
    for pid in pids:
        pids += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 for pid in pids)


if __name__ == "__main__":
    typer.run(main)
