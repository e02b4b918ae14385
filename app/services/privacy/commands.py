"""Personal data: holding those of a case, taking them from cases that are due, giving them to whom they are about.

Who holds locks the case, who takes data away locks it before looking for holds; so a hold is never overlooked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import RowMapping, insert, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Row, Within
from app.errors import Conflict, NotFound, PreconditionFailed
from app.models.privacy import legal_hold
from app.services import journal
from app.services.access import Actor
from app.services.journal import Thing
from app.services.privacy import queries, rules
from app.services.privacy.export_queries import PARTY, RELATIVE, Wanted, held_about
from app.services.privacy.rules import NewHold, RetentionClass
from app.services.work import Work


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction did: cases it looked at, cases whose personal data it took, and the people in them."""

    locked: int
    cases: int
    people: int


async def place_hold(work: Work, case_id: str, new: NewHold) -> None:
    """Holds the personal data of a case from a day on. Raises NotFound, Invalid, Conflict when they are held then."""
    rules.check_hold(new.since, new.until)
    unit_id, holds = await _locked(work, case_id)
    values = {
        "case_id": case_id,
        "validity": Range(new.since, new.until, bounds="[)"),
        "reason": new.reason,
        "client_id": work.actor.client_id,
        "person_id": work.actor.person.id if work.actor.person else None,
    }
    try:
        await work.session.execute(insert(legal_hold).values(values))
    except IntegrityError:
        raise Conflict({"en": "The data are held on these days.", "vi": "Dữ liệu đang được giữ."}) from None
    await _record(work, case_id, unit_id, _version(holds) + 1, "placed", None, new.until)


async def change_hold(work: Work, case_id: str, expected: int | None, until: date | None) -> None:
    """Sets the end of the last hold of a case, or takes it back (None).

    Raises NotFound, PreconditionFailed, Invalid, and Conflict when there was no hold.
    """
    unit_id, holds = await _locked(work, case_id)
    if not holds:
        raise Conflict({"en": "There is no hold to change.", "vi": "Chưa có yêu cầu giữ dữ liệu."})
    if expected is not None and expected != _version(holds):
        raise PreconditionFailed
    held: Range[date] = holds[-1]["validity"]
    since = held.lower or date.min
    rules.check_hold(since, until)
    last = update(legal_hold).where(legal_hold.c.case_id == case_id, legal_hold.c.validity == held)
    values = {"validity": Range(since, until, bounds="[)"), "version": legal_hold.c.version + 1}
    await work.session.execute(last.values(values))
    await _record(work, case_id, unit_id, _version(holds) + 1, "changed", held.upper, until)


async def anonymise(
    session: AsyncSession, actor: Actor, classes: Sequence[RetentionClass], on: date, limit: int
) -> Batch:
    """Takes the personal data of individuals from at most `limit` cases that are due and not held (khử nhận dạng).

    Books, amounts and everything else of the case stay. Once done, a case is not due again, unless parties are put in.
    """
    db = Within(session)
    locked = await queries.lock_due(db, rules.due_states(classes, on), on, limit)
    done = await queries.anonymise_locked(db, locked, on) if locked else []
    by_state = {state: found for found in classes for state in found.states}
    things = [
        Thing("case", case_id, unit_id, version, {"class": by_state[state].code, "people": people})
        for case_id, unit_id, version, state, people in done
    ]
    await journal.record_each(session, things, action="anonymised", actor=actor)
    return Batch(len(locked), len(done), sum(row[-1] for row in done))


async def forget_relatives(session: AsyncSession, actor: Actor, ended: date, limit: int) -> int:
    """Removes at most `limit` entries of relatives that were over on a day; returns how many."""
    removed = await queries.remove_over(Within(session), ended, limit)
    things = [
        Thing("officer_relative", relative_id, unit_id, version + 1, {"officer_id": officer_id})
        for relative_id, unit_id, version, officer_id in removed
    ]
    await journal.record_each(session, things, action="removed", actor=actor)
    return len(removed)


async def export(work: Work, wanted: Wanted, purpose: str) -> list[Row]:
    """Rows of `held_about`; what is shown goes on record, and so does the request, found anything or not."""
    found = await held_about(Within(work.session), work.ref, work.caller, wanted)
    shown = found[: wanted.limit]
    kinds = {PARTY: "case", RELATIVE: "officer_relative"}
    things = {about: Thing(kinds[part], about, unit_id) for part, _, about, unit_id, *_ in shown if part in kinds}
    await journal.seen_each(work.session, list(things.values()), actor=work.actor, purpose=purpose)
    await journal.seen(
        work.session,
        subject="data_subject",
        subject_id=wanted.digest,
        unit_id=work.caller.person.unit_id if work.caller.person else None,
        actor=work.actor,
        purpose=purpose,
        shown={"items": len(shown), "more": len(found) > wanted.limit},
    )
    return found


async def _locked(work: Work, case_id: str) -> tuple[str, Sequence[RowMapping]]:
    """The unit of the case, which is locked for this transaction, and its holds, oldest first. Raises NotFound."""
    found = await queries.lock_case(Within(work.session), work.ref.scope(work.caller, None), case_id)
    if found is None:
        raise NotFound
    columns = legal_hold.c
    query = select(columns.validity, columns.version).where(columns.case_id == case_id).order_by(columns.validity)
    return found[0], (await work.session.execute(query)).mappings().all()


def _version(holds: Sequence[RowMapping]) -> int:
    return 1 + sum(int(hold["version"]) for hold in holds)


async def _record(
    work: Work, case_id: str, unit_id: str, version: int, action: str, before: date | None, after: date | None
) -> None:
    def shown(until: date | None) -> dict[str, Any]:
        return {"until": until and str(until)}

    await journal.record(
        work.session,
        subject="legal_hold",
        subject_id=case_id,
        unit_id=unit_id,
        version=version,
        action=action,
        actor=work.actor,
        before=None if action == "placed" else shown(before),
        after=shown(after),
    )
