"""A small book of its own for the priority queries: two provinces, four offices, tracked matters, many other units."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import Any, Final

import psycopg

from app.models import aggregates as agg
from app.models.codes import ACCOUNTS_STOCK, ACCOUNTS_WITH_CONDITIONS
from app.services.access import Caller
from app.services.priority.queries import Wanted
from app.services.priority.rules import CaseFacts, Tracking, anniversary, flags
from app.services.reference import FOREVER, PriorityRule, Reference
from tests.builders import NATION_ID, Service
from tests.conftest import new_database

BILLION: Final = 10**9
NATION: Final = Caller("nation", frozenset(), ("vn.",))
PROVINCE: Final = Caller("province", frozenset(), ("vn.pa.",))
OFFICE: Final = Caller("office", frozenset(), ("vn.pa.k1.",))
BOTH: Final = Caller("both", frozenset(), ("vn.pa.k1.", "vn.pb."))
CALLERS: Final = (NATION, PROVINCE, OFFICE, BOTH)

# 160 more units make the nation wider than what is visited unit by unit.
_WORLD: Final = f"""
    INSERT INTO unit (code, level, parent_id, path, validity)
    SELECT 'P.' || p, 'provincial', '{NATION_ID}', 'vn.p' || p || '.', daterange('2009-01-01', NULL)
    FROM unnest(ARRAY['a', 'b']) p;
    INSERT INTO unit (code, level, parent_id, path, validity)
    SELECT p.code || '.' || k, 'regional', p.id, p.path || 'k' || k || '.', p.validity
    FROM unit p, generate_series(1, 2) k WHERE p.code LIKE 'P._';
    INSERT INTO unit (code, level, parent_id, path, validity)
    SELECT 'X.' || n, 'provincial', '{NATION_ID}', 'vn.x' || n || '.', daterange('2009-01-01', '2025-07-01')
    FROM generate_series(100, 260) n;
    INSERT INTO unit_name (unit_id, name, validity)
    SELECT id, 'Đơn vị ' || code, validity FROM unit WHERE level <> 'national';
    INSERT INTO officer (code, name)
    SELECT u.code || '-' || n, 'Chấp hành viên ' || n FROM unit u, generate_series(1, 2) n WHERE u.level = 'regional';
    INSERT INTO officer_posting (officer_id, unit_id, rank, validity)
    SELECT o.id, u.id, 'senior', u.validity FROM officer o JOIN unit u ON o.code LIKE u.code || '-%';
    INSERT INTO matter (code, name, unit_path, ever_tracked)
    SELECT 'VU-' || n, 'Vụ án ' || n, 'vn.', n < 4 FROM generate_series(1, 4) n;
    INSERT INTO matter_tracking (matter_id, level, tracked, state, state_since)
    SELECT m.id, t.level, t.tracked, 'enforcing', lower(t.tracked)
    FROM matter m JOIN (VALUES
        ('VU-1', 'central', daterange('2024-01-01', NULL)),
        ('VU-2', 'provincial', daterange('2024-11-01', '2025-04-01')),
        ('VU-2', 'central', daterange('2025-03-01', '2025-09-01')),
        ('VU-3', 'central', daterange('2010-01-01', '2012-01-01'))
    ) t (code, level, tracked) ON m.code = t.code;
"""
_INSERT: Final = """
    INSERT INTO enforcement_case (file_no, decision_no, decision_date, unit_id, unit_path, officer_id, matter_id, kind,
        initiation, account, amount_vnd, outstanding_vnd, accepted_on, entered_on, left_on, steering_matter,
        last_effective_on)
    VALUES ('1/HS', '1/QĐ', %(decided)s, %(unit)s, %(path)s, %(officer)s, %(matter)s, 'civil', 'ex_officio',
        %(account)s, %(amount)s, %(outstanding)s, %(decided)s, %(decided)s, %(left)s, %(steering)s, %(decided)s)"""


_LISTENING: Final = "SELECT FROM pg_stat_activity WHERE query LIKE 'LISTEN%%' AND datname = current_database()"


@dataclass(frozen=True)
class Known:
    """What a case is on some day, for counting without the database."""

    id: str
    unit_id: str
    path_now: str
    officer_id: str
    facts: CaseFacts
    tracked: tuple[Tracking, ...]

    def flags(self, on: date, rules: Sequence[PriorityRule]) -> list[str]:
        """Names of the flags raised on a day."""
        return [flag.flag for flag in flags(self.facts, on, rules, self.tracked)]

    @property
    def decided_in(self) -> int:
        """The year of its decision."""
        return self.facts.decision_date.year

    @property
    def key(self) -> tuple[str, str]:
        """Its place in lists."""
        return self.facts.decision_date.isoformat(), self.id


@dataclass(frozen=True)
class Book:
    """The service over a database that holds nothing but what a test puts in."""

    service: Service
    url: str

    @property
    def ref(self) -> Reference:
        """The reference data."""
        return self.service.reference.current

    @property
    def rules(self) -> list[PriorityRule]:
        """The seeded rules, as if they had always been in force."""
        return [replace(rule, since=date(2000, 1, 1)) for rule in self.ref.rules]

    def run(self, work: Any) -> Any:
        """What a coroutine gives."""
        return self.service.runner.run(work)

    def rows(self, statement: str, parameters: Any = ()) -> list[tuple[Any, ...]]:
        """What the database says, in Python's types."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(statement.encode(), parameters).fetchall()

    def wanted(
        self, caller: Caller, on: date, *, today: date | None = None, unit: str | None = None, **more: Any
    ) -> Wanted:
        """A question about a day; `today` is the day itself unless given."""
        scope = self.ref.scope(caller, self.ref.asked(caller, unit))
        rules = more.pop("rules", self.rules)
        return Wanted(rules, on, today or on, scope, self.ref.scope(caller, None), **more)

    def tracking(self) -> dict[str | None, tuple[Tracking, ...]]:
        """Who tracks which matter when."""
        found: dict[str | None, tuple[Tracking, ...]] = {}
        for matter, level, since, until in self.rows(
            "SELECT matter_id::text, level, lower(tracked), upper(tracked) FROM matter_tracking"
        ):
            found[matter] = (*found.get(matter, ()), Tracking(level, since, until or FOREVER))
        return found

    def now(self) -> list[Known]:
        """Every case as its row has it, in the order of lists."""
        tracking = self.tracking()
        cases = [
            Known(case_id, unit, path, officer, CaseFacts(*facts), tracking.get(facts[-1], ()))
            for case_id, unit, path, officer, *facts in self.rows(
                "SELECT id::text, unit_id::text, unit_path, officer_id::text, decision_date, is_open, with_conditions,"
                " amount_vnd, outstanding_vnd, matter_id::text FROM enforcement_case"
            )
        ]
        return sorted(cases, key=lambda case: case.key)

    def fill(self, number: int, days: Sequence[date], random: Random) -> None:
        """Inserts cases without a history, their decisions close to the boundaries of these days."""
        posts = self.rows(
            "SELECT u.id, u.path, p.officer_id FROM officer_posting p JOIN unit u ON u.id = p.unit_id ORDER BY 2, 3"
        )
        matters = [*self.rows("SELECT id, ever_tracked FROM matter ORDER BY code"), *[(None, False)] * 6]
        with psycopg.connect(self.url) as connection:
            for _ in range(number):
                connection.execute(_INSERT.encode(), _random_case(random, days, posts, matters))
        self.sort_stock()

    def sort_stock(self) -> None:
        """Makes the open stock anew, under the rules as they are."""
        columns = f"{agg.STOCK_KEY}, cases, amount_vnd, outstanding_vnd"
        self.rows("DELETE FROM open_stock RETURNING 1")
        self.rows(f"INSERT INTO open_stock ({columns}) {agg.OPEN_STOCK} RETURNING 1")


def _random_case(
    random: Random, days: Sequence[date], posts: list[tuple[Any, ...]], matters: list[tuple[Any, ...]]
) -> dict[str, Any]:
    near = anniversary(random.choice(days), -random.choice([3, 5])) + timedelta(days=random.randint(-3, 3))
    decided = near if random.random() < 0.7 else date(2012, 1, 1) + timedelta(days=random.randint(0, 4_900))
    account = random.choice([*ACCOUNTS_STOCK, *ACCOUNTS_WITH_CONDITIONS, "completed", "register"])
    amount = random.choice([0, BILLION - 1, BILLION, 20 * BILLION - 1, 20 * BILLION, 20 * BILLION, 50 * BILLION])
    unit, path, officer = random.choice(posts)
    matter, steering = random.choice(matters)
    return {
        "decided": decided, "unit": unit, "path": path, "officer": officer, "matter": matter, "steering": steering,
        "account": account, "amount": amount, "outstanding": random.choice([0, amount // 2, amount]),
        "left": None if account in ACCOUNTS_STOCK else decided + timedelta(days=100),
    }  # fmt: skip


@contextmanager
def opened(cluster: str) -> Iterator[Book]:
    """A book with units, officers and matters, but no case."""
    with new_database(cluster) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(_WORLD.encode())
        service = Service.over(url)
        book = Book(service, url)
        try:
            # a connection left half open would hold up every DROP DATABASE of the server for a minute
            while not book.rows(
                "SELECT FROM pg_stat_activity WHERE query LIKE 'LISTEN%%' AND datname = current_database()"
            ):
                book.run(asyncio.sleep(0.05))
            yield book
        finally:
            service.close()


def unit_ids(ref: Reference, caller: Caller) -> set[str]:
    """The units a caller may see."""
    return set(ref.scope(caller, None).unit_ids)
