"""Writing the books: entries, the case rows they move, every rollup, and the public list where it is concerned."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

import orjson
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import aggregates as agg
from app.models.codes import ACCOUNTS
from app.services.public_debtors.commands import REBUILD, keep_listed
from app.services.public_debtors.queries import in_listed_account

_LINE: Final = (
    "case_id uuid, event_no smallint, line smallint, event text, unit_id uuid, officer_id uuid, "
    "from_account text, to_account text, cases smallint, amount_vnd bigint, effective_on date, booked_on date, "
    "reverses smallint, source text, client_id text, request_id uuid, document_no text, ground text, note text, "
    "cut_id smallint, matter_id uuid"
)
CASE_RECORD: Final = (
    "id uuid, file_no text, decision_no text, decision_date date, unit_id uuid, unit_path text, officer_id uuid, "
    "matter_id uuid, judgment_no text, judgment_date date, court text, kind text, initiation text, segment smallint, "
    "account text, amount_vnd bigint, outstanding_vnd bigint, entered_on date, left_on date, steering_matter boolean, "
    "last_event_no smallint, last_effective_on date, confidentiality smallint"
)
CASE_COLUMNS: Final = tuple(column.split()[0] for column in CASE_RECORD.split(", "))
LINE_COLUMNS: Final = tuple(column.split()[0] for column in _LINE.split(", "))


_SET: Final = ", ".join(f"{column} = n.{column}" for column in CASE_COLUMNS[1:])
# Lines that name more accounts than this are booked by the statement that keeps all of them: of most events there are
# two or three, so that few statements are common, and these stay prepared.
_NARROW: Final = 6


def _booked(accounts: tuple[str, ...], with_matters: bool) -> str:
    """CTEs that append the lines and keep every rollup they move; none where there are no lines."""
    if not accounts:
        return ""
    return f"""
    line AS MATERIALIZED (
        SELECT * FROM json_to_recordset(CAST(:lines AS json)) AS l ({_LINE})
    ), posted AS (
        INSERT INTO entry ({", ".join(LINE_COLUMNS)})
        SELECT {", ".join(LINE_COLUMNS)} FROM line ORDER BY case_id, event_no, line
    ), moves_of_days AS MATERIALIZED ({agg.MOVES_OF_DAYS}
    ), moves_of_months AS MATERIALIZED ({agg.MOVES_OF_MONTHS}
    ), {", ".join(_kept(accounts, with_matters))}, """


def _kept(accounts: tuple[str, ...], with_matters: bool) -> Iterator[str]:
    for rollup in agg.ROLLUPS:
        moved = rollup.of_accounts(accounts)
        if moved.accounts and (with_matters or "matter_id" not in rollup.keys):
            lines = "moves_of_days" if rollup == agg.UNIT_DAY else "moves_of_months"
            yield f"{rollup.table}_kept AS ({moved.add(lines)}\n    )"


@lru_cache
def _post(accounts: tuple[str, ...], with_matters: bool) -> TextClause:
    return text(f"""
    WITH {_booked(accounts, with_matters)}changed AS (
        UPDATE enforcement_case c SET {_SET}, version = c.version + 1
        FROM json_to_recordset(CAST(:cases AS json)) AS n ({CASE_RECORD})
        WHERE c.id = n.id
        {agg.CASES_BEFORE_AND_AFTER}
    ), stock AS ({agg.MOVE_OPEN_STOCK}
    )
    SELECT (now).id::text, (now).version, {in_listed_account("was")} OR {in_listed_account("now")} FROM changed""")


@lru_cache
def _book(accounts: tuple[str, ...], with_matters: bool) -> TextClause:
    return text(f"""
    WITH {_booked(accounts, with_matters)}changed AS (
        SELECT CAST(NULL AS enforcement_case) AS was, c AS now FROM line JOIN enforcement_case c ON c.id = line.case_id
    ){agg.MOVE_OPEN_STOCK}""")


def _moved(lines: Sequence[dict[str, Any]]) -> tuple[tuple[str, ...], bool]:
    """What these lines move: the accounts to be kept, and whether any is of a matter."""
    named = {line["from_account"] for line in lines} | {line["to_account"] for line in lines}
    accounts = ACCOUNTS if len(named) > _NARROW else tuple(account for account in ACCOUNTS if account in named)
    return accounts, any(line["matter_id"] for line in lines)


_NEW_COLUMNS: Final = ", ".join((*CASE_COLUMNS, "accepted_on"))
_TAKE_IN: Final = text(f"""
    INSERT INTO enforcement_case ({_NEW_COLUMNS}) SELECT {_NEW_COLUMNS}
    FROM json_to_recordset(CAST(:cases AS json)) AS n ({CASE_RECORD}, accepted_on date) ORDER BY id""")


async def post(
    session: AsyncSession, lines: Sequence[dict[str, Any]], cases: Sequence[dict[str, Any]]
) -> dict[str, int]:
    """Appends lines, brings the case rows to where their events left them, keeps every rollup and the public list.

    `lines` carry LINE_COLUMNS, `cases` at least CASE_COLUMNS, both ordered by case. Returns their new versions.
    The caller holds the row locks of the cases.
    """
    rows = (await session.execute(_post(*_moved(lines)), {"lines": _json(lines), "cases": _json(cases)})).all()
    await keep_listed(session, [case_id for case_id, _, concerned in rows if concerned])
    return {case_id: version for case_id, version, _ in rows}


async def take_in(session: AsyncSession, cases: Sequence[dict[str, Any]]) -> None:
    """Inserts cases as their first event leaves them; `book` is to follow when what belongs to them is there.

    `cases` carry at least CASE_COLUMNS and `accepted_on`, ordered by case; their version is 1.
    """
    await session.execute(_TAKE_IN, {"cases": _json(cases)})


async def book(session: AsyncSession, lines: Sequence[dict[str, Any]]) -> None:
    """Appends the first line of new cases, and keeps every rollup; none of these cases is on the public list.

    It ends a unit of work: until the commit, whoever books in the same units and months waits.
    """
    await session.execute(_book(*_moved(lines)), {"lines": _json(lines)})


def _json(rows: Sequence[dict[str, Any]]) -> str:
    return orjson.dumps(rows, default=str).decode()


def rebuild_statements() -> list[str]:
    """Statements that recompute every rollup and the public list; they belong into one transaction."""
    tables = ", ".join(rollup.table for rollup in agg.ROLLUPS)
    later = f"JOIN book_year y ON y.fiscal_year > {agg.fiscal_year_of('f.month')}"
    month = "date_trunc('month', f.day)::date"
    return [
        "LOCK TABLE entry IN SHARE MODE",
        f"TRUNCATE {tables}, open_stock",
        agg.UNIT_DAY.fill(agg.UNIT_DAY.nets("entry")),
        agg.UNIT_MONTH.fill(agg.UNIT_MONTH.sums("rollup_unit_day f", month=month)),
        agg.UNIT_QUARTER.fill(agg.UNIT_QUARTER.sums("rollup_unit_month f", quarter=agg.quarter_of("f.month"))),
        agg.OFFICER_MONTH_CUT.fill(agg.OFFICER_MONTH_CUT.nets("entry")),
        "ANALYZE rollup_officer_month_cut",  # else the sums below are planned for a table of no rows
        agg.OFFICER_MONTH.fill(agg.OFFICER_MONTH.sums("rollup_officer_month_cut f")),
        agg.UNIT_MONTH_CUT.fill(agg.UNIT_MONTH_CUT.sums("rollup_officer_month_cut f")),
        agg.MATTER_MONTH.fill(agg.MATTER_MONTH.nets("entry")),
        agg.OPENING.fill(agg.OPENING.sums(f"rollup_unit_month f {later}", fiscal_year="y.fiscal_year")),
        agg.OPENING_CUT.fill(agg.OPENING_CUT.sums(f"rollup_unit_month_cut f {later}", fiscal_year="y.fiscal_year")),
        f"INSERT INTO open_stock ({agg.STOCK_KEY}, cases, amount_vnd, outstanding_vnd) {agg.OPEN_STOCK}",
        "TRUNCATE case_institution",
        f"INSERT INTO case_institution (institution, decision_date, case_id) {agg.INSTITUTIONS}",
        *REBUILD,
    ]
