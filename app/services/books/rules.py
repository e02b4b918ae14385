"""What each event does to a case: pure functions from a position and an event to the lines of an entry.

The life cycle follows the Law on Civil Judgment Enforcement (Luật Thi hành án dân sự); amounts are whole VND.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from app.errors import Conflict, InvalidTransition, invalid
from app.models.codes import ACCOUNTS_REGISTER, ACCOUNTS_STOCK, ACCOUNTS_WITH_CONDITIONS

MAX_AMOUNT: Final = 10**15
# "Gửi lại yêu cầu" exists since Law 106/2025/QH15 is in force.
REQUEST_RETURNED_SINCE: Final = date(2026, 7, 1)

# Events that move the case and all its outstanding money to one account.
WHOLE: Final = {
    "completed": "completed",
    "conditions_lost": "no_conditions",
    "conditions_found": "enforcing",
    "moved_to_other": "other",
    "deferred_by_agreement": "deferred_by_agreement",
    "deferred": "deferred",
    "suspended": "suspended",
    "continued": "enforcing",
    "terminated": "terminated",
    "entrusted": "entrusted",
    "withdrawn": "withdrawn",
    "pulled_up": "pulled_up",
    "request_returned": "returned",
}
# Events that move a sum only; the case stays where it is.
PARTIAL: Final = {
    "collected": "completed",
    "reduced": "reduced",
    "terminated_in_part": "terminated",
    "entrusted_in_part": "entrusted",
}
STRUCK_OFF_PARTS: Final = ("completed", "entrusted", "terminated", "reduced")

_ANY_STOCK: Final = frozenset(ACCOUNTS_STOCK)
_WITH_CONDITIONS: Final = frozenset(ACCOUNTS_WITH_CONDITIONS)
_WORKED_ON: Final = frozenset({"enforcing", "other", "no_conditions"})
ALLOWED_FROM: Final[dict[str, frozenset[str]]] = {
    "accepted": frozenset({"new"}),
    "amount_raised": _ANY_STOCK,
    "collected": _WITH_CONDITIONS,
    "completed": _WITH_CONDITIONS,
    "reduced": _ANY_STOCK,
    "conditions_lost": _WITH_CONDITIONS,
    "conditions_found": frozenset({"no_conditions"}),
    "moved_to_other": frozenset({"enforcing"}),
    "deferred_by_agreement": frozenset({"enforcing", "other"}),
    "deferred": _WORKED_ON,
    "suspended": _WORKED_ON,
    "continued": frozenset({"deferred_by_agreement", "other", "deferred", "suspended"}),
    "terminated": _ANY_STOCK,
    "terminated_in_part": _ANY_STOCK,
    "entrusted": _ANY_STOCK,
    "entrusted_in_part": _ANY_STOCK,
    "struck_off": _ANY_STOCK,
    "withdrawn": _ANY_STOCK,
    "pulled_up": _ANY_STOCK,
    "to_separate_register": frozenset({"no_conditions"}),
    "back_from_register": frozenset({"register"}),
    "request_returned": _ANY_STOCK,
    "handed_over": _ANY_STOCK | {"register"},
    "officer_changed": _ANY_STOCK | {"register"},
}


@dataclass(frozen=True, slots=True)
class Cut:
    """What a case counts as in reports (phân tổ thống kê): a number of the table `cut`, and its matter."""

    id: int
    matter_id: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One movement of a case (0 or 1) and of money (VND) between two accounts, in the books of one unit.

    `cut` is what the case counted as when the line was booked; None while it is only being put together.
    """

    unit_id: str
    officer_id: str
    from_account: str
    to_account: str
    cases: int
    amount: int
    cut: Cut | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to a case (sự kiện thi hành án), as reported."""

    name: str
    effective_on: date
    amount: int | None = None
    parts: dict[str, int] = field(default_factory=dict)
    to_unit_id: str | None = None
    to_officer_id: str | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """Where a case and its money stand after its events so far."""

    account: str
    amount: int
    outstanding: int
    unit_id: str
    officer_id: str
    entered_on: date
    left_on: date | None
    last_effective_on: date


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Facts outside the books that decide whether an event is possible."""

    unit_level: str
    initiation: str
    today: date
    reversible: bool


def fiscal_year(day: date) -> int:
    """The reporting year of a day: year N runs from 1 October N−1 to 30 September N."""
    return day.year + (day.month >= 10)


def month_after(day: date) -> date:
    """The first day of the month that begins next."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def fiscal_year_start(year: int) -> date:
    """1 October of the year before."""
    return date(year - 1, 10, 1)


def allowed_events(position: Position, circumstances: Circumstances) -> list[str]:
    """The events the state of the case allows, in the order of the code list."""
    names = [name for name, accounts in ALLOWED_FROM.items() if position.account in accounts]
    if circumstances.unit_level not in ("district", "regional"):
        names = [name for name in names if name != "pulled_up"]
    if circumstances.initiation != "on_request" or circumstances.today < REQUEST_RETURNED_SINCE:
        names = [name for name in names if name != "request_returned"]
    if circumstances.reversible:
        names.append("reversed")
    return names


def refuse(event: str, position: Position, circumstances: Circumstances) -> InvalidTransition:
    """The 409 that names what would be possible instead."""
    return InvalidTransition(
        {
            "en": f"In state {position.account} the event {event} is not possible.",
            "vi": f"Ở trạng thái {position.account} không thể ghi nhận sự kiện {event}.",
        },
        extra={"state": position.account, "allowed_events": allowed_events(position, circumstances)},
    )


def check(position: Position, event: Event, circumstances: Circumstances) -> None:
    """Raises unless the event is possible now: 409 by state or balance, 422 by its own members."""
    if event.name not in allowed_events(position, circumstances):
        raise refuse(event.name, position, circumstances)
    if event.effective_on > circumstances.today:
        raise invalid("in-future", "lies in the future", "ở tương lai", pointer="/effective_on")
    if event.effective_on < position.last_effective_on:
        raise Conflict(
            {
                "en": "A later event of this case is already in the books; reverse it first.",
                "vi": "Vụ việc đã có sự kiện sau ngày này; hãy hủy bút toán đó trước.",
            },
            extra={"last_effective_on": position.last_effective_on.isoformat()},
        )
    if event.name == "request_returned" and event.effective_on < REQUEST_RETURNED_SINCE:
        raise invalid("too-early", "not before 2026-07-01", "không trước ngày 01/7/2026", pointer="/effective_on")
    _check_money(position, event)


def _check_money(position: Position, event: Event) -> None:
    if event.name == "amount_raised":
        if position.amount + (event.amount or 0) > MAX_AMOUNT:
            raise invalid("too-large", "exceeds 10^15 VND in total", "vượt quá 10^15 đồng", pointer="/amount_vnd")
    elif event.name == "struck_off" and sum(event.parts.values()) != position.outstanding:
        raise _unbalanced(
            position, "The parts must add up to what is outstanding.", "Tổng các phần phải bằng số còn lại."
        )
    elif event.name in PARTIAL and (event.amount or 0) > position.outstanding:
        raise _unbalanced(position, "More than is outstanding.", "Vượt quá số tiền còn phải thi hành.")


def _unbalanced(position: Position, en: str, vi: str) -> Conflict:
    return Conflict({"en": en, "vi": vi}, extra={"outstanding_vnd": position.outstanding})


def lines_of(position: Position, event: Event, cut: Cut | None = None) -> list[Line]:
    """The lines that book an event which `check` has let pass, of a case that counts as `cut`."""
    if event.name == "struck_off":
        return _struck_off(position, event.parts, cut)
    if event.name in ("handed_over", "officer_changed"):
        return _moved(position, event, cut)
    return [Line(position.unit_id, position.officer_id, *_single(position, event), cut)]


def _single(position: Position, event: Event) -> tuple[str, str, int, int]:
    """Accounts, case and sum of the events that are one line."""
    account, rest, amount = position.account, position.outstanding, event.amount or 0
    carried = position.entered_on < fiscal_year_start(fiscal_year(event.effective_on))
    special = {
        "accepted": ("accepted", "enforcing", 1, amount),
        "amount_raised": ("raised", account, 0, amount),
        "to_separate_register": (account, ACCOUNTS_REGISTER[0 if carried else 1], 1, rest),
        "back_from_register": ("register_back", "enforcing", 1, rest),
    }
    if event.name in special:
        return special[event.name]
    if event.name in PARTIAL:
        return account, PARTIAL[event.name], 0, amount
    return account, WHOLE[event.name], 1, rest


def _struck_off(position: Position, parts: dict[str, int], cut: Cut | None) -> list[Line]:
    here = (position.unit_id, position.officer_id)
    lines = [Line(*here, position.account, "completed", 1, parts.get("completed", 0), cut)]
    others = (part for part in STRUCK_OFF_PARTS[1:] if parts.get(part))
    return [*lines, *(Line(*here, position.account, part, 0, parts[part], cut) for part in others)]


def _moved(position: Position, event: Event, cut: Cut | None) -> list[Line]:
    """Handed over (bàn giao) to another unit or officer: out of the old books and into the new ones."""
    old = (position.unit_id, position.officer_id)
    new = (event.to_unit_id or position.unit_id, event.to_officer_id or position.officer_id)
    rest = position.outstanding
    if position.account == "register":
        out, into = ("register_moved", "elsewhere"), ("elsewhere", "register_moved")
    else:
        out, into = (position.account, "handed_out"), ("handed_in", position.account)
    return [Line(*old, *out, 1, rest, cut), Line(*new, *into, 1, rest, cut)]


def swapped(lines: Sequence[Line]) -> list[Line]:
    """The lines that take back a booked event."""
    return [replace(line, from_account=line.to_account, to_account=line.from_account) for line in reversed(lines)]


def _state(account: str) -> str:
    return "register" if account.startswith("register_") else account


def apply(position: Position, lines: Iterable[Line], effective_on: date) -> Position:
    """The position after the lines of one event."""
    for line in lines:
        position = _after(position, line, effective_on)
    return position


def _after(position: Position, line: Line, effective_on: date) -> Position:
    gained = line.amount * ((line.to_account in _HELD) - (line.from_account in _HELD))
    raised = line.amount if line.from_account in ("accepted", "raised") else 0
    account, entered_on, left_on = _stands(position, line, effective_on)
    amount, outstanding = position.amount + raised, position.outstanding + gained
    return Position(account, amount, outstanding, line.unit_id, line.officer_id, entered_on, left_on, effective_on)


# Money that is still owed: in the counted stock or in the separate register. Sums handed over stay owed.
_HELD: Final = frozenset(
    {*ACCOUNTS_STOCK, *ACCOUNTS_REGISTER, "register_back", "register_moved", "handed_out", "handed_in"}
)


def _stands(position: Position, line: Line, effective_on: date) -> tuple[str, date, date | None]:
    """The account after a line, and since and until when the case is in the counted stock."""
    if not line.cases or line.to_account in ("handed_out", "elsewhere"):
        return position.account, position.entered_on, position.left_on
    state = _state(line.to_account)
    inside, was_inside = state in _ANY_STOCK, position.account in _ANY_STOCK
    entered_on = effective_on if inside and not was_inside else position.entered_on
    left_on = None if inside else (effective_on if was_inside else position.left_on)
    return state, entered_on, left_on


def booking_day(effective_on: date, closed_through: date | None) -> date:
    """The day an event counts on: its own, or the first day of the first open month of the same fiscal year.

    `closed_through` is the last closed month; with it all before are closed. Raises Conflict when the whole of that
    fiscal year is: results never move into another year.
    """
    if closed_through is None:
        return effective_on
    first_open = month_after(closed_through)
    if effective_on >= first_open:
        return effective_on
    year = fiscal_year(effective_on)
    if fiscal_year(first_open) == year:
        return first_open
    raise Conflict(
        {
            "en": "The figures of that fiscal year are closed.",
            "vi": "Số liệu của năm báo cáo đó đã được chốt.",
        },
        extra={"fiscal_year": year},
    )
