"""Registering relatives of officers, and keeping officers from their relatives' cases.

Who registers holds the officer's row, who assigns a case shares it; so of two at the same time one sees the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import RowMapping, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from app.clock import today
from app.db import Row, Within
from app.errors import Conflict, ConflictOfInterest, NotFound, PreconditionFailed
from app.models.organisation import officer
from app.models.privacy import officer_relative
from app.services import journal
from app.services.cases.rules import masked, search_form
from app.services.journal import Thing
from app.services.officers.commands import locked_officer
from app.services.reference import Officer
from app.services.relatives import queries, rules
from app.services.relatives.rules import NewRelative
from app.services.work import Work

_CONFLICTS: Final = text("""
    SELECT case_id::text, relation FROM conflicts_of_interest(
        CAST(:cases AS uuid[]), CAST(:officers AS uuid[]), CAST(:since AS date[]), :to_day)""")
_CASES: Final = text("SELECT same_number, same_name FROM cases_of_relative(:officer, :number, :name)")


@dataclass(frozen=True, slots=True)
class Registered:
    """A new entry, and how many open cases the officer has with that person as a party.

    `open_cases` go by identity number and must be handed over; `same_name_cases` have a party of that name without
    a number and must be looked at.
    """

    id: str
    open_cases: int
    same_name_cases: int


async def register(work: Work, officer_id: str, new: NewRelative) -> Registered:
    """Puts a relative on the register of an officer; cases the officer has already stay until they are handed over.

    Raises NotFound, Invalid, and Conflict while the same person is on it.
    """
    rules.check_days(new.since, new.until)
    about = await locked_officer(work, officer_id)
    values = {
        "officer_id": officer_id,
        "relation": new.relation,
        "name": new.name,
        "masked_name": masked(new.name, "individual"),
        "id_number": new.id_number,
        "since": new.since,
        "until": new.until,
    }
    inserted = insert(officer_relative).values(values).returning(officer_relative.c.id)
    try:
        relative_id = str((await work.session.execute(inserted)).scalar_one())
    except IntegrityError:
        raise _already() from None
    sought = {"officer": officer_id, "number": new.id_number, "name": search_form(new.name)}
    same_number, same_name = (await work.session.execute(_CASES, sought)).one()
    after = {"since": str(new.since), "until": new.until and str(new.until), "open_cases": same_number}
    await _record(work, about, relative_id, 1, "registered", None, after)
    return Registered(relative_id, same_number, same_name)


async def end(work: Work, officer_id: str, relative_id: str, expected: int | None, until: date | None) -> None:
    """Ends an entry on a day, or takes its end back (None). Raises NotFound, PreconditionFailed, Invalid, Conflict."""
    about = await locked_officer(work, officer_id)
    before = await _entry(work, officer_id, relative_id)
    if expected is not None and before["version"] != expected:
        raise PreconditionFailed
    rules.check_days(before["since"], until)
    changed = update(officer_relative).where(officer_relative.c.id == relative_id)
    try:
        await work.session.execute(changed.values(until=until, version=before["version"] + 1))
    except IntegrityError:
        raise _already() from None
    ends = [{"until": day and str(day)} for day in (before["until"], until)]
    await _record(work, about, relative_id, before["version"] + 1, "ended", *ends)


async def unmasked(work: Work, officer_id: str, after: tuple[Any, ...] | None, limit: int, purpose: str) -> list[Row]:
    """Unmasked rows of `list_relatives`, one more when there are more; what is shown goes on record."""
    found = await queries.list_relatives(Within(work.session), officer_id, after, limit + 1, unmasked=True)
    unit_id = work.ref.officers[officer_id].postings[-1].unit_id
    things = [Thing("officer_relative", row[0], unit_id) for row in found[:limit]]
    await journal.seen_each(work.session, things, actor=work.actor, purpose=purpose)
    return found


async def conflicts(work: Work, cases: Mapping[str, tuple[str, date]]) -> dict[str, ConflictOfInterest]:
    """Why the officers, who are to have the cases from a day on, may not: those who are a party or a relative of one.

    Source: Article 21(5) of the Law on Civil Judgment Enforcement 2008. People are compared by identity number.
    """
    officers = sorted({officer_id for officer_id, _ in cases.values()})
    held = select(officer.c.id).where(officer.c.id.in_(officers)).order_by(officer.c.id).with_for_update(read=True)
    await work.session.execute(held)  # by itself: the next statement has to see what was registered until now
    asked = {
        "cases": list(cases),
        "officers": [officer_id for officer_id, _ in cases.values()],
        "since": [since for _, since in cases.values()],
    }
    found = await work.session.execute(_CONFLICTS, {**asked, "to_day": today()})
    shown = "cases:read.pii" in work.caller.scopes
    return {case_id: rules.conflict(relation, shown=shown) for case_id, relation in found}


async def _entry(work: Work, officer_id: str, relative_id: str) -> RowMapping:
    columns = officer_relative.c
    query = select(columns.since, columns.until, columns.version).where(
        columns.id == relative_id, columns.officer_id == officer_id
    )
    found = (await work.session.execute(query)).mappings().first()
    if found is None:
        raise NotFound
    return found


def _already() -> Conflict:
    return Conflict({"en": "This person is on the register already.", "vi": "Người này đã có trong danh sách."})


async def _record(
    work: Work,
    about: Officer,
    relative_id: str,
    version: int,
    action: str,
    before: dict[str, Any] | None,
    after: dict[str, Any],
) -> None:
    await journal.record(
        work.session,
        subject="officer_relative",
        subject_id=relative_id,
        unit_id=about.postings[-1].unit_id,
        version=version,
        action=action,
        actor=work.actor,
        before=before,
        after={"officer_id": about.id, **after},
    )
