"""Reading cases. Every statement starts from what the caller may see; lists are ranges of an index."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from app.db import Reads, Row
from app.models.cases import HIGH_VALUE_INDEX_FLOOR
from app.models.codes import SEGMENT_CREDIT
from app.services.access import Scope, wall
from app.services.cases.rules import LINE_ORDER, containing

ITEM: Final = {
    "id": "c.id",
    "file_no": "c.file_no",
    "decision_no": "c.decision_no",
    "decision_date": "c.decision_date",
    "unit": "c.unit_id",
    "officer": "c.officer_id",
    "matter_id": "c.matter_id",
    "kind": "c.kind",
    "initiation": "c.initiation",
    "segments": "c.segment",
    "state": "c.account",
    "with_conditions": "c.with_conditions",
    "amount_vnd": "c.amount_vnd",
    "outstanding_vnd": "c.outstanding_vnd",
    "accepted_on": "c.accepted_on",
    "left_on": "c.left_on",
    "version": "c.version",
    "confidentiality": "c.confidentiality",
}
"""The list projection of a case: the column behind each member of an item."""

ITEM_COLUMNS: Final = ", ".join(ITEM.values())
"""The list projection as columns; `app.api.v1.schemas.cases.case_item` turns a row into JSON."""


@dataclass(frozen=True, slots=True)
class Raised:
    """The condition that a priority flag is raised on the case `c`, with its parameters."""

    condition: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """What a list of cases is narrowed to; None leaves a criterion out."""

    officer_id: str | None = None
    matter_id: str | None = None
    state: str | None = None
    is_open: bool | None = None
    with_conditions: bool | None = None
    kind: str | None = None
    initiation: str | None = None
    decided_from: date | None = None
    decided_until: date | None = None
    amount_min: int | None = None
    amount_max: int | None = None
    credit_institution: bool | None = None
    raised: Raised | None = None
    file_no: str | None = None
    decision_no: str | None = None
    debtor: str | None = None
    creditor: str | None = None
    changed_since: datetime | None = None
    newest_first: bool = True


# Criteria that compare a column with a parameter of the same name.
_COMPARED: Final = {
    "officer_id": "c.officer_id = %(officer_id)s",
    "matter_id": "c.matter_id = %(matter_id)s",
    "state": "c.account = %(state)s",
    "kind": "c.kind = %(kind)s",
    "initiation": "c.initiation = %(initiation)s",
    "decided_from": "c.decision_date >= %(decided_from)s",
    "decided_until": "c.decision_date <= %(decided_until)s",
    "amount_min": "c.amount_vnd >= %(amount_min)s",
    "amount_max": "c.amount_vnd <= %(amount_max)s",
    "file_no": "c.file_no = %(file_no)s",
    "decision_no": "c.decision_no = %(decision_no)s",
    "changed_since": (
        "c.id IN (SELECT id FROM enforcement_case WHERE recorded_at >= %(changed_since)s UNION "
        "SELECT subject_id::uuid FROM change_record WHERE subject = 'case' AND recorded_at >= %(changed_since)s)"
    ),
}
# Criteria that are constants of the statement, so that partial indexes serve them.
_CONSTANT: Final = {
    ("is_open", True): "c.is_open",
    ("is_open", False): "NOT c.is_open",
    ("with_conditions", True): "c.is_open AND c.with_conditions",
    ("with_conditions", False): "c.is_open AND NOT c.with_conditions",
    ("credit_institution", True): f"c.segment & {SEGMENT_CREDIT} <> 0",
    ("credit_institution", False): f"c.segment & {SEGMENT_CREDIT} = 0",
}

# Up to so many cases found by a name are looked up one by one; of more, a page is found sooner by walking the list.
FEW_HITS: Final = 2_000


def case_wall(scope: Scope) -> str:
    """The row wall of cases `c`."""
    return wall("c", scope, cases=True)


def whole_wall(scope: Scope) -> str:
    """As `case_wall`, for who goes through all of them: an index has the units of a small scope, none has the paths."""
    return case_wall(scope) if scope.is_wide else f"{case_wall(scope)} AND c.unit_id = ANY(%(units)s::uuid[])"


async def _named(db: Reads, role: str, name: str) -> tuple[str, dict[str, Any]]:
    """The condition that a party of this role has a name like this, and its parameters."""
    pattern = containing(name)
    asked = {"role": role, "pattern": pattern, "most": FEW_HITS + 1}
    hits = await db.fetch("SELECT party_hits(%(role)s, %(pattern)s, %(most)s::int)", asked)
    if len(hits) <= FEW_HITS:
        return f"c.id = ANY (%({role}_cases)s::uuid[])", {f"{role}_cases": [case_id for (case_id,) in hits]}
    like = (
        f"EXISTS (SELECT FROM party p WHERE p.case_id = c.id AND p.role = '{role}' AND p.search_name LIKE %({role})s)"
    )
    return like, {role: pattern}


async def criteria(db: Reads, wanted: CaseFilter) -> tuple[list[str], dict[str, Any]]:
    """The conditions and parameters of a filter, over `enforcement_case c`."""
    conditions: list[str] = []
    parameters: dict[str, Any] = {}
    for name, condition in _COMPARED.items():
        value = getattr(wanted, name)
        if value is not None:
            conditions.append(condition)
            parameters[name] = value
    for (name, given), condition in _CONSTANT.items():
        if getattr(wanted, name) is given:
            conditions.append(condition)
    if (wanted.amount_min or 0) >= HIGH_VALUE_INDEX_FLOOR:
        conditions.append(f"c.amount_vnd >= {HIGH_VALUE_INDEX_FLOOR}")  # lets the partial index serve
    if wanted.raised is not None:
        conditions.append(f"({wanted.raised.condition})")
        parameters |= wanted.raised.parameters
    for role, searched in (("debtor", wanted.debtor), ("creditor", wanted.creditor)):
        if searched is not None:
            condition, given_names = await _named(db, role, searched)
            conditions.append(condition)
            parameters |= given_names
    return conditions, parameters


async def list_cases(
    db: Reads, scope: Scope, wanted: CaseFilter, after: tuple[Any, ...] | None, limit: int
) -> list[Row]:
    """Rows of ITEM_COLUMNS by decision date and id, at most `limit`, after a key."""
    conditions, parameters = await criteria(db, wanted)
    parameters |= scope.wall() | {"limit": limit}
    if after is not None:
        sign = "<" if wanted.newest_first else ">"
        conditions.append(f"({_key(scope)}) {sign} (%(after_date)s::date, %(after_id)s::uuid)")
        parameters |= {"after_date": after[0], "after_id": after[1]}
    if not scope.is_wide:
        parameters["units"] = scope.units
    return await db.fetch(page_sql(scope, conditions, wanted.newest_first), parameters)


async def read_items(db: Reads, scope: Scope, case_ids: list[str]) -> list[Row]:
    """Rows of ITEM_COLUMNS of these cases, as far as they are to be seen, in no particular order."""
    sql = f"SELECT {ITEM_COLUMNS} FROM enforcement_case c WHERE c.id = ANY(%(ids)s::uuid[]) AND "
    return await db.fetch(sql + case_wall(scope), {"ids": case_ids, **scope.wall()})


async def count_cases(db: Reads, scope: Scope, wanted: CaseFilter, *, exact: bool) -> int:
    """How many cases a filter finds: counted, or as the planner estimates from its statistics."""
    conditions, parameters = await criteria(db, wanted)
    where = " AND ".join([case_wall(scope), "c.unit_id = ANY(%(units)s::uuid[])", *conditions])
    parameters |= scope.wall() | {"units": scope.units}
    counted = "count(*)" if exact else "1"
    sql = f"SELECT {counted} FROM enforcement_case c WHERE {where}"
    row = await db.fetch_one(sql if exact else f"EXPLAIN (FORMAT JSON) {sql}", parameters)
    if row is None:
        return 0
    return int(row[0] if exact else row[0][0]["Plan"]["Plan Rows"])


def _key(scope: Scope) -> str:
    """What lists are sorted by: of an institution the columns of its own index."""
    return "c.decision_date, c.id" if scope.institution is None else "i.decision_date, i.case_id"


def page_sql(scope: Scope, conditions: list[str], newest_first: bool) -> str:
    """One page of cases: by the global index for many units, by that of the unit for one, else merged."""
    direction = "DESC" if newest_first else "ASC"
    order = "ORDER BY " + ", ".join(f"{column} {direction}" for column in _key(scope).split(", ")) + " LIMIT %(limit)s"
    where = " AND ".join([case_wall(scope), *conditions])
    if scope.institution is not None:
        own = "case_institution i JOIN enforcement_case c ON c.id = i.case_id"
        return f"SELECT {ITEM_COLUMNS} FROM {own} WHERE i.institution = %(institution)s AND {where} {order}"
    if scope.is_wide:
        return f"SELECT {ITEM_COLUMNS} FROM enforcement_case c WHERE {where} {order}"
    if len(scope.unit_ids) == 1:
        unit = "c.unit_id = (%(units)s::uuid[])[1]"
        return f"SELECT {ITEM_COLUMNS} FROM enforcement_case c WHERE {unit} AND {where} {order}"
    return (
        f"SELECT {ITEM_COLUMNS} FROM unnest(%(units)s::uuid[]) u (id) CROSS JOIN LATERAL ("
        f"SELECT * FROM enforcement_case c WHERE c.unit_id = u.id AND {where} {order}) c {order}"
    )


_PARTY: Final = (
    "json_build_object('no', p.no, 'role', p.role, 'kind', p.kind, 'credit_institution', p.credit_institution, "
    "'institution', p.institution, 'name', "
)
MASKED_PARTY: Final = f"{_PARTY}p.masked_name)"
"""A party `p` as JSON without personal data: how every statement but one shows it."""

_UNMASKED_PARTY: Final = f"{_PARTY}p.name, 'id_number', p.id_number, 'address', p.address, 'phone', p.phone)"


def _one(party: str) -> str:
    return f"""
    SELECT {ITEM_COLUMNS},
        coalesce((SELECT json_agg(json_build_object('no', o.no, 'kind', o.kind, 'amount_vnd', o.amount_vnd,
                'description', o.description) ORDER BY o.no) FROM obligation o WHERE o.case_id = c.id)::text, '[]'),
        coalesce((SELECT json_agg({party} ORDER BY p.no) FROM party p WHERE p.case_id = c.id)::text, '[]'),
        (SELECT array_agg(ARRAY[t.level, lower(t.tracked)::text, upper(t.tracked)::text])
            FROM matter_tracking t WHERE t.matter_id = c.matter_id),
        c.judgment_no, c.judgment_date, c.court
    FROM enforcement_case c WHERE c.id = %(id)s AND """


_ONE: Final = _one(MASKED_PARTY)
_ONE_UNMASKED: Final = _one(_UNMASKED_PARTY)


async def read_case(db: Reads, scope: Scope, case_id: str, *, unmasked: bool = False) -> Row | None:
    """A row of ITEM_COLUMNS, obligations and parties (JSON text), tracking, judgment; None when not to be seen.

    Parties are masked. `unmasked` is for `app.services.parties.commands`, which puts it on record.
    """
    sql = (_ONE_UNMASKED if unmasked else _ONE) + case_wall(scope)
    return await db.fetch_one(sql, {"id": case_id, **scope.wall()})


_HISTORY: Final = """
    SELECT e.event_no, e.event, e.effective_on, e.booked_on, min(e.recorded_at), e.reverses,
        (SELECT min(r.event_no) FROM entry r WHERE r.case_id = e.case_id AND r.reverses = e.event_no),
        e.source, e.client_id, e.document_no, e.ground, e.note,
        json_agg(json_build_object('unit_id', e.unit_id, 'officer_id', e.officer_id, 'from_account', e.from_account,
            'to_account', e.to_account, 'cases', e.cases, 'amount_vnd', e.amount_vnd) ORDER BY e.line)::text
    FROM entry e JOIN enforcement_case c ON c.id = e.case_id
    WHERE e.case_id = %(id)s AND e.event_no > %(after)s AND {wall}
    GROUP BY e.case_id, e.event_no, e.event, e.effective_on, e.booked_on, e.reverses, e.source,
        e.client_id, e.document_no, e.ground, e.note
    ORDER BY e.event_no LIMIT %(limit)s"""


async def read_events(db: Reads, scope: Scope, case_id: str, after: int, limit: int) -> list[Row]:
    """The events of a case after a number, each with its lines as JSON text."""
    sql = _HISTORY.format(wall=case_wall(scope))
    return await db.fetch(sql, {"id": case_id, "after": after, "limit": limit, **scope.wall()})


_LINES_UNTIL: Final = f"""
    SELECT {LINE_ORDER} FROM entry e WHERE e.case_id = %(id)s AND e.effective_on <= %(on)s
    ORDER BY e.event_no, e.line"""


async def lines_until(db: Reads, case_id: str, on: date) -> list[Row]:
    """The entry lines of a case that had taken effect by a day; the caller has been let through already."""
    return await db.fetch(_LINES_UNTIL, {"id": case_id, "on": on})
