"""Officers come, move, change rank and leave; postings are read again under lock, never from the cache."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError

from app.errors import Conflict, NotFound, PreconditionFailed, invalid
from app.models.organisation import officer as officer_table
from app.models.organisation import officer_posting
from app.models.organisation import unit as unit_table
from app.services import journal
from app.services.access import Visibility
from app.services.officers import rules
from app.services.officers.rules import Postings
from app.services.reference import FOREVER, Officer, Posting, Unit
from app.services.units.rules import ending
from app.services.work import Work


@dataclass(frozen=True, slots=True)
class NewPosting:
    """Where an officer serves from a day on."""

    unit_id: str
    rank: str
    since: date


@dataclass(frozen=True, slots=True)
class OfficerChange:
    """What changes of an officer; None leaves it, `until` FOREVER takes the leaving back."""

    name: str | None = None
    posting: NewPosting | None = None
    until: date | None = None


async def create_officer(work: Work, code: str, name: str, posting: NewPosting) -> Officer:
    """A new officer with a first posting.

    Raises Invalid for a unit that is unknown or not there on the day, Conflict when the code is taken.
    """
    unit = await _unit(work, posting.unit_id)
    postings = rules.posted((), unit, posting.rank, posting.since)
    inserted = insert(officer_table).values(code=code, name=name).returning(officer_table.c.id)
    try:
        officer_id = str((await work.session.execute(inserted)).scalar_one())
    except IntegrityError:
        raise Conflict({"en": "The code belongs to another officer.", "vi": "Mã đã thuộc người khác."}) from None
    officer = Officer(officer_id, code, name, 1, postings)
    await _write(work, officer)
    await _record(work, officer, "created", None)
    return officer


async def change_officer(work: Work, officer_id: str, expected: int | None, change: OfficerChange) -> Officer:
    """Renames, posts or dismisses an officer who serves, or last served, in a unit of the caller.

    Raises NotFound, PreconditionFailed, Invalid, and Conflict when a later posting is on record.
    """
    before = await locked_officer(work, officer_id)
    if expected is not None and before.version != expected:
        raise PreconditionFailed
    postings = before.postings
    if change.until is not None:
        postings = rules.left(postings, await _unit(work, postings[-1].unit_id), change.until)
    if change.posting is not None:
        unit = await _unit(work, change.posting.unit_id)
        postings = rules.posted(postings, unit, change.posting.rank, change.posting.since)
    after = replace(before, name=change.name or before.name, postings=postings, version=before.version + 1)
    values = {"name": after.name, "version": after.version}
    await work.session.execute(update(officer_table).where(officer_table.c.id == officer_id).values(values))
    await _write(work, after)
    await _record(work, after, "changed", before)
    return after


async def _unit(work: Work, unit_id: str) -> Unit:
    """The unit with its validity as the database has it; its end cannot be set until this transaction is over."""
    unit = work.ref.visible(work.caller, unit_id)
    if unit is None:
        raise invalid("unknown-reference", "no such unit", "không có đơn vị này", pointer="/posting/unit_id")
    query = select(unit_table.c.validity).where(unit_table.c.id == unit_id).with_for_update(read=True)
    validity: Range[date] = (await work.session.execute(query)).scalar_one()
    return replace(unit, since=validity.lower or date.min, until=validity.upper or FOREVER)


async def locked_officer(work: Work, officer_id: str) -> Officer:
    """The officer, locked for a change, who serves or last served in a unit of the caller. Raises NotFound."""
    columns = officer_table.c
    query = select(columns.code, columns.name, columns.version).where(columns.id == officer_id)
    found = (await work.session.execute(query.with_for_update(key_share=True))).first()
    if found is None:
        raise NotFound
    served = officer_posting.c
    rows = await work.session.execute(
        select(served.unit_id, served.rank, served.validity)
        .where(served.officer_id == officer_id)
        .order_by(served.validity)
    )
    postings = tuple(
        Posting(str(unit_id), rank, validity.lower or date.min, validity.upper or FOREVER)
        for unit_id, rank, validity in rows
    )
    if not postings or work.ref.visible(work.caller, postings[-1].unit_id) is None:
        raise NotFound
    return Officer(officer_id, found.code, found.name, found.version, postings)


async def _write(work: Work, officer: Officer) -> None:
    await work.session.execute(delete(officer_posting).where(officer_posting.c.officer_id == officer.id))
    rows = [
        {
            "officer_id": officer.id,
            "unit_id": posting.unit_id,
            "rank": posting.rank,
            "validity": Range(posting.since, ending(posting.until), bounds="[)"),
        }
        for posting in officer.postings
    ]
    await work.session.execute(insert(officer_posting), rows)


async def _record(work: Work, officer: Officer, action: str, before: Officer | None) -> None:
    now = officer.postings[-1].unit_id
    was = now if before is None else before.postings[-1].unit_id
    await journal.record(
        work.session,
        subject="officer",
        subject_id=officer.id,
        unit_id=now,
        version=officer.version,
        action=action,
        actor=work.actor,
        before=None if before is None else _shown(before.name, before.postings),
        after=_shown(officer.name, officer.postings),
        was=None if was == now else Visibility(work.ref.units[was].path),
    )


def _shown(name: str, postings: Postings) -> dict[str, Any]:
    served = [{"unit_id": p.unit_id, "rank": p.rank, "since": str(p.since), "until": _day(p.until)} for p in postings]
    return {"name": name, "postings": served}


def _day(day: date) -> str | None:
    return None if day == FOREVER else str(day)
