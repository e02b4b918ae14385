"""`python -m bench.push`: cases and events pushed through HTTP into a book, beside COPY and upserts of the cases.

What stands beside it does much less: no rules, no books, no trail, no walls, no rollups. Once it writes the table of
cases alone, once all a partner has sent: cases, obligations and parties. The ratios say what the rest costs.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Annotated, Any, Final, NamedTuple

import httpx
import orjson
import psycopg
import typer

from app.preflight import ROOT, own_secrets
from app.services.cases.rules import masked, search_form
from bench.contenders import Contender, started, token_of
from bench.database import Loaded, client_secret, copied
from bench.processes import Failed, cpu_seconds

FOLDER: Final = ROOT / ".data/bench"
BATCH: Final = 5_000
CLIENTS: Final = 4
"""Batches under way at once: two for each worker, so that neither waits for the next one to arrive."""
ROUNDS: Final = 3
CASES: Final = "/cases:batch"
EVENTS: Final = "/events:batch"
CREDITOR: Final = "Công ty Hưng Thịnh"
DEBTOR: Final = "Nguyễn Văn An"
_CASE: Final = (
    "id, file_no, decision_no, decision_date, unit_id, unit_path, officer_id, kind, initiation, account, amount_vnd, "
    "outstanding_vnd, accepted_on, entered_on, last_event_no, last_effective_on"
)
_OBLIGATION: Final = "case_id, no, kind, amount_vnd, description"
_PARTY: Final = "case_id, no, role, kind, name, masked_name, search_name, id_number"
_PLACES: Final = """
    SELECT DISTINCT ON (p.unit_id) p.unit_id::text, u.path, p.officer_id::text
    FROM officer_posting p JOIN unit u ON u.id = p.unit_id
    WHERE u.level = 'regional' AND p.validity @> '[2025-07-01,2025-10-01)'::daterange ORDER BY p.unit_id"""


@dataclass(frozen=True, slots=True)
class Place:
    """An office and an officer posted there."""

    unit_id: str
    path: str
    officer_id: str


@dataclass(frozen=True, slots=True)
class Case:
    """What is written of one case, whichever way."""

    number: int
    place: Place

    @property
    def day(self) -> str:
        """Day of its decision."""
        return f"2025-{self.number % 3 + 7:02}-{self.number % 28 + 1:02}"

    @property
    def amount(self) -> int:
        """VND."""
        return 1_000_000 + self.number

    def item(self, version: int) -> dict[str, Any]:
        """As it is pushed."""
        debtor = {"role": "debtor", "kind": "individual", "name": DEBTOR, "id_number": f"{self.number:012}"}
        return {
            "external_id": f"B-{self.number:08}",
            "source_version": version,
            "file_no": f"{self.number}/HS-2025",
            "decision_no": f"{self.number}/QĐ-{version}",
            "decision_date": self.day,
            "unit_id": self.place.unit_id,
            "officer_id": self.place.officer_id,
            "kind": "civil",
            "initiation": "on_request",
            "obligations": [{"kind": "money_party", "amount_vnd": self.amount, "description": "Trả nợ gốc"}],
            "parties": [{"role": "creditor", "kind": "organisation", "name": CREDITOR}, debtor],
        }

    def event(self, number: int) -> dict[str, Any]:
        """Something that happened to it, as it is pushed."""
        return {
            "external_id": f"B-{self.number:08}",
            "event_id": f"E-{number}",
            "event": "collected",
            "effective_on": "2025-10-02",
            "amount_vnd": 1_000,
        }


def main(
    rows: Annotated[int, typer.Option(min=BATCH, help="cases of each round")] = 50_000,
    cases: Annotated[int, typer.Option(min=2_000, help="about how many cases the database holds")] = 200_000,
    offices: Annotated[int, typer.Option(min=1, help="offices they are of, at most")] = 1_000,
) -> None:
    """Prints the medians of three rounds, taken in turn: rows a second, CPU, and the rate beside three others."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    own_secrets(FOLDER)
    with ExitStack() as stack:
        database = stack.enter_context(copied(FOLDER, cases))
        with psycopg.connect(database.url) as owner:
            places = [Place(*row) for row in owner.execute(_PLACES)][:offices]
        running = stack.enter_context(started(database, FOLDER, ()))
        clients = [stack.enter_context(_client(database, running.service, number)) for number in range(CLIENTS)]
        measured = [_round(database, running.service, clients, places, rows, number) for number in range(ROUNDS)]
    for name in measured[0]:
        rate, service, of_database = (
            statistics.median(column) for column in zip(*(m[name] for m in measured), strict=True)
        )
        ratios = (
            statistics.median(m[name].rate / m[bare].rate for m in measured) for bare in (COPIED, CONTENT, CORRECTED)
        )
        typer.echo(
            f"{name:34} {rate:8,.0f} rows/s  CPU a row: service {service:5,.0f} µs, database {of_database:5,.0f} µs  "
            + "  ".join(f"{r:6.0%}" for r in ratios)
        )


class Cost(NamedTuple):
    """What rows took: rows a second, and CPU for each in µs."""

    rate: float
    service: float
    database: float


COPIED: Final = "COPY and upsert, cases alone"
CONTENT: Final = "COPY and upsert, all that is sent"
CORRECTED: Final = "pushed, corrected"


def _round(
    database: Loaded, service: Contender, clients: list[httpx.Client], places: list[Place], rows: int, number: int
) -> dict[str, Cost]:
    """Everything once."""
    first = number * rows
    batches = [
        [Case(n, places[n * 7919 % len(places)]) for n in range(start, start + BATCH)]
        for start in range(first, first + rows, BATCH)
    ]

    def taken(work: Callable[[Any], None], things: Sequence[Any], done: int = rows) -> Cost:
        before = cpu_seconds(service.process.pid), cpu_seconds(database.postmaster)
        begun = time.perf_counter()
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(work, things))
        spent = time.perf_counter() - begun
        after = cpu_seconds(service.process.pid), cpu_seconds(database.postmaster)
        return Cost(done / spent, *((late - early) / done * 1e6 for early, late in zip(before, after, strict=True)))

    def pushed(version: int, outcome: str) -> Cost:
        bodies = [orjson.dumps({"items": [case.item(version) for case in batch]}) for batch in batches]
        return taken(lambda one: _push(clients, one[0], one[1], outcome), list(enumerate(bodies)))

    def booked(events: range, outcome: str) -> Cost:
        """Events of as many cases as make up a batch."""
        share = BATCH // len(events)
        cut = [batch[n : n + share] for batch in batches for n in range(0, BATCH, share)]
        sent = [orjson.dumps({"items": [case.event(n) for n in events for case in cases]}) for cases in cut]
        mine = [(n // len(events), body) for n, body in enumerate(sent)]  # the clients that pushed the cases
        return taken(lambda one: _push(clients, one[0], one[1], outcome, EVENTS), mine, rows * len(events))

    def alone(number: int) -> Cost:
        """The same, one by one, of a tenth of the cases of a batch."""
        some = [(n, case.event(number)) for n, batch in enumerate(batches) for case in batch[::10]]
        return taken(lambda one: _book(clients, *one), some, len(some))

    return {
        COPIED: taken(lambda batch: _copied(database.url, batch, whole=False), batches),
        CONTENT: taken(lambda batch: _copied(database.url, batch, whole=True), batches),
        "pushed, new": pushed(1, "created"),
        "pushed, there already": pushed(1, "unchanged"),
        CORRECTED: pushed(2, "updated"),
        "events, new": booked(range(1, 2), "created"),
        "events, there already": booked(range(1, 2), "unchanged"),
        "events, new, five of each case": booked(range(2, 7), "created"),
        "events, one by one": alone(7),
    }


def _copied(url: str, batch: list[Case], *, whole: bool) -> None:
    """The rows through temporary tables into the real ones, in the order of their keys, by the owner."""
    with psycopg.connect(url) as connection:
        ids = [row[0] for row in connection.execute("SELECT uuidv7()::text FROM generate_series(1, %s)", [len(batch)])]
        _upserted(connection, "enforcement_case", _CASE, "id", zip(ids, batch, strict=True), _case_row)
        if whole:
            _upserted(connection, "obligation", _OBLIGATION, "case_id, no", zip(ids, batch, strict=True), _obligation)
            parties = ((i, (case, no)) for i, case in zip(ids, batch, strict=True) for no in (1, 2))
            _upserted(connection, "party", _PARTY, "case_id, no", parties, _party)


def _upserted(
    connection: psycopg.Connection[Any],
    table: str,
    columns: str,
    key: str,
    things: Iterator[tuple[str, Any]],
    row_of: Callable[[str, Any], tuple[Any, ...]],
) -> None:
    connection.execute(
        f"CREATE TEMP TABLE new_{table} (LIKE {table} INCLUDING DEFAULTS INCLUDING GENERATED) ON COMMIT DROP".encode()
    )
    with connection.cursor().copy(f"COPY new_{table} ({columns}) FROM STDIN".encode()) as copy:
        for case_id, thing in things:
            copy.write_row(row_of(case_id, thing))
    named = [name.strip() for name in columns.split(",")]
    values = ", ".join(f"{name} = EXCLUDED.{name}" for name in named)
    statement = f"INSERT INTO {table} ({columns}) SELECT {columns} FROM new_{table} ORDER BY {key}"
    connection.execute(f"{statement} ON CONFLICT ({key}) DO UPDATE SET {values}".encode())


def _case_row(case_id: str, case: Case) -> tuple[Any, ...]:
    place, day = case.place, case.day
    said = (f"{case.number}/HS-2025", f"{case.number}/QĐ-1", day, place.unit_id, place.path, place.officer_id)
    stands = ("civil", "on_request", "enforcing", case.amount, case.amount, day, day, 1, day)
    return (case_id, *said, *stands)


def _obligation(case_id: str, case: Case) -> tuple[Any, ...]:
    return (case_id, 1, "money_party", case.amount, "Trả nợ gốc")


_SAID: Final = {1: ("creditor", "organisation", CREDITOR), 2: ("debtor", "individual", DEBTOR)}
_NAMES: Final = {no: (*said, masked(said[2], said[1]), search_form(said[2])) for no, said in _SAID.items()}


def _party(case_id: str, thing: tuple[Case, int]) -> tuple[Any, ...]:
    case, no = thing
    return (case_id, no, *_NAMES[no], f"{case.number:012}" if no == 2 else None)


def _client(database: Loaded, service: Contender, number: int) -> httpx.Client:
    name = f"bench-push-{number}"
    token = token_of(service, name, client_secret(database, name, scopes=("sync:write",)))
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return httpx.Client(base_url=f"{service.address}/v1/partners/{name}", headers=headers, timeout=120)


def _push(clients: list[httpx.Client], number: int, batch: bytes, outcome: str, path: str = CASES) -> None:
    """Each batch goes through the same client every time, and again when the service is busy, as a partner does."""
    answer = clients[number % CLIENTS].post(path, content=batch)
    while answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        time.sleep(float(answer.headers["Retry-After"]))
        answer = clients[number % CLIENTS].post(path, content=batch)
    if answer.status_code != httpx.codes.OK or orjson.loads(answer.content)[outcome] != BATCH:
        raise Failed(answer.text[:500])


def _book(clients: list[httpx.Client], number: int, event: dict[str, Any]) -> None:
    path = f"/cases/{event.pop('external_id')}/events/{event.pop('event_id')}"
    answer = clients[number % CLIENTS].put(path, content=orjson.dumps(event))
    if answer.status_code != httpx.codes.CREATED:
        raise Failed(answer.text[:500])


if __name__ == "__main__":
    typer.run(main)
