"""New matters, their class, and how steering committees begin to track them, follow their state and stop."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError

from app.db import in_context
from app.errors import Conflict, NotFound, PreconditionFailed, invalid
from app.models import aggregates as agg
from app.models.organisation import matter, matter_tracking
from app.services import journal
from app.services.access import ORDINARY, SERVICE, Visibility, wall
from app.services.journal import Thing
from app.services.matters import rules
from app.services.matters.rules import Stretch
from app.services.public_debtors.commands import keep_listed
from app.services.reference import FOREVER
from app.services.units.rules import ending
from app.services.work import Work


@dataclass(frozen=True, slots=True)
class TrackingChange:
    """What changes of a tracking: the state from a day on, the end, or both, in this order."""

    state: str | None = None
    state_since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class _Matter:
    id: str
    name: str
    unit_path: str
    ever_tracked: bool
    confidentiality: int
    version: int


async def create_matter(work: Work, code: str, name: str, unit_id: str, confidentiality: int = ORDINARY) -> str:
    """A new matter that belongs to a unit of the caller; returns its id.

    Raises Invalid for an unknown unit or a class above the caller's own, Conflict when the code is taken.
    """
    _check_class(work, confidentiality)
    unit = work.ref.visible(work.caller, unit_id)
    if unit is None:
        raise invalid("unknown-reference", "no such unit", "không có đơn vị này", pointer="/unit_id")
    try:
        values = {"code": code, "name": name, "unit_path": unit.path, "confidentiality": confidentiality}
        inserted = insert(matter).values(values).returning(matter.c.id)
        matter_id = str((await work.session.execute(inserted)).scalar_one())
    except IntegrityError:
        raise Conflict({"en": "The code belongs to another matter.", "vi": "Mã đã thuộc vụ khác."}) from None
    made = _Matter(matter_id, name, unit.path, False, confidentiality, 1)
    await _record(work, made, 1, "created", {}, {"code": code, "name": name, "confidentiality": confidentiality})
    return matter_id


async def change_matter(
    work: Work, matter_id: str, expected: int | None, *, name: str | None = None, confidentiality: int | None = None
) -> None:
    """Corrects the name of a matter, sets its class and with it that of its cases, or both; None leaves a thing.

    Raises NotFound, PreconditionFailed, Invalid for a class above the caller's own.
    """
    before = await _locked(work, matter_id, expected)
    given: dict[str, Any] = {"name": name, "confidentiality": confidentiality}
    values = {member: value for member, value in given.items() if value is not None}
    if confidentiality is not None and confidentiality != before.confidentiality:
        _check_class(work, confidentiality)
        async with in_context(work.session, SERVICE):  # its cases may lie beyond what the caller sees
            await _class_cases(work, before, confidentiality)
    version = await _bump(work, before, **values)
    after = replace(before, confidentiality=values.get("confidentiality", before.confidentiality))
    was = None if after == before else Visibility(before.unit_path, before.confidentiality, ())
    await _record(work, after, version, "changed", {member: getattr(before, member) for member in values}, values, was)


def _check_class(work: Work, confidentiality: int) -> None:
    if confidentiality > work.caller.clearance:
        en, vi = "above your own class", "cao hơn mức được phép"
        raise invalid("above-clearance", en, vi, pointer="/confidentiality")


_CLASS_CASES: Final = text("""
    UPDATE enforcement_case SET confidentiality = :class, version = version + 1
    WHERE matter_id = CAST(:id AS uuid) AND confidentiality <> :class
    RETURNING id::text, unit_id::text, new.version, old.confidentiality""")


async def _class_cases(work: Work, before: _Matter, confidentiality: int) -> None:
    given = {"id": before.id, "class": confidentiality}
    changed = sorted(tuple(row) for row in await work.session.execute(_CLASS_CASES, given))
    after = {"confidentiality": confidentiality}
    things = [
        Thing("case", case_id, unit_id, version, after, confidentiality, was)
        for case_id, unit_id, version, was in changed
    ]
    await journal.record_each(work.session, things, action="classified", actor=work.actor)
    await keep_listed(work.session, [thing.subject_id for thing in things])


async def start_tracking(work: Work, matter_id: str, level: str, since: date, state: str) -> None:
    """A steering committee begins to track the matter on a day.

    The first tracking of a matter marks its cases and moves its open stock under its own key. Raises NotFound,
    Conflict while a committee of that level tracks it.
    """
    before = await _locked(work, matter_id, None)
    was = await _stretches(work, matter_id, level)
    now = rules.started(was, since, state)
    await _write(work, matter_id, level, now)
    if not before.ever_tracked:
        async with in_context(work.session, SERVICE):  # its cases may lie beyond what the caller sees
            await work.session.execute(_MARK_CASES, {"id": matter_id})
    version = await _bump(work, before, ever_tracked=True)
    await _record(work, before, version, "tracking_started", _shown(level, was), _shown(level, now))


async def change_tracking(work: Work, matter_id: str, expected: int | None, level: str, change: TrackingChange) -> None:
    """Follows the state of a tracked matter, or ends the tracking.

    Raises NotFound, PreconditionFailed, InvalidTransition, Invalid, Conflict when tracking is over.
    """
    before = await _locked(work, matter_id, expected)
    was = await _stretches(work, matter_id, level)
    if not was:
        raise NotFound
    now = was
    if change.state is not None and change.state_since is not None:
        now = rules.moved(now, change.state, change.state_since)
    if change.until is not None:
        now = rules.ended(now, change.until)
    await _write(work, matter_id, level, now)
    version = await _bump(work, before)
    await _record(work, before, version, "tracking_changed", _shown(level, was), _shown(level, now))


# Cases carry the mark so that the flag is an index range; the rollup of open stock keeps tracked matters apart.
_MARK_CASES: Final = text(f"""
    WITH changed AS (
        UPDATE enforcement_case c SET steering_matter = true
        WHERE c.matter_id = :id AND NOT c.steering_matter
        {agg.CASES_BEFORE_AND_AFTER}
    ) {agg.MOVE_OPEN_STOCK}
    """)


async def _locked(work: Work, matter_id: str, expected: int | None) -> _Matter:
    """The matter, locked: cases that join it wait, so that none misses its mark."""
    scope = work.ref.scope(work.caller, None)
    sql = f"""SELECT m.id::text, m.name, m.unit_path, m.ever_tracked, m.confidentiality, m.version FROM matter m
        WHERE m.id = %(id)s AND {wall("m", scope)} FOR NO KEY UPDATE"""
    connection = await work.session.connection()
    row = (await connection.exec_driver_sql(sql, {"id": matter_id, **scope.wall()})).first()
    if row is None:
        raise NotFound
    found = _Matter(*tuple(row))
    if expected is not None and found.version != expected:
        raise PreconditionFailed
    return found


async def _stretches(work: Work, matter_id: str, level: str) -> tuple[Stretch, ...]:
    columns = matter_tracking.c
    query = select(columns.tracked, columns.state).where(columns.matter_id == matter_id, columns.level == level)
    rows = await work.session.execute(query.order_by(columns.tracked))
    return tuple(Stretch(days.lower or date.min, days.upper or FOREVER, state) for days, state in rows)


async def _write(work: Work, matter_id: str, level: str, stretches: Sequence[Stretch]) -> None:
    columns = matter_tracking.c
    await work.session.execute(delete(matter_tracking).where(columns.matter_id == matter_id, columns.level == level))
    rows = [
        {
            "matter_id": matter_id,
            "level": level,
            "tracked": Range(stretch.since, ending(stretch.until), bounds="[)"),
            "state": stretch.state,
            "state_since": stretch.since,
        }
        for stretch in stretches
    ]
    await work.session.execute(insert(matter_tracking), rows)


async def _bump(work: Work, before: _Matter, **values: Any) -> int:
    version = before.version + 1
    await work.session.execute(update(matter).where(matter.c.id == before.id).values(version=version, **values))
    return version


async def _record(
    work: Work,
    about: _Matter,
    version: int,
    action: str,
    before: dict[str, Any],
    after: dict[str, Any],
    was: Visibility | None = None,
) -> None:
    await journal.record(
        work.session,
        subject="matter",
        subject_id=about.id,
        unit_id=work.ref.subtree(about.unit_path)[0],
        version=version,
        action=action,
        actor=work.actor,
        before=before,
        after=after,
        confidentiality=about.confidentiality,
        was=was,
    )


def _shown(level: str, stretches: Sequence[Stretch]) -> dict[str, Any]:
    ends = [ending(stretch.until) for stretch in stretches]
    tracked = [
        {"since": str(stretch.since), "until": end and str(end), "state": stretch.state}
        for stretch, end in zip(stretches, ends, strict=True)
    ]
    return {"level": level, "tracking": tracked}
