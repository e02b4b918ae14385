"""What a client does to its subscriptions."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Within
from app.errors import Conflict, NotFound, PreconditionFailed, invalid
from app.models.webhooks import webhook, webhook_delivery
from app.services import journal
from app.services.access import Caller
from app.services.changes.commands import ROUND
from app.services.changes.queries import read_head
from app.services.reference import Reference
from app.services.webhooks import queries, rules
from app.services.webhooks.rules import NewWebhook
from app.services.work import Work

DELIVERIES_KEPT: Final = timedelta(days=30)

_AGAIN: Final = text("""
    UPDATE webhook w SET replay = w.replay + int8multirange(VARIADIC ARRAY(
        SELECT int8range(p.first, p.last, '[]')
        FROM unnest(CAST(:firsts AS bigint[]), CAST(:lasts AS bigint[])) p (first, last))),
        attempts = 0, due_at = now()
    WHERE w.id = CAST(:id AS uuid)""")
# as the client sees it, and only what was behind it already: the rest comes anyway
_BETWEEN: Final = """
    SELECT min(c.position), max(c.position) FROM change_record c CROSS JOIN webhook w
    WHERE w.id = %(id)s AND c.subject = ANY (w.kinds) AND c.position <= w.position
        AND c.recorded_at >= %(since)s AND c.recorded_at < coalesce(%(until)s, 'infinity'::timestamptz)"""
_KEPT: Final = "SELECT w.position, h.forgotten FROM webhook w CROSS JOIN change_head h WHERE w.id = %(id)s"


async def create(work: Work, new: NewWebhook) -> str:
    """Subscribes the client to what changes from now on, and returns the id. Raises Invalid and Conflict."""
    await work.session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"webhook {work.caller.client_id}"))))
    own = webhook.c.client_id == work.caller.client_id
    count = (await work.session.execute(select(func.count()).select_from(webhook).where(own))).scalar_one()
    if count >= rules.MOST:
        raise Conflict({"en": f"A client has at most {rules.MOST}.", "vi": f"Mỗi hệ thống có tối đa {rules.MOST}."})
    head = await read_head(Within(work.session))
    values: dict[str, Any] = {"url": new.url, "kinds": list(new.kinds), "unit_id": new.unit_id}
    values |= {"description": new.description, "signature": new.signature}
    view = rules.followed(work.caller, new.kinds, _path(work.ref, work.caller, new.unit_id))
    stands = {"mark": head.place.mark, "position": head.place.position, "view": view.digest}
    made = insert(webhook).values(client_id=work.caller.client_id, **values, **stands).returning(webhook.c.id)
    webhook_id = str((await work.session.execute(made)).scalar_one())
    await _record(work, webhook_id, 1, "created", None, values)
    return webhook_id


async def change(work: Work, webhook_id: str, expected: int | None, given: Mapping[str, Any]) -> None:
    """Changes members of a subscription; one that is active is tried again at once.

    Raises NotFound, PreconditionFailed, Invalid.
    """
    before = await _locked(work, webhook_id, expected)
    after = {**before, **given}
    kinds = tuple(after["kinds"])
    unit_id = None if after["unit_id"] is None else str(after["unit_id"])
    path = None
    if "unit_id" in given:
        path = _path(work.ref, work.caller, unit_id)
    elif unit_id is not None:
        path = work.ref.units[unit_id].path
    values = dict(given)
    if given.keys() & {"kinds", "unit_id"}:  # whoever asks for another view knows that it is another
        values["view"] = rules.followed(work.caller, kinds, path).digest
    if after["state"] == "active":
        values |= {"attempts": 0, "due_at": func.now()}
    await _set(work.session, webhook_id, {**values, "version": before["version"] + 1})
    told = {name: str(before[name]) if name == "unit_id" and before[name] else before[name] for name in given}
    await _record(work, webhook_id, before["version"] + 1, "changed", told, given)


async def remove(work: Work, webhook_id: str, expected: int | None) -> None:
    """Ends a subscription with its log. Raises NotFound and PreconditionFailed."""
    before = await _locked(work, webhook_id, expected)
    await work.session.execute(delete(webhook).where(webhook.c.id == webhook_id))
    await _record(work, webhook_id, before["version"] + 1, "deleted", {"url": before["url"]}, None)


async def rotate(work: Work, webhook_id: str, keep: timedelta) -> None:
    """Lets a new key sign; the one before signs as well for `keep`. Raises NotFound."""
    before = await _locked(work, webhook_id, None)
    until = func.now() + keep if keep else None
    values = {"key_no": before["key_no"] + 1, "old_key_until": until, "version": before["version"] + 1}
    await _set(work.session, webhook_id, values)
    after = {"kept_seconds": int(keep.total_seconds())}
    await _record(work, webhook_id, before["version"] + 1, "key-replaced", None, after)


async def ask_test(work: Work, webhook_id: str) -> None:
    """Has a test event sent, whatever else waits. Raises NotFound, and Conflict when nothing is sent there."""
    before = await _locked(work, webhook_id, None)
    if before["state"] != "active":
        raise Conflict({"en": "The subscription is not active.", "vi": "Đăng ký không hoạt động."})
    await _set(work.session, webhook_id, {"test_id": func.uuidv7()})


async def replay_between(work: Work, webhook_id: str, since: datetime, until: datetime | None) -> None:
    """Has changes recorded in `[since, until)` sent once more. Raises NotFound, and Invalid when there are none."""
    before = await _locked(work, webhook_id, None)
    asked = {"id": webhook_id, "since": since, "until": until}
    row = await Within(work.session).fetch_one(_BETWEEN, asked)
    if row is None or row[0] is None:
        raise invalid("nothing-to-repeat", "no change of then is kept", "không còn thay đổi nào", pointer="/since")
    await _again(work, webhook_id, before["version"], [row[0]], [row[1]])


async def replay_events(work: Work, webhook_id: str, events: Sequence[str]) -> None:
    """Has these events sent once more. Raises NotFound, and Invalid when one is not its own or not kept."""
    before = await _locked(work, webhook_id, None)
    known = await queries.lineages(Within(work.session))
    row = await Within(work.session).fetch_one(_KEPT, {"id": webhook_id})
    position, forgotten = row or (0, 0)
    places = [rules.place_of(webhook_id, event) for event in events]
    for number, place in enumerate(places):
        if place is None or place.mark != rules.mark_of(known, place.position):
            raise invalid("unknown-event", "not an event of this webhook", "không có", pointer=f"/events/{number}")
        if not forgotten < place.position <= position:
            raise invalid("unknown-event", "is not kept or not sent yet", "không có", pointer=f"/events/{number}")
    positions = sorted({place.position for place in places if place is not None})
    await _again(work, webhook_id, before["version"], positions, positions)


async def _again(work: Work, webhook_id: str, version: int, firsts: list[int], lasts: list[int]) -> None:
    await work.session.execute(_AGAIN, {"id": webhook_id, "firsts": firsts, "lasts": lasts})
    ranges = [f"{first}-{last}" for first, last in zip(firsts, lasts, strict=True)]
    await _record(work, webhook_id, version, "replayed", None, {"positions": ranges})


async def forget_old_deliveries(session: AsyncSession) -> int:
    """Deletes the log of more than 30 days ago, a round of it; returns how many."""
    columns = webhook_delivery.c
    old = select(columns.id).where(columns.recorded_at < func.now() - DELIVERIES_KEPT).limit(ROUND)
    gone = delete(webhook_delivery).where(columns.id.in_(old.scalar_subquery()))
    return len((await session.execute(gone.returning(columns.id))).all())


def _path(ref: Reference, caller: Caller, unit_id: str | None) -> str | None:
    """The path of the unit a client names, which it must be allowed to see."""
    if unit_id is None:
        return None
    unit = ref.visible(caller, unit_id)
    if unit is None:
        raise invalid("unknown-reference", "no such unit", "không có đơn vị này", pointer="/unit_id")
    return unit.path


async def _locked(work: Work, webhook_id: str, expected: int | None) -> Mapping[str, Any]:
    columns = webhook.c
    own = select(columns.url, columns.kinds, columns.unit_id, columns.description, columns.state, columns.key_no)
    own = own.add_columns(columns.version).where(columns.id == webhook_id)
    own = own.where(columns.client_id == work.caller.client_id).with_for_update()
    found = (await work.session.execute(own)).mappings().first()
    if found is None:
        raise NotFound
    if expected is not None and found["version"] != expected:
        raise PreconditionFailed
    return dict(found)


async def _set(session: AsyncSession, webhook_id: str, values: Mapping[str, Any]) -> None:
    await session.execute(update(webhook).where(webhook.c.id == webhook_id).values(**values))


async def _record(
    work: Work,
    webhook_id: str,
    version: int,
    action: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> None:
    await journal.record(
        work.session,
        subject="webhook",
        subject_id=webhook_id,
        unit_id=None,
        version=version,
        action=action,
        actor=work.actor,
        before=before,
        after=after,
    )
