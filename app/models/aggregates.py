"""SQL expressions that turn entry lines into rollup columns; posting, rebuilding and verifying share them."""

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
    nets = [_net(measure, account) for measure in ("cases", "amount_vnd") for account in accounts]
    return ", ".join(nets)


def added(table: str, accounts: tuple[str, ...] = ACCOUNTS) -> str:
    """The SET list that adds a rollup row to the one already there."""
    return ", ".join(f"{c} = {table}.{c} + EXCLUDED.{c}" for c in balance_columns(accounts))


def summed(alias: str, accounts: tuple[str, ...] = ACCOUNTS) -> str:
    """Sums of rollup columns over rows of a finer rollup."""
    return ", ".join(f"(sum({alias}.{c}))::bigint AS {c}" for c in balance_columns(accounts))


def fiscal_year_of(day: str) -> str:
    """The fiscal year of a date expression: year N runs from 1 October N−1."""
    return f"(extract(year FROM {day} + interval '3 months'))::smallint"


# The high-value threshold the open-stock rollup is kept by: that of the rule in force today (in Vietnam).
THRESHOLD: Final = (
    "(SELECT min_amount_vnd FROM priority_rule WHERE flag = 'high_value' "
    "AND validity @> (now() AT TIME ZONE interval '7 hours')::date)"
)


def stock_key(row: str) -> str:
    """The open-stock key of a case row: unit, decision month, conditions, value class, tracked matter."""
    return (
        f"{row}.unit_id, date_trunc('month', {row}.decision_date)::date AS decision_month, {row}.with_conditions, "
        f"coalesce({row}.amount_vnd >= {THRESHOLD}, false) AS high_value, "
        f"CASE WHEN {row}.steering_matter THEN {row}.matter_id END AS matter_id"
    )
