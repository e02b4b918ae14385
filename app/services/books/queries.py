"""Reading the books back: the history of a case, and the proof that every rollup equals its entries."""

from typing import Final

from app.db import SeenBy
from app.models import aggregates as agg
from app.models.aggregates import OPENING_ACCOUNTS
from app.services.public_debtors.queries import verify_statement as public_list_differences


def _any(columns: list[str]) -> str:
    return " OR ".join(f"{column} <> 0" for column in columns)


def _difference(name: str, keys: str, columns: list[str], recomputed: str) -> str:
    """Rows in which a stored rollup and its recomputation differ; rows of zeros count as absent."""
    listed = f"{keys}, {', '.join(columns)}"
    stored = f"SELECT {listed} FROM {name} WHERE {_any(columns)}"
    computed = f"SELECT {listed} FROM ({recomputed}) computed WHERE {_any(columns)}"
    key = f"concat_ws(' ', {keys})"
    return f"""
        SELECT '{name}', 'stored, not in the entries', {key} FROM ({stored} EXCEPT {computed}) d
        UNION ALL
        SELECT '{name}', 'in the entries, not stored', {key} FROM ({computed} EXCEPT {stored}) d"""


def _named(columns: list[str], expressions: str) -> str:
    return ", ".join(f"{e} AS {c}" for e, c in zip(expressions.split(", "), columns, strict=True))


_ALL: Final = agg.balance_columns()
_OPENING: Final = agg.balance_columns(OPENING_ACCOUNTS)
_MONTH: Final = "date_trunc('month', l.booked_on)::date"


def verify_statements() -> list[str]:
    """One statement per rollup; each returns (rollup, what is wrong, key) for every difference."""
    nets = _named(_ALL, agg.net_movements())
    opening = _named(_OPENING, agg.net_movements(OPENING_ACCOUNTS))
    return [
        _difference(
            "rollup_unit_day",
            "unit_id, day",
            _ALL,
            f"SELECT l.unit_id, l.booked_on AS day, {nets} FROM entry l GROUP BY 1, 2",
        ),
        _difference(
            "rollup_unit_month",
            "unit_id, month",
            _ALL,
            f"SELECT l.unit_id, {_MONTH} AS month, {nets} FROM entry l GROUP BY 1, 2",
        ),
        _difference(
            "rollup_officer_month",
            "officer_id, month, unit_id",
            _ALL,
            f"SELECT l.officer_id, {_MONTH} AS month, l.unit_id, {nets} FROM entry l GROUP BY 1, 2, 3",
        ),
        _difference(
            "unit_opening",
            "unit_id, fiscal_year",
            _OPENING,
            f"""SELECT l.unit_id, y.fiscal_year, {opening} FROM entry l
                JOIN book_year y ON y.fiscal_year > {agg.fiscal_year_of("l.booked_on")} GROUP BY 1, 2""",
        ),
        _difference(
            "open_stock",
            agg.STOCK_KEY,
            ["cases", "amount_vnd", "outstanding_vnd"],
            agg.OPEN_STOCK,
        ),
        _CASES,
        public_list_differences(),
    ]


# The case row itself is a balance too: where its entries leave the case and how much they leave outstanding.
_CASES: Final = """
    SELECT 'enforcement_case', 'differs from its entries', c.id::text
    FROM enforcement_case c
    LEFT JOIN LATERAL (
        SELECT (array_agg(e.to_account ORDER BY e.event_no DESC, e.line DESC) FILTER (WHERE e.cases = 1))[1] AS account,
            sum(CASE WHEN e.from_account IN ('accepted', 'raised') THEN e.amount_vnd
                     WHEN e.to_account IN ('completed', 'terminated', 'reduced', 'returned', 'entrusted',
                                           'withdrawn', 'pulled_up') THEN -e.amount_vnd
                     WHEN e.from_account IN ('completed', 'terminated', 'reduced', 'returned', 'entrusted',
                                             'withdrawn', 'pulled_up') THEN e.amount_vnd
                     WHEN e.to_account = 'raised' THEN -e.amount_vnd ELSE 0 END) AS outstanding
        FROM entry e WHERE e.case_id = c.id
    ) b ON true
    WHERE c.outstanding_vnd IS DISTINCT FROM b.outstanding
       OR c.account IS DISTINCT FROM CASE WHEN b.account LIKE 'register%' THEN 'register' ELSE b.account END"""


async def verify(db: SeenBy) -> list[tuple[str, str, str]]:
    """Every difference between a rollup and its entries, in one consistent snapshot; empty when all is right."""
    found: list[tuple[str, str, str]] = []
    async with db.snapshot() as connection:
        await connection.execute("SET LOCAL statement_timeout = 0")
        await connection.execute("SET LOCAL transaction_timeout = 0")
        for statement in verify_statements():
            found += [
                (row[0], row[1], row[2]) for row in await (await connection.execute(statement.encode())).fetchall()
            ]
    return found
