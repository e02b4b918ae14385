"""A case as of a day, put together from its row, its entries and the priority rules of that day."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from app.clock import today
from app.db import Reads, Row
from app.models.codes import ACCOUNTS_STOCK, ACCOUNTS_WITH_CONDITIONS
from app.services.access import Scope
from app.services.books.rules import Position
from app.services.cases import queries
from app.services.cases.queries import CaseFilter, Raised
from app.services.cases.rules import BookedEvent, history_of, position_after, standing
from app.services.priority.queries import holds
from app.services.priority.rules import CaseFacts, RaisedFlag, Tracking, flags
from app.services.reference import FOREVER, Reference

# Places of ITEM_COLUMNS that a day of the past changes.
_DECIDED, _UNIT, _OFFICER, _MATTER, _ACCOUNT, _CONDITIONS, _AMOUNT, _OUTSTANDING, _ACCEPTED, _LEFT, _VERSION = (
    3, 4, 5, 6, 10, 11, 12, 13, 14, 15, 16,
)  # fmt: skip
_ITEM: Final = 18


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case on a day: a row of ITEM_COLUMNS, obligations and parties as JSON text, raised flags.

    `unit_id` is the unit that has it now, whatever the day. `judgment` is number, day and court of the judgment, each
    as far as known.
    """

    row: Row
    on: date
    unit_id: str
    obligations: str
    parties: str
    flags: list[RaisedFlag]
    judgment: tuple[str | None, str | None, str | None]

    @property
    def version(self) -> int:
        """Version of the case now."""
        return int(self.row[_VERSION])


async def case_on(
    db: Reads, scope: Scope, ref: Reference, case_id: str, on: date, *, unmasked: bool = False
) -> CaseView | None:
    """The case as it stood on a day; None when there is none to be seen, or it was not accepted yet.

    Parties are masked. `unmasked` is for `app.services.parties.commands`, which puts it on record.
    """
    found = await queries.read_case(db, scope, case_id, unmasked=unmasked)
    if found is None or date.fromisoformat(found[_ACCEPTED]) > on:
        return None
    row, (obligations, parties, tracking, number, day, court) = found[:_ITEM], found[_ITEM:]
    if on < today():
        row = _back_to(row, history_of(_dated(await queries.lines_until(db, case_id, on))))
    tracked = [Tracking(level, date.fromisoformat(since), _until(until)) for level, since, until in tracking or ()]
    raised = flags(_facts(row), on, ref.rules_on(on), tracked)
    return CaseView(row, on, found[_UNIT], obligations, parties, raised, (number, day, court))


def _until(text: str | None) -> date:
    return date.fromisoformat(text) if text else FOREVER


def _dated(lines: list[Row]) -> list[tuple[Any, ...]]:
    return [(no, event, date.fromisoformat(day), *rest) for no, event, day, *rest in lines]


def _back_to(row: Row, history: list[BookedEvent]) -> Row:
    """The row with state, balances, unit and officer as the events so far had left them."""
    past: Position = position_after(standing(history), date.fromisoformat(row[_ACCEPTED]))
    then = list(row)
    then[_UNIT], then[_OFFICER] = past.unit_id, past.officer_id
    then[_ACCOUNT], then[_CONDITIONS] = past.account, past.account in ACCOUNTS_WITH_CONDITIONS
    then[_AMOUNT], then[_OUTSTANDING] = past.amount, past.outstanding
    then[_LEFT] = past.left_on.isoformat() if past.left_on else None
    return tuple(then)


def _facts(row: Row) -> CaseFacts:
    return CaseFacts(
        decision_date=date.fromisoformat(row[_DECIDED]),
        is_open=row[_ACCOUNT] in ACCOUNTS_STOCK,
        with_conditions=row[_CONDITIONS],
        amount_vnd=row[_AMOUNT],
        outstanding_vnd=row[_OUTSTANDING],
        matter_id=row[_MATTER],
    )


def flagged(wanted: CaseFilter, flag: str | None, ref: Reference) -> CaseFilter:
    """The filter narrowed to cases that carry a flag today; to none when no rule for it is in force."""
    if flag is None:
        return wanted
    on = today()
    rule = next((rule for rule in ref.rules_on(on) if rule.flag == flag), None)
    if rule is None:
        return replace(wanted, raised=Raised("false", {}))
    parameters: dict[str, Any] = {"on": on}
    return replace(wanted, raised=Raised(holds(rule, on, parameters), parameters))
