"""Plans and times of the priority queries on a book as large as wanted.

    THADS_DATABASE_URL=postgresql://… python -m bench.explain_priority fill 2000000   # an empty, migrated database
    THADS_DATABASE_URL=postgresql://… python -m bench.explain_priority                # a Markdown table

The cases are those of the demo. Today is taken to be the last day of its book, so that cases have moved until now.
"""

import asyncio
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from app.db import Database, SeenBy
from app.services import reference
from app.services.access import SERVICE, Caller, Scope
from app.services.demo.clients import NATIONAL, PARTNER, PROVINCIAL
from app.services.demo.load import load
from app.services.priority.queries import Parameters, Wanted, list_sql
from app.services.priority.rules import kept_threshold, stretches
from app.services.priority.summary_queries import totals_sql
from app.services.priority.upcoming_queries import upcoming_sql
from app.services.reference import Reference
from app.settings import Settings
from bench.database import NATION, SEED

RUNS: Final = 15
PLACES: Final = {"nation": NATIONAL.unit_path, "province": PROVINCIAL.unit_path, "office": PARTNER.unit_path}


def fill(url: str, cases: int) -> None:
    """Loads the demo book into a freshly migrated database."""
    load(url, scale=cases / NATION, seed=SEED, progress=lambda *_: None)


@dataclass(frozen=True)
class Question:
    """One statement with its parameters."""

    name: str
    sql: str
    parameters: Parameters


def _asked(name: str, wanted: Wanted, make: Callable[[Wanted, Parameters], str]) -> Question:
    parameters = wanted.parameters(51)
    return Question(name, make(wanted, parameters), parameters)


def questions(ref: Reference, today: date) -> Iterator[Question]:
    """First pages of lists and whole summaries, of the nation, a province and an office, on several days."""
    kept = kept_threshold(ref.rules)
    ahead = stretches(ref.rules, today, today + timedelta(days=30))
    for place, path in PLACES.items():
        whole = place == "nation"
        scope = ref.scope(Caller("bench", frozenset(), (path,)), None)

        def count(wanted: Wanted, parameters: Parameters, whole: bool = whole) -> str:
            return totals_sql(wanted, parameters, "unit_id", whole=whole, kept_vnd=kept)

        for days in (0, 1, 30, 360):  # within the validity of the first rules
            on = today - timedelta(days=days)
            wanted = Wanted(ref.rules_on(on), on, today, scope, scope)
            when = f"{days} days ago" if days else "today"
            yield _asked(f"list, {place}, {when}", wanted, lambda w, p: list_sql(w, p, continued=False))
            yield _asked(f"summary, {place}, {when}", wanted, count)
            if not days:
                yield _asked(f"upcoming, {place}", wanted, lambda w, p: upcoming_sql(w, ahead, p, None))
    wanted = Wanted(ref.rules_on(today), today, today, scope, scope, officer_id=_officer(ref, scope, today))
    yield _asked("list, one officer, today", wanted, lambda w, p: list_sql(w, p, continued=False))


def _officer(ref: Reference, scope: Scope, today: date) -> str:
    """One who serves in these units."""
    serving = ((officer.id, officer.posting(today)) for officer in ref.officers.values())
    return next(officer_id for officer_id, posting in serving if posting and posting.unit_id in scope.unit_ids)


async def _measured(db: SeenBy, question: Question) -> str:
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        rows = await db.fetch(question.sql, question.parameters)
        times.append((time.perf_counter() - start) * 1000)
    plan = await db.fetch(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF) {question.sql}", question.parameters)
    lines = [str(line[0]) for line in plan]
    pages = next(sum(map(int, re.findall(r"(?:hit|read)=(\d+)", line))) for line in lines if "Buffers" in line)
    used = dict.fromkeys(re.findall(r"(?:using|on|Backward using) (ix_\w+|pk_\w+|open_stock)", " ".join(lines)))
    scanned = [name for line in lines for name in re.findall(r"Seq Scan on (enforcement_case|entry)", line)]
    return f"| {question.name} | {len(rows)} | {min(times):.2f} | {pages} | {', '.join([*used, *scanned])} |"


async def main() -> None:
    """Prints the table."""
    settings = Settings(statement_timeout_ms=120_000)
    database = Database(settings)
    await database.open()
    db = database.seen_by(SERVICE)
    ref = await reference.load(db)
    print("| Question | rows | ms (best of 15) | pages | indexes and tables |\n|---|---:|---:|---:|---|")
    last = await db.fetch_one("SELECT max(day) FROM rollup_unit_day")
    assert last is not None
    for question in questions(ref, date.fromisoformat(last[0])):
        print(await _measured(db, question), flush=True)
    await database.close()


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments[:1] == ["fill"]:
        fill(Settings().libpq_url, int(arguments[1]))
    else:
        asyncio.run(main())
