"""Changes of clients, and the answers they may ask for again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import case, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import Conflict, Invalid, NotFound, invalid
from app.models.clients import client, client_assertion, client_grant, idempotency_key
from app.services import journal
from app.services.access import ORDINARY, Actor
from app.services.clients.keys import Keys
from app.services.clients.rules import CLIENT_ID, hash_secret, new_secret, unknown_scopes

KEPT = timedelta(days=1)
KEEP_SECRET = timedelta(days=7)
# longer than the clocks of two machines differ
LATE = timedelta(minutes=5)
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
    clearance: int = ORDINARY,
    institution: str | None = None,
    issuer: str | None = None,
) -> str:
    """Creates a client and returns its secret, the only time it is seen."""
    secret = new_secret()
    values = {"name": name, "scopes": sorted(scopes), "clearance": clearance, "institution": institution}
    values |= {"issuer": issuer}
    await _create(session, actor, client_id, values, unit_ids, {"secret_hash": hash_secret(secret)})
    return secret


async def register_with_keys(
    session: AsyncSession,
    actor: Actor,
    *,
    client_id: str,
    name: str,
    scopes: frozenset[str],
    unit_ids: Sequence[str],
    keys: Keys,
    clearance: int = ORDINARY,
    institution: str | None = None,
    issuer: str | None = None,
) -> None:
    """Creates a client that has no secret and signs assertions with the private halves of these keys."""
    values = {"name": name, "scopes": sorted(scopes), "clearance": clearance, "institution": institution}
    values |= {"issuer": issuer, "jwks": keys.as_dict()}
    await _create(session, actor, client_id, values, unit_ids, {})


async def _create(
    session: AsyncSession,
    actor: Actor,
    client_id: str,
    values: Mapping[str, Any],
    unit_ids: Sequence[str],
    hidden: Mapping[str, str],
) -> None:
    """Stores a client; what is `hidden` does not go on record."""
    if not CLIENT_ID.fullmatch(client_id):
        raise invalid("wrong-format", "not a client id", "không phải mã hệ thống", pointer="/id")
    _check_scopes(values["scopes"])
    row = upsert(client).values(id=client_id, **values, **hidden).on_conflict_do_nothing()
    if (await session.execute(row.returning(client.c.id))).scalar() is None:
        raise Conflict({"en": "The client exists already.", "vi": "Hệ thống đã tồn tại."})
    await _grant(session, client_id, unit_ids)
    await _record(session, actor, client_id, "registered", after={"id": client_id, **values, "units": list(unit_ids)})


def _check_scopes(scopes: Sequence[str]) -> None:
    if unknown_scopes(frozenset(scopes)):
        raise invalid("unknown-scope", "unknown scope", "phạm vi không tồn tại", pointer="/scopes")


async def replace_secret(session: AsyncSession, actor: Actor, client_id: str, keep: timedelta = KEEP_SECRET) -> str:
    """Gives the client a new secret and returns it, the only time it is seen.

    The one before is good for `keep` longer, none earlier than that: two at most.
    """
    secret = new_secret()
    await _change(session, client_id, {**_aged(keep), "secret_hash": hash_secret(secret)})
    await _record(session, actor, client_id, "secret-replaced", after={"kept_seconds": int(keep.total_seconds())})
    return secret


async def replace_keys(
    session: AsyncSession, actor: Actor, client_id: str, keys: Keys, keep: timedelta = KEEP_SECRET
) -> None:
    """Replaces the keys a client signs its assertions with; a secret it has is good for `keep` longer."""
    await _change(session, client_id, {**_aged(keep), "secret_hash": None, "jwks": keys.as_dict()})
    after = {**keys.as_dict(), "kept_seconds": int(keep.total_seconds())}
    await _record(session, actor, client_id, "keys-replaced", after=after)


def _aged(keep: timedelta) -> dict[str, Any]:
    """The secret of now becomes the old one, for a while; without one the old one stays."""
    if not keep:
        return {"old_secret_hash": None, "old_secret_until": None}
    until = case((client.c.secret_hash.is_(None), client.c.old_secret_until), else_=func.now() + keep)
    return {
        "old_secret_hash": func.coalesce(client.c.secret_hash, client.c.old_secret_hash),
        "old_secret_until": until,
    }


async def set_disabled(session: AsyncSession, actor: Actor, client_id: str, *, disabled: bool) -> None:
    """Shuts a client out at once, its tokens included, or lets it in again."""
    await _change(session, client_id, {"disabled": disabled})
    action = "disabled" if disabled else "enabled"
    await _record(session, actor, client_id, action, after={"disabled": disabled})


async def amend(
    session: AsyncSession,
    actor: Actor,
    client_id: str,
    *,
    unit_ids: Sequence[str] | None = None,
    scopes: frozenset[str] | None = None,
    clearance: int | None = None,
    institution: str | None = None,
    issuer: str | None = None,
) -> None:
    """Changes what a client may do and see; None leaves things as they are, an empty text takes them away."""
    given: dict[str, Any] = {"clearance": clearance}
    given |= {"scopes": None if scopes is None else sorted(scopes), "institution": institution, "issuer": issuer}
    _check_scopes(given["scopes"] or ())
    values = {name: None if value == "" else value for name, value in given.items() if value is not None}
    before = await _granted(session, client_id)
    if values:
        await _change(session, client_id, values)
    if unit_ids is not None:
        await session.execute(delete(client_grant).where(client_grant.c.client_id == client_id))
        await _grant(session, client_id, unit_ids)
    await _record(session, actor, client_id, "granted", before=before, after=await _granted(session, client_id))


async def _granted(session: AsyncSession, client_id: str) -> dict[str, Any]:
    columns = (client.c.scopes, client.c.clearance, client.c.institution, client.c.issuer)
    row = (await session.execute(select(*columns).where(client.c.id == client_id).with_for_update())).one_or_none()
    if row is None:
        raise NotFound
    units = select(client_grant.c.unit_id).where(client_grant.c.client_id == client_id)
    return {**row._mapping, "units": sorted(str(unit) for unit in (await session.execute(units)).scalars())}


async def _grant(session: AsyncSession, client_id: str, unit_ids: Sequence[str]) -> None:
    if unit_ids:
        rows = [{"client_id": client_id, "unit_id": unit_id} for unit_id in sorted(set(unit_ids))]
        await session.execute(insert(client_grant), rows)


async def _change(session: AsyncSession, client_id: str, values: Mapping[str, Any]) -> None:
    statement = update(client).where(client.c.id == client_id).values(**values).returning(client.c.id)
    if (await session.execute(statement)).scalar() is None:
        raise NotFound


async def _record(
    session: AsyncSession,
    actor: Actor,
    client_id: str,
    action: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any],
) -> None:
    await journal.record(
        session,
        subject="client",
        subject_id=client_id,
        unit_id=None,
        version=1,
        action=action,
        actor=actor,
        before=before,
        after=after,
    )


async def use_assertion(session: AsyncSession, client_id: str, jti: str, expires: float) -> bool:
    """Puts an assertion on record as used, until it ends (seconds since 1970); False when it was used before."""
    values = {"client_id": client_id, "jti": jti, "expires_at": datetime.fromtimestamp(expires, UTC)}
    used = upsert(client_assertion).values(**values).on_conflict_do_nothing().returning(client_assertion.c.jti)
    return (await session.execute(used)).scalar() is not None


async def forget_used_assertions(session: AsyncSession) -> int:
    """Deletes assertions that have ended, so that nobody could use them again; returns how many."""
    columns = client_assertion.c
    ended = delete(client_assertion).where(columns.expires_at < func.now() - LATE)
    return len((await session.execute(ended.returning(columns.jti))).all())


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
