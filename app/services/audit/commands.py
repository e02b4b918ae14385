"""Chaining: every record gets its link soon after it was committed, so that writers never wait for a chain."""

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import allowing
from app.services.audit.chain_queries import CONTENT
from app.services.audit.rules import NATION

# one round at a time, whichever worker or operator runs it
_LOCK: Final = 0x6175646974

_ALONE: Final = text(f"SELECT pg_advisory_xact_lock({_LOCK})")
_ALONE_OR_NOT: Final = text(f"SELECT pg_try_advisory_xact_lock({_LOCK})")
# After a restore into another cluster transaction ids may begin below those on record: then all records are looked at.
_BEFORE: Final = text("""
    SELECT at, CASE WHEN seen_below > pg_snapshot_xmax(pg_current_snapshot())::text::bigint THEN 0 ELSE seen_below END,
        seen_below > pg_snapshot_xmax(pg_current_snapshot())::text::bigint
    FROM audit_round""")
# All of it one statement, so that everything is seen as of the same moment: whatever this round does not link was
# committed after it. Records get their place by id; a late one comes after those that were linked before it.
_ROUND: Final = text(f"""
    WITH fresh AS (
        SELECT coalesce(r.unit_id, '{NATION}') AS chain, coalesce(h.no, 0) + row_number() OVER place AS no,
            coalesce(h.digest, '') AS head, CAST(:since AS timestamptz) AS since, r.*
        FROM audit_record r LEFT JOIN audit_head h ON h.unit_id = coalesce(r.unit_id, '{NATION}')
        WHERE r.transaction_id >= :seen_below AND (
            :all OR r.transaction_id < pg_snapshot_xmax(pg_current_snapshot())::text::bigint
        ) AND NOT EXISTS (SELECT FROM audit_link l WHERE l.audit_id = r.id)
        WINDOW place AS (PARTITION BY coalesce(r.unit_id, '{NATION}') ORDER BY r.id)
    ), linked AS (
        INSERT INTO audit_link (unit_id, no, audit_id, since, digest)
        SELECT chain, no, id, since, audit_chain(head, {CONTENT.format(link="f", record="f")}) OVER upwards
        FROM fresh f
        WINDOW upwards AS (PARTITION BY chain ORDER BY no ROWS UNBOUNDED PRECEDING)
        RETURNING unit_id, no, audit_id, digest
    ), heads AS (
        INSERT INTO audit_head (unit_id, no, audit_id, digest)
        SELECT DISTINCT ON (unit_id) unit_id, no, audit_id, digest FROM linked ORDER BY unit_id, no DESC
        ON CONFLICT (unit_id) DO UPDATE
        SET no = excluded.no, audit_id = excluded.audit_id, digest = excluded.digest
    ), round AS (
        UPDATE audit_round SET at = statement_timestamp(),
            seen_below = pg_snapshot_xmin(pg_current_snapshot())::text::bigint
    )
    SELECT count(*) FROM linked""")


async def link_records(session: AsyncSession) -> int:
    """Links the records that have no link yet, unless somebody is at it; returns how many."""
    if not (await session.execute(_ALONE_OR_NOT)).scalar_one():
        return 0
    return await _round(session)


async def link_records_now(session: AsyncSession) -> int:
    """The same, but waits for whoever is at it: afterwards everything committed before is linked."""
    await session.execute(_ALONE)
    return await _round(session)


async def _round(session: AsyncSession) -> int:
    await session.execute(text(allowing()))  # the first round after a long pause takes its time
    since, seen_below, everything = (await session.execute(_BEFORE)).one()
    found = await session.execute(_ROUND, {"since": since, "seen_below": seen_below, "all": everything})
    return int(found.scalar_one())
