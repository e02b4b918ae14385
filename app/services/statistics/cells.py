"""What one entry line adds to a cell of a statement: any line of the forms as weights of accounts. Pure functions."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from app.models.codes import ACCOUNTS_IN
from app.services.statistics.rules import PARTS, UNSHOWN, Formula, formulas

# Lines that are reckoned from others; a line is taken off where it has a minus.
_RECKONED: Final[Mapping[str, tuple[str, ...]]] = {
    "accepted_total": ("carried_over", "newly_accepted", "handed_over_net"),
    "must_enforce": ("accepted_total", "-entrusted", "-withdrawn", "-pulled_up"),
    "with_conditions": ("done", "enforcing", "deferred_by_agreement", "other"),
    "carried_forward": ("must_enforce", "-done"),
}
CELL_LINES: Final = (*(name for name in PARTS if name not in UNSHOWN), *_RECKONED)
"""Every line a statement shows."""

Weights = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Cell:
    """What a movement into an account adds to a line: within the period, and before it. Out of it, as much less."""

    within: Weights
    before: Weights

    def __add__(self, other: "Cell") -> "Cell":
        """Both together."""
        return Cell(_sum([(self.within, 1), (other.within, 1)]), _sum([(self.before, 1), (other.before, 1)]))

    def __neg__(self) -> "Cell":
        """The same, taken off."""
        return Cell(_sum([(self.within, -1)]), _sum([(self.before, -1)]))


def cell_of(line: str, regime_lines: Mapping[str, Iterable[str]]) -> Cell:
    """A line as weights, from the accounts a regime feeds the lines of one measure with."""
    return _cell(line, formulas({letter: tuple(accounts) for letter, accounts in regime_lines.items()}))


def _cell(line: str, known: Mapping[str, Formula]) -> Cell:
    if line not in _RECKONED:
        formula = known[line]
        return Cell(_weights(formula.plus, formula.minus), _weights(formula.opening, formula.opening_minus))
    total = Cell({}, {})
    for part in _RECKONED[line]:
        cell = _cell(part.removeprefix("-"), known)
        total += -cell if part.startswith("-") else cell
    return total


def _weights(plus: Iterable[str], minus: Iterable[str]) -> Weights:
    return _sum([({account: _side(account) for account in plus}, 1), ({a: _side(a) for a in minus}, -1)])


def _side(account: str) -> int:
    """Accounts that cases come in from are counted by what leaves them."""
    return -1 if account in ACCOUNTS_IN else 1


def _sum(parts: Iterable[tuple[Weights, int]]) -> Weights:
    total = Counter[str]()
    for weights, sign in parts:
        for account, weight in weights.items():
            total[account] += sign * weight
    return {account: weight for account, weight in total.items() if weight}
