"""Taking cases into the books, changing what is written about them, booking what happens to them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from sqlalchemy import delete, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.clock import today
from app.errors import Conflict, NotFound, PreconditionFailed, invalid
from app.models.books import accounting_period
from app.models.cases import enforcement_case, obligation, party
from app.models.codes import SEGMENT_CORRUPTION
from app.models.organisation import matter
from app.services import journal
from app.services.access import Visibility, path_ranges
from app.services.books.commands import CASE_COLUMNS, post
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
from app.services.cases.rules import LINE_ORDER, BookedEvent, NewCase, NewParty
from app.services.reference import Officer, Reference, Unit
from app.services.work import Work

# What has changed in a case's row for good, as the audit shows it; personal data stay out of the trail.
_AUDITED: Final = ("file_no", "decision_no", "decision_date", "unit_id", "officer_id", "matter_id", "kind", "account",
                   "amount_vnd", "outstanding_vnd")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Posting:
    """An event to book, with what its documents say."""

    event: Event
    document_no: str | None = None
    ground: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """What is about to be written: lines, where they leave the case, and the event they take back, if any."""

    lines: list[Line]
    after: Position
    reverses: int | None = None


@dataclass(frozen=True, slots=True)
class Booked:
    """What booking an event gave: its number in the case and the new version of the case."""

    event_no: int
    version: int


async def create_case(work: Work, new: NewCase) -> str:
    """Takes a decision into the books as newly accepted (thụ lý mới); returns the id of the case.

    Raises Invalid when unit, officer or matter is unknown, foreign or not there on the day.
    """
    unit = known_unit(work, new.unit_id, new.accepted_on, "/unit_id")
    known_officer(work.ref, new.officer_id, unit, new.accepted_on, "/officer_id")
    if not new.decision_date <= new.accepted_on <= today():
        raise invalid("day-order", "decision_date ≤ accepted_on ≤ today", "ngày không hợp lý", pointer="/accepted_on")
    values = _row_of_new(new, unit, await _steering(work, new.matter_id))
    inserted = insert(enforcement_case).values(values).returning(enforcement_case.c.id)
    case_id = str((await work.session.execute(inserted)).scalar_one())
    duties = [
        {"case_id": case_id, "no": n, "kind": o.kind, "amount_vnd": o.amount_vnd, "description": o.description}
        for n, o in enumerate(new.obligations, 1)
    ]
    await work.session.execute(insert(obligation), duties)
    await _write_parties(work.session, case_id, new.parties)
    row = await _locked(work, case_id, None)
    accepted = Posting(Event("accepted", new.accepted_on, amount=new.amount_vnd))
    position = Position("new", 0, 0, unit.id, new.officer_id, new.accepted_on, None, new.accepted_on)
    await _book(work, row, position, accepted)
    return case_id


def _row_of_new(new: NewCase, unit: Unit, steering: bool) -> dict[str, Any]:
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
        "kind": new.kind,
        "initiation": new.initiation,
        "segment": rules.segment_of(kinds, bank, new.corruption_economic),
        "accepted_on": new.accepted_on,
        "entered_on": new.accepted_on,
        "last_effective_on": new.accepted_on,
        "steering_matter": steering,
    }


async def change_case(work: Work, case_id: str, expected: int | None, changes: dict[str, Any]) -> int:
    """Corrects what is written about a case (its money and state move by events only); returns its version.

    `changes` holds only members to change: file_no, decision_no, decision_date, kind, matter_id,
    corruption_economic, parties. Raises NotFound, PreconditionFailed, Invalid.
    """
    row = await _locked(work, case_id, expected)
    plain = ("file_no", "decision_no", "decision_date", "kind", "matter_id")
    after = row | {name: changes[name] for name in plain if name in changes}
    if after["decision_date"] > row["accepted_on"]:
        raise invalid("day-order", "lies after accepted_on", "sau ngày thụ lý", pointer="/decision_date")
    if "matter_id" in changes:
        after["steering_matter"] = await _steering(work, changes["matter_id"])
    if "corruption_economic" in changes:
        keep = row["segment"] & ~SEGMENT_CORRUPTION
        after["segment"] = keep | (SEGMENT_CORRUPTION if changes["corruption_economic"] else 0)
    if "parties" in changes:
        after["segment"] = await _replace_parties(work.session, case_id, after["segment"], changes["parties"])
    versions = await post(work.session, [], [{column: after[column] for column in CASE_COLUMNS}])
    await _record(work, "changed", row, after, versions[case_id])
    return versions[case_id]


async def book_event(work: Work, case_id: str, expected: int | None, posting: Posting) -> Booked:
    """Books an event of the life cycle. Raises NotFound, PreconditionFailed, InvalidTransition, Conflict, Invalid."""
    row = await _locked(work, case_id, expected)
    events = rules.standing(await _history(work.session, case_id))
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
        return await _reverse(work, row, events, posting)
    check(position, posting.event, circumstances)
    _check_destination(work, position, posting.event)
    return await _book(work, row, position, posting)


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


async def _reverse(work: Work, row: dict[str, Any], events: list[BookedEvent], posting: Posting) -> Booked:
    """Takes back the last standing event; the reversal keeps its effective day, so no past day shows it."""
    last = events[-1]
    position = rules.position_after(events[:-1], row["accepted_on"])
    if not work.ref.units[position.unit_id].existed(today()):
        # The case would come back to life in books that are closed for good.
        raise Conflict({"en": "The unit of that event no longer exists.", "vi": "Đơn vị ghi sự kiện đó không còn."})
    dated = replace(posting, event=Event("reversed", last.effective_on))
    return await _write(work, row, dated, Entry(swapped(last.lines), position, last.no))


async def _book(work: Work, row: dict[str, Any], position: Position, posting: Posting) -> Booked:
    lines = lines_of(position, posting.event)
    return await _write(work, row, posting, Entry(lines, apply(position, lines, posting.event.effective_on)))


async def _write(work: Work, row: dict[str, Any], posting: Posting, entry: Entry) -> Booked:
    event_no = row["last_event_no"] + 1
    common = {
        "case_id": row["id"],
        "event_no": event_no,
        "event": posting.event.name,
        "effective_on": posting.event.effective_on,
        "booked_on": booking_day(posting.event.effective_on, await _closed_months(work.session)),
        "reverses": entry.reverses,
        "source": work.actor.source,
        "client_id": work.actor.client_id,
        "request_id": work.actor.request_id,
        "document_no": posting.document_no,
        "ground": posting.ground,
        "note": posting.note,
    }
    after = _moved_row(row, entry.after, work.ref, event_no)
    versions = await post(
        work.session,
        [common | _line_row(line, number) for number, line in enumerate(entry.lines, 1)],
        [{column: after[column] for column in CASE_COLUMNS}],
    )
    await _record(work, posting.event.name, row, after, versions[row["id"]])
    return Booked(event_no, versions[row["id"]])


def _line_row(line: Line, number: int) -> dict[str, Any]:
    return {
        "line": number,
        "unit_id": line.unit_id,
        "officer_id": line.officer_id,
        "from_account": line.from_account,
        "to_account": line.to_account,
        "cases": line.cases,
        "amount_vnd": line.amount,
    }


def _moved_row(row: dict[str, Any], after: Position, ref: Reference, event_no: int) -> dict[str, Any]:
    return row | {
        "account": after.account,
        "amount_vnd": after.amount,
        "outstanding_vnd": after.outstanding,
        "unit_id": after.unit_id,
        "unit_path": ref.units[after.unit_id].path,
        "officer_id": after.officer_id,
        "entered_on": after.entered_on,
        "left_on": after.left_on,
        "last_event_no": event_no,
        "last_effective_on": after.last_effective_on,
    }


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
        institutions=now.institutions,
        was=None if was == now else was,
    )


def _visibility(row: dict[str, Any]) -> Visibility:
    """What decides who sees a case; a client bound to an institution sees none yet."""
    return Visibility(row["unit_path"], institutions=())


async def _locked(work: Work, case_id: str, expected: int | None) -> dict[str, Any]:
    """The case row, locked for this transaction, if the caller may see it and it is at the expected version."""
    lower, upper = path_ranges(work.caller.paths)
    columns = ", ".join(f"{c}::text" if c.endswith("id") else c for c in CASE_COLUMNS)
    found = await work.session.execute(
        text(
            f"SELECT {columns}, accepted_on, version FROM enforcement_case c WHERE id = :id AND EXISTS ("
            "SELECT FROM unnest(CAST(:lower AS text[]), CAST(:upper AS text[])) g (lower, upper) "
            "WHERE c.unit_path >= g.lower AND c.unit_path < g.upper) FOR NO KEY UPDATE"
        ),
        {"id": case_id, "lower": lower, "upper": upper},
    )
    row = found.mappings().first()
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


async def _closed_months(session: AsyncSession) -> frozenset[date]:
    rows = await session.execute(select(accounting_period.c.month).where(accounting_period.c.state != "open"))
    return frozenset(rows.scalars())


async def _steering(work: Work, matter_id: str | None) -> bool:
    """Whether a steering committee tracks or has tracked the matter; Invalid when there is none to be seen."""
    if matter_id is None:
        return False
    # The lock keeps the answer true until this case is in: tracking may start at the same time.
    query = select(matter.c.ever_tracked, matter.c.unit_path).where(matter.c.id == matter_id).with_for_update(read=True)
    row = (await work.session.execute(query)).first()
    if row is None or not work.caller.covers(row.unit_path):
        raise invalid("unknown-reference", "no such matter", "không có vụ này", pointer="/matter_id")
    return bool(row.ever_tracked)


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
                "name": p.name,
                "masked_name": rules.masked(p.name, p.kind),
                "search_name": rules.search_form(p.name),
                "id_number": p.id_number,
                "address": p.address,
                "phone": p.phone,
            }
            for number, p in enumerate(parties, 1)
        ],
    )


async def _replace_parties(session: AsyncSession, case_id: str, segment: int, parties: Sequence[NewParty]) -> int:
    await session.execute(delete(party).where(party.c.case_id == case_id))
    await _write_parties(session, case_id, parties)
    bank = any(p.role == "creditor" and p.credit_institution for p in parties)
    kinds = (await session.execute(select(obligation.c.kind).where(obligation.c.case_id == case_id))).scalars().all()
    return rules.segment_of(kinds, bank, bool(segment & SEGMENT_CORRUPTION))
