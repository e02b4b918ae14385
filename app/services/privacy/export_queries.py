"""Everything the service holds about a person, found by identity number. Statements start from what the caller may see.

The parts: the person as a party, with the case and its decision; on the registers of officers' relatives; and who saw
these unmasked, searched for the person or was given their data.
"""

from dataclasses import dataclass
from typing import Any, Final

from app.db import Reads, Row
from app.services.access import Caller, wall
from app.services.cases.queries import case_wall
from app.services.officers.queries import visible_postings
from app.services.privacy.queries import INSTANT
from app.services.reference import Reference

PARTY: Final = 1
RELATIVE: Final = 2
READ: Final = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose data: an identity number without blanks, and the digest that stands for it in the trail; and which page.

    `after` is part and key of the last row before, and when the export began.
    """

    id_number: str
    digest: str
    after: tuple[Any, ...] | None
    limit: int


# nobody has many relatives in office
_RELATIVES: Final = "SELECT r.id, r.officer_id FROM officer_relative r WHERE r.id_number = %(number)s"
# Each page is put on record: one that began later than the first page would never come to an end.
_HELD: Final = """
    WITH began AS (
        SELECT coalesce(%(began)s::timestamptz, statement_timestamp()) AS at
    ), mine AS MATERIALIZED (
        SELECT c.id, c.unit_id, p.no, json_build_object('case_id', c.id, 'file_no', c.file_no,
                'decision_no', c.decision_no, 'decision_date', c.decision_date, 'accepted_on', c.accepted_on,
                'left_on', c.left_on, 'state', c.account, 'amount_vnd', c.amount_vnd,
                'outstanding_vnd', c.outstanding_vnd, 'role', p.role, 'name', p.name, 'id_number', p.id_number,
                'address', p.address, 'phone', p.phone) AS content
        FROM party p JOIN enforcement_case c ON c.id = p.case_id
        WHERE p.id_number = %(number)s AND {case_wall}
    ), held AS (
        SELECT 1 AS part, m.id || '/' || m.no AS key, m.id::text AS about, m.unit_id, m.content FROM mine m
        UNION ALL
        SELECT 2, r.id::text, r.id::text, (
                SELECT p.unit_id FROM officer_posting p WHERE p.officer_id = r.officer_id
                ORDER BY p.validity DESC LIMIT 1
            ), json_build_object('id', r.id, 'officer_id', r.officer_id, 'relation', r.relation, 'name', r.name,
                'id_number', r.id_number, 'since', r.since, 'until', r.until)
        FROM officer_relative r WHERE r.id = ANY(%(relatives)s::uuid[])
        UNION ALL
        SELECT 3, lpad(a.id::text, 20, '0'), NULL, a.unit_id, json_build_object('recorded_at', {instant},
            'subject', a.subject, 'subject_id', CASE WHEN a.subject_id <> %(digest)s THEN a.subject_id END,
            'client_id', a.client_id, 'person_id', a.person_id, 'purpose', a.reason)
        FROM audit_record a, began
        WHERE a.action = 'unmasked' AND a.subject IN ('case', 'officer_relative', 'party_search', 'data_subject')
        AND a.subject_id IN (
            SELECT m.id::text FROM mine m UNION ALL SELECT unnest(%(relatives)s::text[]) UNION ALL SELECT %(digest)s
        ) AND a.recorded_at < began.at AND a.confidentiality <= %(clearance)s
        AND ({audit_wall} OR a.unit_id IS NULL AND 'vn.' = ANY(%(lower)s::text[]))
    )
    SELECT part, key, about, unit_id, content::text, (SELECT at FROM began)::text FROM held
    WHERE (part, key) > (%(part)s, %(key)s) ORDER BY part, key LIMIT %(limit)s"""


async def held_about(db: Reads, ref: Reference, caller: Caller, wanted: Wanted) -> list[Row]:
    """Part, key within the part, id of the thing, its unit, the content as JSON text, and when the export began.

    One more than asked for tells that there are more.
    A caller bound to an institution gets nothing: who else deals with the person is none of its business.
    """
    if caller.institution is not None:
        return []
    scope = ref.scope(caller, None)
    entries = await db.fetch(_RELATIVES, {"number": wanted.id_number})
    relatives = [relative_id for relative_id, officer_id in entries if _sees(ref, caller, officer_id)]
    part, key, began = wanted.after or (0, "", None)
    page = {"part": part, "key": key, "began": began, "limit": wanted.limit + 1}
    given = {"number": wanted.id_number, "digest": wanted.digest, "relatives": relatives, "clearance": caller.clearance}
    walls = {"case_wall": case_wall(scope), "audit_wall": wall("a", scope)}
    sql = _HELD.format(**walls, instant=INSTANT.format("a.recorded_at"))
    return await db.fetch(sql, {**scope.wall(), **given, **page})


def _sees(ref: Reference, caller: Caller, officer_id: str) -> bool:
    officer = ref.officers.get(officer_id)
    return officer is not None and bool(visible_postings(ref, caller, officer))
