"""Whose turn it is to deliver, and how far that went.

A worker holds a subscription by a row, for a minute at a time, and no connection meanwhile. Whatever it writes counts
only as long as it holds the row; when it dies, the next one goes on where the last commit was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import insert, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.webhooks import webhook, webhook_delivery
from app.services.changes.rules import Place

LEASE: Final = timedelta(seconds=60)
"""Longer than one attempt and its commit, the longest time without a sign of life."""


@dataclass(slots=True)
class Held:
    """A subscription in the hands of this worker, as of its last commit. `replay` are ranges `[first, last]`."""

    id: str
    client_id: str
    url: str
    kinds: tuple[str, ...]
    unit_id: str | None
    signature: str
    keys: list[int]
    version: int
    place: Place
    view: str
    replay: list[list[int]]
    notice: str | None
    notice_id: str | None
    test_id: str | None
    attempts: int
    failing: bool

    @property
    def first(self) -> int:
        """The position to be sent next, or one before it."""
        return self.replay[0][0] if self.replay else self.place.position + 1

    def takes_in(self, position: int) -> bool:
        """Whether a position is to be sent in this pass."""
        return not self.replay or position <= self.replay[0][1]

    def goes_on_as(self, before: "Held") -> bool:
        """Whether the page that was read before still is what is to be sent next."""
        lasts = [[last for _, last in held.replay] for held in (self, before)]
        return self.version == before.version and lasts[0] == lasts[1]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One line of the log: what was sent, what came of it, and when it is tried again."""

    event_id: str
    type: str
    number: int
    outcome: str
    status: int | None
    error: str | None
    duration_ms: int
    wait: float | None


_STATE: Final = """w.id::text, w.client_id, w.url, w.kinds, w.unit_id::text, w.signature,
    CASE WHEN w.old_key_until > now() THEN ARRAY[w.key_no, w.key_no - 1] ELSE ARRAY[w.key_no] END, w.version,
    w.mark, w.position, w.view, ARRAY(SELECT ARRAY[lower(r), upper(r) - 1] FROM unnest(w.replay) r),
    w.notice, w.notice_id::text, w.test_id::text, w.attempts, w.failing_since IS NOT NULL"""
_TAKE: Final = text(f"""
    UPDATE webhook w SET holder = CAST(:holder AS uuid), leased_until = now() + CAST(:lease AS interval)
    FROM (SELECT id FROM webhook WHERE id = ANY (CAST(:ids AS uuid[])) AND state = 'active'
            AND (leased_until IS NULL OR leased_until < now())
        ORDER BY id FOR UPDATE SKIP LOCKED) free
    WHERE w.id = free.id RETURNING {_STATE}""")
_GIVE_BACK: Final = text("""
    UPDATE webhook SET holder = NULL, leased_until = NULL
    WHERE holder = CAST(:holder AS uuid) AND (CAST(:id AS uuid) IS NULL OR id = CAST(:id AS uuid))""")
_HELD: Final = text(f"""
    UPDATE webhook w SET leased_until = now() + CAST(:lease AS interval)
    WHERE w.id = CAST(:id AS uuid) AND w.holder = CAST(:holder AS uuid) AND w.state = 'active' RETURNING {_STATE}""")
NOTHING: Final = text("'{}'::int8multirange")
# only what was read: a range that was asked for meanwhile stays
_PASSED: Final = "int8multirange(int8range(:first, :upto, '[]'))"


async def take(session: AsyncSession, holder: str, ids: list[str]) -> list[Held]:
    """Those of the subscriptions that nobody holds; from now on `holder` does."""
    found = await session.execute(_TAKE, {"holder": holder, "ids": ids, "lease": LEASE})
    return [_held(row) for row in found]


async def give_back(session: AsyncSession, holder: str, webhook_id: str | None = None) -> None:
    """Lets others have a subscription, or all that `holder` has."""
    await session.execute(_GIVE_BACK, {"holder": holder, "id": webhook_id})


async def move(
    session: AsyncSession, holder: str, held: Held, values: Mapping[str, Any], attempt: Attempt | None = None
) -> Held | None:
    """Writes how far delivery is, with a line of the log; the subscription as it then stands.

    None when somebody else has it by now, or it is over: then nothing was written, or nothing is to be sent any more.
    """
    mine = (webhook.c.id == held.id) & (webhook.c.holder == holder)
    moved = update(webhook).where(mine).values(**values).returning(webhook.c.id)
    if (await session.execute(moved)).scalar() is None:
        return None
    if attempt is not None:
        await session.execute(_line(held, attempt))
    row = (await session.execute(_HELD, {"id": held.id, "holder": holder, "lease": LEASE})).one_or_none()
    return None if row is None else _held(row)


def passed(held: Held, upto: Place) -> dict[str, Any]:
    """The values of `move` when everything up to a place is done with."""
    if not held.replay:
        return {"mark": upto.mark, "position": upto.position}
    last = min(upto.position, held.replay[0][1])
    return {"replay": text(f"replay - {_PASSED}").bindparams(first=held.first, upto=last)}


def _line(held: Held, attempt: Attempt) -> Any:
    values: dict[str, Any] = {"webhook_id": held.id, "event_id": attempt.event_id, "type": attempt.type}
    values |= {"attempt": attempt.number, "outcome": attempt.outcome, "status_code": attempt.status}
    values |= {"error": attempt.error, "duration_ms": attempt.duration_ms, "next_attempt_at": later(attempt.wait)}
    return insert(webhook_delivery).values(**values).inline()


def later(seconds: float | None) -> Any:
    """The moment in so many seconds, by the clock of the database."""
    if seconds is None:
        return None
    return text("now() + make_interval(secs => :seconds)").bindparams(seconds=seconds)


def _held(row: Sequence[Any]) -> Held:
    webhook_id, client_id, url, kinds, unit_id, signature, keys, version, mark, position, *rest = row
    place = Place(mark, position)
    return Held(webhook_id, client_id, url, tuple(kinds), unit_id, signature, list(keys), version, place, *rest)
