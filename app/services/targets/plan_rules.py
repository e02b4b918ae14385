"""How a target is passed on: splitting it over children, and whether what was assigned adds up. Pure functions.

Rates are whole hundredths of a percent (bp); everything is reckoned in whole numbers.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.models.codes import INDICATORS_BY_NUMBER
from app.services.statistics.rules import Share

FULL: Final = 10_000
"""100 % in hundredths of a percent."""


@dataclass(frozen=True, slots=True)
class Reckoned:
    """How the books give an indicator: what of which measure is done, of which cases; a number or a rate.

    `tracked` of no cases, but of the register of administrative judgments.
    """

    measure: str
    done: str = "done"
    credit: bool | None = None
    is_number: bool = False
    tracked: bool = False


RECKONED: Final = {
    "cases_rate": Reckoned("cases"),
    "money_rate": Reckoned("money"),
    "administrative_rate": Reckoned("cases", tracked=True),
    "credit_cases_rate": Reckoned("cases", credit=True),
    "credit_money_rate": Reckoned("money", credit=True),
    "cases_done": Reckoned("cases", is_number=True),
    "money_collected": Reckoned("money", "completed", is_number=True),
}
"""Every indicator.

Cases of the kind `administrative` are not what `administrative_rate` counts: they collect what such a judgment orders
somebody to pay.
"""
AVERAGED: Final = tuple(name for name, how in RECKONED.items() if not how.is_number)
"""Indicators the nation has an average of. Numbers have none: they are as large as the unit is."""


@dataclass(frozen=True, slots=True)
class Child:
    """One that a target is split over.

    `stock` is what has conditions (C1), cases or VND; `result` that of last year, `fixed` the value its parent insists
    on.
    """

    stock: int
    result: Share
    fixed: int | None = None


@dataclass(frozen=True, slots=True)
class Sum:
    """What values come to together, beside their parent's target: cases or VND to be done.

    Fractions of a case are counted in ten-thousandths, so that nothing is rounded before it is compared.
    """

    asked: int
    given: int

    @property
    def is_met(self) -> bool:
        """Whether the values reach the parent's target, exactly."""
        return self.given >= self.asked

    @property
    def shortfall(self) -> int:
        """By how many cases or VND they miss it, rounded up; 0 when they do not."""
        return max(0, -(-(self.asked - self.given) // FULL))


def is_number(indicator: str) -> bool:
    """Whether a target of it is a number of cases or VND and no rate."""
    return indicator in INDICATORS_BY_NUMBER


def proposed(indicator: str, target: int, children: Sequence[Child]) -> list[int]:
    """The value proposed for each child, in their order: rates in bp, or numbers of cases or VND."""
    return split_number(target, children) if is_number(indicator) else split_rate(target, children)


def split_rate(target: int, children: Sequence[Child]) -> list[int]:
    """Everybody's result of last year, raised or lowered by the same number of points, within 0 and 100 %.

    It is the smallest such number in whole hundredths with which the rates, weighted by stock, reach the target. So
    they are never below it, and less than 0.01 points above, unless what is fixed lies above it alone. When even 100 %
    of all that are not fixed is too little, they get that, and `added` says what is missing. Whoever had the higher
    result never gets the lower target. Without a result last year, that of the others together is taken.
    """
    bases = _bases(target, children)
    free = [number for number, child in enumerate(children) if child.fixed is None]
    weights = {number: max(0, children[number].stock) for number in free}
    needed = target * sum(max(0, child.stock) for child in children)
    needed -= sum(child.fixed * max(0, child.stock) for child in children if child.fixed is not None)
    if not any(weights.values()):  # nothing to be done weighs nothing: all count alike
        weights, needed = dict.fromkeys(free, 1), target * len(free)

    def given(shift: int) -> int:
        return sum(weights[number] * _within(bases[number] + shift) for number in free)

    shift = bisect_left(range(-FULL, FULL), needed, key=given) - FULL
    return [
        _within(base + shift) if child.fixed is None else child.fixed
        for base, child in zip(bases, children, strict=True)
    ]


def split_number(target: int, children: Sequence[Child]) -> list[int]:
    """What is not fixed, divided in proportion to stock times result of last year, by the largest remainders.

    The numbers add up to the target exactly, unless what is fixed is more. Of equal stock, whoever had the higher
    result never gets the lower number.
    """
    bases = _bases(FULL, children)
    free = [number for number, child in enumerate(children) if child.fixed is None]
    rest = max(0, target - sum(child.fixed or 0 for child in children))
    stocks = [max(0, children[number].stock) for number in free]
    weights = [stock * bases[number] for number, stock in zip(free, stocks, strict=True)]
    weights = next((w for w in (weights, stocks) if any(w)), [1] * len(free))
    parts = dict(zip(free, _divided(rest, weights), strict=True))
    return [parts[number] if child.fixed is None else child.fixed for number, child in enumerate(children)]


def added(indicator: str, target: int, values: Sequence[tuple[int, int | None]]) -> Sum:
    """What values come to: pairs of stock and value.

    A rate weighs as much as the stock it is of; without one of its own, the parent's is taken. A number is what it is;
    without one it adds nothing.
    """
    if is_number(indicator):
        return Sum(target * FULL, sum(value or 0 for _, value in values) * FULL)
    weighed = [(max(0, stock), target if value is None else value) for stock, value in values]
    return Sum(target * sum(stock for stock, _ in weighed), sum(stock * value for stock, value in weighed))


def due(indicator: str, value: int, stock: int) -> int:
    """What a value means of a stock, in cases or VND: the least that reaches it."""
    return value if is_number(indicator) else -(-value * max(0, stock) // FULL)


def _bases(target: int, children: Sequence[Child]) -> list[int]:
    """Results of last year in bp, rounded down."""
    known = [child.result for child in children if child.result[1] > 0]
    together = (sum(share[0] for share in known), sum(share[1] for share in known))
    average = _bp(together) if known else target
    return [_bp(child.result) if child.result[1] > 0 else average for child in children]


def _bp(share: Share) -> int:
    return _within(share[0] * FULL // share[1])


def _within(rate: int) -> int:
    return min(FULL, max(0, rate))


def _divided(total: int, weights: Sequence[int]) -> list[int]:
    if not weights:
        return []
    whole = sum(weights)
    parts = [divmod(total * weight, whole) for weight in weights]
    left = total - sum(part for part, _ in parts)
    more = set(sorted(range(len(parts)), key=lambda number: -parts[number][1])[:left])
    return [part + (number in more) for number, (part, _) in enumerate(parts)]
