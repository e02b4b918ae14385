"""Reading subscriptions and their log; row-level security shows a client its own."""

from typing import Any, Final

from app.db import Reads, Row

COLUMNS: Final = """w.id, w.url, w.kinds, w.unit_id, w.description, w.state, w.signature, w.key_no, w.old_key_until,
    w.failing_since, w.attempts, CASE WHEN w.attempts > 0 THEN w.due_at END, w.position, w.recorded_at, w.version"""
"""The projection of a subscription; `app.api.v1.schemas.webhooks.webhook_out` turns a row into JSON."""

DELIVERY_COLUMNS: Final = """d.id, d.event_id, d.type, d.attempt, d.outcome, d.status_code, d.error, d.duration_ms,
    d.next_attempt_at, d.recorded_at"""
"""The projection of an attempt; `app.api.v1.schemas.webhooks.delivery_out` turns a row into JSON."""

# The caller's own, said in the query as well as by the policy.
_OWN: Final = "w.client_id = %(client)s"
_LIST: Final = f"""
    SELECT {COLUMNS} FROM webhook w WHERE {_OWN} AND (%(after)s::uuid IS NULL OR w.id > %(after)s::uuid)
    ORDER BY w.id LIMIT %(limit)s"""
_ONE: Final = f"SELECT {COLUMNS} FROM webhook w WHERE {_OWN} AND w.id = %(id)s"
_DELIVERIES: Final = f"""
    SELECT {DELIVERY_COLUMNS} FROM webhook w JOIN webhook_delivery d ON d.webhook_id = w.id
    WHERE {_OWN} AND w.id = %(id)s AND (%(after)s::uuid IS NULL OR d.id < %(after)s::uuid)
    ORDER BY d.id DESC LIMIT %(limit)s"""
# What a worker could deliver now. A position other than the end of the feed is behind it, or of a server that is gone.
_WAITING: Final = """
    SELECT w.id FROM webhook w JOIN client c ON c.id = w.client_id CROSS JOIN change_head h
    WHERE w.state = 'active' AND NOT c.disabled AND %(scope)s = ANY (c.scopes)
        AND (w.leased_until IS NULL OR w.leased_until < now()) AND w.id <> ALL (%(busy)s::uuid[])
        AND (w.test_id IS NOT NULL OR w.due_at <= now() AND (
            w.position <> h.position OR w.notice IS NOT NULL OR NOT isempty(w.replay)
            OR w.mark <> coalesce((SELECT l.mark FROM change_lineage l ORDER BY l.no DESC LIMIT 1), 0)))
    ORDER BY w.due_at LIMIT %(limit)s"""


async def list_webhooks(db: Reads, client_id: str, after: tuple[Any, ...] | None, limit: int) -> list[Row]:
    """Rows of COLUMNS of a client in the order they were made, at most `limit`, after a key."""
    return await db.fetch(_LIST, {"client": client_id, "after": after[0] if after else None, "limit": limit})


async def read_webhook(db: Reads, client_id: str, webhook_id: str) -> Row | None:
    """A row of COLUMNS; None when the client has no such subscription."""
    return await db.fetch_one(_ONE, {"client": client_id, "id": webhook_id})


async def list_deliveries(
    db: Reads, client_id: str, webhook_id: str, after: tuple[Any, ...] | None, limit: int
) -> list[Row]:
    """Rows of DELIVERY_COLUMNS of a subscription of the client, newest first, at most `limit`, after a key."""
    asked = {"client": client_id, "id": webhook_id, "after": after[0] if after else None, "limit": limit}
    return await db.fetch(_DELIVERIES, asked)


async def waiting(db: Reads, scope: str, busy: list[str], limit: int) -> list[str]:
    """Ids of subscriptions with something to deliver that no worker has, the longest due first, but those `busy`."""
    return [row[0] for row in await db.fetch(_WAITING, {"scope": scope, "busy": busy, "limit": limit})]


async def lineages(db: Reads) -> list[tuple[int, int]]:
    """Marks of the lineages of the feed with the first position of each, newest first."""
    return [(row[0], row[1]) for row in await db.fetch("SELECT mark, since FROM change_lineage ORDER BY no DESC")]
