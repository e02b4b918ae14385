"""The books kept in plain dictionaries, straight from the table of events: what the database is compared with."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date

WITH_CONDITIONS = {"enforcing", "deferred_by_agreement", "other"}
STOCK = WITH_CONDITIONS | {"no_conditions", "deferred", "suspended"}
ENDS = {
    "completed": "completed",
    "terminated": "terminated",
    "entrusted": "entrusted",
    "withdrawn": "withdrawn",
    "pulled_up": "pulled_up",
    "request_returned": "returned",
}
TURNS = {
    "conditions_lost": "no_conditions",
    "conditions_found": "enforcing",
    "moved_to_other": "other",
    "deferred_by_agreement": "deferred_by_agreement",
    "deferred": "deferred",
    "suspended": "suspended",
    "continued": "enforcing",
}
SUMS = {
    "collected": "completed",
    "reduced": "reduced",
    "terminated_in_part": "terminated",
    "entrusted_in_part": "entrusted",
}


@dataclass
class ModelCase:
    """Where one case stands, and how to go back."""

    unit: str
    state: str
    outstanding: int
    entered: date
    last: date
    undo: list[tuple["Snapshot", list[tuple[tuple[str, date, str, str], int]]]] = field(default_factory=list)


Snapshot = tuple[str, str, int, date, date]


class ModelBooks:
    """Cases and the balances of every (unit, month, measure, account)."""

    def __init__(self) -> None:
        self.cases: dict[str, ModelCase] = {}
        self.balances: Counter[tuple[str, date, str, str]] = Counter()
        self._touched: list[tuple[tuple[str, date, str, str], int]] = []

    def _add(self, unit: str, day: date, measure: str, account: str, amount: int) -> None:
        key = (unit, day.replace(day=1), measure, account)
        self.balances[key] += amount
        self._touched.append((key, amount))

    def _both(self, unit: str, day: date, account: str, sign: int, money: int) -> None:
        self._add(unit, day, "cases", account, sign)
        self._add(unit, day, "money", account, sign * money)

    def accept(self, case_id: str, unit: str, day: date, amount: int) -> None:
        """A new case comes into the books."""
        self._touched = []
        self.cases[case_id] = ModelCase(unit, "enforcing", amount, day, day)
        self._both(unit, day, "accepted", 1, amount)
        self._both(unit, day, "enforcing", 1, amount)

    def book(self, case_id: str, event: str, day: date, amount: int = 0, to_unit: str = "") -> None:
        """Something happens to a case."""
        case = self.cases[case_id]
        before = (case.unit, case.state, case.outstanding, case.entered, case.last)
        self._touched = []
        self._move(case, event, day, amount, to_unit)
        case.last = day
        case.undo.append((before, self._touched))

    def _move(self, case: ModelCase, event: str, day: date, amount: int, to_unit: str) -> None:
        if event == "amount_raised":
            self._add(case.unit, day, "money", "raised", amount)
            self._add(case.unit, day, "money", case.state, amount)
            case.outstanding += amount
        elif event in SUMS:
            self._pay(case, day, SUMS[event], amount)
        elif event == "struck_off":
            self._pay(case, day, "completed", amount)
            self._pay(case, day, "terminated", case.outstanding)
            self._add(case.unit, day, "cases", case.state, -1)
            self._add(case.unit, day, "cases", "completed", 1)
            case.state = "completed"
        elif event in ("handed_over", "officer_changed"):
            self._hand_over(case, day, to_unit or case.unit)
        else:
            self._turn(case, event, day)

    def _pay(self, case: ModelCase, day: date, account: str, amount: int) -> None:
        self._add(case.unit, day, "money", case.state, -amount)
        self._add(case.unit, day, "money", account, amount)
        case.outstanding -= amount

    def _turn(self, case: ModelCase, event: str, day: date) -> None:
        start_of_year = date(day.year - (day.month < 10), 10, 1)
        if event == "to_separate_register":
            account, state = ("register_carried" if case.entered < start_of_year else "register_new"), "register"
        elif event == "back_from_register":
            self._both(case.unit, day, "register_back", 1, case.outstanding)
            self._both(case.unit, day, "enforcing", 1, case.outstanding)
            case.state, case.entered = "enforcing", day
            return
        else:
            account = state = TURNS.get(event) or ENDS[event]
        self._both(case.unit, day, case.state, -1, case.outstanding)
        self._both(case.unit, day, account, 1, case.outstanding)
        case.state = state
        if event in ENDS:
            case.outstanding = 0

    def _hand_over(self, case: ModelCase, day: date, to_unit: str) -> None:
        if case.state == "register":
            self._both(case.unit, day, "register_moved", -1, case.outstanding)
            self._both(to_unit, day, "register_moved", 1, case.outstanding)
        else:
            self._both(case.unit, day, case.state, -1, case.outstanding)
            self._both(case.unit, day, "handed_out", 1, case.outstanding)
            self._both(to_unit, day, case.state, 1, case.outstanding)
            self._both(to_unit, day, "handed_in", 1, case.outstanding)
        case.unit = to_unit

    def reverse(self, case_id: str) -> None:
        """The last event of a case never happened."""
        case = self.cases[case_id]
        (case.unit, case.state, case.outstanding, case.entered, case.last), touched = case.undo.pop()
        for key, amount in touched:
            self.balances[key] -= amount
