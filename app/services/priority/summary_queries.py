"""Totals of the flags, by unit, officer or year of decision and by the flags raised: mostly sums over the open stock.

A key of the open stock (unit, month of decision, conditions, value class, tracked matter) is wholly inside or
outside each flag, except in the month in which an age is reached; that month is counted from the index. For a day
of the past the cases that have moved since then are taken out as they are and put in as they were.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Final, Literal

from app.db import Reads, Row
from app.services.priority.queries import MOVED, TRACKED, Parameters, Wanted, candidates, holds, moved_cases, past_case
from app.services.priority.rules import FLAGS, STEERING, latest_decision_date
from app.services.reference import PriorityRule

GroupedBy = Literal["unit_id", "officer_id", "decided_in"]
"""What a row is about: a unit, an officer, or the year of the decision."""

_OF_CASE: Final[dict[GroupedBy, str]] = {
    "unit_id": "c.unit_id",
    "officer_id": "c.officer_id",
    "decided_in": "extract(year FROM c.decision_date)::int",
}
_OF_STOCK: Final[dict[GroupedBy, str]] = {
    "unit_id": "s.unit_id",
    "decided_in": "extract(year FROM s.decision_month)::int",
}
_BITS: Final = {flag: 1 << number for number, flag in enumerate(FLAGS)}


async def totals(db: Reads, wanted: Wanted, by: GroupedBy, *, whole: bool, kept_vnd: int | None) -> list[Row]:
    """Rows of key, flags raised (bits in the order of FLAGS), cases, amount and outstanding in VND.

    A case counts once, in the row of exactly the flags it carries; rows without a flag mean nothing. `whole`: the
    scope is the nation. `kept_vnd`: the threshold by which the open stock tells value classes apart; a rule with
    another one has its cases counted one by one.
    """
    if not wanted.rules or not wanted.scope.unit_ids:
        return []
    parameters = wanted.parameters(0)
    return await db.fetch(totals_sql(wanted, parameters, by, whole=whole, kept_vnd=kept_vnd), parameters)


def totals_sql(wanted: Wanted, parameters: Parameters, by: GroupedBy, *, whole: bool, kept_vnd: int | None) -> str:
    """The statement; adds the parameters of the rules."""
    raised = {rule.flag: holds(rule, wanted.on, parameters) for rule in wanted.rules}
    if by in _OF_STOCK and all(_is_key(rule, kept_vnd) for rule in wanted.rules):
        parts = [_stock(wanted, parameters, by, whole), *_boundary_months(wanted, raised, by, parameters, whole)]
    else:
        parts = [_cases("enforcement_case c", raised, by, _within("c", wanted, whole))]
    moved = ""
    if wanted.is_past:
        moved = f"WITH m AS MATERIALIZED ({moved_cases(wanted)})"
        parts += _moves(wanted, raised, by, parameters, whole)
    return f"""{moved}
        SELECT key, flags, sum(cases)::bigint, sum(amount_vnd)::bigint, sum(outstanding_vnd)::bigint
        FROM ({" UNION ALL ".join(parts)}) f GROUP BY key, flags"""


def _is_key(rule: PriorityRule, kept_vnd: int | None) -> bool:
    return rule.min_amount_vnd is None or (rule.amount_meant == "value" and rule.min_amount_vnd == kept_vnd)


def _within(row: str, wanted: Wanted, whole: bool) -> str:
    """The wall of figures: they count every case of the units in scope."""
    if whole:
        return "true"
    if wanted.scope.is_wide:
        return f"({row}.unit_id IN (SELECT unnest(%(units)s::uuid[]))) IS TRUE"
    return f"{row}.unit_id = ANY (%(units)s::uuid[])"


def _bits(raised: dict[str, str]) -> str:
    return " | ".join(f"CASE WHEN {condition} THEN {_BITS[flag]} ELSE 0 END" for flag, condition in raised.items())


def _cases(source: str, raised: dict[str, str], by: GroupedBy, condition: str, sign: int = 1) -> str:
    """One row per case `c` that carries a flag."""
    flagged = " OR ".join(f"({holding})" for holding in raised.values())
    return f"""
        SELECT {_OF_CASE[by]} AS key, {_bits(raised)} AS flags, {sign} AS cases, {sign} * c.amount_vnd AS amount_vnd,
            {sign} * c.outstanding_vnd AS outstanding_vnd
        FROM {source} WHERE c.is_open AND {condition} AND ({flagged})"""


def _month_reached(rule: PriorityRule, on: date) -> tuple[date, bool]:
    """The month from which on decisions are too young, and whether its first days are old enough already."""
    too_young = latest_decision_date(on, rule) + timedelta(days=1)
    return too_young.replace(day=1), too_young.day > 1


def _key_conditions(rule: PriorityRule) -> list[str]:
    """What the rule asks of a key of the open stock besides its month."""
    conditions = ["s.with_conditions"] if rule.requires_conditions else []
    if rule.min_amount_vnd is not None:
        conditions.append("s.high_value")
    if rule.flag == STEERING:
        conditions.append(f"(s.matter_id IN ({TRACKED})) IS TRUE")
    return conditions or ["true"]


def _stock(wanted: Wanted, parameters: Parameters, by: GroupedBy, whole: bool) -> str:
    """The open stock without the keys that lie across the boundary of a flag."""
    raised, kept, perhaps = {}, [_within("s", wanted, whole)], []
    for rule in wanted.rules:
        conditions = _key_conditions(rule)
        if rule.years is not None:
            month, partly = _month_reached(rule, wanted.on)
            parameters[f"{rule.flag}_month"] = month
            if partly:
                kept.append(f"NOT (s.decision_month = %({rule.flag}_month)s::date AND {' AND '.join(conditions)})")
            conditions.append(f"s.decision_month < %({rule.flag}_month)s::date")
        raised[rule.flag] = " AND ".join(conditions)
        # whether a matter is tracked is looked up once per key, where the flags are told apart
        perhaps.append("s.matter_id IS NOT NULL" if rule.flag == STEERING else f"({raised[rule.flag]})")
    return f"""
        SELECT {_OF_STOCK[by]} AS key, {_bits(raised)} AS flags, s.cases, s.amount_vnd, s.outstanding_vnd
        FROM open_stock s WHERE {" AND ".join(kept)} AND ({" OR ".join(perhaps)})"""


def _boundary_months(
    wanted: Wanted, raised: dict[str, str], by: GroupedBy, parameters: Parameters, whole: bool
) -> list[str]:
    """The keys left out by `_stock`, case by case and each case once."""
    parts: list[str] = []
    counted: list[str] = []
    for rule in wanted.rules:
        if rule.years is None or not _month_reached(rule, wanted.on)[1]:
            continue
        month = f"%({rule.flag}_month)s::date"
        ageless = holds(replace(rule, years=None), wanted.on, parameters)
        inside = f"{ageless} AND c.decision_date >= {month} AND c.decision_date < ({month} + interval '1 month')::date"
        condition = " AND ".join([_within("c", wanted, whole), inside, *(f"NOT ({other})" for other in counted)])
        parts.append(_cases("enforcement_case c", raised, by, condition))
        counted.append(inside)
    return parts


def _moves(wanted: Wanted, raised: dict[str, str], by: GroupedBy, parameters: Parameters, whole: bool) -> Sequence[str]:
    """Cases that have moved since the day: out as they are now, in as they were then."""
    within, before = _within("c", wanted, whole), candidates(wanted, parameters)
    return (
        _cases(MOVED, raised, by, f"{within} AND {before}", -1),
        _cases(past_case(MOVED, before), raised, by, within),
    )
