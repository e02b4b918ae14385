"""Frozen reports: stored by one statement from the rollups, read by summing lines, compared, and proved by a digest.

A line is what the books of one unit said of one cut, so any subtree, and any form, can be summed from it later.
"""

from collections.abc import Sequence
from datetime import date
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Reads, Row, SeenBy, Within, allowing
from app.models.aggregates import OPENING_CUT, UNIT_MONTH_CUT
from app.models.reports import REPORT_PARTS
from app.services.access import Actor
from app.services.periods.rules import Frozen, month_of
from app.services.regimes.rules import Regime
from app.services.statistics.groups import Groups
from app.services.statistics.queries import MEMBERS, flow_columns, listed, opening_columns
from app.services.statistics.rules import MEASURES, Formula, Period, formulas

COLUMNS: Final = tuple(f"{measure}_{part}" for measure in MEASURES for part in REPORT_PARTS)
"""What a line holds, and the order of every list of figures here."""

HEAD: Final = """
    r.no, r.month, r.version, r.regime, r.regime_version, r.reason, r.watermark, r.units, r.lines, r.officer_lines,
    r.cases_done, r.cases_with_conditions, r.money_done, r.money_with_conditions, encode(r.digest, 'hex'),
    r.client_id, r.frozen_at"""
"""The columns of a report `r` itself."""

_WITH_CONDITIONS: Final = ("done", "enforcing", "deferred_by_agreement", "other")
_NATION: Final = [
    f"coalesce((sum({' + '.join(f'coalesce(l.{measure}_{part}, 0)' for part in parts)}))::bigint, 0)"
    for measure in MEASURES
    for parts in (("done",), _WITH_CONDITIONS)
]
# What the digest is over: one row that says what the report is, and one for each line, all in a fixed order.
_FIGURES: Final = ", ".join(f"coalesce(l.{column}, 0)" for column in COLUMNS)


def _texts(key: str) -> str:
    return f"string_agg(concat_ws(' ', l.unit_id, l.{key}, {_FIGURES}), E'\\n' ORDER BY l.unit_id, l.{key})"


def _digest(about: Sequence[str], officers: str) -> str:
    """`officers` are the lines `l` of officers; a report that has none is as those before there were any."""
    head = f"concat_ws(' ', 'thads-report-1', {', '.join((*about, *_NATION))})"
    body = f"coalesce({_texts('cut_id')}, '')"
    rest = f"coalesce(E'\\n' || (SELECT {_texts('officer_id')} FROM {officers}), '')"
    return f"sha256(convert_to({head} || E'\\n' || {body} || {rest}, 'UTF8'))"


def _lines(regime: Regime) -> str:
    """SELECT of unit, cut and COLUMNS (zeros as NULL) at the end of a period, from the rollups by cut."""
    flows, opening = _columns(regime)
    base = "(SELECT max(fiscal_year) FROM book_year WHERE fiscal_year <= %(year)s::int)"
    since = f"r.month >= make_date({base} - 1, 10, 1) AND r.month < %(first)s AND {base} < %(year)s::int"
    parts = [
        (UNIT_MONTH_CUT.stored, flows, "r.month BETWEEN %(first)s AND %(month)s"),
        (OPENING_CUT.stored, opening, f"r.fiscal_year = {base}"),
        (UNIT_MONTH_CUT.stored, opening, since),
    ]
    return _summed(
        "cut_id",
        [f"SELECT r.unit_id, r.cut_id, {given} FROM ({stored}) r WHERE {which}" for stored, given, which in parts],
    )


def _lines_of_officers(regime: Regime) -> str:
    """SELECT of unit, officer and COLUMNS likewise; officers have no stored opening, everything before is summed."""
    flows, opening = _columns(regime)
    parts = [(flows, "r.month BETWEEN %(first)s AND %(month)s"), (opening, "r.month < %(first)s")]
    arm = "SELECT r.unit_id, r.officer_id, {given} FROM rollup_officer_month r WHERE {which}"
    return _summed("officer_id", [arm.format(given=given, which=which) for given, which in parts])


def _columns(regime: Regime) -> tuple[str, str]:
    fed = {measure: _formulas(regime, measure) for measure in MEASURES}
    return listed(flow_columns(MEASURES, fed)), listed(opening_columns(MEASURES, fed))


def _summed(key: str, arms: Sequence[str]) -> str:
    sums = [f"(sum(c{number}))::bigint" for number in range(len(COLUMNS))]
    named = ", ".join(f"NULLIF({total}, 0) AS {name}" for total, name in zip(sums, COLUMNS, strict=True))
    return f"""
        SELECT unit_id, {key}, {named} FROM ({" UNION ALL ".join(arms)}) n
        GROUP BY unit_id, {key} HAVING {" OR ".join(f"{total} <> 0" for total in sums)}"""


def _formulas(regime: Regime, measure: str) -> list[Formula]:
    known = formulas(regime.lines[measure])
    return [known[part] for part in REPORT_PARTS]


def freezing_statement(regime: Regime) -> str:
    """The one statement that stores a report and its lines; gives its digest."""
    keys = ("no", "month", "version", "regime", "regime_version")
    about = ("%(no)s::bigint", "%(month)s::date", "%(version)s::smallint", "%(regime)s::text",
        "%(regime_version)s::smallint")  # fmt: skip
    return f"""
        WITH line AS MATERIALIZED ({_lines(regime)}
        ), stored AS (
            INSERT INTO report_line (report_no, unit_id, cut_id, {", ".join(COLUMNS)})
            SELECT %(no)s, l.* FROM line l ORDER BY l.unit_id, l.cut_id
        ), officer_line AS MATERIALIZED ({_lines_of_officers(regime)}
        ), stored_of_officers AS (
            INSERT INTO report_officer_line (report_no, unit_id, officer_id, {", ".join(COLUMNS)})
            SELECT %(no)s, l.* FROM officer_line l ORDER BY l.unit_id, l.officer_id
        )
        INSERT INTO report ({", ".join(keys)}, watermark, reason, client_id, person_id, units, lines, officer_lines,
            cases_done, cases_with_conditions, money_done, money_with_conditions, digest)
        SELECT {", ".join(about)}, w.watermark, %(reason)s, %(client)s, %(person)s, count(DISTINCT l.unit_id),
            count(l.unit_id), (SELECT count(*) FROM officer_line), {", ".join(_NATION)},
            {_digest((*about, "w.watermark"), "officer_line l")}
        FROM (SELECT pg_current_snapshot()::text AS watermark) w LEFT JOIN line l ON true GROUP BY w.watermark
        RETURNING encode(digest, 'hex')"""


async def next_number(session: AsyncSession, month: date) -> tuple[int, int]:
    """The number of the next report, and its version for that month."""
    newest = "SELECT coalesce(max(no), 0) + 1, coalesce(max(version) FILTER (WHERE month = :month), 0) + 1 FROM report"
    no, version = (await session.execute(text(newest), {"month": month})).one()
    return no, version


async def store(
    session: AsyncSession, actor: Actor, no: int, version: int, period: Period, regime: Regime, reason: str | None
) -> Frozen:
    """Stores a report of all units under a number and a version."""
    parameters = {
        "no": no,
        "month": month_of(period),
        "version": version,
        "regime": regime.code,
        "regime_version": regime.version,
        "year": period.fiscal_year,
        "first": period.first,
        "reason": reason,
        "client": actor.client_id,
        "person": None if actor.person is None else actor.person.id,
    }
    ((digest,),) = await Within(session).fetch(freezing_statement(regime), parameters)
    return Frozen(no, version, digest)


_SUMS: Final = ", ".join(f"coalesce((sum(l.{column}))::bigint, 0)" for column in COLUMNS)
_SUMMED: Final = f"""{MEMBERS}
    SELECT m.place, {_SUMS} FROM report_line l JOIN member m USING (unit_id)
    WHERE l.report_no = %(no)s AND (%(cuts)s::smallint[] IS NULL OR l.cut_id = ANY (%(cuts)s::smallint[]))
    GROUP BY m.place"""


async def summed(db: Reads, no: int, groups: Groups, cuts: Sequence[int] | None) -> dict[int, Row]:
    """Figures by place, in the order of COLUMNS; a place none of whose units has a line is absent."""
    parameters = {"no": no, "units": groups.unit_ids, "places": groups.places, "cuts": cuts}
    return {place: tuple(figures) for place, *figures in await db.fetch(_SUMMED, parameters)}


_BY_SEAT: Final = f"""{MEMBERS}
    SELECT m.place, l.officer_id, {_SUMS} FROM report_officer_line l JOIN member m USING (unit_id)
    WHERE l.report_no = %(no)s GROUP BY m.place, l.officer_id"""


async def summed_by_seat(db: Reads, no: int, groups: Groups) -> dict[tuple[int, str], Row]:
    """Figures by place and officer, in the order of COLUMNS."""
    rows = await db.fetch(_BY_SEAT, {"no": no, "units": groups.unit_ids, "places": groups.places})
    return {(place, officer): tuple(figures) for place, officer, *figures in rows}


_BY_CUT: Final = f"""
    SELECT l.cut_id, {_SUMS} FROM report_line l
    WHERE l.report_no = %(no)s AND l.unit_id = ANY (string_to_array(%(units)s, ',')::uuid[])
      AND (%(cuts)s::smallint[] IS NULL OR l.cut_id = ANY (%(cuts)s::smallint[]))
    GROUP BY l.cut_id"""


async def summed_by_cut(db: Reads, no: int, groups: Groups, cuts: Sequence[int] | None) -> dict[int, Row]:
    """Figures of all the units by the number of their cut, in the order of COLUMNS."""
    parameters = {"no": no, "units": groups.unit_ids, "cuts": cuts}
    return {cut_id: tuple(figures) for cut_id, *figures in await db.fetch(_BY_CUT, parameters)}


async def read_head(db: Reads, no: int) -> Row | None:
    """A row of HEAD; None when there is no such report."""
    return await db.fetch_one(f"SELECT {HEAD} FROM report r WHERE r.no = %(no)s", {"no": no})


async def read_version(db: Reads, month: date, version: int) -> Row | None:
    """A row of HEAD; None when the period that ends with the month has no such version."""
    sql = f"SELECT {HEAD} FROM report r WHERE r.month = %(month)s AND r.version = %(version)s"
    return await db.fetch_one(sql, {"month": month, "version": version})


async def list_heads(
    db: Reads, first: date | None, last: date | None, newest: bool | None, after: int, limit: int
) -> list[Row]:
    """Rows of HEAD by number, after one; `newest`: only the last version of each month, or only those before."""
    sql = f"""
        SELECT {HEAD} FROM report r
        WHERE r.no > %(after)s AND (%(first)s::date IS NULL OR r.month BETWEEN %(first)s::date AND %(last)s::date)
          AND (%(newest)s::boolean IS NULL
               OR %(newest)s = NOT EXISTS (
                   SELECT FROM report n WHERE n.month = r.month AND n.version > r.version))
        ORDER BY r.no LIMIT %(limit)s"""
    parameters = {"first": first, "last": last, "newest": newest, "after": after, "limit": limit}
    return await db.fetch(sql, parameters)


def _side(alias: str, report: str) -> list[str]:
    total = "coalesce((sum(l.{column}) FILTER (WHERE l.report_no = %({report})s))::bigint, 0) AS {alias}_{column}"
    return [total.format(column=column, report=report, alias=alias) for column in COLUMNS]


_A, _B = ([f"{alias}_{column}" for column in COLUMNS] for alias in ("a", "b"))
_DIFFERENCES: Final = f"""
    SELECT unit_id, {", ".join((*_A, *_B))} FROM (
        SELECT l.unit_id, {", ".join((*_side("a", "no"), *_side("b", "other")))} FROM report_line l
        WHERE l.report_no IN (%(no)s, %(other)s) AND l.unit_id = ANY (%(units)s::uuid[])
          AND (%(after)s::uuid IS NULL OR l.unit_id > %(after)s::uuid)
        GROUP BY l.unit_id
    ) d
    WHERE ({", ".join(_A)}) <> ({", ".join(_B)}) ORDER BY unit_id LIMIT %(limit)s"""


async def list_differences(
    db: Reads, no: int, other: int, unit_ids: Sequence[str], after: str | None, limit: int
) -> list[Row]:
    """Rows (unit, COLUMNS of one report, COLUMNS of the other) of units whose own books differ, by id."""
    parameters = {"no": no, "other": other, "units": list(unit_ids), "after": after, "limit": limit}
    return await db.fetch(_DIFFERENCES, parameters)


_OFFICERS: Final = "report_officer_line l WHERE l.report_no = r.no"
_OF_REPORT: Final = _digest(
    [f"r.{part}" for part in ("no", "month", "version", "regime", "regime_version", "watermark")], _OFFICERS
)
_TOTALS: Final = f"""r.units = count(DISTINCT l.unit_id) AND r.lines = count(l.unit_id)
        AND coalesce(r.officer_lines, 0) = (SELECT count(*) FROM {_OFFICERS})
        AND (r.cases_done, r.cases_with_conditions, r.money_done, r.money_with_conditions) = ({", ".join(_NATION)})"""
_PROOF: Final = f"""
    SELECT encode(r.digest, 'hex'), encode({_OF_REPORT}, 'hex'), {_TOTALS}
    FROM report r LEFT JOIN report_line l ON l.report_no = r.no WHERE r.no = %(no)s GROUP BY r.no"""
# Lines come by the key of their table, so what is held at a time are those of one report, as when it was frozen.
_PROOFS: Final = f"""
    SELECT r.no, r.month, r.version, r.digest = {_OF_REPORT} AND {_TOTALS}
    FROM report r LEFT JOIN report_line l ON l.report_no = r.no GROUP BY r.no ORDER BY r.no"""


async def prove(db: Reads, no: int) -> Row | None:
    """The digest as stored, that of what is stored now, and whether the head has the totals of the lines.

    `db` must see the lines of all units. None when there is no such report.
    """
    return await db.fetch_one(_PROOF, {"no": no})


async def prove_all(db: SeenBy) -> list[Row]:
    """Rows (number, month, version, whether it is what was frozen) of all reports, by number; may take minutes.

    `db` must see the lines of all units.
    """
    async with db.snapshot() as connection:
        await connection.execute(allowing().encode())
        return await (await connection.execute(_PROOFS.encode())).fetchall()
