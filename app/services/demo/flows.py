"""How many cases move each month, so that the book reaches the published figures exactly at any scale."""

from dataclasses import dataclass
from typing import Final

from app.services.demo.calibration import (
    HELD_SHARE,
    OPENING_STOCK,
    OPENING_WITH_CONDITIONS,
    SEASON_ACCEPTED,
    SEASON_DONE,
    YEARS,
    Year,
    by_month,
    exact,
    scaled,
    scaled_knots,
)

# Opening cases by age in months: fewer and fewer, the oldest of October 2009.
OLDEST: Final = 168
FADING_MONTHS: Final = 40.0


@dataclass(frozen=True)
class Flows:
    """Cases per month, October 2023 first, and the stock before that month."""

    opening: int
    opening_with_conditions: int
    opening_held: int
    accepted: list[int]
    back: list[int]
    found: list[int]
    lost: list[int]
    deferred: list[int]
    continued: list[int]
    done: list[int]
    entrusted: list[int]
    withdrawn: list[int]
    register_carried: list[int]
    register_new: list[int]
    parts: list[int]


@dataclass(frozen=True)
class _Stock:
    total: int
    with_conditions: int
    held: int


def flows(scale: float) -> Flows:
    """The monthly flows of both years. Raises ValueError when the scale is too small to hold them."""
    total = scaled(OPENING_STOCK, scale)
    opening = _Stock(total, scaled(OPENING_WITH_CONDITIONS, scale), round(total * HELD_SHARE))
    stock, years = opening, []
    for year in YEARS:
        moved, stock = _year(year, stock, scale)
        years.append(moved)
    months = {name: years[0][name] + years[1][name] for name in years[0]}
    if any(number < 0 for numbers in months.values() for number in numbers):
        raise ValueError(f"a demo book of scale {exact(scale)} is too small to balance")
    return Flows(opening.total, opening.with_conditions, opening.held, **months)


def _year(year: Year, start: _Stock, scale: float) -> tuple[dict[str, list[int]], _Stock]:
    cumulative = {
        "back": scaled_knots(year.back_from_register, scale),
        "found": scaled_knots(year.conditions_found, scale),
        "deferred": scaled_knots(year.deferred, scale),
        "done": scaled_knots(year.done, scale),
        "entrusted": scaled_knots(year.entrusted, scale),
        "withdrawn": scaled_knots(year.withdrawn, scale),
        "register_carried": scaled_knots(year.to_register_carried, scale),
        "register_new": scaled_knots(year.to_register_new, scale),
        "parts": scaled_knots(year.collected_in_part, scale),
    }
    stock = start
    for name in ("accepted", "lost", "continued"):
        cumulative[name] = {}
    for knot in year.knots:
        stock = _balance(year, knot, start, cumulative, scale)
    seasons = {"done": SEASON_DONE, "accepted": SEASON_ACCEPTED}
    months = {
        name: by_month(knots, seasons[name]) if name in seasons else by_month(knots)
        for name, knots in cumulative.items()
    }
    return months, stock


def _balance(year: Year, knot: int, start: _Stock, cumulative: dict[str, dict[int, int]], scale: float) -> _Stock:
    """Fills in what must have happened up to a knot for its published stock to come out; returns that stock."""
    upto = {name: knots[knot] for name, knots in cumulative.items() if knot in knots}
    must_enforce = scaled(year.must_enforce[knot], scale)
    to_register = upto["register_carried"] + upto["register_new"]
    left = upto["entrusted"] + upto["withdrawn"]
    total = must_enforce - upto["done"]
    with_conditions = scaled(year.with_conditions[knot], scale) - upto["done"]
    held = round(total * HELD_SHARE)
    accepted = must_enforce - start.total + to_register + left - upto["back"]
    continued = upto["deferred"] - (held - start.held)
    entered = accepted + upto["back"] + upto["found"] + continued
    lost = start.with_conditions + entered - upto["done"] - left - upto["deferred"] - with_conditions
    cumulative["accepted"][knot] = accepted
    cumulative["continued"][knot] = continued
    cumulative["lost"][knot] = lost
    return _Stock(total, with_conditions, held)
