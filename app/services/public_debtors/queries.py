"""What the public list must be by the books, and reading it.

The law wants every debtor of a case whose conditions were decided to be missing (Art. 44a of the Law on Civil Judgment
Enforcement; Law 106/2025/QH15 from 2026-07-01) on one public list, so reading it has no row wall.
"""

from dataclasses import dataclass
from typing import Any, Final

from app.clock import VIETNAM, today
from app.db import Reads, Row
from app.errors import invalid
from app.models.public_list import public_debtor
from app.services.access import ORDINARY, WIDE
from app.services.calendar.queries import working_day_after
from app.services.cases.rules import containing
from app.services.reference import Reference, Unit

COLUMNS: Final = tuple(column.name for column in public_debtor.columns)

# A case moved to the separate register (chuyển sổ theo dõi riêng) has no conditions either: its debtors stay listed.
_LISTED: Final = "('no_conditions', 'register')"


def in_listed_account(row: str) -> str:
    """SQL: the case row stands where its debtors are listed."""
    return f"({row}).account IN {_LISTED}"


def must_be_listed(which: str = "true") -> str:
    """Rows of COLUMNS the list must have by the books, for the cases `c` that a condition names.

    The decision is the last one that stands; its day of recording is the day of publication, for the list is kept in
    the same transaction. Parties of restricted and secret cases are not published, nor what is left of parties whose
    personal data were taken away.
    """
    return f"""
        WITH case_listed AS MATERIALIZED (
            SELECT c.id, c.unit_id, c.judgment_no, c.judgment_date, c.court, c.outstanding_vnd,
                e.document_no, e.effective_on, e.ground,
                (e.recorded_at AT TIME ZONE '{VIETNAM}')::date AS published_on
            FROM enforcement_case c CROSS JOIN LATERAL (
                SELECT * FROM entry e WHERE e.case_id = c.id AND e.event = 'conditions_lost' AND NOT EXISTS (
                    SELECT FROM entry r WHERE r.case_id = e.case_id AND r.reverses = e.event_no)
                ORDER BY e.event_no DESC LIMIT 1) e
            WHERE {in_listed_account("c")} AND c.confidentiality = {ORDINARY} AND c.anonymised_on IS NULL AND {which}
        ), due AS MATERIALIZED (
            SELECT d.effective_on, {working_day_after("d.effective_on", "l.working_days")} AS due_on
            FROM (SELECT DISTINCT effective_on FROM case_listed) d
            JOIN deadline l ON l.code = 'debtor_published' AND l.validity @> d.effective_on
        )
        SELECT md5(c.id || ' ' || p.no)::uuid AS id, c.id AS case_id, c.unit_id, p.name, p.search_name, p.address,
            c.judgment_no, c.judgment_date, c.court, c.document_no AS decision_no, c.effective_on AS decision_date,
            o.obligation, c.outstanding_vnd, c.ground AS reason, c.published_on, d.due_on
        FROM case_listed c
        JOIN party p ON p.case_id = c.id AND p.role = 'debtor'
        CROSS JOIN LATERAL (
            SELECT string_agg(o.description, '; ' ORDER BY o.no) AS obligation FROM obligation o
            WHERE o.case_id = c.id) o
        LEFT JOIN due d USING (effective_on)"""


def verify_statement() -> str:
    """Every difference between the list and the books: (table, what is wrong, key)."""
    columns = ", ".join(COLUMNS)
    stored, computed = f"SELECT {columns} FROM public_debtor", f"SELECT {columns} FROM ({must_be_listed()}) must"
    return f"""
        SELECT 'public_debtor', 'stored, not in the books', d.id::text FROM ({stored} EXCEPT {computed}) d
        UNION ALL
        SELECT 'public_debtor', 'in the books, not stored', d.id::text FROM ({computed} EXCEPT {stored}) d"""


@dataclass(frozen=True, slots=True)
class DebtorFilter:
    """What the list is narrowed to; None leaves a criterion out. `unit_ids` are the units whose cases are meant."""

    unit_ids: tuple[str, ...] | None = None
    name: str | None = None
    decision_no: str | None = None


def units_meant(ref: Reference, unit_id: str | None, province_code: str | None) -> tuple[str, ...] | None:
    """Ids of the units below a unit and in a province of today; None for all units.

    The list is open, so any unit may be asked for. Raises Invalid when there is none.
    """
    roots: list[Unit] = []
    if unit_id is not None:
        roots.append(_known(ref.units.get(unit_id), "unit"))
    if province_code is not None:
        day = today()
        found = (u for u in ref.units.values() if u.level == "provincial" and u.province_code == province_code)
        roots.append(_known(next((u for u in found if u.existed(day)), None), "province"))
    if not roots:
        return None
    within = [set(ref.subtree(unit.path)) for unit in roots]
    return tuple(sorted(set.intersection(*within)))


def _known(unit: Unit | None, parameter: str) -> Unit:
    if unit is None:
        raise invalid("unknown-reference", "no such unit", "không có đơn vị này", parameter=parameter)
    return unit


_READ: Final = (
    "d.id, d.unit_id, d.name, d.address, d.judgment_no, d.judgment_date, d.court, d.decision_no, d.decision_date, "
    "d.obligation, d.outstanding_vnd, d.reason, d.published_on"
)
_ORDER: Final = "ORDER BY d.published_on, d.id LIMIT %(limit)s"


async def list_debtors(db: Reads, wanted: DebtorFilter, after: tuple[Any, ...] | None, limit: int) -> list[Row]:
    """At most `limit` rows by day of publication and id, after a key; see `read_debtor` for the columns."""
    conditions: list[str] = []
    parameters: dict[str, Any] = {"limit": limit}
    if wanted.name is not None:
        conditions.append("d.search_name LIKE %(name)s")
        parameters["name"] = containing(wanted.name)
    if wanted.decision_no is not None:
        conditions.append("d.decision_no = %(decision_no)s")
        parameters["decision_no"] = wanted.decision_no
    searched = bool(conditions)
    if after is not None:
        conditions.append("(d.published_on, d.id) > (%(after_day)s::date, %(after_id)s::uuid)")
        parameters |= {"after_day": after[0], "after_id": after[1]}
    if wanted.unit_ids is not None:
        parameters["units"] = list(wanted.unit_ids)
    return await db.fetch(_page(wanted.unit_ids, conditions, searched=searched), parameters)


def _page(unit_ids: tuple[str, ...] | None, conditions: list[str], *, searched: bool) -> str:
    """One page: of a few units by merging their indexes; of many, or of what was searched for, by one index."""
    if unit_ids is None or searched or len(unit_ids) > WIDE:
        unit = [] if unit_ids is None else ["d.unit_id = ANY(%(units)s::uuid[])"]
        where = " AND ".join([*unit, *conditions]) or "true"
        return f"SELECT {_READ} FROM public_list d WHERE {where} {_ORDER}"
    where = " AND ".join(["d.unit_id = u.id", *conditions])
    return (
        f"SELECT {_READ} FROM unnest(%(units)s::uuid[]) u (id) "
        f"CROSS JOIN LATERAL (SELECT * FROM public_list d WHERE {where} {_ORDER}) d {_ORDER}"
    )


async def read_debtor(db: Reads, debtor_id: str) -> Row | None:
    """Id, unit, name, address, judgment (number, day, court), decision (number, day), obligation and what of it is
    outstanding in VND, reason, day of publication; None when nobody is listed under the id."""
    return await db.fetch_one(f"SELECT {_READ} FROM public_list d WHERE d.id = %(id)s", {"id": debtor_id})
