"""Taking cases into the books, changing what is written about them, booking what happens to them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import today
from app.errors import Conflict, NotFound, PreconditionFailed, invalid
from app.models.aggregates import INSTITUTIONS
from app.models.cases import enforcement_case, obligation, party
from app.models.codes import SEGMENT_CORRUPTION
from app.services import journal
from app.services.access import ORDINARY, Visibility, wall
from app.services.books.commands import CASE_COLUMNS, post
from app.services.books.cuts import RECLASSIFIED, reclassifying
from app.services.books.rules import (
    Circumstances,
    Event,
    Line,
    Position,
    apply,
    booking_day,
    check,
    lines_of,
    refuse,
    swapped,
)
from app.services.cases import rules
from app.services.cases.entries import Entry, Posting, entry_rows, moved_row, own_cut
from app.services.cases.queries import case_wall
from app.services.cases.rules import LINE_ORDER, BookedEvent, NewCase, NewParty
from app.services.periods.queries import closed_through
from app.services.reference import Officer, Reference, Unit
from app.services.relatives.commands import refuse_conflict
from app.services.work import Work

__all__ = ["Booked", "Posting", "book_event", "change_case", "create_case", "known_officer", "known_unit"]

# What has changed in a case's row for good, as the audit shows it; personal data stay out of the trail.
_PLAIN: Final = (
    "file_no",
    "decision_no",
    "decision_date",
    "kind",
    "matter_id",
    "judgment_no",
    "judgment_date",
    "court",
)
_AUDITED: Final = (*_PLAIN, "segment", "unit_id", "officer_id", "account", "amount_vnd", "outstanding_vnd")


@dataclass(frozen=True, slots=True)
class Booked:
    """What booking an event gave: its number in the case and the new version of the case."""

    event_no: int
    version: int


async def create_case(work: Work, new: NewCase) -> str:
    """Takes a decision into the books as newly accepted (thụ lý mới); returns the id of the case.

    Raises Invalid when unit, officer or matter is unknown, foreign or not there on the day, ConflictOfInterest when
    the officer or a relative of the officer is a party.
    """
    unit = known_unit(work, new.unit_id, new.accepted_on, "/unit_id")
    known_officer(work.ref, new.officer_id, unit, new.accepted_on, "/officer_id")
    if not new.decision_date <= new.accepted_on <= today():
        raise invalid("day-order", "decision_date ≤ accepted_on ≤ today", "ngày không hợp lý", pointer="/accepted_on")
    _check_judgment(new.judgment_date, new.decision_date)
    values = _row_of_new(new, unit) | await _of_matter(work, new.matter_id)
    inserted = insert(enforcement_case).values(values).returning(enforcement_case.c.id)
    case_id = str((await work.session.execute(inserted)).scalar_one())
    duties = [
        {"case_id": case_id, "no": n, "kind": o.kind, "amount_vnd": o.amount_vnd, "description": o.description}
        for n, o in enumerate(new.obligations, 1)
    ]
    await work.session.execute(insert(obligation), duties)
    await _write_parties(work.session, case_id, new.parties)
    await _write_institutions(work.session, case_id)
    await refuse_conflict(work, case_id, new.officer_id, new.accepted_on)
    row = await _locked(work, case_id, None)
    accepted = Posting(Event("accepted", new.accepted_on, amount=new.amount_vnd))
    position = Position("new", 0, 0, unit.id, new.officer_id, new.accepted_on, None, new.accepted_on)
    await _book(work, row, [], position, accepted)
    return case_id


def _check_judgment(judged_on: date | None, decided_on: date) -> None:
    if judged_on is not None and judged_on > decided_on:
        raise invalid("day-order", "lies after decision_date", "sau ngày quyết định", pointer="/judgment_date")


def _row_of_new(new: NewCase, unit: Unit) -> dict[str, Any]:
    kinds = [o.kind for o in new.obligations]
    bank = any(p.role == "creditor" and p.credit_institution for p in new.parties)
    return {
        "file_no": new.file_no,
        "decision_no": new.decision_no,
        "decision_date": new.decision_date,
        "unit_id": unit.id,
        "unit_path": unit.path,
        "officer_id": new.officer_id,
        "matter_id": new.matter_id,
        "judgment_no": new.judgment_no,
        "judgment_date": new.judgment_date,
        "court": new.court,
        "kind": new.kind,
        "initiation": new.initiation,
        "segment": rules.segment_of(kinds, bank, new.corruption_economic),
        "accepted_on": new.accepted_on,
        "entered_on": new.accepted_on,
        "last_effective_on": new.accepted_on,
    }


async def change_case(work: Work, case_id: str, expected: int | None, changes: dict[str, Any]) -> int:
    """Corrects what is written about a case (its money and state move by events only); returns its version.

    `changes` holds only members to change: those of _PLAIN, corruption_economic, parties. When the case counts as
    something else from now on, what it has in the books moves there today. Raises NotFound, PreconditionFailed,
    Invalid, ConflictOfInterest, Conflict when this year's figures are closed.
    """
    row = await _locked(work, case_id, expected)
    after = row | {name: changes[name] for name in _PLAIN if name in changes}
    if after["decision_date"] > row["accepted_on"]:
        raise invalid("day-order", "lies after accepted_on", "sau ngày thụ lý", pointer="/decision_date")
    _check_judgment(after["judgment_date"], after["decision_date"])
    if "matter_id" in changes:
        after |= await _of_matter(work, changes["matter_id"])
    if "corruption_economic" in changes:
        keep = row["segment"] & ~SEGMENT_CORRUPTION
        after["segment"] = keep | (SEGMENT_CORRUPTION if changes["corruption_economic"] else 0)
    if "parties" in changes:
        after["institutions"] = rules.institutions_of(changes["parties"])
        after["segment"] = await _replace_parties(work.session, case_id, after["segment"], changes["parties"])
        await refuse_conflict(work, case_id, row["officer_id"], today())
    moved = []
    if own_cut(after) != own_cut(row):
        history = await _history(work.session, case_id)
        position = rules.position_after(rules.standing(history), row["accepted_on"])
        moved = await _reclassified(work, after, position, rules.lines_in(history))
    versions = await post(work.session, moved, [{column: after[column] for column in CASE_COLUMNS}])
    if "parties" in changes or "decision_date" in changes:
        await _write_institutions(work.session, case_id)
    await _record(work, "changed", row, after, versions[case_id])
    return versions[case_id]


async def _reclassified(
    work: Work, row: dict[str, Any], position: Position, booked: Sequence[Line]
) -> list[dict[str, Any]]:
    """Rows of the next event, which moves what a case has in the books to what it counts as now; none when it is there.

    It is of today, whenever the mistake was made: figures of earlier months stay as they were published.
    """
    lines = reclassifying(booked, position, own_cut(row))
    if not lines:
        return []
    row["last_event_no"] += 1
    return await _rows(work, row, Posting(Event(RECLASSIFIED, today())), Entry(lines, position))


async def _rows(work: Work, row: dict[str, Any], posting: Posting, entry: Entry) -> list[dict[str, Any]]:
    booked_on = booking_day(posting.event.effective_on, await closed_through(work.session))
    return entry_rows(row, posting, entry, work.actor, booked_on)


async def book_event(work: Work, case_id: str, expected: int | None, posting: Posting) -> Booked:
    """Books an event of the life cycle.

    Raises NotFound, PreconditionFailed, InvalidTransition, Conflict, Invalid, and ConflictOfInterest when it would
    bring the case to an officer who, or whose relative, is a party.
    """
    row = await _locked(work, case_id, expected)
    history = await _history(work.session, case_id)
    events = rules.standing(history)
    position = rules.position_after(events, row["accepted_on"])
    circumstances = Circumstances(
        unit_level=work.ref.units[position.unit_id].level,
        initiation=row["initiation"],
        today=today(),
        reversible=len(events) > 1,
    )
    if posting.event.name == "reversed":
        if not circumstances.reversible:
            raise refuse("reversed", position, circumstances)
        return await _reverse(work, row, history, posting)
    check(position, posting.event, circumstances)
    _check_destination(work, position, posting.event)
    return await _book(work, row, history, position, posting)


def _check_destination(work: Work, position: Position, event: Event) -> None:
    if event.name == "handed_over":
        unit = known_unit(work, event.to_unit_id or "", event.effective_on, "/to_unit_id")
        if unit.id == position.unit_id:
            raise invalid("same-unit", "the case is there already", "vụ việc đang ở đơn vị này", pointer="/to_unit_id")
        known_officer(work.ref, event.to_officer_id or "", unit, event.effective_on, "/to_officer_id")
    elif event.name == "officer_changed":
        if event.to_officer_id == position.officer_id:
            raise invalid("same-officer", "has the case already", "đang phụ trách", pointer="/to_officer_id")
        unit = work.ref.units[position.unit_id]
        known_officer(work.ref, event.to_officer_id or "", unit, event.effective_on, "/to_officer_id")


async def _reverse(work: Work, row: dict[str, Any], history: Sequence[BookedEvent], posting: Posting) -> Booked:
    """Takes back the last standing event; the reversal keeps its effective day, so no past day shows it."""
    *events, last = rules.standing(history)
    position = rules.position_after(events, row["accepted_on"])
    if not work.ref.units[position.unit_id].existed(today()):
        # The case would come back to life in books that are closed for good.
        raise Conflict({"en": "The unit of that event no longer exists.", "vi": "Đơn vị ghi sự kiện đó không còn."})
    dated = replace(posting, event=Event("reversed", last.effective_on))
    return await _write(work, row, dated, Entry(swapped(last.lines), position, history, last.no))


async def _book(
    work: Work, row: dict[str, Any], history: Sequence[BookedEvent], position: Position, posting: Posting
) -> Booked:
    """An event counts as what the case counted as on its day."""
    cut = rules.cut_on(history, posting.event.effective_on) or own_cut(row)
    lines = [replace(line, cut=cut) for line in lines_of(position, posting.event)]
    return await _write(work, row, posting, Entry(lines, apply(position, lines, posting.event.effective_on), history))


async def _write(work: Work, row: dict[str, Any], posting: Posting, entry: Entry) -> Booked:
    event_no = row["last_event_no"] + 1
    if posting.event.to_officer_id or entry.after.officer_id != row["officer_id"]:
        await refuse_conflict(work, row["id"], entry.after.officer_id, posting.event.effective_on)
    after = moved_row(row, entry.after, work.ref, event_no)
    booked = await _rows(work, after, posting, entry)
    # a late event, or one taken back, may have been of a time when the case still counted as something else
    booked += await _reclassified(work, after, entry.after, [*rules.lines_in(entry.history), *entry.lines])
    versions = await post(work.session, booked, [{column: after[column] for column in CASE_COLUMNS}])
    await _record(work, posting.event.name, row, after, versions[row["id"]])
    return Booked(event_no, versions[row["id"]])


async def _record(work: Work, action: str, before: dict[str, Any], after: dict[str, Any], version: int) -> None:
    def shown(row: dict[str, Any]) -> dict[str, Any]:
        return {name: str(row[name]) for name in _AUDITED if before[name] != after[name]}

    was, now = _visibility(before), _visibility(after)
    await journal.record(
        work.session,
        subject="case",
        subject_id=before["id"],
        unit_id=after["unit_id"],
        version=version,
        action=action,
        actor=work.actor,
        before=shown(before),
        after=shown(after),
        confidentiality=now.confidentiality,
        was=None if was == now else was,
    )


def _visibility(row: dict[str, Any]) -> Visibility:
    """What decides who sees a case."""
    return Visibility(row["unit_path"], row["confidentiality"], tuple(row["institutions"]))


async def _locked(work: Work, case_id: str, expected: int | None) -> dict[str, Any]:
    """The case row, locked for this transaction, if the caller may see it and it is at the expected version."""
    scope = work.ref.scope(work.caller, None)
    columns = ", ".join(f"c.{c}::text" if c.endswith("id") else f"c.{c}" for c in CASE_COLUMNS)
    sql = f"""SELECT {columns}, c.accepted_on, c.version, ARRAY(SELECT i.institution FROM case_institution i
            WHERE i.case_id = c.id ORDER BY i.institution) AS institutions FROM enforcement_case c
        WHERE c.id = %(id)s AND {case_wall(scope)} FOR NO KEY UPDATE"""
    connection = await work.session.connection()
    row = (await connection.exec_driver_sql(sql, {"id": case_id, **scope.wall()})).mappings().first()
    if row is None:
        raise NotFound
    if expected is not None and row["version"] != expected:
        raise PreconditionFailed
    return dict(row)


async def _history(session: AsyncSession, case_id: str) -> list[BookedEvent]:
    rows = await session.execute(
        text(f"SELECT {LINE_ORDER} FROM entry WHERE case_id = :id ORDER BY event_no, line"), {"id": case_id}
    )
    return rules.history_of([tuple(row) for row in rows])


async def _of_matter(work: Work, matter_id: str | None) -> dict[str, Any]:
    """What a case has from its matter: the mark of a steering committee that tracks or has tracked it, and its class.

    Invalid when there is no such matter to be seen.
    """
    if matter_id is None:
        return {"steering_matter": False, "confidentiality": ORDINARY}
    scope = work.ref.scope(work.caller, None)
    # The lock keeps the answer true until this case is in: tracking may start at the same time.
    sql = f"""SELECT m.ever_tracked AS steering_matter, m.confidentiality FROM matter m
        WHERE m.id = %(id)s AND {wall("m", scope)} FOR SHARE"""
    connection = await work.session.connection()
    row = (await connection.exec_driver_sql(sql, {"id": matter_id, **scope.wall()})).mappings().first()
    if row is None:
        raise invalid("unknown-reference", "no such matter", "không có vụ này", pointer="/matter_id")
    return dict(row)


def known_unit(work: Work, unit_id: str, on: date, pointer: str) -> Unit:
    """The unit if the caller may see it and it exists on the day; unknown and foreign sound the same."""
    unit = work.ref.visible(work.caller, unit_id)
    if unit is None or not unit.existed(on):
        raise invalid("unknown-reference", "no such unit on that day", "không có đơn vị này", pointer=pointer)
    return unit


def known_officer(ref: Reference, officer_id: str, unit: Unit, on: date, pointer: str) -> Officer:
    """The officer if posted to the unit on the day."""
    officer = ref.officers.get(officer_id)
    posting = officer.posting(on) if officer else None
    if officer is None or posting is None or posting.unit_id != unit.id:
        raise invalid("unknown-reference", "no such officer there", "không có chấp hành viên này", pointer=pointer)
    return officer


async def _write_parties(session: AsyncSession, case_id: str, parties: Sequence[NewParty]) -> None:
    await session.execute(
        insert(party),
        [
            {
                "case_id": case_id,
                "no": number,
                "role": p.role,
                "kind": p.kind,
                "credit_institution": p.credit_institution,
                "institution": p.institution,
                "name": p.name,
                "masked_name": rules.masked(p.name, p.kind),
                "search_name": rules.search_form(p.name),
                "id_number": rules.plain_number(p.id_number) if p.id_number else None,
                "address": p.address,
                "phone": p.phone,
            }
            for number, p in enumerate(parties, 1)
        ],
    )


async def _replace_parties(session: AsyncSession, case_id: str, segment: int, parties: Sequence[NewParty]) -> int:
    await session.execute(delete(party).where(party.c.case_id == case_id))
    known = update(enforcement_case).where(enforcement_case.c.id == case_id).values(anonymised_on=None)
    await session.execute(known.where(enforcement_case.c.anonymised_on.is_not(None)))
    await _write_parties(session, case_id, parties)
    bank = any(p.role == "creditor" and p.credit_institution for p in parties)
    kinds = (await session.execute(select(obligation.c.kind).where(obligation.c.case_id == case_id))).scalars().all()
    return rules.segment_of(kinds, bank, bool(segment & SEGMENT_CORRUPTION))


# The index by which a credit institution finds the cases it may see, made anew from the parties of one case.
_NO_INSTITUTIONS: Final = text("DELETE FROM case_institution WHERE case_id = CAST(:id AS uuid)")
_INSTITUTIONS: Final = text(
    f"INSERT INTO case_institution (institution, decision_date, case_id) {INSTITUTIONS} AND c.id = CAST(:id AS uuid)"
)


async def _write_institutions(session: AsyncSession, case_id: str) -> None:
    for statement in (_NO_INSTITUTIONS, _INSTITUTIONS):
        await session.execute(statement, {"id": case_id})
