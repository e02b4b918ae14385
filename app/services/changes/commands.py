"""Numbering what was committed, and forgetting what is too old. Writers never wait for either."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import allowing
from app.services.changes.rules import MAX_PATHS, Place

CHANNEL: Final = "changes"
# changes numbered in one round, and deleted in one transaction, so that neither takes long
ROUND: Final = 10_000

# One round at a time, whichever worker runs it. The lock is a statement of its own: under READ COMMITTED the next one
# sees what the round before committed. A standby numbers nothing.
_LOCK: Final = 0x6368616E6765
_ALONE: Final = text(f"SELECT NOT pg_is_in_recovery() AND pg_try_advisory_xact_lock({_LOCK})")
# A server is a cluster, its timeline (new after each promotion and recovery) and a database (restored: a new one).
_SERVER: Final = """(SELECT system_identifier FROM pg_control_system()) || '/'
    || left(pg_walfile_name(pg_current_wal_lsn()), 8) || '/'
    || (SELECT oid FROM pg_database WHERE datname = current_database())"""
_GO_ON: Final = text(f"""
    INSERT INTO change_lineage (no, mark, server, since)
    SELECT coalesce(l.no, 0) + 1, random(1, 9007199254740991), s.server, h.position + 1
    FROM change_head h CROSS JOIN (SELECT {_SERVER} AS server) s
        LEFT JOIN (SELECT no, server FROM change_lineage ORDER BY no DESC LIMIT 1) l ON true
    WHERE l.server IS DISTINCT FROM s.server""")
# What the last round did not see: transactions that began after it, or were running then. All others are numbered, so
# that a round costs what it numbers, however long some transaction holds its changes back.
_UNSEEN: Final = """(c.transaction_id >= (SELECT seen_below FROM change_head)
    OR c.transaction_id = ANY ((SELECT running FROM change_head)::bigint[]))"""
# Versions of a thing are written under its lock, so their ids rise, and an older one is never committed later. A full
# round leaves the rest to the next, and does not yet say that it has seen it.
_ROUND: Final = """
    WITH fresh AS MATERIALIZED (
        SELECT c.id, (SELECT position FROM change_head) + row_number() OVER (ORDER BY c.id) AS position
        FROM change_record c WHERE c.position IS NULL AND {unseen}
        ORDER BY c.id LIMIT {most}
    ), numbered AS (
        UPDATE change_record c SET position = f.position FROM fresh f WHERE c.id = f.id
        RETURNING c.unit_path, c.was_unit_path
    ), total AS (
        SELECT count(*) AS changes, count(*) = {most} AS is_full FROM fresh
    ), moved AS (
        UPDATE change_head h SET position = h.position + t.changes,
            seen_below = CASE WHEN t.is_full THEN h.seen_below ELSE s.seen_below END,
            running = CASE WHEN t.is_full THEN h.running ELSE s.running END
        FROM total t, (
            SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS seen_below,
                ARRAY(SELECT x::text::bigint FROM pg_snapshot_xip(pg_current_snapshot()) x) AS running
        ) s
        WHERE t.changes > 0
    )
    SELECT t.changes, t.is_full, h.position + t.changes, l.mark, ARRAY(
        SELECT DISTINCT p FROM numbered n, unnest(ARRAY[coalesce(n.unit_path, ''), n.was_unit_path]) p
        WHERE p IS NOT NULL LIMIT {paths})
    FROM total t, change_head h, (SELECT mark FROM change_lineage ORDER BY no DESC LIMIT 1) l"""
_LIMITS: Final = {"most": ROUND, "paths": MAX_PATHS + 1}
_NEW_ONES: Final = text(_ROUND.format(unseen=_UNSEEN, **_LIMITS))
_ALL: Final = text(_ROUND.format(unseen="true", **_LIMITS))
_ANNOUNCE: Final = text("SELECT pg_notify(:channel, :what)")


@dataclass(frozen=True, slots=True)
class Numbered:
    """What a round did: where the feed ends now, in which units (None: anywhere), whether more is waiting."""

    changes: int
    head: Place
    paths: tuple[str, ...] | None
    more: bool


async def number(session: AsyncSession, *, everything: bool = False) -> Numbered | None:
    """Gives committed changes their positions and announces them; None when another round is running.

    Positions rise without gaps, and a change gets its position once. `everything` looks at whatever has none, in place
    of what the round before cannot have seen; so does the first round of another server, whose transactions are other
    ones.
    """
    if not (await session.execute(_ALONE)).scalar_one():
        return None
    await session.execute(text(allowing()))  # the first round after a long pause takes its time
    is_new = (await session.execute(_GO_ON)).rowcount == 1  # type: ignore[attr-defined]  # a DML result has it
    row = (await session.execute(_ALL if everything or is_new else _NEW_ONES)).one()
    changes, is_full, position, mark, found = row
    paths = None if "" in found or len(found) > MAX_PATHS else tuple(found)
    if changes:
        what = json.dumps({"mark": mark, "position": position, "changes": changes, "paths": paths})
        await session.execute(_ANNOUNCE, {"channel": CHANNEL, "what": what})
    return Numbered(changes, Place(mark, position), paths, is_full)


_FORGET: Final = text("""
    WITH old AS (
        SELECT max(c.position) AS upto FROM (
            SELECT c.position, c.recorded_at FROM change_record c, change_head h
            WHERE c.position > h.forgotten ORDER BY c.position LIMIT :most
        ) c WHERE c.recorded_at < now() - CAST(:kept AS interval)
    ), gone AS (
        DELETE FROM change_record c USING change_head h, old o
        WHERE c.position > h.forgotten AND c.position <= o.upto RETURNING c.position
    ), told AS (
        UPDATE change_head h SET forgotten = greatest(h.forgotten, o.upto) FROM old o WHERE o.upto IS NOT NULL
    )
    SELECT count(*) FROM gone""")


async def forget_old_changes(session: AsyncSession, kept: timedelta) -> int:
    """Deletes the oldest changes as far as they are older than `kept`, a round of them; returns how many."""
    found = await session.execute(_FORGET, {"most": ROUND, "kept": kept})
    return int(found.scalar_one())
