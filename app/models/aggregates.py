"""SQL expressions that turn entry lines into rollup columns; posting, rebuilding and verifying share them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from app.models.codes import ACCOUNTS, ACCOUNTS_IN, ACCOUNTS_STOCK

OPENING_ACCOUNTS: Final = (
    *ACCOUNTS_STOCK,
    "register_carried",
    "register_new",
    "register_back",
    "register_moved",
)


def balance_columns(accounts: tuple[str, ...] = ACCOUNTS) -> list[str]:
    """`cases_<account>`… then `money_<account>`…, the columns of a rollup."""
    return [f"{measure}_{account}" for measure in ("cases", "money") for account in accounts]


def _net(measure: str, account: str) -> str:
    gain, loss = ("from_account", "to_account") if account in ACCOUNTS_IN else ("to_account", "from_account")
    return (
        f"(sum(CASE WHEN l.{gain} = '{account}' THEN l.{measure} WHEN l.{loss} = '{account}' "
        f"THEN -l.{measure} ELSE 0 END))::bigint"
    )


def net_movements(accounts: tuple[str, ...] = ACCOUNTS) -> str:
    """Net movement of every account over the lines `l`: what went in less what went out, `in` accounts mirrored."""
    measures = (("cases", "cases"), ("money", "amount_vnd"))
    return ", ".join(f"{_net(column, a)} AS {measure}_{a}" for measure, column in measures for a in accounts)


def fiscal_year_of(day: str) -> str:
    """The fiscal year of a date expression: year N runs from 1 October N−1."""
    return f"(extract(year FROM {day} + interval '3 months'))::smallint"


def quarter_of(day: str) -> str:
    """The first day of the quarter of a date expression; a fiscal year has four whole ones."""
    return f"date_trunc('quarter', {day})::date"


@dataclass(frozen=True, slots=True)
class Rollup:
    """A table of net movements: what its keys are of an entry line `l`, and which lines count (`of`)."""

    table: str
    keys: Mapping[str, str]
    accounts: tuple[str, ...] = ACCOUNTS
    of: str = ""
    sparse: bool = False

    @property
    def columns(self) -> list[str]:
        """The balances."""
        return balance_columns(self.accounts)

    def of_accounts(self, accounts: Collection[str]) -> "Rollup":
        """The same table where only these accounts move: its other balances are not named."""
        return replace(self, accounts=tuple(account for account in self.accounts if account in accounts))

    def insert(self, source: str) -> str:
        """INSERT of what a SELECT of keys and balances gives; a sparse table keeps NULL for 0."""
        stored = [f"NULLIF(n.{c}, 0)" if self.sparse else f"n.{c}" for c in self.columns]
        keys = [f"n.{key}" for key in self.keys]
        return f"""
            INSERT INTO {self.table} AS r ({", ".join((*self.keys, *self.columns))})
            SELECT {", ".join((*keys, *stored))} FROM ({source}) n"""

    def nets(self, lines: str) -> str:
        """SELECT of keys and net movements over `lines`, a table of entry lines."""
        keys = ", ".join(f"{expression} AS {key}" for key, expression in self.keys.items())
        grouped = ", ".join(self.keys.values())
        return f"SELECT {keys}, {net_movements(self.accounts)} FROM {lines} l {self.of} GROUP BY {grouped}"

    def sums(self, finer: str, **keys: str) -> str:
        """SELECT of keys and balances from a finer rollup `f`; `keys` are those that are not among its own."""
        named = ", ".join(f"{keys.get(key, f'f.{key}')} AS {key}" for key in self.keys)
        sums = ", ".join(f"coalesce((sum(f.{c}))::bigint, 0) AS {c}" for c in self.columns)
        numbers = ", ".join(str(number + 1) for number in range(len(self.keys)))
        return f"SELECT {named}, {sums} FROM {finer} GROUP BY {numbers}"

    def fill(self, source: str) -> str:
        """INSERT into an empty table, rows that are read together next to each other."""
        return f"{self.insert(source)} ORDER BY {', '.join(self.keys)}"

    def add(self, lines: str) -> str:
        """Adds net movements, rows in key order so that writers never wait for each other in a circle."""
        return f"{self.fill(self.nets(lines))} ON CONFLICT ({', '.join(self.keys)}) DO UPDATE SET {self._added}"

    @property
    def _added(self) -> str:
        if self.sparse:
            return ", ".join(f"{c} = NULLIF(coalesce(r.{c}, 0) + coalesce(EXCLUDED.{c}, 0), 0)" for c in self.columns)
        return ", ".join(f"{c} = r.{c} + EXCLUDED.{c}" for c in self.columns)

    @property
    def stored(self) -> str:
        """SELECT of keys and balances as they are kept, zeros written out."""
        return (
            f"SELECT {', '.join((*self.keys, *(f'coalesce({c}, 0) AS {c}' for c in self.columns)))} FROM {self.table}"
        )


_MONTH: Final = "date_trunc('month', l.booked_on)::date"
_LATER_YEARS: Final = f"JOIN book_year y ON y.fiscal_year > {fiscal_year_of('l.booked_on')}"


def _keys(**keys: str) -> Mapping[str, str]:
    named = {name: expression or f"l.{name}" for name, expression in keys.items()}
    return MappingProxyType(named)


UNIT_DAY: Final = Rollup("rollup_unit_day", _keys(day="l.booked_on", unit_id=""))
UNIT_MONTH: Final = Rollup("rollup_unit_month", _keys(month=_MONTH, unit_id=""))
UNIT_QUARTER: Final = Rollup("rollup_unit_quarter", _keys(quarter=quarter_of("l.booked_on"), unit_id=""))
OFFICER_MONTH: Final = Rollup("rollup_officer_month", _keys(officer_id="", month=_MONTH, unit_id=""))
OPENING: Final = Rollup(
    "unit_opening", _keys(fiscal_year="y.fiscal_year", unit_id=""), OPENING_ACCOUNTS, of=_LATER_YEARS
)
UNIT_MONTH_CUT: Final = Rollup("rollup_unit_month_cut", _keys(unit_id="", month=_MONTH, cut_id=""), sparse=True)
OFFICER_MONTH_CUT: Final = Rollup(
    "rollup_officer_month_cut", _keys(unit_id="", month=_MONTH, officer_id="", cut_id=""), sparse=True
)
MATTER_MONTH: Final = Rollup(
    "rollup_matter_month",
    _keys(matter_id="", month=_MONTH, unit_id="", officer_id="", cut_id=""),
    of="WHERE l.matter_id IS NOT NULL",
    sparse=True,
)
OPENING_CUT: Final = Rollup(
    "unit_opening_cut",
    _keys(unit_id="", fiscal_year="y.fiscal_year", cut_id=""),
    OPENING_ACCOUNTS,
    of=_LATER_YEARS,
    sparse=True,
)
ROLLUPS: Final = (
    UNIT_DAY, UNIT_MONTH, UNIT_QUARTER, OFFICER_MONTH, OPENING, UNIT_MONTH_CUT, OFFICER_MONTH_CUT, MATTER_MONTH,
    OPENING_CUT,
)  # fmt: skip
"""Every rollup of entries, in the order they are kept."""


# Lines summed up before every rollup takes its part: most lines of a batch differ in nothing but the case.
_MOVES: Final = "unit_id, officer_id, booked_on, cut_id, matter_id, from_account, to_account"
MOVES_OF_DAYS: Final = f"""
    SELECT {_MOVES}, sum(cases) AS cases, (sum(amount_vnd))::bigint AS amount_vnd FROM line GROUP BY {_MOVES}"""
MOVES_OF_MONTHS: Final = f"""
    SELECT {_MOVES.replace("booked_on", "date_trunc('month', booked_on)::date AS booked_on")},
        (sum(cases))::bigint AS cases, (sum(amount_vnd))::bigint AS amount_vnd
    FROM moves_of_days GROUP BY {_MOVES.replace("booked_on", "3")}"""


# The high-value threshold the open-stock rollup is kept by: that of the newest rule version, which re-sorts the rollup
# when it is recorded. (A version chosen by the day would change the key of every row at midnight.)
THRESHOLD: Final = "(SELECT min_amount_vnd FROM priority_rule WHERE flag = 'high_value' ORDER BY version DESC LIMIT 1)"


def stock_key(row: str) -> str:
    """The open-stock key of a case row: unit, decision month, conditions, value class, tracked matter."""
    return (
        f"{row}.unit_id, date_trunc('month', {row}.decision_date)::date AS decision_month, {row}.with_conditions, "
        f"coalesce({row}.amount_vnd >= {THRESHOLD}, false) AS high_value, "
        f"CASE WHEN {row}.steering_matter THEN {row}.matter_id END AS matter_id"
    )


STOCK_KEY: Final = "unit_id, decision_month, with_conditions, high_value, matter_id"

# What `RETURNING` of an update of cases `c` must be for MOVE_OPEN_STOCK to follow it.
CASES_BEFORE_AND_AFTER: Final = "RETURNING WITH (OLD AS before, NEW AS after) before AS was, after AS now"

# Follows the cases updated in the CTE `changed`; keys in order, so that writers never wait in a circle.
MOVE_OPEN_STOCK: Final = f"""
    INSERT INTO open_stock AS s ({STOCK_KEY}, cases, amount_vnd, outstanding_vnd)
    SELECT {STOCK_KEY}, sum(sign), (sum(sign * amount_vnd))::bigint, (sum(sign * outstanding_vnd))::bigint
    FROM (
        SELECT {stock_key("c")}, -1 AS sign, c.amount_vnd, c.outstanding_vnd
        FROM (SELECT (was).* FROM changed) c WHERE c.is_open
        UNION ALL
        SELECT {stock_key("c")}, 1, c.amount_vnd, c.outstanding_vnd
        FROM (SELECT (now).* FROM changed) c WHERE c.is_open
    ) moves
    GROUP BY {STOCK_KEY}
    HAVING sum(sign) <> 0 OR sum(sign * amount_vnd) <> 0 OR sum(sign * outstanding_vnd) <> 0
    ORDER BY {STOCK_KEY}
    ON CONFLICT ({STOCK_KEY}) DO UPDATE SET cases = s.cases + EXCLUDED.cases,
        amount_vnd = s.amount_vnd + EXCLUDED.amount_vnd,
        outstanding_vnd = s.outstanding_vnd + EXCLUDED.outstanding_vnd"""

OPEN_STOCK: Final = f"""
    SELECT {STOCK_KEY}, count(*) AS cases, (sum(amount_vnd))::bigint AS amount_vnd,
        (sum(outstanding_vnd))::bigint AS outstanding_vnd
    FROM (SELECT {stock_key("c")}, c.amount_vnd, c.outstanding_vnd FROM enforcement_case c WHERE c.is_open) k
    GROUP BY {STOCK_KEY}"""

# Whose cases a credit institution may see: the index `case_institution`, as the parties say.
INSTITUTIONS: Final = """
    SELECT DISTINCT p.institution, c.decision_date, c.id AS case_id
    FROM party p JOIN enforcement_case c ON c.id = p.case_id
    WHERE p.institution IS NOT NULL AND p.role IN ('creditor', 'debtor')"""
