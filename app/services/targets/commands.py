"""Assigning targets and amending them: every version stays."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import RowMapping, func, select
from sqlalchemy.dialects.postgresql import insert

from app.clock import today
from app.errors import Conflict, Fault, Invalid, NotFound, PreconditionFailed, invalid
from app.models.rules import target
from app.services import journal
from app.services.books.rules import fiscal_year_start
from app.services.journal import Thing
from app.services.targets.rules import Amendment, NewTarget, check_days, value_faults
from app.services.work import Work

_TRAIL: Final = (
    "fiscal_year", "indicator", "version", "rate_bp", "amount", "milestones", "decision_no", "decision_date",
    "effective_on",
)  # fmt: skip
_EXISTS: Final = {
    "en": "The target exists already; amend it instead.",
    "vi": "Chỉ tiêu đã được giao; hãy điều chỉnh chỉ tiêu đó.",
}


async def assign(work: Work, new: NewTarget) -> str:
    """Assigns a target (giao chỉ tiêu) to a unit or an officer for a fiscal year; returns its id.

    Raises Invalid when the holder is unknown or foreign, Conflict when there is a target already.
    """
    unit_id = _holding(work, new)
    if unit_id is None:
        raise Invalid(faults=[_no_holder(new)])
    check_days(new.fiscal_year, new.decision_date, new.effective_on, today())
    if faults := value_faults(new.indicator, new):
        raise Invalid(faults=faults)
    target_id = await _insert(work, asdict(new) | {"version": 1})
    if target_id is None:
        raise Conflict(_EXISTS)
    await _record(work, target_id, unit_id, "assigned", None, asdict(new) | {"version": 1})
    return target_id


async def assign_many(work: Work, given: Sequence[NewTarget]) -> list[str]:
    """Assigns the targets of one decision to many units or officers at once; returns their ids. All or none.

    They have indicator, fiscal year and days in common, and different holders. Raises Invalid with every fault of every
    one, Conflict when one of them has a target already.
    """
    units = [_holding(work, new) for new in given]
    faults = [_no_holder(new, _at(n)) for n, new in enumerate(given) if units[n] is None]
    faults += [fault for n, new in enumerate(given) for fault in value_faults(new.indicator, new, _at(n))]
    if faults:
        raise Invalid(faults=faults)
    check_days(given[0].fiscal_year, given[0].decision_date, given[0].effective_on, today())
    values = sorted((asdict(new) | {"version": 1} for new in given), key=_holder)
    row = insert(target).values(values).on_conflict_do_nothing()
    made = (await work.session.execute(row.returning(target.c.id, target.c.unit_id, target.c.officer_id))).all()
    if len(made) < len(given):
        raise Conflict(_EXISTS)
    ids = {str(unit_id or officer_id): str(target_id) for target_id, unit_id, officer_id in made}
    things = [
        Thing("target", ids[_holder(asdict(new))], unit_id, after=_shown(asdict(new) | {"version": 1}))
        for new, unit_id in zip(given, units, strict=True)
    ]
    await journal.record_each(work.session, things, action="assigned", actor=work.actor)
    return list(ids.values())


async def amend(work: Work, target_id: str, expected: int | None, amendment: Amendment) -> str:
    """Adds the next version of a target (điều chỉnh chỉ tiêu); returns its id.

    `target_id` is any version of it, `expected` the newest one the caller knows of. Raises NotFound,
    PreconditionFailed when somebody else amended it meanwhile, Invalid when it would take effect before its forerunner.
    """
    newest = await _newest_locked(work, target_id)
    unit_id = _visible_unit(work, newest)
    if expected is not None and newest["version"] != expected:
        raise PreconditionFailed
    check_days(newest["fiscal_year"], amendment.decision_date, amendment.effective_on, today())
    if amendment.effective_on < newest["effective_on"]:
        raise invalid(
            "day-order", "lies before the version it amends", "trước ngày hiệu lực cũ", pointer="/effective_on"
        )
    if faults := value_faults(newest["indicator"], amendment):
        raise Invalid(faults=faults)
    key = {name: newest[name] for name in ("unit_id", "officer_id", "fiscal_year", "indicator")}
    after = {**key, **asdict(amendment), "version": newest["version"] + 1}
    amended_id = await _insert(work, after)
    if amended_id is None:  # the lock on the first version keeps this from happening
        raise PreconditionFailed
    await _record(work, amended_id, unit_id, "amended", dict(newest), after)
    return amended_id


def _holding(work: Work, new: NewTarget) -> str | None:
    """The unit under whose wall the target will stand; None when its holder is unknown or foreign."""
    if new.unit_id is None:
        return _served(work, new.officer_id or "", new.fiscal_year)
    unit = work.ref.visible(work.caller, new.unit_id)
    return None if unit is None else unit.id


def _no_holder(new: NewTarget, at: str = "") -> Fault:
    if new.unit_id is not None:
        message = {"en": "no such unit", "vi": "không có đơn vị này"}
        return Fault("unknown-reference", message, pointer=f"{at}/unit_id")
    message = {"en": "no such officer", "vi": "không có chấp hành viên này"}
    return Fault("unknown-reference", message, pointer=f"{at}/officer_id")


def _at(number: int) -> str:
    return f"/targets/{number}"


def _holder(values: Mapping[str, Any]) -> str:
    return str(values["unit_id"] or values["officer_id"])


def _served(work: Work, officer_id: str, fiscal_year: int) -> str | None:
    """The unit the caller may see in which the officer served last in a fiscal year."""
    officer = work.ref.officers.get(officer_id)
    if officer is None:
        return None
    first, end = fiscal_year_start(fiscal_year), fiscal_year_start(fiscal_year + 1)
    units = [p.unit_id for p in officer.postings if p.since < end and p.until > first]
    return next((unit_id for unit_id in reversed(units) if work.ref.visible(work.caller, unit_id)), None)


def _visible_unit(work: Work, row: RowMapping) -> str:
    """The unit under whose wall the target stands; NotFound when the caller may not see it."""
    unit_id = row["unit_id"]
    if unit_id is not None:
        seen = work.ref.visible(work.caller, str(unit_id))
        found = seen.id if seen else None
    else:
        found = _served(work, str(row["officer_id"]), row["fiscal_year"])
    if found is None:
        raise NotFound
    return found


async def _newest_locked(work: Work, target_id: str) -> RowMapping:
    """The newest version of the target; amendments of it come one after the other."""
    same = ("unit_id", "officer_id", "fiscal_year", "indicator")
    found = (await work.session.execute(select(target).where(target.c.id == target_id))).mappings().first()
    if found is None:
        raise NotFound
    versions = select(target).where(*(target.c[name].is_not_distinct_from(found[name]) for name in same))
    key = " ".join(str(found[name]) for name in same)
    # nobody may rewrite a version, so there is no row that the service could lock
    await work.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))
    newest = await work.session.execute(versions.order_by(target.c.version.desc()).limit(1))
    return newest.mappings().one()


async def _insert(work: Work, values: dict[str, Any]) -> str | None:
    row = insert(target).values(values).on_conflict_do_nothing().returning(target.c.id)
    found = (await work.session.execute(row)).scalar()
    return None if found is None else str(found)


async def _record(
    work: Work, target_id: str, unit_id: str, action: str, before: dict[str, Any] | None, after: dict[str, Any]
) -> None:
    await journal.record(
        work.session,
        subject="target",
        subject_id=target_id,
        unit_id=unit_id,
        version=after["version"],
        action=action,
        actor=work.actor,
        before=before and _shown(before),
        after=_shown(after),
    )


def _shown(row: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(row[name]) for name in _TRAIL}
