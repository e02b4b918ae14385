"""Pure rules of a case: how names are searched and masked, what a case is cut by in reports, its life so far."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from app.models.codes import SEGMENT_BUDGET, SEGMENT_CORRUPTION, SEGMENT_CREDIT
from app.services.books.rules import Line, Position, apply

MASK: Final = "***"
"""What stands for the rest of a word in a masked name."""


def search_form(name: str) -> str:
    """A name as it is searched: lower case, no diacritics, single spaces; equal for NFC and NFD."""
    plain = unicodedata.normalize("NFD", name.casefold().replace("đ", "d"))
    letters = "".join(ch for ch in plain if unicodedata.category(ch) != "Mn")
    return " ".join(letters.split())


def masked(name: str, kind: str) -> str:
    """A name as callers without the right to personal data see it: initials of individuals, organisations in full."""
    if kind == "organisation":
        return name
    return " ".join(f"{word[0]}{MASK}" for word in name.split())


def plain_number(id_number: str) -> str:
    """An identity number as it is kept and searched: without blanks."""
    return "".join(id_number.split())


@dataclass(frozen=True, slots=True)
class NewObligation:
    """One duty (khoản) inside a case; amount in VND, 0 for a thing or an act."""

    kind: str
    amount_vnd: int
    description: str


@dataclass(frozen=True, slots=True)
class NewParty:
    """A party (đương sự) of a case."""

    role: str
    kind: str
    name: str
    credit_institution: bool = False
    id_number: str | None = None
    address: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class NewCase:
    """An enforcement decision (quyết định thi hành án) to be taken into the books."""

    file_no: str
    decision_no: str
    decision_date: date
    accepted_on: date
    unit_id: str
    officer_id: str
    kind: str
    initiation: str
    obligations: Sequence[NewObligation]
    parties: Sequence[NewParty]
    matter_id: str | None = None
    corruption_economic: bool = False
    source: str = "partner"

    @property
    def amount_vnd(self) -> int:
        """What the decision orders to pay, in VND."""
        return sum(o.amount_vnd for o in self.obligations)


def segment_of(obligations: Sequence[str], creditor_is_bank: bool, corruption_economic: bool) -> int:
    """The bits reports cut by: credit institution, corruption and economic matter, State budget."""
    budget = SEGMENT_BUDGET if "money_state_budget" in obligations else 0
    credit = SEGMENT_CREDIT if creditor_is_bank else 0
    return budget | credit | (SEGMENT_CORRUPTION if corruption_economic else 0)


@dataclass(slots=True)
class BookedEvent:
    """An event of the history with its lines; `reversed` once a later event took it back."""

    no: int
    name: str
    effective_on: date
    reverses: int | None
    lines: list[Line] = field(default_factory=list)
    reversed: bool = False


LINE_ORDER: Final = (
    "event_no, event, effective_on, reverses, unit_id, officer_id, from_account, to_account, cases, amount_vnd"
)


def history_of(rows: Sequence[tuple[Any, ...]]) -> list[BookedEvent]:
    """Groups entry lines (LINE_ORDER, sorted by event and line) into events."""
    events: dict[int, BookedEvent] = {}
    for no, name, effective_on, reverses, unit_id, officer_id, from_account, to_account, cases, amount in rows:
        event = events.setdefault(no, BookedEvent(no, name, effective_on, reverses))
        event.lines.append(Line(str(unit_id), str(officer_id), from_account, to_account, cases, amount))
        if reverses is not None:
            events[reverses].reversed = True
    return list(events.values())


def standing(history: Sequence[BookedEvent]) -> list[BookedEvent]:
    """The events that still count: neither reversed nor reversals."""
    return [event for event in history if event.reverses is None and not event.reversed]


def position_after(events: Sequence[BookedEvent], accepted_on: date) -> Position:
    """Where standing events leave a case; before the first it is `new` with nothing outstanding."""
    position = Position("new", 0, 0, "", "", accepted_on, None, accepted_on)
    for event in events:
        position = apply(position, event.lines, event.effective_on)
    return position
