"""Reading the trail, newest first. Every statement starts from what the caller may see."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from app.db import Reads, Row
from app.services.access import ROOT, Caller, Scope, wall
from app.services.reference import Reference

COLUMNS: Final = (
    "a.id, a.recorded_at, a.subject, a.subject_id, a.action, a.unit_id, a.confidentiality, a.client_id, a.person_id, "
    "a.person_unit_id, a.person_role, a.request_id, a.reason, a.before::text, a.after::text"
)
"""The projection of a record; `app.api.v1.schemas.audit.audit_item` turns a row into JSON."""

_ORDER: Final = "ORDER BY a.recorded_at DESC, a.id DESC LIMIT %(limit)s"
# Criteria that are ranges of an index of their own, whatever the units.
_FEW: Final = ("subject_id", "person_id")
_COMPARED: Final = {
    **{name: f"a.{name} = %({name})s" for name in ("subject", "action", "client_id", *_FEW)},
    "recorded_from": "a.recorded_at >= %(recorded_from)s",
    "recorded_until": "a.recorded_at < %(recorded_until)s",
}


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What the trail is narrowed to; None leaves a criterion out. `recorded_until` is exclusive."""

    subject: str | None = None
    subject_id: str | None = None
    action: str | None = None
    client_id: str | None = None
    person_id: str | None = None
    unit: str | None = None
    recorded_from: datetime | None = None
    recorded_until: datetime | None = None


async def list_records(
    db: Reads, ref: Reference, caller: Caller, wanted: AuditFilter, after: tuple[Any, ...] | None, limit: int
) -> list[Row]:
    """Rows of COLUMNS, at most `limit`, after a key. Raises Invalid for an unknown unit.

    Records without a unit are for callers of the whole nation. A caller that sees only the cases of an institution
    sees nothing here: the trail does not say whose case it is about.
    """
    if caller.institution is not None:
        return []
    scope = ref.scope(caller, ref.asked(caller, wanted.unit))
    given = {name: value for name in _COMPARED if (value := getattr(wanted, name)) is not None}
    conditions = [_COMPARED[name] for name in given]
    parameters = {**given, **scope.wall(), "limit": limit}
    if after is not None:
        conditions.append("(a.recorded_at, a.id) < (%(after_at)s::timestamptz, %(after_id)s::bigint)")
        parameters |= {"after_at": after[0], "after_id": after[1]}
    by_unit = not scope.is_wide and given.keys().isdisjoint(_FEW)
    if by_unit:
        parameters["units"] = scope.units
    without_unit = wanted.unit is None and ROOT in caller.paths
    return await db.fetch(_page_sql(scope, conditions, by_unit=by_unit, without_unit=without_unit), parameters)


def _page_sql(scope: Scope, conditions: list[str], *, by_unit: bool, without_unit: bool) -> str:
    """One page: by a global index, or merged from the newest records of each unit where the units are few."""
    row_wall = wall("a", scope)
    if without_unit:
        row_wall = f"(a.unit_id IS NULL AND a.confidentiality <= %(clearance)s OR {row_wall})"
    where = " AND ".join([row_wall, *conditions])
    if not by_unit:
        return f"SELECT {COLUMNS} FROM audit_record a WHERE {where} {_ORDER}"
    each = f"SELECT a.* FROM audit_record a WHERE a.unit_id = u.id AND {where} {_ORDER}"
    units = "unnest(%(units)s::uuid[])"
    if without_unit:
        return (
            f"SELECT {COLUMNS} FROM ((SELECT a.* FROM {units} u (id) CROSS JOIN LATERAL ({each}) a) UNION ALL "
            f"(SELECT a.* FROM audit_record a WHERE a.unit_id IS NULL AND {where} {_ORDER})) a {_ORDER}"
        )
    return f"SELECT {COLUMNS} FROM {units} u (id) CROSS JOIN LATERAL ({each}) a {_ORDER}"
