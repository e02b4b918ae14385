"""Lists of flagged cases: one index range per flag, merged; the SQL twin of `rules.flags`.

Every statement carries the caller's wall. Today's list reads the case rows as they are. A past day's list adds
what the books say: a case that has not moved since that day is its row, one that has is put together from its
entries.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from app.db import Reads, Row
from app.models.cases import HIGH_VALUE_INDEX_FLOOR
from app.models.codes import ACCOUNTS_DONE, ACCOUNTS_STOCK, ACCOUNTS_WITH_CONDITIONS
from app.services.access import Scope
from app.services.cases.queries import ITEM_COLUMNS, case_wall
from app.services.priority.rules import STEERING, latest_decision_date
from app.services.reference import PriorityRule

# Over the whole nation few cases have moved since last week, so they are looked up by their entries; further back
# they stand so close that walking the old cases in order finds a page sooner.
WALK_AFTER: Final = timedelta(days=7)

Parameters = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is asked for: rules of the flags, the day, the place, other criteria.

    `scope` is the subtree asked for, `caller` all that the caller may see: on a past day a case may have been in the
    former and be elsewhere in the latter now.
    """

    rules: Sequence[PriorityRule]
    on: date
    today: date
    scope: Scope
    caller: Scope
    officer_id: str | None = None
    with_conditions: bool | None = None

    @property
    def is_past(self) -> bool:
        """The rows of today may not be those of the day."""
        return self.on < self.today

    @property
    def walks(self) -> bool:
        """Moved cases are found along the index of decision dates, not by their entries."""
        return self.officer_id is None and self.scope.is_wide and self.today - self.on > WALK_AFTER

    def parameters(self, limit: int) -> Parameters:
        """What its statements may need; the rules add their own."""
        place = {"units": self.scope.units, "officer": self.officer_id, **self.caller.wall()}
        return {"limit": limit, "on": self.on, **place}


def holds(rule: PriorityRule, on: date, parameters: Parameters) -> str:
    """The condition that a rule version raises its flag on the case `c` on a day; adds its parameters.

    What partial indexes are built on is written as constants, else the planner could not use them.
    """
    name = f"{rule.flag}_{rule.version}"
    parts = ["c.is_open"]
    if rule.requires_conditions:
        parts.append("c.with_conditions")
    if rule.min_amount_vnd is not None:
        if rule.min_amount_vnd >= HIGH_VALUE_INDEX_FLOOR:
            parts.append(f"c.amount_vnd >= {HIGH_VALUE_INDEX_FLOOR}")
        meant = "outstanding_vnd" if rule.amount_meant == "outstanding" else "amount_vnd"
        parts.append(f"c.{meant} >= %({name}_amount)s")
        parameters[f"{name}_amount"] = rule.min_amount_vnd
    if rule.years is not None:
        parts.append(f"c.decision_date <= %({name}_until)s::date")
        parameters[f"{name}_until"] = latest_decision_date(on, rule)
    if rule.flag == STEERING:
        # IS TRUE keeps the set of matters a hash that is looked into along the index of steering cases
        parts.append(f"c.steering_matter AND (c.matter_id IN ({TRACKED})) IS TRUE")
    return " AND ".join(parts)


TRACKED: Final = "SELECT t.matter_id FROM matter_tracking t WHERE t.tracked @> %(on)s::date"
TRACKINGS: Final = """CASE WHEN c.steering_matter THEN (
        SELECT array_agg(ARRAY[t.level, lower(t.tracked)::text, upper(t.tracked)::text])
        FROM matter_tracking t WHERE t.matter_id = c.matter_id) END"""
_ORDER: Final = "ORDER BY c.decision_date, c.id LIMIT %(limit)s"

# Accounts beyond what is still owed: money that enters a case comes from them, money that leaves it goes to them.
_BEYOND: Final = ("accepted", "raised", *ACCOUNTS_DONE, "entrusted", "withdrawn", "pulled_up")


def _listed(codes: Sequence[str]) -> str:
    return ", ".join(f"'{code}'" for code in codes)


def _last(column: str) -> str:
    """Where the last movement of the case itself had left it; a reversal is the latest line of its day."""
    moved = "e.cases = 1 AND e.event <> 'reclassified'"
    return f"(array_agg(e.{column} ORDER BY e.event_no DESC, e.line DESC) FILTER (WHERE {moved}))[1]"


_STATE: Final = f"""
    SELECT {_last("to_account")} AS account, {_last("unit_id")} AS unit_id, {_last("officer_id")} AS officer_id,
        (sum(e.amount_vnd * ((e.from_account IN ('accepted', 'raised'))::int
            - (e.to_account IN ('accepted', 'raised'))::int)))::bigint AS amount_vnd,
        (sum(e.amount_vnd * ((e.from_account IN ({_listed(_BEYOND)}))::int
            - (e.to_account IN ({_listed(_BEYOND)}))::int)))::bigint AS outstanding_vnd
    FROM entry e WHERE e.case_id = c.id AND e.effective_on <= %(on)s::date"""
MOVED_SINCE: Final = "c.last_effective_on > %(on)s::date"


def past_case(source: str = "enforcement_case c", condition: str = "true") -> str:
    """Cases of `source` as they stood on the day `on`, under the names the table gives its columns."""
    return f"""(
        SELECT c.id, c.file_no, c.decision_no, c.decision_date, c.matter_id, c.kind, c.initiation, c.segment,
            c.accepted_on, c.version, c.steering_matter, c.unit_path, c.confidentiality,
            s.unit_id, s.officer_id, s.account, s.amount_vnd, s.outstanding_vnd, NULL::date AS left_on,
            s.account IN ({_listed(ACCOUNTS_STOCK)}) AS is_open,
            s.account IN ({_listed(ACCOUNTS_WITH_CONDITIONS)}) AS with_conditions
        FROM {source} CROSS JOIN LATERAL ({_STATE}) s
        WHERE c.accepted_on <= %(on)s::date AND (c.is_open OR c.left_on > %(on)s::date) AND {condition}) c"""


def moved_cases(wanted: Wanted) -> str:
    """Ids of the cases with entries after the day `on`; one that has left a unit since then has an entry there."""
    if wanted.officer_id is not None:
        return "SELECT DISTINCT e.case_id AS id FROM entry e WHERE e.officer_id = %(officer)s AND e.booked_on > %(on)s"
    return (
        "SELECT DISTINCT e.case_id AS id FROM unnest(%(units)s::uuid[]) u (id) "
        "JOIN entry e ON e.unit_id = u.id AND e.booked_on > %(on)s"
    )


async def list_flagged(db: Reads, wanted: Wanted, after: tuple[Any, ...] | None, limit: int) -> list[Row]:
    """Rows of ITEM_COLUMNS and the tracking of the matter, most urgent first: by decision date, then id."""
    if not wanted.rules or not wanted.scope.unit_ids:
        return []
    parameters = wanted.parameters(limit)
    if after is not None:
        parameters |= {"after_date": after[0], "after_id": after[1]}
    return await db.fetch(list_sql(wanted, parameters, after is not None), parameters)


def list_sql(wanted: Wanted, parameters: Parameters, continued: bool) -> str:
    """The statement of a page; adds the parameters of the rules."""
    common = criteria(wanted)
    if continued:
        common.append("(c.decision_date, c.id) > (%(after_date)s::date, %(after_id)s::uuid)")
    raised = {rule: holds(rule, wanted.on, parameters) for rule in wanted.rules}
    unmoved = [f"NOT {MOVED_SINCE}"] if wanted.is_past else []
    arms = [ordered(" AND ".join([condition, *common, *unmoved]), wanted) for condition in raised.values()]
    moved = ""
    if wanted.walks:
        arms += [_walk(rule, " AND ".join([condition, *common])) for rule, condition in raised.items()]
    elif wanted.is_past:
        moved = f"WITH m AS MATERIALIZED ({moved_cases(wanted)})"
        flagged = " OR ".join(f"({condition})" for condition in raised.values())
        before = candidates(wanted, parameters)
        arms.append(
            f"(SELECT c.decision_date, c.id FROM {past_case(MOVED, before)} WHERE {' AND '.join(common)} "
            f"AND ({flagged}) {_ORDER})"
        )
    return f"""{moved}
        SELECT {ITEM_COLUMNS}, {TRACKINGS}
        FROM (SELECT k.decision_date, k.id FROM ({" UNION ".join(arms)}) k ORDER BY 1, 2 LIMIT %(limit)s) k
        JOIN {past_case() if wanted.is_past else "enforcement_case c"} ON c.id = k.id
        ORDER BY k.decision_date, k.id"""


def criteria(wanted: Wanted) -> list[str]:
    """The caller's wall and what else narrows the cases `c`, whatever the flag."""
    conditions = [case_wall(wanted.caller)]
    if wanted.scope.paths != wanted.caller.paths or wanted.is_past:
        conditions.append("(c.unit_id IN (SELECT unnest(%(units)s::uuid[]))) IS TRUE")
    if wanted.officer_id is not None:
        conditions.append("c.officer_id = %(officer)s")
    if wanted.with_conditions is not None:
        conditions.append("c.with_conditions" if wanted.with_conditions else "NOT c.with_conditions")
    return conditions


def ordered(condition: str, wanted: Wanted, columns: str = "c.decision_date, c.id") -> str:
    """A range in order: over the nation or for an officer by their own index, else merged from that of each unit."""
    plain = f"SELECT {columns} FROM enforcement_case c WHERE"
    if wanted.officer_id is not None or wanted.scope.is_wide:
        return f"({plain} {condition} {_ORDER})"
    return f"""(SELECT c.* FROM unnest(%(units)s::uuid[]) u (id) CROSS JOIN LATERAL (
        {plain} c.unit_id = u.id AND {condition} {_ORDER}) c {_ORDER})"""


MOVED: Final = "m JOIN enforcement_case c ON c.id = m.id"


def candidates(wanted: Wanted, parameters: Parameters) -> str:
    """Which cases that have moved since the day may have been flagged on it, before their entries are read."""
    ages = [latest_decision_date(wanted.on, rule) for rule in wanted.rules if rule.years is not None]
    parameters["oldest"] = max(ages, default=date.min)
    return f"{MOVED_SINCE} AND (c.decision_date <= %(oldest)s::date OR c.steering_matter)"


def _walk(rule: PriorityRule, condition: str) -> str:
    """Cases that have moved since the day, as they stood then, found in the order of the list."""
    before = [MOVED_SINCE]
    if rule.min_amount_vnd is not None:
        # what a case is about never shrinks, so most are ruled out before their entries are read
        before.append(f"c.amount_vnd >= %({rule.flag}_{rule.version}_amount)s")
    if rule.flag == STEERING:
        before.append(f"c.matter_id = ANY (ARRAY({TRACKED}))")
    past = past_case("enforcement_case c", " AND ".join(before))
    return f"(SELECT c.decision_date, c.id FROM {past} WHERE {condition} {_ORDER})"
