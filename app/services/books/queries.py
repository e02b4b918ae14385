"""Reading the books back: the history of a case, and the proof that every rollup equals its entries."""

from typing import Final

from app.db import SeenBy, allowing
from app.models import aggregates as agg
from app.models.codes import ACCOUNTS_MEMO, ACCOUNTS_REGISTER, ACCOUNTS_STOCK
from app.services.public_debtors.queries import verify_statement as public_list_differences


def _difference(name: str, keys: str, columns: list[str], stored: str, computed: str) -> str:
    """Rows in which a stored rollup and its recomputation differ; rows of zeros count as absent."""
    listed = f"{keys}, {', '.join(columns)}"
    any_of = " OR ".join(f"{column} <> 0" for column in columns)
    stored = f"SELECT {listed} FROM ({stored}) stored WHERE {any_of}"
    computed = f"SELECT {listed} FROM ({computed}) computed WHERE {any_of}"
    key = f"concat_ws(' ', {keys})"
    return f"""
        SELECT '{name}', 'stored, not in the entries', {key} FROM ({stored} EXCEPT {computed}) d
        UNION ALL
        SELECT '{name}', 'in the entries, not stored', {key} FROM ({computed} EXCEPT {stored}) d"""


def verify_statements() -> list[str]:
    """One statement per rollup; each returns (rollup, what is wrong, key) for every difference."""
    stock = ["cases", "amount_vnd", "outstanding_vnd"]
    return [
        *(_difference(r.table, ", ".join(r.keys), r.columns, r.stored, r.nets("entry")) for r in agg.ROLLUPS),
        _difference("open_stock", agg.STOCK_KEY, stock, "SELECT * FROM open_stock", agg.OPEN_STOCK),
        _CASES,
        _CUTS,
        public_list_differences(),
        _INSTITUTIONS,
    ]


# The case row itself is a balance too: where its entries leave the case and how much they leave outstanding.
_CASES: Final = """
    SELECT 'enforcement_case', 'differs from its entries', c.id::text
    FROM enforcement_case c
    LEFT JOIN LATERAL (
        SELECT (array_agg(e.to_account ORDER BY e.event_no DESC, e.line DESC)
                FILTER (WHERE e.cases = 1 AND e.event <> 'reclassified'))[1] AS account,
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


_WHERE_CASES_STAND: Final = (*ACCOUNTS_STOCK, *ACCOUNTS_REGISTER, "register_back", *ACCOUNTS_MEMO)
_HELD: Final = ", ".join(f"'{account}'" for account in _WHERE_CASES_STAND)
_MOVED: Final = f"((e.to_account IN ({_HELD}))::int - (e.from_account IN ({_HELD}))::int)"

# What a case still has in the books counts as the case itself does, and nowhere else.
_CUTS: Final = f"""
    SELECT DISTINCT 'entry', 'stands under another cut than its case', c.id::text
    FROM (
        SELECT e.case_id, e.cut_id, e.matter_id
        FROM entry e
        GROUP BY e.case_id, e.unit_id, e.officer_id, e.cut_id, e.matter_id
        HAVING sum(e.cases * {_MOVED}) <> 0 OR sum(e.amount_vnd * {_MOVED}) <> 0
    ) s
    JOIN enforcement_case c ON c.id = s.case_id
    JOIN cut k ON k.id = s.cut_id
    WHERE (k.kind, k.initiation, k.segment) <> (c.kind, c.initiation, c.segment)
       OR s.matter_id IS DISTINCT FROM c.matter_id"""


_INSTITUTIONS: Final = f"""
    SELECT 'case_institution', d.wrong, d.case_id::text FROM (
        (SELECT 'stored, not in the parties' AS wrong, s.* FROM (TABLE case_institution EXCEPT ({agg.INSTITUTIONS})) s)
        UNION ALL
        (SELECT 'in the parties, not stored', s.* FROM (({agg.INSTITUTIONS}) EXCEPT TABLE case_institution) s)
    ) d"""


async def verify(db: SeenBy) -> list[tuple[str, str, str]]:
    """Every difference between a rollup and its entries, in one consistent snapshot; empty when all is right."""
    found: list[tuple[str, str, str]] = []
    async with db.snapshot() as connection:
        await connection.execute(allowing().encode())
        for statement in verify_statements():
            found += [
                (row[0], row[1], row[2]) for row in await (await connection.execute(statement.encode())).fetchall()
            ]
    return found
