"""What is written for an event of a case: rows of the entries, and the row of the case after them. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.services.access import Actor
from app.services.books.cuts import cut_of
from app.services.books.rules import Cut, Event, Line, Position
from app.services.cases.rules import BookedEvent
from app.services.reference import Reference


@dataclass(frozen=True, slots=True)
class Posting:
    """An event to book, with what its documents say."""

    event: Event
    document_no: str | None = None
    ground: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """What is about to be written: lines, where they leave the case, what was before, and the event they take back."""

    lines: list[Line]
    after: Position
    history: Sequence[BookedEvent] = ()
    reverses: int | None = None


def own_cut(row: dict[str, Any]) -> Cut:
    """What a case counts as now."""
    return cut_of(row["kind"], row["initiation"], row["segment"], row["matter_id"])


def entry_rows(
    row: dict[str, Any], posting: Posting, entry: Entry, actor: Actor, booked_on: date
) -> list[dict[str, Any]]:
    """The lines of the last event of a case as the table has them."""
    common = {
        "case_id": row["id"],
        "event_no": row["last_event_no"],
        "event": posting.event.name,
        "effective_on": posting.event.effective_on,
        "booked_on": booked_on,
        "reverses": entry.reverses,
        "source": actor.source,
        "client_id": actor.client_id,
        "request_id": actor.request_id,
        "document_no": posting.document_no,
        "ground": posting.ground,
        "note": posting.note,
    }
    return [common | _line_row(line, number) for number, line in enumerate(entry.lines, 1)]


def _line_row(line: Line, number: int) -> dict[str, Any]:
    return {
        "line": number,
        "unit_id": line.unit_id,
        "officer_id": line.officer_id,
        "from_account": line.from_account,
        "to_account": line.to_account,
        "cases": line.cases,
        "amount_vnd": line.amount,
        "cut_id": line.cut.id if line.cut else None,
        "matter_id": line.cut.matter_id if line.cut else None,
    }


def moved_row(row: dict[str, Any], after: Position, ref: Reference, event_no: int) -> dict[str, Any]:
    """The row of a case where an event leaves it."""
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
