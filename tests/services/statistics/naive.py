"""Statistics once more, as simply as can be: every entry is looked at, one after the other, for every figure.

Nothing of the service is used but the table of entries. Lines that the service reckons from what came in and went out
are reckoned here from what is there, and the other way round.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from tests.builders import Service

BITS = {"credit_institution": 1, "corruption_economic": 2, "state_budget": 4}
WITH = ("enforcing", "deferred_by_agreement", "other")
REGISTER = ("register_carried", "register_new", "register_back", "register_moved")


@dataclass(frozen=True)
class Entry:
    """One line of the books with what it counted as."""

    case: str
    unit: str
    officer: str
    source: str
    target: str
    cases: int
    money: int
    day: date
    kind: str
    initiation: str
    segments: frozenset[str]
    matter: str | None


def entries(service: Service) -> list[Entry]:
    """All of them."""
    sql = """
        SELECT e.case_id, e.unit_id, e.officer_id, e.from_account, e.to_account, e.cases, e.amount_vnd, e.booked_on,
            k.kind, k.initiation, k.segment, e.matter_id
        FROM entry e JOIN cut k ON k.id = e.cut_id"""
    found = []
    for case, unit, officer, source, target, cases, money, day, *cut in service.runner.run(service.db.fetch(sql)):
        kind, initiation, segment, matter = cut
        names = frozenset(name for name, bit in BITS.items() if segment & bit)
        counted = date.fromisoformat(day)
        found.append(Entry(case, unit, officer, source, target, cases, money, counted, kind, initiation, names, matter))
    return found


Regime = Callable[[str, str], str]
"""The line that an account of stock, or of an end, feeds under a circular, by measure and account."""


def three_classes(_: str, account: str) -> str:
    """Circulars 06/2019 and 05/2024, and 05/2026 for the time being."""
    return {
        "completed": "D1", "terminated": "D1", "reduced": "D1", "returned": "D1", "enforcing": "D2",
        "deferred_by_agreement": "D3", "other": "D4", "no_conditions": "C2", "deferred": "C3", "suspended": "C3",
        "entrusted": "B1", "withdrawn": "B2", "pulled_up": "B3",
    }[account]  # fmt: skip


def two_classes(measure: str, account: str) -> str:
    """Circular 08/2015: what is deferred or suspended has conditions all the same."""
    return "D4" if account in ("deferred", "suspended") else three_classes(measure, account)


def fed_by(table: dict[str, dict[str, list[str]]]) -> Regime:
    """A regime of any rules: lines and the accounts that feed them, by measure."""

    def line(measure: str, account: str) -> str:
        return next(letter for letter, accounts in table[measure].items() if account in accounts)

    return line


ENDS = ("completed", "terminated", "reduced", "returned")
LEFT = ("entrusted", "withdrawn", "pulled_up")
STOCK = (*WITH, "no_conditions", "deferred", "suspended")


def lines(found: Iterable[Entry], measure: str, first: date, last: date, regime: Regime) -> dict[str, int]:
    """Every line of a statement from `first` to `last`."""
    before, came, went = Counter[str](), Counter[str](), Counter[str]()
    for entry in found:
        number = entry.cases if measure == "cases" else entry.money
        if entry.day < first:
            before[entry.target] += number
            before[entry.source] -= number
        elif entry.day <= last:
            went[entry.target] += number
            came[entry.source] += number
    gone = {account: went[account] - came[account] for account in (*ENDS, *LEFT, *REGISTER, "handed_out")}
    new = {account: came[account] - went[account] for account in ("accepted", "raised", "handed_in")}
    back = came["register_back"] - went["register_back"]
    there = {account: before[account] + went[account] - came[account] for account in STOCK}
    fed = Counter[str]()
    for account, number in (*there.items(), *((account, gone[account]) for account in (*ENDS, *LEFT))):
        fed[regime(measure, account)] += number
    with_conditions = fed["D1"] + fed["D2"] + fed["D3"] + fed["D4"]
    must_enforce = with_conditions + fed["C2"] + fed["C3"]
    return {
        "accepted_total": must_enforce + fed["B1"] + fed["B2"] + fed["B3"],
        "carried_over": sum(before[account] for account in STOCK) - gone["register_carried"],
        "newly_accepted": new["accepted"] + new["raised"] + back - gone["register_new"],
        "accepted": new["accepted"],
        "raised": new["raised"],
        "back_from_register": back,
        "to_register_new": gone["register_new"],
        "to_register_carried": gone["register_carried"],
        "handed_over_net": new["handed_in"] - gone["handed_out"],
        "handed_in": new["handed_in"],
        "handed_out": gone["handed_out"],
        "entrusted": fed["B1"],
        "withdrawn": fed["B2"],
        "pulled_up": fed["B3"],
        "must_enforce": must_enforce,
        "with_conditions": with_conditions,
        "without_conditions": fed["C2"],
        "deferred_or_suspended": fed["C3"],
        "done": fed["D1"],
        **{account: gone[account] for account in ENDS},
        "enforcing": fed["D2"],
        "deferred_by_agreement": fed["D3"],
        "other": fed["D4"],
        "carried_forward": sum(there.values()),
        "separate_register": sum(before[account] + went[account] - came[account] for account in REGISTER),
    }
