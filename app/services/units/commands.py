"""Changing the map: new units, new names, ends, successors. Facts are read again under lock, never from the cache."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from sqlalchemy import Row, delete, insert, select, text, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import today
from app.db import in_context
from app.errors import Conflict, Fault, Invalid, NotFound, PreconditionFailed, invalid
from app.models.organisation import unit as unit_table
from app.models.organisation import unit_name, unit_successor
from app.services import journal
from app.services.access import SERVICE
from app.services.reference import FOREVER, Unit
from app.services.units import rules
from app.services.units.rules import Names, ending
from app.services.work import Work


@dataclass(frozen=True, slots=True)
class NewUnit:
    """A unit to be put on the map; `until` is FOREVER when no end is known."""

    code: str
    name: str
    level: str
    province_code: str | None
    parent_id: str
    since: date
    until: date


@dataclass(frozen=True, slots=True)
class UnitChange:
    """What changes of a unit; None leaves it, `until` FOREVER takes its end back."""

    name: str | None = None
    name_since: date | None = None
    until: date | None = None


async def create_unit(work: Work, new: NewUnit) -> Unit:
    """Puts a unit on the map.

    Raises Invalid for an unknown parent, a level that cannot stand below it, days outside its validity; Conflict when
    the code belongs to another unit on one of the days.
    """
    if work.ref.visible(work.caller, new.parent_id) is None:
        raise invalid("unknown-reference", "no such unit", "không có đơn vị này", pointer="/parent_id")
    parent = await _locked(work, new.parent_id)  # makes two new siblings wait for each other's number
    rules.check_new(parent, new.level, new.since, new.until)
    siblings = await work.session.execute(select(unit_table.c.path).where(unit_table.c.parent_id == parent.id))
    path = rules.new_path(parent, new.level, siblings.scalars().all(), new.province_code)
    values = {
        "code": new.code,
        "province_code": new.province_code,
        "level": new.level,
        "parent_id": parent.id,
        "path": path,
        "validity": _range(new.since, new.until),
    }
    inserted = insert(unit_table).values(values).returning(unit_table.c.id)
    unit_id = str((await _code_free(work.session, inserted)).scalar_one())
    names = ((new.since, new.until, new.name),)
    unit = Unit(
        id=unit_id,
        code=new.code,
        province_code=new.province_code,
        level=new.level,
        parent_id=parent.id,
        path=path,
        since=new.since,
        until=new.until,
        version=1,
        names=names,
        successors=(),
        predecessors=(),
    )
    await _write_names(work.session, unit_id, names)
    await _record(work, unit, "created", None)
    return unit


async def change_unit(work: Work, unit_id: str, expected: int | None, change: UnitChange) -> Unit:
    """Renames a unit from a day on, sets its end, or both; returns it as it is then.

    Raises NotFound, PreconditionFailed, Invalid, and Conflict when something would outlive the unit.
    """
    if work.ref.visible(work.caller, unit_id) is None:
        raise NotFound
    before = await _locked(work, unit_id)
    if expected is not None and before.version != expected:
        raise PreconditionFailed
    after = before
    if change.until is not None and change.until != before.until:
        await _check_end(work, before, change.until)
        after = replace(after, until=change.until, names=rules.ended(before, change.until))
    if change.name is not None and change.name_since is not None:
        after = replace(after, names=rules.renamed(after, change.name, change.name_since))
    after = replace(after, version=before.version + 1)
    values = {"validity": _range(after.since, after.until), "version": after.version}
    await _code_free(work.session, update(unit_table).where(unit_table.c.id == unit_id).values(values))
    await _write_names(work.session, unit_id, after.names)
    await _record(work, after, "changed", before)
    return after


async def add_successors(work: Work, unit_id: str, successor_ids: Sequence[str]) -> Unit:
    """Names the units that took over from one that has ended, from the day it ended.

    Raises NotFound, Invalid for successors that are unknown or not there on the day, Conflict while the unit goes on or
    when it has one of them already.
    """
    if work.ref.visible(work.caller, unit_id) is None:
        raise NotFound
    unknown = [n for n, other in enumerate(successor_ids) if work.ref.visible(work.caller, other) is None]
    if unknown:
        message = {"en": "no such unit", "vi": "không có đơn vị này"}
        raise Invalid(faults=[Fault("unknown-reference", message, f"/successor_ids/{n}") for n in unknown])
    locked = {other: await _locked(work, other) for other in sorted({unit_id, *successor_ids})}
    before = locked[unit_id]
    since = rules.check_successors(before, [locked[other] for other in successor_ids])
    links = [{"predecessor_id": unit_id, "successor_id": other, "since": since} for other in successor_ids]
    try:
        await work.session.execute(insert(unit_successor), links)
    except IntegrityError:
        raise Conflict({"en": "It is a successor already.", "vi": "Đã là đơn vị kế thừa."}) from None
    version = {"version": before.version + 1}
    await work.session.execute(update(unit_table).where(unit_table.c.id == unit_id).values(version))
    successors = tuple(sorted({*before.successors, *successor_ids}))
    after = replace(before, version=before.version + 1, successors=successors)
    await _record(work, after, "succeeded", before)
    return after


def _range(since: date, until: date) -> Range[date]:
    return Range(since, ending(until), bounds="[)")


async def _locked(work: Work, unit_id: str) -> Unit:
    """The unit as the database has it now; what changes it, its children or its postings waits."""
    columns = unit_table.c
    query = select(columns.validity, columns.version).where(columns.id == unit_id).with_for_update(key_share=True)
    validity, version = (await work.session.execute(query)).one()
    named = unit_name.c
    spans = select(named.validity, named.name).where(named.unit_id == unit_id).order_by(named.validity)
    names = await work.session.execute(spans)
    linked = unit_successor.c
    successors = await work.session.execute(select(linked.successor_id).where(linked.predecessor_id == unit_id))
    return replace(
        work.ref.units[unit_id],
        since=validity.lower or date.min,
        until=validity.upper or FOREVER,
        version=version,
        names=tuple((span.lower or date.min, span.upper or FOREVER, name) for span, name in names),
        successors=tuple(sorted(str(other) for other in successors.scalars())),
    )


async def _code_free(session: AsyncSession, statement: Any) -> Any:
    """Runs what may give a code to two units on one day, which only the database can see."""
    try:
        return await session.execute(statement)
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", "") != "23P01":
            raise
        raise Conflict(
            {
                "en": "The code belongs to another unit on one of these days.",
                "vi": "Mã đã thuộc đơn vị khác trong thời gian này.",
            }
        ) from None


async def _write_names(session: AsyncSession, unit_id: str, names: Names) -> None:
    await session.execute(delete(unit_name).where(unit_name.c.unit_id == unit_id))
    rows = [{"unit_id": unit_id, "name": name, "validity": _range(since, until)} for since, until, name in names]
    await session.execute(insert(unit_name), rows)


_OUTLIVING: Final = text("""
    SELECT
        EXISTS (SELECT FROM unit c WHERE c.parent_id = u.id AND NOT c.validity <@ d.days) AS children,
        EXISTS (SELECT FROM officer_posting p WHERE p.unit_id = u.id AND NOT p.validity <@ d.days) AS postings,
        :over AND EXISTS (SELECT FROM enforcement_case e
                          WHERE e.unit_id = u.id AND (e.is_open OR e.account = 'register')) AS cases,
        EXISTS (SELECT FROM unit_successor s WHERE s.predecessor_id = u.id) AS succeeded,
        EXISTS (SELECT FROM unit a WHERE a.id = u.parent_id AND NOT d.days <@ a.validity) AS parent
    FROM unit u, (SELECT daterange(lower(o.validity), :until) AS days FROM unit o WHERE o.id = :id) d
    WHERE u.id = :id""")
_OUTLIVES: Final = {
    "children": ("Units below it exist longer.", "Đơn vị cấp dưới tồn tại lâu hơn."),
    "postings": ("Officers are posted there longer.", "Còn chấp hành viên công tác sau ngày này."),
    "cases": ("It still has cases; hand them over first.", "Còn việc chưa bàn giao."),
    "succeeded": ("Its successors have taken over on the day it ended.", "Đã có đơn vị kế thừa từ ngày kết thúc."),
    "parent": ("Its parent ends before.", "Đơn vị cấp trên kết thúc trước đó."),
}


async def _check_end(work: Work, unit: Unit, until: date) -> None:
    """Raises Conflict when children, postings, cases, successors or the parent contradict the end."""
    if until <= unit.since:
        return  # the rule that cuts the names says so
    given = {"id": unit.id, "until": ending(until), "over": until <= today()}
    async with in_context(work.session, SERVICE):  # cases that the caller is not cleared for stay there too
        found: Row[Any] = (await work.session.execute(_OUTLIVING, given)).one()
    broken = [name for name, holds in found._mapping.items() if holds]
    if broken:
        texts = [_OUTLIVES[name] for name in broken]
        raise Conflict({"en": " ".join(t[0] for t in texts), "vi": " ".join(t[1] for t in texts)})


async def _record(work: Work, unit: Unit, action: str, before: Unit | None) -> None:
    await journal.record(
        work.session,
        subject="unit",
        subject_id=unit.id,
        unit_id=unit.id,
        version=unit.version,
        action=action,
        actor=work.actor,
        before=None if before is None else _shown(before),
        after=_shown(unit),
    )


def _shown(unit: Unit) -> dict[str, Any]:
    return {
        "code": unit.code,
        "level": unit.level,
        "parent_id": unit.parent_id,
        "since": str(unit.since),
        "until": None if unit.until == FOREVER else str(unit.until),
        "names": [{"since": str(since), "name": name} for since, _, name in unit.names],
        "successors": list(unit.successors),
    }
