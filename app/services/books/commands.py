"""Writing the books: entries, the case rows they move, every rollup, and the public list where it is concerned."""

import json
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import aggregates as agg
from app.models.aggregates import OPENING_ACCOUNTS
from app.models.codes import ACCOUNTS
from app.services.public_debtors.commands import REBUILD, keep_listed
from app.services.public_debtors.queries import in_listed_account

_LINE: Final = (
    "case_id uuid, event_no smallint, line smallint, event text, unit_id uuid, officer_id uuid, "
    "from_account text, to_account text, cases smallint, amount_vnd bigint, effective_on date, booked_on date, "
    "reverses smallint, source text, client_id text, request_id uuid, document_no text, ground text, note text"
)
_CASE: Final = (
    "id uuid, file_no text, decision_no text, decision_date date, unit_id uuid, unit_path text, officer_id uuid, "
    "matter_id uuid, judgment_no text, judgment_date date, court text, kind text, initiation text, segment smallint, "
    "account text, amount_vnd bigint, outstanding_vnd bigint, entered_on date, left_on date, steering_matter boolean, "
    "last_event_no smallint, last_effective_on date, confidentiality smallint"
)
CASE_COLUMNS: Final = tuple(column.split()[0] for column in _CASE.split(", "))
LINE_COLUMNS: Final = tuple(column.split()[0] for column in _LINE.split(", "))


def _into(table: str, keys: str, source: str, accounts: tuple[str, ...] = ACCOUNTS) -> str:
    """Adds net movements to a rollup, rows in key order so that writers never wait for each other in a circle."""
    columns = ", ".join(agg.balance_columns(accounts))
    names = ", ".join(key.rsplit(" AS ", 1)[-1] for key in keys.split("; "))
    expressions = ", ".join(key.rsplit(" AS ", 1)[0] for key in keys.split("; "))
    return f"""
        INSERT INTO {table} AS r ({names}, {columns})
        SELECT {expressions}, {agg.net_movements(accounts)} FROM {source}
        GROUP BY {expressions} ORDER BY {expressions}
        ON CONFLICT ({names}) DO UPDATE SET {agg.added("r", accounts)}"""


UNIT_DAY: Final = "l.booked_on AS day; l.unit_id AS unit_id"
UNIT_MONTH: Final = "date_trunc('month', l.booked_on)::date AS month; l.unit_id AS unit_id"
OFFICER_MONTH: Final = (
    "l.officer_id AS officer_id; date_trunc('month', l.booked_on)::date AS month; l.unit_id AS unit_id"
)
_LATER_YEARS: Final = f"line l JOIN book_year y ON y.fiscal_year > {agg.fiscal_year_of('l.booked_on')}"
OPENING: Final = "y.fiscal_year AS fiscal_year; l.unit_id AS unit_id"

_SET: Final = ", ".join(f"{column} = n.{column}" for column in CASE_COLUMNS[1:])
_POST: Final = f"""
    WITH line AS MATERIALIZED (
        SELECT * FROM jsonb_to_recordset(CAST(:lines AS jsonb)) AS l ({_LINE})
    ), posted AS (
        INSERT INTO entry ({", ".join(LINE_COLUMNS)})
        SELECT {", ".join(LINE_COLUMNS)} FROM line ORDER BY case_id, event_no, line
    ), changed AS (
        UPDATE enforcement_case c SET {_SET}, version = c.version + 1
        FROM jsonb_to_recordset(CAST(:cases AS jsonb)) AS n ({_CASE})
        WHERE c.id = n.id
        {agg.CASES_BEFORE_AND_AFTER}
    ), unit_days AS ({_into("rollup_unit_day", UNIT_DAY, "line l")}
    ), unit_months AS ({_into("rollup_unit_month", UNIT_MONTH, "line l")}
    ), officer_months AS ({_into("rollup_officer_month", OFFICER_MONTH, "line l")}
    ), openings AS ({_into("unit_opening", OPENING, _LATER_YEARS, OPENING_ACCOUNTS)}
    ), stock AS ({agg.MOVE_OPEN_STOCK}
    )
    SELECT (now).id::text, (now).version, {in_listed_account("was")} OR {in_listed_account("now")} FROM changed"""


async def post(
    session: AsyncSession, lines: Sequence[dict[str, Any]], cases: Sequence[dict[str, Any]]
) -> dict[str, int]:
    """Appends lines, brings the case rows to where their events left them, keeps every rollup and the public list.

    `lines` carry LINE_COLUMNS, `cases` CASE_COLUMNS, both ordered by case. Returns the new version of each case.
    The caller holds the row locks of the cases.
    """
    parameters = {"lines": json.dumps(lines, default=str), "cases": json.dumps(cases, default=str)}
    rows = (await session.execute(text(_POST), parameters)).all()
    await keep_listed(session, [case_id for case_id, _, concerned in rows if concerned])
    return {case_id: version for case_id, version, _ in rows}


def rebuild_statements() -> list[str]:
    """Statements that recompute every rollup and the public list; they belong into one transaction."""
    months = agg.summed("d")
    columns = ", ".join(agg.balance_columns())
    opening = ", ".join(agg.balance_columns(OPENING_ACCOUNTS))
    return [
        "LOCK TABLE entry IN SHARE MODE",
        "TRUNCATE rollup_unit_day, rollup_unit_month, rollup_officer_month, unit_opening, open_stock",
        _into("rollup_unit_day", UNIT_DAY, "entry l"),
        f"""INSERT INTO rollup_unit_month (unit_id, month, {columns})
            SELECT d.unit_id, date_trunc('month', d.day)::date, {months} FROM rollup_unit_day d GROUP BY 1, 2""",
        _into("rollup_officer_month", OFFICER_MONTH, "entry l"),
        f"""INSERT INTO unit_opening (unit_id, fiscal_year, {opening})
            SELECT m.unit_id, y.fiscal_year, {agg.summed("m", OPENING_ACCOUNTS)}
            FROM rollup_unit_month m JOIN book_year y ON y.fiscal_year > {agg.fiscal_year_of("m.month")}
            GROUP BY 1, 2""",
        f"INSERT INTO open_stock ({agg.STOCK_KEY}, cases, amount_vnd, outstanding_vnd) {agg.OPEN_STOCK}",
        *REBUILD,
    ]
