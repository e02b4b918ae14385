"""Loads the demo book into an empty, migrated database: COPY without indexes, then indexes, rollups, statistics."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import psycopg

from app.services.books.commands import rebuild_statements
from app.services.demo.administrative import judgments
from app.services.demo.bulk import TABLES, Connection, copy_into, is_empty, prepare, take_down, vacuum
from app.services.demo.flows import flows
from app.services.demo.matters import Docket
from app.services.demo.money import amounts
from app.services.demo.plan import Simulation
from app.services.demo.reference import reference_rows
from app.services.demo.targets import targets
from app.services.demo.units import organisation
from app.services.demo.workers import helpers_for, written
from app.services.demo.writer import COLUMNS, Batch, batches

Progress = Callable[[str, int, int], None]
SUBJECT: Final = "demo_book"


class NotEmptyError(Exception):
    """The database holds units or cases already; a demo book is never mixed with other data."""


@dataclass
class Summary:
    """What was loaded, and how many seconds each phase took."""

    scale: float
    seed: int
    rows: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


def is_loaded(url: str) -> bool:
    """Whether the database holds a complete demo book."""
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT FROM audit_record WHERE subject_id = %s LIMIT 1", [SUBJECT]).fetchone()
        return found is not None


def load(url: str, *, scale: float, seed: int, progress: Progress) -> Summary:
    """Loads the book of this scale (1 is the nation) and seed; the same again gives the same book, ids included.

    One transaction: an interrupted load leaves nothing behind. Raises NotEmptyError when there is other data,
    ValueError when the scale is too small for the published figures.
    """
    loading = _Loading(Summary(scale, seed), progress)
    with psycopg.connect(url, autocommit=True) as connection:
        with connection.transaction():
            loading.fill(connection)
        with loading.phase("vacuum"):
            filled = (*TABLES, "public_debtor")
            for number, table in enumerate(filled, 1):
                vacuum(connection, table)
                progress("vacuum", number, len(filled))
    return loading.summary


class _Loading:
    def __init__(self, summary: Summary, progress: Progress) -> None:
        self.summary = summary
        self.progress = progress

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Notes how long it took."""
        started = time.monotonic()
        yield
        self.summary.seconds[name] = round(time.monotonic() - started, 2)

    def fill(self, connection: Connection) -> None:
        """Everything that belongs to one transaction."""
        prepare(connection)
        if not is_empty(connection):
            raise NotEmptyError("the database holds units or cases already")
        with self.phase("plan"):
            total, planned = self._plan()
        with self.phase("organisation"):
            self._reference(connection)
        with self.phase("cases"):
            put_up = take_down(connection)
            self._cases(connection, total, planned)
        with self.phase("indexes"):
            self._each(connection, "indexes", put_up)
        with self.phase("rollups"):
            self._each(connection, "rollups", [statement.encode() for statement in rebuild_statements()])
        self._mark(connection)

    def _plan(self) -> tuple[int, Iterable[Batch]]:
        scale, seed = self.summary.scale, self.summary.seed
        self.progress("plan", 0, 1)
        plan = Simulation(flows(scale), seed).run()
        planned = batches(plan, amounts(plan, scale, seed))
        self.progress("plan", 1, 1)
        return len(plan.born), planned

    def _reference(self, connection: Connection) -> None:
        scale, seed = self.summary.scale, self.summary.seed
        made = organisation(scale, seed)
        matters = Docket(made, scale, seed).matters
        for table, columns, rows in reference_rows(made, matters, targets(made, seed), judgments(made, seed)):
            with connection.cursor().copy(copy_into(table, columns, freeze=False)) as copy:
                for row in rows:
                    copy.write_row(row)
            self.summary.rows[table] = len(rows)
        self.progress("organisation", 1, 1)

    def _cases(self, connection: Connection, total: int, planned: Iterable[Batch]) -> None:
        counts = dict.fromkeys(TABLES, 0)
        for texts in written(planned, self.summary.scale, self.summary.seed, helpers_for(total)):
            for table, text, rows in zip(TABLES, texts.content, texts.rows, strict=True):
                with connection.cursor().copy(copy_into(table, COLUMNS[table], freeze=True)) as copy:
                    copy.write(text)
                counts[table] += rows
            self.progress("cases", counts["enforcement_case"], total)
        self.summary.rows |= counts

    def _each(self, connection: Connection, name: str, statements: list[bytes]) -> None:
        for number, statement in enumerate(statements, 1):
            connection.execute(statement)
            self.progress(name, number, len(statements))

    def _mark(self, connection: Connection) -> None:
        after = {"scale": self.summary.scale, "seed": self.summary.seed, "rows": self.summary.rows}
        connection.execute(
            "INSERT INTO audit_record (subject, subject_id, action, client_id, after)"
            " VALUES (%s, %s, 'loaded', 'operator', %s)",
            [SUBJECT, SUBJECT, json.dumps(after)],
        )
