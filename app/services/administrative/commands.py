"""Taking administrative judgments on, following what becomes of them, and ending their tracking."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from app.clock import today
from app.errors import Conflict, NotFound, PreconditionFailed, invalid
from app.models.administrative import administrative_judgment
from app.services import journal
from app.services.administrative import queries
from app.services.administrative.rules import NewJudgment, check, check_open
from app.services.periods.queries import held_open
from app.services.reference import Reference, Unit
from app.services.work import Work


async def accept(work: Work, new: NewJudgment) -> str:
    """Takes a judgment on (thụ lý theo dõi); returns its id.

    Raises Invalid when unit or officer is unknown or foreign, or the days cannot be; Conflict when the month is closed
    or the unit has the file number already.
    """
    unit = _known_unit(work, new)
    if new.officer_id is not None:
        _check_officer(work.ref, new.officer_id, unit, {new.accepted_on, today()})
    check({**asdict(new), "ended_on": None, "outcome": None}, today())
    check_open([new.accepted_on], await held_open(work.session))
    row = insert(administrative_judgment).values(**asdict(new), unit_path=unit.path)
    try:
        judgment_id = str((await work.session.execute(row.returning(administrative_judgment.c.id))).scalar_one())
    except IntegrityError:
        raise Conflict({"en": "The unit has this file number already.", "vi": "Số hồ sơ đã có tại đơn vị."}) from None
    await _record(work, judgment_id, unit, 1, "accepted", {}, asdict(new))
    return judgment_id


async def change(work: Work, judgment_id: str, expected: int | None, given: Mapping[str, Any]) -> None:
    """Changes some members of a judgment; its end, or taking that back, is a change like any other.

    Raises NotFound, PreconditionFailed, Invalid, Conflict when the day of the end, or of the one on record, lies in a
    closed month.
    """
    before = await _locked(work, judgment_id, expected)
    after = {**before, **given}
    unit = work.ref.units[str(before["unit_id"])]
    if given.get("officer_id") is not None:
        _check_officer(work.ref, given["officer_id"], unit, {today()})
    check(after, today())
    if any(after[name] != before[name] for name in ("ended_on", "outcome")):
        check_open([before["ended_on"], after["ended_on"]], await held_open(work.session))
    version = before["version"] + 1
    row = update(administrative_judgment).where(administrative_judgment.c.id == judgment_id)
    await work.session.execute(row.values(**given, version=version))
    action = "ended" if before["ended_on"] is None and after["ended_on"] is not None else "changed"
    await _record(work, judgment_id, unit, version, action, {name: before[name] for name in given}, given)


def _known_unit(work: Work, new: NewJudgment) -> Unit:
    """The unit of the day, also one that units of the caller succeeded; unknown and foreign sound the same."""
    unit = work.ref.units.get(new.unit_id)
    seen = work.ref.family(work.caller.paths)
    if unit is None or not unit.path.startswith(seen) or not unit.existed(new.accepted_on):
        raise invalid("unknown-reference", "no such unit on that day", "không có đơn vị này", pointer="/unit_id")
    return unit


def _check_officer(ref: Reference, officer_id: str, unit: Unit, days: set[date]) -> None:
    """The officer serves in the unit, or in one that succeeded it, on one of the days."""
    officer = ref.officers.get(officer_id)
    postings = [officer.posting(day) for day in days] if officer else []
    if not {posting.unit_id for posting in postings if posting} & {u.id for u in _line(ref, unit)}:
        en, vi = "no such officer there", "không có chấp hành viên này"
        raise invalid("unknown-reference", en, vi, pointer="/officer_id")


def _line(ref: Reference, unit: Unit) -> list[Unit]:
    """A unit and all that succeeded it, one after the other."""
    found = [unit]
    for one in found:  # grows while it is gone through
        found += [ref.units[i] for i in one.successors if ref.units[i] not in found]
    return found


async def _locked(work: Work, judgment_id: str, expected: int | None) -> dict[str, Any]:
    scope = queries.scope_of(work.ref, work.caller, None)
    connection = await work.session.connection()
    sql = f"{queries.one_judgment(scope)} FOR NO KEY UPDATE"
    found = (await connection.exec_driver_sql(sql, {"id": judgment_id, **scope.wall()})).mappings().first()
    if found is None:
        raise NotFound
    if expected is not None and found["version"] != expected:
        raise PreconditionFailed
    return dict(found)


async def _record(
    work: Work,
    judgment_id: str,
    unit: Unit,
    version: int,
    action: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    """The trail, under the unit that goes on with it today."""
    await journal.record(
        work.session,
        subject="administrative_judgment",
        subject_id=judgment_id,
        unit_id=_line(work.ref, unit)[-1].id,
        version=version,
        action=action,
        actor=work.actor,
        before=_shown(before),
        after=_shown(after),
    )


def _shown(values: Mapping[str, Any]) -> dict[str, str | None]:
    return {name: None if value is None else str(value) for name, value in values.items()}
