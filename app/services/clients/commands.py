"""Changes of clients, and the answers they may ask for again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import Conflict, Invalid, NotFound, invalid
from app.models.clients import client, client_grant, idempotency_key
from app.services import journal
from app.services.access import Actor
from app.services.clients.rules import CLIENT_ID, hash_secret, new_secret, unknown_scopes

KEPT = timedelta(days=1)
_LOCK_NOT_AVAILABLE = "55P03"


class RequestInFlight(Conflict):
    """The first request with this Idempotency-Key has not ended yet."""

    code = "request-in-flight"
    title = {
        "en": "The first request with this key is still running",
        "vi": "Yêu cầu đầu tiên với khóa này đang được xử lý",
    }


class KeyReused(Invalid):
    """The Idempotency-Key already belongs to another request."""

    code = "idempotency-key-reused"
    title = {
        "en": "The key was used for another request",
        "vi": "Khóa đã được dùng cho yêu cầu khác",
    }


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The answer to the first request with a key."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def register(
    session: AsyncSession,
    actor: Actor,
    *,
    client_id: str,
    name: str,
    scopes: frozenset[str],
    unit_ids: Sequence[str],
) -> str:
    """Creates a client and returns its secret, the only time it is seen."""
    if not CLIENT_ID.fullmatch(client_id):
        raise invalid("wrong-format", "not a client id", "không phải mã hệ thống", pointer="/id")
    if unknown_scopes(scopes):
        raise invalid("unknown-scope", "unknown scope", "phạm vi không tồn tại", pointer="/scopes")
    secret = new_secret()
    values = {"id": client_id, "name": name, "scopes": sorted(scopes)}
    row = upsert(client).values(**values, secret_hash=hash_secret(secret)).on_conflict_do_nothing()
    if (await session.execute(row.returning(client.c.id))).scalar() is None:
        raise Conflict({"en": "The client exists already.", "vi": "Hệ thống đã tồn tại."})
    await _grant(session, client_id, unit_ids)
    await _record(session, actor, client_id, "registered", {**values, "units": list(unit_ids)})
    return secret


async def replace_secret(session: AsyncSession, actor: Actor, client_id: str) -> str:
    """Gives the client a new secret and returns it; the old one stops at once."""
    secret = new_secret()
    await _change(session, client_id, {"secret_hash": hash_secret(secret)})
    await _record(session, actor, client_id, "secret-replaced", {})
    return secret


async def set_disabled(session: AsyncSession, actor: Actor, client_id: str, *, disabled: bool) -> None:
    """Shuts a client out at once, its tokens included, or lets it in again."""
    await _change(session, client_id, {"disabled": disabled})
    await _record(session, actor, client_id, "disabled" if disabled else "enabled", {"disabled": disabled})


async def replace_grants(session: AsyncSession, actor: Actor, client_id: str, unit_ids: Sequence[str]) -> None:
    """Replaces the unit subtrees a client may see."""
    await _change(session, client_id, {"disabled": client.c.disabled})
    await session.execute(delete(client_grant).where(client_grant.c.client_id == client_id))
    await _grant(session, client_id, unit_ids)
    await _record(session, actor, client_id, "granted", {"units": list(unit_ids)})


async def _grant(session: AsyncSession, client_id: str, unit_ids: Sequence[str]) -> None:
    if unit_ids:
        rows = [{"client_id": client_id, "unit_id": unit_id} for unit_id in sorted(set(unit_ids))]
        await session.execute(insert(client_grant), rows)


async def _change(session: AsyncSession, client_id: str, values: Mapping[str, Any]) -> None:
    statement = update(client).where(client.c.id == client_id).values(**values).returning(client.c.id)
    if (await session.execute(statement)).scalar() is None:
        raise NotFound


async def _record(session: AsyncSession, actor: Actor, client_id: str, action: str, after: Mapping[str, Any]) -> None:
    await journal.record(
        session,
        subject="client",
        subject_id=client_id,
        unit_id=None,
        version=1,
        action=action,
        actor=actor,
        after=after,
    )


async def claim_key(session: AsyncSession, client_id: str, key: str, fingerprint: bytes) -> StoredAnswer | None:
    """Reserves the key for this transaction; or the stored answer when an earlier request had it.

    Waits for an earlier request that is still running. Raises `RequestInFlight` when that takes too long and
    `KeyReused` when the earlier request was a different one.
    """
    values = {"client_id": client_id, "key": key, "fingerprint": fingerprint}
    claim = upsert(idempotency_key).values(**values).on_conflict_do_nothing()
    try:
        claimed = (await session.execute(claim.returning(idempotency_key.c.key))).scalar()
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            raise RequestInFlight(headers={"Retry-After": "1"}) from error
        raise
    if claimed is not None:
        return None
    columns = idempotency_key.c
    earlier = select(columns.fingerprint, columns.status, columns.headers, columns.body)
    row = (await session.execute(earlier.where(columns.client_id == client_id, columns.key == key))).one()
    if row.fingerprint != fingerprint:
        raise KeyReused
    return StoredAnswer(row.status, row.headers, row.body)


async def forget_old_keys(session: AsyncSession) -> int:
    """Deletes keys older than a day, the time within which a repeated request gets its answer; returns how many."""
    old = func.now() - KEPT
    gone = delete(idempotency_key).where(idempotency_key.c.created_at < old).returning(idempotency_key.c.key)
    return len((await session.execute(gone)).all())


async def keep_answer(session: AsyncSession, client_id: str, key: str, answer: StoredAnswer) -> None:
    """Stores the answer under the key this transaction has claimed."""
    columns = idempotency_key.c
    await session.execute(
        update(idempotency_key)
        .where(columns.client_id == client_id, columns.key == key)
        .values(status=answer.status, headers=dict(answer.headers), body=answer.body)
    )
