"""Pure rules of a case: how names are searched and masked, what a case is cut by in reports, its life so far."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from app.models.codes import SEGMENT_BUDGET, SEGMENT_CORRUPTION, SEGMENT_CREDIT
from app.services.books.cuts import RECLASSIFIED
from app.services.books.rules import Cut, Line, Position, apply

INSTITUTION: Final = r"^[A-Z0-9]{2,20}$"
"""What codes of credit institutions look like."""
MASK: Final = "***"
"""What stands for the rest of a word in a masked name."""


# Letters of the alphabet and combining marks, which is what names nearly always come apart into.
_LATIN: Final = re.compile("[\\x00-\\x7f\\u0300-\\u036f]*")


def search_form(name: str) -> str:
    """A name as it is searched: lower case, no diacritics, single spaces; equal for NFC and NFD."""
    plain = unicodedata.normalize("NFD", name.casefold().replace("đ", "d"))
    if _LATIN.fullmatch(plain):
        letters = plain.encode("ascii", "ignore").decode()
    else:
        letters = "".join(ch for ch in plain if unicodedata.category(ch) != "Mn")
    return " ".join(letters.split())


def containing(text: str) -> str:
    """A LIKE pattern that finds the text literally in search forms."""
    plain = search_form(text).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{plain}%"


def masked(name: str, kind: str) -> str:
    """A name as callers without the right to personal data see it: initials of individuals, organisations in full."""
    if kind == "organisation":
        return name
    return " ".join(f"{word[0]}{MASK}" for word in name.split())


def plain_number(id_number: str) -> str:
    """An identity number as it is kept and searched: without blanks."""
    return "".join(id_number.split())


# These three are not frozen: a batch is made of twenty thousand, and a frozen one takes three times as long to make.
@dataclass(slots=True)
class NewObligation:
    """One duty (khoản) inside a case; amount in VND, 0 for a thing or an act."""

    kind: str
    amount_vnd: int
    description: str


@dataclass(slots=True)
class NewParty:
    """A party (đương sự) of a case; `institution` is the code of a credit institution."""

    role: str
    kind: str
    name: str
    credit_institution: bool = False
    id_number: str | None = None
    address: str | None = None
    phone: str | None = None
    institution: str | None = None


@dataclass(slots=True)
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
    judgment_no: str | None = None
    judgment_date: date | None = None
    court: str | None = None
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
    "event_no, event, effective_on, reverses, unit_id, officer_id, from_account, to_account, cases, amount_vnd, "
    "cut_id, matter_id"
)


def history_of(rows: Sequence[tuple[Any, ...]]) -> list[BookedEvent]:
    """Groups entry lines (LINE_ORDER, sorted by event and line) into events."""
    events: dict[int, BookedEvent] = {}
    for no, name, effective_on, reverses, unit_id, officer_id, source, target, cases, amount, cut_id, matter_id in rows:
        event = events.setdefault(no, BookedEvent(no, name, effective_on, reverses))
        cut = Cut(cut_id, None if matter_id is None else str(matter_id))
        event.lines.append(Line(str(unit_id), str(officer_id), source, target, cases, amount, cut))
        if reverses is not None:
            events[reverses].reversed = True
    return list(events.values())


def standing(history: Sequence[BookedEvent]) -> list[BookedEvent]:
    """The events of its life that still count: neither reversed nor reversals, nor what only counts it elsewhere."""
    return [e for e in history if e.reverses is None and not e.reversed and e.name != RECLASSIFIED]


def lines_in(history: Sequence[BookedEvent]) -> list[Line]:
    """Every line ever booked."""
    return [line for event in history for line in event.lines]


def cut_on(history: Sequence[BookedEvent], day: date) -> Cut | None:
    """What a case counted as on a day; None before its first event."""
    until = [event for event in history if event.effective_on <= day]
    return max(until, key=lambda event: (event.effective_on, event.no)).lines[-1].cut if until else None


def position_after(events: Sequence[BookedEvent], accepted_on: date) -> Position:
    """Where standing events leave a case; before the first it is `new` with nothing outstanding."""
    position = Position("new", 0, 0, "", "", accepted_on, None, accepted_on)
    for event in events:
        position = apply(position, event.lines, event.effective_on)
    return position


def institutions_of(parties: Sequence[NewParty]) -> list[str]:
    """Codes of the credit institutions that may see a case with these parties."""
    own = (p for p in parties if p.role in ("creditor", "debtor"))
    return sorted({p.institution for p in own if p.institution is not None})
